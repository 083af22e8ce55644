"""The wheel: what is in it, and that it works out of the zip."""

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.sharing import once

import quirkbook
from quirkbook.rulebook.builtin import make_outline, names, outline_name

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return next(once(tmp_path_factory, "wheel", build_wheel).glob("*.whl"))


def build_wheel(out):
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)


def test_the_wheel_holds_the_package_with_its_rules_and_schemas_and_nothing_else(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "engine" / "quirkbook"
    expected = {
        f"quirkbook/{path.relative_to(package)}"
        for path in package.rglob("*")
        if path.suffix in (".py", ".html") or path.name == "py.typed"
    }
    for folder in ("rules", "schemas"):
        expected |= {f"quirkbook/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*") if path.is_file()}
    expected |= {f"quirkbook/outlines/{outline_name(name)}" for name in names().values()}

    assert inside == expected


def test_the_outlines_in_the_wheel_are_those_of_its_rule_files(wheel):
    inside = zipfile.ZipFile(wheel)

    for name in names().values():
        assert inside.read(f"quirkbook/outlines/{outline_name(name)}") == make_outline(name)


def test_a_first_translation_with_the_wheel_parses_no_yaml(wheel):
    code = f"import sys; sys.path.insert(0, {str(wheel)!r}); import quirkbook; quirkbook.translate({{}}, 'moonshot')"
    report = f"{code}; print([name for name in sys.modules if name == 'yaml'])"
    done = subprocess.run([sys.executable, "-I", "-c", report], capture_output=True, text=True, check=True, cwd="/")

    assert done.stdout == "[]\n"


def test_a_payload_can_be_translated_out_of_the_zipped_wheel(wheel):
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); import json, quirkbook; "
        "assert '.whl' in quirkbook.__file__; "
        "print(json.dumps(quirkbook.translate({'model': 'moonshot/x', 'user': 'u'})))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/")

    assert json.loads(done.stdout) == {"model": "x", "safety_identifier": "u"}


def test_the_wheel_puts_nothing_else_into_site_packages(wheel):
    assert {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()} == {
        "quirkbook",
        f"quirkbook-{quirkbook.__version__}.dist-info",
    }


def test_the_wheel_brings_its_command_and_its_pytest_plugin(wheel):
    points = zipfile.ZipFile(wheel).read(f"quirkbook-{quirkbook.__version__}.dist-info/entry_points.txt").decode()

    assert points.split("\n\n") == [
        "[console_scripts]\nquirkbook = quirkbook.cli:main",
        "[pytest11]\nquirkbook = quirkbook.pytest_plugin\n",
    ]


@pytest.mark.parametrize("command", [["rules", "-p", "moonshot"], ["providers"], ["emulate", "--help"]])
def test_commands_work_out_of_the_zipped_wheel(wheel, command):
    code = f"import sys; sys.path.insert(0, {str(wheel)!r}); from quirkbook.cli import main; main({command!r})"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd="/")

    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_the_gateways_page_is_found_in_the_zipped_wheel(wheel):
    code = f"import sys; sys.path.insert(0, {str(wheel)!r}); from quirkbook.gateway.ui import page; print(len(page().body))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/")

    assert int(done.stdout) == (ROOT / "engine/quirkbook/gateway/page/index.html").stat().st_size


def test_the_source_archive_holds_the_tests_and_all_that_they_read(tmp_path):
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}

    tested = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".yml")
    }
    read = {
        path.relative_to(ROOT).as_posix()
        for name in ("rules", "schemas", "docs", "examples")
        for path in (ROOT / name).rglob("*.*")
        if "__pycache__" not in path.parts
    }
    pages = {"README.md", "CONTRIBUTING.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "hatch_build.py"}
    assert tested | read | pages <= inside
    assert any(name.startswith("tests/golden/moonshot/") for name in inside)
    assert not [name for name in inside if "__pycache__" in name or name.startswith((".hypothesis", "bench"))]
