"""`quirkbook serve` as a process: what it says, how it ends, and what its workers survive."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.gateway.asking import until
from tests.gateway.served import a_config, command, environment, free_port, served
from tests.servers import answer, chunk, events, serving

from quirkbook.cli import main
from quirkbook.gateway import serve as gateway_serving
from quirkbook.gateway import worker
from quirkbook.gateway.config.model import Options

pytestmark = pytest.mark.timeout(40)


def run(folder, *arguments, **environ):
    """Run `quirkbook serve` that is to end by itself; return its exit code and what it wrote."""
    done = subprocess.run(
        command(*arguments), cwd=folder, env=environment(**environ), capture_output=True, text=True, timeout=20
    )
    return done.returncode, done.stdout + done.stderr


def test_it_says_what_it_serves_and_nothing_else(tmp_path):
    with serving(answer()) as server:
        config = a_config(server.url, general_settings={"master_key": "sk-master", "database_url": "x"})
        with served(tmp_path, config=config) as gateway:
            port = gateway.port
            code = gateway.stop()

    said = (tmp_path / "said.txt").read_text().splitlines()
    assert said[0] == "config.yaml: 1 model; 8 keys used, 0 ignored, 1 unsupported"
    assert said[1].startswith("config.yaml:14:3: unsupported /general_settings/database_url: ")
    assert said[2:] == [f"http://127.0.0.1:{port} - POST /v1/chat/completions, or open / in a browser"]
    assert code in (0, -signal.SIGTERM)


def test_without_a_config_the_keys_of_the_environment_offer_their_providers(tmp_path):
    with serving(answer()) as server:
        environ = {"MOONSHOT_API_KEY": "sk-moon", "MOONSHOT_API_BASE": server.url}
        with served(tmp_path, config=None, **environ) as gateway:
            assert gateway.ask("moonshot/moonshot-v1-8k")[0] == 200
            assert [one["id"] for one in gateway.get("/v1/models")[1]["data"]] == ["moonshot/*"]

    assert "no master key: requests to 127.0.0.1 are not authenticated\n" in (tmp_path / "said.txt").read_text()


def test_strangers_are_not_served_without_a_key(tmp_path):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))

    assert run(tmp_path, "-c", "config.yaml", "--host", "0.0.0.0") == (
        2,
        "quirkbook: without a master key only this machine is served, and 0.0.0.0 is open to others: set"
        " general_settings.master_key (or LITELLM_MASTER_KEY), serve on 127.0.0.1, or say --no-auth\n",
    )


@pytest.mark.parametrize(("arguments", "environ"), [(["--no-auth"], {}), ([], {"LITELLM_MASTER_KEY": "sk-master"})])
def test_strangers_are_served_with_a_key_or_on_demand(tmp_path, arguments, environ):
    with served(
        tmp_path, "--host", "0.0.0.0", *arguments, config=a_config("http://127.0.0.1:9/v1"), **environ
    ) as gateway:
        assert gateway.get("/v1/models")[0] == (401 if environ else 200)


def test_a_port_in_use_is_said(tmp_path):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for workers in ("1", "2"):
            code, said = run(tmp_path, "-c", "config.yaml", "--port", str(port), "--workers", workers)

            assert code == 2
            assert said == (
                f"quirkbook: 127.0.0.1:{port} cannot be listened on: Address already in use: stop what serves there, or choose"
                " another --port\n"
            )


def test_a_config_with_diagnostics_and_no_config_are_said_and_end_it(tmp_path):
    (tmp_path / "config.yaml").write_text("model_list: 7\n")
    code, said = run(tmp_path, "-c", "config.yaml")
    assert code == 1
    assert said.startswith("quirkbook: config.yaml:1:13: ")

    code, said = run(tmp_path)
    assert code == 2
    assert re.fullmatch(
        r"quirkbook: no config, and no key of any provider: set one of the \d+ variables that `quirkbook providers` lists,"
        r" or write a config.yaml\n",
        said,
    )


def test_a_config_that_cannot_be_opened_is_a_mistake_of_the_command_line(tmp_path):
    assert run(tmp_path, "--config", "nofile.yaml") == (
        2,
        "quirkbook: nofile.yaml:1:1: error[Q118]: cannot read this file: No such file or directory\n",
    )


def slow_stream(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
    for _ in range(10):
        connection.sendall(events(chunk("Hel")))
        time.sleep(0.1)
    connection.sendall(events(chunk(finish="stop"), "[DONE]"))
    connection.shutdown(socket.SHUT_RDWR)


def stream_of(gateway, got):
    connection = socket.create_connection(("127.0.0.1", gateway.port), 10)
    with connection:
        body = b'{"model": "kimi", "messages": [{"role": "user", "content": "Hi"}], "stream": true}'
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        while data := connection.recv(65536):
            got.append(data)
            if data.endswith(b"0\r\n\r\n"):
                break


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stream_under_way_is_finished_when_it_is_asked_to_stop(tmp_path, workers):
    got = []
    with serving(slow_stream) as server, served(tmp_path, "--workers", workers, config=a_config(server.url)) as gateway:
        thread = threading.Thread(target=stream_of, args=(gateway, got))
        thread.start()
        until(lambda: got)
        gateway.process.send_signal(signal.SIGTERM)
        thread.join()
        gateway.process.wait(10)

    whole = b"".join(got)
    assert whole.count(b"Hel") == 10
    assert b"data: [DONE]\n\n" in whole and whole.endswith(b"0\r\n\r\n")
    assert [line["status"] for line in gateway.lines()] == [200]


def workers_of(process):
    """Return the ids of the processes that serve."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if stat.rpartition(")")[2].split()[1] == str(process.pid) and b"spawn_main" in line:
                found.add(int(entry))
    return found


def test_a_worker_that_dies_is_replaced_and_requests_go_on(tmp_path):
    with serving(answer()) as server, served(tmp_path, "--workers", "2", config=a_config(server.url)) as gateway:
        until(lambda: len(workers_of(gateway.process)) == 2)
        before = workers_of(gateway.process)
        assert gateway.ask()[0] == 200
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(workers_of(gateway.process) - before) == 1, 15)

        until(gateway.alive)
        assert [gateway.ask()[0] for _ in range(20)] == [200] * 20
        assert min(before) not in workers_of(gateway.process)
        assert gateway.stop() in (0, -signal.SIGTERM)


# In this process


@pytest.fixture
def serve(monkeypatch, capsys, tmp_path):
    """Run `quirkbook serve` up to where the server starts; return exit code, what was said, and how it starts."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_MASTER_KEY", "_PROXY", "_proxy"))]:
        monkeypatch.delenv(name)

    def run(*arguments):
        started = []
        monkeypatch.setattr(gateway_serving, "start", started.append)
        with pytest.raises(SystemExit) as end:
            main(["serve", *arguments])
            raise SystemExit(0)
        said = capsys.readouterr()
        return end.value.code or 0, said.out + said.err, started

    return run


def test_a_server_starts_with_what_was_asked_for(serve, tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    port = free_port()

    code, said, started = serve(
        "-c", "config.yaml", "--port", str(port), "--workers", "3", "--no-reload",
        "--drain", "60", "--sse-ping", "5", "--health-timeout", "0", "--root-path", "llm/",
    )  # fmt: skip

    assert code == 0
    assert said == (
        "config.yaml: 1 model; 6 keys used, 0 ignored, 0 unsupported\n"
        "no master key: requests to 127.0.0.1 are not authenticated\n"
        "HTTPS_PROXY is set: upstreams are reached through that proxy, but for those that NO_PROXY names\n"
        "everything is served below /llm, too (SERVER_ROOT_PATH or --root-path)\n"
        f"http://127.0.0.1:{port} - POST /v1/chat/completions, or open / in a browser\n"
    )
    assert started == [
        Options("config.yaml", port=port, workers=3, reload=False, drain=60, ping=5, health_timeout=0, roots=("/llm",))
    ]


def test_at_a_unix_socket_no_port_is_looked_at_and_a_key_is_not_missed(serve, tmp_path):
    config = a_config("http://127.0.0.1:9/v1", general_settings={"master_key": "sk-1"})
    (tmp_path / "config.yaml").write_text(config)

    code, said, started = serve("-c", "config.yaml", "--uds", "s")

    assert code == 0
    assert said == (
        "config.yaml: 1 model; 8 keys used, 0 ignored, 0 unsupported\n"
        "unix:s - POST /v1/chat/completions, or open / in a browser\n"
    )
    assert started == [Options("config.yaml", socket="s")]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_only_this_machine_is_served_without_a_key(serve, tmp_path, host):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))

    code, said, started = serve("-c", "config.yaml", "--host", host)

    assert (code, started) == (2, [])
    assert said == (
        f"quirkbook: without a master key only this machine is served, and {host} is open to others: set"
        " general_settings.master_key (or LITELLM_MASTER_KEY), serve on 127.0.0.1, or say --no-auth\n"
    )


def test_an_address_that_is_not_ours_is_said(serve, tmp_path):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))

    code, said, started = serve("-c", "config.yaml", "--host", "192.0.2.1", "--no-auth", "--port", "4999")

    assert (code, started) == (2, [])
    assert said == (
        "quirkbook: 192.0.2.1:4999 cannot be listened on: Cannot assign requested address: stop what serves there, or choose"
        " another --port\n"
    )


@pytest.fixture
def names(monkeypatch):
    """Let names of hosts stand for the addresses given here, and others for none."""
    known = {}
    of_numbers = socket.getaddrinfo

    def look_up(host, port, *more, **options):
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return of_numbers(known.get(host, host), port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("more", [[], ["--no-auth"]])
@pytest.mark.parametrize("host", ["nosuch.invalid", "a..b"])
def test_a_host_that_stands_for_no_address_is_said(serve, tmp_path, names, host, more):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))

    code, said, started = serve("-c", "config.yaml", "--host", host, *more)

    assert (code, started) == (2, [])
    assert said == (
        f"quirkbook: --host {host}: the name cannot be resolved: name an address of this machine, such as 127.0.0.1\n"
    )


@pytest.mark.parametrize(("address", "code"), [("127.0.1.1", 0), ("::1", 0), ("192.0.2.1", 2)])
def test_a_hosts_name_is_as_open_as_its_address(serve, tmp_path, names, address, code):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))
    names["here.example"] = address

    ended, said, started = serve("-c", "config.yaml", "--host", "here.example", "--port", str(free_port()))

    assert (ended, len(started)) == (code, 0 if code else 1)
    assert ("here.example is open to others" in said) == (code == 2)


def test_where_the_extra_is_not_installed_it_is_said(serve, monkeypatch):
    monkeypatch.setitem(sys.modules, "quirkbook.gateway.serve", None)
    monkeypatch.delattr("quirkbook.gateway.serve", raising=False)

    code, said, _ = serve()

    assert code == 2
    assert said.endswith(": in a checkout of Quirkbook, run pip install '.[serve]'\n")


def test_a_worker_watches_its_files(tmp_path):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))

    async def make(reload):
        gateway = worker.application(Options(f"{tmp_path}/config.yaml", reload=reload))
        for begin in gateway.at_start:
            begin()
        watching = asyncio.all_tasks() - {asyncio.current_task()}
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        return len(watching)

    assert (asyncio.run(make(True)), asyncio.run(make(False))) == (1, 0)


def test_options_that_are_none_are_said(tmp_path):
    assert re.search("--port", run(tmp_path, "--port", "0")[1])
    assert run(tmp_path, "--port", str(free_port()), "--workers", "0")[0] == 2


def test_a_worker_makes_its_app_from_the_options(tmp_path):
    (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1"))

    assert worker.application(Options(f"{tmp_path}/config.yaml")).service.router.names() == ("kimi",)
