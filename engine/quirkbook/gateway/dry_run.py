"""POST /v1/translate: the command line's dry run over HTTP, as pure functions of the decoded body. Nothing is sent."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from .. import __version__
from ..api import Translation, explain
from ..api.policy import DEFAULT_POLICY, verdict
from ..authoring.support import known, provider_support
from ..errors import PayloadError, UnknownProviderError, UsageError, did_you_mean
from ..model import Keys, pointer
from ..rulebook.rulebook import Rulebook
from ..rulebook.stack import StackEntry

#: Where a value stands, as (that of its parent, its key): costs nothing to go down.
_Trail = tuple[Any, str | int] | None

#: What the body may hold, and how the value of each has to look.
FIELDS: Final[Mapping[str, tuple[type, str]]] = {
    "payload": (dict, 'an object: write {"model": ..., "messages": [...]}'),
    "provider": (str, "a string: write a provider's name, or leave it out where the model's prefix says it"),
    "model": (str, "a string: write the model to translate for, or leave it out to take the payload's"),
    "why_not": (bool, "true or false"),
    "elsewhere": (bool, "true or false"),
    "deployment": (str, "a string: write the name of a deployment of that model"),
    "policy": (dict, 'an object: write {"lossy": "warn", "semantic": "error"}'),
}


_REPOSITORY: Final = f"https://github.com/quirkbook/quirkbook/blob/v{__version__}"
_LINKS: Final = {"rules": f"{_REPOSITORY}/rules", "table": f"{_REPOSITORY}/docs/compatibility.md"}


class _BadInputError(Exception):
    """The body cannot be translated: (message, param, code)."""


def dry_run(
    body: Any,
    rulebook: Rulebook,
    *,
    provider: str | None = None,
    model: str | None = None,
    policy: Mapping[str, str] | None = None,
    base_model: str | None = None,
) -> tuple[int, dict[str, Any]]:
    """Return (HTTP status, JSON data) for ``{"payload", "provider"?, "model"?, "why_not"?, "policy"?, "elsewhere"?}``; never raises.

    ``provider``, ``model`` and ``policy`` are the server's own and stand in for what the body leaves out; the body's
    policy wins effect by effect.

    200 is `Translation.to_dict`, as `quirkbook dry-run --format json` prints it, and beside it

    - ``refused``: whether a rule refuses the payload. This is a report like any other, so its status is 200 and not the
      400 that the payload itself would get: what was asked here has been answered.
    - ``forbidden``: the effects among the changes for which the policy says ``error``, the refusal's included. Sent
      with this policy the payload would get a 400 unless the list is empty.

    With ``elsewhere`` the report says so of each provider that has rules: ``[{"provider", "name", "verdict", "rules", ...}]``,
    the best fit first.

    400 is an error in OpenAI's shape, ``{"error": {"message", "type", "param", "code"}}``; ``code`` is ``invalid_type``,
    ``invalid_value``, ``missing_parameter``, ``unknown_parameter``, ``unknown_provider`` or ``provider_unclear``.
    """
    try:
        fields = _parse_fields(body)
        merged = {**(policy or {}), **fields.get("policy", {})}
        named = fields.get("provider", provider), fields.get("model", model)
        translation = _explain(fields, rulebook, *named, merged, base_model)
    except _BadInputError as error:
        return bad_input(*error.args)
    others: dict[str, Any] = {}
    if fields.get("elsewhere"):
        fits = provider_support(fields["payload"], rulebook, model=translation.model)
        others["elsewhere"] = [fit.to_dict() for fit in fits]
    return 200, {
        **others,
        **translation.to_dict(),
        "refused": translation.refusal is not None,
        "forbidden": _forbidden(translation, merged),
    }


def bad_input(message: str, param: str | None, code: str) -> tuple[int, dict[str, Any]]:
    """Return the answer to a body that cannot be translated."""
    return 400, {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def _parse_fields(body: Any) -> dict[str, Any]:
    """Return the fields of the body that are given; null counts as left out."""
    if not isinstance(body, dict):
        raise _BadInputError('the body is not an object: write {"payload": {...}}', None, "invalid_type")
    for key in body:
        if key not in FIELDS:
            raise _unknown(key, body)
    fields = {key: value for key, value in body.items() if value is not None}
    if "payload" not in fields:
        raise _BadInputError(
            'payload is missing: write {"payload": {"model": ..., "messages": [...]}}', "payload", "missing_parameter"
        )
    for key, value in fields.items():
        kind, requirement = FIELDS[key]
        if not isinstance(value, kind):
            raise _BadInputError(f"{key} is not {requirement}", key, "invalid_type")
    for keys in _endless(fields["payload"]):
        place = f"payload{pointer(keys)}"
        raise _BadInputError(f"{place}: NaN and infinity are no JSON: write a number or null", place, "invalid_value")
    return fields


def _unknown(key: str, body: Mapping[str, Any]) -> _BadInputError:
    if "payload" not in body and "messages" in body:
        hint = 'the chat payload goes inside: write {"payload": {...}}'
    else:
        near = did_you_mean(key, FIELDS)
        hint = f"did you mean '{near}'?" if near else f"write one of {', '.join(FIELDS)}"
    return _BadInputError(f"unknown key '{key}': {hint}", key, "unknown_parameter")


def _endless(payload: Any) -> Iterator[Keys]:
    """Yield where numbers stand that JSON cannot write; decoders that are not strict let them in."""
    nodes: list[tuple[Any, _Trail]] = [(payload, None)]
    while nodes:  # no recursion: a payload may nest deeper than that goes
        node, trail = nodes.pop()
        if isinstance(node, float):
            if not math.isfinite(node):
                yield tuple(_keys(trail))
        elif isinstance(node, dict):
            nodes += [(value, (trail, key)) for key, value in node.items() if isinstance(value, float | dict | list)]
        elif isinstance(node, list):
            nodes += [(value, (trail, at)) for at, value in enumerate(node) if isinstance(value, float | dict | list)]


def _keys(trail: _Trail) -> list[str | int]:
    keys: list[str | int] = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    return keys[::-1]


def _explain(
    fields: Mapping[str, Any],
    rulebook: Rulebook,
    provider: str | None,
    model: str | None,
    policy: Mapping[str, str],
    base_model: str | None,
) -> Translation:
    try:
        return explain(
            fields["payload"],
            provider,
            model=model,
            base_model=base_model,
            rulebook=rulebook,
            policy=policy,
            why_not=fields.get("why_not", False),
        )
    except PayloadError as error:
        raise _BadInputError(str(error), "payload" + error.pointer.replace("/", "."), "invalid_type") from None
    except UnknownProviderError as error:
        prefixed = "/" in str(model or fields["payload"].get("model"))
        if provider is None and not prefixed:
            raise _BadInputError(str(error), "provider", "provider_unclear") from None
        raise _BadInputError(str(error), "model" if provider is None else "provider", "unknown_provider") from None
    except UsageError as error:
        raise _BadInputError(str(error), "policy", "invalid_value") from None


def _forbidden(translation: Translation, policy: Mapping[str, str]) -> list[str]:
    effects = {change.effect for change in translation.refusals or translation.changes}
    return [effect for effect in DEFAULT_POLICY if effect in effects and verdict(effect, policy) == "error"]


def encode(data: Any) -> bytes:
    """Return data of `dry_run` or `options` as JSON, in ASCII: payloads may hold half a surrogate pair, or any number."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()


@lru_cache(maxsize=1)
def options(rulebook: Rulebook) -> dict[str, Any]:
    """Return what a page offers to choose from (GET /v1/translate), as JSON data; shared, so leave it as it is.

    ``{"providers": [{"provider", "name", "aliases", "rules", "models", "globs"}], "links": {"rules", "table"}}``: ``models``
    are those that rules name outright, in ``models`` or in their examples, ``globs`` what rules match models with; the
    links lead to the folder of this version's rules and to the table of who takes what. Reads every rule file the first time.
    """
    rows = []
    for row in known(rulebook):
        entries = [entry for entry in rulebook.effective(row["provider"]) if entry.is_on]
        written = {glob for entry in entries for glob in entry.rule.models if isinstance(glob, str)}
        globs = sorted(glob for glob in written if not glob.startswith("!") and glob != "*")
        shown = {key: row[key] for key in ("provider", "name", "aliases", "rules")}
        rows.append({**shown, "models": _models(rulebook, row["provider"], entries, globs), "globs": globs})
    return {"providers": rows, "links": _LINKS}


def _models(rulebook: Rulebook, provider: str, entries: Sequence[StackEntry], globs: Sequence[str]) -> list[str]:
    particular = [entry for entry in entries if entry.rule.models]
    examples = [
        example.given for entry in entries for example in entry.rule.examples if isinstance(example.given, dict)
    ]
    models = {model for given in examples if isinstance(model := given.get("model"), str)}
    named = {
        model
        for model in models
        if any(entry.applies(model, rulebook.identify(model, provider)) for entry in particular)
    }
    return sorted({*named, *(glob for glob in globs if not any(char in glob for char in "*?["))})
