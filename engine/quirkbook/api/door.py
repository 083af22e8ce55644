"""The door that every payload comes in by: what is plain JSON data runs through its rules, anything else is told apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import PayloadError
from ..model import Keys
from ..payload.describe import kind
from ..plan.interpret import Run, note_plain, note_remarks, prepare, run
from ..plan.look import Schemas
from ..rulebook.providers import check_names
from ..rulebook.rulebook import Rulebook
from .plain import is_plain


def run_plain(
    payload: Any,
    converted: Iterable[tuple[Keys | None, str]],
    provider: str | None,
    model: str | None,
    base_url: str | None,
    book: Rulebook,
    refuses: bool,
    quiet: list[Any] | None,
    base_model: str | None = None,
) -> Run | None:
    """Run a payload of plain JSON data through the rules; return None for any other.

    ``converted`` is what was converted to make it plain; with ``refuses`` off a `reject` is a remark.

    Raises:
        PayloadError: it is not a chat payload.
        UnknownProviderError, UsageError: see `Rulebook.resolve`.
    """
    if payload.__class__ is not dict:
        return None
    messages, named = payload.get("messages", _NONE), payload.get("model") if model is None else model
    if messages.__class__ is not list or (named.__class__ is not str and named is not None):
        check_names(provider, model, base_url, base_model)
        if not is_plain(payload):
            return None
        _check(messages, named)
    try:
        key = (provider, named, base_url, base_model, "request")
        plan = book.plans.get(key) or book.plan(provider, named, base_url, base_model=base_model)
    except TypeError:
        check_names(provider, model, base_url, base_model)
        raise
    if "extra_body" in payload and not is_plain(payload):  # it is merged first
        return None
    done = Run(plan, payload)
    done.refuses = refuses
    if plan.remarks:
        note_remarks(done)
    if converted:
        note_plain(done, converted)
    if model is not None or plan.prefix or "extra_body" in payload:
        prepare(done, model)
        _check(done.root.get("messages", _NONE), done.root.get("model"))
    schemas = Schemas(payload, done.plan.features)
    numbers = done.plan.look.rules(done.root, schemas)
    if not is_plain(payload, schemas.seen, schemas.types):
        return None
    done.looked_at = schemas.seen
    run(done, quiet, numbers)
    return done


_NONE: list[Any] = []


def _check(messages: Any, model: Any) -> None:
    if not isinstance(messages, list):
        raise PayloadError(
            f'messages must be an array, not {kind(messages)}; example: [{{"role": "user", ...}}]', "/messages"
        )
    if not (model is None or isinstance(model, str)):
        raise PayloadError(f"model must be a string, not {kind(model)}", "/model")
