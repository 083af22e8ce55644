"""Which tool call a streamed piece of one goes on with: told by its id, then by its index, then by its place."""

from __future__ import annotations

from typing import Any


class Calls:
    """The tool calls that one choice of a stream has begun, numbered from 0 in the order in which they began.

    Well-formed pieces carry an index, and their first an id. Many providers leave out the one or the other, send an
    empty id, or give every call the index 0; what is there is asked in turn. A piece that says nothing goes on with the
    call at its place in the list, one alone with the last call; with a name of its own it begins another.

    >>> calls = Calls()
    >>> calls.numbers([{"index": 0, "id": "a"}]), calls.numbers([{"index": 0, "id": "b"}]), calls.numbers([{"index": 0}])
    ([0], [1], [1])
    """

    def __init__(self) -> None:
        self._ids: list[Any] = []
        """Number -> the id of that call; None: it came without one."""
        self._named: list[bool] = []
        """Number -> whether its name has come."""
        self._argued: list[bool] = []
        """Number -> whether arguments have come."""
        self._by_id: dict[Any, int] = {}
        self._by_index: dict[int, int] = {}
        """Index that pieces carry -> the last call that carried it."""
        self._by_place: list[int] = []
        """The calls of the last list that held several."""
        self._last = -1

    def __len__(self) -> int:
        return len(self._ids)

    def numbers(self, pieces: list[Any]) -> list[int | None]:
        """Return the number of the call that each piece of a chunk belongs to; None for what is not an object."""
        found = [
            self._number(piece, place, len(pieces)) if isinstance(piece, dict) else None
            for place, piece in enumerate(pieces)
        ]
        if len(found) > 1:
            self._by_place = [self._last if number is None else number for number in found]
        return found

    def _number(self, piece: dict[str, Any], place: int, count: int) -> int:
        id_, index = _id_of(piece), _index_of(piece)
        begins, goes_on = _function_of(piece)
        number = self._by_id.get(id_) if id_ is not None else None
        if number is None:
            number = self._by_index.get(index) if index is not None else self._at(place, count)
            if number is not None and self._is_another(number, id_, index, begins, goes_on):
                number = None
        if number is None:
            number = len(self._ids)
            self._ids.append(None)
            self._named.append(False)
            self._argued.append(False)
        self._note(number, id_, index)
        self._named[number] = self._named[number] or begins
        self._argued[number] = self._argued[number] or goes_on
        return number

    def _at(self, place: int, count: int) -> int | None:
        """Return the call that a piece means by its place alone."""
        if count > 1 and place < len(self._by_place):
            return self._by_place[place]
        return self._last if self._ids else None

    def _is_another(self, number: int, id_: Any, index: int | None, begins: bool, goes_on: bool) -> bool:
        """Tell whether a piece begins a call of its own, though index or place lead to this one."""
        again = begins and self._named[number]
        if id_ is None:
            return again and (index is None or (self._ids[number] is None and self._argued[number]))
        if self._ids[number] is None:  # its id comes late
            return again
        # Some servers give each piece of one call a new id. Such a piece has arguments and no name.
        return begins or not goes_on or index is None

    def _note(self, number: int, id_: Any, index: int | None) -> None:
        if id_ is not None:
            self._by_id[id_] = number
            if self._ids[number] is None:
                self._ids[number] = id_
        if index is not None:
            self._by_index[index] = number
        self._last = number


def _id_of(piece: dict[str, Any]) -> Any:
    """Return the id of a piece; None where it has none, be it empty or of a type that identifies nothing."""
    id_ = piece.get("id")
    return id_ if isinstance(id_, str | int) and not isinstance(id_, bool) and id_ != "" else None


def _index_of(piece: dict[str, Any]) -> int | None:
    index = piece.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None


def _function_of(piece: dict[str, Any]) -> tuple[bool, bool]:
    """Tell whether a piece has a name, and whether it has arguments."""
    function = piece.get("function")
    if not isinstance(function, dict):
        return False, False
    return bool(function.get("name")), bool(function.get("arguments"))
