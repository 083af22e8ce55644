"""An error in whatever form it was kept: a body, a line of a log, what an SDK printed -> the sentences in it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..wire.provider_errors import normalise

#: Characters of a text that are read.
LONGEST: Final = 8000


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that an error says, and the parameter that the error names beside it, if any."""

    text: str
    param: str | None = None
    code: str | None = None


def sentences(error: Any) -> list[Sentence]:
    """Return what an error says, each thing once.

    ``error`` is a body as JSON data, or a text: JSON, what an SDK prints of a body, or a bare sentence.

    >>> sentences("Error code: 400 - {'error': {'message': 'no', 'param': 'seed'}}")
    [Sentence(text='no', param='seed', code=None)]
    """
    if isinstance(error, str):
        text = error[:LONGEST].strip()
        data = _data_in(text)
        return [bare(text)] if data is None else sentences(data) or [bare(text)]
    found = [*_details(error)]
    if not found:
        shaped = normalise(error)["error"]
        code = shaped.get("code")
        found = [Sentence(shaped["message"], shaped.get("param"), None if code is None else str(code))]
    return list(dict.fromkeys(found))


def bare(text: str) -> Sentence:
    """Return a text that holds an error in a form that nobody can parse: cut short, or escaped more than once.

    >>> bare('{"detail": [{"loc": ["body", "n"], "msg": "no')
    Sentence(text='{"detail": [{"loc": ["body", "n"], "msg": "no', param='body.n', code=None)
    """
    text = re.sub(r"\\n", " ", text[:LONGEST])
    text = re.sub(r"\\+([\"'])", r"\1", text)
    place = re.search(r"['\"]loc['\"]: ?[\[(]([^\])]*)[\])]", text)
    return Sentence(text, ".".join(re.findall(r"\w+", place[1])) if place else None)


def _data_in(text: str) -> Any:
    """Return the object or array that a text is, or ends in; None if it holds none."""
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    for start in sorted(starts):
        end = max(text.rfind("}"), text.rfind("]")) + 1
        for read in (json.loads, ast.literal_eval):
            try:
                data = read(text[start:end])
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if _is_error_body(data):
                return data
    return None


def _is_error_body(data: Any) -> bool:
    body = data[0] if isinstance(data, list) and data else data
    return isinstance(body, dict) and any(isinstance(key, str) and key in _BODY_KEYS for key in body)


_BODY_KEYS: Final = frozenset(
    {"error", "errors", "message", "msg", "detail", "code", "error_msg", "status_msg", "base_resp", "loc", "title"}
)


def _details(error: Any) -> Iterator[Sentence]:
    """Yield the findings of a list of validation errors, each of which has a place and a sentence."""
    if isinstance(error, list):
        for item in error[:20]:
            yield from _details(item)
    elif isinstance(error, Mapping):
        place, text = error.get("loc"), error.get("msg") or error.get("message")
        if isinstance(place, list | tuple) and isinstance(text, str):
            yield Sentence(text, ".".join(map(str, place)), str(error["type"]) if "type" in error else None)
            return
        for key in ("detail", "details", "error", "errors", "message"):
            inner = error.get(key)
            if isinstance(inner, str) and inner[:1] in "[{":
                inner = _data_in(inner)
            if isinstance(inner, list | Mapping):
                yield from _details(inner)
