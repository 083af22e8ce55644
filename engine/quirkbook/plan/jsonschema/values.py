"""Repairs of one schema that concern the values it allows: types, enums, and constraints put into words."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from ...model import Effect
from .repairs import Repair
from .tree import POSITIONS, SILENT, Log, Spot, names, reap, regrow

_KINDS: Final = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip

#: What keywords say about the type of the value, the surest first.
HINTS: Final = {
    "object": frozenset(
        {"properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames",
         "required", "minProperties", "maxProperties", "dependentSchemas", "dependentRequired"}
    ),
    "array": frozenset(
        {"items", "prefixItems", "additionalItems", "unevaluatedItems", "contains", "minItems", "maxItems",
         "uniqueItems"}
    ),
    "string": frozenset({"minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}  # fmt: skip

#: Keywords that say what a value must be by other schemas: no type is guessed beside them.
_COMPOSED: Final = frozenset({"oneOf", "allOf", "not", "if", "$dynamicRef", "$recursiveRef"})

#: Places that hold a value of their own, where a schema that says nothing is taken to mean text.
_VALUE_PLACES: Final = frozenset({"properties", "items", "prefixItems"})

_PHRASES: Final = {
    "minimum": "at least {}", "maximum": "at most {}",
    "exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}", "multipleOf": "a multiple of {}",
    "minLength": "length at least {}", "maxLength": "length at most {}",
    "pattern": "matches the pattern {}", "format": "format {}",
    "minItems": "number of items at least {}", "maxItems": "number of items at most {}",
    "minProperties": "number of properties at least {}",
    "maxProperties": "number of properties at most {}",
    "const": "always {}", "enum": "one of {}", "default": "by default {}", "examples": "for example {}",
}  # fmt: skip

_TRUE: Final = {
    "uniqueItems": "no item twice", "deprecated": "deprecated",
    "readOnly": "read-only", "writeOnly": "write-only",
    "nullable": "may be null", "additionalProperties": "", "unevaluatedProperties": "",
}  # fmt: skip
_FALSE: Final = {
    "additionalProperties": "no other properties", "unevaluatedProperties": "no other properties",
    "uniqueItems": "", "deprecated": "", "readOnly": "", "writeOnly": "", "nullable": "",
}  # fmt: skip


#: Keyword -> those that forbid, once it is gone, what it allowed.
_LEANING: Final = {
    "properties": ("additionalProperties", "unevaluatedProperties"),
    "patternProperties": ("additionalProperties", "unevaluatedProperties"),
    "prefixItems": ("items", "unevaluatedItems"),
}


def kind_of(value: Any) -> str:
    """Return the JSON type of a value, empty for what is not JSON.

    >>> kind_of(True), kind_of(1), kind_of(1.0), kind_of(())
    ('boolean', 'integer', 'number', '')
    """
    return _KINDS.get(type(value), "")


def const_as_enum(spot: Spot, log: Log) -> None:
    """Write `const` as an `enum` of one value; it wins over an enum beside it."""
    words = spot.words
    enum = [words["const"]]
    exact = "enum" not in words
    spot.words = {"enum" if word == "const" else word: words[word] for word in words if word != "enum"}
    spot.words["enum"] = enum
    log.edit(spot, "const_as_enum", Effect.EXACT if exact else Effect.LOSSY)


def infer_type(spot: Spot, log: Log) -> None:
    """Add the type that the other keywords imply."""
    words = spot.words
    if words.get("type") is not None or "$ref" in words or "anyOf" in words:
        return
    enum, examples, default = words.get("enum"), words.get("examples"), words.get("default")
    effect = Effect.EXACT
    if isinstance(enum, list) and enum:
        kind = _common(enum)
    elif "const" in words:
        kind = kind_of(words["const"])
    else:
        kind = next((kind for kind, hints in HINTS.items() if not hints.isdisjoint(words)), "")
        if not kind and _COMPOSED.isdisjoint(words):
            effect = Effect.LOSSY
            told = [default] if default is not None else examples
            kind = _common(told) if isinstance(told, list) else ""
            kind = kind or ("string" if spot.step[0:1] and spot.step[0] in _VALUE_PLACES else "")
    if kind and not (spot.endless and kind in ("object", "array")):
        spot.words = {"type": kind, **{word: value for word, value in words.items() if word != "type"}}
        log.edit(spot, "infer_type", effect)


def _common(values: list[Any]) -> str:
    """Return the one JSON type of all values, empty where they disagree."""
    kinds = set(map(kind_of, values))
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else ""


def clean_enum(spot: Spot, log: Log) -> None:
    """Leave only values of one type in an `enum`: texts or numbers."""
    enum = spot.words.get("enum")
    if not isinstance(enum, list) or not enum:
        return
    kept = _cleaned(enum, names(spot.words.get("type")))
    if len(kept) == len(enum) and all(map(lambda one, other: one is other, kept, enum)):
        return
    if kept:
        spot.words["enum"] = kept
    else:
        del spot.words["enum"]
    log.edit(spot, "clean_enum", Effect.LOSSY)


def _cleaned(enum: list[Any], types: frozenset[str]) -> list[Any]:
    kinds = {kind_of(value) for value in enum}
    if kinds == {"null"} and types <= {"null"}:
        return enum
    texts, numbers = "string" in types, bool(types & {"number", "integer"})
    if not types:
        texts = "string" in kinds and kinds <= {"string", "number", "integer", "boolean", "null"}
        numbers = kinds <= {"number", "integer", "null"}
    kept: list[Any] = []
    for value in enum:
        kind = kind_of(value)
        if kind == "null" and "null" in types:
            kept.append(value)
        elif texts and kind in ("string", "number", "integer", "boolean"):
            kept.append(value if kind == "string" else in_words(value))
        elif numbers and kind in ("number", "integer"):
            kept.append(value)
    kept = [value for value in kept if value != ""]
    if texts and not kinds <= {"string", "null"}:
        kept = list(dict.fromkeys(kept))  # 1 and "1" are one text
    return kept if any(value is not None for value in kept) else []


def describe(keywords: Collection[str]) -> Repair:
    """Say in the description what keywords demand, and drop them."""
    spoken = frozenset(keywords) - {"description"}

    def repair(spot: Spot, log: Log) -> None:
        words = spot.words
        facts = []
        for word, value in let_go(words, spoken).items():
            facts.append(_fact(word, value))
            log.edit(spot, f"describe {word}", Effect.LOSSY)
        said = "; ".join(filter(None, facts))
        before = words.get("description")
        if said and (before is None or isinstance(before, str)):
            before = (before or "").rstrip()
            stop = " " if before.endswith((".", "!", "?", ":")) else ". " if before else ""
            is_sentence = said.partition(":")[0] not in spoken
            words["description"] = f"{before}{stop}{said[0].upper() if is_sentence else said[0]}{said[1:]}."

    return repair


def _fact(word: str, value: Any) -> str:
    if isinstance(value, bool) and word in (_TRUE if value else _FALSE):
        return (_TRUE if value else _FALSE)[word]
    if word in POSITIONS:
        value = regrow(word, value, lambda step, item: reap(item) if isinstance(item, Spot) else item)
    elif word in _PHRASES and not isinstance(value, bool):
        listed = isinstance(value, list) and word in ("enum", "examples")
        said = ", ".join(map(in_words, value)) if listed else in_words(value)
        return _PHRASES[word].format(said) if said else ""
    said = in_words(value)
    return f"{word}: {said}" if said else ""


def in_words(value: Any) -> str:
    """Return a text as it is and anything else as JSON; empty where JSON has no way to write it.

    >>> in_words("a"), in_words(True), in_words([1, None])
    ('a', 'true', '[1, null]')
    """
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # no JSON, thousands of digits, thousands of levels
        return ""


def drop(keywords: Collection[str]) -> Repair:
    """Drop keywords."""
    gone = frozenset(keywords)

    def repair(spot: Spot, log: Log) -> None:
        for word in let_go(spot.words, gone):
            log.edit(spot, f"drop {word}", Effect.EXACT if word in SILENT else Effect.LOSSY)

    return repair


def let_go(words: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """Take keywords off a schema, with what would forbid without them what they allowed; return what there was of them."""
    found = {word: words.pop(word) for word in [word for word in words if word in gone]}
    for leaning in {leaning for word in found for leaning in _LEANING.get(word, ())}:
        if words.get(leaning, True) is not True:
            del words[leaning]
    return found


def drop_where(tests: Mapping[str, Callable[[Any], bool]]) -> Repair:
    """Drop keywords whose value passes a test; those that hold schemas stay."""
    asked = {word: test for word, test in tests.items() if word not in POSITIONS}

    def repair(spot: Spot, log: Log) -> None:
        for word in [word for word in spot.words if word in asked and asked[word](spot.words[word])]:
            del spot.words[word]
            log.edit(spot, f"drop {word}", Effect.EXACT if word in SILENT else Effect.LOSSY)

    return repair
