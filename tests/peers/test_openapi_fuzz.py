"""Schemathesis over the gateway's own OpenAPI description: whatever it makes up, nothing answers with a 500."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.gateway.asking import CLIENT_KEY, a_deployment, running
from tests.servers import COMPLETION, answer, serving

pytest.importorskip("schemathesis", reason="schemathesis is not installed: see tests/peers.txt")

pytestmark = pytest.mark.timeout(300)

PHASES = "examples,coverage,fuzzing"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("model", [None, "*"], ids=["names that nobody has", "every name"])
def test_no_request_that_is_made_up_finds_a_diagnostic_of_ours(tmp_path, model):
    # With a star each name that is made up is somebody's, so that payloads get as far as an upstream.
    name = model or "kimi"
    with serving(answer(COMPLETION)) as server, running(a_deployment(server.url, name), keys=(CLIENT_KEY,)) as front:
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{front.url}/openapi.json", "--checks", CHECKS,
            "--phases", PHASES, "--max-examples", "150", "--seed", "7", "--header", f"Authorization: Bearer {CLIENT_KEY}",
            "--no-color",
        ]  # fmt: skip
        wide = {**os.environ, "COLUMNS": "200"}
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=wide)

        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert front.ask({} if model is None else {"model": "x"}, authorization=f"Bearer {CLIENT_KEY}").status == 200
        statuses = {line["status"] for line in front.logged() if "status" in line}

    assert {400, 404 if model is None else 200} <= statuses
    assert not {status for status in statuses if status >= 500}
    assert json.loads(server.requests[-1]["body"])["model"]
