"""Rules and schemas are found in a checkout and inside a package, zipped or not."""

from __future__ import annotations

import importlib.resources
import zipfile

import pytest

from quirkbook import data


@pytest.fixture(autouse=True)
def forgetful():
    """Look afresh, and forget what a test put in the way."""
    data.folder.cache_clear()
    data.schema.cache_clear()
    yield
    data.folder.cache_clear()
    data.schema.cache_clear()


def test_the_rules_and_schemas_of_this_checkout_or_package_are_found():
    assert data.folder("rules").joinpath("families").is_dir()
    assert data.schema("rules")["$id"] == "https://quirkbook.dev/schemas/rules.schema.json"


def test_a_schema_is_read_once():
    assert data.schema("rules") is data.schema("rules")


def test_data_inside_a_zipped_package_is_found(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w") as wheel:
        wheel.writestr("quirkbook/schemas/accepts/acme.schema.json", '{"type": "object"}')
    package = zipfile.Path(tmp_path / "wheel.zip", "quirkbook/")
    monkeypatch.setattr(importlib.resources, "files", lambda name: package)
    monkeypatch.setattr(data, "__file__", str(tmp_path / "wheel.zip" / "quirkbook" / "data.py"))

    assert data.schema("accepts/acme") == {"type": "object"}


@pytest.mark.parametrize("place", ["engine/quirkbook/rules", "rules"])
def test_data_stands_in_the_package_or_beside_the_source_root(tmp_path, monkeypatch, place):
    module = tmp_path / "engine" / "quirkbook" / "data.py"
    module.parent.mkdir(parents=True)
    module.touch()
    (tmp_path / place).mkdir()
    monkeypatch.setattr(data, "__file__", str(module))

    assert data.folder("rules") == tmp_path / place
