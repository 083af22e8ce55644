"""`quirkbook probe`: the rules held against what an endpoint answers, live or from recordings."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import click

from ..errors import UsageError
from ..proof.endpoints import Live, Replay, key_for
from ..proof.exchange import Exchange
from ..proof.recordings import Recording, read_vcr
from ..proof.refusals import Wordings
from ..proof.report import lines, patches
from ..proof.servers import suggest
from ..proof.session import Endpoint, Findings, Session, estimate
from ..resources import folder
from ..rulebook.providers import GENERIC
from ..rulebook.rulebook import Rulebook
from .options import Refused, rulebook, rules_option
from .printing import echo

#: Requests a second towards an address that is not on this machine.
RATE = 2.0


@click.command()
@click.argument("provider", required=False)
@click.option(
    "-m", "--model", "models", multiple=True, metavar="MODEL", help="Which models; else those that are listed."
)
@click.option("--rule", "rule_glob", default="*", metavar="GLOB", help="Only these rules, as 'moonshot/tool-*'.")
@click.option("--base-url", metavar="URL", help="Another address, as of a local server.")
@click.option("--key-env", metavar="NAME", help="The environment variable that holds the key.")
@click.option("--plan", is_flag=True, help="Show what would be asked and about what it costs; send nothing.")
@click.option("--budget", type=click.IntRange(1), metavar="TOKENS", help="Stop before more than this is spent.")
@click.option(
    "--rate", type=click.FloatRange(0), help=f"Requests a second.  [default: {RATE:g}; no limit on this machine]"
)
@click.option(
    "--record", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Keep the exchanges here."
)
@click.option(
    "--replay", type=click.Path(exists=True, path_type=Path), metavar="DIR", help="Judge recordings; send nothing."
)
@click.option("--write", is_flag=True, help="Write what was found into the rule files: verified, status.")
@rules_option
@click.option("--format", "form", type=click.Choice(["text", "json", "patch"]), default="text", show_default=True)
def probe(
    provider: str | None,
    models: tuple[str, ...],
    rule_glob: str,
    base_url: str | None,
    key_env: str | None,
    plan: bool,
    budget: int | None,
    rate: float | None,
    record: Path | None,
    replay: Path | None,
    write: bool,
    layers: tuple[str, ...],
    form: str,
) -> None:
    """Try the rules in force on a provider: are they still true, do the repairs work, is something else refused?

    Each rule is asked about with its own examples: a control without the field in question must be taken, the request as
    it is refused, the translated one taken. Verdicts: confirmed, stale (taken as it is: the provider has moved on),
    broken (refused though translated), not visible, inconclusive, untested (why); unforeseen: a field that no rule is
    about is refused. Exit code 1: something is stale, broken or unforeseen.

    \b
    quirkbook probe moonshot -m kimi-k2.6 --plan
    quirkbook probe moonshot -m kimi-k2.6 --budget 20000 --record recordings
    quirkbook probe moonshot --replay recordings
    quirkbook probe --base-url http://127.0.0.1:8000/v1 -m qwen3
    """
    book = rulebook(layers)
    today = date.today().isoformat()
    if replay is not None and record is not None:
        raise click.UsageError("--record sends, --replay does not: choose one")
    if replay is not None:
        if provider is None:
            raise click.UsageError("name the PROVIDER whose recordings are judged")
        findings, last = _replayed(book, book.provider(provider).name, models, rule_glob, replay)
    else:
        endpoint, name = _endpoint(book, provider, base_url, key_env, today)
        wanted = list(models) or endpoint.models() or []
        if not wanted:
            raise click.UsageError("the address lists no models: name one with -m")
        recording = Recording(record, name) if record else None
        session = Session(book, name, wanted, Wordings(book.files), today, rule_glob, budget, recording)
        if plan:
            _show_plan(session, form)
            return
        session.wait = _pace(rate, endpoint.url)
        last = dict(recording.last()) if recording else {}
        with click.progressbar(length=len(session.requests), file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            session.progress = lambda done, total: bar.update(done - bar.pos)
            findings = session.run(endpoint)
        if recording and not findings.stopped:
            recording.finish(findings.to_dict())
    _put_out(findings, book, last, form, write=write)
    if findings.has_changed:
        raise Refused


def _endpoint(
    book: Rulebook, provider: str | None, base_url: str | None, key_env: str | None, today: str
) -> tuple[Live, str]:
    """Return who answers, and whose rules hold there."""
    if provider is None and base_url is None:
        raise click.UsageError("name a PROVIDER, or an address with --base-url")
    name = book.resolve(provider, None, base_url)[0]
    head = book.provider(name).head
    endpoint = Live(head, base_url, key_for(name, head, key_env, base_url), today)
    if provider is None and name == GENERIC:
        endpoint.models()
        found = suggest(endpoint.answered_models)
        if found in book.providers:
            echo(f"it answers like {found}: its rules are tried; to try others, name the provider", err=True)
            return endpoint, str(found)
        echo("what serves there does not say who it is: only the rules of the models' families are tried", err=True)
    return endpoint, name


def _pace(rate: float | None, url: str) -> Callable[[], None]:
    """Return what waits before each request, so that no more than ``rate`` are sent in a second."""
    per_second = rate if rate is not None else 0 if _is_here(url) else RATE
    if not per_second:
        return lambda: None
    sent: list[float] = []

    def wait() -> None:
        if sent and (left := sent[-1] + 1 / per_second - time.monotonic()) > 0:
            time.sleep(left)
        sent[:] = [time.monotonic()]

    return wait


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _replayed(
    book: Rulebook, provider: str, models: tuple[str, ...], rule_glob: str, place: Path
) -> tuple[Findings, dict[str, object]]:
    exchanges: dict[str, Exchange]
    if place.is_file():
        exchanges, last = {exchange.key: exchange for exchange in read_vcr(place)}, {}
    else:
        recording = Recording(place, provider)
        exchanges, last = recording.exchanges(), dict(recording.last())
    if not exchanges:
        raise UsageError(f"{place}: no recording of {provider}: make one with --record")
    wanted = list(models) or list(dict.fromkeys(str(exchange.request.get("model")) for exchange in exchanges.values()))
    day = max(exchange.date for exchange in exchanges.values())
    listed = last.get("models")
    endpoint: Replay = Replay(exchanges, listed if isinstance(listed, list) else None)
    asked: Endpoint = endpoint
    session = Session(book, provider, wanted, Wordings(book.files), day, rule_glob)
    findings = session.run(asked)
    if not models and rule_glob == "*" and not place.is_file():
        findings.unused = [json.dumps(exchange.request, ensure_ascii=False)[:200] for exchange in endpoint.unused]
    return findings, last


def _show_plan(session: Session, form: str) -> None:
    requests = session.requests
    tokens = sum(map(estimate, requests))
    if form == "json":
        asked = [
            {"id": ask.id, "about": ask.about, "asked": ask.shown, "requests": ask.requests} for ask in session.asks
        ]
        echo(json.dumps({"requests": len(requests), "tokens": tokens, "asks": asked}, indent=2, ensure_ascii=False))
        return
    for ask in session.asks:
        echo(f"{ask.id}  {ask.shown}")
    echo(f"{len(requests)} requests, about {tokens} tokens; nothing was sent", err=True)


def _put_out(findings: Findings, book: Rulebook, last: dict[str, object], form: str, *, write: bool) -> None:
    made = patches(findings, book, Path(os.fspath(str(folder("rules")))).parent)
    if form == "json":
        echo(json.dumps(findings.to_dict(), indent=2, ensure_ascii=False))
    elif form == "patch":
        echo("".join(patch.diff for patch in made), nl=False)
    else:
        for line in lines(findings, last):
            echo(line)
    for patch in made if write else ():
        patch.path.write_text(patch.after, "utf-8")
        echo(f"wrote {patch.path}", err=True)
