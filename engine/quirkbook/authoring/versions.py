"""Two versions of the facts to compare: rules folders, or whole Quirkbooks, each of which runs by itself."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from ..api import explain
from ..errors import UsageError
from ..rulebook.rulebook import Rulebook
from . import outcome

BUILT_IN = "built-in"
"""What the command line calls the rules of this version."""

_HINT = (
    f"write a folder of rules, a wheel, a checkout or environment that has Quirkbook in it, "
    f"or '{BUILT_IN}' for the rules of this version"
)


#: What Python does: look for Quirkbook at home alone, if it has a home, and run the text of `outcome`.
_RUN = """
import sys
home, text = sys.argv[1:]
if home:
    sys.path.insert(0, home)
import quirkbook
if not quirkbook.__file__.startswith(home):
    sys.exit(1)
exec(compile(text, "outcome", "exec"))
"""


class Version(Protocol):
    """Something that says what becomes of a request."""

    name: str
    kind: str
    """How it was read, in words: what a folder of rules stands above or in place of, or which Quirkbook runs."""

    def outcome(self, payload: Any, provider: str | None, model: str | None) -> Mapping[str, Any]:
        """Return what becomes of a payload, as `outcome.outcome` says."""

    def close(self) -> None:
        """End what was started."""


def version(name: str) -> Version:
    """Return the version that a word of the command line means.

    Raises:
        UsageError: it is not there, or holds neither rules nor a Quirkbook that starts.
        RuleFileError: its rules are faulty.
    """
    path = Path(name)
    if name == BUILT_IN and not path.exists():
        return Rules(name, "the built-in rules", Rulebook())
    if not path.exists():
        raise UsageError(f"--rules: there is no '{name}': {_HINT}")
    for python in (path / "bin" / "python", path / "Scripts" / "python.exe"):
        if python.exists():
            return Installed(name, [str(python), "-I"], "")
    for home in (path, path / "engine"):
        if (home / "quirkbook" / "__init__.py").exists():
            return Installed(name, [sys.executable, "-P"], str(home.resolve()))
    if path.suffix == ".whl":
        return Installed(name, [sys.executable, "-P"], str(path.resolve()))
    # The rules of a whole Quirkbook lie beside their schemas, and stand in place of the built-in ones.
    home = path.resolve()
    if home.name == "rules" and (home.parent / "schemas" / "rules.schema.json").exists():
        return Rules(name, "rules in place of the built-in ones", Rulebook.load(path, builtin=False))
    return Rules(name, "rules above the built-in ones", Rulebook.load(path))


class Rules:
    """Rules that this version's code applies."""

    def __init__(self, name: str, kind: str, book: Rulebook) -> None:
        self.name, self.kind, self._book = name, kind, book

    def outcome(self, payload: Any, provider: str | None, model: str | None) -> Mapping[str, Any]:
        """Return what becomes of a payload."""
        return outcome.outcome(explain, self._book, payload, provider, model)

    def close(self) -> None:
        """Do nothing: nothing was started."""


class Installed:
    """A Quirkbook of its own, rules and code: a process that answers line by line."""

    def __init__(self, name: str, python: list[str], home: str) -> None:
        """Start it; ``home`` is where Python finds it, where that is not known to Python itself.

        Raises:
            UsageError: it does not start.
        """
        self.name = name
        self._process = subprocess.Popen(
            [*python, "-c", _RUN, home, inspect.getsource(outcome)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self.kind = f"Quirkbook {self._answer()}"

    def outcome(self, payload: Any, provider: str | None, model: str | None) -> Mapping[str, Any]:
        """Return what becomes of a payload.

        Raises:
            UsageError: the process has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([payload, provider, model]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer that does not come says so
        result: Mapping[str, Any] = self._answer()
        return result

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise UsageError(f"--rules: the Quirkbook in '{self.name}' does not run: {_HINT}")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


class Pair:
    """The old version and the new one, closed together."""

    def __init__(self, old: str, new: str) -> None:
        self.old = version(old)
        try:
            self.new = version(new)
        except BaseException:  # interrupted, too: the first version may hold a process, which nobody else would close
            self.old.close()
            raise

    def __enter__(self) -> Pair:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.old.close()
        self.new.close()
