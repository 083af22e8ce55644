"""What reports say of a plan as a whole: names and addresses that say too little come first, rules of others last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..identity.resolve import Identity
from ..identity.version import show
from ..model import Quiet
from ..plan.compile import CompiledRule, Plan, own_rule
from .stack import Stack, StackEntry

_ADDRESS = own_rule("unknown-address", "No rule file describes this address.")
UNKNOWN_ADDRESS = _ADDRESS.name
"""The rule that a remark on an address comes from which nobody has described."""
_MODEL = own_rule("unknown-model", "Rules of a model's family hold where its name says which model it is.")
_RENAMED = own_rule("renamed-rule", "A rule that bears another name now is still switched off by its old one.")
_NEWER = own_rule("newer-model", "Later versions inherit the rules of earlier ones until somebody has looked.")


def remarks(
    stack: Stack, model: str | None, identity: Identity | None, unknown_host: str | None
) -> tuple[tuple[CompiledRule, str], ...]:
    """Return (stand-in rule, remark) for each thing that the caller could say better."""
    said: list[tuple[CompiledRule, str]] = []
    if unknown_host is not None:
        text = f"no provider is known at {unknown_host}: only rules of the format and of the model apply; name the provider if it has rules"
        said.append((_ADDRESS, text))
    if identity is None and model is not None and stack.facts.get("serves", {}).get("own_names"):
        said.append((_MODEL, f"'{model}' names no known model: base_model says which model it is"))
    if identity is not None and identity.is_newer:
        text = (
            f"{identity} is newer than {show(identity.newest)}, up to which the rules of {identity.family} were checked"
        )
        said.append((_NEWER, text))
    said += [
        (_RENAMED, f"'{disable.was}' is '{disable.rule}' now: write the new name in 'disable'")
        for disable in stack.disables
        if disable.was
    ]
    return tuple(said)


def elsewhere(entries: Iterable[StackEntry], plan: Plan) -> Iterator[Quiet]:
    """Yield the rules that are not in force because of the provider's traits or, of its family, the model; and why."""
    for entry in entries:
        rule, of_family = entry.rule, {models.family for models in entry.fits.ranges}
        if rule.stage != "request" or entry.disabled:
            continue
        because = entry.unmet
        if not because and plan.identity is not None and plan.identity.family in of_family:
            blame = entry.fits.blame(plan.model, plan.identity)
            because = f"models: {blame}" if blame else ""
        if because:
            yield Quiet(rule.name, f"{rule.location.file}:{rule.location.line}", because)
