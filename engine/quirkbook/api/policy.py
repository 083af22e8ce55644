"""What a caller allows of the effects that changes have."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import UsageError
from ..payload.describe import kind

Policy = Mapping[str, str]
"""Effect -> ``allow``, ``warn`` or ``error``; what is left out keeps its default."""

DEFAULT_POLICY: Policy = {"exact": "allow", "lossy": "warn", "semantic": "warn", "refuse": "error"}


def verdict(effect: str, policy: Policy | None) -> str:
    """Return what the policy says of an effect: ``allow``, ``warn`` or ``error``."""
    return (policy or {}).get(effect) or DEFAULT_POLICY.get(effect, "allow")


def check_policy(policy: Policy | None) -> None:
    """Refuse a policy that names no effect or no verdict.

    Raises:
        UsageError: with the word that is wrong and those that are right.
    """
    if policy is not None and not isinstance(policy, Mapping):
        raise UsageError(
            f'policy must be a mapping, not {kind(policy)}; example: {{"lossy": "error", "semantic": "error"}}'
        )
    for effect, wanted in (policy or {}).items():
        if effect not in DEFAULT_POLICY:
            raise UsageError(f"policy: '{effect}' is not an effect: write one of {', '.join(DEFAULT_POLICY)}")
        allowed = ("warn", "error") if effect == "refuse" else ("allow", "warn", "error")
        if wanted not in allowed:
            raise UsageError(f"policy: {effect} cannot be '{wanted}': write one of {', '.join(allowed)}")
