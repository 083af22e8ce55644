"""What an import costs, and what is public."""

import subprocess
import sys

import quirkbook

HEAVY = ("requests", "jsonschema", "rich", "click", "asyncio", "aiohttp", "httpx", "uvicorn")


def loaded_after(code):
    report = f"import sys; {code}; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True).stdout.split()


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after("import quirkbook") == []


def test_a_first_translation_loads_nothing_heavy_either():
    assert loaded_after("import quirkbook; quirkbook.translate({'user': 'u'}, 'moonshot')") == []


def test_the_public_names_are_sorted_and_there():
    assert sorted(quirkbook.__all__) == list(quirkbook.__all__)
    assert all(hasattr(quirkbook, name) for name in quirkbook.__all__)
