"""The class of an error by its status and its text. The facts are in ``schemas/errors.yaml``, which is read at the first error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ..model import ErrorClass
from ..resources import folder

TABLE: Final = "errors.yaml"
_LONGEST: Final = 2000
"""Characters of a message that are looked at."""
_BETWEEN: Final = re.compile(r"[\s_\-]+")


@dataclass(frozen=True)
class Entry:
    """A line of the table: the class of errors that have one of the statuses and one of the texts."""

    error_class: ErrorClass
    statuses: frozenset[int]
    text: re.Pattern[str] | None


@dataclass(frozen=True)
class Table:
    """The whole of ``schemas/errors.yaml``."""

    statuses: Mapping[ErrorClass, int]
    """Class -> the status of an answer whose own says that all is well."""
    entries: tuple[Entry, ...]
    codes: tuple[Entry, ...]


@cache
def table() -> Table:
    """Return the table."""
    from ..source.yaml import read  # here alone, as PyYAML costs a tenth of the start

    data = read((folder("schemas") / TABLE).read_bytes(), f"schemas/{TABLE}").data
    return Table(
        {ErrorClass(name): entry["status"] for name, entry in data["classes"].items()},
        tuple(_entry(item, item["status"], item.get("text")) for item in data["match"]),
        tuple(_entry(item, (), item["code"]) for item in data["codes"]),
    )


def _entry(item: Mapping[str, Any], statuses: Iterable[int], phrases: Iterable[str] | None) -> Entry:
    pattern = "|".join(re.escape(phrase).replace(r"\*", ".{0,60}") for phrase in phrases or ())
    return Entry(ErrorClass(item["class"]), frozenset(statuses), re.compile(pattern, re.DOTALL) if pattern else None)


def classify(error: Mapping[str, Any], status: int | None, named: ErrorClass | None = None) -> tuple[ErrorClass, int]:
    """Return the class of an error in OpenAI's shape, and its status; see `provider_errors.classify`."""
    known = table()
    if status is None or status < 400:
        status = _number(error)
    if named is not None:
        return named, status or known.statuses[named]
    found = by_text(error, status) or (_by_code(error) if status is None else by_status(status))
    return found, status or known.statuses[found]


def by_text(error: Mapping[str, Any], status: int | None) -> ErrorClass | None:
    """Return the class that the text tells, of an answer of that status; None: of any."""
    words = _plain(f"{error.get('code')} {error.get('type')} {error.get('status')} {error['message'][:_LONGEST]}")
    for entry in table().entries:
        if entry.text is not None and (status is None or status in entry.statuses) and entry.text.search(words):
            return entry.error_class
    return None


def by_status(status: int) -> ErrorClass:
    """Return the class that a status tells by itself."""
    found = next((one.error_class for one in table().entries if one.text is None and status in one.statuses), None)
    return found or (ErrorClass.BAD_REQUEST if status < 500 else ErrorClass.SERVER_ERROR)


def _by_code(error: Mapping[str, Any]) -> ErrorClass:
    words = [_plain(str(error[key])) for key in ("code", "type") if error.get(key)]
    found = (one.error_class for one in table().codes for word in words if one.text and one.text.search(word))
    return next(found, ErrorClass.SERVER_ERROR)


def _number(error: Mapping[str, Any]) -> int | None:
    """Return the status that an error in an answer of status 200 names as a number."""
    for value in (error.get("code"), error.get("status"), error.get("http_code")):
        text = str(value)
        if text.isdecimal() and 400 <= int(text[:9]) < 600:
            return int(text)
    return None


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", text.lower())
