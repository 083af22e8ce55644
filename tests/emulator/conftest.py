"""Servers for the tests: one for each provider and test session, asked over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from quirkbook.emulator import Emulator, running

KEY = {"authorization": "Bearer sk-test"}
Ask = Callable[..., requests.Response]


def asking(url: str) -> Ask:
    def ask(
        model: str,
        /,
        *,
        headers: dict[str, str] | None = None,
        stream: bool = False,
        timeout: float = 20,
        **fields: Any,
    ):
        payload = {"model": model, "messages": [{"role": "user", "content": "Hi"}], **fields}
        if stream:
            payload["stream"] = True
        given = {**KEY, **(headers or {})}
        return requests.post(f"{url}/chat/completions", json=payload, headers=given, stream=stream, timeout=timeout)

    return ask


@pytest.fixture(scope="session")
def moonshot_url() -> Iterator[str]:
    with running("moonshot") as url:
        yield url


@pytest.fixture(scope="session")
def openai_url() -> Iterator[str]:
    with running("openai") as url:
        yield url


@pytest.fixture(scope="session")
def moonshot(moonshot_url: str) -> Ask:
    return asking(moonshot_url)


@pytest.fixture(scope="session")
def openai(openai_url: str) -> Ask:
    return asking(openai_url)


@pytest.fixture
def own() -> Iterator[tuple[Emulator, Ask, str]]:
    """A server of the test's own, and the application in it."""
    emulator = Emulator("moonshot")
    with running(emulator) as url:
        yield emulator, asking(url), url
