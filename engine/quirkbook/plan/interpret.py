"""One loop: the rules of a plan, in order, over a draft of the payload -> what changed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import PayloadError
from ..identity.resolve import Identity
from ..model import MISSING, Change, Effect, Keys, Payload, Quiet
from ..payload.draft import Draft, Edit, Overspent, Seen
from .compile import CompiledRule, Place, Plan, own_rule
from .jsonschema.look import look as look_at_schema
from .look import Schemas

QuietRules = list[tuple[CompiledRule, str]]


class Run(Draft):
    """One translation: the draft, and which of its edits belong to which rule."""

    def __init__(self, plan: Plan, payload: Payload) -> None:
        # What Draft's own does, without calling it: this is the first thing that every translation pays for.
        self.given = payload
        self.root = payload.copy()
        self.edits = []
        self._owned = set()
        self.plan = plan
        self.model = plan.model
        self.fired: list[tuple[CompiledRule, int, int]] = []
        """(rule, its first edit, the end of its edits)"""

    @property
    def identity(self) -> Identity | None:
        """What is known of the model that rules match."""
        return self.plan.identity

    def look_below(self, value: Any) -> Seen:
        """Return the keys and features of a value, read as a JSON Schema."""
        words: set[str] = set()
        nodes = look_at_schema(value, words, set(), self.plan.features)
        return value, words, nodes

    refusals: list[tuple[CompiledRule, Edit]] = []  # noqa: RUF012 - never written to: a run that has some has its own
    """The rules that refused the payload, and why; then the edits count for nothing."""

    def note_refusals(self, rule: CompiledRule, first: int) -> None:
        """Note that a rule refused the payload: what `refused` has from ``first`` on."""
        if not self.refusals:
            self.refusals = []
        self.refusals += [(rule, edit) for edit in self.refused[first:]]


def run(done: Run, quiet: QuietRules | None = None, numbers: Sequence[int] | None = None) -> None:
    """Apply each rule whose condition holds, once, in order; later ones see what earlier ones changed.

    ``numbers`` are those of the rules to try; without them a look at the payload finds them. With a list for the
    ``quiet`` every rule is tried, and those that do not fire are put there with the first part of their condition that
    was false.
    """
    if quiet is not None:
        numbers = range(len(done.plan.rules))
    elif numbers is None:
        numbers = done.plan.look.rules(done.root, Schemas(done.root, done.plan.features))
    while numbers:
        numbers = _try(done, numbers, quiet)


def _try(done: Run, numbers: Sequence[int], quiet: QuietRules | None) -> Sequence[int]:
    """Try rules in order; return those that are left to try once one has fired that may wake others."""
    root, edits, plan = done.root, done.edits, done.plan
    rules = plan.rules
    for at, number in enumerate(numbers):
        rule = rules[number]
        if not rule.holds(root, done):
            if quiet is not None:
                quiet.append((rule, rule.blame(root, done) or "its condition is false"))
            continue
        first, refused, named = len(edits), len(done.refused), root.get("model")
        try:
            for act in rule.runs:
                if act(done, ()):
                    done.gone = True
                    edits.append(("drop", Effect.LOSSY, None, MISSING, MISSING, None, "the chunk is left out"))
        except Overspent as limit:
            if done.refusals:
                return ()
            text = (
                f"rule {rule.name} makes it too large: the rules together may add {limit}; disable that rule or mend it"
            )
            raise PayloadError(text) from None
        if len(done.refused) > refused:
            done.note_refusals(rule, refused)
        if len(edits) == first:
            if quiet is not None and len(done.refused) == refused:
                quiet.append((rule, "its actions find nothing to change"))
            continue
        done.fired.append((rule, first, len(edits)))
        if rule.renames_model and _is_new_model(done, named):
            return _after(done, rule.place, quiet)
        woken = plan.woken_by(number) if quiet is None else ()
        if woken and not (left := {*numbers[at + 1 :]}).issuperset(woken):
            return sorted(left.union(woken))
    return ()


def _after(done: Run, place: Place, quiet: QuietRules | None) -> Sequence[int]:
    """Go on with the plan of the model that a rule has set; return the rules after that one."""
    plan = done.plan = done.plan.replan(done.root["model"])
    schemas = Schemas(done.root, plan.features)
    numbers = plan.look.rules(done.root, schemas) if quiet is None else range(len(plan.rules))
    done.looked_at = schemas.seen  # the rules before asked for other features
    return [number for number in numbers if plan.rules[number].place > place]


def _is_new_model(done: Run, named: Any = None) -> bool:
    """Tell whether the payload now names another model than rules have matched so far; then they shall match that.

    ``named`` is what stood there before: an answer may name another model than was asked for, and no rule wrote it.
    """
    model = done.root.get("model")
    if not isinstance(model, str) or model in (named, done.model):
        return False
    done.model = model
    return True


_MODEL = own_rule("model-argument", "The caller names a model beside the payload; it stands in for the payload's.")
_PREFIX = own_rule(
    "model-prefix", "The prefix names the provider to Quirkbook; the provider knows the model without it."
)
_PLAIN = own_rule(
    "plain-data", "SDKs and libraries hand out objects; providers read JSON, so each becomes what it stands for."
)
_EXTRA = own_rule("extra-body", "SDKs pass further fields as extra_body; on the wire they stand at the top level.")


def note_remarks(done: Run) -> None:
    """Report what the plan says of the name or the address that it was made for."""
    for rule, text in done.plan.remarks:
        done.remark("warn", Effect.NONE, text)
        done.fired.append((rule, len(done.edits) - 1, len(done.edits)))


def note_plain(done: Run, converted: Iterable[tuple[Keys | None, str]]) -> None:
    """Report what became plain JSON data before the run, at least one value: places, and from what to what."""
    first = len(done.edits)
    for keys, note in converted:
        done.remark("convert", Effect.NONE, note, keys)
    done.fired.append((_PLAIN, first, len(done.edits)))


def prepare(done: Run, model: str | None = None) -> None:
    """Make a request ready for the first rule.

    ``model`` stands in for the payload's, the provider's prefix comes off, a literal extra_body is merged and wins, as in
    SDKs; only the model that is there stays.
    """
    root = done.root
    named = root.get("model") if model is None else model
    first = len(done.edits)
    if isinstance(named, str):
        done.put("set", Effect.EXACT, ("model",), named.removeprefix(done.plan.prefix))
        if len(done.edits) > first:
            done.fired.append((_PREFIX if model is None else _MODEL, first, first + 1))
    first = len(done.edits)
    while isinstance(extra := root.get("extra_body"), dict):  # there may be one in it
        done.remove("merge", Effect.EXACT, ("extra_body",))
        _merge(done, extra)
    if len(done.edits) > first:
        done.fired.append((_EXTRA, first, len(done.edits)))
        if _is_new_model(done):  # it stood in the extra_body alone
            done.plan = done.plan.replan(root["model"])
            first = len(done.edits)
            done.put("set", Effect.EXACT, ("model",), root["model"].removeprefix(done.plan.prefix))
            if len(done.edits) > first:
                done.fired.append((_PREFIX, first, len(done.edits)))
                done.model = root["model"]


def _merge(done: Run, extra: Mapping[str, Any]) -> None:
    """Put the fields of an extra_body into the payload: objects are joined, any other value stands in for the one there."""
    objects: list[tuple[Keys, Mapping[str, Any]]] = [((), extra)]
    for keys, fields in objects:  # grows while it is read
        for key, value in fields.items():
            place = (*keys, key)
            there = done.at(place)
            if there is MISSING:
                done.put("merge", Effect.EXACT, place, value)
            elif isinstance(there, dict) and isinstance(value, dict):
                objects.append((place, value))
            elif place == ("model",):
                if value != there:
                    done.remark("merge", Effect.LOSSY, "extra_body.model is lost: model is there already", place)
            else:
                done.put("merge", Effect.LOSSY, place, value, "extra_body stands in for it")


def changes(done: Run) -> tuple[Change, ...]:
    """Spell out what a run changed, in order."""
    return tuple(change(rule, edit) for rule, first, end in done.fired for edit in done.edits[first:end])


def refusals(done: Run) -> tuple[Change, ...]:
    """Spell out why a run refuses its payload, in order."""
    return tuple(change(rule, edit) for rule, edit in done.refusals)


def change(compiled: CompiledRule, edit: Edit) -> Change:
    """Spell out one edit of a rule."""
    action, _, keys, before, after, moved_from, note = edit
    rule, place = compiled.rule, compiled.rule.location
    return Change(
        rule=compiled.name,
        action=action,
        effect=effect_of(compiled, edit),
        why=rule.why,
        source=rule.source,
        location=f"{place.file}:{place.line}" if place.file else "",
        keys=keys,
        before=before,
        after=after,
        moved_from=moved_from,
        note=str(note),
        disputed=rule.status == "disputed",
    )


def effect_of(compiled: CompiledRule, edit: Edit) -> Effect:
    """Return the effect of an edit: its action's, unless the rule says otherwise; remarks and refusals stay such."""
    effect = edit[1]
    if compiled.rule.effect is None or effect in (Effect.NONE, Effect.REFUSE):
        return effect
    return compiled.rule.effect


def still(compiled: CompiledRule, because: str) -> Quiet:
    """Spell out why a rule stayed quiet."""
    place = compiled.rule.location
    return Quiet(compiled.name, f"{place.file}:{place.line}", because)
