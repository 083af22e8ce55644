"""Write the locks beside this file: exact versions, with hashes, of what pyproject.toml and tests/peers.txt allow.

Needs uv: ``pip install uv``, in a virtual environment of its own. From the root of the checkout:

    python requirements/lock.py                  versions in the locks that are still allowed stay
    python requirements/lock.py --upgrade        the newest of everything that is allowed

One resolution holds for all platforms and for Python 3.11 and later; what differs has a marker. The locks name no
package index: pip uses the one that it is configured for, and the hashes say whether it is the same file.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
COMPILE += ["--no-emit-index-url", "--no-header", "--no-annotate"]

HEAD = "# Written by requirements/lock.py, which says how; not by hand.\n"

#: Lock -> what it is resolved from, `build` being the build requirements, and the lock whose versions it shares.
LOCKS = {
    "peers": (["pyproject.toml", "--extra", "test", "tests/peers.txt", "build"], None),
    "test": (["pyproject.toml", "--extra", "test", "build"], None),
    "serve": (["pyproject.toml", "--extra", "serve"], "test"),
    "build": (["build"], "test"),
    "docs": (["--group", "docs"], "test"),
}


def build_requirements() -> str:
    """Return what the package is built with, a requirement a line: installs without build isolation need it."""
    hook = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return "\n".join([*PYPROJECT["build-system"]["requires"], *hook["dependencies"]])


def main(options: list[str]) -> None:
    for name, (sources, shared) in LOCKS.items():
        target = f"requirements/{name}.txt"
        command = [*COMPILE, "--output-file", target, *options]
        command += ["-" if source == "build" else source for source in sources]
        if shared:
            command += ["--constraints", f"requirements/{shared}.txt"]
        subprocess.run(command, cwd=ROOT, input=build_requirements(), text=True, check=True, stdout=subprocess.DEVNULL)
        lock = ROOT / target
        lock.write_text(HEAD + lock.read_text("utf-8"), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
