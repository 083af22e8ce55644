"""`quirkbook learn`: draft rules from refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click

from ..api import explain
from ..model import same
from ..proof.drafts import Lesson, Refused
from ..proof.drafts import learn as learn_from
from ..proof.endpoints import Live, key_for
from ..proof.exchange import exchange_from
from ..proof.log import is_recorded, refusals
from ..proof.refusals import Wordings
from ..proof.trying import Tries, learn_by_trying
from ..proof.writing import add_rules, file_text
from ..rulebook.rulebook import Rulebook
from .options import Refused as Exit1
from .options import layers_option, read_payload, rulebook
from .printing import echo

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.command()
@click.option("--error", type=_FILE, metavar="FILE", help="The error: a body as JSON, or any text that holds it.")
@click.option("--payload", type=_FILE, metavar="FILE", help="The request that was refused.")
@click.option("--log", type=_FILE, metavar="FILE", help="Many refusals, a JSON object with payload and error a line.")
@click.option(
    "--try", "tries", is_flag=True, help="Send the payload: make it smaller while it is refused, and try the repair."
)
@click.option("--base-url", metavar="URL", help="With --try: another address.")
@click.option("--key-env", metavar="NAME", help="With --try: the environment variable that holds the key.")
@click.option("-p", "--provider", metavar="NAME", help="Who refused it; in a log, where its lines do not say so.")
@click.option(
    "--write", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Add the drafts to this rule file."
)
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@layers_option
def learn(
    error: str | None,
    payload: str | None,
    log: str | None,
    tries: bool,
    base_url: str | None,
    key_env: str | None,
    provider: str | None,
    write: Path | None,
    form: str,
    layers: tuple[str, ...],
) -> None:
    """Draft a rule from a refusal: which parameter, what is wrong with it, and a repair with examples.

    A draft is in force only where drafts are asked for (--drafts). Texts of the payload are replaced. Where the error is
    not understood, a skeleton says what is missing; the exit code is 1 then. Wordings of your own: a file with the key
    `refusals` in a folder of --rules.

    \b
    quirkbook learn --payload request.json --error response.json -p acme
    quirkbook learn --payload request.json -p acme --try
    quirkbook learn --log gateway.jsonl --write my-rules/acme.yaml -p acme
    quirkbook dry-run request.json -p acme --rules my-rules --drafts
    """
    if tries and (payload is None or log is not None):
        raise click.UsageError("--try sends a request: name it with --payload")
    if not tries and (error is None) == (log is None):
        raise click.UsageError("name one of --error and --log")
    if log is not None and payload is not None:
        raise click.UsageError("--payload goes with --error; a log has the payloads in its lines")
    if log is None and provider is None:
        raise click.UsageError("-p says who refused it")
    book = rulebook(layers)
    wordings = Wordings(book.files)
    if tries:
        lessons = _tried(str(payload), book, str(provider), base_url, key_env, wordings)
    else:
        refused = _of_log(log, provider, book) if log else [_of_files(str(error), payload, str(provider))]
        lessons = [lesson for each in refused for lesson in learn_from(each, wordings)]
    unique: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        unique.setdefault(_key(lesson), []).append(lesson)
    for group in unique.values():
        echo(_in_words(group[0], len(group)), err=True)
    _put_out([group[0] for group in unique.values()], write, form)
    if any(not group[0].is_sound for group in unique.values()):
        raise Exit1


def _tried(
    payload: str, book: Rulebook, provider: str, base_url: str | None, key_env: str | None, wordings: Wordings
) -> list[Lesson]:
    name, _ = book.resolve(provider, None)
    head = book.provider(name).head
    endpoint = Live(head, base_url, key_for(name, head, key_env, base_url), _today())
    return learn_by_trying(Refused(None, read_payload(payload), name, _today()), Tries(endpoint), wordings)


def _of_files(error: str, payload: str | None, provider: str) -> Refused:
    with click.open_file(error, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return Refused(text, None if payload is None else read_payload(payload), provider, _today())


def _of_log(log: str, provider: str | None, book: Rulebook) -> Iterator[Refused]:
    """Yield the refusals of a log; of a recording those that no rule foresaw."""
    with click.open_file(log, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if is_recorded(line) and not _is_unforeseen(json.loads(line), provider, book):
                continue
            refused = next((each for _, each in refusals(iter([line]), provider, _today())), None)
            if not line.strip():
                continue
            if refused is None:
                echo(f"{log}:{number}: no error in this line: left out", err=True)
            else:
                yield refused


def _is_unforeseen(line: dict[str, Any], provider: str | None, book: Rulebook) -> bool:
    """Tell whether a recorded request was refused that the rules would send as it is."""
    exchange = exchange_from(line)
    if not exchange.is_refused or provider is None:
        return exchange.is_refused
    done = explain(exchange.request, provider, rulebook=book)
    return not done.refusal and same(done.payload, exchange.request)


def _today() -> str:
    return date.today().isoformat()


def _key(lesson: Lesson) -> str:
    rule = lesson.rule or {}
    place = lesson.place.path if lesson.place else None
    facts = [lesson.provider, lesson.kind, place, rule.get("models"), rule.get("when"), rule.get("do")]
    return json.dumps(facts if lesson.kind else [*facts, rule.get("why")], default=str)


def _in_words(lesson: Lesson, count: int) -> str:
    times = f", {count} times" if count > 1 else ""
    if lesson.finding is None:
        head = f"{lesson.provider}: not understood{times}"
    else:
        where = lesson.place.path if lesson.place else "no parameter named"
        head = f"{lesson.provider}: {where}: {lesson.kind}{times}"
    return "\n".join([head, *(f"  missing: {each}" for each in lesson.missing)])


def _put_out(lessons: list[Lesson], write: Path | None, form: str) -> None:
    if form == "json":
        echo(json.dumps([lesson.to_dict() for lesson in lessons], indent=2, ensure_ascii=False))
    by_provider: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        if lesson.rule is not None and (lesson.is_sound or write is None):
            by_provider.setdefault(lesson.provider, []).append(lesson)
    for provider, its in by_provider.items():
        drafts = [lesson.rule for lesson in its if lesson.rule is not None]
        if write is not None:
            for id in add_rules(write, provider, drafts):
                echo(f"wrote {provider}/{id} to {write}", err=True)
        elif form == "yaml":
            echo(file_text(provider, drafts), nl=False)
