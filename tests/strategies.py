"""Payloads, conditions and actions for tests that draw them: every wrong type, and keys that often meet."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def tried(times: int, *ignored: HealthCheck) -> settings:
    """Return settings that try a law ``times`` times in CI; by hand a share of that, by night a multiple: see conftest."""
    share = settings.default.max_examples / settings.get_profile("ci").max_examples
    ignore = [*settings.default.suppress_health_check, *ignored]
    return settings(max_examples=max(3, round(times * share)), suppress_health_check=ignore)


#: For tests whose law is cheap to hold.
modest = tried(50)

KEYS = ["a", "b", "x", "role", "content", "type", "text", "id", "name", "tool_calls", "tool_call_id", "c/d~", ""]
TOP_KEYS = ["messages", "tools", "stop", "a", "b", "n", "temperature", "model", "thinking"]
TEXTS = ["", "a", "b", "text", "user", "system", "tool", "kimi-k2.6", "é", "\ud800", "{}", "x" * 99]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -0.0, math.nan, math.inf, -math.inf, 10**400, -(10**400), 1e308]),
    st.sampled_from(TEXTS),
)
keys = st.sampled_from(KEYS)
any_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)

_parts = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "text", "image_url"])},
        optional={"text": st.sampled_from(TEXTS), "a": any_values},
    ),
    max_size=3,
)
_calls = st.lists(
    st.fixed_dictionaries({}, optional={"id": st.sampled_from(TEXTS[:5]) | scalars, "function": any_values}) | scalars,
    max_size=3,
)
_message_objects = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "user", "system", "tool", "assistant"])},
    optional={
        "content": st.sampled_from(TEXTS) | _parts | st.none(),
        "tool_calls": _calls,
        "tool_call_id": st.sampled_from(TEXTS[:5]),
        "name": any_values,
        "a": any_values,
        "x": st.sampled_from(["", "a", [], ["a"], None, 1, {}]),
    },
)
_objects = st.dictionaries(keys, any_values, max_size=3)


@st.composite
def payloads(draw: Any) -> dict[str, Any]:
    """Draw a JSON object: with a conversation that is in order, or nearly, or with anything anywhere."""
    payload = draw(st.dictionaries(st.sampled_from(TOP_KEYS), any_values, max_size=5))
    order = draw(st.sampled_from(["in order", "nearly", "none"]))
    if order != "none":
        others = any_values if order == "nearly" else _objects
        payload["messages"] = draw(st.lists(_message_objects | _message_objects | others, max_size=5))
    if order == "in order":
        payload["tools"] = draw(st.lists(_objects, max_size=3))
    return payload


_TAILS = ["", ".a", ".x", ".role", ".content", "[*]", "[0]", "[-1]", ".*", ".**.a", ".**[*]", '["c/d~"]', '[""]']


@st.composite
def paths(draw: Any, *, wild: bool = True, reading: bool = False) -> str:
    """Draw a field path that often leads somewhere."""
    tails = st.sampled_from(_TAILS if wild else [".a", ".x", ".role", ".content", "[0]"])
    text = draw(st.sampled_from(TOP_KEYS + (["*", "**.a"] if wild else [])))
    for _ in range(draw(st.integers(0, 2))):
        tail = draw(tails)
        if "**" not in text or "**" not in tail:
            text += tail
    return draw(st.sampled_from(["", "", "", "$.", "$request." if reading else "$."])) + text


#: The names that drawn conditions use.
LETS = {"thinking_on": {"not": {"thinking.type": "disabled"}}, "has_tool": {"messages[*].role": "tool"}}

inner_paths = st.sampled_from(
    ["$.messages", "a", "x", "role", "content", "content[*].type", ".", "a.x", "tool_calls", "$.a", "*", "**.a"]
)
numbers = st.sampled_from([-1, 0, 0.5, 1, 2, 10**400])
bounds = st.sampled_from([[0, 1], [None, 0], [0.5, None], [None, None], [1, 1]])
sizes = st.one_of(
    st.integers(0, 3), st.dictionaries(st.sampled_from(["lt", "lte", "gt", "gte", "ne"]), st.integers(0, 3), min_size=1)
)
rule_scalars = st.sampled_from([None, True, False, 0, 1, 1.0, 0.5, "", "a", "text", "user", "tool", "kimi-k2.6"])
globs = st.sampled_from(["*", "a*", "", ["u?er", "[ab]"], "kimi-*"])


def operators(condition: Any) -> Any:
    """Draw what stands beside a path: a literal, a list or a mapping of operators."""
    table = {
        "lt": numbers,
        "lte": numbers,
        "gt": numbers,
        "gte": numbers,
        "outside": bounds,
        "between": bounds,
        "ne": rule_scalars,
        "not_in": st.lists(rule_scalars, min_size=1, max_size=3),
        "exists": st.booleans(),
        "is": st.sampled_from(["string", "number", "integer", "boolean", "array", "object", "null", "json", None]),
        "glob": globs,
        "matches": st.sampled_from([".*", "a+", "(?i)USER", ""]),
        "len": sizes,
        "bytes": sizes,
        "some": condition,
        "every": condition,
        "none": condition,
        "among": paths(reading=True),
        "not_among": paths(reading=True),
        "repeats": inner_paths.filter(lambda path: not path.startswith("$")),
    }
    one = st.sampled_from(sorted(table)).flatmap(lambda name: table[name].map(lambda argument: {name: argument}))
    return (
        one
        | one
        | st.tuples(one, one).map(lambda two: {**two[0], **two[1]})
        | rule_scalars
        | st.lists(rule_scalars, min_size=1, max_size=3)
    )


@st.composite
def conditions(draw: Any, depth: int = 2) -> dict[str, Any]:
    """Draw a condition of the rule language; ``depth`` says how deep it may nest."""
    inside = conditions(depth=depth - 1) if depth else st.just({"a": 1})
    places = paths(reading=True) if depth == 2 else inner_paths | paths(reading=True)
    leaves = st.dictionaries(places, operators(inside), min_size=1, max_size=2)
    if not depth:
        return draw(leaves)
    parts = st.lists(inside, min_size=1, max_size=2)
    return draw(
        leaves
        | leaves
        | st.fixed_dictionaries({"any_of": parts})
        | st.fixed_dictionaries({"all_of": parts})
        | st.fixed_dictionaries({"not": inside})
        | st.sampled_from(
            [
                {"$thinking_on": True},
                {"$thinking_on": False},
                {"$has_tool": True},
                {"$has_tool": False},
                {"$model": "kimi-*"},
                {"$status": {"gte": 400}},
            ]
        )
    )


_one_place = paths(wild=False)
_targets = st.sampled_from(["a", "x", "b.c", "$.a", "$.b.c", "role", "$.messages[0].x"])
_rows = st.dictionaries(
    st.sampled_from(["*", "a", "text", "user", True, False, None, 0, 1, 0.5]), rule_scalars, min_size=1, max_size=3
)
_written = st.one_of(rule_scalars, st.sampled_from([[], {}, {"a": {"x": 1}}, [1, {"a": 2}]]))
_message = st.sampled_from([{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "text"}]}])
_moving_bounds = st.sampled_from([[0, {"path": "a"}], [{"path": "$.b", "plus": 1}, None]])
_joins = st.sampled_from([{}, {"join": ""}, {"join": "\n"}])
_keys = st.sampled_from(["a", "x", "role", []])


def _table(places: Any, arguments: Any) -> Any:
    return st.dictionaries(places, arguments, min_size=1, max_size=2)


def _is_key(path: str) -> bool:
    return not path.endswith(("[*]", "[0]", "[-1]")) and path != "."


def _on_values(places: Any) -> dict[str, Any]:
    """Return a strategy for the argument of each action that works on single values."""
    return {
        "append": _table(places, _written),
        "clamp": _table(places, bounds | _moving_bounds),
        "copy": _table(places.filter(_is_key), _targets),
        "default": _table(places, _written),
        "drop": st.lists(places, min_size=1, max_size=2),
        "flatten_content": places | st.fixed_dictionaries({"at": places}, optional={"join": st.just("-")}),
        "from_json_text": st.lists(places, min_size=1, max_size=2),
        "json_text": st.lists(places, min_size=1, max_size=2),
        "keep": _table(places, st.lists(keys, max_size=2)),
        "map": _table(places, _rows),
        "nearest": _table(places, st.sampled_from([["low"], ["none", "high"]])),
        "normalize_schema": st.fixed_dictionaries(
            {"at": places, "infer_type": st.just(True)}, optional={"drop": st.just(["a", "x"])}
        ),
        "put_part": st.fixed_dictionaries(
            {"at": places, "from": st.sampled_from(["a", "x"]), "type": st.just("text"), "text": st.just("text")},
            optional={"item": st.just("text")},
        ),
        "rename": _table(places.filter(_is_key), _targets),
        "set": _table(places, _written),
        "take_parts": st.fixed_dictionaries(
            {"at": places, "types": st.just(["image_url"]), "text": st.just(["a", "text"]), "into": st.just("x")}
        ),
        "truncate": _table(places, st.integers(0, 2)),
        "unwrap": _table(places, _keys),
        "warn": st.just("careful"),
        "set_header": st.just({"X-A": "1"}),
        "drop_header": st.just(["X-A"]),
        "wrap": _table(places, _keys),
    }


_on_conversations = {
    "append_message": _message,
    "arrange_turns": st.sampled_from(
        [
            {
                "alternate": ["user", "assistant"],
                "first": "user",
                "last": ["user"],
                "say": {"user": "?", "assistant": "!"},
            },
            {"alternate": [["user", "tool"], "assistant"], "say": {"assistant": "!"}},
        ]
    ),
    "insert_message": st.fixed_dictionaries(
        {"between": st.just(["user", "user"]) | st.just(["tool", "user"]), "message": _message}
    ),
    "lead_with_system": _joins,
    "merge_messages": _joins.map(lambda join: {"roles": ["user", "system", "assistant"], **join}),
    "pair_calls": st.sampled_from([{"missing": "?"}, {"missing": "?", "orphans": "keep"}]),
    "prepend_message": _message,
    "move_parts": st.just({"from": "tool", "types": ["image_url"], "to": "user", "leave": "?"}),
    "rename_tools": st.just({"alphabet": "_0-9a-f", "length": 16}),
    "rewrite_ids": st.sampled_from(
        [{"unique": True}, {"length": 9}, {"length": 1, "alphabet": "lower"}, {"max_length": 2}]
    ),
    "tell": st.fixed_dictionaries({"schema": paths(), "as": st.just("Fit: ")}),
}


def _one_of(table: dict[str, Any]) -> Any:
    return st.sampled_from(sorted(table)).flatmap(lambda name: table[name].map(lambda argument: {name: argument}))


def _each(inner: Any) -> Any:
    spec = st.fixed_dictionaries(
        {"in": paths(), "do": st.lists(inner, min_size=1, max_size=2)}, optional={"when": conditions(depth=0)}
    )
    return spec.map(lambda argument: {"each": argument})


_inside = _one_of(
    _on_values(inner_paths.filter(lambda path: path != ".")) | {"drop": st.lists(inner_paths, min_size=1)}
)
_plain = _one_of(_on_values(paths()) | _on_conversations)

#: Any action of the request stage; `reject` alone is left out, which stops.
actions = _plain | _plain | _each(_inside) | _each(_inside | _each(_inside))
