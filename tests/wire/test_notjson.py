"""Text that a parser refused: what is wrong with it is said in our own words, whatever parser it was."""

import pytest

from quirkbook.wire.notjson import find

HALF = "not JSON: a string with half of a surrogate pair: write both halves, or the character itself"


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "not JSON: expected a value", 0),
        ('{"a": 1 "b": 2}', "not JSON: expected ',' or '}'", 8),
        ('{"é": 1,}', "not JSON: expected a key in double quotes", 8),
        ("{} {}", "not JSON: more text after the end", 3),
        ('["a', "not JSON: a string that is not closed", 1),
        ("[1e999]", "1e999 is too big for a number", 1),
        ("[NaN]", "NaN is not a JSON number", 1),
        ("\ufeff{}", "not JSON: it begins with a byte order mark: leave that out", 0),
        ('["é", "\\ud83d", "\\ud83d"]', HALF, 6),
        ('{"\\ud83d": 1}', HALF, 1),
        ('["é", "\\ud83d\\ude00", {"a": [true]}]', "not JSON: it is written in a way that is not supported here", 0),
    ],
)
def test_the_first_flaw_is_found_with_its_place(text, message, at):
    assert find(text) == (message, at)
