"""httpx and httpx2, which differ in nothing that matters here: one code, and classes made from it on top of either."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from ..errors import PayloadError, UsageError
from .answer import Answer
from .exchange import Rules, TranslatedRequest, is_chat

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


@cache
def _kit(name: str) -> Kit:
    library = importlib.import_module(name)
    return Kit(
        library,
        type("QuirkbookTransport", (_Transport, library.BaseTransport), {}),
        type("AsyncQuirkbookTransport", (_AsyncTransport, library.AsyncBaseTransport), {}),
        type("QuirkbookBody", (_Body, library.SyncByteStream), {}),
        type("AsyncQuirkbookBody", (_AsyncBody, library.AsyncByteStream), {}),
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
    roots = [kind.__module__.partition(".")[0] for kind in type(inner).__mro__]
    root = next((root for root in roots if root in _LIBRARIES), None)
    if root is None:
        name = type(inner).__name__
        raise UsageError(f"{name} is no transport of httpx or httpx2: say library='httpx2' if it is like one")
    return _kit(root)


# On the way out


class _Wrapped:
    """What both transports share."""

    def __init__(self, kit: Kit, inner: Any, rules: Rules) -> None:
        self._kit, self._inner, self._rules = kit, inner, rules

    def _outgoing(self, request: Any, body: bytes) -> tuple[Any, TranslatedRequest | None]:
        """Return the request to send in place of the caller's, who may want to send that again: it stays as it is."""
        try:
            translated = self._rules.prepare(str(request.url), body)
        except PayloadError as error:
            raise _unwrapped(error, self._kit.library, request) from None
        if translated is None or translated.body is None:
            return request, translated
        headers = request.headers.copy()
        for name, value in translated.headers.items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        outgoing = self._kit.library.Request(
            request.method, request.url, headers=headers, content=translated.body, extensions=request.extensions
        )
        return outgoing, translated

    def _incoming(self, response: Any, translated: TranslatedRequest | None, body: Any) -> Any:
        if translated is None:
            return response
        response.headers.update(translated.response_headers)
        if translated.report is not None:
            response.extensions["quirkbook"] = translated.report
        answer = translated.answer(response.status_code, response.headers.get("content-type", ""))
        if answer is None:
            return response
        headers = response.headers.copy()
        for name, value in answer.headers.items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        extensions = {**response.extensions, "quirkbook_answer": answer}
        stream = body(response, answer)
        return self._kit.library.Response(response.status_code, headers=headers, stream=stream, extensions=extensions)


class _Transport(_Wrapped):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        inner: httpx2.BaseTransport = self._inner
        if not is_chat(request.method, request.url.path):
            return inner.handle_request(request)
        request, translated = self._outgoing(request, request.read())
        response: httpx2.Response = self._incoming(inner.handle_request(request), translated, self._kit.body)
        return response

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._inner.__exit__(kind, error, trace)


class _AsyncTransport(_Wrapped):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        inner: httpx2.AsyncBaseTransport = self._inner
        if not is_chat(request.method, request.url.path):
            return await inner.handle_async_request(request)
        request, translated = self._outgoing(request, await request.aread())
        response: httpx2.Response = self._incoming(
            await inner.handle_async_request(request), translated, self._kit.async_body
        )
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._inner.__aexit__(kind, error, trace)


def _unwrapped(error: PayloadError, library: Any, request: Any) -> PayloadError:
    """Make an error one of the openai package's too, where that is loaded.

    It lets its own errors through, but in version 2 takes every other for a broken connection: sends again, and wraps.
    """
    if "openai" not in sys.modules:
        return error
    from .openai_errors import as_openai_error  # only now: the package is not ours to import

    return as_openai_error(error, library, request)


# On the way back


class _Body:
    def __init__(self, response: httpx2.Response, answer: Answer) -> None:
        self._response, self._answer = response, answer

    def __iter__(self) -> Iterator[bytes]:
        for data in self._response.iter_bytes():
            if passed := self._answer.feed(data):
                yield passed
        if passed := self._answer.close():
            yield passed

    def close(self) -> None:
        self._response.close()


class _AsyncBody:
    def __init__(self, response: httpx2.Response, answer: Answer) -> None:
        self._response, self._answer = response, answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with contextlib.aclosing(self._response.aiter_bytes()) as pieces:
            async for data in pieces:
                if passed := self._answer.feed(data):
                    yield passed
        if passed := self._answer.close():
            yield passed

    async def aclose(self) -> None:
        await self._response.aclose()
