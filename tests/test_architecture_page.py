"""docs/architecture.md is a map of the code as it is: its layers, packages, modules and files are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "engine" / "quirkbook"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
#: Its row says in words what the modules are.
IN_WORDS = {"cli"}


def modules_by_package():
    """Return folder below engine/quirkbook -> the names of its modules, and of its packages that have no row of their own."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        folder = path.parent.relative_to(PACKAGE).as_posix()
        if path.name != "__init__.py" and folder != "." and folder.partition("/")[0] not in IN_WORDS:
            found.setdefault(folder, set()).add(path.stem)
    return found


def test_the_map_has_the_layers_of_the_import_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    names = {path.stem for path in PACKAGE.iterdir()}
    map_ = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]
    drawn = [{word for word in re.split(r" {2,}", line) if word in names} for line in map_.splitlines()]

    assert drawn == [set(layer.split(" | ")) for layer in layers]


def test_each_package_has_a_row_that_names_its_modules():
    rows = {folder.rstrip("/"): row for folder, row in re.findall(r"^\| `([\w/]+/)` \| (.*) \|$", PAGE, re.MULTILINE)}
    missing = {
        folder: modules - set(re.findall(r"`(\w+)", rows.get(folder, "")))
        for folder, modules in modules_by_package().items()
    }

    assert {folder: names for folder, names in missing.items() if names} == {}


PATHS = sorted({path for path in re.findall(r"`([\w./]+(?:\.\w+|/))`", PAGE) if "NAME" not in path})


@pytest.mark.parametrize("path", PATHS)
def test_each_file_that_the_page_names_is_there(path):
    assert (PACKAGE / path).exists() or (ROOT / path).exists()
