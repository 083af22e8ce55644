"""Deployments that cannot answer anything: a rule refuses the smallest request there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ...api import explain
from ...errors import PayloadError
from ...model import Change, Keys
from ...rulebook.rulebook import Rulebook
from . import dropped
from .model import CHATS, Deployment
from .reader import Reader

_SMALLEST: Final = [{"role": "user", "content": "Hi"}]


def warn(reader: Reader, book: Rulebook, models: Iterable[tuple[Deployment, Keys]]) -> None:
    """Warn of each deployment whose smallest request a rule refuses; with each stands the place of its entry.

    Nothing is said of wildcards, of models that do not chat, and of deployments whose requests go unchanged.
    """
    for deployment, keys in models:
        if deployment.shadow or deployment.mode not in CHATS or "*" in deployment.upstream_model:
            continue
        refusal = _refusal(deployment, book) if deployment.provider else None
        if refusal is not None:
            message = f"{refusal.rule} refuses even the smallest request for '{deployment.upstream_model}'"
            place = (*keys, "litellm_params", "model")
            reader.diagnostic("Q307", place, message, refusal.note or refusal.why, severity="warning")


def _refusal(deployment: Deployment, book: Rulebook) -> Change | None:
    payload: dict[str, Any] = {
        **deployment.defaults,
        "model": deployment.upstream_model,
        "messages": [dict(message) for message in _SMALLEST],
    }
    dropped.without(payload, deployment.dropped)
    try:
        done = explain(payload, deployment.provider, base_model=deployment.base_model, rulebook=book)
    except PayloadError:  # a default of the config that is not JSON, which each request is told of
        return None
    return done.refusals[0] if done.refusals else None
