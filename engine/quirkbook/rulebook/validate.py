"""A document against `schemas/rules.schema.json` -> diagnostics, each at its word, in words rule authors know."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import did_you_mean
from ..model import Diagnostic, Keys
from ..payload.describe import kind
from ..resources import schema
from ..source.document import Document, show

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

ValidationError = Any
"""jsonschema's, which types every part of it as perhaps unset."""

Finding = tuple[Keys, Diagnostic]
"""A diagnostic, and the keys of the value that it is about."""

_TYPES = {
    "array": "an array", "boolean": "true or false", "integer": "a whole number", "null": "null",
    "number": "a number", "object": "an object", "string": "a string",
}  # fmt: skip
_ITEMS = {"disable": "disabled rule", "do": "action", "examples": "example", "rules": "rule"}
#: Title of a closed mapping in the schema -> (code, what its keys are called); all others have plain keys.
_VOCABULARY = {"Action": ("Q105", "action"), "Operators": ("Q104", "operator")}
_PLAIN = frozenset({"any", "any_of", "eq", "equal", "equals", "in", "is_in", "one_of"})
"""What others call the operator that is written by writing none."""
_OF_RULES = ("disable", "let", "rules")
"""Keys of a provider's file that an entry of a table of connections cannot have."""
_MISSING_HINTS = {
    "note": "say what speaks for it",
    "out": "write the whole payload afterwards, or 'same: true', or 'rejects: true'",
    "provider": "name the provider, or the 'family', that the file is about",
    "wrap": "'with' stands only beside it",
}


def check(document: Document, shape: str = "rules") -> list[Finding]:
    """Return all that is wrong with the shape of a rule file, a table of ``connections``, a file of ``refusals`` or of ``words``."""
    findings: list[Finding] = []
    instance = _with_text_keys(document.data, (), document, findings)
    for error in _validator(shape).iter_errors(instance):
        for keys, diagnostic in _EXPLAIN.get(error.validator, _unexplained)(
            document, tuple(error.absolute_path), error
        ):
            findings.append((keys, diagnostic if diagnostic.hint else replace(diagnostic, hint=_usage(keys))))
    if shape != "rules":
        findings = [(keys, _of_table(keys, diagnostic, shape)) for keys, diagnostic in findings]
    return findings


#: Schema -> what its files are called.
_FILES = {
    "connections": "table of connections",
    "refusals": "file of wordings",
    "words": "file of words",
}


def _of_table(keys: Keys, diagnostic: Diagnostic, shape: str) -> Diagnostic:
    """Return a diagnostic of another file than one of rules in its words."""
    if len(keys) == 3 and keys[-1] in _OF_RULES:
        return replace(diagnostic, hint="it belongs in a file of the provider, with this connection in its head")
    message = diagnostic.message.replace("rule file", _FILES[shape])
    return replace(diagnostic, message=message.replace("rules.schema.json", f"{shape}.schema.json"))


def _usage(keys: Keys) -> str:
    """Return how the action or operator around a value is written; nothing for any other key."""
    words = {**_properties("operators"), **(_properties("action") if "do" in keys else {})}
    for key in reversed(keys):
        if key in words:
            return f"{key}: {words[key]['description']}"
    return ""


def _properties(name: str) -> Mapping[str, Any]:
    """Return the words of one vocabulary of the schema: ``action`` or ``operators``."""
    properties: Mapping[str, Any] = schema("rules")["$defs"][name]["properties"]
    return properties


def vocabulary() -> Mapping[str, str]:
    """Return what each action and operator does and how it is written, as the schema has it.

    >>> vocabulary()["clamp"]
    'Bring a number into its range: {path: [lo, hi]}; null leaves a side open. Lossy.'
    """
    words = {**_properties("operators"), **_properties("action")}
    return {name: facts["description"] for name, facts in words.items()}


@functools.cache
def _validator(shape: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import, and no translation needs it
    from referencing import Registry, Resource  # jsonschema's own

    rules = schema("rules")
    return Draft202012Validator(
        schema(shape), registry=Registry().with_resource(rules["$id"], Resource.from_contents(rules))
    )


def _with_text_keys(node: Any, keys: Keys, document: Document, findings: list[Finding]) -> Any:
    """Return a copy whose keys are all text; only in a table of `map` may they be anything else."""
    if isinstance(node, list):
        return [_with_text_keys(item, (*keys, at), document, findings) for at, item in enumerate(node)]
    if not isinstance(node, dict):
        return node
    is_table = len(keys) > 3 and keys[-4] == "do" and keys[-2] == "map"
    copy = {}
    for key, value in node.items():
        text = key if isinstance(key, str) else json.dumps(key)
        if text is not key and not is_table:
            diagnostic = document.diagnostic(
                "Q108", (*keys, key), f"a key must be a string, not {text}", f'quote it: "{text}"', key=True
            )
            findings.append((keys, diagnostic))
            continue
        copy[text] = _with_text_keys(value, (*keys, key), document, findings)
    return copy


def _is_named(keys: Keys) -> bool:
    return bool(keys) and isinstance(keys[-1], str)


def _thing(keys: Keys, node: Any) -> str:
    """Return what a rule author calls the thing at ``keys``, if it has no name of its own."""
    if not keys:
        return "rule file"
    if keys[-2] == "rules" and isinstance(node, dict) and "include" in node:
        return "include"
    return _ITEMS.get(str(keys[-2]), f"item of '{keys[-2]}'")


def _a(keys: Keys, node: Any) -> str:
    if _is_named(keys):
        return f"'{keys[-1]}'"
    thing = _thing(keys, node)
    return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"


def _this(keys: Keys, node: Any) -> str:
    return f"'{keys[-1]}'" if _is_named(keys) else f"this {_thing(keys, node)}"


def _kind(value: Any) -> str:
    return kind(value) if isinstance(value, dict | list) else show(value)


def _unknown(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    known: list[str] = list(error.schema["properties"])
    code, called = _VOCABULARY.get(error.schema.get("title"), ("Q106", "key"))
    for key in error.instance:
        if key in known:
            continue
        near = did_you_mean(key, known)
        hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
        if code == "Q104" and key in _PLAIN and isinstance(error.instance[key], list | str | int | float):
            hint = f"a plain value means equal, a list one of these: write '{keys[-1]}: {_flow(error.instance[key])}'"
        elif "exists" in known and not near:
            hint += f"; a field below is written '{keys[-1]}.{key}'"
        place = f" in {_a(keys, error.instance)}" if called == "key" else ""
        message = f"unknown {called} {show(key)}{place}"
        yield (*keys, key), document.diagnostic(code, (*keys, key), message, hint, key=True)


def _flow(value: Any) -> str:
    """Write a value as flow YAML does, short."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 60 else "[...]" if isinstance(value, list) else "..."


def _missing(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    required = error.validator_value
    if isinstance(required, dict):  # dependentRequired
        required = [name for key, names in required.items() if key in error.instance for name in names]
    for key in required:
        if key not in error.instance:
            about = error.schema.get("properties", {}).get(key, {}).get("description", "")
            message = f"'{key}' is missing in {_this(keys, error.instance)}"
            yield keys, document.diagnostic("Q107", keys, message, _MISSING_HINTS.get(key, about))


def _type(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    types = error.validator_value
    if isinstance(types, str):
        words = _TYPES[types]
    elif len(types) > 3:
        words = "a plain value"
    else:
        words = " or ".join(_TYPES[name] for name in types)
    message = f"{_a(keys, error.instance)} must be {words}, not {_kind(error.instance)}"
    yield keys, document.diagnostic("Q108", keys, message)


def _enum(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    known = [value for value in error.validator_value if value is not None]
    if len(known) == 1:
        message = f"{_a(keys, None)} must be {json.dumps(known[0])}, not {_kind(error.instance)}"
    else:
        message = f"{_a(keys, None)} must be one of {', '.join(known)}, not {_kind(error.instance)}"
    near = did_you_mean(error.instance, known) if isinstance(error.instance, str) and len(known) > 1 else None
    yield keys, document.diagnostic("Q109", keys, message, f"did you mean '{near}'?" if near else "")


def _pattern(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    words = error.schema["patternErrorMessage"]
    if "propertyNames" in error.schema_path:
        keys = (*keys, error.instance)
        message = f"a name in '{keys[-2]}' must be {words}, not {show(error.instance)}"
        yield keys, document.diagnostic("Q109", keys, message, key=True)
    else:
        message = f"{_a(keys, error.instance)} must be {words}, not {show(error.instance)}"
        yield keys, document.diagnostic("Q109", keys, message)


def _too_small(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    least = error.validator_value
    if error.validator == "minProperties" and least > 1:
        message = f"{_a(keys, error.instance)} needs an option beside '{next(iter(error.instance))}'"
    elif least > 1:
        message = f"{_a(keys, error.instance)} must have {least} items, not {len(error.instance)}"
    else:
        message = f"{_a(keys, error.instance)} must not be empty"
    yield keys, document.diagnostic("Q109", keys, message)


def _too_many(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    if error.validator == "maxProperties":
        extra = list(error.instance)[-1]
        message = f"an item of 'do' holds one action: give '{extra}' an item of its own"
        yield keys, document.diagnostic("Q109", (*keys, extra), message, key=True)
        return
    most = error.validator_value
    what = f"have {most} items, not {len(error.instance)}" if most else "be a key, or [] for a list of one"
    yield keys, document.diagnostic("Q109", keys, f"{_a(keys, error.instance)} must {what}")


def _out_of_range(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    bound = f"{'at least' if error.validator == 'minimum' else 'at most'} {error.validator_value}"
    message = f"{_a(keys, error.instance)} must be {bound}, not {show(error.instance)}"
    yield keys, document.diagnostic("Q109", keys, message)


def _not_allowed(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    if keys == ("naming",):
        message, hint = "a provider's file has no 'naming'", "how models are named belongs in a family's file"
    elif len(keys) == 1:
        message = f"a family file has no '{keys[-1]}'"
        hint = "facts about an endpoint belong in a provider's file"
    elif keys[0] == "disable":
        message, hint = "'rule' cannot stand beside 'family'", "disable one rule, or a whole family"
    else:
        message = f"'{keys[-1]}' cannot stand here too"
        hint = "an example has one of 'out', 'same' and 'rejects'"
    yield keys, document.diagnostic("Q106", keys, message, hint, key=True)


def _unexplained(document: Document, keys: Keys, error: ValidationError) -> Iterator[Finding]:
    """Explain what the schema asks by a keyword that has no words here."""
    hint = f"it asks for {error.validator}: {_flow(error.validator_value)}" if error.validator else ""
    message = f"{_a(keys, error.instance)} does not match schemas/rules.schema.json"
    yield keys, document.diagnostic("Q109", keys, message, hint)


_EXPLAIN: Mapping[str, Callable[[Document, Keys, ValidationError], Iterator[Finding]]] = {
    "additionalProperties": _unknown,
    "dependentRequired": _missing,
    "enum": _enum,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "maximum": _out_of_range,
    "minItems": _too_small,
    "minLength": _too_small,
    "minProperties": _too_small,
    "minimum": _out_of_range,
    "not": _not_allowed,
    "pattern": _pattern,
    "required": _missing,
    "type": _type,
}
