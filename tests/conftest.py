"""What holds for a whole run of the tests: how often laws are tried, and fixtures that several files use."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from quirkbook.emulator import Emulator

pytest_plugins = ["pytester"]

# How often a law is tried; `tests.strategies.tried` takes its share of it. A slow machine is not a failure.
settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
#: The same examples each time: a gate that opens or shuts by luck is worth little.
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=100, derandomize=True, database=None, print_blob=True
)
settings.register_profile("nightly", settings.get_profile("dev"), max_examples=2000, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's sight: it stays to the end, and is large.

    Each `gc.collect()` in a test took 0.6 s to look through it.
    """
    gc.collect()
    gc.freeze()


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
