"""The rules that apply to one provider and model -> a plan: closures in order, and an index of what each needs.

After this no YAML is looked at. A plan is immutable but for its memo of payload shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import Keys, Rule
from ..payload.globs import compile_globs
from ..payload.path import Path, parse
from .actions import Context, compile_actions
from .actions.base import Run, join_writes
from .conditions import ALWAYS, COMBINATORS, Blame, Names, compile_condition
from .foresight import KEYS_REMEMBERED, Candidate, Foresight, Sifted
from .idle import idle
from .kinds import Field, KnownKinds, OddItemError, Probe, Seen, is_small
from .needs import ANY, EmptyList, Needs, Token, Writes, either, may_be_met, may_help
from .readers import Holds

#: What callers send again and again, byte for byte.
REPEATED = ("tools",)

#: How many shapes of payload a plan remembers the candidates of; then it starts afresh.
SHAPES_REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule as closures."""

    rule: Rule
    lets: Mapping[str, Any]
    """The named conditions that it may use."""
    name: str
    place: int
    """Where it stands in its provider's effective list."""
    holds: Holds
    blame: Blame
    runs: tuple[Run, ...]
    needs: Needs
    writes: Writes
    reads: frozenset[str]
    """The top-level keys that its condition and the conditions of its actions look at; ``?``: any.

    Those that a rule on answers looks at in the request begin with ``$``.
    """
    touches: tuple[frozenset[str], ...]
    """Of each action the top-level keys below which it may change anything; ``?``: any key."""
    renames_model: bool
    """Whether it may write `model`: then the rules after it match the new name."""


def compile_rule(rule: Rule, lets: Mapping[str, Any], place: int = 0) -> CompiledRule:
    """Compile one rule; ``lets`` are the named conditions it may use, ``place`` its number in the provider's list.

    A diagnostic is a programming error (the loader has refused such files) and raises ValueError.
    """
    names = Names(lets)
    condition = ALWAYS
    if rule.when:
        condition = compile_condition(rule.when, ("when",), names, _refuse)
    context = Context(names, _refuse, rule.stage, subject=_subject(rule.when or {}))
    actions = compile_actions(rule.do, ("do",), context)
    writes = join_writes([action.writes for action in actions])
    return CompiledRule(
        rule,
        lets,
        rule.name,
        place,
        condition.holds,
        condition.blame,
        tuple(action.run for action in actions),
        (*condition.needs, *either(action.needs for action in actions)),
        writes,
        frozenset(names.read),
        tuple(action.touches for action in actions),
        writes is None or ("", "model", ANY) in writes,
    )


def _refuse(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
    raise ValueError(f"{code} at {keys}: {message} {hint}")


def _subject(when: Mapping[str, Any]) -> tuple[Path, Any] | None:
    for key, wanted in when.items():
        if not key.startswith("$") and key not in COMBINATORS:
            return parse(key), wanted
    return None


#: Conditions that ask nothing but whether a value is there, or of which type: a text that varies stays unread.
_TYPE_TESTS = frozenset({"exists", "is"})


class Plan:
    """The compiled rules of one stage for one provider and model, in order."""

    __slots__ = ("_probes", "_repeated", "_sifted", "model", "prefix", "provider", "replan", "rules", "steps")

    def __init__(
        self,
        provider: str,
        model: str | None,
        prefix: str,
        rules: Iterable[CompiledRule],
        replan: Callable[[str], Plan],
    ) -> None:
        self.provider = provider
        self.model = model
        """The model that rules match, without ``prefix``."""
        self.prefix = prefix
        """What names the provider at the start of the caller's model, ``moonshot/``; empty if nothing does."""
        self.rules = tuple(rules)
        self.replan = replan
        """Gives the plan for another model, for a rule that writes `model`: those after it match the new name."""
        on_requests = all(rule.rule.stage == "request" for rule in self.rules)  # those on answers ask for the request
        spoken_of = {name for rule in self.rules for clause in rule.needs for token in clause for name in token[:2]}
        self._repeated = tuple(key for key in REPEATED if key in spoken_of and on_requests)
        self._probes = _probes(self.rules, self._repeated)
        self._sifted: dict[Any, tuple[Sequence[Candidate], Mapping[str, KnownKinds]]] = {}
        asked = {*self._repeated, *_keys_compared([[rule.rule.when, *rule.lets.values()] for rule in self.rules])}
        self.steps = Foresight(self.sift, model, asked if on_requests else None, self._probes).steps
        """Payload -> the candidates with what is known of each beforehand, and what was seen of the arrays."""

    def looked_at(self) -> frozenset[str] | None:
        """Return the top-level keys of a payload that some rule may look at or change; None: any.

        Whatever stands at the others is handed on as it is: nobody needs to decode it.
        """
        keys = frozenset().union(*(rule.reads.union(*rule.touches) for rule in self.rules))
        return None if "?" in keys else keys

    def asked_of_request(self) -> frozenset[str] | None:
        """Return the top-level keys of the request that these rules on answers may look at; None: any."""
        keys = {key[1:] for rule in self.rules for key in rule.reads if key.startswith("$")}
        return None if "?" in keys else frozenset(keys)

    def candidates(self, payload: Mapping[str, Any]) -> Sequence[CompiledRule]:
        """Return the rules that could fire on this payload, in order: never fewer than would."""
        return tuple(rule for rule, _ in self.sift(payload)[0])

    def sift(self, payload: Mapping[str, Any]) -> Sifted:
        """Return the candidates, each with the rules of which one must have fired before, if it waits for any.

        Rules are sifted once per shape of payload; the shape is all that a rule's needs speak of.
        """
        shape: list[Any] = [*payload]
        idle_in: dict[str, frozenset[int]] = {}
        seen: dict[str, Seen] = {}
        for key in self._repeated:
            if key in payload:
                idle_in[key] = idle(self, key, payload[key])
                shape.append(idle_in[key])
        try:
            for probe in self._probes:
                items = payload.get(probe.array)
                if isinstance(items, list):
                    seen[probe.array] = look = probe.look(items)
                    shape.append(look.kinds)
                else:
                    shape.append(None)
            found = self._sifted.get(tuple(shape))
        except TypeError:  # items that are no objects, or whose fields are no keys
            return self._unsifted()
        if found is None:
            try:
                found = self._sift(payload, idle_in, seen)
            except OddItemError:
                return self._unsifted()
            if len(shape) <= KEYS_REMEMBERED and is_small(seen):
                if len(self._sifted) >= SHAPES_REMEMBERED:  # a stranger's payloads must not fill the memory
                    self._sifted.clear()
                self._sifted[tuple(shape)] = found
        candidates, tokens = found
        for array, look in seen.items():
            look.tokens = tokens[array]
        return candidates, seen

    def _unsifted(self) -> Sifted:
        return [(rule, None) for rule in self.rules], {}

    def _sift(
        self, payload: Mapping[str, Any], idle_in: Mapping[str, frozenset[int]], seen: Mapping[str, Seen]
    ) -> tuple[Sequence[Candidate], Mapping[str, KnownKinds]]:
        tokens = {
            probe.array: {kind: probe.tokens(kind) for kind in seen[probe.array].kinds}
            for probe in self._probes
            if probe.array in seen
        }
        present: set[Token] = {("", key, None) for key in payload} | {(key, ANY, ANY) for key in idle_in}
        present = present.union(*(found for kinds in tokens.values() for found in kinds.values()))
        return tuple(_sift(self.rules, present, idle_in)), tokens


def _keys_compared(node: Any) -> Iterator[str]:
    """Yield the top-level keys whose values a condition compares with something, and maybe others."""
    if isinstance(node, list):
        for part in node:
            yield from _keys_compared(part)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, str) and not (isinstance(value, dict) and value.keys() <= _TYPE_TESTS):
                yield key.partition(".")[0].partition("[")[0]
                yield from _keys_compared(value)


def _probes(rules: Iterable[CompiledRule], repeated: Sequence[str]) -> tuple[Probe, ...]:
    """Return the looks that can tell every token that some rule needs."""
    needed = {token for rule in rules for clause in rule.needs for token in clause}
    together = {token for token in needed if isinstance(token[2], frozenset)}
    needed |= {token for _, _, clauses in together for clause in clauses for token in clause}
    arrays: dict[str, dict[str, set[Any]]] = {}
    for array, field, mark in sorted(needed - together, key=str):
        if array and array not in repeated:
            arrays.setdefault(array, {}).setdefault(field, set()).add(mark)
    return tuple(
        Probe(
            array,
            tuple(_field(name, marks) for name, marks in fields.items() if _is_looked_at(marks)),
            frozenset(
                (array, field, mark)
                for field, marks in fields.items()
                if not _is_looked_at(marks)
                for mark in marks - {None}
            ),
            frozenset(token for token in together if token[0] == array),
        )
        for array, fields in arrays.items()
    )


def _is_looked_at(marks: set[Any]) -> bool:
    """Tell whether it matters for the candidates what a field holds, not only that it is there."""
    return not all(mark is None or (isinstance(mark, type) and mark is not EmptyList) for mark in marks)


def _field(name: str, marks: Iterable[Any]) -> Field:
    texts = frozenset(mark for mark in marks if isinstance(mark, str))
    return Field(name, texts, tuple(mark for mark in marks if mark is not None and mark not in texts))


def _sift(
    rules: Iterable[CompiledRule], present: set[Token], idle_in: Mapping[str, frozenset[int]]
) -> Iterator[Candidate]:
    """Yield the rules that can fire, each with the earlier ones of which one must have fired before.

    A rule whose needs are not met, or that is idle in a part of the payload, waits for those that may write what it
    misses, or to that part; if there are none it is left out.
    """
    writers: list[CompiledRule] = []
    for rule in rules:
        unmet = [clause for clause in rule.needs if not may_be_met(clause, present)]
        asleep = [key for key, places in idle_in.items() if rule.place in places]
        if unmet or asleep:
            awaited = frozenset(
                one.place
                for one in writers
                if one.writes is None
                or any(may_help(clause, one.writes) for clause in unmet)
                or (not unmet and not {array or field for array, field, _ in one.writes}.isdisjoint(asleep))
            )
            if not awaited:
                continue
            yield rule, awaited
        else:
            yield rule, None
        if rule.writes != frozenset():
            writers.append(rule)


def applies(rule: Rule, model: str | None, stage: str) -> bool:
    """Tell whether a rule is in force for a model at a stage; retired rules never are."""
    return rule.stage == stage and rule.status != "retired" and (not rule.models or compile_globs(rule.models)(model))
