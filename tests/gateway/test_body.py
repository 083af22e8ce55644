"""What is read of a body, and what is written of it: never anything else than the JSON it stands for."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import tried

from quirkbook.gateway.http import body
from quirkbook.gateway.http.asgi import HTTPError

from ..running import exact

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
keys = st.sampled_from(["model", "messages", "tools", "temperature", "x", "é", 'q"'])
bodies = st.dictionaries(keys, values, max_size=6)


@tried(100)
@given(bodies, st.sampled_from([(",", ":"), (", ", ": "), (" , ", " :\n")]), st.booleans())
def test_what_was_read_is_written_again(payload, separators, escaped):
    try:
        raw = json.dumps(payload, separators=separators, ensure_ascii=escaped).encode()
        json.loads(raw)["x"].encode() if isinstance(payload.get("x"), str) else None
        fields = body.fields(raw)
        decoded = body.decode(fields, None, 1000)
    except (UnicodeEncodeError, HTTPError):
        return  # half a surrogate pair

    assert exact(decoded) == exact(payload)
    assert exact(json.loads(body.encode(decoded))) == exact(payload)
    assert exact(json.loads(body.encode(decoded, decoded, fields))) == exact(payload)
    assert exact(json.loads(body.encode(body.decode(fields, {"x"}, 1000)))) == exact(payload)


@pytest.mark.parametrize(
    ("raw", "twin"),
    [
        (b'{"model":"kimi","messages":[],"n":12,"n":5,"x":1}', "n"),  # what is lost is as long as spaces would be
        (b'{"n": 1,"n":5,"x":1,"y":2,"z":3}', "n"),
        (b'{"a": 1, "b": 2,"c":3,"d":4,"e":5,"e":6}', "e"),
        (b'{"e":[0], "e": 1, "b": 2, "c": 3, "d":4,"f":5,"g":6}', "e"),
        (b'{"n": {"a": 1, "x": 1}, "n": 12, "x": 1, "b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1}', "n"),
    ],
)
def test_no_key_comes_twice_whatever_the_spaces(raw, twin):
    with pytest.raises(HTTPError) as caught:
        body.fields(raw)

    assert str(caught.value) == (
        f'the body is not JSON that can be sent on: the key "{twin}" comes twice in one object: keep one of them'
    )


def test_a_key_may_hold_what_ends_texts_elsewhere():
    assert [*body.fields(b'{"\\u0000":1,"b":2,"c":3}')] == ["\0", "b", "c"]  # as long as if it were spaced


@tried(100)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefg"), st.sampled_from(["1", "12", '"x"', "[0, 1]", '{"a": 1}'])), max_size=9
    ),
    st.lists(st.booleans(), min_size=18, max_size=18),
)
def test_a_body_is_refused_just_where_a_key_comes_twice(pairs, spaces):
    marks = [mark + " " * space for mark, space in zip([":", ","] * 9, spaces, strict=True)]
    raw = "".join(f'"{key}"{marks[2 * at]}{value}{marks[2 * at + 1]}' for at, (key, value) in enumerate(pairs))
    raw = "{" + raw.rstrip(", ") + "}"
    try:
        body.fields(raw.encode())
        refused = False
    except HTTPError:
        refused = True

    assert refused == (len(dict(pairs)) < len(pairs))


def written(raw, change):
    fields = body.fields(raw)
    given = body.decode(fields, None, 100)
    payload = dict(given)
    change(payload)
    return body.encode(payload, given, fields)


def test_what_did_not_change_is_copied_as_it_came():
    raw = b'{"messages": [ {"role":"user"} ], "n": 1}'

    assert written(raw, lambda payload: payload.update(n=2)) == b'{"messages":[ {"role":"user"} ],"n":2}'


@pytest.mark.parametrize(
    ("raw", "change", "expected"),
    [
        (b'{"m":[ 1.0, [2] ]}', lambda list_: [*list_, {"a": 1}, 3], b'{"m":[ 1.0, [2] ,{"a":1},3]}'),
        (b'{"m":[[1],[2]]}', lambda list_: [[0], *list_], b'{"m":[[0],[1],[2]]}'),
        (b'{"m":[[1],[2]]}', lambda list_: list_[:1], b'{"m":[[1]]}'),
        (b'{"m":[[1],[2]]}', lambda list_: [list_[0], [3]], b'{"m":[[1],[3]]}'),
        (b'{"m":[]}', lambda list_: [1], b'{"m":[1]}'),
        (b'{"m":[[1]]}', lambda list_: {"a": list_}, b'{"m":{"a":[[1]]}}'),
        (b'{"m":{"a": 1}}', lambda one: {"a": 2}, b'{"m":{"a":2}}'),
    ],
)
def test_an_array_that_only_grew_is_copied_and_added_to(raw, change, expected):
    assert written(raw, lambda payload: payload.update(m=change(payload["m"]))) == expected


def test_fields_that_nobody_looks_at_are_not_decoded():
    fields = body.fields(b'{"a":[1.10],"b":[1.10]}')

    found = body.decode(fields, {"a"}, 100)

    assert found["a"] == [1.1]
    assert isinstance(found["b"], msgspec.Raw)
    assert body.encode(found) == b'{"a":[1.1],"b":[1.10]}'


HALF = "a string with half of a surrogate pair: write both halves, or the character itself"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", 'it is empty: write {"model": ..., "messages": [...]}'),
        (b"[]", 'it is not an object: write {"model": ..., "messages": [...]}'),
        (b'{"a":1}x', "more text after the end (byte 7)"),
        (b'{"a":NaN}', "NaN is not a JSON number (byte 5)"),
        (b'{"\xc3\xa9":1,}', "expected a key in double quotes (byte 8)"),
        (b'{"a":"\\ud800x"}', f"{HALF} (byte 5)"),
        (b'{"a":[1,"\\ud800"],"\\ud800":1}', f"{HALF} (byte 8)"),
        (b"\xef\xbb\xbf{}", "it begins with a byte order mark: leave that out (byte 0)"),
        (b'{"a":"' + b"x" * 40_000, "it is malformed: have a JSON parser on your side say where"),
        (b'{"a":1,"a":2}', 'the key "a" comes twice in one object: keep one of them'),
        (b'{ "a" : 1, "b": 2, "b": 3}', 'the key "b" comes twice in one object: keep one of them'),
        (b"\xff", "it is not UTF-8: byte 0xff at 0"),
    ],
)
def test_what_is_no_json_object_is_refused_in_words(raw, message):
    with pytest.raises(HTTPError) as caught:
        body.fields(raw)

    assert str(caught.value) == f"the body is not JSON that can be sent on: {message}"
    assert caught.value.status == 400


def test_a_field_that_no_float_holds_is_named_with_its_place():
    with pytest.raises(HTTPError) as caught:
        body.decode(body.fields(b'{"a":[1e999]}'), None, 100)

    assert str(caught.value) == (
        "the body is not JSON that can be sent on: 'a': 1e999 is too big for a number (byte 1 of its value)"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b'{"a":"\xff"}', "'extra_body' is not UTF-8: byte 0xff"),
        (b'{"a":1e999}', "'extra_body': 1e999 is too big for a number (byte 5 of its value)"),
        (b"[" * 100_000 + b"]" * 100_000, "it nests too deep"),
    ],
)
def test_an_extra_body_that_cannot_be_read_is_refused_before_it_is_looked_at(value, message):
    with pytest.raises(HTTPError) as caught:
        body.check_steering(body.fields(b'{"extra_body":' + value + b"}"))

    assert (caught.value.status, str(caught.value)) == (400, f"the body is not JSON that can be sent on: {message}")


@pytest.mark.parametrize("wanted", [None, {"a"}, {"b"}])
@pytest.mark.parametrize("value", [b'"\xff"', b'["' + b"x" * 99 + b'\xc3"]'])
def test_a_field_that_is_not_utf_8_is_named(wanted, value):
    with pytest.raises(HTTPError) as caught:
        body.decode(body.fields(b'{"a":' + value + b"}"), wanted, 100)

    assert str(caught.value).startswith("the body is not JSON that can be sent on: 'a' is not UTF-8: byte 0x")


@pytest.mark.parametrize("key", ["a", "tools"])
@pytest.mark.parametrize("wanted", [None, set()])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"k":', b"}"), (b'[{"k":', b"}]")])
def test_depth_is_bounded_wherever_it_stands(key, wanted, opening, closing):
    levels = opening.count(b"[") + opening.count(b"{")

    def nested(times):
        raw = b'{"%b":%b1%b}' % (key.encode(), opening * times, closing * times)
        return body.decode(body.fields(raw), wanted, 1 + 40 * levels)

    nested(40)
    with pytest.raises(HTTPError) as caught:
        nested(41)
    assert str(caught.value) == (
        f"the body nests deeper than {1 + 40 * levels} levels; the limit is quirkbook_settings.limits.json_depth"
    )
    with pytest.raises(HTTPError, match=r"nests (too deep|deeper)"):
        nested(50_000)


def test_messages_are_an_array_decoded_or_not():
    for wanted in (None, set()):
        body.check_messages(body.decode(body.fields(b'{"messages": [] }'), wanted, 9))
        body.check_messages({})
        with pytest.raises(HTTPError) as caught:
            body.check_messages(body.decode(body.fields(b'{"messages": {} }'), wanted, 9))
        assert str(caught.value) == 'messages must be an array: write [{"role": "user", "content": ...}]'


def test_twins_are_found_in_one_pass(monkeypatch):
    class Counted(str):
        compared = 0

        def __eq__(self, other):
            Counted.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    hooks = []
    monkeypatch.setattr(body.json, "loads", lambda raw, object_pairs_hook: hooks.append(object_pairs_hook))
    body._refuse_duplicate_keys(b"")
    pairs = [(Counted(f"k{at}"), 1) for at in range(20_000)] + [(Counted("k19999"), 2)]

    with pytest.raises(HTTPError, match="k19999"):
        hooks[0](pairs)
    assert Counted.compared < 100


def test_a_payload_of_too_many_fields_is_refused():
    many = json.dumps({f"k{at}": 1 for at in range(body.MOST_FIELDS + 1)}).encode()

    with pytest.raises(HTTPError, match="1,001 fields; the limit is 1,000"):
        body.fields(many)
