"""A quick look at a schema: True where no enabled option can have anything to do with it.

Most schemas are like that, and most requests carry several, so this loop is what they cost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .repairs import settled
from .tree import DEFINITIONS, POSITIONS
from .values import HINTS

#: Option -> keywords whose mere presence calls for a closer look.
_ALARMS: Final[Mapping[str, tuple[str, ...]]] = {
    "inline_refs": ("$ref", *DEFINITIONS),
    "strip_ref_siblings": ("$ref",),
    "move_type_into_any_of": ("anyOf",),
    "collapse_nullable": ("anyOf", "oneOf", "nullable"),
    "const_as_enum": ("const",),
    "one_type": ("anyOf", "prefixItems"),
}

_TEXT: Final = frozenset({str})
_OF_OBJECTS: Final = HINTS["object"]
_OF_ARRAYS: Final = HINTS["array"]

_Check = Callable[[Mapping[str, Any]], bool]


def quick_look(on: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Return a test that says True only of schemas that none of the options ``on`` can change."""
    type_is_fine = _type_test("infer_type" in on, "required_as_list" in on)
    telling, words_are_fine = _words_test(on)
    needs_root, one_type = "require_root_object" in on, "one_type" in on

    def clean(schema: Any) -> bool:
        if needs_root and isinstance(schema, dict) and not _is_root_object(schema):
            return False
        nodes: list[Any] = [schema]
        for node in nodes:  # grows while it is read
            if isinstance(node, dict):
                kind = node.get("type")
                if (kind.__class__ is not str or kind == "object") and not type_is_fine(node, kind):
                    return False
                if one_type and not _is_of_one_type(node, kind):
                    return False
                if not telling.isdisjoint(node):
                    if not words_are_fine(node):
                        return False
                    _push(nodes, node)
            elif one_type and isinstance(node, bool) and node is not schema:
                return False
        return True

    return clean


def _type_test(needs_type: bool, needs_list: bool) -> Callable[[Mapping[str, Any], Any], bool]:
    def type_is_fine(node: Mapping[str, Any], kind: Any) -> bool:
        if isinstance(kind, str):
            return not (needs_list and kind == "object") or "required" in node
        return kind is None and (not needs_type or "anyOf" in node or "$ref" in node)

    return type_is_fine


def _words_test(on: Mapping[str, Any]) -> tuple[frozenset[str], _Check]:
    """Return the keywords that matter at all, and a test of schemas that have some of them."""
    words = (word for option in on for word in _ALARMS.get(option, ()))
    alarms = frozenset(words).union(settled(on.get("rename", {})), on.get("drop", ()), on.get("describe", ()))
    checks = [(word, check) for option, (word, check) in _CHECKS.items() if option in on]

    def words_are_fine(node: Mapping[str, Any]) -> bool:
        if not alarms.isdisjoint(node):
            return False
        for word, check in checks:  # noqa: SIM110 - all() and a generator would take twice as long
            if word in node and not check(node):
                return False
        return True

    return alarms | POSITIONS.keys() | {word for word, _ in checks}, words_are_fine


def _push(nodes: list[Any], node: Mapping[str, Any]) -> None:
    for word, value in node.items():
        if word in POSITIONS:
            if isinstance(value, list):
                nodes += value
            elif isinstance(value, dict):
                if POSITIONS[word] == "map":
                    nodes += value.values()
                else:
                    nodes.append(value)


def _is_of_one_type(node: Mapping[str, Any], kind: Any) -> bool:
    items = node.get("items", None if kind == "array" else {})
    if not isinstance(items, dict):
        return False
    if kind is None:
        return True
    return (kind == "array" or _OF_ARRAYS.isdisjoint(node)) and (kind == "object" or _OF_OBJECTS.isdisjoint(node))


def _is_root_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" and isinstance(schema.get("properties"), dict)


def _is_list(node: Mapping[str, Any]) -> bool:
    return isinstance(node["required"], list)


def _is_known(node: Mapping[str, Any]) -> bool:
    required, properties = node["required"], node.get("properties")
    if not required or not isinstance(required, list) or not isinstance(properties, dict):
        return bool(required == [])
    return set(map(type, required)) <= _TEXT and all(map(properties.__contains__, required))


def _is_texts(node: Mapping[str, Any]) -> bool:
    enum = node["enum"]
    texts = isinstance(enum, list) and all(enum) and set(map(type, enum)) <= _TEXT
    return texts and bool(node.get("type") == "string")


def _is_schema(node: Mapping[str, Any]) -> bool:
    return isinstance(node["items"], dict)


#: Option -> a keyword, and what its value must be like to need nothing.
_CHECKS: Final[Mapping[str, tuple[str, _Check]]] = {
    "required_as_list": ("required", _is_list),
    "prune_required": ("required", _is_known),
    "clean_enum": ("enum", _is_texts),
    "one_type": ("enum", _is_texts),
    "tuple_items": ("items", _is_schema),
}
