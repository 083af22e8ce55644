"""What a request asks of the gateway itself: the fields that LiteLLM's proxy reads out of a body and sends to nobody.

Which names these are says `client.litellm_names`, as for completion(). The gateway honours some that completion() cannot,
and has its own advice for others. A field that is meant for the upstream all the same goes into ``extra_body``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar

from ..client.litellm_names import is_without_effect, refusal
from ..wire.retry import MOST_RETRIES
from .config.model import ANY
from .http import body
from .http.asgi import HTTPError

_Value = TypeVar("_Value")

_TIMES: Final = ("timeout", "request_timeout", "force_timeout")
_TRIES: Final = ("num_retries", "max_retries")
_SPECIAL: Final = {
    "context_window_fallbacks": "context_window",
    "context_window_fallback_dict": "context_window",
    "content_policy_fallbacks": "content_policy",
}
_HONOURED: Final = frozenset({*_TIMES, "stream_timeout", *_TRIES, *_SPECIAL, "fallbacks", "disable_fallbacks"})

_CONFIG: Final = "leave it out, as the gateway's config says it"
#: What to write instead where that is not what a caller of completion() would write.
_ADVICE: Final[Mapping[str, str]] = {
    "additional_drop_params": "leave these fields out",
    "client": "leave it out",
    "deployment_id": "name the deployment as the model, by its model_info.id",
    "hf_model_name": _CONFIG,
    "retry_policy": "write num_retries",
    "retry_strategy": "write num_retries",
    "stream_timeout_by_service_tier": "write stream_timeout",
    "timeout_by_service_tier": "write timeout",
    "search_tool_name": "write web_search_options",
    "silent_model": "send the request to the other model, too",
}
_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for; None or empty where it asks for nothing."""

    timeout: float | None = None
    """Seconds to wait for each next byte of a whole answer."""
    stream_timeout: float | None = None
    """Seconds until the first event of a stream that says something."""
    retries: int | None = None
    fallbacks: Mapping[str, tuple[str, ...]] | None = None
    """Model name -> those to ask when it fails, in place of the config's; ``*``: whichever was asked for."""
    special: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """The same for errors of one class alone, as `Config.special_fallbacks`."""
    ignored: tuple[str, ...] = ()
    """The fields that have no effect here."""


NOTHING: Final = Asked()


def take(fields: MutableMapping[str, Any]) -> Asked:
    """Return what a request asks for, and take that out of its fields; a null asks for nothing.

    Raises:
        HTTPError: 400, it asks for what is not done here, or in a form that says nothing.
    """
    names = [name for name in fields if _fate(name) is not _FIELD]
    if not names:
        return NOTHING
    decoded = body.decode({name: fields.pop(name) for name in names}, None, _DEPTH)
    given = {name: value for name, value in decoded.items() if value is not None}
    for name in given:
        fate = _fate(name)
        if fate not in (_ASKS, _NO_EFFECT):
            text = f"{name} is a field of LiteLLM's that has no counterpart here: {fate}"
            raise HTTPError(400, text, param=name, code="unsupported_parameter")
    return Asked(
        timeout=_first(given, _TIMES, _seconds),
        stream_timeout=_first(given, ("stream_timeout",), _seconds),
        retries=_first(given, _TRIES, _count),
        fallbacks=_fallbacks(given),
        special=_special(given),
        ignored=tuple(name for name in given if _fate(name) is _NO_EFFECT),
    )


def names(asked: Asked) -> Iterator[str]:
    """Yield the names of models that a request asks for besides its own."""
    for lists in (asked.fallbacks or {}, *asked.special.values()):
        for named in lists.values():
            yield from named


_FIELD: Final = "a field of the payload"
_ASKS: Final = "it is honoured"
_NO_EFFECT: Final = "it has no effect"


@lru_cache(4096)  # names come from clients
def _fate(name: str) -> str:
    """Return what becomes of a field of a body: one of the three above, or what to write instead."""
    if name in _HONOURED:
        return _ASKS
    if name == "drop_params" or (len(name) <= _LONGEST_NAME and is_without_effect(name)):
        return _NO_EFFECT
    instead = refusal(name) if len(name) <= _LONGEST_NAME else None
    if instead is None:
        return _FIELD
    # Advice for Python, of a call that has addresses and keys, is for the gateway's owner here.
    return _ADVICE.get(name) or (_CONFIG if "=" in instead or "api_key" in instead else instead)


_DEPTH: Final = 64
"""Levels that these fields may nest."""
_LONGEST: Final = 1e6
_MOST_NAMED: Final = 100
"""Fallbacks of one request."""
_NAMED: Final = 'an array of names of models, such as ["kimi"]'


def _first(given: Mapping[str, Any], names: Sequence[str], read: Callable[[str, Any], _Value]) -> _Value | None:
    return next((read(name, given[name]) for name in names if name in given), None)


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise _wrong(name, "a number of seconds above 0")
    return seconds


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_RETRIES:
        raise _wrong(name, f"a whole number from 0 to {MOST_RETRIES}")
    return value


def _disabled(given: Mapping[str, Any]) -> bool:
    disabled = given.get("disable_fallbacks", False)
    if not isinstance(disabled, bool):
        raise _wrong("disable_fallbacks", "true or false")
    return disabled


def _fallbacks(given: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]] | None:
    if _disabled(given):
        return {}
    return _lists("fallbacks", given["fallbacks"]) if "fallbacks" in given else None


def _special(given: Mapping[str, Any]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    if _disabled(given):
        return {why: {} for why in _SPECIAL.values()}
    return {why: _lists(name, given[name]) for name, why in _SPECIAL.items() if name in given}


def _lists(name: str, value: Any) -> dict[str, tuple[str, ...]]:
    """Return fallbacks in any of LiteLLM's forms: names, ``{"model": name}``, or ``{name: [names]}``."""
    lists: dict[str, tuple[str, ...]] = {}
    for item in value if isinstance(value, list) else [value]:
        pairs = {ANY: item} if isinstance(item, str) else item
        if not isinstance(pairs, dict):
            raise _wrong(name, _NAMED)
        if pairs.keys() == {"model"}:
            pairs = {ANY: pairs["model"]}
        for model, names in pairs.items():
            named = [names] if isinstance(names, str) else names
            if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
                raise _wrong(name, _NAMED)
            lists[model] = (*lists.get(model, ()), *named)
    if sum(map(len, lists.values())) > _MOST_NAMED:
        raise _wrong(name, f"at most {_MOST_NAMED} names of models")
    return lists


def _wrong(name: str, expected: str) -> HTTPError:
    return HTTPError(400, f"{name} must be {expected}", param=name, code="invalid_value")
