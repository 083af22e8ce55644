"""The locks in requirements/: each holds what pyproject.toml asks for, exactly, with hashes and without an index."""

import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import distributions, requires
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
PEERS = [line for line in (ROOT / "tests" / "peers.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
LOCK = runpy.run_path(str(ROOT / "requirements" / "lock.py"))
BUILD = LOCK["build_requirements"]().splitlines()
TESTED = [
    *BUILD,
    *PROJECT["dependencies"],
    *(one for name in ("async", "openai", "otel", "redis", "serve", "test") for one in EXTRAS[name]),
]

#: Lock -> what must be in it.
WANTED = {
    "docs": GROUPS["docs"],
    "build": BUILD,
    "serve": [*PROJECT["dependencies"], *EXTRAS["serve"]],
    "test": TESTED,
    "peers": [*TESTED, *PEERS],
}
PYTHONS = [
    {"python_full_version": f"{minor}.4", "python_version": minor, "sys_platform": platform, "extra": ""}
    for minor in ("3.11", "3.12", "3.13")
    for platform in ("linux", "darwin", "win32")
]
each_lock = pytest.mark.parametrize("name", sorted(WANTED))


def entries(name):
    """Return the lock's lines with their continuations joined."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(name, environment):
    """Return name -> version of what the lock installs there."""
    pinned = [Requirement(re.sub(r"\s+--hash=\S+", "", line)) for line in entries(name)]
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in pinned
        if one.marker is None or one.marker.evaluate(environment)
    }


@each_lock
def test_each_line_of_a_lock_is_one_exact_version_with_hashes(name):
    exact = re.compile(r"[a-z0-9-]+==[\w.]+(?: ; [^#]+?)?(?:\s+--hash=sha256:[0-9a-f]{64})+")

    assert [line for line in entries(name) if not exact.fullmatch(line)] == []


@each_lock
@pytest.mark.parametrize("environment", PYTHONS, ids=lambda one: f"{one['python_version']}-{one['sys_platform']}")
def test_a_lock_holds_what_is_required_at_a_version_that_is_allowed(name, environment):
    pinned = pins(name, environment)
    wanted = [Requirement(one) for one in WANTED[name]]
    unmet = [
        f"{one}: {pinned.get(canonicalize_name(one.name))}"
        for one in wanted
        if one.name != PROJECT["name"]
        and (one.marker is None or one.marker.evaluate(environment))
        and not one.specifier.contains(pinned.get(canonicalize_name(one.name), "0"))
    ]

    assert unmet == []  # python requirements/lock.py


@pytest.mark.parametrize("name", ["build", "serve", "peers"])
def test_the_locks_agree_with_the_tests_on_each_version(name):
    tested = pins("test", PYTHONS[0])

    assert {
        one: version for one, version in pins(name, PYTHONS[0]).items() if tested.get(one, version) != version
    } == {}


def test_the_lock_of_the_tests_holds_all_that_its_packages_require():
    pinned = pins("test", None)
    here = {one.name for one in distributions() if pinned.get(canonicalize_name(one.name)) == one.version}
    asked = {
        canonicalize_name(Requirement(line).name)
        for name in here
        for line in requires(name) or ()
        if Requirement(line).marker is None or Requirement(line).marker.evaluate({"extra": ""})
    }

    assert asked - set(pinned) == set()


@pytest.mark.parametrize("requirement", [*EXTRAS["litellm"], *[one for one in PEERS if one.startswith("litellm")]])
def test_the_compromised_release_of_litellm_is_excluded(requirement):
    assert not Requirement(requirement).specifier.contains("1.107.0")


def test_each_requirement_has_a_lower_bound_that_can_be_tried():
    done = subprocess.run(
        [sys.executable, str(ROOT / "requirements" / "lowest.py")], capture_output=True, text=True, check=True
    )
    lowest = [Requirement(line) for line in done.stdout.splitlines()]
    wanted = [one for one in map(Requirement, WANTED["test"]) if one.name != PROJECT["name"]]

    assert {canonicalize_name(one.name) for one in lowest} == {canonicalize_name(one.name) for one in wanted}
    assert {str(one.marker) for one in lowest if one.name == "uvloop"} == {str(Marker("sys_platform != 'win32'"))}
