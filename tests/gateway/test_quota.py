"""Limits of LiteLLM's: requests and tokens by the minute and the day, and how many at once, of each deployment."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fakeredis import TcpFakeServer
from tests.gateway.asking import a_plain_deployment, running, until
from tests.gateway.served import a_config, served
from tests.servers import COMPLETION, answer, chunk, events, raw, refusing_address, serving, stream

from quirkbook.gateway import serve as gateway_serving
from quirkbook.gateway import shared_counts, shared_slots
from quirkbook.gateway.config.load import read_config
from quirkbook.gateway.config.model import Allowance, Limits, Options
from quirkbook.gateway.quota import LocalCounts, Meter, Quota, Slots
from quirkbook.gateway.shared_counts import SharedCounts
from quirkbook.gateway.shared_slots import SharedSlots

pytestmark = pytest.mark.timeout(30)

USED = {**COMPLETION, "usage": {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}}
DOWN = answer({"error": {"message": "down", "type": "server_error", "param": None, "code": None}}, status=500)


class Clock:
    def __init__(self, now=1_800_000_000.0):  # a minute begins then, and a day 8 hours before
        self.now = now

    def __call__(self):
        return self.now


def in_a_loop(test):
    @functools.wraps(test)
    def run(*arguments, **named):
        asyncio.run(test(*arguments, **named))

    return run


@contextlib.contextmanager
def still(*deployments, **config):
    """Run a gateway for which no minute ends."""
    with running(*deployments, **config) as front:
        front.gateway.quota._clock = Clock()
        yield front


# Counting


async def times(quota, number, allowance, who="a"):
    return [await quota.enter(who, allowance) is None for _ in range(number)]


@in_a_loop
async def test_requests_are_counted_until_the_limit_and_anew_in_the_next_minute():
    clock = Clock()
    quota = Quota(LocalCounts(clock), clock)

    assert await times(quota, 3, Allowance(rpm=2)) == [True, True, False]
    clock.now += 59.4
    over = await quota.enter("a", Allowance(rpm=2))
    assert (over.limit, over.what, over.seconds) == (2, "requests a minute", 1)
    clock.now += 0.6
    assert await times(quota, 3, Allowance(rpm=2)) == [True, True, False]
    assert await times(quota, 1, Allowance(rpm=2), "b") == [True]


@in_a_loop
async def test_a_day_has_its_own_limit_and_ends_at_midnight():
    clock = Clock()
    quota = Quota(LocalCounts(clock), clock)

    assert await times(quota, 2, Allowance(rpd=1, rpm=5)) == [True, False]
    clock.now += 60
    over = await quota.enter("a", Allowance(rpd=1, rpm=5))
    assert (over.what, over.seconds) == ("requests a day", 86_400 - 8 * 3600 - 60)


@in_a_loop
async def test_a_request_that_one_limit_refuses_counts_for_no_other():
    quota = Quota(LocalCounts(), Clock())
    await times(quota, 5, Allowance(rpm=1, rpd=3))

    assert await times(quota, 3, Allowance(rpd=3)) == [True, True, False]


@in_a_loop
async def test_tokens_are_counted_behind_the_answer():
    clock = Clock()
    quota = Quota(LocalCounts(clock), clock)
    allowance = Allowance(tpm=100)

    assert await times(quota, 2, allowance) == [True, True]
    quota.spend("a", allowance, 100)
    await asyncio.sleep(0)
    assert (await quota.enter("a", allowance)).what == "tokens a minute"
    clock.now += 60
    assert await times(quota, 1, allowance) == [True]


@in_a_loop
async def test_nothing_is_spent_where_no_tokens_are_limited():
    quota = Quota(LocalCounts(), Clock())
    quota.spend("a", Allowance(rpm=1), 100)

    assert await times(quota, 1, Allowance(tpm=100)) == [True]


@in_a_loop
async def test_windows_that_are_over_are_forgotten(monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.quota._MOST_KEPT", 3)
    clock = Clock()
    counts = LocalCounts(clock)
    for at in range(5):
        clock.now += 60
        await counts.add({str(at): (1, 60)})

    assert len(counts._windows) < 5
    assert await counts.add({"4": (0, 60)}) == [1]


@in_a_loop
async def test_who_waits_longest_for_a_slot_is_woken_first():
    slots = Slots()
    woken = []

    async def wait(name, seconds=5.0):
        await slots.wait(["a", "b"], seconds)
        woken.append(name)

    assert (slots.take("a", 1), slots.take("a", 1), slots.take("b", None), slots.take("b", None)) == (
        True,
        False,
        True,
        True,
    )
    tasks = [asyncio.create_task(wait("first")), asyncio.create_task(wait("second"))]
    await asyncio.sleep(0)
    slots.give("a")
    slots.give("b")
    await asyncio.gather(*tasks)
    assert woken == ["first", "second"]
    slots.give("b")
    assert (slots._taken, slots._waiting) == ({}, {})


@in_a_loop
async def test_the_wait_for_a_slot_ends():
    slots = Slots()
    slots.take("a", 1)
    await slots.wait(["a"], 0.01)

    assert slots._waiting == {}


@pytest.mark.parametrize(
    ("feed", "tokens"),
    [
        (lambda meter: meter.whole(json.dumps(USED).encode()), 100),
        (lambda meter: meter.whole(b"x" * 400), 200),
        (lambda meter: meter.events(events(chunk("a"), chunk("b"), {"usage": {"total_tokens": 7}}, "[DONE]")), 7),
        (lambda meter: meter.events(events(chunk("a"), chunk("b"), {"usage": {"total_tokens": None}})), 103),
        (lambda meter: meter.events(b'data: {"content": "\\"total_tokens\\": 5"}\n\n'), 101),
        (
            lambda meter: meter.events(
                events({"usage": {"input_tokens": 5, "output_tokens": 1}}, {"usage": {"output_tokens": 3}})
            ),
            8,
        ),
        (lambda meter: None, 100),
    ],
)
def test_tokens_are_what_the_answer_says_else_what_its_length_suggests(feed, tokens):
    meter = Meter(400)
    feed(meter)

    assert meter.tokens == tokens


# Through the gateway


def limited(server, name="m", **limits):
    return a_plain_deployment(server.url, name, allowance=Allowance(**limits))


def test_a_deployment_at_its_limit_is_passed_over_and_the_last_says_when_to_come_back():
    with (
        serving(answer(COMPLETION)) as one,
        serving(answer(COMPLETION)) as two,
        still(limited(one, rpm=1), limited(two, rpm=2)) as front,
    ):
        got = [front.ask({"model": "m"}) for _ in range(4)]

    assert [each.status for each in got] == [200, 200, 200, 429]
    assert (len(one.requests), len(two.requests)) == (1, 2)
    error = got[-1].error
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    first, second = sorted(error["message"].splitlines()[1:], key=len)
    assert re.fullmatch(
        r"  m: 'm' has a limit of 1 request a minute, which is reached: ask again in \d+ seconds", first
    )
    assert second.startswith("  m#2: 'm#2' has a limit of 2 requests a minute")
    assert 1 <= int(got[-1].headers["retry-after"]) <= 60


def test_fallbacks_are_asked_when_all_of_a_name_are_at_their_limit():
    with serving(answer(COMPLETION)) as one, serving(answer(COMPLETION)) as two:
        deployments = limited(one, rpm=1), a_plain_deployment(two.url, "other")
        with still(*deployments, fallbacks={"m": ("other",)}) as front:
            got = [front.ask({"model": "m"}).headers["x-quirkbook-deployment"] for _ in range(2)]

    assert got == ["m", "other"]


def test_a_limit_is_not_a_failure_of_the_deployment():
    with serving(answer(COMPLETION)) as one, still(limited(one, rpm=1), cooldown=60.0, allowed_fails=0) as front:
        got = [front.ask({"model": "m"}).status for _ in range(3)]
        front.forget()

    assert got == [200, 429, 429]
    assert not front.gateway.cooldowns


def test_what_failed_wins_over_what_was_not_asked():
    with (
        serving(DOWN) as one,
        serving(answer(COMPLETION)) as two,
        still(limited(one, rpm=9), limited(two, rpm=1)) as front,
    ):
        assert [front.ask({"model": "m"}).status for _ in range(2)] == [200, 500]


@pytest.mark.parametrize("payload", [{}, {"stream": True}])
def test_tokens_of_answers_and_streams_are_counted(payload):
    usage = {"id": "c", "choices": [], "usage": USED["usage"]}
    good = stream(events(chunk("a"), chunk(None, "stop"), usage, "[DONE]")) if payload else answer(USED)
    with serving(good) as one, still(limited(one, tpm=150)) as front:
        got = []
        for _ in range(3):
            got.append(front.ask({"model": "m", **payload}))
            front.forget()

    assert [each.status for each in got] == [200, 200, 429]
    assert "has a limit of 150 tokens a minute" in got[-1].error["message"]


def test_tokens_that_an_answer_does_not_tell_are_estimated():
    bare = {key: value for key, value in COMPLETION.items() if key != "usage"}
    with serving(answer(bare)) as one, still(limited(one, tpm=20)) as front:
        assert [front.ask({"model": "m"}).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(("path", "limits"), [("/v1/embeddings", {"rpm": 1}), ("/v1/responses", {"tpm": 10})])
def test_other_endpoints_keep_the_same_limits(path, limits):
    used = {"type": "response.completed", "response": {"usage": {"total_tokens": 10}}}
    scripts = {"/v1/embeddings": answer({"object": "list", "data": []}), "/v1/responses": stream(events(used))}
    with serving(scripts[path]) as one, still(limited(one, **limits)) as front:
        got = []
        for _ in range(2):
            got.append(front.ask({"model": "m", "input": "a", "stream": "responses" in path}, path=path).status)
            front.forget()

    assert got == [200, 429]


class Gate:
    """A script that answers when it is let, and knows how many it holds at once."""

    def __init__(self):
        self.open, self.lock, self.now, self.most = threading.Event(), threading.Lock(), 0, 0

    def __call__(self, connection):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.open.wait(10)
        with self.lock:
            self.now -= 1
        return answer(COMPLETION)(connection)


def together(front, number, **payload):
    """Ask at once; return the threads and what they get."""
    got = []
    threads = [threading.Thread(target=lambda: got.append(front.ask({"model": "m", **payload}))) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads, got


def test_no_more_are_asked_at_once_than_may_be_and_the_others_wait():
    gate = Gate()
    with serving(gate) as one, still(limited(one, parallel=2)) as front:
        threads, got = together(front, 5)
        until(lambda: gate.now == 2 and front.gateway.under_way == 5)
        gate.open.set()
        for thread in threads:
            thread.join()

    assert ([each.status for each in got], gate.most) == ([200] * 5, 2)
    assert front.gateway.quota.slots._taken == {}


def test_another_deployment_is_asked_before_anybody_waits():
    gate = Gate()
    with (
        serving(gate) as one,
        serving(answer(COMPLETION)) as two,
        still(limited(one, parallel=1, rpm=1), limited(two, parallel=1)) as front,
    ):
        first, _ = together(front, 1)
        until(lambda: gate.now == 1 or len(two.requests) == 1)
        assert front.ask({"model": "m"}).status == 200
        gate.open.set()
        first[0].join()


def test_who_waits_too_long_is_sent_away():
    gate = Gate()
    with serving(gate) as one, still(limited(one, parallel=1), limits=Limits(queue=0.05)) as front:
        threads, _ = together(front, 1)
        until(lambda: gate.now == 1)
        got = front.ask({"model": "m"})
        gate.open.set()
        threads[0].join()

    assert (got.status, got.error["code"], got.headers["retry-after"]) == (429, "too_many_at_once", "1")
    assert got.error["message"] == "'m' is asked 1 request at once, which is its limit (max_parallel_requests)"


@pytest.mark.parametrize("script", [DOWN, raw(b"", close=True)])
def test_a_slot_is_given_back_whatever_happens(script):
    with serving(script) as one, still(limited(one, parallel=1)) as front:
        for _ in range(3):
            assert front.ask({"model": "m"}).status >= 500
        front.forget()

    assert front.gateway.quota.slots._taken == {}


# One count for all processes


@pytest.fixture
def redis():
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    thread.join()


def test_gateways_with_one_redis_count_together(redis):
    with serving(answer(USED)) as one:
        deployment = limited(one, rpm=3, tpm=10_000)
        with still(deployment, redis=redis) as first, still(deployment, redis=redis) as second:
            got = [front.ask({"model": "m"}).status for front in (first, second, first, second, first)]

    assert got == [200, 200, 200, 429, 429]


def test_a_redis_that_does_not_answer_costs_no_request_and_is_said():
    url = refusing_address().replace("http://", "redis://").removesuffix("/v1")
    with serving(answer(COMPLETION)) as one, still(limited(one, rpm=2), redis=url) as front:
        got = [front.ask({"model": "m"}).status for _ in range(3)]
        told = [line["why"] for line in front.logged(4) if line.get("event") == "limits"]

    assert got == [200, 200, 429]
    assert told == ["Redis does not answer (ConnectionError): limits are counted by this process alone"]


@in_a_loop
async def test_a_redis_that_answers_again_is_asked_again(redis, monkeypatch):
    said, clock = [], Clock(0.0)
    counts = SharedCounts(redis, said.append, clock)
    working, counts._add = counts._add, SimpleNamespace()  # cannot be called
    assert await counts.add({"a": (1, 60)}) == [1]
    assert await counts.add({}) == ()
    counts._add = working
    assert await counts.add({"a": (1, 60)}) == [2]  # not asked yet
    clock.now = shared_counts.PAUSE
    assert await counts.add({"a": (5, 60), "b": (0, 60)}) == [5, 0]
    await counts.close()

    assert said == [
        "Redis does not answer (TypeError): limits are counted by this process alone",
        "Redis answers again: limits are counted there",
    ]


def test_a_reload_may_name_another_redis_or_none(redis):
    with serving(answer(COMPLETION)) as one, still(limited(one, rpm=1)) as front:
        gateway, config = front.gateway, front.gateway.service.config
        counts = [gateway.quota.counts]
        for url in (None, redis, redis, None):
            gateway.replace(replace(config, redis=url))
            counts.append(gateway.quota.counts)

    assert [type(each) for each in counts] == [LocalCounts, LocalCounts, SharedCounts, SharedCounts, LocalCounts]
    assert (counts[0] is counts[1], counts[2] is counts[3]) == (True, True)


# The config


def read(tmp_path, text, **environ):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return read_config(path, environ=environ)


MODEL = "model_list: [{model_name: m, litellm_params: {model: openai/m, api_key: k, api_base: 'http://h/v1'%s}%s}]\n"


@pytest.mark.parametrize(
    ("params", "beside", "allowance"),
    [
        ("", "", Allowance()),
        (", rpm: 5, tpm: 6, rpd: 7, tpd: 8, max_parallel_requests: 9", "", Allowance(5, 6, 7, 8, 9)),
        (", rpm: 5", ", rpm: 6, tpm: 7", Allowance(rpm=5, tpm=7)),
        (", rpm: 0", "", Allowance()),
        (", rpm: os.environ/RPM", ", tpm: os.environ/RPM", Allowance(rpm=3, tpm=3)),
        (", rpm: null", ", tpm: null", Allowance()),
    ],
)
def test_limits_stand_beside_a_model(tmp_path, params, beside, allowance):
    config = read(tmp_path, MODEL % (params, beside), RPM="3")

    assert config.deployments[0].allowance == allowance
    assert [setting.state for setting in config.settings] == ["used"] * len(config.settings)


def test_one_number_of_requests_at_once_may_hold_for_all_models(tmp_path):
    text = MODEL % ("", "") + "router_settings: {default_max_parallel_requests: 4}\n"

    assert read(tmp_path, text).deployments[0].allowance == Allowance(parallel=4)
    assert read(tmp_path, text.replace("'}", "', max_parallel_requests: 2}")).deployments[0].allowance.parallel == 2


def test_the_requests_at_once_of_the_whole_gateway(tmp_path):
    text = MODEL % ("", "") + "general_settings: {global_max_parallel_requests: 7}\n"

    assert read(tmp_path, text).limits.concurrency == 7
    assert read(tmp_path, text + "quirkbook_settings: {limits: {concurrency: 5, queue_seconds: 0}}\n").limits == Limits(
        concurrency=5, queue=0.0
    )


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ("redis_url: 'rediss://h:1/2'", "rediss://h:1/2"),
        ("redis_url: os.environ/R, redis_host: other", "redis://r"),
        ("redis_host: h", "redis://h:6379/0"),
        ("redis_host: h, redis_port: '7000', redis_password: 'a/b', redis_ssl: true", "rediss://:a%2Fb@h:7000/0"),
        ("redis_port: 7000", None),
    ],
)
def test_the_redis_is_named_as_in_litellm(tmp_path, settings, url):
    config = read(tmp_path, MODEL % ("", "") + f"router_settings: {{{settings}}}\n", R="redis://r")

    assert config.redis == url
    assert "redis=" not in repr(config)


def test_checks_before_a_call_that_are_not_made_are_said(tmp_path):
    text = MODEL % ("", "") + "router_settings: {optional_pre_call_checks: [%s]}\n"
    states = [
        next(setting.state for setting in read(tmp_path, text % checks).settings if "checks" in setting.pointer)
        for checks in ("enforce_model_rate_limits", "enforce_model_rate_limits, prompt_caching")
    ]

    assert states == ["used", "unsupported"]


@pytest.mark.parametrize(
    ("limits", "redis", "installed", "workers", "lines"),
    [
        ({"rpm": 1}, None, True, 1, []),
        ({"rpm": 1}, "redis://h", True, 2, []),
        ({"parallel": 1}, "redis://h", False, 1, []),
        ({"parallel": 1}, "redis://h", True, 2, []),
        ({"parallel": 1}, "redis://h", False, 2, [r"max_parallel_requests holds .* share it"]),
        ({"rpm": 1}, "redis://h", False, 1, [r".* needs the extra redis: .*"]),
        (
            {"tpm": 1, "parallel": 1},
            None,
            True,
            2,
            [r".*each of 2 workers.*redis_url.*", r"max_parallel_requests holds .*"],
        ),
    ],
)
def test_what_holds_for_each_process_alone_is_said_at_the_start(monkeypatch, limits, redis, installed, workers, lines):
    monkeypatch.setattr(gateway_serving, "is_installed", lambda: installed)
    deployment = a_plain_deployment("http://h/v1", allowance=Allowance(**limits))
    said = gateway_serving.not_shared(SimpleNamespace(deployments=[deployment], redis=redis), Options(workers=workers))

    assert [bool(re.fullmatch(pattern, line)) for pattern, line in zip(lines, said, strict=True)] == [True] * len(lines)


def test_two_workers_with_a_redis_keep_one_limit(tmp_path, redis):
    with serving(answer(COMPLETION)) as server:
        config = a_config(server.url, router_settings={"redis_url": redis})
        config = config.replace('"api_base"', '"rpd": 3, "api_base"')
        with served(tmp_path, "--workers", "2", config=config) as gateway:
            statuses = [gateway.ask()[0] for _ in range(8)]

    assert sorted(statuses) == [200] * 3 + [429] * 5


# Requests at once, in all processes together


@in_a_loop
async def test_slots_are_taken_by_all_processes_together_and_given_back(redis):
    one, two = SharedSlots(redis, [].append), SharedSlots(redis, [].append)
    first, second = await one.take("a", 2), await two.take("a", 2)
    assert (bool(first), bool(second), first != second) == (True, True, True)
    assert (await one.take("a", 2), bool(await one.take("b", 2))) == (None, True)
    one.give("a", first)
    await asyncio.gather(*one._tasks)
    assert await two.take("a", 2)
    one.give("a", first)  # a second time, which gives nothing
    assert not one._tasks
    await one.close()
    await two.close()


@in_a_loop
async def test_slots_of_a_process_that_is_gone_come_back(redis):
    clock = Clock(1_000_000.0)
    gone, here = SharedSlots(redis, [].append, clock), SharedSlots(redis, [].append, clock)
    assert await gone.take("a", 1)
    assert await here.take("a", 1) is None
    clock.now += shared_slots.LEASE + 1
    assert await here.take("a", 1)
    await gone.close()
    await here.close()


@in_a_loop
async def test_slots_that_are_held_are_held_for_longer(redis, monkeypatch):
    monkeypatch.setattr(shared_slots, "RENEW", 0.001)
    clock = Clock(1_000_000.0)
    holding = SharedSlots(redis, [].append, clock)
    lease = await holding.take("a", 1)
    clock.now += 30
    async with asyncio.timeout(5):
        while await holding._redis.zscore("quirkbook:a:under-way", lease) < clock.now + shared_slots.LEASE:
            await asyncio.sleep(0.001)
    holding.give("a", lease)
    async with asyncio.timeout(5):
        await holding._renewing
    assert await holding.take("a", 1)
    await holding.close()


@in_a_loop
async def test_where_the_redis_does_not_answer_each_process_has_the_limit_to_itself():
    said, clock = [], Clock(0.0)
    url = refusing_address().replace("http://", "redis://").removesuffix("/v1")
    slots = SharedSlots(url, said.append, clock)
    assert [await slots.take("a", 1), await slots.take("a", 1)] == ["", ""]
    clock.now = shared_counts.PAUSE
    assert await slots.take("a", 1) == ""
    await slots._drop("a", "x")
    await slots.close()

    assert said == ["Redis does not answer (ConnectionError): max_parallel_requests holds for this process alone"] * 2


@in_a_loop
async def test_a_request_that_is_cancelled_while_it_takes_a_slot_holds_none(redis):
    slots = SharedSlots(redis, [].append)
    quota = Quota(LocalCounts())
    quota.leases = slots
    put, started = slots._put, asyncio.Event()

    async def slow(who, lease):
        await put(who, lease)
        started.set()
        await asyncio.sleep(60)

    slots._put = slow
    task = asyncio.create_task(quota.take("a", 1))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(*slots._tasks)
    slots._put = put

    assert await quota.take("a", 1)
    await slots.close()


@in_a_loop
async def test_a_slot_goes_back_to_whoever_gave_it_though_a_reload_has_named_another(redis):
    one, quota = SharedSlots(redis, [].append), Quota(LocalCounts())
    quota.leases = one
    lease = await quota.take("a", 1)
    quota.leases = None
    quota.give("a", lease)
    await asyncio.gather(*one._tasks)

    assert await one.take("a", 1)
    await one.close()


def test_two_gateways_with_a_redis_keep_one_limit_of_requests_at_once(redis):
    gate = Gate()
    with (
        serving(gate) as server,
        still(limited(server, parallel=1), redis=redis, limits=Limits(queue=0)) as one,
        still(limited(server, parallel=1), redis=redis, limits=Limits(queue=5)) as two,
    ):
        first, got = together(one, 1)
        until(lambda: gate.now == 1)
        waiting, late = together(two, 1)
        refused = one.ask({"model": "m"})
        until(lambda: two.gateway.under_way == 1)
        gate.open.set()
        for thread in (*first, *waiting):
            thread.join()

    assert (refused.status, refused.error["code"]) == (429, "too_many_at_once")
    assert ([each.status for each in (*got, *late)], gate.most) == ([200, 200], 1)
