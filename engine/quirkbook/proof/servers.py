"""Which server answers at an address of one's own, by how it lists its models and words its errors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..plan.regex import compile_re2
from ..rulebook import builtin
from .exchange import Exchange


def suggest(models: Any, exchanges: Iterable[Exchange] = ()) -> str | None:
    """Return the provider whose server answers like this, None where nothing tells.

    ``models`` is the body of ``GET /models``.

    >>> suggest({"object": "list", "data": [{"id": "qwen3", "owned_by": "vllm"}]})
    'vllm'
    """
    texts = [json.dumps(models)] + [json.dumps(exchange.body) for exchange in exchanges]
    for file in builtin.refusals():
        for server in file.head.get("servers", ()):
            pattern = compile_re2(server["says"], ignore_case=True)
            if any(pattern.search(text) for text in texts):
                return str(server["provider"])
    return None
