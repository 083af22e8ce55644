"""`quirkbook diff`: which requests would go out differently under other rules, and by which rules."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click

from ..authoring.compare import Comparison, Difference, compare
from ..authoring.versions import Pair
from ..errors import RuleFileError
from ..payload.describe import show
from .completions import PROVIDERS
from .options import PAYLOAD_LIMIT, InputError, Refused, parse_payload, read_payload
from .printing import echo

#: How many places of one request, and how many rules of all requests, the text names.
SHOWN = 12

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option(
    "--rules",
    "versions",
    nargs=2,
    required=True,
    metavar="OLD NEW",
    help="Two of: a folder of rules, a wheel, a checkout or environment with Quirkbook in it, built-in.",
)
@click.option(
    "-p",
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    shell_complete=PROVIDERS,
    help="A provider; may be given again.",
)
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL", help="A model; may be given again.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff(
    files: tuple[str, ...],
    versions: tuple[str, str],
    providers: tuple[str, ...],
    models: tuple[str, ...],
    form: str,
) -> None:
    """Show which requests would go out differently under NEW than under OLD, where, and by which rules.

    A FILE holds one request as JSON, or one a line if its name ends in .jsonl (also lines of OpenAI's Batch API); - is
    stdin. Each request is compared for every provider and model that is given, else for those that it names itself.

    A folder of your own rules counts above the built-in ones, the rules of a checkout in their place. A wheel, checkout
    or environment runs with its own code. Nothing is sent. Exit code 1: something differs; 2: a request could not be
    read or translated by either version.

    \b
    quirkbook diff request.json -p moonshot --rules built-in my-rules/
    quirkbook diff traffic.jsonl -p groq -p moonshot -m kimi-k3 --rules old.whl new.whl
    """
    try:
        pair = Pair(*versions)
    except RuleFileError as error:
        error.exit_code = 2  # 1 says that something differs
        raise
    cells = list(product(providers or (None,), models or (None,)))
    tally = _Tally(form)
    with pair:
        for name, payload in _requests(files):
            if isinstance(payload, InputError):
                tally.fail(str(payload))
                continue
            for provider, model in cells:
                sides = (side.outcome(payload, provider, model) for side in (pair.old, pair.new))
                tally.add(name, provider, model, compare(*sides))
    tally.finish(pair)


def _requests(files: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield each request with its name; an `InputError` in place of one that cannot be read."""
    for file in files:
        if file.endswith(".jsonl"):
            yield from _lines(file)
        else:
            try:
                yield file, read_payload(file)
            except InputError as error:
                yield file, error


def _lines(file: str) -> Iterator[tuple[str, Any]]:
    with Path(file).open("rb") as lines:
        for number, raw in enumerate(iter(lambda: lines.readline(PAYLOAD_LIMIT + 1), b""), 1):
            if raw.isspace():
                continue
            name = f"{file}:{number}"
            try:
                item = parse_payload(raw.decode("utf-8-sig").rstrip("\r\n"), file, number)
            except UnicodeDecodeError as error:
                yield name, InputError(f"{name}: not UTF-8 text (byte {raw[error.start]:#04x}): save it as UTF-8")
            except InputError as error:
                yield name, error
            else:
                is_batch_line = isinstance(item, dict) and "body" in item and "messages" not in item
                yield name, item["body"] if is_batch_line else item


class _Tally:
    """Collects comparisons: text is printed as they come, JSON at the end."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._compared = self._failed = 0
        self._different: list[dict[str, Any]] = []
        self._count = 0
        self._rules: Counter[str] = Counter()

    def fail(self, text: str) -> None:
        """Note a request that could not be compared."""
        self._failed += 1
        echo(f"quirkbook: {text}", err=True)

    def add(self, name: str, provider: str | None, model: str | None, comparison: Comparison) -> None:
        """Note a comparison; ``provider`` and ``model`` are those that were asked for."""
        if comparison.fate == "untranslatable":
            self.fail(f"{name}: {_first_line(comparison.new['error'])}")
            return
        self._compared += 1
        if comparison.fate == "same":
            return
        self._count += 1
        self._rules.update(comparison.rules)
        named = {**comparison.old, **comparison.new}
        who = [name, named.get("provider") or provider, named.get("model") or model]
        if self._form == "json":
            self._different.append(_as_data(who, comparison))
        else:
            echo(_text(who, comparison))

    def finish(self, pair: Pair) -> None:
        """Print the sum, and exit with the code that it asks for."""
        sides = {"old": pair.old, "new": pair.new}
        if self._form == "json":
            sums = {"compared": self._compared, "not_compared": self._failed, "rules": dict(self._rules.most_common())}
            named = {side: {"rules": version.name, "kind": version.kind} for side, version in sides.items()}
            data = {**named, **sums, "different": self._different}
            echo(json.dumps(data, indent=2, ensure_ascii=False))
        else:
            for side, version in sides.items():
                echo(f"{side}: {version.name} ({version.kind})", err=True)
            echo(self._summary(), err=True)
        if self._failed:
            raise click.exceptions.Exit(2)
        if self._count:
            raise Refused

    def _summary(self) -> str:
        requests = f"{self._compared:,} request{'' if self._compared == 1 else 's'}"
        count = f"{self._count:,} of {requests} would go out differently"
        lost = f", {self._failed:,} could not be compared" if self._failed else ""
        rules = [f"\n  {times:>5,}  {rule}" for rule, times in self._rules.most_common(SHOWN)]
        more = len(self._rules) - SHOWN
        return "".join([count, lost, *rules, f"\n  and {more:,} other rules" if more > 0 else ""])


def _as_data(who: list[str | None], comparison: Comparison) -> dict[str, Any]:
    name, provider, model = who
    sides = {"old": comparison.old, "new": comparison.new}
    said = {
        side: {key: outcome[key] for key in ("refused", "error") if key in outcome} for side, outcome in sides.items()
    }
    return {
        "request": name,
        "provider": provider,
        "model": model,
        "fate": comparison.fate,
        **{side: words for side, words in said.items() if words},
        "payload": [difference.to_dict() for difference in comparison.payload],
        "around": [difference.to_dict() for difference in comparison.around],
        "rules": {
            "no_longer": list(comparison.no_longer),
            "now": list(comparison.now),
            "otherwise": list(comparison.otherwise),
        },
    }


def _text(who: list[str | None], comparison: Comparison) -> str:
    places = [*comparison.around, *comparison.payload]
    more = len(places) - SHOWN
    texts = [
        " · ".join([*filter(None, who), comparison.fate]),
        *(f"  {reason}" for reason in _reasons(comparison)),
        *(f"  {_place(place)}" for place in places[:SHOWN]),
        *([f"  and {more:,} more places"] if more > 0 else []),
        *(f"  {word}  {rule}" for word, rules in _rules(comparison) for rule in rules),
    ]
    return "\n".join([*texts, ""])


def _reasons(comparison: Comparison) -> Iterator[str]:
    for side, outcome in (("old", comparison.old), ("new", comparison.new)):
        if "refused" in outcome:
            yield f"{side}: refused: {outcome['refused']['note']}"
        if "error" in outcome:
            yield f"{side}: {_first_line(outcome['error'])}"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _place(place: Difference) -> str:
    return f"{place.pointer}: {show(place.old)} -> {show(place.new)}"


def _rules(comparison: Comparison) -> tuple[tuple[str, Sequence[str]], ...]:
    return (("no longer", comparison.no_longer), ("now      ", comparison.now), ("otherwise", comparison.otherwise))
