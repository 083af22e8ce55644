"""Streams of chunks, and what a rule with a memory makes of them."""

from __future__ import annotations

import copy

from tests.running import exact

from quirkbook import ChunkTranslator
from quirkbook.wire.accumulate import Accumulator

FRAME = {"id": "c", "object": "chat.completion.chunk", "created": 7, "model": "m", "system_fingerprint": "fp"}


def chunk(*choices, **more):
    return {**FRAME, "choices": list(choices), **more}


def stream(book, chunks, *, cut=False, **more):
    """Return what comes out of each chunk, and at the end."""
    before = copy.deepcopy(chunks)
    translator = ChunkTranslator("acme", rulebook=book, **more)
    passed = [translator.feed(one) for one in chunks]
    closing = translator.close(cut=cut)
    assert exact(chunks) == exact(before)
    assert translator.close() == []
    return [*passed, closing]


def choice_of(book, chunks, **more):
    """Return the first choice as a client has it in the end."""
    accumulator = Accumulator()
    for one in (one for several in stream(book, chunks, **more) for one in several):
        accumulator.add(one)
    return accumulator.answer().to_dict()["choices"][0]
