"""The rules that apply to one provider and model -> a plan: rules as functions, and one look that finds those to try.

After this no YAML is looked at. A plan holds nothing of the payloads it is run over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ..identity.resolve import Identity
from ..model import Keys, Location, Rule
from ..payload.draft import Draft
from ..payload.path import Path, parse
from .actions import Context, compile_actions
from .actions.base import Run, join_writes
from .code import Holds
from .conditions import ALWAYS, COMBINATORS, Names, compile_condition
from .gates import Clause, either, may_open, rarest
from .look import Look

Place = tuple[int, int]
"""Of a provider's own rule ``(number, 0)``; of a family's ``(number of the rule before it, its own from 1 on)``."""


class CompiledRule:
    """A rule as functions. Its condition is compiled when the rule is first tried."""

    def __init__(self, rule: Rule, lets: Mapping[str, Any], place: Place) -> None:
        self.rule = rule
        self.lets = lets
        """The named conditions that it may use."""
        self.name = rule.name
        self.place = place
        """Where it stands among the rules of its provider."""
        names = Names(lets)
        condition = compile_condition(rule.when, ("when",), names, _refuse) if rule.when else ALWAYS
        if rule.when:
            condition.name = rule.name
        context = Context(names, _refuse, rule.stage, subject=_subject(rule.when or {}))
        actions = compile_actions(rule.do, ("do",), context)
        self.conditions = {"when": condition}
        """Where in the rule it stands -> each of its conditions, those of its actions too."""
        for keys, other in context.conditions:
            where = ".".join(map(str, keys))
            other.name = f"{rule.name} {where}"
            self.conditions[where] = other
        self.blame = condition.blame
        self.holds: Holds = self._first
        self.runs: tuple[Run, ...] = tuple(action.run for action in actions)
        self.restores = tuple(action.restores for action in actions if action.restores)
        """What says which names an answer brings back."""
        needs = (*condition.needs, *either(action.needs for action in actions))
        self.gate: Clause | None = rarest(needs) if needs else None
        """Where nothing of this stands in a payload, the rule is not tried; None: it always is."""
        self.writes = join_writes([action.writes for action in actions])
        self.reads = frozenset(names.read)
        """The top-level keys that its conditions look at; ``?``: any. Those of the request begin with ``$``."""
        self.touches: tuple[frozenset[str], ...] = tuple(action.touches for action in actions)
        """Of each action the top-level keys below which it may change anything; ``?``: any key."""
        self.features = context.features
        """The features of JSON Schemas that its actions ask for."""
        self.renames_model = self.writes is None or any(steps == ("model",) for steps, _ in self.writes)
        """Whether it may write `model`: then the rules after it match the new name."""

    def _first(self, node: Any, draft: Draft) -> bool:
        self.holds = self.conditions["when"].finish()[0]
        return self.holds(node, draft)

    @property
    def source(self) -> str:
        """The Python that its conditions are compiled to."""
        return "\n".join(f"# {where}\n{condition.finish()[1]}" for where, condition in self.conditions.items())


def compile_rule(rule: Rule, lets: Mapping[str, Any], place: Place = (0, 0)) -> CompiledRule:
    """Compile one rule; ``lets`` are the named conditions it may use, ``place`` where it stands among its provider's.

    A diagnostic is a programming error (the loader has refused such files) and raises ValueError.
    """
    return CompiledRule(rule, lets, place)


def own_rule(name: str, why: str) -> CompiledRule:
    """Make a stand-in rule for what the engine does by itself, so that it is reported like any other change."""
    return compile_rule(Rule(name, "quirkbook", why, "", {}, (), Location("", 0, 0)), {}, place=(-1, 0))


def _refuse(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
    raise ValueError(f"{code} at {keys}: {message} {hint}")


def _subject(when: Mapping[str, Any]) -> tuple[Path, Any] | None:
    for key, wanted in when.items():
        if not key.startswith("$") and key not in COMBINATORS:
            return parse(key), wanted
    return None


#: Of the name by which tracebacks call a look; callers make up names of models.
_LONGEST_NAME = 100


@lru_cache(maxsize=512)
def _look(gates: tuple[Clause | None, ...]) -> Look:
    """Return the look of rules with these gates: most models of a provider have the same, and it is dear to make."""
    return Look(gates)


class Plan:
    """The compiled rules of one stage for one provider and model, in order."""

    __slots__ = ("_woken", "features", "identity", "look", "model", "prefix", "provider", "remarks", "replan", "rules")

    def __init__(
        self,
        provider: str,
        model: str | None,
        prefix: str,
        rules: Iterable[CompiledRule],
        replan: Callable[[str], Plan],
        identity: Identity | None = None,
        remarks: Sequence[tuple[CompiledRule, str]] = (),
    ) -> None:
        self.provider = provider
        self.model = model
        """The model that rules match, without ``prefix``."""
        self.identity = identity
        """What the model's name, or ``base_model``, says of it; None: it is of no family that is known."""
        self.remarks = remarks
        """What every report says first: (a rule that stands for the engine, the remark)."""
        self.prefix = prefix
        """What names the provider at the start of the caller's model, ``moonshot/``; empty if nothing does."""
        self.rules = tuple(rules)
        self.replan = replan
        """Gives the plan for another model, for a rule that writes `model`: those after it match the new name."""
        self.look = _look(tuple(rule.gate for rule in self.rules))
        self.look.call(f"{provider} {model or 'any model'}"[:_LONGEST_NAME])
        self.features = frozenset[str]().union(*(rule.features for rule in self.rules))
        """The features of JSON Schemas that its rules ask for."""
        self._woken: dict[int, tuple[int, ...]] = {}

    def woken_by(self, number: int) -> tuple[int, ...]:
        """Return the numbers of the later rules whose gates a rule may open."""
        found = self._woken.get(number)
        if found is None:
            writes = self.rules[number].writes
            found = self._woken[number] = tuple(
                later
                for later in range(number + 1, len(self.rules))
                if (gate := self.rules[later].gate) is not None
                and (writes is None or any(may_open(write, way) for write in writes for way in gate))
            )
        return found

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
