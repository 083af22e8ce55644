"""Values that JSON cannot say: the place is named, and what to write there."""

import pytest

from quirkbook.wire import jsontext
from quirkbook.wire.unwritable import find

LOOP: dict = {"a": [1]}
LOOP["a"].append(LOOP)
DEEP: list = []
for _ in range(100_000):
    DEEP = [DEEP]
KINDS = "text, a number, true, false, null, a list or a dict"


@pytest.mark.parametrize(
    ("value", "message", "pointer"),
    [
        ({"a/b": ["é", 1, True, None, {"~": {1, 2}}]}, f"a set is not JSON: write {KINDS}", "/a~1b/4/~0"),
        ({"a": (1, b"x")}, f"a bytes is not JSON: write {KINDS}", "/a/1"),
        ({"a": [1.5, float("inf")], "b": {3}}, "a number must be finite: write one, or null", "/a/1"),
        ({"a": {(1, 2): 3}}, "a key must be text, not a value of type tuple", "/a"),
        (LOOP, "it contains itself: write a copy without the loop", "/a/1"),
        (DEEP, "the payload nests deeper than 500 levels", ""),
        ({"a": 10**5000}, "the payload cannot be written as JSON: a number in it has too many digits", ""),
    ],
    ids=["set", "bytes", "infinite", "key", "loop", "deep", "digits"],
)
def test_the_first_place_that_is_to_blame_is_found(value, message, pointer):
    with pytest.raises((TypeError, ValueError, RecursionError)):
        jsontext.encode(value, nan=False)

    assert find(value) == (message, pointer)


def test_a_value_that_stands_in_two_places_is_no_loop():
    twice = {"x": 1}

    assert find({"a": [twice, twice], "b": {4}}) == (f"a set is not JSON: write {KINDS}", "/b")
