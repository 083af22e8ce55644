"""httpx and httpx2, which differ in nothing that matters here: one code, and classes made from it on top of either."""

from __future__ import annotations

import contextlib
import importlib
import sys
from functools import cache
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from ..errors import PayloadError, UsageError
from .answer import NOTE, StreamedAnswer, WholeAnswer
from .exchange import NOT_READ, Rules, TranslatedRequest, is_chat
from .httpx_bodies import AsyncBody, Body

if TYPE_CHECKING:
    import httpx2

_LIBRARIES: Final = ("httpx2", "httpx")
"""The likeliest first."""


class Kit(NamedTuple):
    """One of the two libraries, and our classes on top of its own."""

    library: ModuleType
    transport: Any
    async_transport: Any
    body: Any
    async_body: Any

    def defaults(self) -> dict[str, Any]:
        """Return the options of a client that the openai package's own has."""
        limits = self.library.Limits(max_connections=1000, max_keepalive_connections=100)
        return {"follow_redirects": True, "limits": limits, "timeout": self.library.Timeout(600.0, connect=5.0)}


@cache
def _kit(name: str) -> Kit:
    library = importlib.import_module(name)
    return Kit(
        library,
        type("QuirkbookTransport", (_Transport, library.BaseTransport), {}),
        type("AsyncQuirkbookTransport", (_AsyncTransport, library.AsyncBaseTransport), {}),
        type("QuirkbookBody", (Body, library.SyncByteStream), {}),
        type("AsyncQuirkbookBody", (AsyncBody, library.AsyncByteStream), {}),
    )


def kit_for(library: str | None) -> Kit:
    """Return the kit for a library by its name, else for the first that is installed.

    Raises:
        UsageError: there is none.
    """
    if library is not None and library not in _LIBRARIES:
        raise UsageError(f"library cannot be '{library}': write one of {', '.join(_LIBRARIES)}")
    for name in _LIBRARIES if library is None else (library,):
        with contextlib.suppress(ImportError):
            return _kit(name)
    raise UsageError(f"this adapter needs {library or 'httpx2 or httpx'}: pip install {library or 'httpx2'}")


def kit_of(inner: object, library: str | None) -> Kit:
    """Return the kit that is wanted, else the one for the library that a transport belongs to.

    Raises:
        UsageError: there is none, or it belongs to neither library.
    """
    if inner is None or library is not None:
        return kit_for(library)
    root = next((root for root in map(_root, type(inner).__mro__) if root in _LIBRARIES), None)
    if root is None:
        name = type(inner).__name__
        raise UsageError(f"{name} is not a transport of httpx or httpx2: pass library='httpx2' if it behaves like one")
    return _kit(root)


# On the way out


class _Wrapped:
    """What both transports share."""

    _PLAIN = ""
    """The name of the libraries' own transport."""

    def __init__(self, kit: Kit, inner: Any, rules: Rules) -> None:
        """Wrap ``inner``; None: a plain transport of whichever library sends the requests."""
        self._kit, self._inner, self._rules = kit, inner, rules
        self._plain: dict[str, Any] = {}

    def _of(self, request: Any) -> tuple[Kit, Any]:
        """Return the kit and the transport for a request: a client of one library may hold a transport made for the other."""
        name = next(
            (name for name in map(_root, type(request).__mro__) if name in _LIBRARIES), self._kit.library.__name__
        )
        if self._inner is not None:
            if name != self._kit.library.__name__:
                raise UsageError(
                    f"the client is of {name}, the transport within of {self._kit.library.__name__}: take both from one"
                )
            return self._kit, self._inner
        kit = _kit(name)
        if name not in self._plain:
            self._plain[name] = getattr(kit.library, self._PLAIN)()
        return kit, self._plain[name]

    @property
    def _inners(self) -> list[Any]:
        return [*self._plain.values()] if self._inner is None else [self._inner]

    def _outgoing(self, kit: Kit, request: Any, body: bytes) -> tuple[Any, TranslatedRequest | None]:
        """Return the request to send in place of the caller's, who may want to send that again: it stays as it is."""
        try:
            translated = self._rules.prepare(str(request.url), body, request.headers.get("content-encoding", ""))
        except PayloadError as error:
            raise _unwrapped(error, kit.library, request) from None
        if translated is None or translated.body is None:
            return request, translated
        headers = request.headers.copy()
        for name, value in translated.headers.items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        outgoing = kit.library.Request(
            request.method, request.url, headers=headers, content=translated.body, extensions=request.extensions
        )
        return outgoing, translated

    @staticmethod
    def _answer(response: Any, translated: TranslatedRequest | None) -> WholeAnswer | StreamedAnswer | None:
        """Note the report on a response; return what reads it, None where it passes as it is."""
        if translated is None:
            return None
        response.headers.update(translated.response_headers)
        if translated.report is not None:
            response.extensions["quirkbook"] = translated.report
        return translated.answer(response.status_code, response.headers.get("content-type", ""))

    @staticmethod
    def _response(kit: Kit, response: Any, answer: WholeAnswer | StreamedAnswer, **body: Any) -> Any:
        headers = response.headers.copy()
        for name, value in answer.headers.items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        extensions = {**response.extensions, "quirkbook_answer": answer}
        return kit.library.Response(answer.status, headers=headers, extensions=extensions, **body)

    def _whole(self, kit: Kit, response: Any, answer: WholeAnswer, raw: bytes) -> Any:
        content = answer.feed(raw) + answer.close()
        return self._response(kit, response, answer, content=content)


def _root(kind: type) -> str:
    return kind.__module__.partition(".")[0]


class _Transport(_Wrapped):
    _PLAIN = "HTTPTransport"

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        kit, inner = self._of(request)
        if not is_chat(request.method, request.url.path):
            passed: httpx2.Response = _noted(inner.handle_request(request), request)
            return passed
        outgoing, translated = self._outgoing(kit, request, request.read())
        response: httpx2.Response = inner.handle_request(outgoing)
        answer = self._answer(response, translated)
        if isinstance(answer, WholeAnswer):
            response = self._whole(kit, response, answer, response.read())
        elif answer is not None:
            body = kit.body(response, answer)
            if answer.waits:
                body.begin()
            response = self._response(kit, response, answer, stream=body)
        return response

    def close(self) -> None:
        for inner in self._inners:
            inner.close()

    def __enter__(self) -> Self:
        for inner in self._inners:
            inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        for inner in self._inners:
            inner.__exit__(kind, error, trace)


class _AsyncTransport(_Wrapped):
    _PLAIN = "AsyncHTTPTransport"

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        kit, inner = self._of(request)
        if not is_chat(request.method, request.url.path):
            passed: httpx2.Response = _noted(await inner.handle_async_request(request), request)
            return passed
        outgoing, translated = self._outgoing(kit, request, await request.aread())
        response: httpx2.Response = await inner.handle_async_request(outgoing)
        answer = self._answer(response, translated)
        if isinstance(answer, WholeAnswer):
            response = self._whole(kit, response, answer, await response.aread())
        elif answer is not None:
            body = kit.async_body(response, answer)
            if answer.waits:
                await body.begin()
            response = self._response(kit, response, answer, stream=body)
        return response

    async def aclose(self) -> None:
        for inner in self._inners:
            await inner.aclose()

    async def __aenter__(self) -> Self:
        for inner in self._inners:
            await inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        for inner in self._inners:
            await inner.__aexit__(kind, error, trace)


def _noted(response: Any, request: Any) -> Any:
    """Say on the response that a request with a payload passed unread."""
    if request.method == "POST":
        response.headers[NOTE] = NOT_READ
    return response


def _unwrapped(error: PayloadError, library: Any, request: Any) -> PayloadError:
    """Make an error one of the openai package's too, where that is loaded.

    It lets its own errors through, but in version 2 takes every other for a broken connection: sends again, and wraps.
    """
    if "openai" not in sys.modules:
        return error
    from .openai_errors import as_openai_error  # only now: the package is not ours to import

    return as_openai_error(error, library, request)
