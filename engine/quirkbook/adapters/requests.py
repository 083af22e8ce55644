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
from .exchange import Rules, Sent, is_chat

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
        sent = self._rules.send(url, body)
        response = super().send(_outgoing(request, sent), *args, **options)
        return response if sent is None else _incoming(response, sent)


def _outgoing(request: requests.PreparedRequest, sent: Sent | None) -> requests.PreparedRequest:
    """Return the request to send; the caller's own stays as it is."""
    if sent is None or sent.body is None:
        return request
    made = request.copy()
    made.body = sent.body
    for name, value in sent.headers.items():
        made.headers.pop(name, None)
        if value is not None:
            made.headers[name] = value
    return made


def _incoming(response: requests.Response, sent: Sent) -> requests.Response:
    answer = sent.answer(response.status_code, response.headers.get("content-type", ""))
    response.headers.update(sent.marks)
    if answer is not None:
        response.raw = _Body(response.raw, answer)
        for name, value in answer.headers.items():
            response.headers.pop(name, None)
            if value is not None:
                response.headers[name] = value
    vars(response).update(quirkbook=sent.report, quirkbook_answer=answer)
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
        rest, self._rest = self._rest, b""
        if rest:
            yield rest
        yield from self._pieces

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Return ``amt`` bytes, fewer only at the end; all without it."""
        found = [self._rest]
        size = len(self._rest)
        while amt is None or size < amt:
            piece = next(self._pieces, None)
            if piece is None:
                break
            found.append(piece)
            size += len(piece)
        data = b"".join(found)
        end = size if amt is None else amt
        self._rest = data[end:]
        return data[:end]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
