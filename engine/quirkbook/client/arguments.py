"""The arguments of completion(): which are fields of the payload, which are ours, and which only LiteLLM knows.

A name that is in none of the tables is a field of the payload: forward by default, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict

from ..api.objects import is_object
from ..api.policy import Policy
from ..api.reasoning import ReasoningMemory
from ..api.response_format import plain_format
from ..errors import PayloadError, UsageError
from ..payload.describe import kind
from ..rulebook.providers import check_names
from ..rulebook.rulebook import Rulebook
from .litellm_names import is_without_effect, refusal

Messages = Iterable[Any]
"""Dicts, or objects that stand for one, such as messages of an earlier answer."""


class Options(TypedDict, total=False):
    """What completion() takes besides ``model``, ``messages`` and ``stream``. None means: not given."""

    # Fields of the payload
    audio: Mapping[str, Any] | None
    frequency_penalty: float | None
    function_call: str | Mapping[str, Any] | None
    functions: Sequence[Mapping[str, Any]] | None
    logit_bias: Mapping[str, float] | None
    logprobs: bool | None
    max_completion_tokens: int | None
    max_tokens: int | None
    metadata: Mapping[str, str] | None
    modalities: Sequence[str] | None
    n: int | None
    parallel_tool_calls: bool | None
    prediction: Mapping[str, Any] | None
    presence_penalty: float | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    reasoning_effort: str | None
    response_format: Mapping[str, Any] | type | None
    """A class that has ``model_json_schema``, as pydantic's have, goes as its JSON schema."""
    safety_identifier: str | None
    seed: int | None
    service_tier: str | None
    stop: str | Sequence[str] | None
    store: bool | None
    stream_options: Mapping[str, Any] | None
    temperature: float | None
    thinking: Mapping[str, Any] | None
    tool_choice: str | Mapping[str, Any] | None
    tools: Sequence[Mapping[str, Any]] | None
    top_logprobs: int | None
    top_p: float | None
    user: str | None
    verbosity: str | None
    web_search_options: Mapping[str, Any] | None

    # How to call
    api_base: str | None
    """The same as base_url."""
    api_key: str | None
    base_model: str | None
    """Which model it is, where ``model`` is a deployment's own name: the maker's id, ``gpt-5.6``."""
    base_url: str | None
    """Where to call instead of the provider's own address; with or without its path (``/v1``)."""
    custom_llm_provider: str | None
    """The same as provider, but an address that is known wins: LiteLLM's users write openai for its protocol."""
    drop_params: bool | None
    """Accepted for LiteLLM's sake; the rules decide what is dropped."""
    extra_body: Mapping[str, Any] | None
    """Further fields, or nulls; they go through the rules like all others and win over arguments of the same name."""
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    """The same as extra_headers."""
    max_retries: int | None
    num_retries: int | None
    """The same as max_retries."""
    policy: Policy | None
    provider: str | None
    reasoning_memory: ReasoningMemory | None
    """Keeps the thoughts of answers, and puts them back into later requests that lack them."""
    rulebook: Rulebook | None
    timeout: float | tuple[float, float] | None
    """Seconds to wait for the connection and for each piece of the answer; a pair, or an httpx.Timeout, tells the two apart."""


#: What is not sent. Two names for one thing stand side by side, ours first.
OWN: Final = (
    ("api_key",),
    ("base_model",),
    ("base_url", "api_base"),
    ("provider", "custom_llm_provider"),
    ("drop_params",),
    ("extra_body",),
    ("extra_headers", "headers"),
    ("extra_query",),
    ("max_retries", "num_retries"),
    ("policy",),
    ("reasoning_memory",),
    ("rulebook",),
    ("timeout",),
)
_OWN_NAMES: Final = {name: names[0] for names in OWN for name in names}
_FIELDS: Final = Options.__annotations__.keys() - _OWN_NAMES.keys()


def sort_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    """Return (fields of the payload, our own arguments under their first names, remarks).

    Raises:
        UsageError: an argument that cannot be honoured, or two names for one thing that differ.
        PayloadError: a response_format that is neither JSON nor a class with a JSON schema.
    """
    fields: dict[str, Any] = {}
    call_options: dict[str, Any] = {}
    remarks: list[str] = []
    for name, value in options.items():
        if value is None:
            continue
        if name in _OWN_NAMES:
            primary = _OWN_NAMES[name]
            if primary in call_options and call_options[primary] != value:
                raise UsageError(f"{primary} and its other name {name} differ: give one of them")
            call_options[primary] = value
        elif name in _FIELDS:
            fields[name] = value
        elif (instead := refusal(name)) is not None:
            raise UsageError(f"{name} is an argument of LiteLLM that has no counterpart here: {instead}")
        elif is_without_effect(name):
            remarks.append(f"{name} has no effect: it is an argument of LiteLLM's own")
        else:
            fields[name] = value
    check_names(call_options.get("provider"), None, call_options.get("base_url"))
    if options.get("custom_llm_provider") is not None and options.get("provider") is None:
        call_options["address_first"] = True
    if call_options.pop("drop_params", None) is not None:
        remarks.append("drop_params has no effect: the rules decide what is dropped, and the report says so")
    if "response_format" in fields:
        fields["response_format"], remark = plain_format(fields["response_format"])
        remarks += [remark] if remark else []
    return fields, call_options, tuple(remarks)


def plain_messages(messages: Messages) -> list[Any]:
    """Return messages as a list; those that are objects of SDKs become JSON data when rules are applied.

    Raises:
        PayloadError: they are no messages.
    """
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
        raise PayloadError(
            f'messages must be an array, not {kind(messages)}; example: [{{"role": "user", ...}}]', "/messages"
        )
    found = list(messages)
    for at, message in enumerate(found):
        if not is_object(message):
            text = f'a message must be an object, not {kind(message)}; example: {{"role": ..., "content": ...}}'
            raise PayloadError(text, f"/messages/{at}")
    return found


def timeout_pair(timeout: Any, default: tuple[float, float]) -> tuple[float, float]:
    """Return (connect, read) of a timeout.

    Raises:
        UsageError: it is neither a positive number nor a pair of them.
    """
    if timeout is None:
        return default
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if hasattr(timeout, "connect") and hasattr(timeout, "read"):  # httpx.Timeout, in which None means: without end
        pair = tuple(_ENDLESS if part is None else part for part in (timeout.connect, timeout.read))
    elif isinstance(timeout, str):
        pair = (_seconds(timeout),) * 2
    if len(pair) != 2 or not all(_is_positive(part) for part in pair):
        raise UsageError(f"timeout cannot be {timeout!r}: write seconds above 0, or a pair (connect, read) of them")
    return float(pair[0]), float(pair[1])


_ENDLESS: Final = 1e6


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e7


def retry_count(value: Any, default: int, most: int) -> int:
    """Return how often to try again.

    Raises:
        UsageError: it is not such a number.
    """
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise UsageError(f"max_retries cannot be {value!r}: write 0 to {most}")
    return value
