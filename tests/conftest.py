"""Fixtures of pytest that several files use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from quirkbook.emulator import Emulator

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def _emulated() -> Iterator[tuple[Emulator, str]]:
    from quirkbook.emulator import Emulator, running

    emulator = Emulator("moonshot")
    with running(emulator) as url:
        yield emulator, url


@pytest.fixture
def emulator(_emulated: tuple[Emulator, str]) -> Emulator:
    """Return the one emulated provider of the session; each test finds it as if just started."""
    _emulated[0].forget()
    return _emulated[0]


@pytest.fixture
def url(_emulated: tuple[Emulator, str], emulator: Emulator) -> str:
    """Return its base URL."""
    return _emulated[1]


@pytest.fixture
def moonshot(url: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Return it, with address and key in the environment."""
    monkeypatch.setenv("MOONSHOT_API_BASE", url)
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-test-0123456789")
    return emulator
