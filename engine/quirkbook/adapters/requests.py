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

from ..api import Translation
from ..api.policy import Policy
from ..api.reasoning import ReasoningMemory
from ..rulebook.rulebook import Rulebook
from .answer import NOTE, Answer, WholeAnswer
from .exchange import NOT_READ, BaseModel, Rules, TranslatedRequest, is_chat

_PIECE: Final = 65536


class QuirkbookAdapter(HTTPAdapter):
    """An HTTPAdapter with the rules in it.

    A response has ``quirkbook``, the report on the request, a `quirkbook.Translation`; None where it was not translated,
    and ``x-quirkbook-note`` says why. ``quirkbook_answer.changes`` lists what was changed in the answer, once that has been
    read; ``quirkbook_answer`` is None where no rule could touch it. The headers are as for `quirkbook.adapters.httpx`.
    """

    __attrs__ = [*HTTPAdapter.__attrs__, "_rules"]  # noqa: RUF012 - as its parent has it; what is pickled

    def __init__(
        self,
        provider: str | None = None,
        *,
        rulebook: Rulebook | None = None,
        policy: Policy | None = None,
        base_model: BaseModel = None,
        reasoning_memory: ReasoningMemory | None = None,
        **options: Any,
    ) -> None:
        """Take the provider, else it is who is known to serve the URL; ``options`` are those of HTTPAdapter.

        ``base_model`` says which model a deployment's name stands for: a name, or a mapping. ``reasoning_memory`` keeps the
        thoughts of answers, and puts them back into requests that have lost them.

        Raises:
            UnknownProviderError: nobody of that name.
            UsageError: the policy is invalid.
        """
        super().__init__(**options)
        self._rules = Rules(provider, rulebook, policy, base_model, reasoning_memory)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request: translated, if it is one for a chat completion.

        Raises:
            RefusedError: a rule says that the provider cannot take this.
            PolicyError: the policy forbids a change that the payload needs.
            PayloadError: it is not a chat payload.
        """
        url = request.url or ""
        if not is_chat(request.method or "", urlsplit(url).path):
            response = super().send(request, *args, **options)
            if request.method == "POST":
                response.headers[NOTE] = NOT_READ
            return _told(response, None, None)
        request, body = _read(request)
        translated = self._rules.prepare(url, body, str(request.headers.get("content-encoding") or ""))
        response = super().send(_outgoing(request, translated), *args, **options)
        return _told(response, None, None) if translated is None else _incoming(response, translated)


def _read(request: requests.PreparedRequest) -> tuple[requests.PreparedRequest, bytes]:
    """Return a request whose body can be sent, and its bytes: what can be read once only is read, and sent as bytes."""
    body: Any = request.body
    if body is None or isinstance(body, str | bytes | bytearray):
        return request, body.encode() if isinstance(body, str) else bytes(body or b"")
    pieces = (
        body.read()
        if hasattr(body, "read")
        else b"".join(piece.encode() if isinstance(piece, str) else piece for piece in body)
    )
    raw = pieces.encode() if isinstance(pieces, str) else bytes(pieces)
    request = request.copy()
    request.body = raw
    request.headers.pop("transfer-encoding", None)
    request.headers["content-length"] = str(len(raw))
    return request, raw


def _told(response: requests.Response, report: Translation | None, answer: Answer | None) -> requests.Response:
    vars(response).update(quirkbook=report, quirkbook_answer=answer)
    return response


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
        body = response.raw = _Body(response.raw, answer)
        if isinstance(answer, WholeAnswer):
            body.hold()
        elif answer.waits:
            body.begin()
        response.status_code = answer.status
        for name, value in answer.headers.items():
            response.headers.pop(name, None)
            if value is not None:
                response.headers[name] = value
    return _told(response, translated.report, answer)


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

    def hold(self) -> None:
        """Read all, so that the answer knows what it is."""
        self._rest = self.read()

    def begin(self) -> None:
        """Read as far as to what can be passed on first."""
        self._rest = next(self._pieces, b"")

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
