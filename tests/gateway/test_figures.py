"""Figures of several workers: added up by the process above them, and kept when a worker ends."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import signal
import threading
from multiprocessing import Pipe

import pytest
from tests.gateway.asking import until
from tests.gateway.served import a_config, served
from tests.gateway.test_serve import workers_of
from tests.servers import answer, serving

from quirkbook.gateway import above, figures, supervisor
from quirkbook.gateway.config.model import Options
from quirkbook.gateway.http.asgi import HTTPError
from quirkbook.gateway.observe import Log, Metrics

pytestmark = pytest.mark.timeout(60)


def some(model="kimi", times=1):
    metrics = Metrics(lambda: 2)
    for _ in range(times):
        metrics.count(model, "moonshot", 200, 0.01, 0.001, ("moonshot/n",))
    return metrics.taken()


def lines(sums, *names):
    page = figures.page(sums).decode().splitlines()
    return [line for line in page if line.startswith(names) and "_created" not in line]


def test_counts_of_the_same_labels_are_added_and_others_stand_beside_them():
    assert lines(figures.added([some(times=2), some(), some("other")]), "quirkbook_requests_total") == [
        'quirkbook_requests_total{model="kimi",provider="moonshot",status="200"} 3.0',
        'quirkbook_requests_total{model="other",provider="moonshot",status="200"} 1.0',
    ]


def test_histograms_stay_histograms():
    sums = lines(figures.added([some(times=2), some()]), "quirkbook_request_seconds")
    of = 'model="kimi",provider="moonshot"'

    assert sums[0] == f'quirkbook_request_seconds_bucket{{le="0.005",{of}}} 0.0'
    assert sums[1] == f'quirkbook_request_seconds_bucket{{le="0.025",{of}}} 3.0'
    assert f"quirkbook_request_seconds_count{{{of}}} 3.0" in sums


def test_of_times_the_first_counts():
    def created(at):
        return [("a", "A.", "counter", [("a_total", {}, 1.0), ("a_created", {}, at)])]

    assert figures.added([created(20.0), created(10.0), created(30.0)])[0][3] == [
        ("a_total", {}, 3.0),
        ("a_created", {}, 10.0),
    ]


def test_figures_go_through_a_pipe_and_come_out_the_same():
    given = some()

    assert figures.unpacked(figures.packed(given)) == given


def test_of_a_worker_that_ended_only_what_was_counted_stays():
    kept = figures.added([figures.lasting(some()), some()])

    assert lines(kept, "quirkbook_requests_under_way", "quirkbook_workers", "quirkbook_rules_fired_total") == [
        'quirkbook_rules_fired_total{rule="moonshot/n"} 2.0',
        "quirkbook_requests_under_way 2.0",
        "quirkbook_workers 1.0",
    ]


# With processes


def counted(gateway, name="quirkbook_requests_total"):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    connection.request("GET", "/metrics")
    said = connection.getresponse()
    page = said.read().decode()
    connection.close()
    assert said.status == 200, page
    return sum(float(found) for found in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", page, re.MULTILINE))


def test_two_workers_tell_the_same_sum_and_one_that_is_killed_stays_in_it(tmp_path):
    with serving(answer()) as server, served(tmp_path, "--workers", "2", config=a_config(server.url)) as gateway:
        until(lambda: counted(gateway, "quirkbook_workers") == 2)
        for _ in range(20):
            assert gateway.ask()[0] == 200
        until(lambda: counted(gateway) == 20)
        assert {counted(gateway) for _ in range(10)} == {20}  # whichever of the two answers

        before = workers_of(gateway.process)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(workers_of(gateway.process) - before) == 1, 15)
        until(lambda: counted(gateway, "quirkbook_workers") == 2, 15)
        assert counted(gateway) == 20
        gateway.ask()
        until(lambda: counted(gateway) == 21)


# The process above, with workers that do as they are told


class Told:
    """A worker that says nothing by itself."""

    def __init__(self, given=None):
        self.asks, self.owes, self.figures, self.told = False, False, figures.NONE, []
        self._given = given

    def tell(self, message):
        self.told.append(message)
        if message == supervisor.ASK and self._given is not None:
            self.figures, self.owes = self._given, False


def supervising(*workers):
    one = supervisor.Supervisor(lambda *_: None, Options(), [], Log(lambda text: None))
    one._workers = list(workers)
    return one


def test_nobody_is_asked_unless_one_asks():
    worker = Told(some())
    supervising(worker)._gather()

    assert worker.told == []


def test_who_asks_gets_the_sum_of_all():
    asking, other = Told(some()), Told(some(times=4))
    asking.asks = True
    supervising(asking, other)._gather()

    assert asking.told[0] == other.told[0] == supervisor.ASK and len(other.told) == 1
    assert b'quirkbook_requests_total{model="kimi",provider="moonshot",status="200"} 5.0' in asking.told[1]
    assert not asking.asks


def test_one_that_gives_nothing_is_waited_for_only_so_long(monkeypatch):
    asking, hanging = Told(some()), Told()
    hanging.figures = some(times=9)
    asking.asks = True
    one = supervising(asking, hanging)

    one._gather()
    assert len(asking.told) == 1
    monkeypatch.setattr(supervisor, "PATIENCE", -1.0)
    one._gather()

    assert b'quirkbook_requests_total{model="kimi",provider="moonshot",status="200"} 10.0' in asking.told[1]


# The end of a worker


def of_worker(talk):
    """Run the worker's end on a loop, with the other end of its pipe in the hands of ``talk``; return the page or error."""
    ours, theirs = Pipe()

    async def run():
        end = above.Above(theirs, Metrics(lambda: 0))
        end.begin()
        listening = threading.Thread(target=end.listen, daemon=True)
        listening.start()
        talking = asyncio.get_running_loop().run_in_executor(None, talk, ours)
        try:
            return await end.page()
        except HTTPError as error:
            return error
        finally:
            await talking
            ours.close()
            await asyncio.to_thread(listening.join)

    return asyncio.run(run())


@pytest.fixture
def ended(monkeypatch):
    """Keep a worker's end from ending this process; note that it would."""
    signals = []
    monkeypatch.setattr(above.os, "kill", lambda pid, number: signals.append(number))
    return signals


def test_a_worker_lives_asks_gives_and_ends_with_the_process_above_it(ended):
    said = []

    def talk(pipe):
        said.extend([pipe.recv_bytes(), pipe.recv_bytes()])
        pipe.send_bytes(supervisor.ASK)
        said.append(pipe.recv_bytes())
        pipe.send_bytes(supervisor.FIGURES + b"the sum")

    assert of_worker(talk) == b"the sum"
    assert said[:2] == [supervisor.LIFE, supervisor.ASK]
    assert b"quirkbook_workers" in said[2] and said[2].startswith(supervisor.FIGURES)
    assert ended == [signal.SIGTERM]


def test_where_the_process_above_does_not_answer_it_is_said(ended, monkeypatch):
    monkeypatch.setattr(above, "PATIENCE", 0.05)
    error = of_worker(lambda pipe: None)

    assert (error.status, str(error)) == (503, "the figures of all workers could not be gathered in time: ask again")


def test_a_sign_of_life_waits_for_nobody(ended, monkeypatch):
    monkeypatch.setattr(above, "BEAT", 0.0)
    ours, theirs = Pipe()

    async def run():
        end = above.Above(theirs, Metrics(lambda: 0))
        with end._sending:  # a long message is under way
            end.begin()
            await asyncio.sleep(0)
            assert not ours.poll()
        while not ours.poll():
            await asyncio.sleep(0)
        theirs.close()
        await asyncio.sleep(0)

    asyncio.run(run())
    assert ours.recv_bytes() == supervisor.LIFE
