"""How much JSON a value is, and which has no end."""

import pytest

from quirkbook.payload.cycles import EndlessError, weigh


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        (None, 1),
        ("", 1),
        ("x" * 999, 1),
        ("x" * 1_000, 2),
        ([], 1),
        ({"a": 1, "b": [True, {}]}, 5),
        (["x" * 5_000], 7),
    ],
)
def test_a_value_weighs_what_its_json_has_values(value, weight):
    assert weigh(value) == weight


def test_what_stands_in_two_places_weighs_twice_and_does_not_contain_itself():
    part = {"a": [1]}

    assert weigh([part, {"b": part}, [part]], 6) == 1 + 3 + 4 + 4


def test_a_value_that_is_deep_or_shared_a_thousandfold_is_weighed_at_once():
    deep, shared = [], [1]
    for _ in range(100_000):
        deep = [deep]
    for _ in range(1_000):
        shared = [shared, shared]

    assert weigh(deep) == 100_001
    assert weigh(shared) == 3 * 2**1_000 - 1


def in_itself():
    value = {"a": 1, "b": [0, {}]}
    value["b"][1]["c"] = value["b"]
    return value


def test_a_value_that_contains_itself_is_named():
    with pytest.raises(EndlessError) as caught:
        weigh(in_itself())

    assert (str(caught.value), caught.value.keys) == (
        "a value must not contain itself: write a copy without the loop",
        ("b", 1, "c"),
    )


def test_the_innermost_value_that_has_more_than_may_be_is_named():
    part = list(range(1_000))
    value = {"x": 1, "y": [{"z": [part] * 2_000}]}

    with pytest.raises(EndlessError) as caught:
        weigh(value, 1_000_000)

    assert (str(caught.value), caught.value.keys) == (
        "parts of it stand here so often that JSON has 1,000,000 values more: write them once",
        ("y", 0, "z"),
    )
    assert weigh(value) == 2_002_005


def test_a_large_value_that_repeats_nothing_is_not_too_much():
    assert weigh([[at] for at in range(500_000)], 0) == 1_000_001
