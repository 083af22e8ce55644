"""A config file: what is made of it, what becomes of each key, and how each diagnostic is told."""

from __future__ import annotations

import json
from dataclasses import asdict
from textwrap import dedent

import pytest

from quirkbook.authoring.diagnostics import CODES
from quirkbook.errors import PayloadError, RuleFileError, UsageError
from quirkbook.gateway.config import litellm_keys, refused
from quirkbook.gateway.config.findings import summary
from quirkbook.gateway.config.load import Config, ConfigError, Deployment, Limits, from_environment, read_config
from quirkbook.gateway.config.model import ClientKey
from quirkbook.gateway.config.yaml import MAX_NODES
from quirkbook.rulebook.providers import GENERIC
from quirkbook.rulebook.rulebook import Rulebook

KEY = {"MOONSHOT_API_KEY": "sk-moon"}
KIMI = "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: sk-a}\n"
REFERENCE = """\
model_list:
  - model_name: moonshot-v1-8k
    litellm_params:
      model: moonshot/moonshot-v1-8k
      api_key: os.environ/MOONSHOT_API_KEY

  - model_name: moonshot-v1-32k
    litellm_params:
      model: moonshot/moonshot-v1-32k
      api_key: os.environ/MOONSHOT_API_KEY

  - model_name: moonshot-v1-128k
    litellm_params:
      model: moonshot/moonshot-v1-128k
      api_key: os.environ/MOONSHOT_API_KEY
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Read a config from text; the environment is what is given."""
    monkeypatch.chdir(tmp_path)

    def read(text, environ=KEY, name="config.yaml", **more) -> Config:
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
        return read_config(name, environ=environ, **more)

    return read


@pytest.fixture
def refusal(config):
    """Return what is said of a config that has diagnostics."""

    def read(text, environ=KEY, **more):
        with pytest.raises(ConfigError) as caught:
            config(text, environ, **more)
        return str(caught.value)

    return read


@pytest.fixture
def deployment(config):
    """Return the one deployment of a model's litellm_params, written in flow style."""

    def read(params, environ=KEY, name="m", **more):
        (found,) = config(
            f"model_list: [{{model_name: '{name}', litellm_params: {params}}}]", environ, **more
        ).deployments
        return found

    return read


# The page that this is written after


def test_the_reference_config_is_three_models_and_each_key_is_used(config):
    read = config(REFERENCE)

    assert read.deployments == tuple(
        Deployment(name, f"moonshot/{name}", "moonshot", name, "sk-moon")
        for name in ("moonshot-v1-8k", "moonshot-v1-32k", "moonshot-v1-128k")
    )
    assert summary(read) == ["config.yaml: 3 models; 13 keys used, 0 ignored, 0 unsupported"]
    assert (read.keys, read.retries, read.timeout, read.fallbacks, read.limits) == ((), 2, 600.0, {}, Limits())
    assert read.policy == {"exact": "allow", "lossy": "warn", "semantic": "warn", "refuse": "error"}


def test_a_variable_that_is_not_set_is_a_diagnostic_at_each_place(refusal):
    place = "error[Q301]: the environment variable MOONSHOT_API_KEY is not set"
    hint = "  hint: set it before the gateway starts: export MOONSHOT_API_KEY=..."

    assert refusal(REFERENCE, {"MOONSHOT_API_KEY": ""}) == "\n".join(
        f"config.yaml:{line}:16: {place}\n{hint}" for line in (5, 10, 15)
    )


def test_to_check_a_file_variables_need_not_be_set(config):
    read = config(REFERENCE, {}, unset="note")

    assert (read.needs, read.remarks) == (("MOONSHOT_API_KEY",), ())


@pytest.mark.parametrize("unset", ["error", "note"])
def test_a_variable_is_the_whole_of_a_value(tmp_path, unset):
    (tmp_path / "config.yaml").write_text(KIMI.replace("sk-a", "os.environ/BASE/v1"))

    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "config.yaml", environ={}, unset=unset)
    assert str(caught.value).partition("]: ")[2] == (
        "'os.environ/' must be followed by the name of a variable alone\n  hint: have the whole value in the variable"
    )


def test_to_check_a_file_even_a_model_may_be_unset(config):
    text = KIMI + "  - {model_name: other, litellm_params: {model: os.environ/MODEL, api_base: os.environ/BASE}}\n"

    read = config(text, {}, unset="note")

    assert [one.name for one in read.deployments] == ["kimi"]
    assert read.needs == ("MODEL", "BASE")


def test_a_key_of_the_environment_that_a_provider_needs_is_named_with_the_others(config):
    read = config("model_list: [{model_name: k, litellm_params: {model: moonshot/kimi-k2.6}}]", {}, unset="note")

    assert (read.needs, read.remarks) == (("MOONSHOT_API_KEY",), ())


def test_a_config_of_json_is_read_too(config):
    text = json.dumps({"model_list": [{"model_name": "k", "litellm_params": {"model": "moonshot/kimi-k2.6"}}]})

    assert [one.name for one in config(text, name="config.json").deployments] == ["k"]


# Who serves a model


@pytest.mark.parametrize(
    ("params", "provider", "upstream", "base", "key"),
    [
        ("{model: moonshot/kimi-k2.6}", "moonshot", "kimi-k2.6", None, "sk-moon"),
        ("{model: moonshotai/kimi-k2.6}", "moonshot", "kimi-k2.6", None, "sk-moon"),
        ("{model: moonshot/kimi-k2.6, api_base: 'http://127.0.0.1:9'}", "moonshot", "kimi-k2.6", "http://127.0.0.1:9", "sk-moon"),
        ("{model: moonshot/kimi-k2.6, base_url: 'http://127.0.0.1:9'}", "moonshot", "kimi-k2.6", "http://127.0.0.1:9", "sk-moon"),
        ("{model: kimi-k2.6, custom_llm_provider: moonshot}", "moonshot", "kimi-k2.6", None, "sk-moon"),
        ("{model: moonshot/kimi-k2.6, custom_llm_provider: moonshot}", "moonshot", "kimi-k2.6", None, "sk-moon"),
        ("{model: org/kimi, custom_llm_provider: moonshot}", "moonshot", "org/kimi", None, "sk-moon"),
        ("{model: gpt-4o}", "openai", "gpt-4o", None, "sk-open"),
        ("{model: openrouter/moonshotai/kimi-k2}", "openrouter", "moonshotai/kimi-k2", None, None),
        ("{model: openai/kimi-k2.6, api_base: 'https://api.moonshot.ai/v1'}", "moonshot", "kimi-k2.6", "https://api.moonshot.ai/v1", "sk-moon"),
        ("{model: openai/gpt-4o, api_base: 'https://api.openai.com/v1'}", "openai", "gpt-4o", "https://api.openai.com/v1", "sk-open"),
        ("{model: azure/my-gpt, api_base: 'https://me.openai.azure.com/openai/v1'}", "azure", "my-gpt", "https://me.openai.azure.com/openai/v1", None),
    ],
)  # fmt: skip
def test_the_provider_is_found_when_the_config_is_read(deployment, params, provider, upstream, base, key):
    found = deployment(params, {**KEY, "OPENAI_API_KEY": "sk-open"})

    assert (found.provider, found.upstream_model, found.api_base, found.api_key) == (provider, upstream, base, key)


def test_the_address_of_a_provider_comes_from_its_variable_too(deployment):
    found = deployment("{model: moonshot/kimi-k2.6}", {**KEY, "MOONSHOT_API_BASE": "https://api.moonshot.cn/v1"})

    assert found.api_base == "https://api.moonshot.cn/v1"


@pytest.mark.parametrize("prefix", ["openai", "openai_like", "custom_openai", "litellm_proxy"])
def test_an_address_that_nobody_is_known_at_gets_requests_without_rules_and_no_key_of_others(config, prefix):
    text = f"""\
        model_list:
          - model_name: llama
            litellm_params:
              model: {prefix}/meta/llama
              api_base: http://127.0.0.1:8000/v1
        """

    read = config(text, {"OPENAI_API_KEY": "sk-open"})

    assert read.deployments == (
        Deployment("llama", f"{prefix}/meta/llama", GENERIC, "meta/llama", None, "http://127.0.0.1:8000/v1"),
    )
    assert summary(read)[1:] == [
        "config.yaml:5:17: no known provider serves this address: only rules for the model's family apply: "
        "custom_llm_provider names a provider whose rules are to apply"
    ]


def test_a_model_without_any_key_is_a_remark(config):
    read = config("model_list: [{model_name: k, litellm_params: {model: moonshot/kimi-k2.6}}]", {})

    assert [str(one) for one in read.remarks] == [
        "config.yaml:1:54: warning[Q304]: no key for moonshot: neither 'api_key' nor the variable MOONSHOT_API_KEY is there\n"
        "  hint: write api_key: os.environ/MOONSHOT_API_KEY"
    ]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("{model: moonshoot/kimi}", "1:56: error[Q302]: no rules are known for the provider 'moonshoot'\n  hint: did you mean 'moonshot'?"),
        (
            "{model: kimi-k2.6}",
            "1:56: error[Q302]: 'model' does not say whose model it is\n"
            "  hint: write model: openai/..., or another provider's name before the '/'",
        ),
        ("{model: a, custom_llm_provider: 7}", "1:80: error[Q108]: 'custom_llm_provider' must be text, not a number"),
                ("{model: moonshot/k, api_base: localhost}", "1:78: error[Q109]: 'api_base' must be an address\n  hint: write https://host/v1"),
        (
            "{model: moonshot/k, base_url: 'https://u:sk-x@h/v1'}",
            "1:78: error[Q109]: 'base_url' holds a user name or a password\n"
            "  hint: write them into extra_headers",
        ),
        ("{model: moonshot/k, api_base: 7}", "1:78: error[Q108]: 'api_base' must be text, not a number"),
        (
            "{model: moonshot/*}",
            "1:56: error[Q109]: it is not clear what the '*' of 'model' stands for\n"
            "  hint: write as many into model_name as into model, or name the model",
        ),
    ],
)  # fmt: skip
def test_a_model_that_nobody_can_be_asked_for_is_a_diagnostic(refusal, params, said):
    assert refusal(f"model_list: [{{model_name: kim, litellm_params: {params}}}]") == f"config.yaml:{said}"


def test_a_provider_that_nobody_knows_is_left_out_with_what_to_write(config):
    read = config(KIMI + "  - {model_name: q, litellm_params: {model: qqq/kimi}}\n")

    assert [str(one) for one in read.remarks] == [
        "config.yaml:4:45: warning[Q306]: models of 'qqq' are not served: this one is left out\n"
        "  hint: write openai/... and api_base if it speaks OpenAI's protocol"
    ]
    assert read.left_out == {"q": "models of 'qqq' are not served"}


def test_a_model_that_others_of_its_name_serve_is_not_left_out(config):
    read = config(KIMI + "  - {model_name: kimi, litellm_params: {model: qqq/kimi}}\n")

    assert read.left_out == {}


@pytest.mark.parametrize(
    ("params", "base"),
    [
        (
            "model: azure/gpt 4o, api_base: 'https://x.openai.azure.com/', api_version: 2025-01-01",
            "https://x.openai.azure.com/openai/deployments/gpt%204o?api-version=2025-01-01",
        ),
        (
            "model: azure/gpt, api_base: 'https://x.openai.azure.com', api_version: os.environ/VERSION",
            "https://x.openai.azure.com/openai/deployments/gpt?api-version=v%2F1",
        ),
        ("model: azure/gpt, api_base: 'https://x.openai.azure.com/openai/v1', api_version: a", "https://x.openai.azure.com/openai/v1"),
        ("model: azure/responses/gpt, api_base: 'https://x.openai.azure.com'", "https://x.openai.azure.com/openai/v1"),
        ("model: bedrock/openai.gpt-oss-120b, aws_region_name: eu-west-1", "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"),
        ("model: bedrock/openai.gpt-oss-120b", None),
        (
            "model: vertex_ai/google/gemini-3.7-flash, vertex_project: p, vertex_location: global",
            "https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi",
        ),
    ],
)  # fmt: skip
def test_an_address_is_made_of_litellms_other_keys(config, params, base):
    text = f"model_list: [{{model_name: k, litellm_params: {{{params}, api_key: k}}}}]"

    read = config(text, {"VERSION": "v/1"})

    assert read.deployments[0].api_base == base
    states = {setting.pointer.rpartition("/")[2]: setting.state for setting in read.settings}
    made = (base is not None and not base.endswith(("/openai/v1", ".com"))) or "eu-west-1" in params
    assert {states.get(key, "used") for key in ("api_version", "aws_region_name", "vertex_project")} == (
        {"used"} if made or "api_version" not in states else {"used", "unsupported"}
    )


@pytest.mark.parametrize("model", ["azure/gpt", "os.environ/MODEL"])
@pytest.mark.parametrize("environ", [{"MODEL": "azure/gpt"}, {"BASE": "https://x.openai.azure.com"}, {}])
def test_what_becomes_of_a_key_does_not_depend_on_variables_that_are_not_set(config, model, environ):
    text = f"""\
        model_list:
          - {{model_name: k, litellm_params: {{model: {model}, api_base: os.environ/BASE, api_version: v, api_key: k}}}}
          - {{model_name: l, litellm_params: {{model: openai/l, api_base: http://127.0.0.1:9, api_version: v, api_key: k}}}}
        """
    try:
        settings = config(text, environ, unset="note").settings
    except ConfigError as error:
        settings = error.settings
    assert [one.state for one in settings if one.pointer.endswith("/api_version")] == ["used", "unsupported"]


def test_a_wildcard_of_azure_keeps_the_place_of_its_model(config):
    text = "model_list: [{model_name: 'a/*', litellm_params: {model: azure/*, api_base: 'https://h', api_version: v, api_key: k}}]"

    assert config(text).deployments[0].api_base == "https://h/openai/deployments/{model}?api-version=v"


def test_a_provider_without_an_address_is_left_out_with_what_is_known_of_it(config):
    text = KIMI + "  - {model_name: g, litellm_params: {model: vertex_ai/gemini, vertex_credentials: x}}\n"
    (remark,) = config(text).remarks

    assert remark.message == "vertex_ai has no address of its own, and 'api_base' is missing: this one is left out"
    assert remark.hint.startswith("The address is the project's: https://aiplatform.googleapis.com/v1/")


def test_an_empty_key_is_none(config):
    text = "model_list: [{model_name: k, litellm_params: {model: openai/llama, api_base: 'http://h/v1', api_key: ''}}]"

    assert config(text).deployments[0].api_key is None


@pytest.mark.parametrize(
    ("model", "provider"),
    [("gpt-4o", "openai"), ("text-embedding-3-small", "openai"), ("claude-sonnet-5", "anthropic")],
)
def test_whose_a_model_without_a_provider_is(config, model, provider):
    text = f"model_list: [{{model_name: k, litellm_params: {{model: {model}, api_key: k}}}}]"

    assert config(text).deployments[0].provider == provider


def test_models_of_providers_that_speak_otherwise_are_left_out_with_a_warning(config):
    text = """\
        model_list:
          - {model_name: claude, litellm_params: {model: sagemaker/claude, aws_region_name: us-east-1}}
          - {model_name: kimi, litellm_params: {model: moonshot/kimi-k2.6}}
        litellm_settings:
          fallbacks: [{claude: [kimi]}, {kimi: [claude]}]
        """

    read = config(text)

    assert [one.name for one in read.deployments] == ["kimi"]
    assert summary(read) == [
        "config.yaml: 1 model; 9 keys used, 0 ignored, 1 unsupported",
        "config.yaml:2:50: models of 'sagemaker' are not served: this one is left out: "
        "write openai/... and api_base if it speaks OpenAI's protocol",
        "config.yaml:2:68: unsupported /model_list/0/litellm_params/aws_region_name: requests are not signed: use an API key of "
        "the provider as api_key, such as a Bedrock API key, or a token",
    ]


def test_where_all_models_are_left_out_nothing_can_be_served(refusal):
    text = "model_list:\n  - {model_name: l, litellm_params: {model: triton/llama}}\n"

    assert refusal(text) == (
        "config.yaml:1:1: error[Q306]: none of these models can be served\n"
        "  1 | model_list: ...\n"
        "    | ^^^^^^^^^^\n"
        "config.yaml:2:45: warning[Q306]: models of 'triton' are not served: this one is left out\n"
        "  hint: write openai/... and api_base if it speaks OpenAI's protocol"
    )


# A model that rules refuse whatever is asked


CLAUDE = "{model_name: claude, litellm_params: {model: bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0, aws_region_name: eu-west-1, api_key: k}%s}"


def test_a_model_whose_every_request_a_rule_refuses_is_a_warning_with_the_text_of_the_rule(config):
    read = config(f"model_list:\n  - {CLAUDE % ''}\n")

    assert [str(one) for one in read.remarks] == [
        "config.yaml:2:50: warning[Q307]: bedrock/claude-has-the-messages-api refuses even the smallest request for "
        "'anthropic.claude-sonnet-4-5-20250929-v1:0'\n"
        "  hint: Bedrock serves Claude by the Messages and Converse APIs only. Ask there, or put a gateway in between"
    ]
    assert "config.yaml:2:50: bedrock/claude-has-the-messages-api refuses even the smallest request" in summary(read)[1]
    assert [one.name for one in read.deployments] == ["claude"]


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (CLAUDE % ", model_info: {mode: embedding}", "{}"),
        (CLAUDE % "", "{shadow: true}"),
        (CLAUDE % "", "{policy: {refuse: warn}}"),
        ("{model_name: 'b/*', litellm_params: {model: bedrock/*, aws_region_name: eu-west-1, api_key: k}}", "{}"),
        ("{model_name: c, litellm_params: {model: openai/claude-sonnet-5, api_base: 'http://127.0.0.1:9', api_key: k}}", "{}"),
        ("{model_name: c, litellm_params: {model: moonshot/kimi-k2.6, n: 2, api_key: k}}", "{}"),
    ],
)  # fmt: skip
def test_no_such_warning_of_a_model_that_answers_or_that_no_rule_is_asked_for(config, model, settings):
    read = config(f"model_list: [{model}]\nquirkbook_settings: {settings}\n")

    assert [one for one in read.remarks if one.code == "Q307"] == []


def test_a_request_that_cannot_be_made_is_left_to_those_who_ask(config, monkeypatch):
    def failing(*_, **__):
        raise PayloadError("too large")

    monkeypatch.setattr(refused, "explain", failing)
    assert config(KIMI).remarks == ()


def test_rules_of_ones_own_can_refuse_a_model_and_defaults_count_for_its_requests(config, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "moonshot.yaml").write_text(
        "quirks: 1\nprovider: moonshot\nrules:\n  - id: seed-needed\n    why: We want to repeat what we ask.\n"
        "    source: https://example.com\n    verified: {date: 2026-12-01, by: docs}\n"
        "    when: {seed: {exists: false}, messages: {is: array}}\n    do: [{reject: Name a seed}]\n"
        "    examples: [{in: {messages: []}, rejects: true}, {in: {messages: [], seed: 1}, same: true}]\n"
    )
    models = "".join(
        f"  - {{model_name: {name}, litellm_params: {{model: moonshot/{name}, api_key: k{more}}}}}\n"
        for name, more in {
            "kimi-k2.6": "",
            "kimi-k2.5": ", seed: 1",
            "kimi-k3": ", seed: 1, additional_drop_params: [seed]",
        }.items()
    )
    read = config(f"quirkbook_settings: {{rules: rules}}\nmodel_list:\n{models}")

    refused = [one for one in read.remarks if one.code == "Q307"]
    assert [(one.location.line, one.hint) for one in refused] == [(3, "Name a seed"), (5, "Name a seed")]


# Wildcards


def test_the_star_of_a_name_stands_in_the_model_too(deployment):
    found = deployment("{model: moonshot/*}", name="kimi/*")

    assert (found.name, found.model, found.provider, found.upstream_model) == ("kimi/*", "moonshot/*", "moonshot", "*")


def test_any_model_is_every_provider_whose_key_is_there(config):
    text = "model_list: [{model_name: '*', litellm_params: {model: '*', temperature: 0.3}}]"

    read = config(text, {**KEY, "GROQ_API_KEY": "gsk", "AZURE_API_KEY": "no address"})

    assert read.deployments == (
        Deployment("groq/*", "groq/*", "groq", "*", "gsk", defaults={"temperature": 0.3}),
        Deployment("moonshot/*", "moonshot/*", "moonshot", "*", "sk-moon", defaults={"temperature": 0.3}),
    )


def test_any_model_may_stand_behind_a_prefix_of_ones_own(deployment):
    assert deployment("{model: '*'}", name="acme/*").name == "acme/moonshot/*"


def test_any_model_has_no_key_or_address_of_its_own(refusal):
    said = refusal("model_list: [{model_name: '*', litellm_params: {model: '*', api_key: sk-secret}}]")

    assert said == (
        "config.yaml:1:70: error[Q109]: 'api_key' beside model: \"*\" would go to every provider\n"
        '  hint: name the provider: model: "provider/*"'
    )


def test_any_model_without_any_key_stands_for_nobody(refusal):
    said = refusal("model_list: [{model_name: '*', litellm_params: {model: '*'}}]", {})

    assert said.splitlines()[3] == (
        'config.yaml:1:56: warning[Q304]: no key of any provider is in the environment: model: "*" stands for nobody'
    )


# What stands beside a model


def test_chat_parameters_and_extra_body_are_defaults(deployment):
    found = deployment(
        "{model: moonshot/k, temperature: 0.3, top_k: 4, stop: [a], extra_body: {thinking: {type: disabled}}}"
    )

    assert found.defaults == {"temperature": 0.3, "top_k": 4, "stop": ["a"], "thinking": {"type": "disabled"}}


def test_headers_times_and_retries_are_read(deployment):
    found = deployment(
        "{model: moonshot/k, timeout: 5, stream_timeout: 0.5, max_retries: 4, order: 2, api_key: ' sk-a ', "
        "headers: {X-A: a}, extra_headers: {X-B: os.environ/MOONSHOT_API_KEY}}"
    )

    assert (found.timeout, found.stream_timeout, found.retries, found.order) == (5.0, 0.5, 4, 2)
    assert (found.headers, found.api_key) == ({"X-A": "a", "X-B": "sk-moon"}, "sk-a")


@pytest.mark.parametrize(
    ("first", "second", "weights"),
    [
        ("", "", [1.0, 1.0]),
        ("weight: 3, rpm: 5", "weight: 1, rpm: 100", [3.0, 1.0]),
        ("rpm: 6", "rpm: 1440, tpm: 9", [6.0, 1440.0]),
        ("tpm: 20_000", "tpm: 100_000", [20000.0, 100000.0]),
        ("rpm: 6", "tpm: 20", [6.0, 0.0]),
        ("rpm: 0", "tpm: 20", [0.0, 20.0]),
        ("rpm: os.environ/RPM", "rpm: 1", [7.0, 1.0]),
    ],
)
def test_the_deployments_of_a_name_are_weighed_by_the_first_measure_that_any_states(config, first, second, weights):
    text = "model_list:\n" + "".join(
        f"  - {{model_name: k, litellm_params: {{model: moonshot/k, {params}}}}}\n" for params in (first, second)
    )

    assert [one.weight for one in config(text, {**KEY, "RPM": "7"}).deployments] == weights


def test_a_measure_may_stand_beside_litellm_params(config):
    text = """\
        model_list:
          - {model_name: k, litellm_params: {model: moonshot/k}, rpm: 3, tpm: 20000}
          - {model_name: k, litellm_params: {model: moonshot/k, rpm: 9}, rpm: 4}
        """

    assert [one.weight for one in config(text).deployments] == [3.0, 9.0]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("rpm: -1", "'rpm' must be a whole number from 0 to 1,000,000,000,000"),
        ("rpm: many", "'rpm' must be a whole number from 0 to 1,000,000,000,000, not text"),
        ("rpm: true", "'rpm' must be a whole number from 0 to 1,000,000,000,000, not true or false"),
        ("timeout: 0", "'timeout' must be a number of seconds from 0.001 to 1,000,000"),
        ("timeout: [5]", "'timeout' must be a number of seconds from 0.001 to 1,000,000, not a list"),
        ("max_retries: 1.5", "'max_retries' must be a whole number from 0 to 20"),
        ("num_retries: 21", "'num_retries' must be a whole number from 0 to 20"),
        ("order: {}", "'order' must be a whole number from 0 to 999,999, not a mapping"),
        ("extra_body: [1]", "'extra_body' must be a mapping of fields, not a list"),
        ("extra_headers: 5", "'extra_headers' must be a mapping of headers, not a number"),
        ("extra_headers: {'a b': c}", "this is not a valid header name"),
        ("extra_headers: {X-Key: 5}", "the value of the header X-Key must be one line of plain ASCII text"),
        ("headers: {X-Key: 'sécret'}", "the value of the header X-Key must be one line of plain ASCII text"),
    ],
)
def test_a_value_that_cannot_be_is_told_by_its_name_and_never_shown(refusal, params, said):
    message = refusal(f"model_list: [{{model_name: k, litellm_params: {{model: moonshot/k, {params}}}}}]").splitlines()[
        0
    ]

    assert message.partition("]: ")[2] == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_list: {}", "1:13: error[Q108]: 'model_list' must be a list, not a mapping"),
        ("model_list: []", "1:13: error[Q109]: 'model_list' is empty\n  hint: write at least one model, or leave it out"),
        ("model_list: [a]", "1:14: error[Q108]: a model must be a mapping\n  hint: write model_name: ... and litellm_params: {...}"),
        (
            "model_list: [{model_name: k}]",
            "1:14: error[Q107]: 'litellm_params' is missing\n"
            "  hint: write litellm_params: {model: ..., api_key: os.environ/NAME}",
        ),
        (
            "model_list: [{model_name: k, litellm_params: }]",
            "1:14: error[Q107]: 'litellm_params' is missing\n"
            "  hint: write litellm_params: {model: ..., api_key: os.environ/NAME}",
        ),
        ("model_list: [{model_name: k, litellm_params: x}]", "1:46: error[Q108]: 'litellm_params' must be a mapping, not text"),
        ("model_list: [{model_name: k, litellm_params: {model: }}]", "1:54: error[Q108]: 'model' must be text, not null"),
        ("model_list: [{model_name: k, litellm_params: {}}]", "1:46: error[Q107]: 'model' is missing"),
        ("model_list: [{litellm_params: {model: moonshot/k}}]", "1:14: error[Q107]: 'model_name' is missing"),
        ("model_list: [{model_name: 4, litellm_params: {model: moonshot/k}}]", "1:27: error[Q108]: 'model_name' must be text, not a number"),
        ("[]", "1:1: error[Q108]: a config must be a mapping\n  hint: it begins with 'model_list:'"),
        ("", "1:1: error[Q101]: the file is empty\n  hint: a config begins with 'model_list:'"),
        ("# nothing\n", "1:1: error[Q101]: the file is empty\n  hint: a config begins with 'model_list:'"),
        ("a: [", "1:5: error[Q101]: not YAML: the file ends too soon\n  hint: close what is open"),
    ],
)  # fmt: skip
def test_a_file_of_the_wrong_shape_is_told_where(refusal, text, said):
    assert refusal(text) == f"config.yaml:{said}"


def test_all_diagnostics_are_told_at_once_in_order_of_place(refusal):
    text = """\
        model_list:
          - model_name: k
            litellm_params:
              model: moonshoot/k
              api_kye: sk-secret
        general_settings:
          masterkey: sk-secret
        litellm_setings: {}
        """

    assert refusal(text) == (
        "config.yaml:4:14: error[Q302]: no rules are known for the provider 'moonshoot'\n"
        "  hint: did you mean 'moonshot'?\n"
        "config.yaml:5:7: warning[Q106]: unknown key 'api_kye' in 'litellm_params'\n"
        "  5 |       api_kye: ...\n"
        "    |       ^^^^^^^ did you mean 'api_key'?\n"
        "config.yaml:7:3: warning[Q106]: unknown key 'masterkey' in 'general_settings'\n"
        "  7 |   masterkey: ...\n"
        "    |   ^^^^^^^^^ did you mean 'master_key'?\n"
        "config.yaml:8:1: warning[Q106]: unknown key 'litellm_setings' in a config\n"
        "  8 | litellm_setings: ...\n"
        "    | ^^^^^^^^^^^^^^^ did you mean 'litellm_settings'?"
    )


@pytest.mark.parametrize("environ", [{}, {"MOONSHOT_API_KEY": "sk-1"}])
def test_where_the_list_of_models_is_misspelt_no_other_models_stand_in_for_it(refusal, environ):
    text = """\
        model_lists: [{model_name: live, litellm_params: {model: moonshot/k, api_key: sk-a}}]
        router_settings: {fallbacks: [{live: [spare]}], model_group_alias: {other: live}}
        """

    assert refusal(text, environ) == (
        "config.yaml:1:1: warning[Q106]: unknown key 'model_lists' in a config\n"
        "  1 | model_lists: ...\n"
        "    | ^^^^^^^^^^^ did you mean 'model_list'?\n"
        "config.yaml:1:1: error[Q107]: 'model_list' is missing\n"
        "  hint: write it, or leave out the keys that nobody knows"
    )


def test_unknown_keys_that_nothing_is_near_to_say_what_to_do(config):
    text = KIMI.replace("api_key: sk-a", "zzzzzz: 1") + "qqqqqq: 1\n7: 1\nrouter_settings: {qqqqqq: 1}\n"

    assert [
        line.partition("hint: ")[2] or line
        for line in "\n".join(map(str, config(text).remarks)).splitlines()
        if "warning" not in line
    ] == [
        "it is sent on as a field of the payload; extra_body says that this is meant",
        "  4 | qqqqqq: ...",
        "    | ^^^^^^ leave it out; one that only holds anchors begins with x-",
        "  5 | 7: ...",
        "    | ^ leave it out; one that only holds anchors begins with x-",
        "leave it out",
    ]


def test_a_file_that_is_not_there_is_a_diagnostic(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "none.yaml", environ={})

    assert (
        str(caught.value) == f"{tmp_path}/none.yaml:1:1: error[Q118]: cannot read this file: No such file or directory"
    )


# What YAML may hold


def test_anchors_merges_and_the_words_of_yaml_1_1_are_read(config):
    text = """\
        x-defaults: &defaults
          api_key: os.environ/MOONSHOT_API_KEY
          temperature: 0.3
          max_tokens: 20_000
        x-more: &more {temperature: 0.9, top_p: 1_0.5}
        model_list:
          - model_name: a
            litellm_params: &a
              <<: [*defaults, *more]
              temperature: 0.5
              model: moonshot/a
          - {model_name: b, litellm_params: *a}
          - {model_name: c, litellm_params: {<<: *a, model: &name moonshot/c, store: no, logprobs: on, user: "no"}}
          - {model_name: d, litellm_params: {model: *name}}
        """

    read = config(text)

    common = {"temperature": 0.5, "max_tokens": 20000, "top_p": 10.5}
    assert [one.defaults for one in read.deployments] == [
        common, common, {**common, "store": False, "logprobs": True, "user": "no"}, {}
    ]  # fmt: skip
    assert [one.upstream_model for one in read.deployments] == ["a", "a", "c", "c"]
    assert [str(one) for one in read.settings if one.pointer == "/model_list/1/litellm_params/api_key"] == [
        "config.yaml:2:3: used /model_list/1/litellm_params/api_key"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_list: *", "1:13: error[Q103]: aliases are not read here"),
        ("model_list: *none", '1:13: error[Q103]: an alias of no anchor\n  hint: put the anchor before it; a \'*\' that stands for any model is quoted: "*"'),
        ("model_list: &a [*a]", '1:17: error[Q103]: an alias of no anchor\n  hint: put the anchor before it; a \'*\' that stands for any model is quoted: "*"'),
        ("model_list: !sk-secret x", "1:13: error[Q103]: tags are not read here\n  hint: quote the whole text"),
        ("<<: 5", "1:1: error[Q108]: '<<' must be an object, or an array of objects\n  1 | <<: ...\n    | ^^ name an anchor: '<<: *defaults'"),
        ("<<: [5]", "1:1: error[Q108]: '<<' must be an object, or an array of objects\n  1 | <<: ...\n    | ^^ name an anchor: '<<: *defaults'"),
        ("a: 1\na: 2", "2:1: error[Q102]: duplicate key 'a': it already stands in line 1\n  2 | a: ...\n    | ^ keep one of them"),
        ("a: 1\n---\nb: 1", "2:1: error[Q101]: a second document begins here\n  hint: make it a file"),
        ("a: " + "[" * 40, "1:35: error[Q115]: nested deeper than 32 levels"),
        ("api_key: 'sk-secret", "1:10: error[Q101]: not YAML: a quote that is not closed"),
        ("api_key: [!sk-secret]", "1:11: error[Q103]: tags are not read here\n  hint: quote the whole text"),
    ],
)  # fmt: skip
def test_what_no_config_may_hold_is_told_without_its_value(refusal, text, said):
    message = refusal(text)

    assert message.startswith(f"config.yaml:{said}")
    assert "secret" not in message


def test_aliases_cannot_make_a_file_endless(refusal):
    nests = "".join(f"x-{n}: &n{n} [{', '.join([f'*n{n - 1}'] * 20)}]\n" for n in range(1, 9))

    assert f"with its aliases in full: more than {MAX_NODES:,} values" in refusal(f"x-0: &n0 [1]\n{nests}")


def test_merges_cannot_go_on_for_ever(refusal):
    chain = "".join(f"x-{n}: &n{n} {{<<: *n{n - 1}}}\n" for n in range(1, 60))

    assert "merged over more than 32 levels" in refusal(f"x-0: &n0 {{a: 1}}\n{chain}")


# The other sections


def keys(**texts):
    return tuple(ClientKey.of(name, text) for name, text in texts.items())


def test_master_key_and_keys_may_come_from_the_environment(config):
    text = (
        KIMI
        + "general_settings: {master_key: os.environ/MASTER}\nquirkbook_settings: {keys: [os.environ/TEAM, any, any]}\n"
    )

    assert config(text, {"MASTER": "sk-1", "TEAM": "two"}).keys == keys(
        master_key="sk-1", **{"keys[0]": "two", "keys[1]": "any"}
    )


def test_without_a_key_in_the_file_that_of_the_environment_counts(config):
    environ = {"LITELLM_MASTER_KEY": "sk-env"}

    assert config(KIMI, environ).keys == keys(master_key="sk-env")
    assert config(KIMI + "general_settings: {master_key: sk-1}\n", environ).keys == keys(master_key="sk-1")


def test_an_empty_master_key_is_a_diagnostic_and_not_an_open_door(refusal):
    assert refusal(KIMI + "general_settings: {master_key: ''}\n") == (
        "config.yaml:4:32: error[Q108]: 'master_key' must be text, not empty text"
    )


def test_a_variable_without_a_name_is_a_diagnostic(refusal):
    assert refusal(KIMI + "general_settings: {master_key: os.environ/}\n", unset="warning") == (
        "config.yaml:4:32: error[Q301]: no name behind 'os.environ/'\n  hint: write os.environ/NAME"
    )


def test_variables_may_be_set_in_the_file(config):
    text = """\
        environment_variables: {MOON: sk-file, PORT: 6379, EMPTY: , REDIS: os.environ/OTHER}
        model_list: [{model_name: k, litellm_params: {model: moonshot/k, api_key: os.environ/MOON}}]
        """

    assert config(text, {"OTHER": "x"}).deployments[0].api_key == "sk-file"


def test_a_variable_of_the_file_is_text(refusal):
    assert (
        refusal(KIMI + "environment_variables: {A: [1]}\n")
        == "config.yaml:4:28: error[Q108]: 'A' must be text, not a list"
    )


def test_router_settings_win_over_litellm_settings(config):
    text = KIMI + dedent("""\
        litellm_settings: {num_retries: 3, request_timeout: 10, drop_params: true, default_fallbacks: [kimi]}
        router_settings: {num_retries: 5, timeout: 30, stream_timeout: 7, routing_strategy: simple-shuffle}
        """)

    read = config(text)

    assert (read.retries, read.timeout, read.stream_timeout, read.drop_params) == (5, 30.0, 7.0, True)
    assert read.fallbacks == {"*": ("kimi",)}
    assert [str(one) for one in read.settings if one.state != "used"] == [
        "config.yaml:4:57: ignored /litellm_settings/drop_params: "
        "the rules drop and change what a provider refuses, and say so, with it or without it"
    ]


def test_a_time_that_cannot_be_leaves_the_default(refusal):
    assert refusal(KIMI + "litellm_settings: {request_timeout: soon}\n") == (
        "config.yaml:4:37: error[Q108]: 'request_timeout' must be a number of seconds from 0.001 to 1,000,000, not text"
    )


@pytest.mark.parametrize(
    ("written", "meant"), [("true", True), ("on", True), ("'False'", False), ("os.environ/DROP", True), ("", False)]
)
def test_drop_params_is_told_as_the_file_has_it(config, written, meant):
    assert config(f"{KIMI}litellm_settings: {{drop_params: {written}}}\n", {"DROP": "True"}).drop_params is meant


def test_drop_params_is_true_or_false(refusal):
    assert refusal(KIMI + "litellm_settings: {drop_params: some}\n") == (
        "config.yaml:4:33: error[Q108]: 'drop_params' must be true or false, not text"
    )


def test_fallbacks_name_models_aliases_ids_and_what_wildcards_match(config):
    text = """\
        model_list:
          - {model_name: a, litellm_params: {model: moonshot/a}, model_info: {id: spare, mode: chat}}
          - {model_name: "m/*", litellm_params: {model: moonshot/*}}
        litellm_settings: {fallbacks: [{a: [m/x, k]}, {"*": a}], default_fallbacks: a}
        router_settings: {fallbacks: {a: [spare]}, model_group_alias: {k: {model: a}, old: {model: m/x, hidden: true}}}
        """

    read = config(text)

    assert read.fallbacks == {"a": ("spare",), "*": ("a",)}
    assert (read.aliases, read.hidden, read.deployments[0].id) == ({"k": "a", "old": "m/x"}, {"old"}, "spare")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("litellm_settings: {fallbacks: [kimi]}", "4:32: error[Q108]: 'fallbacks[0]' must be a mapping {model: [models to try then]}, not text"),
        ("litellm_settings: {fallbacks: [{kimi: {a: 1}}]}", "4:39: error[Q108]: 'kimi' must be a list of names, not a mapping"),
        ("litellm_settings: {fallbacks: [{kimi: [5]}]}", "4:40: error[Q108]: 'kimi[0]' must be text, not a number"),
        ("router_settings: {model_group_alias: {k: zz}}", "4:42: error[Q305]: no model is called 'zz'\n  hint: known: kimi"),
        ("router_settings: {model_group_alias: {k: {hidden: true}}}", "4:42: error[Q108]: 'model' must be text, not null"),
        ("router_settings: {model_group_alias: []}", "4:38: error[Q108]: 'model_group_alias' must be a mapping, not a list"),
        (
            "router_settings: {routing_strategy: best}",
            "4:37: error[Q109]: 'routing_strategy' has none of its values\n"
            "  hint: write one of simple-shuffle, least-busy, usage-based-routing, usage-based-routing-v2, latenc"
            "y-based-routing, cost-based-routing, provider-budget-routing",
        ),
        ("general_settings: [a]", "4:19: error[Q108]: 'general_settings' must be a mapping, not a list"),
    ],
)  # fmt: skip
def test_fallbacks_aliases_and_strategies_that_lead_nowhere_are_diagnostics(refusal, text, said):
    assert refusal(f"{KIMI}{text}\n") == f"config.yaml:{said}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("litellm_settings: {fallbacks: [{kimmi: [kimi]}]}", "4:33: warning[Q305]: no model is called 'kimmi'\n  hint: did you mean 'kimi'?"),
        ("litellm_settings: {fallbacks: [{kimi: [zz]}]}", "4:40: warning[Q305]: no model is called 'zz'\n  hint: known: kimi"),
        ("litellm_settings: {default_fallbacks: zz}", "4:39: warning[Q305]: no model is called 'zz'\n  hint: known: kimi"),
    ],
)  # fmt: skip
def test_a_fallback_that_is_not_served_is_left_out_with_a_warning(config, text, said):
    read = config(f"{KIMI}{text}\n")

    assert [str(one) for one in read.remarks] == [f"config.yaml:{said}"]
    assert "zz" not in str(read.fallbacks)


def test_where_no_model_can_be_read_fallbacks_are_no_diagnostics_besides(refusal):
    text = "model_list: [{model_name: , litellm_params: {model: moonshot/k}}]\nlitellm_settings: {default_fallbacks: [k]}\n"

    assert refusal(text) == "config.yaml:1:27: error[Q108]: 'model_name' must be text, not null"


def test_another_strategy_is_unsupported_and_a_switch_that_is_off_is_ignored(config):
    text = KIMI + dedent("""\
        router_settings: {routing_strategy: least-busy, enable_pre_call_checks: false, max_fallbacks: 3}
        litellm_settings: {cache: true, set_verbose: true}
        general_settings: {database_url: os.environ/DATABASE_URL}
        """)

    assert summary(config(text)) == [
        "config.yaml: 1 model; 8 keys used, 2 ignored, 4 unsupported",
        "config.yaml:4:19: unsupported /router_settings/routing_strategy: "
        "deployments are chosen by weight alone: simple-shuffle",
        "config.yaml:4:80: unsupported /router_settings/max_fallbacks: each fallback that is named is tried",
        "config.yaml:5:20: unsupported /litellm_settings/cache: answers are not cached",
        "config.yaml:6:20: unsupported /general_settings/database_url: "
        "there is no database: virtual keys, teams and models kept in one are not available; write keys into quirkbook_settings.keys",
    ]


def test_settings_of_our_own_are_read(config, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "acme.yaml").write_text(
        "quirks: 1\nprovider: acme\nbase_url: https://acme.test/v1\napi_key_env: ACME_KEY\nrules: []\n"
    )
    text = """\
        model_list: [{model_name: a, litellm_params: {model: acme/a, api_key: k}}]
        quirkbook_settings:
          policy: {lossy: error}
          rules: [rules]
          limits: {body_bytes: 1048576, first_byte_seconds: 12.5, concurrency: 7}
        """

    read = config(text)

    assert read.policy == {"exact": "allow", "lossy": "error", "semantic": "warn", "refuse": "error"}
    assert [str(path) for path in read.rules] == ["rules"]
    assert asdict(read.limits) == asdict(Limits()) | {"body_bytes": 1048576, "first_byte": 12.5, "concurrency": 7}
    assert (read.deployments[0].provider, read.rulebook.provider("acme").name) == ("acme", "acme")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("policy: {lossy: never}", "4:31: error[Q109]: policy: lossy cannot be 'never'\n  hint: write one of allow, warn, error"),
        ("policy: {odd: warn}", "4:31: error[Q109]: policy: 'odd' is not an effect\n  hint: write one of exact, lossy, semantic, refuse"),
        ("policy: warn", "4:30: error[Q108]: 'policy' must be a mapping, not text"),
        ("rules: [nowhere]", "4:30: error[Q109]: there is no folder nowhere\n  hint: the path is taken from where the config is"),
        ("keys: [5]", "4:29: error[Q108]: 'keys[0]' must be text, not a number"),
        ("limits: {body_bytes: 5}", "4:43: error[Q109]: 'body_bytes' must be a whole number from 1,024 to 2,147,483,648"),
        ("limits: {first_byte: 5}", "4:31: error[Q106]: unknown key 'first_byte' in 'limits'\n  hint: did you mean 'first_byte_seconds'?"),
        ("limits: {idle_stream_seconds: long}", "4:52: error[Q108]: 'idle_stream_seconds' must be a number of seconds from 1 to 86,400, not text"),
    ],
)  # fmt: skip
def test_settings_of_our_own_that_cannot_be_are_diagnostics(refusal, text, said):
    assert refusal(f"{KIMI}quirkbook_settings: {{{text}}}\n") == f"config.yaml:{said}"


def test_diagnostics_of_the_rules_that_a_config_names_are_its_own(refusal, tmp_path):
    (tmp_path / "acme.yaml").write_text("quirks: 1\nprovider: acme\nwehn: 1\nrules: []\n")

    said = refusal(KIMI + "quirkbook_settings: {rules: [acme.yaml]}\n")

    assert said.startswith("acme.yaml:3:1: error[Q106]: unknown key 'wehn'")


def test_a_rulebook_that_is_given_is_the_one_in_force(config):
    book = Rulebook()

    assert config(KIMI, rulebook=book).rulebook is book


# Without a list of models


def test_without_a_file_every_provider_whose_key_is_there_is_served():
    read = from_environment({**KEY, "GROQ_API_KEY": "gsk", "LITELLM_MASTER_KEY": "sk-1", "XAI_API_KEY": ""})

    assert read.deployments == (
        Deployment("groq/*", "groq/*", "groq", "*", "gsk"),
        Deployment("moonshot/*", "moonshot/*", "moonshot", "*", "sk-moon"),
    )
    assert (read.keys, summary(read)) == (keys(master_key="sk-1"), ["the environment: 2 models"])


def test_without_a_file_or_a_key_there_is_nothing_to_serve():
    book = Rulebook()

    with pytest.raises(UsageError) as caught:
        from_environment({}, rulebook=book)

    variables = {book.provider(name).head.get("api_key_env") for name in book.providers} - {None}
    assert str(caught.value) == (
        f"no config, and no key of any provider: set one of the {len(variables)} variables that `quirkbook providers` lists,"
        " or write a config.yaml"
    )


def test_a_file_without_a_list_of_models_serves_what_the_environment_has_keys_for(config, refusal):
    text = "general_settings: {master_key: sk-1}\n"

    assert [one.name for one in config(text).deployments] == ["moonshot/*"]
    assert refusal(text, {}) == (
        "config.yaml:1:1: error[Q107]: 'model_list' is missing\n  hint: write it, or set the key of a provider"
    )


# Secrets


def test_no_secret_is_in_a_repr_or_in_the_summary(config):
    text = KIMI.replace("api_key: sk-a", "api_key: sk-secret, extra_headers: {X-Key: sk-secret}") + dedent("""\
        general_settings: {master_key: sk-secret, database_url: sk-secret}
        environment_variables: {LANGFUSE: sk-secret}
        """)

    read = config(text)

    assert read.keys == keys(master_key="sk-secret")
    assert "sk-secret" not in repr(read) + str(read) + "\n".join(summary(read))


def test_no_diagnostic_shows_a_value_of_the_file(refusal):
    text = """\
        model_list:
          - {model_name: k, litellm_params: {model: moonshot/k, api_kye: sk-secret, api_base: sk-secret}}
          - model_name: k
            litellm_params: {model: moonshot/k, timeout: sk-secret}
        general_settings:
          master_key: [sk-secret]
          mastr_key: sk-secret
        quirkbook_settings:
          keys:
            - {sk-secret: 1}
            - sk-secret
          policy: [sk-secret]
        """

    said = refusal(text)

    assert said.count("error[") == 5
    assert "sk-secret" not in said


# The table of keys

SECTIONS = [
    "", "model_list", "model_info", "litellm_params", "litellm_settings", "general_settings", "router_settings",
    "quirkbook_settings", "limits",
]  # fmt: skip


@pytest.mark.parametrize("name", SECTIONS)
def test_each_key_of_the_table_has_a_state_and_what_is_not_used_a_reason(name):
    section = litellm_keys.section(name)
    rows = [*section.exact.values(), *(key for _, key in section.globs)]

    assert {row.state for row in rows} <= {"used", "ignored", "unsupported"}
    assert all((row.why == "") == (row.state == "used") for row in rows)


@pytest.mark.parametrize(
    ("section", "key", "state"),
    [
        ("", "model_list", "used"),
        ("", "environment_variables", "used"),
        ("", "callback_settings", "unsupported"),
        ("", "guardrails", "unsupported"),
        ("", "x-anchors", "ignored"),
        ("model_info", "input_cost_per_token", "ignored"),
        ("model_info", "access_groups", "unsupported"),
        ("litellm_params", "seed", "used"),
        ("litellm_params", "enable_thinking", "used"),
        ("litellm_params", "input_cost_per_token", "ignored"),
        ("litellm_params", "cache_read_input_token_cost", "ignored"),
        ("litellm_params", "tags", "ignored"),
        ("litellm_params", "api_version", "unsupported"),
        ("litellm_params", "aws_region_name", "unsupported"),
        ("litellm_params", "mock_response", "unsupported"),
        ("litellm_params", "litellm_credential_name", "unsupported"),
        ("litellm_params", "messages", None),
        ("litellm_settings", "fallbacks", "used"),
        ("litellm_settings", "success_callback", "unsupported"),
        ("litellm_settings", "langfuse_default_tags", "unsupported"),
        ("litellm_settings", "drop_params", "ignored"),
        ("litellm_settings", "cache_params", "unsupported"),
        ("litellm_settings", "context_window_fallbacks", "used"),
        ("litellm_settings", "max_budget", "unsupported"),
        ("litellm_settings", "fallback", None),
        ("general_settings", "master_key", "used"),
        ("general_settings", "alerting", "unsupported"),
        ("general_settings", "disable_spend_logs", "ignored"),
        ("general_settings", "database_url", "unsupported"),
        ("general_settings", "custom_auth", "unsupported"),
        ("general_settings", "background_health_checks", "unsupported"),
        ("general_settings", "masterkey", None),
        ("router_settings", "model_group_alias", "used"),
        ("router_settings", "redis_host", "used"),
        ("router_settings", "enable_tag_filtering", "unsupported"),
        ("router_settings", "retry_policy", "unsupported"),
        ("router_settings", "retries", None),
        ("limits", "json_depth", "used"),
    ],
)
def test_keys_that_litellm_documents_are_known(section, key, state):
    found = litellm_keys.section(section).find(key)

    assert (found and found.state) == state


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("[prometheus]", "ignored"),
        ("prometheus", "ignored"),
        ("[prometheus, langfuse]", "unsupported"),
        ("[]", "ignored"),
    ],
)
def test_callbacks_that_only_count_are_not_missed(config, written, state):
    read = config(f"{KIMI}litellm_settings: {{callbacks: {written}}}\n")

    assert [one.state for one in read.settings if one.pointer == "/litellm_settings/callbacks"] == [state]


# The pages of the codes


@pytest.mark.parametrize("code", [code for code in CODES if code > "Q3"])
def test_the_pages_of_the_gateways_codes_are_true(config, code):
    def codes_of(text):
        try:
            return {one.code for one in config(text, KEY if code != "Q304" else {}, unset="warning").remarks}
        except RuleFileError as error:
            return {one.code for one in error.diagnostics}

    page = CODES[code]

    assert code in codes_of(page.wrong)
    assert code not in codes_of(page.right)


STRANGE = """\
    model_list:
      - {model_name: k, litellm_params: {model: moonshot/k, api_key: sk-a, zq_cache_bits: 4, temprature: 1}}
    router_settings: {zz_new_in_litellm: true}
    """


def test_keys_that_nobody_knows_are_warnings_and_keep_no_gateway_from_starting(config):
    read = config(STRANGE)

    assert [(one.code, one.severity) for one in read.remarks] == [("Q106", "warning")] * 3
    assert read.deployments[0].defaults == {"zq_cache_bits": 4}  # what is near no other may be the provider's own
    assert "did you mean 'temperature'?" in str(read.remarks[1])


def test_strictly_they_are_errors(tmp_path):
    (tmp_path / "config.yaml").write_text(dedent(STRANGE))

    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "config.yaml", strict=True)
    assert [one.severity for one in caught.value.diagnostics] == ["error"] * 3


@pytest.mark.parametrize("key", ["ssl_verify", "supports_system_message"])
def test_a_switch_whose_off_asks_for_something_is_used(config, key):
    read = config(KIMI.replace("api_key: sk-a", f"api_key: sk-a, {key}: false"))

    assert [one.state for one in read.settings if one.pointer.endswith(key)] == ["used"]
    assert not (read.deployments[0].trust and read.deployments[0].takes_system)
