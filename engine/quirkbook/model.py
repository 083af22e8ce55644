"""The frozen nouns that stages pass to one another: places, diagnostics, rules, changes, translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Payload = dict[str, Any]
"""A JSON object as Python holds it."""

Keys = tuple[str | int, ...]
"""Where a value stands in a payload: ``("messages", 3, "role")`` is /messages/3/role."""


class _Missing:
    """What stands for a missing value; null is a value, this is not."""

    def __repr__(self) -> str:
        return "(absent)"

    def __copy__(self) -> _Missing:
        return self

    def __deepcopy__(self, memo: object) -> _Missing:
        return self

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are equal as JSON: ``1`` equals ``1.0``, ``true`` never equals ``1``.

    >>> same([1, {"a": None}], [1.0, {"a": None}]), same([True], [1])
    (True, False)
    """
    pairs = [(left, right)]
    for left, right in pairs:  # grows while it is read: payloads may nest too deep for recursion
        if isinstance(left, dict):
            if not isinstance(right, dict) or left.keys() != right.keys():
                return False
            pairs += [(value, right[key]) for key, value in left.items()]
        elif isinstance(left, list):
            if not isinstance(right, list) or len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                return False
        elif left != right:
            return False
    return True


class Effect(StrEnum):
    """What a change does to the caller's meaning, from harmless to worst."""

    NONE = "none"
    EXACT = "exact"
    LOSSY = "lossy"
    SEMANTIC = "semantic"
    REFUSE = "refuse"


class ErrorClass(StrEnum):
    """What went wrong, from the caller's side: a closed list. How status and text tell it is in ``schemas/errors.yaml``."""

    NO_MONEY = "no_money"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    CONTEXT_TOO_LONG = "context_too_long"
    CONTENT_FILTER = "content_filter"
    UNSUPPORTED = "unsupported"
    AUTHENTICATION = "authentication"
    PERMISSION_DENIED = "permission_denied"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    BAD_REQUEST = "bad_request"
    SERVER_ERROR = "server_error"
    CONNECTION = "connection"
    """No answer, or not the whole of it. No rule names this one."""


EFFECT_ORDER: Final = {effect: rank for rank, effect in enumerate(Effect)}


def pointer(keys: Keys) -> str:
    """Write keys as a JSON Pointer (RFC 6901).

    >>> pointer(("messages", 3, "a/b"))
    '/messages/3/a~1b'
    """
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a rule file. Lines and columns count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing wrong in a rule file, with a stable code (``quirkbook rule Q104`` prints its page)."""

    location: Location
    code: str
    message: str
    hint: str = ""
    excerpt: str = ""
    """The line of the file, as it stands there."""
    width: int = 1
    """How many characters, from the column on, are at fault."""
    severity: str = "error"
    """``error`` or ``warning``."""

    def __str__(self) -> str:
        head = f"{self.location}: {self.severity}[{self.code}]: {self.message}"
        if not self.excerpt:
            return f"{head}\n  hint: {self.hint}" if self.hint else head
        number = str(self.location.line)
        gutter = " " * (len(number) + 3)
        marks = " " * (self.location.column - 1) + "^" * max(1, self.width)
        return f"{head}\n  {number} | {self.excerpt}\n{gutter}| {marks} {self.hint}".rstrip()


@dataclass(frozen=True, slots=True)
class Example:
    """One example of a rule: what goes in and what must come out of this rule alone."""

    given: Any
    expected: Any = MISSING
    """The whole result; ``MISSING`` where the example says ``same`` or ``rejects``."""
    same: bool = False
    rejects: bool = False
    warns: bool = False
    fails: str = ""
    """The class of errors that the rule names."""
    headers: Mapping[str, str] = field(default_factory=dict)
    request: Any = None
    """The translated request that a response, chunk or error rule may ask about."""
    status: int = 200
    location: Location = Location("", 1, 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """A fact about a provider or family, with the repair that follows from it, as its file says it."""

    id: str
    owner: str
    """The provider or family whose file holds it."""
    why: str
    source: str
    verified: Mapping[str, str]
    do: Sequence[Mapping[str, Any]]
    location: Location
    when: Mapping[str, Any] | None = None
    models: tuple[str | Mapping[str, Any], ...] = ()
    """Globs and mappings as written; empty: every model, of a family's rule every model of the family."""
    at: tuple[str, ...] = ()
    """Of a family's rule: the kinds of service where it holds, ``maker`` or ``template``; empty: anywhere."""
    traits: Mapping[str, Any] = field(default_factory=dict)
    """Of a family's rule: what the provider must be like."""
    spares: str = ""
    """Of a family's rule: the key of the provider's head whose words its `drop` leaves alone, ``keys`` or ``reads``."""
    was: tuple[str, ...] = ()
    """Full names that it once bore; `disable` still takes them."""
    stage: str = "request"
    status: str = "active"
    effect: Effect | None = None
    note: str = ""
    evidence: tuple[str, ...] = ()
    """Ids of the collected facts that the rule answers."""
    examples: Sequence[Example] = ()
    layer: str = "built-in"
    family: bool = False
    """Whether the owner is a family; a provider may bear the same name."""

    @property
    def name(self) -> str:
        """The full name, ``moonshot/temperature-range``."""
        return f"{self.owner}/{self.id}"

    @property
    def in_force(self) -> bool:
        """Whether plans contain it: a retired rule and a draft stand in their file alone."""
        return self.status not in ("retired", "draft")


@dataclass(frozen=True, slots=True)
class Disable:
    """A rule, or with an empty ``rule`` a whole family, that a file switches off, and why."""

    rule: str
    because: str
    location: Location
    family: str = ""
    was: str = ""
    """The name that the file says, where the rule bears another one now."""


@dataclass(frozen=True, slots=True)
class Include:
    """The place in a file where another file's rules are read, or those of the model's family."""

    target: str
    """``family/kimi`` or ``provider/openai``; ``families``: whichever family the model is of."""
    location: Location


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file of rules: facts about a provider (an endpoint) or about a family (models)."""

    kind: str
    """``provider`` or ``family``."""
    name: str
    head: Mapping[str, Any]
    """Connection facts as written: base_url, api_key_env, aliases, endpoints, ..."""
    items: tuple[Rule | Include, ...]
    """Rules and includes, in reading order; the head's ``include`` comes first."""
    named_conditions: Mapping[str, Any]
    disables: tuple[Disable, ...]
    location: Location
    layer: str = "built-in"


@dataclass(frozen=True, slots=True)
class Change:
    """One edit that a rule made, or one thing it had to say."""

    rule: str
    action: str
    effect: Effect
    why: str
    source: str
    location: str
    """``file:line`` of the rule."""
    keys: Keys | None = None
    """Where in the payload; None for a header or a remark on the whole."""
    before: Any = MISSING
    after: Any = MISSING
    moved_from: Keys | None = None
    """For a move: where the value stood."""
    note: str = ""
    disputed: bool = False

    @property
    def pointer(self) -> str | None:
        """The place as a JSON Pointer."""
        return None if self.keys is None else pointer(self.keys)

    def refusal(self) -> str:
        """Tell a refused caller where, what and why, in two lines."""
        where = f"payload{self.pointer}" if self.pointer else "payload"
        return f"{where}: {self.note} (rule {self.rule})\n  why: {self.why}\n  source: {self.source}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """A rule that did not fire, and the first part of its condition that was false."""

    rule: str
    location: str
    because: str
    """In words: ``temperature: 0.5 is not outside [0, 1]``."""
