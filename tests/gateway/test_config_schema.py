"""The JSON Schema of a gateway's config, made of the table of keys."""

from __future__ import annotations

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.test_readme import ROOT

from quirkbook.gateway.config.schema import config_schema

CONFIGS = [
    ROOT / "examples" / "gateway" / "config.yaml",
    *sorted((ROOT / "tests/gateway/installations").glob("*.yaml")),
]
VALIDATOR = Draft202012Validator(config_schema())


def at(*keys):
    place = config_schema()
    for key in keys:
        place = place["items"] if key == "*" else place["properties"][key]
    return place


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_configs_that_are_shown_are_valid(path):
    assert list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "config",
    [{"quirkbook_settings": {"polcy": {}}}, {"quirkbook_settings": {"limits": {"rate": 1}}}, {"model_list": [1]}],
)
def test_a_misspelt_key_of_our_own_and_a_section_of_the_wrong_kind_are_invalid(config):
    assert not VALIDATOR.is_valid(config)


def test_a_key_says_what_becomes_of_it():
    assert at("model_list", "*", "litellm_params", "temperature") == {"description": "used"}
    unsupported = at("litellm_settings", "custom_provider_map")
    assert unsupported["description"].startswith("unsupported")
    assert unsupported["deprecated"] is True


def test_providers_fields_and_keys_of_later_versions_are_valid():
    params = {"model": "ollama/llama3", "num_ctx": 4096}

    assert VALIDATOR.is_valid({"model_list": [{"litellm_params": params}], "general_settings": {"of_tomorrow": True}})


@pytest.mark.parametrize(
    ("key", "is_valid"),
    [("sk-1", True), ({"name": "a", "key": "k", "models": ["m"]}, True), ({"nmae": "a"}, False), (5, False)],
)
def test_a_key_of_a_client_is_text_or_what_it_may_do(key, is_valid):
    assert VALIDATOR.is_valid({"quirkbook_settings": {"keys": [key]}}) is is_valid
