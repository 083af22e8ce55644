"""The command line: `quirkbook dry-run`, `diff`, `check`, `test`, `rules`, `rule`, `providers`.

Exit codes: 0 done, 1 a finding or a refusal, 2 usage or unreadable input. A user's mistake is told in words, once,
on stderr; it never shows a traceback.
"""

from __future__ import annotations

import io
import sys

import click

from ..errors import QuirkbookError
from . import batch, diff, emulate, inspect, learn, model, proof, providers, serve, translate

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_HELP)
@click.version_option(package_name="quirkbook")
def quirkbook() -> None:
    """Provider quirks as rules: see what a provider would get, and why.

    \b
    quirkbook dry-run request.json -p moonshot           what Moonshot would get
    quirkbook dry-run request.json -p moonshot | jq .    the report stays on stderr
    quirkbook rules -p moonshot -m kimi-k2.6             the rules in force, in order
    quirkbook model us.anthropic.claude-opus-4-7-v1:0    what its name says of a model
    quirkbook check my-rules/ && quirkbook test my-rules/
    """


for command in (
    translate.dry_run,
    proof.check,
    proof.test,
    inspect.rules,
    inspect.rule,
    model.model,
    providers.providers,
    diff.diff,
    learn.learn,
    batch.batch,
    serve.serve,
    emulate.emulate,
    inspect.completion,
):
    quirkbook.add_command(command)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):  # a payload may hold half a surrogate pair, which no terminal takes
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = quirkbook.main(args, prog_name="quirkbook", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)  # click returns the code of an Exit
    except QuirkbookError as error:
        click.echo(f"quirkbook: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        raise  # click's own affair: who reads the output has had enough
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"quirkbook: {where}{error.strerror or type(error).__name__}", err=True)
        sys.exit(2)
