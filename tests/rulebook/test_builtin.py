"""Built-in files are read as they are, and in a package precompiled, without their examples; nobody can tell."""

from dataclasses import replace

import pytest

from quirkbook.model import Rule, RuleFile
from quirkbook.resources import folder
from quirkbook.rulebook import builtin, load

NAMES = sorted(builtin.names().values())


def test_every_file_has_the_name_of_its_provider_or_family():
    assert {(builtin.read(name).kind, builtin.read(name).name): name for name in NAMES} == builtin.names()


@pytest.fixture
def with_precompiled(tmp_path, monkeypatch):
    """Precompile some files, as a package that was built has those of all."""
    monkeypatch.setattr(builtin, "folder", lambda name: tmp_path if name == "precompiled" else folder(name))

    def make(*names):
        for name in names:
            tmp_path.joinpath(builtin.precompiled_name(name)).write_bytes(builtin.precompile(name))

    return make


def test_each_file_is_precompiled_under_a_name_of_its_own():
    assert len({builtin.precompiled_name(name) for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_precompiled_file_holds_what_its_file_holds_at_the_same_places(name, with_precompiled, monkeypatch):
    with_precompiled(name)
    whole = load.load_file((folder("rules") / name).read_bytes(), f"rules/{name}", trusted=True)
    monkeypatch.delattr(builtin, "_document")  # nothing is read but the precompiled file
    brief = builtin.read(name)
    monkeypatch.undo()

    assert with_examples(brief) == whole


def with_examples(file: RuleFile) -> RuleFile:
    items = (replace(item, examples=tuple(item.examples)) if isinstance(item, Rule) else item for item in file.items)
    return replace(file, items=tuple(items))


def test_the_examples_of_precompiled_rules_are_not_read_before_somebody_asks(with_precompiled):
    with_precompiled("moonshot.yaml")
    rule = next(item for item in builtin.read("moonshot.yaml").items if isinstance(item, Rule))

    assert b"examples" not in builtin.precompile("moonshot.yaml")
    assert len(rule.examples) > 1 and rule.examples[0].given


def test_a_file_that_is_not_precompiled_is_read_whole():
    whole = load.load_file((folder("rules") / "moonshot.yaml").read_bytes(), "rules/moonshot.yaml", trusted=True)

    assert builtin.read("moonshot.yaml") == whole


def test_a_precompiled_file_of_another_text_does_not_count(with_precompiled):
    with_precompiled("groq.yaml")

    assert builtin._precompiled("groq.yaml", builtin._bytes("groq.yaml"))
    assert builtin._precompiled("groq.yaml", builtin._bytes("moonshot.yaml")) is None


@pytest.fixture
def fresh_resolver():
    builtin.resolver.cache_clear()
    yield
    builtin.resolver.cache_clear()


IDS = (
    "us.anthropic.claude-opus-4-7-v1:0",
    "hermes-kimi-k2.6",
    "moonshotai/Kimi-K2-Thinking",
    "gpt-5.2-mini",
    "unheard-of",
)


def test_the_precompiled_outline_resolves_ids_as_the_families_heads_do(
    with_precompiled, monkeypatch, tmp_path, fresh_resolver
):
    read = {id_: builtin.resolver().resolve(id_) for id_ in IDS}
    tmp_path.joinpath(builtin.OUTLINE).write_bytes(builtin.precompile_outline())
    builtin.resolver.cache_clear()
    monkeypatch.delattr(builtin, "_outline")  # no head is read any more

    assert {id_: builtin.resolver().resolve(id_) for id_ in IDS} == read
    assert read["unheard-of"] is None and read["hermes-kimi-k2.6"].family == "kimi"


def test_an_outline_of_other_families_does_not_count(with_precompiled, monkeypatch, tmp_path, fresh_resolver):
    tmp_path.joinpath(builtin.OUTLINE).write_bytes(b"of other heads" + builtin.precompile_outline())

    assert builtin.resolver().resolve("kimi-k2.6").family == "kimi"


def test_an_edited_file_is_read_itself(with_precompiled, monkeypatch):
    with_precompiled("groq.yaml")
    raw = (folder("rules") / "groq.yaml").read_bytes()
    monkeypatch.setattr(builtin, "_bytes", lambda name: raw.replace(b"api.groq.com", b"localhost:8001"))

    assert "localhost:8001" in builtin.read("groq.yaml").head["base_url"]
