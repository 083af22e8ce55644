"""A whole answer on its way to the client, or one that becomes a stream, or comes as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...api import translate_response
from ...api.joined import joined
from ...errors import DispatchError
from ...wire import jsontext, provider_errors, sniff
from ...wire.accumulate import chunk_of
from .decompress import DecompressionError, unpacked
from .failures import BOM, empty, hidden_error, invalid_response, of_translation
from .prepared import Prepared
from .reply import Reply
from .streams import DONE
from .target import Route

_EXCERPT: Final = 200
"""Characters of an answer nobody can read that an error shows."""
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, DecompressionError)

_decode = msgspec.json.Decoder().decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def whole_response(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> bytes:
    """Return a whole answer as OpenAI's clients expect it; the very bytes where no rule applies to it.

    Raises:
        DispatchError: it is an error all the same, or no completion.
    """
    try:
        raw = unpacked(reply.packed, raw).removeprefix(BOM)
        if (
            _is_plain(_fields(raw))
            and not prepared.names
            and not route.may_match_rules(raw)
            and (raw.isascii() or raw.decode("utf-8"))
        ):
            return route.without_key(raw)
        body = _decode(raw)
    except _UNREADABLE:
        if sniff.kind(raw) == "events":
            return _put_together(route, prepared, reply, raw)
        body = jsontext.decode(raw, nan=False)
        if not isinstance(body, dict):
            raise _unreadable(route, reply, raw) from None
        raw = jsontext.encode(body)
    if provider_errors.is_error(body):
        raise hidden_error(route, prepared, reply, body)
    payload = body
    if route.rules_on_answers:
        translation = translate_response.explain_response(
            body, route.rules_on_answers, request=prepared.root, names=prepared.names, rulebook=route.book
        )
        prepared.rules += tuple(change.rule for change in translation.changes)
        payload = translation.payload
        if translation.error_class is not None:  # a rule calls it one
            raise of_translation(route, reply, translation)
    if not _has_choice(payload):
        raise empty(route, "its answer has no choices that could be used")
    return route.without_key(raw if payload is body else jsontext.encode(payload))


def _put_together(route: Route, prepared: Prepared, reply: Reply, raw: bytes) -> bytes:
    """Return the answer that a stream makes which nobody asked for.

    Raises:
        DispatchError: it is an error, or does not come to its end.
    """
    stream = joined(raw, route.chunks(prepared))
    prepared.rules += tuple(change.rule for change in stream.changes)
    if stream.failure is not None:
        raise of_translation(route, reply, stream.failure)
    if not stream.ended:
        raise invalid_response(route, "its answer stopped without saying that it is complete", "stream_cut")
    if not _has_choice(stream.answer):
        raise empty(route, "its stream ended without an answer in it")
    return route.without_key(jsontext.encode(stream.answer))


def _unreadable(route: Route, reply: Reply, raw: bytes) -> DispatchError:
    if not raw.strip() or raw.strip() == b"null":
        return empty(route, "its answer is empty")
    shown = route.mask(raw[: 4 * _EXCERPT].decode("utf-8", "replace"))[:_EXCERPT]
    packed = f", packed as {reply.packed!r}" if reply.packed else ""
    return invalid_response(route, f"the upstream's answer is not a JSON object{packed}: {shown!r}", "malformed_answer")


def _is_plain(fields: Mapping[str, msgspec.Raw]) -> bool:
    """Tell whether an answer has a choice and says nothing of an error, so that nobody need decode it (see `is_error`)."""
    if "error" in fields or "choices" not in fields:
        return False
    choices = bytes(fields["choices"])
    return choices.startswith(b"[{") and (b'"message":{' in choices or b'"message": {' in choices)


def _has_choice(body: Any) -> bool:
    """Tell whether an answer has a choice with a message, or with a text."""
    choices = body.get("choices") if isinstance(body, dict) else None
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and (isinstance(choice.get("message"), dict) or isinstance(choice.get("text"), str))
        for choice in choices
    )


def restreamed(route: Route, raw: bytes) -> bytes:
    """Return a whole answer as a stream of one chunk: some upstreams answer so, for models that cannot stream.

    Raises:
        DispatchError: a number in it is too long to be read.
    """
    answer = jsontext.decode(raw)
    if not isinstance(answer, dict):
        raise invalid_response(route, "its answer holds a number that is too long", "malformed_answer")
    return b"data: %b\n\n" % jsontext.encode(chunk_of(answer)) + DONE
