"""The dry run of a model that the gateway serves itself: for each of its deployments what that would get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from ..authoring.support import VERDICTS
from ..model import EFFECT_ORDER, Effect
from ..rulebook.rulebook import Rulebook
from .access import check_allowed
from .config import dropped
from .config.model import ClientKey
from .dry_run import bad_input, dry_run
from .router import Target
from .upstream import system

_MOST: Final = 20
"""Deployments that are looked at for one report."""
_UNTOUCHED: Final[Mapping[str, Any]] = {
    "identity": None, "changes": [], "refusal": None, "refusals": [], "quiet": [], "headers": {}, "patch": [],
    "refused": False, "forbidden": [],
}  # fmt: skip


class Names(Protocol):
    """What is asked of the router."""

    def of_name(self, model: str) -> Sequence[Target]:
        """Return the targets that bear a name."""


def dry_run_here(
    request: Any, rulebook: Rulebook, router: Names, key: ClientKey | None, policy: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """Return what `dry_run` does; of a model that is served here by that name, the report for one of its deployments.

    Which one says ``deployment`` in the request, else it is the first. The report also has ``requested``, the name,
    ``deployment``, and ``deployments``: ``[{"deployment", "provider", "model", "verdict", "shadow"}]``.

    Raises:
        HTTPError: 403, the client's key is not for that model.
    """
    name = _name(request)
    targets = router.of_name(name)[:_MOST] if name is not None else ()
    if name is None or not targets:
        if isinstance(request, dict) and request.get("deployment") is not None:
            text = "deployment is only for a model that the gateway serves: leave it out, or name such a model"
            return bad_input(text, "deployment", "invalid_value")
        return dry_run(request, rulebook, policy=policy)
    check_allowed(key, name, targets)
    chosen = request.get("deployment")
    labels = [target.label for target in targets]
    if chosen is not None and chosen not in labels:
        return bad_input(f"deployment: write one of {', '.join(labels)}", "deployment", "invalid_value")
    rest = {field: value for field, value in request.items() if field != "deployment"}
    brief = {field: value for field, value in rest.items() if field not in ("why_not", "elsewhere")}
    rows, found = [], (200, dict[str, Any]())
    for target in targets:
        is_chosen = target.label == (chosen or labels[0])
        status, report = _of(target, rest if is_chosen else brief, rulebook, policy)
        if status != 200:
            return status, report
        shadow = {"shadow": True} if target.deployment.shadow else {}
        about = {"deployment": target.label, "provider": report["provider"], "model": target.upstream_model}
        rows.append({**about, "verdict": _verdict(report), **shadow})
        if is_chosen:
            found = status, report | {"requested": name, "deployment": target.label}
    found[1]["deployments"] = rows
    return found


def _name(request: Any) -> str | None:
    """Return the model that a request for a dry run names, unless it says by whose rules."""
    if not isinstance(request, dict) or request.get("provider") is not None:
        return None
    payload = request.get("payload")
    model = request.get("model") or (payload.get("model") if isinstance(payload, dict) else None)
    return model if isinstance(model, str) and isinstance(payload, dict) else None


def _of(
    target: Target, request: Mapping[str, Any], rulebook: Rulebook, policy: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """Return the report for one deployment, with what the config itself sets in the payload."""
    deployment, model = target.deployment, target.upstream_model
    payload = {**deployment.defaults, **request["payload"], "model": model}
    dropped.without(payload, deployment.dropped)
    if not deployment.takes_system and isinstance(payload.get("messages"), list):
        payload["messages"] = system.as_user(payload["messages"])
    if not deployment.provider:
        return 200, {**_UNTOUCHED, "provider": "", "model": model, "payload": payload}
    if rulebook.plan(deployment.provider, model, base_model=deployment.base_model).prefix:
        payload["model"] = f"{deployment.provider}/{model}"  # nothing comes off: it is a whole name
    given = {**request, "payload": payload, "provider": deployment.provider}
    given.pop("model", None)
    return dry_run(given, rulebook, policy=policy, base_model=deployment.base_model)


def _verdict(report: Mapping[str, Any]) -> str:
    """Return ``unchanged``, ``exact``, ``lossy``, ``semantic`` or ``refuses``."""
    effects = [Effect(change["effect"]) for change in report["refusals"] or report["changes"]]
    return VERDICTS[max(effects, key=EFFECT_ORDER.__getitem__, default=Effect.NONE)]
