"""An answer and a provider's dialect -> the JSON body of a reply, or the chunks of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, zip_longest
from typing import Any

from .completion import CREATED, Answer, Choice, pieces
from .refusal import fill

Dialect = Mapping[str, Any]
"""How answers look; ``schemas/accepts.schema.json`` describes its keys."""


def body(answer: Answer, dialect: Dialect, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole reply."""
    choices = []
    for index, choice in enumerate(answer.choices):
        entry = {"index": index, "message": _message(choice, dialect), "finish_reason": _finish(choice, dialect)}
        if payload.get("logprobs"):
            entry["logprobs"] = _logprobs(pieces(choice.content or ""), payload)
        choices.append(entry)
    usage = _usage(answer, answer.choices, dialect)
    besides = fill(dialect.get("whole", {}), {"id": f"{dialect['id']}{answer.digest}", "usage": usage})
    return {**_head(answer, dialect, "chat.completion"), "choices": choices, "usage": usage, **besides}


def chunks(answer: Answer, dialect: Dialect, payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a stream; those of several choices take turns."""
    usage = _usage(answer, answer.choices, dialect)
    parts = {"id": f"{dialect['id']}{answer.digest}", "usage": usage}
    head = {**_head(answer, dialect, "chat.completion.chunk"), **fill(dialect.get("chunk", {}), parts)}
    last_fields = fill(dialect.get("last_chunk", {}), parts)
    wants_usage = bool((payload.get("stream_options") or {}).get("include_usage"))
    # Whoever asks for usage gets a null in every chunk but the last, where the provider says so.
    usage_field = {"usage": None} if wants_usage and dialect.get("null_usage") else {}
    turns = (_choice_chunks(answer, index, dialect, payload) for index in range(len(answer.choices)))
    passed = (choice for choice in chain.from_iterable(zip_longest(*turns)) if choice is not None)
    for place, choice in enumerate(passed):
        so_far = {"usage": _so_far(usage, place)} if dialect.get("usage_so_far") else usage_field
        yield {**head, "choices": [choice], **so_far, **(last_fields if choice["finish_reason"] else {})}
    usage_chunk = dialect.get("usage_chunk", True)
    if wants_usage and usage_chunk is not False:
        yield {**head, "choices": [], "usage": usage, **(usage_chunk if isinstance(usage_chunk, dict) else {})}
    if not wants_usage and dialect.get("closing_answer"):
        yield body(answer, dialect, payload)


def _choice_chunks(
    answer: Answer, index: int, dialect: Dialect, payload: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    choice, text_so_far = answer.choices[index], ""

    def so_far() -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": text_so_far}} if dialect.get("message_so_far") else {}

    for place, (piece, delta) in enumerate(_deltas(choice, dialect)):
        text_so_far += piece
        again = dialect.get("delta_again", {}) if place else {}
        chunk = {"index": index, "delta": {**delta, **again}, **so_far(), "finish_reason": None}
        if payload.get("logprobs"):
            chunk["logprobs"] = _logprobs([piece], payload) if piece else None
        yield chunk
    last_chunk = {"index": index, "delta": {}, **so_far(), "finish_reason": _finish(choice, dialect)}
    if dialect.get("usage_in_choice"):
        last_chunk["usage"] = _usage(answer, (choice,), dialect)
    yield last_chunk


def _deltas(choice: Choice, dialect: Dialect) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each delta with the piece of the answer's text that it carries."""
    opening = dialect.get("tool_call_content") if choice.tool_calls else ""
    yield "", {"role": "assistant", "content": opening, **dialect.get("delta", {})}
    thoughts = [_thoughts(piece, dialect) for piece in pieces(choice.reasoning or "")]
    aloud = _aloud(choice, dialect)
    if not aloud:
        yield from (("", thought) for thought in thoughts if thought)
        thoughts = []
    for place, piece in enumerate(pieces(aloud + (choice.content or ""))):
        thought_beside = thoughts[place] if place < len(thoughts) else {}
        yield piece, {"content": piece, **thought_beside}
    for index, call in enumerate(_calls(choice, dialect)):
        yield from (("", {"tool_calls": [part]}) for part in _call_parts(index, call, dialect))


def _call_parts(index: int, call: dict[str, Any], dialect: Dialect) -> Iterator[dict[str, Any]]:
    """Yield a tool call as a stream brings it: whole, or its name first and then its arguments in two pieces."""
    place = {"index": index} if dialect.get("tool_call_index", True) else {}
    if dialect.get("tool_call_whole"):
        yield {**place, **call}
        return
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    half = len(arguments) // 2
    yield {**place, **call, "function": {"name": name, "arguments": ""}}
    for part in (arguments[:half], arguments[half:]):
        again = dialect.get("tool_call_again", {})
        yield {**place, **again, "function": {**again.get("function", {}), "arguments": part}}


def _head(answer: Answer, dialect: Dialect, kind: str) -> dict[str, Any]:
    start = {
        "id": f"{dialect['id']}{answer.digest}",
        "object": kind,
        "created": CREATED,
        "model": answer.model,
    }
    return {**start, **dialect.get("top", {})}


def _message(choice: Choice, dialect: Dialect) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.content, **dialect.get("message", {})}
    if choice.tool_calls:
        message["content"] = dialect.get("tool_call_content")
        message["tool_calls"] = _calls(choice, dialect)
    if aloud := _aloud(choice, dialect):
        message["content"] = aloud + (message["content"] or "")
    return {**message, **_thoughts(choice.reasoning or "", dialect)}


def _thoughts(text: str, dialect: Dialect) -> dict[str, Any]:
    """Return the fields of a message or delta in which thoughts stand beside the content."""
    form = dialect.get("reasoning", {})
    field = {form["field"]: text} if form.get("field") else {}
    return {**field, **fill(form.get("besides", {}), {"text": text})} if text else {}


def _aloud(choice: Choice, dialect: Dialect) -> str:
    """Return the thoughts of a model that says them at the start of its answer, between two tags."""
    tags = dialect.get("reasoning", {}).get("tags")
    return f"{tags[0]}{choice.reasoning}{tags[1]}" if tags and choice.reasoning else ""


def _calls(choice: Choice, dialect: Dialect) -> list[dict[str, Any]]:
    return [{**call, **dialect.get("tool_call", {})} for call in choice.tool_calls]


def _finish(choice: Choice, dialect: Dialect) -> str:
    words: Mapping[str, str] = dialect.get("finish_reasons", {})
    return words.get(choice.finish_reason, choice.finish_reason)


def _usage(answer: Answer, choices: tuple[Choice, ...], dialect: Dialect) -> dict[str, Any]:
    completion = sum(choice.tokens for choice in choices)
    cached = answer.prompt_tokens // 2
    usage: dict[str, Any] = {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": answer.prompt_tokens + completion,
    }
    if dialect.get("cached_at_top"):
        usage["cached_tokens"] = cached
    if dialect.get("prompt_details"):
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    if dialect.get("completion_details"):
        thought = sum(choice.reasoning_tokens for choice in choices)
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
    return {**usage, **fill(dialect.get("usage", {}), {"cached": cached, "uncached": answer.prompt_tokens - cached})}


def _so_far(usage: dict[str, Any], chunks_before: int) -> dict[str, Any]:
    """Return the usage of a stream that has come so far: one token of the answer a chunk."""
    completion = min(chunks_before, usage["completion_tokens"])
    return {**usage, "completion_tokens": completion, "total_tokens": usage["prompt_tokens"] + completion}


def _logprobs(texts: list[str], payload: Mapping[str, Any]) -> dict[str, Any]:
    likely = payload.get("top_logprobs") or 0
    tokens = []
    for piece in texts:
        ranked = [_token(piece if rank == 0 else f"{piece}{rank}", -0.1 * (rank + 1)) for rank in range(likely)]
        tokens.append({**_token(piece, -0.1), "top_logprobs": ranked})
    return {"content": tokens, "refusal": None}


def _token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": round(logprob, 2), "bytes": list(text.encode("utf-8", "replace"))}
