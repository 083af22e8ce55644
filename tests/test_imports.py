"""What an import costs, and what is public."""

import subprocess
import sys
from inspect import isclass, ismodule

import pytest

import quirkbook
from quirkbook import errors

HEAVY = ("requests", "jsonschema", "rich", "click", "asyncio", "aiohttp", "httpx", "uvicorn")


def loaded_after(code):
    report = f"import sys; {code}; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after("import quirkbook") == []


def test_a_first_translation_loads_nothing_heavy_either():
    assert loaded_after("import quirkbook; quirkbook.translate({'user': 'u'}, 'moonshot')") == []


def test_an_error_can_be_caught_without_reading_a_rule():
    code = "import quirkbook; quirkbook.RefusedError; print(sorted({'.'.join(name.split('.')[:2]) for name in sys.modules if name[:9] == 'quirkbook'}))"

    said = subprocess.run([sys.executable, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True)

    assert said.stdout == "['quirkbook', 'quirkbook.errors', 'quirkbook.model']\n"


def test_a_first_translation_reads_the_files_of_its_provider_and_those_in_force_everywhere():
    code = (
        "from quirkbook import translate; from quirkbook.rulebook import builtin; read = []; was = builtin._bytes; "
        "builtin._bytes = lambda name: read.append(name) or was(name); "
        "translate({'seed': 1}, 'moonshot'); print(read)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (
        said.stdout
        == "['moonshot.yaml', 'families/kimi-schemas.yaml', 'families/format.yaml', 'families/closing.yaml']\n"
    )


def test_the_public_names_are_sorted_complete_and_there():
    public = {name for name, value in vars(quirkbook).items() if not name.startswith("_") and not ismodule(value)}

    assert sorted(quirkbook.__all__) == list(quirkbook.__all__)
    assert set(quirkbook.__all__) == public - {"Any", "TYPE_CHECKING"} | set(quirkbook._LATER)
    assert all(getattr(quirkbook, name).__name__ == name for name in quirkbook.__all__)


def test_every_error_of_the_package_is_public():
    raised = {name for name, value in vars(errors).items() if isclass(value) and issubclass(value, Exception | Warning)}

    assert raised <= set(quirkbook.__all__)


def test_a_name_that_is_not_there_is_told_as_python_does():
    with pytest.raises(AttributeError, match=r"^module 'quirkbook' has no attribute 'transalte'$"):
        quirkbook.transalte  # noqa: B018
