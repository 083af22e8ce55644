"""What is delivered: the wheel, which works out of the zip too, the source archive, and what the container installs."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.sharing import once

import quirkbook
from quirkbook.rulebook.builtin import OUTLINE, all_files, precompile, precompiled_name

ROOT = Path(__file__).parents[1]
#: What docs/tools/build_pages.py builds: there or not, it is never packed.
BUILT_NAMES = ("docs/compatibility.html", "docs/rules")
BUILT = {ROOT / name for name in BUILT_NAMES}


def built(kind, source, out):
    """Return the archive that a build of a source folder gives, without a network."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(path for path in out.iterdir() if path.suffix in (".whl", ".gz"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return next(path for path in once(tmp_path_factory, "wheel", build_wheel).glob("*.whl"))


def build_wheel(out):
    built("wheel", ROOT, out)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return built("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


def installed(wheel, folder):
    """Install a wheel into a folder and return what its command prints there about a payload."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import quirkbook.cli; quirkbook.cli.main()"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, "dry-run", "-", "-p", "moonshot"],
        input='{"model": "moonshot-v1-8k", "temperature": 1.4}',
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def files(wheel):
    """Return name -> content of what a wheel installs, without its own list of it."""
    archive = zipfile.ZipFile(wheel)
    return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


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
    expected |= {f"quirkbook/precompiled/{precompiled_name(name)}" for name in all_files()}
    expected |= {f"quirkbook/precompiled/{OUTLINE}"}

    assert inside == expected


def test_the_precompiled_files_in_the_wheel_are_those_of_its_rule_files(wheel):
    inside = zipfile.ZipFile(wheel)

    for name in all_files():
        assert inside.read(f"quirkbook/precompiled/{precompiled_name(name)}") == precompile(name)


@pytest.mark.parametrize("provider", ["moonshot", "chutes"])
def test_a_first_translation_with_the_wheel_parses_no_yaml(provider, wheel):
    code = f"import sys; sys.path.insert(0, {str(wheel)!r}); import quirkbook; quirkbook.translate({{}}, {provider!r})"
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


def test_the_source_archive_holds_the_tests_and_all_that_they_read(sdist):
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}

    tested = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*") if path.suffix in (".py", ".yml")
    }
    read = {
        path.relative_to(ROOT).as_posix()
        for name in ("rules", "schemas", "docs", "examples", "deploy", "requirements")
        for path in (ROOT / name).rglob("*.*")
        if "__pycache__" not in path.parts and path not in BUILT and not BUILT.intersection(path.parents)
    }
    pages = {"README.md", "CONTRIBUTING.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "hatch_build.py"}
    assert tested | read | pages <= inside
    assert any(name.startswith("tests/golden/moonshot/") for name in inside)
    assert not [
        name for name in inside if "__pycache__" in name or name.startswith((".hypothesis", "bench", *BUILT_NAMES))
    ]


def test_the_source_archive_installs_the_same_package(sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = built("wheel", next(tmp_path.iterdir()), tmp_path)

    assert files(again) == files(wheel)
    assert installed(again, tmp_path / "site") == {"model": "moonshot-v1-8k", "temperature": 1}


def instructions(word):
    """Return the arguments of each COPY or RUN of the Containerfile, long lines joined."""
    text = (ROOT / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in re.findall(rf"^{word} +(.*)", text, re.MULTILINE)]


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Return a folder with exactly the files that the Containerfile copies from the checkout."""
    folder = tmp_path_factory.mktemp("container")
    for *sources, target in instructions("COPY"):
        if sources[0].startswith("--from="):
            continue
        for source in sources:
            to = folder / target
            if (ROOT / source).is_dir():  # its content is copied, not the folder itself
                shutil.copytree(ROOT / source, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                to.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, to)
    return folder


def test_the_container_installs_the_same_package_from_the_files_that_it_copies(copied, wheel, tmp_path):
    again = built("wheel", copied, tmp_path)

    assert files(again) == files(wheel)
    assert installed(again, tmp_path / "site") == {"model": "moonshot-v1-8k", "temperature": 1}


def test_the_container_installs_locked_packages_or_the_wheel_that_it_built(copied):
    runs = [run[run.index("install") + 1 :] for run in instructions("RUN") if "install" in run]
    locks = [run[run.index("-r") + 1] for run in runs if "-r" in run]

    assert locks == ["requirements/build.txt", "requirements/serve.txt"]
    assert [lock for lock in locks if not (copied / lock).is_file()] == []
    assert [run for run in runs if "-r" not in run] == [["--no-deps", "--no-index", "/wheel/*.whl"]]


def test_the_base_image_is_named_by_its_digest():
    text = (ROOT / "Containerfile").read_text("utf-8")

    assert re.findall(r"^ARG BASE=(.*)@sha256:[0-9a-f]{64}$", text, re.MULTILINE) == ["docker.io/library/python"]
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]
