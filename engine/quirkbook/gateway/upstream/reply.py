"""An answer of an upstream, as who asked for it reads it."""

from __future__ import annotations

from typing import Final

from ...errors import APIConnectionError
from .connection import Connection

LONGEST: Final = 256 * 1024 * 1024
"""Bytes of a whole answer; nobody waits for the end of what is longer."""


class Reply:
    """An answer whose head has come. Read it to its end, or close it."""

    __slots__ = ("_connection", "headers", "packed", "status")

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        self.status = connection.status
        self.headers = connection.headers
        """Names in lower case; a name that comes twice has its values joined by commas."""
        self.packed = connection.packed
        """How the body is packed that nobody unpacks as it comes; "": it is as it is."""

    def nudge(self) -> None:
        """Wake who waits for a piece."""
        if self._connection is not None:
            self._connection.nudge()

    async def piece(self, patience: float) -> bytes | None:
        """Return the next bytes of the body as soon as there are any; none at its end; None: somebody has nudged.

        Raises:
            APIConnectionError: it broke off.
            Timeout: nothing came for ``patience`` seconds.
        """
        return await self._connection.piece(patience) if self._connection else b""

    async def read(self, patience: float, most: int | None = None) -> bytes:
        """Return the whole body, and the connection goes back to the pool; or its first ``most`` bytes.

        Raises:
            APIConnectionError: it broke off.
            Timeout: nothing came for ``patience`` seconds.
        """
        pieces = []
        size = 0
        while (data := await self.piece(patience)) != b"":
            if data is None:
                continue
            pieces.append(data)
            size += len(data)
            if most is not None and size > most:
                self.close()
                return b"".join(pieces)[:most]
            if size > LONGEST:
                self.close()
                raise APIConnectionError(f"its answer holds more than {LONGEST:,} bytes")
            if self._connection is None or self._connection.spent:
                break
        self.release()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def release(self) -> None:
        """Give the connection back, if the whole answer was read; else close it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def close(self) -> None:
        """Close the connection, unless it was given back; the upstream may then stop working on the answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
