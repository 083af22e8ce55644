"""`pytest --quirkbook DIR`: each rule of a folder becomes a test of its examples and of its golden file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .authoring import examples, lint
from .errors import QuirkbookError
from .model import Diagnostic
from .rulebook.rulebook import Rulebook


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--quirkbook`` and ``--quirkbook-update``."""
    group = parser.getgroup("quirkbook")
    group.addoption("--quirkbook", metavar="DIR", action="append", default=[], help="test the rules in DIR")
    group.addoption("--quirkbook-update", action="store_true", help="rewrite their golden files")


def pytest_collection(session: pytest.Session) -> None:
    """Add each folder to what is collected."""
    session.config.args += [str(Path(path)) for path in session.config.getoption("--quirkbook")]


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a folder that was named with ``--quirkbook``."""
    folders = {Path(name).resolve() for name in parent.config.getoption("--quirkbook")}
    return RuleFolder.from_parent(parent, path=path) if path.resolve() in folders else None


class RuleFolder(pytest.Directory):
    """A folder of rules."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield a test per rule, and one that looks for golden files without a rule."""
        try:
            book = Rulebook.load(self.path)
        except QuirkbookError as error:
            raise self.CollectError(str(error)) from None
        names = set()
        for owned in examples.owned_rules(book):
            if Path(owned.rule.location.file).resolve().is_relative_to(self.path.resolve()):
                names.add(owned.rule.name)
                item = RuleItem.from_parent(self, name=owned.rule.name)
                item.book, item.owned = book, owned
                yield item
        orphans = OrphanItem.from_parent(self, name="golden files belong to rules")
        orphans.names = names
        yield orphans


class RuleItem(pytest.Item):
    """One rule: lint, examples, golden file."""

    book: Rulebook
    owned: examples.Owned

    def runtest(self) -> None:
        """Raise Faulty with all that is wrong."""
        update = self.config.getoption("--quirkbook-update")
        verdict = examples.prove(self.book, self.owned, self.path / "golden", update=update)
        bounds = [diagnostic for diagnostic in lint.check_rule(self.owned) if diagnostic.severity == "error"]
        diagnostics = dict.fromkeys((*verdict.diagnostics, *bounds))
        if diagnostics:
            raise Faulty(list(diagnostics))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Show the diagnostics, not this code."""
        return str(excinfo.value) if isinstance(excinfo.value, Faulty) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Point at the rule."""
        place = self.owned.rule.location
        return Path(place.file), place.line - 1, self.name


class OrphanItem(pytest.Item):
    """No golden file is left over from a rule that is gone."""

    names: set[str]

    def runtest(self) -> None:
        """Raise Faulty if one is."""
        diagnostics = [examples.orphan_diagnostic(path) for path in examples.orphans(self.names, self.path / "golden")]
        if diagnostics:
            raise Faulty(diagnostics)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Show the diagnostics, not this code."""
        return str(excinfo.value) if isinstance(excinfo.value, Faulty) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Point at the folder."""
        return self.path, None, self.name


class Faulty(Exception):  # noqa: N818 - a test's failure, not an error of the package
    """What is wrong with a rule, in words."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("\n".join(map(str, diagnostics)))
