"""A scripted provider on loopback, for the faults and shapes that no emulated provider shows; and what leaks."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Script = Callable[[socket.socket], None]
"""Writes an answer; the connection is closed afterwards if the script says so by shutting it down."""

COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
}


def chunk(content: str | None = None, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """Return a chunk that adds some text."""
    delta = {} if content is None else {"content": content}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m-1"}
    return {**head, "choices": [choice], **more}


def events(*datas: Any, end: str = "\n") -> bytes:
    """Return server-sent events; what is no text becomes JSON."""
    texts = [data if isinstance(data, str) else json.dumps(data) for data in datas]
    return "".join(f"data: {text}{end}{end}" for text in texts).encode()


def raw(data: bytes, *, close: bool = False) -> Script:
    """Return a script that sends bytes as they are."""

    def script(connection: socket.socket) -> None:
        connection.sendall(data)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return script


def answer(body: Any = COMPLETION, status: int = 200, **headers: str) -> Script:
    """Return a script for a whole answer; what is no text becomes JSON. ``retry_after`` means Retry-After."""
    text = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind = "text/plain" if isinstance(body, str) else "application/json"
    given = {"content-type": kind, "content-length": str(len(text)), **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    return raw(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + text)


def stream(*pieces: bytes, end: str = "whole", kind: str = "text/event-stream") -> Script:
    """Return a script for a stream in HTTP chunks; it ends ``whole``, ``cut``, or not at all (``hang``)."""

    def script(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for piece in pieces:
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        if end == "whole":
            connection.sendall(b"0\r\n\r\n")
        elif end == "cut":
            connection.shutdown(socket.SHUT_RDWR)

    return script


def nothing(connection: socket.socket) -> None:
    """Answer nothing, and leave the caller waiting."""


def rudely(connection: socket.socket) -> None:
    """Hang up without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


@dataclass
class Server:
    """What a scripted provider was asked."""

    url: str
    script: list[Script]
    """What it does for each request, in order; the last one again and again."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Method, path, headers in lower case and body of each."""
    connections: int = 0
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when a client has closed a connection."""

    @property
    def bodies(self) -> list[Any]:
        """The payloads received."""
        return [json.loads(request["body"]) for request in self.requests]

    def serve(self, connection: socket.socket) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as lines:
            while (request := _read(lines)) is not None:
                self.requests.append(request)
                self.script[min(len(self.requests), len(self.script)) - 1](connection)
        self.gone.set()


def _read(lines: Any) -> dict[str, Any] | None:
    first = lines.readline().decode()
    if not first:
        return None
    headers = {}
    while line := lines.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    method, path, _ = first.split()
    return {
        "method": method,
        "path": path,
        "headers": headers,
        "body": lines.read(int(headers.get("content-length", 0))),
    }


@contextlib.contextmanager
def serving(*script: Script) -> Iterator[Server]:
    """Run a scripted provider as long as the block lasts."""
    open_connections: list[socket.socket] = []
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", list(script))

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or small pieces wait for each other
                open_connections.append(connection)
                threads.append(threading.Thread(target=server.serve, args=(connection,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for connection in open_connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *threads):
                thread.join(5)


@contextlib.contextmanager
def saying(data: bytes) -> Iterator[str]:
    """Answer each connection with these bytes, whatever comes on it, and hang up; yield host and port."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):  # the listener is closed, or who called is gone
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(data)
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(65536):
                            pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield "{}:{}".format(*listener.getsockname())
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def refusing_address() -> str:
    """Return the URL of a port of this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/v1"


def sockets() -> set[str]:
    """Return the sockets that this process has open."""
    gc.collect()
    gc.freeze()  # what is left need not be looked through again: half a second, late in a run
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{number}")
            if target.startswith("socket:"):
                found.add(target)
    return found
