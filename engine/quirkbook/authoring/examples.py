"""The examples inside rules, run: each rule alone, then its whole provider's stack for the golden files.

An example runs its rule alone, with the names of its file. Where it has no model, one that the rule's globs accept
is lent for the run and taken away before comparing. A golden file records what the whole stack (of a family rule: its
family's file) makes of each example; a second pass over the result must change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

import yaml

from ..model import MISSING, Change, Diagnostic, Effect, Example, Location, Rule
from ..payload.describe import first_difference, line, show
from ..payload.globs import compile_globs
from ..plan.compile import Plan, applies, compile_rule
from ..plan.interpret import Run, change, changes, run
from ..rulebook.layers import StackEntry
from ..rulebook.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Owned:
    """A rule beside the provider or family whose stack it is judged in."""

    entry: StackEntry
    family: bool

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
                    yield Owned(entry, family)


def lend_model(rule: Rule, given: Any) -> str | None:
    """Return a model that the rule's globs accept, for an example that names none; None where none is needed.

    Raises:
        ValueError: no simple name fits the globs; the example must bring its own.
    """
    if not rule.models or (isinstance(given, dict) and "model" in given):
        return None
    accepts = compile_globs(rule.models)
    if accepts(None):
        return None
    for glob in rule.models:
        for filling in ("", "-x", "x", "1"):
            name = glob.replace("*", filling)
            if not glob.startswith("!") and accepts(name):
                return name
    raise ValueError("no model fits the globs: give the example a model of its own")


def run_alone(owned: Owned, example: Example) -> Run:
    """Run one example through its rule alone."""
    rule = owned.rule
    model = _model(rule, example)
    compiled = [compile_rule(rule, owned.entry.named_conditions)] if applies(rule, model, rule.stage) else []
    return _run(example, Plan(rule.owner, model, "", compiled, _no_rules))


def _no_rules(model: str) -> Plan:
    """What follows a rule that stands alone and writes `model`."""
    return Plan("", model, "", (), _no_rules)


def _model(rule: Rule, example: Example) -> str | None:
    holder = example.given if rule.stage == "request" else example.request
    named = holder.get("model") if isinstance(holder, dict) else None
    return named if isinstance(named, str) else lend_model(rule, holder)


def _run(example: Example, plan: Plan) -> Run:
    done = Run(plan, example.given)
    done.request = MISSING if example.request is None else example.request
    done.status = example.status
    run(done)
    return done


def check_examples(owned: Owned) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each example that does not come out as it says, and for a rule not proven both ways."""
    rule = owned.rule
    if rule.status == "retired":
        return
    outcomes: set[bool] = set()
    for example in rule.examples:
        try:
            done = run_alone(owned, example)
        except ValueError as error:
            yield Diagnostic(example.location, "Q204", f"{rule.name}: {error}")
            continue
        outcomes.add(bool(done.fired or done.refusal))
        wrong = _wrong(example, done)
        if wrong:
            hint = "if it is to be refused, write 'rejects: true' in place of 'out'" if done.refusal else ""
            said = f"an example of {rule.name} does not come out as it says: {wrong}"
            yield Diagnostic(example.location, "Q204", said, hint)
        elif not done.refusal and (again := _again(owned, example, done)):
            yield Diagnostic(example.location, "Q205", f"{rule.name} fires again on its own result: {again}")
    if True not in outcomes:
        yield Diagnostic(
            rule.location, "Q201", f"no example of {rule.name} shows it firing", "add one with 'out' or 'rejects'"
        )
    if False not in outcomes:
        yield Diagnostic(
            rule.location, "Q202", f"no example of {rule.name} shows it staying quiet", "add one with 'same: true'"
        )


def _wrong(example: Example, done: Run) -> str:
    if example.rejects or done.refusal:
        refused = f"it is refused: {done.refusal[1][6]}" if done.refusal else "it is not refused"
        return "" if example.rejects and done.refusal else refused
    wanted = example.given if example.same else example.expected
    if wanted is not MISSING and (difference := first_difference(wanted, done.root)):
        return difference
    if example.warns and not any(edit[0] == "warn" for edit in done.edits):
        return "it does not warn"
    headers = {name: value for name, value in done.headers.items() if value is not None}
    if example.headers and headers != dict(example.headers):
        return f"wanted headers {show(dict(example.headers))}, got {show(headers)}"
    return ""


def _again(owned: Owned, example: Example, done: Run) -> str:
    again = run_alone(owned, Example(done.root, request=example.request, status=example.status))
    said = [edit for edit in again.edits if edit[0] != "warn" and edit[3] is not edit[4]]
    return line(change(again.fired[0][0], said[0])) if said else ""


def golden(book: Rulebook, owned: Owned) -> list[dict[str, Any]]:
    """Return what a rule's golden file records: per example what is given, sent, and the trace of changes.

    Raises:
        ValueError: the stack changes its own result when it runs a second time.
    """
    return [_record(book, owned, example) for example in owned.rule.examples]


def _record(book: Rulebook, owned: Owned, example: Example) -> dict[str, Any]:
    rule = owned.rule
    model = _model(rule, example)
    plan = book.family_plan if owned.family else book.plan
    done = _run(example, _plan(plan, rule, model))
    record: dict[str, Any] = {"given": example.given}
    if model is not None and not (isinstance(example.given, dict) and "model" in example.given):
        record["model"] = model
    if example.request is not None:
        record["request"] = example.request
    if done.refusal:
        return {**record, "refused": change(*done.refusal).refusal()}
    again = _run(Example(done.root, request=example.request, status=example.status), _plan(plan, rule, done.model))
    moved = [one for one in changes(again) if one.before is not one.after]
    if moved:
        raise ValueError(f"the whole stack is not idempotent: {moved[0].rule} fires again: {line(moved[0])}")
    return {**record, "sent": done.root, "trace": [_traced(one) for one in changes(done)]}


def _plan(plan: Any, rule: Rule, model: str | None) -> Plan:
    found: Plan = plan(rule.owner, model, stage=rule.stage)
    return found


def _traced(one: Change) -> str:
    effect = "" if one.effect is Effect.NONE else f" ({one.effect})"
    return f"{one.rule}: {line(one)}{effect}"


class _Dumper(yaml.SafeDumper):
    """Writes as pytest-regressions does, so that both may rewrite and compare the same files."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump(record: Any) -> str:
    """Write a golden record as YAML."""
    return yaml.dump(record, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, indent=2)


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
        return Verdict(name, written=_write(path, text))
    return Verdict(name, tuple(_compare(owned.rule, path, text)) if goldens.is_dir() else ())


def _write(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return True


def _compare(rule: Rule, path: Path, text: str) -> Iterator[Diagnostic]:
    hint = "read what 'quirkbook test --update' writes, then commit it"
    if not path.is_file():
        yield Diagnostic(rule.location, "Q210", f"{rule.name} has no golden file {path}", hint)
        return
    recorded = path.read_text("utf-8")
    # Most are equal to the byte, and to parse them takes longer than all the rest.
    if recorded != text and _parsed(recorded) != yaml.safe_load(text):
        before, after = recorded.splitlines(), text.splitlines()
        diff = "\n".join(list(unified_diff(before, after, "recorded", "now", lineterm="", n=1))[:40])
        yield Diagnostic(
            Location(str(path), 1, 1), "Q212", f"{rule.name} no longer does what its golden file records:\n{diff}", hint
        )


def _parsed(recorded: str) -> Any:
    """Return what a golden file records; None where it is not YAML any more."""
    try:
        return yaml.safe_load(recorded)
    except yaml.YAMLError:
        return None


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
