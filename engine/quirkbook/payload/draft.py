"""A payload being translated: copy-on-write edits, each recorded.

The caller's payload is never touched: the top level is a new dict, a container is copied the first time
something in it changes, everything else is shared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ..identity.resolve import Identity
from ..model import MISSING, Effect, ErrorClass, Keys, Payload, same
from .cycles import TEXT, weigh
from .gathered import Gathered, concerns
from .path import Path, Step, values

Edit = tuple[str, Effect, Keys | None, Any, Any, Keys | None, Any]
"""(action, effect, keys, before, after, moved_from, note): what `model.Change` is made of when somebody asks.

The note is a text, or what writes it when it is asked for its text.
"""


Seen = tuple[Any, set[str], Any]
"""(a value, the keys and features that stand below it and maybe others, its JSON Schemas).

The last is empty where they are not known, and None where features are not either.
"""

#: What a look at a JSON Schema marks where a boolean stands in a map of schemas, such as `properties`.
BOOLEAN_BELOW = "<boolean schema>"


def _keys_below(value: Any) -> set[str]:
    nodes = [value]
    keys: set[str] = set()
    for node in nodes:  # grows while it is read
        if isinstance(node, dict):
            keys.update(node)
            node = node.values()
        nodes += [below for below in node if isinstance(below, (dict, list))]
    return keys


_NO_WORDS: frozenset[str] = frozenset()


class Overspent(Exception):  # noqa: N818 - control flow inside one translation, never seen by a caller
    """Rules added more values than all of them together may; the text is how many that is."""


#: The rules of a translation may add so many values, or `GROWTH` times as many as the payload has if that is more.
ALLOWANCE = 100_000
GROWTH = 10


class Draft:
    """The state of one translation."""

    given: Any
    """The payload as it came."""

    model: str | None = None
    """The model that rules match."""
    request: Any = MISSING
    """The translated request, for rules on answers."""
    status: int = 200
    """The HTTP status, for rules on answers."""
    refuses: bool = True
    """Whether `reject` refuses the payload; else it is a remark."""
    failed: tuple[ErrorClass | None, int | None] | None = None
    """Where a rule calls an answer an error: of which class and status, None where its text shall tell."""
    refused: list[Edit] = []  # noqa: RUF012 - never written to: a draft that has some has its own
    """Why the payload is refused, one for each place; then the edits count for nothing."""
    gone: bool = False
    """Whether a rule removed the whole: a chunk that must not be passed on."""
    ahead: tuple[Any, ...] = ()
    """Chunks that go out before this one."""
    headers: Mapping[str, str | None] = MappingProxyType({})
    """Headers to send; None: to leave out."""
    looked_at: dict[int, Seen] = {}  # noqa: RUF012 - never written to: a draft that has some has its own
    """What a look at containers has shown, by their id; each is held, so that no other takes its id."""
    memories: dict[Any, Any] | None = None
    """What actions on chunks keep of their stream; a stream's translation brings its own."""

    def __init__(self, payload: Payload) -> None:
        self.given = payload
        self.root: Any = payload.copy()
        """The payload as it stands now; always the same object."""
        self.edits: list[Edit] = []
        self._owned: set[int] = set()

    @property
    def identity(self) -> Identity | None:
        """What is known of the model that rules match."""
        return None

    _gathered: dict[tuple[Step, ...], tuple[Gathered, int]] | None = None

    def gathered(self, path: Path, node: Any) -> Gathered:
        """Return the set of values at a path, seen from ``node``; from the root it is gathered again only after an edit there."""
        if path.origin == "request":
            return Gathered([] if self.request is MISSING else values(self.request, path.steps))
        if path.origin == "status":
            return Gathered([self.status])
        if path.origin == "here" and node is not self.root:
            return Gathered(values(node, path.steps))
        if self._gathered is None:
            self._gathered = {}
        known = self._gathered.get(path.steps)
        count = len(self.edits)
        if known is not None:
            for at in range(known[1], count):
                edit = self.edits[at]
                if concerns(edit[2], path.steps) or concerns(edit[5], path.steps):
                    known = None
                    break
        found = Gathered(values(self.root, path.steps)) if known is None else known[0]
        self._gathered[path.steps] = (found, count)
        return found

    def words_below(self, value: Any) -> set[str] | frozenset[str]:
        """Return the keys that stand at any depth in a value, and maybe others; walked once until somebody edits it."""
        if value.__class__ is not dict and value.__class__ is not list:
            return _NO_WORDS
        return self.seen(value)[1]

    def look_below(self, value: Any) -> Seen:
        """Return the keys that stand at any depth in a value, and all marks that a look at a schema may set."""
        return value, _keys_below(value) | {BOOLEAN_BELOW}, None

    def seen(self, value: Any) -> Seen:
        """Return what a look at a value shows; it is looked at once, as whatever is edited is copied first."""
        seen = self.looked_at.get(id(value))
        if seen is None:
            seen = self.look_below(value)
            if value is not self.root and id(value) not in self._owned:  # these are edited where they stand
                self.note_seen(seen)
        return seen

    def note_seen(self, seen: Seen) -> None:
        """Keep what a look has shown for the rest of this translation."""
        if not self.looked_at:
            self.looked_at = {}
        self.looked_at[id(seen[0])] = seen

    _spent = 0
    _allowed = ALLOWANCE

    def spend(self, added: int) -> None:
        """Note that an action adds so many values; actions that put containers in or copy values say it beforehand.

        Raises:
            Overspent: that is too much.
        """
        self._spent += added
        if self._spent > self._allowed:
            self._allowed = max(ALLOWANCE, GROWTH * weigh(self.given))
            if self._spent > self._allowed:
                raise Overspent(f"{self._allowed:,} values")

    def at(self, keys: Keys) -> Any:
        """Return the value at ``keys``, or MISSING where an earlier edit took it away."""
        node = self.root
        for key in keys:
            if isinstance(node, dict):
                node = node.get(key, MISSING)
            elif isinstance(node, list) and isinstance(key, int) and key < len(node):
                node = node[key]
            else:
                return MISSING
        return node

    def own(self, keys: Keys) -> Any:
        """Return the container at ``keys``, copied if it is still the caller's; its parents likewise."""
        node = self.root
        owned = self._owned
        for key in keys:
            below = node[key]
            if id(below) not in owned:
                below = below.copy()
                # An id in `owned` stays true: what leaves the tree is recorded, and thereby disowned.
                owned.add(id(below))
                node[key] = below
            node = below
        return node

    def replace(self, action: str, effect: Effect, keys: Keys, before: Any, value: Any, note: Any = "") -> None:
        """Write ``value`` at ``keys``, where ``before`` stands, which is known to differ."""
        (self.own(keys[:-1]) if len(keys) > 1 else self.root)[keys[-1]] = value
        self._record((action, effect, keys, before, value, None, note))

    def put(self, action: str, effect: Effect, keys: Keys, value: Any, note: str = "") -> None:
        """Write ``value`` at ``keys``: a new or present member, or a present list item; equal values are no edit."""
        before = self.at(keys)
        if not same(before, value):
            self.replace(action, effect, keys, before, value, note)

    def remove(self, action: str, effect: Effect, keys: Keys, note: str = "") -> None:
        """Take the present member or list item at ``keys`` out."""
        before = (self.own(keys[:-1]) if len(keys) > 1 else self.root).pop(keys[-1])
        self._record((action, effect, keys, before, MISSING, None, note))

    def append(self, action: str, effect: Effect, key: str, items: list[Any], value: Any) -> None:
        """Put ``value``, which nobody else holds, at the end of ``items``, the list at a top-level key."""
        owned = self._owned
        if not owned or id(items) not in owned:
            items = self.root[key] = items.copy()
            owned.add(id(items))
        self.edits.append((action, effect, (key, len(items)), MISSING, value, None, ""))
        items.append(value)

    def insert(self, action: str, effect: Effect, keys: Keys, value: Any) -> None:
        """Put ``value``, which nobody else holds, into a list before the index that ends ``keys``."""
        self.own(keys[:-1]).insert(keys[-1], value)
        self.edits.append((action, effect, keys, MISSING, value, None, ""))

    def rearrange(
        self,
        action: str,
        key: str,
        gone: Mapping[int, tuple[Effect, str]],
        new: Sequence[tuple[int, Any, Effect, str]],
    ) -> None:
        """Take items out of the list at a top-level key and put others in, in one pass.

        ``gone`` are the places of the items that go, ``new`` the items that come: (place in the result, item, effect,
        note), in order. An item may do both, and so move.
        """
        if not gone and not new:
            return
        items = self.root[key]
        for at in sorted(gone, reverse=True):
            self._record((action, gone[at][0], (key, at), items[at], MISSING, None, gone[at][1]))
        left = [item for at, item in enumerate(items) if at not in gone]
        made: list[Any] = []
        taken = 0
        for at, item, effect, note in new:
            until = taken + at - len(made)
            made += left[taken:until]
            made.append(item)
            taken = until
            self._record((action, effect, (key, at), MISSING, item, None, note))
        made += left[taken:]
        self._owned.discard(id(items))
        self._owned.add(id(made))
        self.root[key] = made

    def move(self, action: str, effect: Effect, old: Keys, new: Keys) -> None:
        """Take the member at ``old`` and write it at ``new``, which must be absent."""
        holder = self.own(old[:-1])
        value = holder.pop(old[-1])
        (holder if new[:-1] == old[:-1] else self.own(new[:-1]))[new[-1]] = value
        self._record((action, effect, new, MISSING, value, old, ""))

    def remark(self, action: str, effect: Effect, note: str, keys: Keys | None = None) -> None:
        """Record something that changed no value: a warning, a header."""
        value = MISSING if keys is None else self.at(keys)
        self._record((action, effect, keys, value, value, None, note))

    def refuse(self, action: str, note: str, keys: Keys | None = None) -> None:
        """Refuse the payload; the rules after this one run all the same, so that the caller hears of all refusals."""
        if not self.refuses:
            self.remark(action, Effect.REFUSE, note, keys)
            return
        if not self.refused:
            self.refused = []
        value = MISSING if keys is None else self.at(keys)
        self.refused.append((action, Effect.REFUSE, keys, value, value, None, note))

    def _record(self, edit: Edit) -> None:
        """Note an edit. Its values must stay as they are now: whoever changes them later shall copy them first."""
        self.edits.append(edit)
        owned = self._owned
        if id(edit[3]) in owned or id(edit[4]) in owned:
            stack = [edit[3], edit[4]]
            while stack:
                value = stack.pop()
                if id(value) in owned:
                    owned.discard(id(value))
                    stack += value.values() if isinstance(value, dict) else value


def cost(value: Any) -> int:
    """Return what an action spends that puts a value in; short scalars are free, there is no more of them than places."""
    if isinstance(value, (dict, list)):
        return weigh(value)
    return len(value) // TEXT if isinstance(value, str) else 0
