"""Field paths: what their text means, what they find in a payload, and how a wrong one is told."""

from __future__ import annotations

import pytest
from tests.running import nested

from quirkbook.model import MISSING
from quirkbook.payload.path import Path, PathError, Wild, anywhere, child, containers, find, parse, values

ITEMS, VALUES, DEEP = Wild.ITEMS, Wild.VALUES, Wild.DEEP


@pytest.mark.parametrize(
    ("text", "origin", "steps"),
    [
        ("a", "here", ("a",)),
        ("a.b", "here", ("a", "b")),
        (".", "here", ()),
        ("a[0]", "here", ("a", 0)),
        ("a[-1].b", "here", ("a", -1, "b")),
        ("a[ 2 ]", "here", ("a", 2)),
        ("a[*]", "here", ("a", ITEMS)),
        ("[0]", "here", (0,)),
        ("[*].b", "here", (ITEMS, "b")),
        ("a[0][1]", "here", ("a", 0, 1)),
        ("a.*", "here", ("a", VALUES)),
        ("*", "here", (VALUES,)),
        ("*.b", "here", (VALUES, "b")),
        ("a.**.b", "here", ("a", DEEP, "b")),
        ("**.b", "here", (DEEP, "b")),
        ("a.**[0]", "here", ("a", DEEP, 0)),
        ('["odd.key"]', "here", ("odd.key",)),
        ('a["odd.key"].b', "here", ("a", "odd.key", "b")),
        ('a.["odd"]', "here", ("a", "odd")),
        ('["say \\"hi\\" \\\\"]', "here", ('say "hi" \\',)),
        ('[""]', "here", ("",)),
        ('["$ref"]', "here", ("$ref",)),
        ("a.b c", "here", ("a", "b c")),
        ("größe", "here", ("größe",)),
        ("0", "here", ("0",)),
        ("$", "root", ()),
        ("$.a", "root", ("a",)),
        ("$[0]", "root", (0,)),
        ('$["a b"]', "root", ("a b",)),
        ("$.a[*].b", "root", ("a", ITEMS, "b")),
        ("$request", "request", ()),
        ("$request.a.b", "request", ("a", "b")),
        ("$request[0]", "request", (0,)),
        ("$status", "status", ()),
    ],
)
def test_text_is_read_as_steps_from_an_origin(text, origin, steps):
    assert parse(text) == Path(text, origin, steps)


NO_PATH = "is not a field path at '{}': write keys with dots, items as [0], [-1] or [*]"
NO_START = "starts at no known place: write '$.key' (the root), '$request.key' or '[\"$key\"]'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty path: write '.' for the element itself, or '$' for the whole payload"),
        (".a", "'.a' starts with a dot: write 'a', or '.' for the element itself"),
        ("..a", "'..a' starts with a dot: write 'a', or '.' for the element itself"),
        ("a.", "'a.' " + NO_PATH.format(".")),
        ("a..b", "'a..b' " + NO_PATH.format("..b")),
        ("a[", "'a[' " + NO_PATH.format("[")),
        ("a[x]", "'a[x]' " + NO_PATH.format("[x]")),
        ("a[1.5]", "'a[1.5]' " + NO_PATH.format("[1.5]")),
        ("a[]", "'a[]' " + NO_PATH.format("[]")),
        ("a['b']", "'a['b']' " + NO_PATH.format("['b']")),
        ('a["b]', "'a[\"b]' " + NO_PATH.format('["b]')),
        ("a]", "'a]' " + NO_PATH.format("]")),
        ("a[0]b", "'a[0]b' " + NO_PATH.format("b")),
        ("a*", "'a*' " + NO_PATH.format("*")),
        ("a.***", "'a.***' " + NO_PATH.format("*")),
        (" a", "' a' " + NO_PATH.format(" a")),
        ("$a", f"'$a' {NO_START}"),
        ("$req.a", f"'$req.a' {NO_START}"),
        ("$request_x", f"'$request_x' {NO_START}"),
        ("$1", f"'$1' {NO_START}"),
        ("$$", f"'$$' {NO_START}"),
        ("$.", "'$.' " + NO_PATH.format(".")),
        ("a.$b", "'a.$b' " + NO_PATH.format(".$b")),
        ("a.**", "'a.**' ends in '**': name a key after it, as in 'tools.**.strict'"),
        ("**", "'**' ends in '**': name a key after it, as in 'tools.**.strict'"),
        ("a.**.b.**.c", "'a.**.b.**.c' says '**' twice: one place could match in many ways; once is enough"),
        ("$status.a", "'$status.a' looks into a number: write '$status'"),
    ],
)
def test_what_is_no_path_is_told_with_what_to_write_instead(text, message):
    with pytest.raises(PathError) as caught:
        parse(text)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "wild", "head"),
    [
        ("a.b", False, "a"),
        ("a[0]", False, "a"),
        (".", False, None),
        ("a[*]", True, "a"),
        ("a.*", True, "a"),
        ("*.a", True, None),
        ("a.**.b", True, "a"),
        ("[0].a", False, None),
        ("$.a", False, "a"),
    ],
)
def test_a_path_knows_whether_it_may_match_many_places_and_its_top_level_key(text, wild, head):
    path = parse(text)

    assert (path.wild, path.head) == (wild, head)


@pytest.mark.parametrize(
    ("node", "step", "value"),
    [
        ({"a": None}, "a", None),
        ({"a": 1}, "b", MISSING),
        ([1, 2], 0, 1),
        ([1, 2], -2, 1),
        ([1, 2], 2, MISSING),
        ([1, 2], -3, MISSING),
        ([], 0, MISSING),
        ({"0": 1}, 0, MISSING),
        ([1], "0", MISSING),
        ("text", 0, MISSING),
        ("text", "t", MISSING),
        (None, "a", MISSING),
        (5, 0, MISSING),
        ([1], ITEMS, MISSING),
    ],
)
def test_one_step_down_never_fails(node, step, value):
    assert child(node, step) is value


PAYLOAD = {
    "a": [{"b": 1, "c": [10, 20]}, {"c": []}, 7, {"b": None}],
    "o": {"x": {"s": 1}, "y": [{"s": 2, "z": {"s": 3}}], "s": 4, "n": None},
    "odd.key": True,
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (".", [((), PAYLOAD)]),
        ("o.x.s", [(("o", "x", "s"), 1)]),
        ("o.n", [(("o", "n"), None)]),
        ("o.nope.s", []),
        ("o.n.s", []),
        ('["odd.key"]', [(("odd.key",), True)]),
        ("a[2]", [(("a", 2), 7)]),
        ("a[-1].b", [(("a", 3, "b"), None)]),
        ("a[4]", []),
        ("a[-5]", []),
        ("a[*].b", [(("a", 0, "b"), 1), (("a", 3, "b"), None)]),
        ("a[*].c[*]", [(("a", 0, "c", 0), 10), (("a", 0, "c", 1), 20)]),
        ("a[*].c[-1]", [(("a", 0, "c", 1), 20)]),
        ("o[*]", []),
        ("a.*", []),
        ("o.*.s", [(("o", "x", "s"), 1)]),
        ("a.0", []),
        (
            "o.**.s",
            [
                (("o", "s"), 4),
                (("o", "x", "s"), 1),
                (("o", "y", 0, "s"), 2),
                (("o", "y", 0, "z", "s"), 3),
            ],
        ),
        ("**.z.s", [(("o", "y", 0, "z", "s"), 3)]),
        ("o.n.**.s", []),
        ("a[2].**.s", []),
        ("a.**[0]", [(("a", 0), PAYLOAD["a"][0]), (("a", 0, "c", 0), 10)]),
    ],
)
def test_places_are_found_in_document_order_with_their_keys(text, found):
    steps = parse(text).steps

    assert find(PAYLOAD, steps) == found
    assert values(PAYLOAD, steps) == [value for _, value in found]


def test_keys_go_on_from_where_the_node_stands():
    assert find({"b": [5]}, parse("b[-1]").steps, ("a", 3)) == [(("a", 3, "b", 0), 5)]


@pytest.mark.parametrize("scalar", [None, True, 0, 1.5, "text", float("nan")])
@pytest.mark.parametrize("text", ["a", "[0]", "[-1]", "[*]", "*", "**.a", "**[0]", "a.**.b"])
def test_nothing_stands_below_a_scalar(scalar, text):
    assert find(scalar, parse(text).steps) == []


def test_any_depth_is_found_without_recursion():
    found = find(nested(3000, leaf={"deep": 1}), parse("**.deep").steps)

    assert [(len(keys), value) for keys, value in found] == [(3002, 1)]


@pytest.mark.parametrize("node", [5, {}, {"a": [{"b": [1, [{}]]}, "x"], "c": {"d": {}}}, nested(3000)])
def test_containers_are_those_found_anywhere_in_another_order(node):
    assert sorted(map(id, containers(node))) == sorted(map(id, anywhere(node)))
