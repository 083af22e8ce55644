"""The rules in requests: mount the adapter where the provider is.

    session.mount("https://api.moonshot.ai", QuirkbookAdapter())
    response = session.post("https://api.moonshot.ai/v1/chat/completions", json=payload)
    response.quirkbook.changes

Requests for chat completions are translated on the way out, answers, streams and errors on the way back; all else
passes untouched. A payload that a rule or the policy refuses is not sent: `RefusedError` or `PolicyError` is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from ..api import Policy
from ..rulebook.rulebook import Rulebook
from .answer import Answer
from .exchange import Rules, TranslatedRequest, is_chat

_PIECE: Final = 65536


class QuirkbookAdapter(HTTPAdapter):
    """An HTTPAdapter with the rules in it.

    A response that went through has ``quirkbook``, the report on the request, a `quirkbook.Translation`; None where
    nobody knows the provider. ``quirkbook_answer.changes`` lists what was changed in the answer, once that has been
    read; ``quirkbook_answer`` is None where no rule could touch it. The headers are as for `quirkbook.adapters.httpx`.
    """

    __attrs__ = [*HTTPAdapter.__attrs__, "_rules"]  # noqa: RUF012 - as its parent has it; what is pickled

    def __init__(
        self,
        provider: str | None = None,
        *,
        rulebook: Rulebook | None = None,
        policy: Policy | None = None,
        **options: Any,
    ) -> None:
        """Take the provider, else it is who is known to serve the URL; ``options`` are those of HTTPAdapter.

        Raises:
            UnknownProviderError: nobody of that name.
            UsageError: a policy that is none.
        """
        super().__init__(**options)
        self._rules = Rules(provider, rulebook, policy)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request: translated, if it is one for a chat completion.

        Raises:
            RefusedError: a rule says that the provider cannot take this.
            PolicyError: the policy forbids a change that the payload needs.
            PayloadError: it is no chat payload.
        """
        body = request.body.encode() if isinstance(request.body, str) else request.body
        url = request.url or ""
        if not isinstance(body, bytes) or not is_chat(request.method or "", urlsplit(url).path):
            return super().send(request, *args, **options)
        translated = self._rules.prepare(url, body)
        response = super().send(_outgoing(request, translated), *args, **options)
        return response if translated is None else _incoming(response, translated)


def _outgoing(request: requests.PreparedRequest, translated: TranslatedRequest | None) -> requests.PreparedRequest:
    """Return the request to send; the caller's own stays as it is."""
    if translated is None or translated.body is None:
        return request
    outgoing = request.copy()
    outgoing.body = translated.body
    for name, value in translated.headers.items():
        outgoing.headers.pop(name, None)
        if value is not None:
            outgoing.headers[name] = value
    return outgoing


def _incoming(response: requests.Response, translated: TranslatedRequest) -> requests.Response:
    answer = translated.answer(response.status_code, response.headers.get("content-type", ""))
    response.headers.update(translated.response_headers)
    if answer is not None:
        response.raw = _Body(response.raw, answer)
        for name, value in answer.headers.items():
            response.headers.pop(name, None)
            if value is not None:
                response.headers[name] = value
    vars(response).update(quirkbook=translated.report, quirkbook_answer=answer)
    return response


class _Body:
    """Stands in for the urllib3 response that a requests response reads; all but reading is that one's."""

    def __init__(self, raw: Any, answer: Answer) -> None:
        self._raw = raw
        self._pieces = self._read(answer)
        self._rest = b""

    def _read(self, answer: Answer) -> Iterator[bytes]:
        while data := self._raw.read1(_PIECE, decode_content=True):
            if passed := answer.feed(data):
                yield passed
        if passed := answer.close():
            yield passed

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield what comes, as it comes: a chat wants no waiting until so many bytes are there."""
        buffered, self._rest = self._rest, b""
        if buffered:
            yield buffered
        yield from self._pieces

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Return ``amt`` bytes, fewer only at the end; all without it."""
        pieces = [self._rest]
        size = len(self._rest)
        while amt is None or size < amt:
            piece = next(self._pieces, None)
            if piece is None:
                break
            pieces.append(piece)
            size += len(piece)
        data = b"".join(pieces)
        end = size if amt is None else amt
        self._rest = data[end:]
        return data[:end]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
