"""The endpoints that are passed through, and how each writes an error into its stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..upstream import streams

Event = Callable[[dict[str, Any]], bytes]
Search = Callable[[bytes], re.Match[bytes] | None] | None


def _anthropic(body: Mapping[str, Any]) -> bytes:
    return b"event: error\n" + streams.event({"type": "error", **body})


def _responses(body: Mapping[str, Any]) -> bytes:
    error = body["error"]
    said = {"code": error["code"], "message": error["message"], "param": error["param"]}
    # SDKs raise what has a member "error"; the others are those of the event as it is documented.
    return b"event: error\n" + streams.event({"type": "error", "sequence_number": 0, **said, **body})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, or a family of them."""

    method: str
    path: re.Pattern[str]
    """Below ``/v1``."""
    listed: tuple[str, ...]
    """What it matches, as a list for people has it."""
    names_model: bool = True
    """Whether a request names its model; one about an object that an earlier request made does not."""
    error_event: Event = streams.event
    """An error's body -> the event that ends a stream with it."""
    last: Search = None
    """Finds the event with which each stream ends that is complete; None: nothing is known of that."""
    is_anthropic: bool = False
    """Whether errors have Anthropic's shape."""


_LAST_CHUNK: Final = re.compile(rb'^data: *\[DONE\]|"finish_reason"\s*:\s*"', re.MULTILINE).search
_LAST_OF_MESSAGE: Final = re.compile(rb'"type"\s*:\s*"message_stop"').search
_LAST_OF_RESPONSE: Final = re.compile(rb'"type"\s*:\s*"response\.(completed|incomplete|cancelled)"').search


def _endpoints(methods: str, *listed: str, **more: Any) -> list[Endpoint]:
    pattern = "|".join(path.replace("{id}", r"[\w-]{1,200}") for path in listed)
    return [Endpoint(method, re.compile(pattern), listed, **more) for method in methods.split()]


ENDPOINTS: Final = (
    *_endpoints("POST", "/completions", last=_LAST_CHUNK),
    *_endpoints("POST", "/embeddings", "/moderations", "/rerank"),
    *_endpoints("POST", "/responses", error_event=_responses, last=_LAST_OF_RESPONSE),
    *_endpoints("POST", "/responses/compact", "/responses/input_tokens", error_event=_responses),
    *_endpoints("POST", "/responses/{id}/cancel", names_model=False),
    *_endpoints("GET", "/responses/{id}", names_model=False, error_event=_responses, last=_LAST_OF_RESPONSE),
    *_endpoints("GET", "/responses/{id}/input_items", names_model=False, error_event=_responses),
    *_endpoints("DELETE", "/responses/{id}", names_model=False),
    *_endpoints("POST", "/images/generations", "/images/edits", "/images/variations"),
    *_endpoints("POST", "/audio/speech", "/audio/transcriptions", "/audio/translations"),
    *_endpoints("POST", "/messages", error_event=_anthropic, last=_LAST_OF_MESSAGE, is_anthropic=True),
    *_endpoints("POST", "/messages/count_tokens", error_event=_anthropic, is_anthropic=True),
)


def find(method: str, path: str) -> Endpoint | None:
    """Return the endpoint that serves a path below ``/v1``.

    >>> find("POST", "/embeddings").names_model, find("GET", "/responses/resp_1").names_model, find("GET", "/embeddings")
    (True, False, None)
    """
    return next((one for one in ENDPOINTS if one.method == method and one.path.fullmatch(path)), None)


def methods(path: str) -> set[str]:
    """Return the methods that a path below ``/v1`` takes."""
    return {one.method for one in ENDPOINTS if one.path.fullmatch(path)}
