"""Actions that speak, stop or repeat: warn, reject, each, set_header, drop_header, and normalize_schema's door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...model import MISSING, Effect, Keys
from ...payload.cycles import weigh
from ...payload.draft import Draft
from ...payload.path import Wild, find
from ...wire.headers import is_reserved
from .. import gates
from ..conditions import ALWAYS, Names, Report, compile_condition
from ..gates import Word
from ..jsonschema.features import FEATURES
from ..jsonschema.normalize import normalizer
from .base import Action, Context, editable, elements, join_writes
from .values import drop_effect

#: With so many references put in place, each once, a schema does not grow so much that anybody need count.
_FEW = 8


def warn(node: Any, keys: Keys, context: Context) -> Action:
    """Add a remark to the report; nothing changes."""
    subject = _subject(keys, context)
    return Action(lambda draft, base: draft.remark("warn", Effect.NONE, node, subject(draft, base)))


def reject(node: Any, keys: Keys, context: Context) -> Action:
    """Refuse: the provider cannot take this payload."""
    subject = _subject(keys, context)
    return Action(lambda draft, base: draft.refuse("reject", node, subject(draft, base)))


def _subject(keys: Keys, context: Context) -> Callable[[Draft, Keys], Keys | None]:
    """Return a finder of what a remark points at: the element in hand, else what met the rule's first condition."""
    if context.subject is None:
        return lambda draft, base: base or None
    path, wanted = context.subject
    meets = compile_condition({".": wanted}, (), Names(context.names.nodes), lambda *_, **__: None)
    context.conditions.append((keys, meets))

    def point(draft: Draft, base: Keys) -> Keys | None:
        if base:
            return base
        found = find(draft.root, path.steps)
        met = [at for at, value in found if meets.holds(value, draft)]
        return (met or [at for at, _ in found] or [()])[0] or None

    return point


def set_header(node: Any, keys: Keys, context: Context) -> Action:
    """Name a header for the dispatcher to send."""
    _check_headers(node, keys, context)

    def run(draft: Draft, base: Keys) -> None:
        for name, value in node.items():
            draft.headers = {**draft.headers, name: value}
            draft.remark("set_header", Effect.EXACT, f"{name}: {value}")

    return Action(run)


def drop_header(node: Any, keys: Keys, context: Context) -> Action:
    """Name a header that the dispatcher must not send."""
    _check_headers(node, keys, context)

    def run(draft: Draft, base: Keys) -> None:
        for name in node:
            draft.headers = {**draft.headers, name: None}
            draft.remark("drop_header", Effect.EXACT, name)

    return Action(run)


def _check_headers(node: Any, keys: Keys, context: Context) -> None:
    for at, name in enumerate(node):
        if is_reserved(name):
            place = (*keys, name) if isinstance(node, dict) else (*keys, at)
            hint = "credentials and connection headers are the dispatcher's: see `auth` in the file's head"
            context.report("Q120", place, f"no rule may touch the header '{name}'", hint, key=isinstance(node, dict))


def each(node: Any, keys: Keys, context: Context) -> Action:
    """Run actions per element of ``in`` that ``when`` accepts, paths relative to it.

    ``in`` is read once, before the first action; elements that are dropped go at the end, last first, so that
    no place shifts while the actions run.
    """
    if context.depth == 2:
        context.report(
            "Q120", keys, "'each' nests once, no deeper", "say the rest with a wildcard path, or in a second rule"
        )
    path = context.path(node["in"], (*keys, "in"))
    inner = context.inside(path)
    when, some = ALWAYS, ALWAYS
    if "when" in node:
        when = compile_condition(node["when"], (*keys, "when"), context.names, context.report, inner.scope)
        context.conditions.append(((*keys, "when"), when))
        of_items = path.steps[-1:] == (Wild.ITEMS,) and not {Wild.DEEP, Wild.VALUES}.intersection(path.steps)
        if path.origin == "here" and path.head and of_items and not context.depth:
            asked = {node["in"].rpartition("[")[0]: {"some": node["when"]}}
            some = compile_condition(asked, (*keys, "in"), context.names, _nobody, context.scope)
            context.conditions.append(((*keys, "in"), some))
    actions = context.compile(node["do"], (*keys, "do"), inner)
    needs = (*context.needs(path), *(when.needs if inner.scope else ()))
    find_places, runs = elements(path), [action.run for action in actions]

    def run(draft: Draft, base: Keys) -> None:
        if not some.holds(draft.root, draft):  # as in most payloads; no place is made for that
            return
        gone = []
        holds = when.holds
        edits, untouched = draft.edits, len(draft.edits)
        for at, item in find_places(draft, base):
            if len(edits) != untouched:  # then what was found may not be what stands there now, if anything does
                item = draft.at(at)
            if not holds(item, draft) or item is MISSING or not at:
                continue
            for act in runs:
                if len(edits) != untouched and draft.at(at) is MISSING:
                    break  # the one before took it away by a path from the root
                if act(draft, at):
                    gone.append(at)
                    break
        for at in reversed(gone):
            if draft.at(at) is not MISSING:
                draft.remove("drop", drop_effect(at), at)

    removes = context.writes(path, value=MISSING)
    return Action(run, needs, join_writes([removes, *(action.writes for action in actions)]))


def _nobody(code: str, keys: Keys, message: str, hint: str = "", *, key: bool = False) -> None:
    """Take a diagnostic that is reported elsewhere too."""


def compiled_options(
    options: Mapping[str, Any], keys: Keys = (), report: Report = lambda *_, **__: None
) -> dict[str, Any]:
    """Return options of `normalize_schema` with tests of values as functions."""
    nothing = Draft({})

    def test(word: str, wanted: Any) -> Callable[[Any], bool]:
        condition = compile_condition({".": wanted}, (*keys, "drop_where", word), Names({}), report)
        return lambda value: condition.holds(value, nothing)

    made = {word: test(word, wanted) for word, wanted in options.get("drop_where", {}).items()}
    return {**options, "drop_where": made} if made else dict(options)


def normalize_schema(node: Any, keys: Keys, context: Context) -> Action:
    """Rewrite the JSON Schemas at a path, in schema positions only; see `schemas.normalizer` for the options."""
    path = context.path(node["at"], (*keys, "at"))
    find_places = editable(path)
    inlines = "inline_refs" in node  # then few of the words that were seen are left: another look is worth it
    options = {option: value for option, value in node.items() if option != "at"}
    normalize = normalizer(compiled_options(options, keys, context.report))
    context.features.update(normalize.alarms & FEATURES)

    def run(draft: Draft, base: Keys) -> None:
        for at, schema in find_places(draft, base):
            if schema.__class__ is not dict:
                continue
            _, words, nodes = draft.seen(schema)
            if nodes is not None and words.isdisjoint(normalize.alarms):
                continue
            done = normalize(schema, words, nodes)
            if done is None or not at:
                continue
            if done.effect is Effect.NONE:  # too large to inline: it stays, and the report says so
                draft.remark("normalize_schema", Effect.NONE, "; ".join(done.notes), at)
            else:
                if done.edits > _FEW and inlines:
                    draft.spend(weigh(done.schema))
                draft.replace("normalize_schema", done.effect, at, schema, done.schema, done)
                if not inlines:
                    draft.note_seen((done.schema, words | done.writes, ()))

    alarms = [Word(word) for word in sorted(normalize.alarms)]
    return Action(run, gates.of_path(path, context.scope, alarms), context.writes(path))
