"""An emulated provider for the adapters, one per test session; each test finds it as if just started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quirkbook.emulator import Emulator, running


@pytest.fixture(scope="session")
def _server() -> Iterator[tuple[Emulator, str]]:
    emulator = Emulator("moonshot")
    with running(emulator) as url:
        yield emulator, url


@pytest.fixture
def emulator(_server: tuple[Emulator, str]) -> Emulator:
    _server[0].forget()
    return _server[0]


@pytest.fixture
def url(_server: tuple[Emulator, str], emulator: Emulator) -> str:
    return _server[1]
