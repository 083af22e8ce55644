"""A gateway in front of scripted providers, for the tests of this folder."""

from __future__ import annotations

import pytest
from tests.gateway.asking import a_deployment, running, scripted
from tests.servers import answer, serving


@pytest.fixture(scope="module")
def front():
    """A gateway with one scripted provider behind it."""
    with scripted() as found:
        yield found


@pytest.fixture(scope="module")
def pair():
    """A gateway and its two providers, the second of which is asked when the first fails."""
    with (
        serving(answer()) as bad,
        serving(answer()) as other,
        running(a_deployment(bad.url, weight=1), a_deployment(other.url, weight=0)) as front,
    ):
        yield front, bad, other
