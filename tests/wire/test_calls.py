"""A tool call in pieces is told by its id, then by its index, then by its place."""

from __future__ import annotations

import pytest

from quirkbook.wire.calls import Calls


def piece(id_=None, index=None, name=None, arguments=None):
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    made = {"id": id_, "index": index, "function": function or None}
    return {key: value for key, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("chunks", "numbers"),
    [
        pytest.param([[piece("a", 0)], [piece("b", 1)], [piece(index=0)]], [[0], [1], [0]], id="as OpenAI has them"),
        pytest.param([[piece("a")], [piece("b")], [piece("a")]], [[0], [1], [0]], id="by id alone"),
        pytest.param([[piece("a", 0)], [piece("b", 0)], [piece("a", 0)]], [[0], [1], [0]], id="every index is 0"),
        pytest.param(
            [[piece("a", 0, "f")], [piece(index=0, arguments="{")], [piece("b", 0, "f")], [piece(index=0)]],
            [[0], [0], [1], [1]],
            id="an index goes on with the last call that carried it",
        ),
        pytest.param([[piece("a", 0)], [piece()], [piece("b", 1)], [piece()]], [[0], [0], [1], [1]], id="index once"),
        pytest.param([[piece(index=7)], [piece(index=10**9)], [piece(index=7)]], [[0], [1], [0]], id="by index alone"),
        pytest.param(
            [[piece("", name="f"), piece("", name="g")], [piece(), piece()], [piece()], [piece(), piece(), piece()]],
            [[0, 1], [0, 1], [1], [0, 1, 1]],
            id="by place",
        ),
        pytest.param([[piece(name="f", arguments="{}")], [piece(name="f")]], [[0], [1]], id="a name begins a call"),
        pytest.param([[piece(arguments="{")], [piece(name="f")]], [[0], [0]], id="its first name does not"),
        pytest.param([[piece(index=0, name="f")], [piece(index=0, name="g")]], [[0], [0]], id="a name in pieces"),
        pytest.param(
            [[piece("", 0, "f", "{}")], [piece("", 0, "f", "{}")]], [[0], [1]], id="a name behind arguments, without id"
        ),
        pytest.param(
            [[piece("a", 0, "f", "{")], [piece(index=0, name="f", arguments="}")]], [[0], [0]], id="a name said again"
        ),
        pytest.param([[piece(index=0, name="f")], [piece("a", 0)], [piece("a")]], [[0], [0], [0]], id="a late id"),
        pytest.param([[piece(index=0, name="f")], [piece("a", 0, "g")]], [[0], [1]], id="a late id with a name"),
        pytest.param(
            [[piece("a", 0, "f")], [piece("r1", 0, arguments="{")], [piece("r2", 0, arguments="}")]],
            [[0], [0], [0]],
            id="an id of its own for each piece",
        ),
        pytest.param([[piece("a", arguments="{")], [piece("b", arguments="{")]], [[0], [1]], id="ids without index"),
        pytest.param([[piece("a"), None, piece("b")], [{}, 7, {}]], [[0, None, 1], [0, None, 1]], id="holes"),
        pytest.param([[{"id": ["a"], "index": []}], [{"id": True, "index": True}]], [[0], [0]], id="odd ids"),
        pytest.param([[piece(7)], [piece(8)], [piece(7)]], [[0], [1], [0]], id="ids that are numbers"),
        pytest.param([[]], [[]], id="nothing"),
    ],
)
def test_a_piece_finds_its_call(chunks, numbers):
    calls = Calls()

    assert [calls.numbers(pieces) for pieces in chunks] == numbers
    assert len(calls) == max((number + 1 for several in numbers for number in several if number is not None), default=0)
