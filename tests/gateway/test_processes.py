"""The processes of the gateway: what one listens on, how a worker lives, and what the supervisor passes on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from multiprocessing import connection
from pathlib import Path

import pytest
from tests.gateway.asking import until
from tests.gateway.served import Process, a_config

from quirkbook.gateway import serve, supervisor, worker
from quirkbook.gateway.config.model import Options
from quirkbook.gateway.observe import Log

pytestmark = pytest.mark.timeout(60)


@contextlib.contextmanager
def noted(*numbers):
    """Note signals of this process instead of ending by them."""
    came = []
    kept = {number: signal.signal(number, lambda number, _: came.append(number)) for number in numbers}
    try:
        yield came
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def beside(act):
    """Do something in a thread, while this one serves."""
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


# Sockets


@pytest.fixture
def started(monkeypatch):
    """Note how serving begins, with which sockets."""
    how = []

    class Supervisor:
        def __init__(self, work, options, sockets, log):
            self.sockets = sockets

        def run(self):
            how.append(("supervisor", self.sockets))

    monkeypatch.setattr(serve, "work", lambda options, sockets: how.append(("here", sockets)))
    monkeypatch.setattr(serve, "Supervisor", Supervisor)
    yield how
    for _, sockets in how:
        for one in sockets:
            one.close()


@pytest.mark.parametrize(("workers", "where"), [(1, "here"), (2, "supervisor")])
def test_one_worker_is_this_process_and_several_have_a_supervisor(started, workers, where):
    serve.start(Options(host="127.0.0.1", port=0, workers=workers))

    ((how, (listener,)),) = started
    assert how == where
    socket.create_connection(listener.getsockname(), 5).close()


def test_a_path_is_listened_on_in_place_of_a_port(started, tmp_path):
    serve.start(Options(socket=str(tmp_path / "s")))

    ((_, (listener,)),) = started
    assert listener.getsockname() == str(tmp_path / "s")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_address_of_ipv6_is_listened_on_alone(monkeypatch):
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 0, 0, 0))] * 2
    )
    try:
        (listener,) = serve.listeners("localhost", 0)
    except OSError:
        pytest.skip("no IPv6 here")

    with listener:
        assert listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)


# A worker


def test_a_worker_gives_a_sign_of_life_serves_and_ends_with_its_parent(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(a_config("http://127.0.0.1:9/v1"))
    ours, theirs = connection.Pipe()
    answers, signs = [], []

    def be_its_parent():
        try:
            signs.append(ours.recv_bytes())
            answers.append(Process(None, listener.getsockname()[1], tmp_path).alive())
            ours.send_bytes(supervisor.ASK)
            signs.append(next(got for got in iter(ours.recv_bytes, b"") if got != supervisor.LIFE)[:1])
        finally:
            ours.close()

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        noted(signal.SIGTERM, signal.SIGHUP) as came,
        beside(be_its_parent),
    ):
        worker.work(Options(str(config), reload=False, drain=1), [listener], theirs)
    theirs.close()

    assert (answers, signs, came) == ([True], [supervisor.LIFE, supervisor.FIGURES], [signal.SIGTERM])


# The supervisor


def writes_signals_down(options, sockets, pipe):
    """Be a worker that writes down which signals come, and ends when it is asked to."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGTERM})
    path, number = Path(options.path), None
    path.write_text("started")
    while number != signal.SIGTERM:
        number = signal.sigwait({signal.SIGHUP, signal.SIGTERM})
        path.write_text(f"{path.read_text()} {signal.Signals(number).name}")


def test_a_hang_up_goes_to_the_workers_and_the_end_waits_for_them(tmp_path):
    path = tmp_path / "signals"
    path.touch()
    listener = socket.create_server(("127.0.0.1", 0))
    one = supervisor.Supervisor(writes_signals_down, Options(str(path), workers=1), [listener], Log(lambda text: None))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}

    def ask_for_both():
        until(lambda: path.read_text() == "started", 30)
        os.kill(os.getpid(), signal.SIGHUP)
        until(lambda: path.read_text().endswith("SIGHUP"), 30)
        os.kill(os.getpid(), signal.SIGTERM)

    with beside(ask_for_both):
        one.run()

    assert path.read_text() == "started SIGHUP SIGTERM"
    assert listener.fileno() == -1
    assert {number: signal.getsignal(number) for number in before} == before


def test_a_worker_that_is_gone_gets_no_signal():
    gone = supervisor.Worker.__new__(supervisor.Worker)
    gone.process = type("Gone", (), {"pid": 2**31 - 1})()

    gone.signal(signal.SIGTERM)  # and nothing is raised
