"""A uvicorn without the private parts that the gateway uses is refused at start-up, not in the middle of a request."""

import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

import pytest
import uvicorn

from quirkbook.errors import UsageError
from quirkbook.gateway import serve
from quirkbook.gateway.config.model import Options
from quirkbook.gateway.http import uvicorn_parts
from quirkbook.gateway.http.uvicorn_parts import TESTED, check_uvicorn

HTTPTOOLS = "uvicorn.protocols.http.httptools_impl"
HINT = "install one that can: pip install 'uvicorn>=0.34,<=0.54.*'"


def test_the_installed_release_has_all_that_is_used():
    check_uvicorn()


def test_what_is_missing_is_named_before_anything_is_served(monkeypatch):
    class Protocol:
        """A later one."""

    monkeypatch.setattr(uvicorn_parts, "USED", {Protocol: ("cycle", "__init__", "pipeline")})

    for start in (lambda: serve.serve(Options()), serve.running(None).__enter__):
        with pytest.raises(UsageError) as caught:
            start()
        assert str(caught.value) == (
            f"uvicorn {uvicorn.__version__} cannot serve the gateway, as it lacks Protocol.cycle, Protocol.pipeline: {HINT}"
        )


def imported_anew():
    spec = find_spec("quirkbook.gateway.http.uvicorn_parts")
    spec.loader.exec_module(module_from_spec(spec))


def test_a_release_whose_module_is_another_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, HTTPTOOLS, ModuleType(HTTPTOOLS))

    with pytest.raises(UsageError) as caught:
        imported_anew()

    assert str(caught.value) == (
        f"uvicorn {uvicorn.__version__} cannot serve the gateway, as it lacks HttpToolsProtocol and RequestResponseCycle in"
        f" {HTTPTOOLS}: {HINT}"
    )


def test_a_missing_httptools_is_no_fault_of_uvicorn(monkeypatch):
    monkeypatch.delitem(sys.modules, HTTPTOOLS)
    monkeypatch.setitem(sys.modules, "httptools", None)

    with pytest.raises(ImportError) as caught:
        imported_anew()

    assert caught.value.name == "httptools"


def test_the_oldest_release_that_works_is_the_lower_bound_of_the_extra():
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")

    assert f'"uvicorn>={TESTED[0]},<1"' in project
