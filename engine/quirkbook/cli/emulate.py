"""`quirkbook emulate`: a local server that takes and refuses what a provider does."""

from __future__ import annotations

import click


@click.command()
@click.argument("provider")
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
    from ..emulator import serve

    serve(provider, host, port)
