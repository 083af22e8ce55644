"""Built-in files are read without their examples, and nobody can tell."""

import pytest

from quirkbook import loader, shipped
from quirkbook.data import folder
from quirkbook.model import Rule

NAMES = sorted(shipped.names().values())


def test_every_file_has_the_name_of_its_provider_or_family():
    assert {(shipped.read(name).kind, shipped.read(name).name): name for name in NAMES} == shipped.names()


@pytest.mark.parametrize("name", ["moonshot.yaml", "families/kimi.yaml", "openai.yaml"])
def test_a_file_read_without_examples_is_the_same_as_the_whole(name):
    whole = loader.load_file((folder("rules") / name).read_bytes(), f"rules/{name}", trusted=True)
    brief = shipped.read(name)

    assert (brief.head, brief.lets, brief.disables) == (whole.head, whole.lets, whole.disables)
    for one, other in zip(brief.items, whole.items, strict=True):
        if isinstance(other, Rule):
            assert (one.location, one.when, one.do, one.note) == (other.location, other.when, other.do, other.note)
            assert list(one.examples) == list(other.examples)
            assert (len(one.examples), one.examples[0]) == (len(other.examples), other.examples[0])
        else:
            assert one == other


def test_no_example_is_read_before_somebody_asks(monkeypatch):
    read = []
    monkeypatch.setattr(shipped, "_whole", read.append)

    for name in NAMES:
        shipped.read(name)

    assert read == []


@pytest.mark.parametrize("name", NAMES)
def test_no_example_stands_where_it_would_be_read_at_each_start(name):
    brief = shipped._EXAMPLES.sub(b"", (folder("rules") / name).read_bytes())

    assert b"examples:" not in brief
