"""Where a model's line and version stand in an id, and how a rule asks for a line."""

from __future__ import annotations

import pytest

from quirkbook.identity.models import ModelTest
from quirkbook.identity.outline import build
from quirkbook.identity.resolve import Resolver

NAMING = {
    "acme": {"names": ["acme"], "lines": ["swift"], "variants": ["mini"]},
    "zeta": {"names": ["zeta"], "lines": ["r1"]},
}
RESOLVER = Resolver(build(NAMING, [["community", "fp"]]))


@pytest.mark.parametrize(
    ("model", "identity"),
    [
        ("acme/swift-2", "acme swift 2"),
        ("host/acme/2.1-mini", "acme 2.1 mini"),
        # The last part says nothing of the model: the one before it is read.
        ("host/zeta/zeta-r1/community", "zeta r1"),
        ("host/acme-2.1/fp", "acme 2.1"),
        # The last part is a name of its own.
        ("acme/lyra-3", "None"),
    ],
)
def test_a_name_in_an_earlier_part_is_read_on_from_there(model: str, identity: str) -> None:
    assert str(RESOLVER.resolve(model)) == identity


@pytest.mark.parametrize(
    ("line", "model", "fits"),
    [
        ("acme", "acme-2", True),
        ("acme", "acme-swift-2", False),
        ("swift", "acme-2", False),
        ("swift", "acme-swift-2", True),
        (["acme", "swift"], "acme-2", True),
        (["acme", "swift"], "acme-swift-2", True),
    ],
)
def test_the_familys_name_is_the_line_of_models_without_a_line(line: str | list[str], model: str, fits: bool) -> None:
    assert ModelTest([{"line": line}], "acme")(model, RESOLVER.resolve(model)) is fits


def test_a_quiet_rule_says_which_line_the_model_is_of() -> None:
    test = ModelTest([{"line": "swift"}], "acme")
    assert test.blame("acme-2", RESOLVER.resolve("acme-2")) == "line swift: the line is acme"
