"""Rules and schemas are found in a checkout and inside a package, zipped or not."""

from __future__ import annotations

import importlib.resources
import zipfile

import pytest

from quirkbook import resources


@pytest.fixture(autouse=True)
def forgetful():
    """Look afresh, and forget what a test put in the way."""
    resources.folder.cache_clear()
    resources.schema.cache_clear()
    yield
    resources.folder.cache_clear()
    resources.schema.cache_clear()


def test_the_rules_and_schemas_of_this_checkout_or_package_are_found():
    assert resources.folder("rules").joinpath("families").is_dir()
    assert resources.schema("rules")["$id"] == "https://quirkbook.dev/schemas/rules.schema.json"


def test_a_schema_is_read_once():
    assert resources.schema("rules") is resources.schema("rules")


def test_data_inside_a_zipped_package_is_found(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w") as wheel:
        wheel.writestr("quirkbook/schemas/accepts/acme.schema.json", '{"type": "object"}')
    package = zipfile.Path(tmp_path / "wheel.zip", "quirkbook/")
    monkeypatch.setattr(importlib.resources, "files", lambda name: package)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "wheel.zip" / "quirkbook" / "resources.py"))

    assert resources.schema("accepts/acme") == {"type": "object"}


@pytest.mark.parametrize("place", ["engine/quirkbook/rules", "rules"])
def test_data_stands_in_the_package_or_beside_the_source_root(tmp_path, monkeypatch, place):
    module = tmp_path / "engine" / "quirkbook" / "resources.py"
    module.parent.mkdir(parents=True)
    module.touch()
    (tmp_path / place).mkdir()
    monkeypatch.setattr(resources, "__file__", str(module))

    assert resources.folder("rules") == tmp_path / place
