"""Deployments that fail too often, or say Retry-After, are passed over for a while."""

from __future__ import annotations

import pytest
from tests.gateway.asking import a_deployment, running
from tests.servers import answer, serving

from quirkbook.errors import BadRequestError, InternalServerError, RateLimitError
from quirkbook.gateway.cooldown import LONGEST, WINDOW, Cooldowns
from quirkbook.gateway.router import Target

pytestmark = pytest.mark.timeout(20)

ONE, TWO = (Target(a_deployment("http://x", "kimi", id=name), "m", name) for name in ("one", "two"))
BROKEN = InternalServerError("no", status=500)


class Clock:
    """A clock that stands still."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def order(cooldowns):
    return [target.label for target in cooldowns.passing_over((ONE, TWO))]


def fail(cooldowns, target=ONE, failure=BROKEN, times=1):
    return [cooldowns.bad(target.deployment, failure, 1, 30) for _ in range(times)][-1]


def test_one_that_fails_more_often_than_allowed_is_asked_last(clock):
    cooldowns = Cooldowns(clock)

    assert (fail(cooldowns), order(cooldowns)) == (False, ["one", "two"])
    assert (fail(cooldowns), order(cooldowns)) == (True, ["two", "one"])
    clock.now += 31
    assert order(cooldowns) == ["one", "two"]


def test_failures_that_are_long_past_do_not_count(clock):
    cooldowns = Cooldowns(clock)
    fail(cooldowns)
    clock.now += WINDOW + 1

    assert fail(cooldowns) is False


def test_after_its_pause_one_request_tells_how_it_does(clock):
    cooldowns = Cooldowns(clock)
    fail(cooldowns, times=2)
    clock.now += 31
    cooldowns.asking(ONE.deployment, 30)

    assert order(cooldowns) == ["two", "one"]
    cooldowns.good(ONE.deployment)
    assert (order(cooldowns), bool(cooldowns)) == (["one", "two"], False)


def test_one_that_fails_again_after_its_pause_is_passed_over_at_once(clock):
    cooldowns = Cooldowns(clock)
    fail(cooldowns, times=2)
    clock.now += 31
    cooldowns.asking(ONE.deployment, 30)

    assert fail(cooldowns) is True
    assert order(cooldowns) == ["two", "one"]


@pytest.mark.parametrize(("asked", "kept"), [(90, 90), (10**9, LONGEST)])
def test_retry_after_holds_from_the_first_failure_on(clock, asked, kept):
    cooldowns = Cooldowns(clock)
    fail(cooldowns, failure=RateLimitError("slow down", status=429, retry_after=asked))

    clock.now += kept - 1
    assert order(cooldowns) == ["two", "one"]
    clock.now += 2
    assert order(cooldowns) == ["one", "two"]


def test_what_the_request_is_to_blame_for_does_not_count(clock):
    cooldowns = Cooldowns(clock)

    assert fail(cooldowns, failure=BadRequestError("no", status=400), times=9) is False
    assert not cooldowns


def test_a_cooldown_of_no_time_is_none(clock):
    cooldowns = Cooldowns(clock)

    assert [cooldowns.bad(ONE.deployment, BROKEN, 0, 0) for _ in range(5)] == [False] * 5


def test_where_all_are_passed_over_they_are_asked_all_the_same(clock):
    cooldowns = Cooldowns(clock)
    fail(cooldowns, ONE, times=2)
    fail(cooldowns, TWO, times=2)

    assert order(cooldowns) == ["one", "two"]


def test_a_deployment_that_said_retry_after_is_left_alone_by_later_requests():
    limited = answer({"error": {"message": "slow down"}}, 429, retry_after="30")
    with serving(limited) as bad, serving(answer()) as good:
        deployments = (a_deployment(bad.url, order=1), a_deployment(good.url, order=2))
        with running(*deployments, cooldown=5, allowed_fails=3) as front:
            assert [front.ask({}).status for _ in range(6)] == [200] * 6

        assert (len(bad.requests), len(good.requests)) == (1, 6)


def test_a_deployment_that_recovers_is_asked_again(monkeypatch):
    with serving(answer("", 500), answer("", 500), answer()) as bad, serving(answer()) as good:
        deployments = (a_deployment(bad.url, order=1, cooldown=0.05), a_deployment(good.url, order=2))
        with running(*deployments, allowed_fails=1) as front:
            clock = Clock()
            monkeypatch.setattr(front.gateway.cooldowns, "_clock", clock)
            for _ in range(4):
                assert front.ask({}).status == 200
            clock.now += 1
            front.ask({})
            front.ask({})

        assert (len(bad.requests), len(good.requests)) == (4, 4)
