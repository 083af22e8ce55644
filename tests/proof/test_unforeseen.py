"""Refusals that no rule foresaw are kept without any text of the request, and can be learned from."""

from __future__ import annotations

import json

import pytest
import requests
from click.testing import CliRunner
from tests.proof.emulated import Emulated

from quirkbook.adapters.requests import QuirkbookAdapter
from quirkbook.cli import quirkbook
from quirkbook.emulator import Emulator, running
from quirkbook.emulator.provider import Check
from quirkbook.proof import unforeseen

NEW = Check(
    "new",
    ["*"],
    {"*": {"status": 400, "message": "property 'seed' is unsupported"}},
    must={"properties": {"seed": {"type": "null"}}},
)
ASKED = {"model": "moonshot-v1-8k", "messages": [{"role": "user", "content": "My name is Ada Lovelace"}], "seed": 7}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    path = tmp_path / "refusals.jsonl"
    monkeypatch.setenv(unforeseen.VARIABLE, str(path))
    return path


def test_a_line_has_the_shape_of_the_request_and_what_was_said_without_its_texts(kept):
    body = {"error": {"message": "no seed beside 'My name is Ada Lovelace'", "request_id": "req_0123456789"}}
    unforeseen.keep("acme", json.dumps(ASKED).encode(), 400, body)
    line = json.loads(kept.read_text())

    assert line["provider"] == "acme" and line["payload"]["seed"] == 7
    assert line["payload"]["messages"][0]["role"] == "user"
    assert line["payload"]["messages"][0]["content"].startswith("text-")
    assert line["error"] == {"error": {"message": "no seed beside '...'", "request_id": "..."}}


@pytest.mark.parametrize(("request_", "status"), [(ASKED, 401), (ASKED, 500), (ASKED, None), (b"not JSON", 400)])
def test_nothing_is_kept_of_what_is_not_about_the_request(kept, request_, status):
    unforeseen.keep("acme", request_, status, {})

    assert not kept.exists()


def test_it_is_off_by_default_and_a_file_that_cannot_be_written_is_no_matter(tmp_path, monkeypatch):
    monkeypatch.delenv(unforeseen.VARIABLE, raising=False)
    unforeseen.keep("acme", ASKED, 400, {})
    monkeypatch.setenv(unforeseen.VARIABLE, str(tmp_path))
    unforeseen.keep("acme", ASKED, 400, ["a"])

    assert list(tmp_path.iterdir()) == []


def test_the_file_does_not_grow_without_end(kept, monkeypatch):
    monkeypatch.setattr(unforeseen, "_MOST", 1)
    for _ in range(3):
        unforeseen.keep("acme", ASKED, 400, {})

    assert len(kept.read_text().splitlines()) == 1


def test_an_adapter_keeps_a_refusal_that_learn_drafts_a_rule_from(kept):
    emulator = Emulator("moonshot")
    emulator.provider = Emulated("moonshot").change(checks=[NEW, *emulator.provider.checks]).emulator.provider
    with running(emulator) as url, requests.Session() as session:
        session.mount(url, QuirkbookAdapter(provider="moonshot"))
        answer = session.post(f"{url}/chat/completions", json=ASKED, headers={"authorization": "Bearer sk-test"})
    done = CliRunner().invoke(quirkbook, ["learn", "--log", str(kept)])

    assert answer.status_code == 400
    assert (done.exit_code, done.stderr) == (0, "moonshot: seed: unknown\n")
    assert "Ada" not in kept.read_text()
