"""A provider on loopback that costs next to nothing: the same answer to every POST, whole or as a paced stream.

The model ``silent`` gets no answer, and the model ``lost`` the number of connections lost while one was awaited.
Runs in a process of its own (`with loopback.server() as url:`), so that a client's figures are the client's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator

PAUSE = 0.002
"""Seconds between two events of a stream."""
EVENTS = 20

_FRAME = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m"}
ANSWER = {
    **_FRAME,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
}
_BODY = json.dumps(ANSWER).encode()
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _chunk(at: int) -> bytes:
    reason = "stop" if at == EVENTS - 1 else None
    choice = {"index": 0, "delta": {"role": "assistant", "content": f"word {at} "}, "finish_reason": reason}
    chunk = {**_FRAME, "object": "chat.completion.chunk", "choices": [choice]}
    event = f"data: {json.dumps(chunk)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


_CHUNKS = [*map(_chunk, range(EVENTS)), b"e\r\ndata: [DONE]\n\n\r\n", b"0\r\n\r\n"]


class _Provider(asyncio.Protocol):
    lost = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.data = b""
        self.silent = False

    def connection_lost(self, error: Exception | None) -> None:
        if self.silent:
            _Provider.lost += 1

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)
        if length is None and not self.data.endswith(b"0\r\n\r\n"):  # chunked, as some clients send
            return
        if length is not None and len(body) < length:
            return
        self.data = b""
        if b'"silent"' in body:
            self.silent = True
        elif b'"lost"' in body:
            number = str(_Provider.lost).encode()
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(number), number))
        elif b'"stream":true' in body.replace(b" ", b""):
            self._next(iter([_HEAD, *_CHUNKS]))
        else:
            self.transport.write(_WHOLE)

    def _next(self, parts: Iterator[bytes]) -> None:
        part = next(parts, None)
        if part is not None and not self.transport.is_closing():
            self.transport.write(part)
            asyncio.get_running_loop().call_later(0 if part is _HEAD else PAUSE, self._next, parts)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Provider, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run the provider as a process of its own and yield its base URL."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
