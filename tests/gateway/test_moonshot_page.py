"""The gateway's part of docs/moonshot.md: `quirkbook serve` with that config, and each of its calls by the real client."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from quirkbook.emulator import Emulator, running

PAGE = (Path(__file__).parents[2] / "docs" / "moonshot.md").read_text("utf-8").partition("## The gateway")[2]
BLOCKS = dict.fromkeys(("yaml", "python", "bash"))
for kind in BLOCKS:
    BLOCKS[kind] = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def moonshot():
    app = Emulator("moonshot")
    with running(app) as base_url:
        yield app, base_url


@pytest.fixture(scope="module")
def gateway(moonshot, tmp_path_factory):
    """The URL of `quirkbook serve`, run as the page has it."""
    config = tmp_path_factory.mktemp("gateway") / "config.yaml"
    config.write_text(BLOCKS["yaml"][0])
    port = free_port()
    env = {**os.environ, "MOONSHOT_API_KEY": "sk-upstream", "MOONSHOT_API_BASE": moonshot[1].removesuffix("/v1")}
    command = [sys.executable, "-m", "quirkbook", "serve", "--config", str(config), "--port", str(port)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield wait_for(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.communicate(timeout=30)


def wait_for(url, process):
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/health/readiness", timeout=5).close()
            return url
        except OSError:
            assert process.poll() is None, process.communicate()[1].decode()
            time.sleep(0.1)
    raise AssertionError("the gateway does not get ready")


def run_python(block, gateway, capsys):
    exec(compile(block.replace("http://localhost:4000", gateway), "docs/moonshot.md", "exec"), {})
    return capsys.readouterr().out


SAID = "You said: hello from litellm"


@pytest.mark.parametrize("block", BLOCKS["python"][:2], ids=["whole", "stream"])
def test_openais_sdk_gets_an_answer(moonshot, gateway, capsys, block):
    assert run_python(block, gateway, capsys).strip() == SAID
    assert moonshot[0].requests[-1]["body"]["model"] == "moonshot-v1-8k"


@pytest.mark.filterwarnings("ignore")  # LiteLLM's own
@pytest.mark.parametrize("block", BLOCKS["python"][2:], ids=["whole", "stream"])
def test_litellms_sdk_gets_an_answer(gateway, capsys, monkeypatch, block):
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")

    assert run_python(block, gateway, capsys).strip() == SAID


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("block", BLOCKS["bash"][1:], ids=["whole", "stream"])
def test_curl_gets_an_answer(gateway, block):
    command = block.replace("http://localhost:4000", gateway).replace("curl ", "curl -sS ", 1)

    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30).stdout

    if said.startswith("data:"):
        events = [line[6:] for line in said.splitlines() if line]
        assert events[-1] == "[DONE]"
        deltas = [json.loads(event)["choices"][0]["delta"].get("content") for event in events[:-1]]
        assert "".join(filter(None, deltas)) == SAID
    else:
        assert json.loads(said)["choices"][0]["message"]["content"] == SAID


def ask(gateway, **payload):
    message = [{"role": "user", "content": "hello"}]
    raw = json.dumps({"model": "moonshot-v1-8k", "messages": message, **payload}).encode()
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{gateway}/v1/chat/completions", raw, headers)) as answer:
        return answer.headers["x-quirkbook-rules"], json.load(answer)


TOOLS = [{"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}]


@pytest.mark.parametrize(
    ("asked", "rule", "got"),
    [
        ({"temperature": 1.7}, "moonshot/temperature-range", {"temperature": 1}),
        ({"temperature": 0.1, "n": 2}, "moonshot/several-choices-need-heat", {"temperature": 0.3, "n": 2}),
        ({"tools": TOOLS, "tool_choice": "required"}, "moonshot/tool-choice-required", {"tools": TOOLS}),
    ],
)
def test_the_three_limitations_are_met_and_told(moonshot, gateway, asked, rule, got):
    rules, _ = ask(gateway, **asked)

    body = moonshot[0].requests[-1]["body"]
    assert rules == f"{rule}, moonshot/cached-tokens-in-details"
    assert {key: body[key] for key in got} == got
    assert "tool_choice" not in body
    if "tools" in asked:
        assert body["messages"][-1]["content"] == "Please select a tool to handle the current issue."
