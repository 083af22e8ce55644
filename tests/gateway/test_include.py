"""``include`` of config files: lists are joined, other keys win, and each diagnostic names its own file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest

from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.reload import Watcher

ONE = "{model_name: %s, litellm_params: {model: moonshot/%s, api_key: k%s}}"


def read(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(dedent(text))
    return read_config(folder / "config.yaml", environ={})


def test_lists_are_joined_and_other_keys_win(tmp_path):
    config = read(
        tmp_path,
        config=f"include: [models.yaml, more.yaml]\nmodel_list:\n  - {ONE % ('a', 'a', '')}\nlitellm_settings: {{num_retries: 1}}\n",
        models=f"model_list:\n  - {ONE % ('b', 'b', '')}\n  - {ONE % ('c', 'c', '')}\n",
        more=f"model_list: [{ONE % ('d', 'd', '')}]\nlitellm_settings: {{num_retries: 3, request_timeout: 9}}\n",
    )

    assert [deployment.name for deployment in config.deployments] == ["a", "b", "c", "d"]
    assert (config.retries, config.timeout) == (3, 9.0)
    assert config.included == (tmp_path / "models.yaml", tmp_path / "more.yaml")
    places = {setting.pointer: f"{Path(setting.file).name}:{setting.line}" for setting in config.settings}
    assert places["/model_list/0/model_name"] == "config.yaml:3"
    assert places["/model_list/2/model_name"] == "models.yaml:3"
    assert places["/model_list/3/litellm_params"] == "more.yaml:1"
    assert places["/litellm_settings/num_retries"] == "more.yaml:2"


def test_one_file_may_be_named_without_a_list(tmp_path):
    config = read(tmp_path, config="include: models.yaml\n", models=f"model_list: [{ONE % ('b', 'b', '')}]\n")

    assert [deployment.name for deployment in config.deployments] == ["b"]


@pytest.mark.parametrize(
    ("included", "said"),
    [
        (
            f"model_list: [{ONE % ('b', 'b', ', timeout: 0')}]\n",
            "models.yaml:1:87: error[Q109]: 'timeout' must be a number",
        ),
        ("model_list: [\n", "models.yaml:"),
        ("[1]\n", "models.yaml:1:1: error[Q108]: a config must be a mapping"),
    ],
)
def test_what_is_wrong_in_an_included_file_is_said_at_its_place(tmp_path, included, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, config=f"include: [models.yaml]\nmodel_list: [{ONE % ('a', 'a', '')}]\n", models=included)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("[gone.yaml]", "there is no file "),
        ("[7]", "'include' must list paths of files"),
        ("7", "'include' must list paths of files"),
    ],
)
def test_a_file_that_is_not_there_is_a_diagnostic(tmp_path, named, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, config=f"include: {named}\nmodel_list: [{ONE % ('a', 'a', '')}]\n")

    assert said in str(caught.value)
    assert "hint: the path is taken from where the config is" in str(caught.value)


def test_an_edit_of_an_included_file_is_an_edit_of_the_config(tmp_path):
    config = read(tmp_path, config="include: models.yaml\n", models=f"model_list: [{ONE % ('b', 'b', '')}]\n")
    gateway = SimpleNamespace(service=SimpleNamespace(config=config))
    watcher = Watcher(gateway, str(tmp_path / "config.yaml"), read_config)

    assert tmp_path / "models.yaml" in watcher._files()
