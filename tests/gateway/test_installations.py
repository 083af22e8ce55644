"""Files of the size and shape that large installations of LiteLLM have: they are served unchanged, and what is missed is told briefly.

Their shapes are those of public files; names and wording are our own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from quirkbook.cli.proof import check
from quirkbook.gateway.config.load import read_config
from quirkbook.gateway.router import Router

FOLDER = Path(__file__).parent / "installations"
#: File -> (models that are served, names that are left out, what its owner would miss).
EXPECTED = {
    "platform": (18, set(), {"answers are not cached", "there is no database"}),
    "metered": (7, set(), {"nothing is sent to other services", "pauses between tries", "keys are compared with those of this file"}),
    "studio": (
        14,
        {"clip", "still", "dance", "dance-fast", "voice", "voice-fast", "scan"},
        {
            "there is no database", "nobody is alerted", "keys are compared with those of this file",
            "nothing is sent to other services", "nothing is spent against a budget", "Python of one's own is not run",
            "requests and answers pass without guardrails", "deployments are chosen by weight alone",
            "tokens are not counted before a request is sent",
        },
    ),
}  # fmt: skip
each = pytest.mark.parametrize("name", sorted(EXPECTED))


def config_of(name):
    path = FOLDER / f"{name}.yaml"
    needs = read_config(path, environ={}, unset="note").needs
    environ = {variable: "6379" if "PORT" in variable else "https://upstream.example" for variable in needs}
    return read_config(path, environ=environ)


@each
def test_the_file_is_served_as_it_is(name):
    config = config_of(name)
    served, left_out, _ = EXPECTED[name]

    assert (len(config.deployments), set(config.left_out)) == (served, left_out)
    router = Router(config)
    assert all(router.route(deployment.name) for deployment in config.deployments)


@each
def test_what_its_owner_would_miss_is_told_in_less_than_twenty_lines(name):
    result = CliRunner().invoke(check, [str(FOLDER / f"{name}.yaml")])

    lines = result.output.splitlines()
    assert (result.exit_code, len(lines) < 20) == (0, True), result.output
    assert all(any(reason in line for line in lines) for reason in EXPECTED[name][2]), result.output
    assert not any(" used /" in line or " ignored /" in line for line in lines)


def test_models_of_azure_get_the_address_and_the_name_that_azure_knows():
    deployments = {deployment.name: deployment for deployment in config_of("platform").deployments}

    found = deployments["GPT-5"]
    assert (found.provider, found.upstream_model, found.api_base) == (
        "azure",
        "gpt-5",
        "https://upstream.example/openai/v1",
    )
    assert deployments["harbour-embed"].mode == "embedding"
    assert deployments["Gemini Flash"].api_base == (
        "https://aiplatform.googleapis.com/v1/projects/harbour-chat/locations/global/endpoints/openapi"
    )


def test_a_fallback_that_is_no_model_of_the_file_is_left_out():
    router = Router(config_of("metered"))

    assert [target.deployment.name for target in router.route("groq/maple")] == [
        "groq/maple",
        "openrouter/maple",
        "together/maple",
    ]
