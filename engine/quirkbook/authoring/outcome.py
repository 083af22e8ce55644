"""What becomes of a request, as JSON data. This text also runs in other versions of Quirkbook (see `versions`), so it
imports nothing but the public names, and those only where it runs by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def outcome(
    explain: Callable[..., Any], book: Any, payload: Any, provider: str | None, model: str | None
) -> dict[str, Any]:
    """Return what would be sent for a payload and by which rules, or that it is refused or cannot be translated.

    ``{"provider", "model", "sent": {"payload", "headers", "address"}, "rules"}``, with ``"refused"`` instead of ``"sent"``
    where a rule refuses; ``{"error"}`` where the payload or its provider cannot be read.
    """
    try:
        report = explain(payload, provider, model=model, rulebook=book).to_dict()
    except Exception as error:  # noqa: BLE001 - another version may raise what this one does not
        return {"error": str(error)}
    said = {"provider": report["provider"], "model": report["model"]}
    if report["refusal"]:
        refusal = report["refusal"]
        return {**said, "refused": {"rule": refusal["rule"], "note": refusal.get("note", "")}, "rules": [refusal]}
    head = book.provider(report["provider"]).head
    address = {key: head[key] for key in ("base_url", "base_url_env", "api_key_env", "auth", "headers") if key in head}
    sent = {"payload": report["payload"], "headers": report["headers"], "address": address}
    return {**said, "sent": sent, "rules": report["changes"]}


def serve() -> None:
    """Answer each line of stdin, ``[payload, provider, model]``, with a line of its outcome."""
    import importlib
    import json
    import sys

    quirkbook = importlib.import_module("quirkbook")  # that of the process, which need not be the one around this text
    book = quirkbook.Rulebook()
    print(json.dumps(quirkbook.__version__), flush=True)
    for line in sys.stdin:
        print(json.dumps(outcome(quirkbook.explain, book, *json.loads(line))), flush=True)


if __name__ == "__main__":  # pragma: no cover
    serve()
