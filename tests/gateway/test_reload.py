"""Edits of the config and of rules: new requests go by them, those under way do not, and a broken one changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
import time

import pytest
from tests.gateway.asking import until
from tests.gateway.served import a_config, served
from tests.servers import answer, serving

from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.load import settings
from quirkbook.gateway.observe import Log
from quirkbook.gateway.reload import Watcher, files_of, stamps

pytestmark = pytest.mark.timeout(40)

RULES = """\
quirks: 1
provider: acme
name: Acme
base_url: {url}
api_key_env: ACME_API_KEY
rules:
  - id: mark
    why: Acme wants a mark.
    source: https://acme.example/docs
    verified: {{date: "2026-11-01", by: docs}}
    do: [{{set: {{mark: {mark}}}}}]
    examples:
      - {{in: {{}}, out: {{mark: {mark}}}}}
      - {{in: {{mark: {mark}}}, same: true}}
"""


@contextlib.contextmanager
def load(gateway, threads=4, model="kimi"):
    """Ask again and again, and yield the statuses."""
    statuses = []
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            statuses.append(gateway.ask(model)[0])

    asking = [threading.Thread(target=ask) for _ in range(threads)]
    for thread in asking:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in asking:
            thread.join()


def without_lines(why):
    """Return diagnostics without the lines of the file that they show, for whoever asks without a key."""
    return "\n".join(line for line in why.splitlines() if "|" not in line)


def reloads(gateway):
    return sum(line.get("event") == "reloaded" for line in gateway.lines())


def test_a_config_that_is_edited_under_load_costs_no_request(tmp_path):
    with serving(answer()) as old, serving(answer()) as new:
        with served(tmp_path, config=a_config(old.url)) as gateway, load(gateway) as statuses:
            until(lambda: len(statuses) > 20)
            for url in (new.url, old.url, new.url):
                before = reloads(gateway)
                there = tmp_path / "config.new"  # as editors do: a new file in the old one's place
                there.write_text(a_config(url))
                os.replace(there, tmp_path / "config.yaml")
                until(lambda before=before: reloads(gateway) > before)
            until(lambda: len(new.requests) > 20)

        assert set(statuses) == {200}
        assert old.requests and new.requests
    assert {(line["config"], line["models"]) for line in gateway.lines() if "event" in line} == {("config.yaml", 1)}


def test_a_rule_that_is_edited_under_load_costs_no_request(tmp_path):
    with serving(answer()) as server:
        (tmp_path / "rules").mkdir()
        rules = tmp_path / "rules" / "acme.yaml"
        rules.write_text(RULES.format(url=server.url, mark="one"))
        params = {"model": "acme/m", "api_key": "zq71xw-key"}
        config = {
            "model_list": [{"model_name": "kimi", "litellm_params": params}],
            "quirkbook_settings": {"rules": ["rules"]},
        }
        with served(tmp_path, config=json.dumps(config)) as gateway, load(gateway) as statuses:
            until(lambda: len(statuses) > 20)
            rules.write_text(RULES.format(url=server.url, mark="two"))
            until(lambda: sum(body.get("mark") == "two" for body in server.bodies) > 20)

        marks = [body["mark"] for body in server.bodies]
        assert set(statuses) == {200}
        assert set(marks) == {"one", "two"}
        # Of four that ask at once, three may have been under way when the first went by the new rule.
        assert marks.index("two") > 20 and set(marks[marks.index("two") + 4 :]) == {"two"}


def test_a_broken_edit_keeps_the_last_good_set_and_is_told_with_its_place(tmp_path):
    with serving(answer()) as server, served(tmp_path, config=a_config(server.url)) as gateway:
        assert gateway.get("/health/readiness") == (200, {"status": "ready", "models": 1})
        (tmp_path / "config.yaml").write_text("model_list:\n  - model_name: other\n    litellm_parms: {}\n")
        until(lambda: any("event" in line for line in gateway.lines()))

        (line,) = gateway.lines()
        assert (line["event"], line["why"].splitlines()[0][:17]) == ("reload refused", "config.yaml:2:5: ")
        assert "config.yaml:3:5: " in line["why"]
        assert gateway.get("/health/readiness") == (
            200,
            {"status": "ready", "models": 1, "trouble": without_lines(line["why"])},
        )
        assert gateway.get("/health")[1]["trouble"] == without_lines(line["why"])
        assert gateway.ask()[0] == 200

        (tmp_path / "config.yaml").write_text(a_config(server.url, "kimi-2"))
        until(lambda: gateway.ask("kimi-2")[0] == 200)
        assert gateway.get("/health/readiness") == (200, {"status": "ready", "models": 1})
        assert gateway.ask()[0] == 404


def test_a_request_under_way_goes_on_as_it_began(tmp_path):
    release = threading.Event()

    def wait(connection):
        release.wait(10)
        answer()(connection)

    with serving(wait) as server, served(tmp_path, config=a_config(server.url)) as gateway:
        got = []
        thread = threading.Thread(target=lambda: got.append(gateway.ask()))
        thread.start()
        until(lambda: server.requests)
        (tmp_path / "config.yaml").write_text(a_config(server.url, "another"))
        until(lambda: gateway.get("/v1/models")[1]["data"][0]["id"] == "another")
        release.set()
        thread.join()

    assert got[0][0] == 200


def test_without_reload_nothing_changes(tmp_path):
    with serving(answer()) as server, served(tmp_path, "--no-reload", config=a_config(server.url)) as gateway:
        (tmp_path / "config.yaml").write_text(a_config(server.url, "another"))
        time.sleep(0.8)

        assert gateway.get("/v1/models")[1]["data"][0]["id"] == "kimi"


# One watcher, without a server


@pytest.fixture
def watched(tmp_path):
    """Run a test's coroutine beside a watcher."""

    def run(work, config=None):
        (tmp_path / "config.yaml").write_text(config or a_config("http://127.0.0.1:9/v1"))
        lines = []

        async def main():
            gateway = Gateway(settings(str(tmp_path / "config.yaml")), log=Log(lines.append))
            watcher = Watcher(gateway, str(tmp_path / "config.yaml"), settings)
            watcher.begin()
            await asyncio.sleep(0.2)  # till it watches
            await work(gateway)
            watcher._task.cancel()
            await asyncio.gather(watcher._task, return_exceptions=True)
            gateway.log.flush()

        asyncio.run(main())
        return [json.loads(line) for line in "".join(lines).splitlines()]

    return run


async def soon(happened):
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "ours", [{"rules": ["mine"]}, {"canary": {"percent": 5, "rules": ["mine"]}}], ids=["in force", "the canary's"]
)
def test_folders_of_rules_that_an_edit_adds_are_watched_from_then_on(watched, tmp_path, ours):
    (tmp_path / "mine").mkdir()
    rules = tmp_path / "mine" / "acme.yaml"
    rules.write_text(RULES.format(url="http://127.0.0.1:9/v1", mark="one"))

    async def work(gateway):
        first = gateway.service
        (tmp_path / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1", quirkbook_settings=ours))
        await soon(lambda: gateway.service is not first)
        await asyncio.sleep(0.3)
        second = gateway.service
        rules.write_text(RULES.format(url="http://127.0.0.1:9/v1", mark="two"))
        await soon(lambda: gateway.service is not second)
        third = gateway.service
        rules.write_text("quirks: 1\nprovider: acme\nrulez: []\n")
        await soon(lambda: gateway.reload_error)
        assert gateway.service is third
        assert "acme.yaml:3:1: " in gateway.reload_error

    watched(work)


def test_other_files_beside_the_config_concern_nobody(watched, tmp_path):
    async def work(gateway):
        first = gateway.service
        (tmp_path / "notes.yaml").write_text("x")
        (tmp_path / "config.yaml.swp").write_text("x")
        await asyncio.sleep(0.5)
        assert gateway.service is first

    assert watched(work) == []


def test_a_config_that_is_gone_for_a_moment_keeps_the_last_good_set(watched, tmp_path):
    async def work(gateway):
        first = gateway.service
        text = (tmp_path / "config.yaml").read_text()
        (tmp_path / "config.yaml").unlink()
        await soon(lambda: gateway.reload_error)
        assert gateway.service is first
        (tmp_path / "config.yaml").write_text(text)
        await soon(lambda: gateway.reload_error is None)

    assert [line["event"] for line in watched(work)] == ["reload refused", "reloaded"]


@pytest.mark.parametrize("swapped", [True, False], ids=["a ConfigMap", "a link"])
def test_a_config_that_is_a_link_is_read_anew_when_what_it_leads_to_changes(tmp_path, swapped):
    mounted = tmp_path / "mounted"
    for name in ("first", "second"):
        (mounted / name).mkdir(parents=True)
        (mounted / name / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1", name))
    (mounted / "..data").symlink_to("first")
    path = mounted / "config.yaml"
    path.symlink_to("..data/config.yaml")

    async def main():
        gateway = Gateway(settings(str(path)), log=Log(lambda line: None))
        watcher = Watcher(gateway, str(path), settings)
        watcher.begin()
        await asyncio.sleep(0.2)
        if swapped:
            (mounted / "..data_tmp").symlink_to("second")
            os.replace(mounted / "..data_tmp", mounted / "..data")
        else:
            (mounted / "first" / "config.yaml").write_text(a_config("http://127.0.0.1:9/v1", "second"))
        await soon(lambda: gateway.service.router.names() == ("second",))
        watcher._task.cancel()
        await asyncio.gather(watcher._task, return_exceptions=True)

    asyncio.run(main())


def test_without_files_there_is_nothing_to_watch(monkeypatch):
    monkeypatch.setenv("MOONSHOT_API_KEY", "zq71xw-key")
    watcher = Watcher(Gateway(settings(None)), None, settings)
    watcher.begin()

    assert watcher._task is None


def test_an_edit_between_reading_and_watching_is_seen(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(a_config("http://127.0.0.1:9/v1"))
    before = dict(stamps(files_of(str(path))))

    async def main():
        gateway = Gateway(settings(str(path)), log=Log(lambda line: None))
        path.write_text(a_config("http://127.0.0.1:9/v1", "another"))
        watcher = Watcher(gateway, str(path), settings, before)
        watcher.begin()
        await soon(lambda: gateway.service.router.names() == ("another",))
        watcher._task.cancel()
        await asyncio.gather(watcher._task, return_exceptions=True)

    asyncio.run(main())


def test_a_reload_that_never_ends_is_told_and_the_next_good_edit_is_seen(watched, tmp_path, monkeypatch):
    monkeypatch.setattr("quirkbook.gateway.reload.LONGEST", 0.2)
    release = threading.Event()

    async def work(gateway):
        watcher = Watcher(gateway, str(tmp_path / "config.yaml"), lambda path: release.wait(10))
        await watcher.reload()
        assert "could not be read within 0.2 seconds" in gateway.reload_error
        release.set()
        monkeypatch.setattr("quirkbook.gateway.reload.LONGEST", 60)
        watcher._read_config = settings
        watcher.reload_soon()
        await soon(lambda: gateway.reload_error is None)

    assert [line["event"] for line in watched(work)] == ["reload refused", "reloaded"]


def test_a_reload_that_breaks_in_our_own_code_is_told(watched, tmp_path):
    async def work(gateway):
        watcher = Watcher(gateway, None, lambda path: {}["broken"])
        await watcher.reload()
        assert gateway.reload_error == "KeyError: 'broken'"

    watched(work)


def test_a_pipe_in_a_folder_of_rules_is_refused(watched, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "acme.yaml").write_text(RULES.format(url="http://127.0.0.1:9/v1", mark="one"))
    config = a_config("http://127.0.0.1:9/v1", quirkbook_settings={"rules": ["mine"]})

    async def work(gateway):
        os.mkfifo(tmp_path / "mine" / "pipe.yaml")
        await soon(lambda: gateway.reload_error)
        assert "this is neither a file nor a link to one" in gateway.reload_error
        os.unlink(tmp_path / "mine" / "pipe.yaml")
        await soon(lambda: gateway.reload_error is None)

    watched(work, config)
