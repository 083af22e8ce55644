"""`quirkbook probe` on the command line: against emulators over HTTP, with plans, recordings and exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from tests.proof.emulated import Emulated
from tests.servers import COMPLETION, answer, serving

from quirkbook.cli import probe, quirkbook
from quirkbook.emulator import Emulator, running
from quirkbook.proof.endpoints import AGENT

KEY = "sk-very-secret-0123456789"
MODEL = "moonshot-v1-8k"


@pytest.fixture(scope="module")
def emulated():
    emulator = Emulator("moonshot", keep=2000)
    with running(emulator) as url:
        yield emulator, url


def run(*args, key=KEY):
    return CliRunner().invoke(quirkbook, ["probe", *map(str, args)], env={"MOONSHOT_API_KEY": key})


def drifted(emulator, *without):
    emulator.provider = Emulated("moonshot").change(checks=Emulated("moonshot").checks(*without)).emulator.provider


def test_a_plan_sends_nothing(emulated):
    emulator, url = emulated
    emulator.forget()
    text, data = (
        run("moonshot", "--base-url", url, "-m", MODEL, "--plan"),
        run("moonshot", "--base-url", url, "-m", MODEL, "--plan", "--format", "json"),
    )

    assert (
        "moonshot/temperature-range moonshot-v1-8k 1  temperature: 1.7" in text.stdout
        or "moonshot/temperature-range" in text.stdout
    )
    assert "nothing was sent" in text.stderr
    plan = json.loads(data.stdout)
    assert plan["requests"] > 100 and plan["tokens"] > 1000 and plan["asks"][0]["requests"]
    assert list(emulator.requests) == []


def test_a_probe_is_recorded_replayed_and_keeps_no_secret(emulated, tmp_path):
    emulator, url = emulated
    emulator.forget()
    asked = ("moonshot", "--rule", "moonshot/t*", "-m", MODEL)
    live = run(*asked, "--base-url", url, "--record", tmp_path, "--format", "json")
    replayed = run(*asked, "--replay", tmp_path, "--format", "json")

    assert {request["headers"]["user-agent"] for request in emulator.requests} == {AGENT}
    assert json.loads(live.stdout)["verdicts"] == json.loads(replayed.stdout)["verdicts"]
    assert live.exit_code == replayed.exit_code
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text("utf-8")
    text = run("moonshot", "--rule", "moonshot/temperature-range", "--replay", tmp_path)
    assert (text.exit_code, text.stdout.splitlines()[0]) == (0, "1 confirmed")


def test_a_drift_is_found_and_ends_with_1(emulated, tmp_path):
    emulator, url = emulated
    asked = ("moonshot", "--base-url", url, "-m", MODEL, "--rule", "moonshot/temperature-range", "--record", tmp_path)
    before = run(*asked)
    was = emulator.provider
    drifted(emulator, "temperature-range")
    after = run(*asked)
    emulator.provider = was

    assert (before.exit_code, after.exit_code) == (0, 1)
    assert "moonshot/temperature-range moonshot-v1-8k: was confirmed, is stale" in after.stdout
    patch = run(*asked, "--format", "patch")
    assert patch.stdout.startswith("--- a/") and "+    verified: {date: " in patch.stdout


def test_what_was_found_is_written_into_the_rules_of_ones_own(emulated, tmp_path):
    _, url = emulated
    (tmp_path / "acme.yaml").write_text(
        "quirks: 1\nprovider: acme\nrules:\n  - id: temperature\n    why: Acme refuses more than 1.\n    source: a\n"
        "    verified: {date: 2026-01-01, by: docs}\n    when: {temperature: {gt: 1}}\n    do: [{clamp: {temperature: [0, 1]}}]\n"
        "    examples: [{in: {temperature: 2}, out: {temperature: 1}}, {in: {temperature: 1}, same: true}]\n"
    )
    done = CliRunner().invoke(
        quirkbook,
        [
            "probe",
            "acme",
            "--base-url",
            url,
            "--key-env",
            "KEY",
            "-m",
            MODEL,
            "--rules",
            str(tmp_path),
            "--rule",
            "acme/*",
            "--write",
        ],
        env={"KEY": KEY},
    )

    assert "by: live" in (tmp_path / "acme.yaml").read_text("utf-8")
    assert done.stderr.endswith(f"wrote {tmp_path / 'acme.yaml'}\n")


def test_an_address_without_a_name_gets_a_suggestion(emulated):
    _, url = emulated
    done = run("--base-url", url, "-m", MODEL, "--plan")

    assert "only the rules of the models' families are tried" in done.stderr


def test_a_server_that_says_who_it_is_gets_its_own_rules():
    listed = {"object": "list", "data": [{"id": "qwen3", "object": "model", "owned_by": "vllm"}]}
    with serving(answer(listed)) as server:
        done = run("--base-url", f"{server.url}", "--plan")

    assert "it answers like vllm: its rules are tried; to try others, name the provider" in done.stderr
    assert "qwen3 1  " in done.stdout


@pytest.mark.parametrize(
    ("rate", "url", "pauses"),
    [
        (None, "http://127.0.0.1:8000/v1", []),
        (None, "http://localhost:8000/v1", []),
        (0, "https://api.acme.example/v1", []),
        (None, "https://api.acme.example/v1", [1 / probe.RATE]),
        (4, "http://[::1]:8000/v1", [0.25]),
    ],
)
def test_no_more_requests_than_asked_for_are_sent_in_a_second(rate, url, pauses, monkeypatch):
    now, slept = [100.0], []
    monkeypatch.setattr(probe.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(probe.time, "sleep", slept.append)
    wait = probe._pace(rate, url)
    wait()
    wait()
    now[0] += 60
    wait()

    assert slept == pytest.approx(pauses)


def test_a_cassette_is_judged_like_a_recording(tmp_path):
    asked = ("moonshot", "--rule", "moonshot/temperature-range")
    plan = run(*asked, "-m", MODEL, "--base-url", "http://127.0.0.1:9/v1", "--plan", "--format", "json")
    interactions = []
    for request in (request for ask in json.loads(plan.stdout)["asks"] for request in ask["requests"]):
        is_fine = 0 <= request.get("temperature", 1) <= 1
        said = COMPLETION if is_fine else {"error": {"message": "invalid temperature: only 0 to 1 is allowed"}}
        interactions.append({
            "request": {"uri": "https://api.moonshot.ai/v1/chat/completions", "body": json.dumps(request)},
            "response": {"status": {"code": 200 if is_fine else 400}, "headers": {"date": ["2026-12-01"]},
                         "body": {"string": json.dumps(said)}},
        })  # fmt: skip
    cassette = tmp_path / "cassette.yaml"
    cassette.write_text(json.dumps({"interactions": interactions}))
    done = run(*asked, "--replay", cassette)

    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "1 confirmed")


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "name a PROVIDER, or an address with --base-url"),
        (["moonshot", "--record", "a", "--replay", "."], 2, "--record sends, --replay does not"),
        (["--replay", "."], 2, "name the PROVIDER whose recordings are judged"),
        (["moonshot"], 1, "no API key: set MOONSHOT_API_KEY"),
        (["moonshot", "--base-url", "http://127.0.0.1:9/v1", "--plan"], 2, "the address lists no models"),
    ],
)
def test_what_cannot_be_done_is_said(args, code, message):
    done = CliRunner().invoke(quirkbook, ["probe", *args], env={"MOONSHOT_API_KEY": ""})

    assert done.exit_code == code
    assert message in done.stderr + str(done.exception)


def test_a_folder_without_recordings_is_said(tmp_path):
    done = run("moonshot", "--replay", tmp_path)

    assert f"{tmp_path}: no recording of moonshot: make one with --record" in str(done.exception)


def test_a_provider_that_cannot_be_reached_stops_the_session():
    done = run("moonshot", "--base-url", "http://127.0.0.1:9/v1", "-m", MODEL, "--rule", "moonshot/temperature-range")

    assert "stopped: no connection to 127.0.0.1:9" in done.stdout
