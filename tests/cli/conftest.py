"""The command line, run in this process."""

import io
import sys

import pytest

from quirkbook.cli import main


@pytest.fixture
def quirkbook(capsys, monkeypatch):
    """Run the command line; return (exit code, stdout, stderr)."""

    def run(*args, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            main([str(arg) for arg in args])
            code = 0
        except SystemExit as exit:
            code = exit.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
