"""`quirkbook emulate`: a local server that takes and refuses what a provider does."""

from __future__ import annotations

import click

from .completions import EMULATORS
from .printing import echo


@click.command()
@click.argument("provider", shell_complete=EMULATORS)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535))
def emulate(provider: str, host: str, port: int) -> None:
    """Serve a local stand-in for PROVIDER: it refuses what the provider refuses, in its words.

    Needs the extra `serve`: pip install '.[serve]' in a checkout of Quirkbook. Any key is accepted that does
    not contain "bad".

    \b
    quirkbook emulate moonshot
    curl http://127.0.0.1:8001/v1/chat/completions -H 'Authorization: Bearer x' \\
      -d '{"model": "kimi-k2.6", "temperature": 0.2, "messages": [{"role": "user", "content": "Hi"}]}'
    """
    from ..emulator import available, serve
    from ..rulebook.rulebook import Rulebook

    head = Rulebook().provider(provider).head if provider in available() else {}  # else serve() lists those there are
    key, address = head.get("api_key_env"), head.get("base_url_env")
    if port and key and address:
        echo(f"export {key}=any-key {address}=http://{host}:{port}/v1", err=True)
    serve(provider, host, port)
