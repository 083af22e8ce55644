"""Built-in files are read without their examples, and in a package from their outlines; nobody can tell."""

import pytest

from quirkbook.model import Rule
from quirkbook.resources import folder
from quirkbook.rulebook import builtin, load

NAMES = sorted(builtin.names().values())


def test_every_file_has_the_name_of_its_provider_or_family():
    assert {(builtin.read(name).kind, builtin.read(name).name): name for name in NAMES} == builtin.names()


@pytest.mark.parametrize("name", ["moonshot.yaml", "families/kimi.yaml", "openai.yaml"])
def test_a_file_read_without_examples_is_the_same_as_the_whole(name):
    whole = load.load_file((folder("rules") / name).read_bytes(), f"rules/{name}", trusted=True)
    brief = builtin.read(name)

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
    monkeypatch.setattr(builtin, "_whole", read.append)

    for name in NAMES:
        builtin.read(name)

    assert read == []


@pytest.mark.parametrize("name", NAMES)
def test_no_example_stands_where_it_would_be_read_at_each_start(name):
    brief = builtin._EXAMPLES.sub(b"", (folder("rules") / name).read_bytes())

    assert b"examples:" not in brief


@pytest.fixture
def outlines(tmp_path, monkeypatch):
    """Have outlines, as a package that was built has them."""
    for name in NAMES:
        tmp_path.joinpath(builtin.outline_name(name)).write_bytes(builtin.make_outline(name))
    monkeypatch.setattr(builtin, "folder", lambda name: tmp_path if name == "outlines" else folder(name))
    return tmp_path


def test_each_file_has_an_outline_of_its_own(outlines):
    assert len(list(outlines.iterdir())) == len(NAMES)


def test_an_outline_holds_what_its_file_holds_at_the_same_places(outlines, monkeypatch):
    monkeypatch.delattr(builtin, "_brief")
    through_outlines = [builtin.read(name) for name in NAMES]
    monkeypatch.undo()

    for name, one in zip(NAMES, through_outlines, strict=True):
        assert one == builtin.read(name)


def test_the_examples_of_an_outlines_rules_are_those_of_the_file(outlines):
    one = next(item for item in builtin.read("moonshot.yaml").items if isinstance(item, Rule))

    assert b"examples" not in builtin.make_outline("moonshot.yaml")
    assert len(one.examples) > 1 and one.examples[0].given


def test_an_outline_of_another_text_does_not_count(outlines):
    assert builtin._outline("groq.yaml", builtin._bytes("groq.yaml"))
    assert builtin._outline("groq.yaml", builtin._bytes("moonshot.yaml")) is None


def test_an_edited_file_is_read_itself(outlines, monkeypatch):
    raw = (folder("rules") / "groq.yaml").read_bytes()
    monkeypatch.setattr(builtin, "_bytes", lambda name: raw.replace(b"api.groq.com", b"localhost:8001"))

    assert "localhost:8001" in builtin.read("groq.yaml").head["base_url"]
