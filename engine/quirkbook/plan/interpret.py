"""One loop: the rules of a plan, in order, over a draft of the payload -> what changed, and why."""

from __future__ import annotations

from collections.abc import Iterable

from ..model import MISSING, Change, Effect, Location, Payload, Quiet, Rule, same
from ..payload.draft import Draft, Edit, Refusal
from .compile import CompiledRule, Plan, compile_rule
from .foresight import Step, as_steps

QuietRules = list[tuple[CompiledRule, str]]


class Run(Draft):
    """One translation: the draft, and which of its edits belong to which rule."""

    def __init__(self, plan: Plan, payload: Payload) -> None:
        # What Draft's own does, without calling it: this is the first thing that every translation pays for.
        self.root = payload.copy()
        self.edits = []
        self._owned = set()
        self.plan = plan
        self.model = plan.model
        self.fired: list[tuple[CompiledRule, int, int]] = []
        """(rule, its first edit, the end of its edits)"""

    refusal: tuple[CompiledRule, Edit] | None = None
    """The rule that refused the payload, if one did; then the edits count for nothing."""


def run(done: Run, quiet: QuietRules | None = None, steps: Iterable[Step] | None = None) -> None:
    """Apply each rule whose condition holds, once, in order; later ones see what earlier ones changed.

    With a list for the ``quiet``, every rule is tried, not only the candidates, and those that do not fire are put
    there with the first part of their condition that was false. ``steps`` are what to try instead of the whole plan.
    """
    root, edits, fired = done.root, done.edits, done.fired
    if steps is None:
        if quiet is None:
            steps, done.seen = done.plan.steps(root)
        else:
            steps = as_steps((rule, None) for rule in done.plan.rules)
    count = len(edits)
    for rule, awaited, known, runs in steps:
        if awaited is not None and awaited.isdisjoint([one.place for one, _, _ in fired]):
            continue
        if known or rule.holds(root, done):
            try:
                for act in runs:
                    if act(done, ()):
                        done.gone = True
                        edits.append(("drop", Effect.LOSSY, None, MISSING, MISSING, None, "the chunk is left out"))
            except Refusal as refusal:
                done.refusal = (rule, refusal.edit)
                return
            end = len(edits)
            if end > count:
                fired.append((rule, count, end))
                count = end
                if rule.renames_model and _is_new_model(done):
                    done.plan = done.plan.replan(root["model"])
                    after = as_steps((one, None) for one in done.plan.rules if one.place > rule.place)
                    run(done, quiet, after)
                    return
            elif quiet is not None:
                quiet.append((rule, "its actions find nothing to change"))
        elif quiet is not None:
            quiet.append((rule, rule.blame(root, done) or "its condition is false"))


def _is_new_model(done: Run) -> bool:
    """Tell whether the payload now names another model than rules have matched so far; then they shall match that."""
    model = done.root.get("model")
    if not isinstance(model, str) or model == done.model:
        return False
    done.model = model
    return True


def _own(name: str, why: str) -> CompiledRule:
    """Make a stand-in rule for what the engine does by itself, so that it is reported like any other change."""
    return compile_rule(Rule(name, "quirkbook", why, "", {}, (), Location("", 0, 0)), {}, place=-1)


_MODEL = _own("model-argument", "The caller names a model beside the payload; it stands in for the payload's.")
_PREFIX = _own("model-prefix", "The prefix names the provider to Quirkbook; the provider knows the model without it.")
_EXTRA = _own("extra-body", "SDKs pass further fields as extra_body; on the wire they stand at the top level.")


def prepare(done: Run, model: str | None = None) -> None:
    """Make a request ready for the first rule.

    ``model`` stands in for the payload's, the provider's prefix comes off, a literal extra_body is merged; keys that
    are there win.
    """
    root = done.root
    named = root.get("model") if model is None else model
    if isinstance(named, str):
        done.put("set", Effect.EXACT, ("model",), named.removeprefix(done.plan.prefix))
        if done.edits:
            done.fired.append((_PREFIX if model is None else _MODEL, 0, 1))
    first = len(done.edits)
    while isinstance(extra := root.get("extra_body"), dict):  # there may be one in it
        done.remove("merge", Effect.EXACT, ("extra_body",))
        for key, value in extra.items():
            if key not in root:
                done.put("merge", Effect.EXACT, (key,), value)
            elif not same(root[key], value):
                done.remark("merge", Effect.LOSSY, f"extra_body.{key} is lost: {key} is there already and wins", (key,))
    if len(done.edits) > first:
        done.fired.append((_EXTRA, first, len(done.edits)))
        if _is_new_model(done):  # it stood in the extra_body alone
            done.plan = done.plan.replan(root["model"])
            first = len(done.edits)
            done.put("set", Effect.EXACT, ("model",), root["model"].removeprefix(done.plan.prefix))
            if len(done.edits) > first:
                done.fired.append((_PREFIX, first, len(done.edits)))
                done.model = root["model"]


def changes(done: Run) -> tuple[Change, ...]:
    """Spell out what a run changed, in order."""
    return tuple(change(rule, edit) for rule, first, end in done.fired for edit in done.edits[first:end])


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
        note=note,
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
