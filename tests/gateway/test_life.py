"""How a gateway ends, reloads and lives on: drains, signals, workers, silent streams, logs that nobody reads."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing import connection

import pytest
from tests.gateway.asking import CHAT, a_deployment, a_plain_deployment, read, running, scripted, until
from tests.gateway.served import a_config, served
from tests.gateway.test_serve import workers_of
from tests.servers import COMPLETION, answer, chunk, events, nothing, serving, stream

from quirkbook.gateway import supervisor
from quirkbook.gateway.config.model import Limits, Options
from quirkbook.gateway.observe import Log, _Writer
from quirkbook.gateway.silence import Silence

pytestmark = pytest.mark.timeout(40)

ASK = b'{"model": "kimi", "messages": [{"role": "user", "content": "Hi"}], "stream": true}'
STREAM = b"POST %b HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n%b" % (CHAT.encode(), len(ASK), ASK)
BOTH = pytest.mark.parametrize("model", ["kimi", "plain"])


def silent(*pieces, wait=None):
    """Return a script that sends the head of a stream, then pieces with a wait before each."""

    def script(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for piece in pieces:
            wait()
            connection.sendall(piece)
        connection.shutdown(2)

    return script


# The end


def test_what_is_not_complete_when_the_drain_is_over_ends_with_an_error():
    release = threading.Event()

    def hanging(connection):
        endless_head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        connection.sendall(endless_head + events(chunk("Hel")))
        release.wait(20)

    with scripted() as front:
        front.script(hanging)
        with front.running.connected() as streamed, front.running.connected() as whole:
            streamed.sendall(STREAM)
            until(lambda: front.server.requests)
            front.server.script[:] = [nothing]
            whole.sendall(STREAM.replace(b'"stream": true', b'"stream":false'))
            until(lambda: len(front.server.requests) == 2 and front.running.gateway.under_way == 2)
            time.sleep(0.1)
            front.running.gateway.stop()
            got, refused = read(streamed), read(whole)
        release.set()

    assert (got.status, got.complete, got.events[0]) == (200, True, chunk("Hel"))
    assert got.events[-1]["error"]["code"] == "gateway_stopped"
    assert (refused.status, refused.error["code"], refused.headers["retry-after"]) == (503, "gateway_stopped", "1")
    told = sorted(front.running.logged(2), key=lambda line: line["status"])
    assert [line["status"] for line in told] == [200, 503]  # what each client got
    assert all(line["why"].startswith("the gateway is being stopped") for line in told)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_drain_is_as_long_as_it_is_set(tmp_path, workers):
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + events(chunk("Hel"))
    release = threading.Event()

    def hanging(connection):
        connection.sendall(head)
        release.wait(20)

    with (
        serving(hanging) as server,
        served(tmp_path, "--workers", workers, "--drain", "0.3", config=a_config(server.url)) as gateway,
    ):
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as client:
            client.sendall(STREAM)
            until(lambda: server.requests)
            client.recv(100)
            gateway.process.send_signal(signal.SIGTERM)
            data = b""
            while piece := client.recv(65536):
                data += piece
        gateway.process.wait(10)
        release.set()

    assert b"gateway_stopped" in data
    assert gateway.lines()[-1]["why"].startswith("the gateway is being stopped")


def test_a_hang_up_signal_reads_everything_anew(tmp_path):
    for workers in ("1", "2"):
        with (
            serving(answer()) as server,
            served(tmp_path, "--no-reload", "--workers", workers, config=a_config(server.url)) as gateway,
        ):
            (tmp_path / "config.yaml").write_text(a_config(server.url, "another"))
            gateway.process.send_signal(signal.SIGHUP)
            until(lambda: gateway.get("/v1/models")[1]["data"][0]["id"] == "another")
            until(lambda: [gateway.ask("another")[0] for _ in range(8)] == [200] * 8)  # each worker


def test_workers_end_with_their_parent(tmp_path):
    with serving(answer()) as server, served(tmp_path, "--workers", "2", config=a_config(server.url)) as gateway:
        workers = workers_of(gateway.process)
        gateway.process.kill()
        gateway.process.wait(10)
        until(
            lambda: not any(os.path.exists(f"/proc/{worker}/environ") and running_still(worker) for worker in workers),
            10,
        )


def running_still(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] not in "ZX"


# The supervisor, with workers that do as they are told


def ends_at_once(options, sockets, pipe):
    """Be a worker that ends."""
    sys.exit(7)


def says_nothing(options, sockets, pipe):
    """Be a worker that gives no sign of life."""
    time.sleep(60)


@pytest.mark.parametrize(
    ("work", "event", "why", "seconds"),
    [(ends_at_once, "worker ended", "exit code 7", 20), (says_nothing, "worker killed", "no sign of life", 0.2)],
)
def test_a_worker_that_ends_or_says_nothing_is_replaced_and_the_log_says_so(work, event, why, seconds, monkeypatch):
    monkeypatch.setattr(supervisor, "BEAT", 0.05)
    monkeypatch.setattr(supervisor, "PAUSES", (0.0, 60.0))
    lines = []
    one = supervisor.Supervisor(work, Options(workers=1, health_timeout=seconds), [], Log(lines.append))

    def stop_when_told():
        until(lambda: sum(f'"event":"{event}"' in line for line in lines) > 0, 20)
        os.kill(os.getpid(), signal.SIGTERM)

    waiting = threading.Thread(target=stop_when_told)
    waiting.start()
    one.run()
    waiting.join()

    assert why in next(line for line in lines if event in line)


def test_a_starved_worker_is_left_alone(monkeypatch):
    read_end, write_end = connection.Pipe()
    worker = supervisor.Worker.__new__(supervisor.Worker)
    worker.pipe, worker.heard = read_end, 0.0
    write_end.send_bytes(b".")

    worker.listen()

    assert worker.heard > 0
    write_end.close()
    worker.listen()


# Silence


@BOTH
def test_a_silent_stream_gets_comments_before_and_behind_its_first_event(model):
    waits = iter([threading.Event() for _ in range(3)])

    def wait():
        next(waits).wait(0.4)

    with scripted(ping=0.1) as front:
        got = front.ask(
            {"model": model, "stream": True},
            silent(events(chunk("Hel")), events(chunk("lo", "stop")), events("[DONE]"), wait=wait),
        )

    before, _, rest = got.body.partition(b"data: ")
    assert (got.status, got.headers["content-type"]) == (200, "text/event-stream")
    assert before.count(b": ping\n\n") >= 2 and b": ping\n\n" in rest
    assert got.events == [chunk("Hel"), chunk("lo", "stop"), "[DONE]"]


@BOTH
def test_an_error_behind_comments_is_an_event_and_the_next_deployment_is_asked_first(model):
    busy = {"error": {"message": "overloaded", "type": "overloaded_error", "param": None, "code": 529}}
    late = silent(events(busy), wait=lambda: time.sleep(0.3))
    with serving(late) as bad, serving(stream(events(chunk("Hi", "stop"), "[DONE]"))) as good:
        make = a_deployment if model == "kimi" else a_plain_deployment
        with running(make(bad.url, model, ping=0.1)) as front:
            got = front.ask({"model": model, "stream": True})
            assert (got.status, got.events) == (200, [busy])
            assert [line["status"] for line in front.logged()] == [529]
        with running(make(bad.url, model, ping=0.1, weight=1), make(good.url, model, weight=0)) as front:
            got = front.ask({"model": model, "stream": True})
            assert got.body.startswith(b": ping\n\n")
            assert got.events == [chunk("Hi", "stop"), "[DONE]"]


def test_a_whole_answer_behind_comments_is_a_stream_too():
    body = json.dumps(COMPLETION).encode()

    def late(connection):
        connection.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        time.sleep(0.3)
        connection.sendall(body[:9])
        time.sleep(0.3)
        connection.sendall(body[9:])

    with scripted(ping=0.1) as front:
        got = front.ask({"stream": True}, late)

    assert [one if one == "[DONE]" else one["choices"][0]["finish_reason"] for one in got.events] == ["stop", "[DONE]"]


def test_silence_is_noticed_only_when_nothing_came():
    class Reply:
        nudges = 0

        def nudge(self):
            self.nudges += 1

    async def main():
        silence, reply = Silence(), Reply()
        silence.listen(reply)
        silence.heard()
        silence.end()
        assert reply.nudges == 0
        silence.seconds = 0.02
        silence.listen(reply)
        while reply.nudges < 2:
            await asyncio.sleep(0.01)
        silence.heard()
        silence.end()

    asyncio.run(main())


def test_a_stream_may_flow_for_longer_than_its_stream_timeout_and_pause():
    pieces = [events(chunk("a"))] * 3 + [events(chunk("b", "stop"), "[DONE]")]
    slow = silent(*pieces, wait=lambda: time.sleep(0.25))
    with serving(slow) as server, running(a_deployment(server.url, stream_timeout=0.4)) as front:
        assert front.ask({"stream": True}).events[-1] == "[DONE]"


def test_a_first_event_that_does_not_come_in_time_is_a_504():
    roles = silent(*[events(chunk(""))] * 20, wait=lambda: time.sleep(0.1))
    with serving(roles) as server, running(a_deployment(server.url, stream_timeout=0.4)) as front:
        assert front.ask({"stream": True}).status == 504


@pytest.mark.parametrize("streams", [False, True])
def test_a_request_ends_when_its_total_time_is_over(streams):
    endless = silent(*[events(chunk("a"))] * 100, wait=lambda: time.sleep(0.1)) if streams else nothing
    with scripted(limits=Limits(total=0.4)) as front:
        got = front.ask({"stream": streams}, endless)

    error = got.events[-1]["error"] if streams else got.error
    assert (got.status, error["code"]) == (200 if streams else 504, "timeout")


# Bytes in flight, and the log


def test_bytes_of_requests_under_way_have_a_limit():
    with scripted(limits=Limits(in_flight=2000)) as front:
        refused = front.ask({"x": "y" * 3000})
        assert (refused.status, refused.error["code"], refused.headers["retry-after"]) == (503, "too_many_bytes", "1")
        assert [front.ask({"x": "y" * 1500}).status for _ in range(3)] == [200] * 3


def test_a_log_that_nobody_reads_stops_nothing_and_losses_are_counted(monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.observe.MOST_WAITING", 2)
    read_on, written = threading.Event(), []

    def write(text):
        read_on.wait(10)
        written.append(text)

    writer = _Writer(write)
    for _ in range(20):
        writer.put("line\n")
    lost = writer.lost
    read_on.set()
    until(lambda: len(written) == 20 - lost)
    writer.put("line\n")
    writer.close()

    assert lost >= 17
    assert f'{{"event":"log lines lost","lines":{lost}}}\n' in "".join(written)


def test_a_log_goes_to_stderr_in_the_end(capfd):
    log = Log()
    log.write(event="x")
    log.close()

    assert '"event":"x"' in capfd.readouterr().err
    assert log.lost == 0
    Log(lambda text: None).close()
