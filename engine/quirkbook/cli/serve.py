"""`quirkbook serve`: the gateway."""

from __future__ import annotations

import os
from typing import Any, Final

import click

from ..errors import missing_extra
from ..proof.unforeseen import VARIABLE

_SECONDS: Final = click.FloatRange(0, 7 * 86_400)


@click.command()
@click.option("--config", "-c", "path", type=click.Path(dir_okay=False), help="A config.yaml in LiteLLM's format.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=4000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--uds", "socket", type=click.Path(), metavar="PATH", help="Listen on this Unix socket, not on host and port."
)
@click.option(
    "--root-path",
    "roots",
    multiple=True,
    metavar="/PATH",
    help="Serve everything below this path, too; else SERVER_ROOT_PATH says which.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A name that Host may have where no master key is set.",
)
@click.option("--strict", is_flag=True, help="Refuse a config with unknown keys.")
@click.option("--no-auth", is_flag=True, help="Serve requests from other machines without a master key.")
@click.option(
    "--unforeseen",
    type=click.Path(dir_okay=False, resolve_path=True),
    metavar="FILE",
    help="Keep here what providers refuse that no rule foresaw, without texts; for `quirkbook learn --log`.",
)
@click.option(
    "--reload/--no-reload", default=True, show_default=True, help="Take edits of config and rules into force."
)
@click.option(
    "--drain", default=30.0, show_default=True, type=_SECONDS, help="Seconds for requests under way after SIGTERM."
)
@click.option(
    "--sse-ping",
    "ping",
    default=15.0,
    show_default=True,
    type=_SECONDS,
    help="Seconds of silence in a stream before a comment; 0: none.",
)
@click.option(
    "--health-timeout",
    default=120.0,
    show_default=True,
    type=_SECONDS,
    help="Seconds without a sign of life before a worker is replaced; 0: never.",
)
def serve(no_auth: bool, unforeseen: str | None, **options: Any) -> None:
    """Serve an OpenAI-compatible gateway that translates each request for its provider.

    Needs the extra `serve`: pip install '.[serve]' in a checkout of Quirkbook. Without --config every provider is
    offered whose key is in the environment, as `moonshot/*` and so on. Edits of the config and of your rules come into force without a restart.

    \b
    quirkbook check config.yaml                  which of its keys are used, and which are not
    quirkbook serve --config config.yaml
    curl http://127.0.0.1:4000/v1/chat/completions \\
      -H 'content-type: application/json' -d '{"model": "moonshot-v1-8k", "messages": [...]}'
    """
    roots = options.pop("roots") or os.environ.get("SERVER_ROOT_PATH", "").split(",")
    options["roots"] = tuple(f"/{root.strip().strip('/')}" for root in roots if root.strip().strip("/"))
    if unforeseen:
        os.environ[VARIABLE] = unforeseen
    try:
        from ..gateway import serve
        from ..gateway.config.model import Options
    except ImportError as error:
        raise missing_extra("the gateway", str(error.name), "serve") from None
    serve.serve(Options(**options), no_auth=no_auth)
