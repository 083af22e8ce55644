"""What the rules know of a model: which parameters of a request arrive, in which range, and which are changed, dropped or refused.

Found out by translating a small request with each of them, so it is what a request would meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..api import Translation, explain
from ..model import Change
from ..rulebook.rulebook import Rulebook

_TOOL: Final = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
_SCHEMA: Final = {"type": "object", "properties": {}, "additionalProperties": False}
_FORMAT: Final = {"type": "json_schema", "json_schema": {"name": "s", "schema": _SCHEMA, "strict": True}}
_MESSAGES: Final = [{"role": "user", "content": "Answer in JSON."}]

#: Parameter -> fields of a request that has it.
_ASKED: Final[Mapping[str, Mapping[str, Any]]] = {
    "frequency_penalty": {"frequency_penalty": 0.5},
    "logit_bias": {"logit_bias": {"50256": -100}},
    "logprobs": {"logprobs": True},
    "max_completion_tokens": {"max_completion_tokens": 1000},
    "max_tokens": {"max_tokens": 1000},
    "metadata": {"metadata": {"a": "b"}},
    "min_p": {"min_p": 0.1},
    "modalities": {"modalities": ["text"]},
    "n": {"n": 2},
    "parallel_tool_calls": {"parallel_tool_calls": False, "tools": [_TOOL]},
    "presence_penalty": {"presence_penalty": 0.5},
    "prompt_cache_key": {"prompt_cache_key": "k"},
    "reasoning_effort": {"reasoning_effort": "medium"},
    "repetition_penalty": {"repetition_penalty": 1.1},
    "response_format": {"response_format": {"type": "json_object"}},
    "safety_identifier": {"safety_identifier": "u"},
    "seed": {"seed": 7},
    "service_tier": {"service_tier": "auto"},
    "stop": {"stop": ["END"]},
    "store": {"store": False},
    "stream": {"stream": True},
    "stream_options": {"stream": True, "stream_options": {"include_usage": True}},
    "structured_outputs": {"response_format": _FORMAT},
    "temperature": {"temperature": 0.7},
    "tool_choice": {"tool_choice": "auto", "tools": [_TOOL]},
    "tools": {"tools": [_TOOL]},
    "top_k": {"top_k": 40},
    "top_logprobs": {"logprobs": True, "top_logprobs": 2},
    "top_p": {"top_p": 0.9},
    "user": {"user": "u"},
    "verbosity": {"verbosity": "medium"},
    "web_search_options": {"web_search_options": {}},
}
#: Where the field has another name than the parameter.
_FIELD: Final = {"structured_outputs": "response_format"}
#: Parameters that many providers ignore: none of them is reported as supported because no rule objects.
_SPECIAL: Final = frozenset(
    {
        "metadata", "min_p", "modalities", "prompt_cache_key", "reasoning_effort", "repetition_penalty",
        "safety_identifier", "service_tier", "store", "top_k", "verbosity", "web_search_options",
    }
)  # fmt: skip
#: Parameter -> values that no provider takes, below and above.
_EXTREMES: Final[Mapping[str, tuple[float, float]]] = {
    "temperature": (-1000, 1000),
    "top_p": (-1000, 1000),
    "frequency_penalty": (-1000, 1000),
    "presence_penalty": (-1000, 1000),
    "top_logprobs": (-1000, 1000),
    "n": (-1000, 1000),
    "max_tokens": (-1, 10**9),
    "max_completion_tokens": (-1, 10**9),
}
EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def abilities(rulebook: Rulebook, provider: str, model: str, base_model: str | None = None) -> dict[str, Any]:
    """Return what the rules know of a model of a provider, as JSON data.

    ``supported_parameters`` lists those that arrive, as they are or in other words; those that many providers ignore only
    where a rule or the provider's ``keys`` speak for them. ``parameters`` has a row for each of
    which the rules know more than that: ``fate`` (``changed``, ``dropped`` or ``refused``) with the ``rule`` that decides,
    ``becomes`` (the field that a changed one becomes), ``range`` (``[least, most]``, None for an end that no rule knows),
    and for efforts ``values`` (those that arrive as they are) and ``instead`` (those that become another).

    >>> known = abilities(Rulebook(), "deepseek", "deepseek-chat")
    >>> known["parameters"]["n"], "seed" in known["supported_parameters"]
    ({'fate': 'dropped', 'rule': 'format/one-choice'}, True)
    """

    def asked(fields: Mapping[str, Any]) -> Translation:
        payload = {"model": model, "messages": _MESSAGES, **fields}
        return explain(payload, provider, base_model=base_model, rulebook=rulebook)

    keys = rulebook.provider(provider).head.get("keys", ())
    supported: list[str] = []
    rows: dict[str, dict[str, Any]] = {}
    for name, fields in _ASKED.items():
        field = _FIELD.get(name, name)
        row = _fate(field, fields[field], asked(fields))
        if name == "reasoning_effort":
            row |= _efforts([(effort, asked({field: effort})) for effort in EFFORTS])
        if row.get("fate", "changed") == "changed" and (row or name not in _SPECIAL or name in keys):
            supported.append(name)
            low, high = _EXTREMES.get(name, (0, 0))
            if low < high and not row:
                ends = [_end(field, end, asked({**fields, field: end})) for end in (low, high)]
                row = {"range": ends} if ends != [None, None] else {}
        if row:
            rows[name] = row
    return {"supported_parameters": supported, "parameters": rows}


def sees_images(rulebook: Rulebook, provider: str, model: str, base_model: str | None = None) -> bool | None:
    """Tell whether an image in a message arrives; None: no rule speaks against it, which is not to say that it is seen."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    content = [{"type": "text", "text": "Hi"}, image]
    payload = {"model": model, "messages": [{"role": "user", "content": content}]}
    done = explain(payload, provider, base_model=base_model, rulebook=rulebook)
    return False if done.refusals or "image" not in str(done.payload["messages"]) else None


def _fate(field: str, value: Any, done: Translation) -> dict[str, Any]:
    """Return what became of a field; nothing for one that arrived as it was."""
    if done.refusals:
        return {"fate": "refused", "rule": done.refusals[0].rule}
    if field in done.payload and done.payload[field] == value:
        return {}
    touching = [change for change in done.changes if _touches(change, field)]
    rule = {"rule": touching[-1].rule} if touching else {}
    if field in done.payload:
        return {"fate": "changed", **rule}
    if not touching or all(change.action == "drop" for change in touching):
        return {"fate": "dropped", **rule}
    moved = next((change.keys[0] for change in reversed(touching) if change.keys and change.keys[0] != field), None)
    return {"fate": "changed", **rule, **({} if moved is None else {"becomes": moved})}


def _touches(change: Change, field: str) -> bool:
    return any(keys and keys[0] == field for keys in (change.keys, change.moved_from))


def _end(field: str, end: float, done: Translation) -> float | None:
    """Return the value that an extreme one was brought to."""
    value = done.payload.get(field)
    clamped = not done.refusals and isinstance(value, int | float) and not isinstance(value, bool) and value != end
    return value if clamped else None


def _efforts(asked: list[tuple[str, Translation]]) -> dict[str, Any]:
    values, instead = [], {}
    for effort, done in asked:
        arrived = None if done.refusals else done.payload.get("reasoning_effort")
        if arrived == effort:
            values.append(effort)
        elif isinstance(arrived, str):
            instead[effort] = arrived
    if len(values) == len(EFFORTS):
        return {}  # no rule says anything of efforts
    return {"values": values, **({"instead": instead} if instead else {})} if values or instead else {}
