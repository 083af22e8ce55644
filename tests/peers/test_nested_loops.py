"""acompletion() under nest_asyncio, as notebooks have it: loops in loops, and nothing is left open when the process ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quirkbook.emulator import running

pytest.importorskip("nest_asyncio", reason="nest-asyncio is not installed: see tests/peers.txt")

SCRIPT = """
import asyncio, sys
import nest_asyncio
from quirkbook import acompletion

nest_asyncio.apply()

async def ask(stream=False):
    asked = [{"role": "user", "content": "Hi"}]
    answer = await acompletion("moonshot/moonshot-v1-8k", asked, base_url=sys.argv[1], api_key="k", stream=stream)
    return len([chunk async for chunk in answer]) if stream else answer.choices[0].message.content

async def outer():
    inner = asyncio.get_event_loop().run_until_complete(ask())
    return inner, asyncio.run(ask()), asyncio.run(ask(True)), await ask(True)

print(asyncio.run(outer()), asyncio.run(ask()))
"""


def test_loops_in_loops_answer_and_leave_nothing_open():
    paths = [str(Path(__file__).parents[2] / "engine"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with running("moonshot") as url:
        command = [sys.executable, "-W", "always::ResourceWarning", "-c", SCRIPT, url]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.stderr == ""
    assert done.stdout == "('You said: Hi', 'You said: Hi', 5, 5) You said: Hi\n"
