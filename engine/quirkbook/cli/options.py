"""Options that several commands share, and where input comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..api import default_layers, default_rulebook
from ..errors import QuirkbookError
from ..rulebook.rulebook import Rulebook
from ..source.document import number
from ..wire import notjson

#: A payload larger than this is refused before it is read (stdin: while it is read). Bytes.
PAYLOAD_LIMIT = 64 * 1024 * 1024

F = TypeVar("F", bound=Callable[..., Any])


class InputError(QuirkbookError):
    """The input cannot be read, or is not a JSON object."""

    exit_code = 2


class Refused(click.exceptions.Exit):
    """A finding or a refusal: exit 1."""

    def __init__(self) -> None:
        super().__init__(1)


def rules_option(command: F) -> F:
    """Add ``--rules`` and ``--drafts``."""
    return layers_option(
        click.option(
            "--drafts",
            is_flag=True,
            expose_value=False,
            callback=_ask_for_drafts,
            help="Rules of status draft are in force, too.",
        )(command)
    )


def layers_option(command: F) -> F:
    """Add ``--rules`` alone."""
    return click.option(
        "--rules",
        "layers",
        multiple=True,
        metavar="DIR",
        type=click.Path(exists=True),
        help="A folder of your own rules, above the built-in ones; may be given again, later ones win.",
    )(command)


def format_option(command: F) -> F:
    """Add ``--format text|json``, handed on as ``form``."""
    return click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)(
        command
    )


def rulebook(layers: tuple[str, ...]) -> Rulebook:
    """Return the rulebook that the options ask for: named layers, else those of QUIRKBOOK_RULES."""
    if not click.get_current_context().meta.get(_DRAFTS):
        return Rulebook.load(*layers) if layers else default_rulebook()
    return Rulebook.load(*(layers or default_layers()), drafts=True)


_DRAFTS = "quirkbook.drafts"


def _ask_for_drafts(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[_DRAFTS] = value


def read_payload(name: str) -> Any:
    """Read JSON from a file, or from stdin for ``-``.

    Raises:
        InputError: too large, not UTF-8, not JSON; with file:line:column.
    """
    shown = "<stdin>" if name == "-" else name
    raw = _read_bytes(name, shown)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{shown}:{line}: not UTF-8 text (byte {raw[error.start]:#04x}): save it as UTF-8") from None
    return parse_payload(text, shown)


def parse_payload(text: str, shown: str, first_line: int = 1) -> Any:
    """Read JSON that stands in a file from ``first_line`` on; ``shown`` is what messages call the file.

    Raises:
        InputError: not JSON; with file:line:column.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=number, parse_int=number
        )
    except json.JSONDecodeError:
        flaw = notjson.find(text)
        line, column = text.count("\n", 0, flaw.at) + first_line, flaw.at - text.rfind("\n", 0, flaw.at)
        raise InputError(f"{shown}:{line}:{column}: {flaw.message}") from None
    except ValueError as error:
        raise InputError(f"{shown}: {error}") from None
    except RecursionError:
        raise InputError(f"{shown}: nested too deeply to be a chat payload") from None


def _read_bytes(name: str, shown: str) -> bytes:
    if name == "-":
        raw = sys.stdin.buffer.read(PAYLOAD_LIMIT + 1)
    else:
        path = Path(name)
        size = path.stat().st_size
        if size > PAYLOAD_LIMIT:
            raise InputError(f"{shown}: {size:,} bytes are too many for a payload: the limit is {PAYLOAD_LIMIT:,}")
        with path.open("rb") as file:  # a pipe has no size
            raw = file.read(PAYLOAD_LIMIT + 1)
    if len(raw) > PAYLOAD_LIMIT:
        raise InputError(f"{shown}: more than {PAYLOAD_LIMIT:,} bytes, too many for a payload")
    return raw


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON value: write a number or null")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key '{twice}' stands twice in one object: keep one of them")
    return mapping
