"""The body of a request: what rules may look at is decoded, the rest stays the bytes it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from operator import is_
from typing import Any, Final

import msgspec

from ...wire import notjson
from .asgi import HTTPError

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

MOST_FIELDS: Final = 1000
"""Top-level keys of a payload; OpenAI has some forty."""
_NO_MESSAGES: Final[list[Any]] = []

#: What the engine itself looks at, whoever the provider is.
OWN: Final = frozenset({"model", "stream", "stream_options", "extra_body"})


def fields(raw: bytes) -> dict[str, Any]:
    """Return the top-level fields of a JSON object, none of them decoded.

    Raises:
        HTTPError: 400, it is not a JSON object, or a key comes twice.
    """
    try:
        pairs: dict[str, Any] = _fields(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(raw, error) from None
    if len(pairs) > MOST_FIELDS:
        raise _invalid_body(f"it has {len(pairs):,} fields; the limit is {MOST_FIELDS:,}")
    # A key that comes twice is read one way here and another way elsewhere. What was lost shows in the length, which
    # otherwise is that of the fields written without spaces, or with one after each colon and comma.
    lost = len(raw) - sum(map(len, pairs)) - sum(map(len, pairs.values())) - 4 * len(pairs) - 1
    if lost and (lost != 2 * len(pairs) - 1 or not _is_spaced(raw, pairs)):
        _refuse_duplicate_keys(raw)
    return pairs


def _is_spaced(raw: bytes, pairs: Mapping[str, Any]) -> bool:
    """Tell whether a text is these fields with a space after each colon and comma, if it is as long as that.

    Values are compared, too: what stands in one that was lost could look like the keys that follow.
    """
    separators = ('{"' + '": \0, "'.join(pairs) + '": \0}').encode().split(b"\0")
    if len(separators) != len(pairs) + 1:  # one is in a key
        return False
    pieces = separators + separators[1:]
    pieces[::2] = separators
    pieces[1::2] = pairs.values()
    return b"".join(pieces) == raw


def check_inner(pairs: Mapping[str, Any]) -> None:
    """Look at the fields that are objects as `fields` does at the whole: a payload inside another object is still one.

    Raises:
        HTTPError: 400, a key comes twice.
    """
    for value in pairs.values():
        if bytes(memoryview(value)[:1]) == b"{":
            fields(bytes(value))


def decode(pairs: Mapping[str, Any], keys: Set[str] | None, depth: int) -> dict[str, Any]:
    """Return the fields with those in ``keys`` decoded; None: all. None of them nests deeper than ``depth`` levels.

    Raises:
        HTTPError: 400, a value nests too deep, is a number that no float holds, or no UTF-8.
    """
    payload: dict[str, Any] = {}
    try:
        for key, value in pairs.items():
            if value.__class__ is msgspec.Raw:
                if keys is not None and key not in keys:
                    _check_raw(bytes(value), depth - 1)
                else:
                    value = _value(value)
                    if _levels(value, depth) > depth - 1:
                        raise _too_deep(depth)
            payload[key] = value
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable_field(key, bytes(value), error) from None
    return payload


def _levels(value: Any, most: int) -> int:
    """Return how many levels of arrays and objects a value has; it is not counted beyond ``most``."""
    if value.__class__ is not dict and value.__class__ is not list:
        return 0
    level = [value]
    for count in range(1, most + 1):
        level = [
            child
            for node in level
            for child in (node.values() if node.__class__ is dict else node)
            if child.__class__ is dict or child.__class__ is list
        ]
        if not level:
            return count
    return most + 1


def _check_raw(raw: bytes, depth: int) -> None:
    """Look at what is copied as it is: it shall be UTF-8, and not nest too deep.

    How deep is looked at where many levels end at once. Who spreads their ends is stopped by whoever decodes it.
    """
    if not raw.isascii():
        raw.decode()
    if any(closers in raw for closers in _CLOSERS) and _levels(_value(raw), depth) > depth:
        raise _too_deep(depth + 1)


def _too_deep(depth: int) -> HTTPError:
    text = f"the body nests deeper than {depth} levels; the limit is quirkbook_settings.limits.json_depth"
    return HTTPError(400, text, code="nested_too_deep")


#: What shows that something nests deep: so many brackets that close one after the other.
_CLOSERS: Final = tuple(text * (8 // len(text)) for text in (b"]", b"}", b"}]"))


#: Fields with which clients tell a library, or LiteLLM's proxy, where to send a request and how to sign it.
_STEERING: Final = frozenset({"api_base", "api_key", "base_url", "custom_llm_provider", "extra_headers"})


def check_steering(pairs: Mapping[str, Any]) -> None:
    """Refuse a payload that would say where it goes: dropped in silence, it would go where nobody meant it to.

    Raises:
        HTTPError: 400.
    """
    for name in _STEERING.intersection(pairs):
        text = f"{name} is not allowed in a request: the gateway's config sets the upstream and its key"
        raise HTTPError(400, text, param=name, code="not_allowed")
    inner = pairs.get("extra_body")
    if isinstance(inner, msgspec.Raw):
        try:
            inner = _value(inner)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable_field("extra_body", bytes(inner), error) from None
    if isinstance(inner, dict):
        check_steering(inner)


def check_messages(payload: Mapping[str, Any]) -> None:
    """Refuse messages that are no array, decoded or not.

    Raises:
        HTTPError: 400.
    """
    messages = payload.get("messages", _NO_MESSAGES)
    if isinstance(messages, msgspec.Raw):
        fits = bytes(memoryview(messages)[:1]) == b"["
    else:
        fits = isinstance(messages, list)
    if not fits:
        text = 'messages must be an array: write [{"role": "user", "content": ...}]'
        raise HTTPError(400, text, param="messages", code="invalid_type")


def encode(payload: Mapping[str, Any], decoded: Mapping[str, Any] = {}, fields: Mapping[str, Any] = {}) -> bytes:
    """Return JSON; fields that were never decoded are copied.

    So is, from ``fields``, an array or object that still is the one ``decoded``, and the start of an array that only grew.
    """
    return _encode({key: _encoded(value, decoded.get(key), fields.get(key)) for key, value in payload.items()})


def _encoded(value: Any, decoded: Any, raw: Any) -> Any:
    """Return a value, or the JSON that it came as; scalars are written as fast as they are copied."""
    if raw is None or (value.__class__ is not list and value.__class__ is not dict):
        return value
    if value is decoded:
        return raw
    if decoded.__class__ is list and decoded and len(value) >= len(decoded) and all(map(is_, decoded, value)):
        appended = [_encode(item) for item in value[len(decoded) :]]
        return msgspec.Raw(b",".join([bytes(raw)[:-1], *appended]) + b"]")
    return value


def _unreadable(raw: bytes, error: Exception) -> HTTPError:
    if isinstance(error, RecursionError):
        return _invalid_body("it nests too deep")
    if not raw.strip():
        return _invalid_body('it is empty: write {"model": ..., "messages": [...]}')
    if isinstance(error, msgspec.ValidationError):
        return _invalid_body('it is not an object: write {"model": ..., "messages": [...]}')
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        return _invalid_body(f"it is not UTF-8: byte 0x{raw[bad.start]:02x} at {bad.start}")
    return _invalid_body(_flaw(text, ")"))


def _unreadable_field(name: str, raw: bytes, error: Exception) -> HTTPError:
    """Say what is wrong with a field. What `error` says is its library's affair, and another release's may say it otherwise."""
    if isinstance(error, RecursionError):
        return _invalid_body("it nests too deep")
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        return _invalid_body(f"'{name}' is not UTF-8: byte 0x{raw[bad.start]:02x}")
    return _invalid_body(f"'{name}': " + _flaw(text, " of its value)"))


_LOOKED_THROUGH: Final = 32 * 1024
"""Characters of a malformed text that are looked through: it holds up everybody else, for some 50 ms at worst."""


def _flaw(text: str, end: str) -> str:
    """Say what is wrong with JSON, and where; ``end`` follows the place."""
    if len(text) > _LOOKED_THROUGH:
        return "it is malformed: have a JSON parser on your side say where"
    flaw = notjson.find(text)
    return f"{flaw.message.removeprefix('not JSON: ')} (byte {len(text[: flaw.at].encode())}{end}"


def _refuse_duplicate_keys(raw: bytes) -> None:
    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            seen: set[str] = set()
            duplicate = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise _invalid_body(f"the key {json.dumps(duplicate[:100])} comes twice in one object: keep one of them")
        return mapping

    try:
        json.loads(raw, object_pairs_hook=check)
    except RecursionError:
        raise _invalid_body("it nests too deep") from None


def _invalid_body(text: str) -> HTTPError:
    return HTTPError(400, f"the body is not JSON that can be sent on: {text}", code="invalid_json")
