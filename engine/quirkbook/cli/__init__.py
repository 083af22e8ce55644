"""The command line: a module for each command or pair of commands.

Exit codes: 0 done, 1 a finding or a refusal, 2 usage or unreadable input. A user's mistake is told in words, once,
on stderr; it never shows a traceback.
"""

from __future__ import annotations

import io
import sys

import click

from ..errors import QuirkbookError
from . import (
    batch,
    create,
    diff,
    emulate,
    export,
    inspect,
    learn,
    model,
    mutate,
    probe,
    proof,
    providers,
    serve,
    stale,
    translate,
)
from .printing import echo

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _InGivenOrder(click.Group):
    """Lists its commands as they were added: the commonest first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InGivenOrder, context_settings=_HELP)
@click.version_option(package_name="quirkbook")
def quirkbook() -> None:
    """One OpenAI chat payload, every OpenAI-compatible provider: see what a provider would get, and why.

    \b
    quirkbook dry-run request.json -p moonshot     show the repaired payload
    quirkbook providers request.json               compare all providers
    quirkbook rules -p moonshot -m kimi-k2.6       list the rules in force
    quirkbook new acme && quirkbook check acme.yaml
    quirkbook serve --config config.yaml           run the gateway
    """


#: Command -> one line about it that fits a terminal of 80 columns.
_COMMANDS = {
    translate.dry_run: "Show the payload a provider would get, and why.",
    providers.providers: "List providers, or compare them for one request.",
    inspect.rules: "List the rules in force for a provider and a model.",
    inspect.rule: "Explain a rule, an error code, an action or an operator.",
    model.model: "Show which model an id names.",
    create.new: "Write a rule file for a new provider, to fill in.",
    proof.check: "Check rule files or a gateway config for mistakes.",
    proof.test: "Run the examples in rules and compare golden files.",
    diff.diff: "Compare two versions of the rules on real requests.",
    learn.learn: "Draft a rule from a provider's refusal.",
    mutate.mutate: "List changes of rules that no example notices.",
    stale.stale: "List the rules whose proof is old, and unknown models.",
    probe.probe: "Try the rules on a provider, or on recordings.",
    batch.batch: "Translate a file of requests, one a line.",
    serve.serve: "Run the gateway.",
    emulate.emulate: "Run a local stand-in for a provider.",
    export.export: "Print all rules as one JSON document.",
    create.schema: "Print a JSON Schema, for your editor.",
    inspect.completion: "Print the completion script of a shell.",
}
for command, line in _COMMANDS.items():
    command.short_help = line
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
        echo(f"quirkbook: {error}", err=True)
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
        echo(f"quirkbook: {where}{error.strerror or type(error).__name__}", err=True)
        sys.exit(2)
