"""Print the lowest versions that pyproject.toml allows, as pip's constraints: `.ci/lowest` tests with them.

What has no lower bound is named on stderr, and the exit code is 1: a bound that nobody wrote cannot be tested.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
BOUND = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,-]+\])?>=(?P<version>[\w.]+)")


def requirements() -> Iterator[str]:
    """Yield each requirement of the build, the package and the extra `test`, with the extras that it includes."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    yield from PYPROJECT["build-system"]["requires"]
    yield from project["dependencies"]
    for requirement in extras["test"]:
        own = re.fullmatch(rf"{project['name']}\[([\w,]+)\]", requirement)
        yield from (one for extra in own[1].split(",") for one in extras[extra]) if own else [requirement]


def main() -> int:
    unbounded = 0
    for requirement in sorted(set(requirements())):
        if bound := BOUND.match(requirement):
            _, semicolon, marker = requirement.partition(";")
            print(f"{bound['name']}=={bound['version']}{semicolon}{marker}")
        else:
            unbounded = 1
            print(f"pyproject.toml: {requirement} has no lower bound; write {requirement}>=VERSION", file=sys.stderr)
    return unbounded


if __name__ == "__main__":
    sys.exit(main())
