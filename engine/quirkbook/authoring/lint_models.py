"""What is wrong with the models that rules are about: globs and ranges that fit nothing, words that no head lists,
ids that name no model, and a name that two families claim.

What exists is known from the examples of rules and from the heads of families only; so what is found is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from ..identity.globs import compile_globs
from ..identity.models import Range
from ..identity.outline import ambiguous
from ..identity.resolve import TUNED, Identity
from ..identity.spell import spellings
from ..model import Diagnostic, Rule
from ..rulebook.rulebook import Rulebook
from ..rulebook.stack import StackEntry
from .examples import Owned

Known = Mapping[str, Identity | None]
"""The models that any example names, and what each is: there is no other list of what exists."""


def check_models(book: Rulebook, owned_rules: Sequence[Owned], models: Known) -> Iterator[Diagnostic]:
    """Yield what is wrong with the models of some rules, and with the heads of their families."""
    spelt = _spelt(book)
    for owned in owned_rules:
        rule = owned.rule
        others = {model for by, model in spelt[rule.owner] if by != rule.name}
        yield from _globs(rule, {*models, *others})
        for each in (*owned.entry.fits.ranges, *owned.entry.fits.taken_away):
            yield from _range(book, rule, each)
        if owned.family and owned.entry.fits.ranges:
            yield from _examples(rule, models)
    yield from _heads(book, {owned.rule.owner for owned in owned_rules if owned.family})


def known_models(book: Rulebook) -> Known:
    """Return the models that any example names."""
    holders = (
        holder for rule in book.rules() for example in rule.examples for holder in (example.given, example.request)
    )
    named = [holder.get("model") for holder in holders if isinstance(holder, dict)]
    models = {model for model in named if isinstance(model, str) and model}
    return {model: book.identify(model) for model in sorted(models)}


def _warning(rule: Rule, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(rule.location, code, message, hint, severity="warning")


def _spelt(book: Rulebook) -> dict[str, set[tuple[str, str]]]:
    """Return owner -> (rule, what a glob of it spells). Two rules that agree are hardly both misspelt."""
    spelt_by_owner: dict[str, set[tuple[str, str]]] = {}
    for rule in book.rules():
        globs = (glob for glob in rule.models if isinstance(glob, str))
        spelt = {(rule.name, glob.removeprefix("!").replace("*", "")) for glob in globs}
        spelt_by_owner.setdefault(rule.owner, set()).update(pair for pair in spelt if pair[1])
    return spelt_by_owner


def _globs(rule: Rule, models: Set[str]) -> Iterator[Diagnostic]:
    """A glob that fits no model that is known."""
    for glob in rule.models:
        if isinstance(glob, str):
            fits = compile_globs([glob.removeprefix("!")])
            if not fits(None) and not any(fits(model) for model in models):
                what = f"the glob '{glob}' of {rule.name} fits no model that an example names"
                yield _warning(rule, "Q215", what, "give an example such a model, or correct the glob")


def _range(book: Rulebook, rule: Rule, models: Range) -> Iterator[Diagnostic]:
    """A range of a family that has no head, of words that its head does not list, or that nothing can fit."""
    naming = book.naming.get(models.family or "")
    if naming is None:
        what = f"{rule.name} asks for family '{models.family}', which does not say how its models are named"
        yield _warning(rule, "Q216", what, f"known families: {', '.join(sorted(book.naming))}")
        return
    for kind, words, listed in (
        ("line", models.lines, [*naming["lines"], str(models.family)]),
        ("variant", models.some_of | models.none_of - {TUNED}, [*naming["variants"], *naming["lines"], TUNED]),
    ):
        for word in sorted(words - set(listed)):
            what = f"{rule.name} asks for the {kind} '{word}', which the head of family {models.family} does not list"
            yield _warning(rule, "Q217", what, f"listed: {', '.join(listed) or 'none'}")
    if models.start is not None and models.before is not None and models.start >= models.before:
        yield _warning(
            rule, "Q215", f"a range of models of {rule.name} ends before it begins", "correct 'from' or 'before'"
        )
    elif not any(models.blame(book.identify(name)) is None for name in spellings(naming, models)):
        hint = "correct it, or let the family's head list how such models are named"
        yield _warning(rule, "Q215", f"no id fits a range of models of {rule.name}: {models}", hint)


def _examples(rule: Rule, models: Known) -> Iterator[Diagnostic]:
    """An example whose model no family explains: it is quiet whatever the rule says."""
    for example in rule.examples:
        for holder in (example.given, example.request):
            model = holder.get("model") if isinstance(holder, dict) else None
            if isinstance(model, str) and model and models.get(model) is None:
                what = f"an example of {rule.name} names '{model}', which is not a model of any known family"
                hint = "correct it; to show a model that the rule leaves alone, name one of this or another family"
                yield Diagnostic(example.location, "Q222", what, hint, severity="warning")


def _heads(book: Rulebook, families: set[str]) -> Iterator[Diagnostic]:
    """Names that two families claim, and names that mean a model of no family."""
    heads = {name: book.family(name) for name in book.naming}
    naming = [(name, file.head["naming"]) for name, file in heads.items()]
    for words, claimants in ambiguous(naming).items():
        for name in families.intersection(claimants):
            what = f"the families {' and '.join(claimants)} both claim the name '{'-'.join(words)}'"
            yield Diagnostic(heads[name].location, "Q218", what, "let one of them have it", severity="warning")
    for name in families.intersection(heads):
        for word, meant in heads[name].head["naming"].get("same", {}).items():
            if book.identify(meant) is None:
                what = f"'{word}' is said to mean '{meant}', which names no known model"
                yield Diagnostic(
                    heads[name].location, "Q219", what, "write an id that a family's head explains", severity="warning"
                )


def covers(earlier: StackEntry, later: StackEntry) -> bool:
    """Tell whether a rule applies to every model that another applies to; globs are compared as text."""
    if not earlier.rule.models and earlier.family in (None, later.family):
        return True
    mine, yours = earlier.rule.models, later.rule.models
    globs, later_globs = ({each for each in models if isinstance(each, str)} for models in (mine, yours))
    unwanted = {glob for glob in globs if glob.startswith("!")}
    if earlier.fits.taken_away and earlier.fits.taken_away != later.fits.taken_away:
        return False
    wanted = globs - unwanted
    later_wanted = {glob for glob in later_globs if not glob.startswith("!")}
    if unwanted - later_globs:
        return False
    if "*" in wanted or not (wanted or earlier.fits.ranges):
        return True
    all_ranges = all(any(_contains(outer, inner) for outer in earlier.fits.ranges) for inner in later.fits.ranges)
    return later_wanted <= wanted and all_ranges and bool(later_wanted or later.fits.ranges)


def _contains(outer: Range, inner: Range) -> bool:
    """Tell whether each model that fits one range fits another."""
    return (
        outer.family in (None, inner.family)
        and (not outer.lines or (bool(inner.lines) and inner.lines <= outer.lines))
        and outer.none_of <= inner.none_of
        and (not outer.some_of or (bool(inner.some_of) and inner.some_of <= outer.some_of))
        and _contains_versions(outer, inner)
    )


def _contains_versions(outer: Range, inner: Range) -> bool:
    if inner.versions:
        return all(outer.takes_version(number) for number in inner.versions)
    return (
        not outer.versions
        and (outer.start is None or (inner.start is not None and inner.start >= outer.start))
        and (outer.before is None or (inner.before is not None and inner.before <= outer.before))
    )


def overlap(left: StackEntry, right: StackEntry, models: Known) -> bool:
    """Tell whether a known model, or a payload without one, falls under both rules."""
    candidates = [(None, None), *models.items()]
    return any(left.applies(*model) and right.applies(*model) for model in candidates)
