"""The examples inside rules, run: each rule alone, then its whole provider's stack for the golden files.

An example runs its rule alone, with the names of its file. Where it has no model, one that the rule's globs accept
is lent for the run and taken away before comparing. A golden file records what the whole stack (of a family rule: its
family's file) makes of each example; a second pass over the result must change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..api.translate_response import ChunkTranslator
from ..errors import refusal_text
from ..identity.spell import spellings
from ..model import MISSING, Change, Diagnostic, Effect, Example, Location, Rule
from ..payload.describe import first_difference, line, show
from ..plan.compile import Plan
from ..plan.interpret import Run, change, changes, refusals, run
from ..rulebook import answers
from ..rulebook.rulebook import Rulebook
from ..rulebook.stack import StackEntry
from .goldens import compare, dump, write


@dataclass(frozen=True, slots=True)
class Owned:
    """A rule beside the provider or family whose stack it is judged in."""

    entry: StackEntry
    family: bool
    book: Rulebook
    plans: dict[Any, Plan] = field(default_factory=dict, repr=False, compare=False)
    """What was compiled for the rule alone: (stage, model) -> its plan."""

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.entry.rule


def owned_rules(book: Rulebook) -> Iterator[Owned]:
    """Yield each rule of a rulebook once, where its own file has it."""
    for family, names in ((False, book.providers), (True, book.families)):
        for name in names:
            for entry in book.effective(name, family=family):
                if entry.rule.owner == name and entry.rule.family is family:
                    yield Owned(entry, family, book)


def staged(owned: Owned) -> list[Owned]:
    """Return a rule as it is tried: one on answers both as a rule on responses and as one on chunks."""
    stages = answers.PARTS if owned.rule.stage == "answer" else [owned.rule.stage]
    return [replace(owned, entry=entry) for stage in stages if (entry := owned.entry.at(stage))]


def lend_model(owned: Owned, holder: Any) -> str | None:
    """Return a model that the rule is about, for an example that names none; None where none is needed.

    Raises:
        ValueError: no simple name fits; the example must bring its own.
    """
    entry = owned.entry
    if (isinstance(holder, dict) and "model" in holder) or entry.speaks_of(None, None):
        return None
    globs = [glob for glob in owned.rule.models if isinstance(glob, str) and not glob.startswith("!")]
    names = [glob.replace("*", filling) for glob in globs for filling in ("", "-x", "x", "1")]
    naming = owned.book.naming
    for models in entry.fits.ranges:
        if models.family is not None and models.family in naming:
            names += spellings(naming[models.family], models)
    for name in names:
        if entry.fits(name, owned.book.identify(name)):
            return name
    raise ValueError("no model that comes to mind fits 'models': give the example a model of its own")


def run_alone(owned: Owned, example: Example) -> Run:
    """Run one example through its rule alone."""
    return _run(example, _alone(owned, example))


def _alone(owned: Owned, example: Example) -> Plan:
    rule, entry = owned.rule, owned.entry
    model = _model(owned, example)
    plan = owned.plans.get((rule.stage, model))
    if plan is None:
        identity = owned.book.identify(model, None if owned.family else rule.owner)
        runs = rule.status != "retired" and entry.speaks_of(model, identity)
        compiled = [entry.compiled] if runs else []
        plan = owned.plans[rule.stage, model] = Plan(rule.owner, model, "", compiled, _no_rules, identity)
    return plan


def run_stream(owned: Owned, example: Example, chunks: list[Any]) -> tuple[list[Any], tuple[Change, ...]]:
    """Run the chunks of an example that shows a stream through its rule alone; return what comes out, and the changes."""
    return _stream(example, _alone(owned, example), chunks)


def _stream(example: Example, plan: Plan, chunks: list[Any]) -> tuple[list[Any], tuple[Change, ...]]:
    translator = ChunkTranslator(plan.provider, request=example.request, plan=plan)
    passed = [one for chunk in chunks for one in translator.feed(chunk)]
    return [*passed, *translator.close()], translator.changes


def _no_rules(model: str) -> Plan:
    """What follows a rule that stands alone and writes `model`."""
    return Plan("", model, "", (), _no_rules)


def _model(owned: Owned, example: Example) -> str | None:
    holder = example.given if owned.rule.stage == "request" else example.request
    named = holder.get("model") if isinstance(holder, dict) else None
    return named if isinstance(named, str) else lend_model(owned, holder)


def _run(example: Example, plan: Plan) -> Run:
    execution = Run(plan, example.given)
    execution.request = MISSING if example.request is None else example.request
    execution.status = example.status
    run(execution)
    return execution


def check_examples(owned: Owned) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each example that does not come out as it says, and for a rule not proven both ways."""
    rule = owned.rule
    if rule.status == "retired":
        return
    outcomes: set[bool] = set()
    for one, example in [(at_stage, shown) for at_stage in staged(owned) for shown in at_stage.rule.examples]:
        if isinstance(example.given, list):
            outcomes.add(not example.same)
            yield from _check_stream(one, example)
            continue
        try:
            execution = run_alone(one, example)
        except ValueError as error:
            outcomes.add(not example.same)
            yield Diagnostic(example.location, "Q204", f"{rule.name}: {error}")
            continue
        mismatch = _mismatch(example, execution)
        # Of an example that fails, what it means to show counts: it is mended, no further one is missing.
        outcomes.add(not example.same if mismatch else bool(execution.fired or execution.refusals))
        if mismatch:
            hint = "if it is to be refused, write 'rejects: true' in place of 'out'" if execution.refusals else ""
            where = f" at stage {one.rule.stage}" if rule.stage == "answer" else ""
            message = f"an example of {rule.name} does not come out as it says{where}: {mismatch}"
            yield Diagnostic(example.location, "Q204", message, hint)
        elif not execution.refusals and (repeat := _repeated_change(one, example, execution)):
            yield Diagnostic(example.location, "Q205", f"{rule.name} fires again on its own result: {repeat}")
    if True not in outcomes:
        yield Diagnostic(
            rule.location, "Q201", f"no example of {rule.name} shows it firing", "add one with 'out' or 'rejects'"
        )
    if False not in outcomes:
        yield Diagnostic(
            rule.location, "Q202", f"no example of {rule.name} shows it staying quiet", "add one with 'same: true'"
        )


def _check_stream(owned: Owned, example: Example) -> Iterator[Diagnostic]:
    passed, _ = run_stream(owned, example, example.given)
    if difference := first_difference(example.given if example.same else example.expected, passed):
        message = f"an example of {owned.rule.name} does not come out as it says: {difference}"
        yield Diagnostic(example.location, "Q204", message)
    elif difference := first_difference(passed, run_stream(owned, example, passed)[0]):
        yield Diagnostic(example.location, "Q205", f"{owned.rule.name} fires again on its own result: {difference}")


def _mismatch(example: Example, execution: Run) -> str:
    if example.rejects or execution.refusals:
        refused = f"it is refused: {execution.refused[0][6]}" if execution.refusals else "it is not refused"
        return "" if example.rejects and execution.refusals else refused
    expected = example.given if example.same else example.expected
    if expected is not MISSING and (difference := first_difference(expected, execution.root)):
        return difference
    if example.warns and not any(edit[0] == "warn" for edit in execution.edits):
        return "it does not warn"
    named = execution.failed[0] if execution.failed else None
    if example.fails and named != example.fails:
        return f"wanted the class {example.fails}, got {named or 'none'}"
    headers = {name: value for name, value in execution.headers.items() if value is not None}
    if example.headers and headers != dict(example.headers):
        return f"wanted headers {show(dict(example.headers))}, got {show(headers)}"
    return ""


def _repeated_change(owned: Owned, example: Example, execution: Run) -> str:
    repeated = run_alone(owned, Example(execution.root, request=example.request, status=example.status))
    edits = [edit for edit in repeated.edits if edit[0] != "warn" and edit[3] is not edit[4]]
    return line(change(repeated.fired[0][0], edits[0])) if edits else ""


def golden(book: Rulebook, owned: Owned) -> list[dict[str, Any]]:
    """Return what a rule's golden file records: per example what is given, sent, and the trace of changes.

    Raises:
        ValueError: the stack changes its own result when it runs a second time.
    """
    return [_record(book, one, example) for one in staged(owned) for example in one.rule.examples]


def _record(book: Rulebook, owned: Owned, example: Example) -> dict[str, Any]:
    rule = owned.rule
    model = _model(owned, example)
    plan = book.family_plan if owned.family else book.plan
    record: dict[str, Any] = {"given": example.given}
    if isinstance(example.given, list):
        passed, made = _stream(example, _plan(plan, rule, model), example.given)
        return {**record, "sent": passed, "trace": [_trace_line(applied) for applied in made]}
    execution = _run(example, _plan(plan, rule, model))
    if model is not None and not (isinstance(example.given, dict) and "model" in example.given):
        record["model"] = model
    if example.request is not None:
        record["request"] = example.request
    if execution.refusals:
        return {**record, "refused": refusal_text(refusals(execution))}
    repeated = _run(
        Example(execution.root, request=example.request, status=example.status), _plan(plan, rule, execution.model)
    )
    repeats = [applied for applied in changes(repeated) if applied.before is not applied.after]
    if repeats:
        raise ValueError(f"the whole stack is not idempotent: {repeats[0].rule} fires again: {line(repeats[0])}")
    return {**record, "sent": execution.root, "trace": [_trace_line(applied) for applied in changes(execution)]}


def _plan(plan: Any, rule: Rule, model: str | None) -> Plan:
    more = {"traits": rule.traits} if rule.family else {}
    rules_plan: Plan = plan(rule.owner, model, stage=rule.stage, **more)
    return rules_plan


def _trace_line(applied: Change) -> str:
    effect = "" if applied.effect is Effect.NONE else f" ({applied.effect})"
    return f"{applied.rule}: {line(applied)}{effect}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one rule's examples and golden file."""

    rule: str
    diagnostics: tuple[Diagnostic, ...] = ()
    written: bool = False


def prove(book: Rulebook, owned: Owned, goldens: Path, *, update: bool = False) -> Verdict:
    """Run a rule's examples and compare its golden file below ``goldens``, or with ``update`` rewrite it.

    Without the folder ``goldens`` only the examples are run.
    """
    name = owned.rule.name
    diagnostics = list(check_examples(owned))
    if diagnostics:
        return Verdict(name, tuple(diagnostics))
    try:
        text = dump(golden(book, owned))
    except ValueError as error:
        return Verdict(name, (Diagnostic(owned.rule.location, "Q205", f"{name}: {error}"),))
    path = goldens / f"{name}.yml"
    if update:
        return Verdict(name, written=write(path, text))
    return Verdict(name, tuple(compare(owned.rule, path, text)) if goldens.is_dir() else ())


def orphans(names: set[str], goldens: Path) -> Iterator[Path]:
    """Yield the golden files that belong to no rule."""
    for path in sorted(goldens.rglob("*.yml")):
        if path.relative_to(goldens).with_suffix("").as_posix() not in names:
            yield path


def orphan_diagnostic(path: Path) -> Diagnostic:
    """Say that a golden file belongs to no rule."""
    return Diagnostic(
        Location(str(path), 1, 1),
        "Q211",
        "this golden file belongs to no rule",
        "remove it, or run 'quirkbook test --update'",
    )
