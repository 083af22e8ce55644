"""`quirkbook batch`: a file of requests, translated line by line."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ..batch.files import Batch, Progress, Settings
from .completions import PROVIDERS
from .options import Refused, layers_option
from .printing import echo


@click.command()
@click.argument("source", metavar="IN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-p",
    "--provider",
    metavar="NAME",
    shell_complete=PROVIDERS,
    help="Who the payloads are for; else each model's prefix says so.",
)
@click.option("-m", "--model", metavar="MODEL", help="Translate for this model instead of the payloads'.")
@layers_option
@click.option("--strict", is_flag=True, help="Refuse lines that would need a lossy or semantic change.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that translate.  [default: one per core]")
@click.option("--force", is_flag=True, help="Write outputs anew that are there already.")
def batch(
    source: Path,
    target: Path,
    provider: str | None,
    model: str | None,
    layers: tuple[str, ...],
    strict: bool,
    workers: int | None,
    force: bool,
) -> None:
    """Translate the requests in IN, one a line, into OUT.

    A line is a payload, or a request of OpenAI's Batch API with custom_id and body. OUT.report.jsonl reports on each line
    which rules fired; lines that are refused or unreadable go into OUT.refused.jsonl, and the exit code is 1 then. After
    a kill or a full disk the same command goes on where it was.

    \b
    quirkbook batch requests.jsonl moonshot.jsonl -p moonshot
    jq -r 'select(.refused) | [.line, .refused] | @tsv' moonshot.jsonl.report.jsonl
    """
    policy = {"lossy": "error", "semantic": "error"} if strict else None
    work = Batch(source, target, Settings(provider, model, layers, policy), workers=workers)
    with _bar(work.size) as on_progress:
        progress = work.run(force=force, on_progress=on_progress)
    fates = progress.fates
    count = sum(fates.values())
    summary = (
        f"{count:,} request{'' if count == 1 else 's'}: {fates['unchanged']:,} unchanged, {fates['changed']:,} changed"
    )
    lost = f", {fates['refused']:,} refused, {fates['unread']:,} unreadable: see {work.refused}"
    echo(f"{summary}{lost if fates['refused'] or fates['unread'] else ''}; report: {work.report}", err=True)
    if fates["refused"] or fates["unread"]:
        raise Refused


def _bar(size: int) -> Any:
    """Return a context that gives a function to report progress with: a bar on a terminal, nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        return nullcontext(lambda progress: None)
    from contextlib import contextmanager

    from rich.progress import Progress as Bar

    @contextmanager
    def shown() -> Any:
        with Bar(console=console, transient=True) as bar:
            task = bar.add_task("translating", total=size)

            def update(progress: Progress) -> None:
                bar.update(task, completed=progress.read)

            yield update

    return shown()
