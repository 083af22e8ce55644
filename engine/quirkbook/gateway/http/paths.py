"""Addresses as clients write them: with a slash too many, with other prefixes, with the model in the path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote

CHAT: Final = "/v1/chat/completions"
VERSION: Final = "/v1"

#: What clients write before the address that they mean.
_PREFIX: Final = re.compile(r"/(openai/v1|api/v1|v1|openai|api|anthropic(?=/v1/)|v2(?=/rerank))(?=/)")
#: Azure's way, and that of OpenAI's first API, to name the model.
_DEPLOYMENT: Final = re.compile(r"/(?:deployments|engines)/([^/]+)(/.+)")
#: What is served below ``/v1``; all else stands at the top.
_BELOW: Final = re.compile(
    r"/(chat/completions|models(/.+)?|model/info|translate|(completions|embeddings|moderations|rerank|responses|messages|images|audio)(/.+)?)"
)


class Address(NamedTuple):
    """An address as the gateway has it, and the model that it names, if it does."""

    path: str
    model: str | None = None


def plain(path: str, roots: Iterable[str] = ()) -> Address:
    """Return the address that a client means; one that leads nowhere as it is. Below a root is what stands at the top.

    >>> plain("/openai/deployments/gpt-4o/chat/completions")
    Address(path='/v1/chat/completions', model='gpt-4o')
    >>> plain("//v1/v1/models/"), plain("/metrics"), plain("/nowhere/")
    (Address(path='/v1/models', model=None), Address(path='/metrics', model=None), Address(path='/nowhere/', model=None))
    """
    for root in roots:
        if path.startswith(root + "/") or path == root:
            path = path.removeprefix(root) or "/"
            break
    short = re.sub(r"/{2,}", "/", path)
    short = short.rstrip("/") or "/"
    for _ in range(3):  # /v1/v1, /openai/v1
        short = _PREFIX.sub("", short, count=1) if _PREFIX.match(short) else short
    model = None
    if deployment := _DEPLOYMENT.fullmatch(short):
        model, short = unquote(deployment[1]), deployment[2]
    if _BELOW.fullmatch(short):
        return Address(f"/v1{short}", model)
    return Address(path)
