"""The table of connections: an entry counts as a provider's file, is read when needed, and is refused where it is wrong."""

import re

import pytest
from tests.books import a_file_text, a_folder, a_rule

from quirkbook import Rulebook, RuleFileError
from quirkbook.model import Include
from quirkbook.resources import folder
from quirkbook.rulebook import builtin

ACME = """\
quirks: 1
connections:
  acme:
    name: Acme
    aliases: [acmeai]
    base_url: https://api.acme.example/v1
    api_key_env: ACME_API_KEY
    endpoints: ["https://*.acme.example/*"]
    source: https://docs.acme.example
    verified: {date: 2026-12-01, by: docs}
"""


def refused(text, name="connections.yaml", *, path):
    path.mkdir(exist_ok=True)
    (path / name).write_text(text, "utf-8")
    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(path)
    return [
        (f"{each.location.line}:{each.location.column}", each.code, each.message, each.hint)
        for each in caught.value.diagnostics
    ]


# An entry is a provider's file


def test_an_entry_is_a_provider_without_rules(tmp_path):
    book = Rulebook.load(a_folder(tmp_path, connections=ACME), builtin=False)
    file = book.provider("acme")

    assert (book.providers, book.aliases) == (("acme",), {"acmeai": "acme"})
    assert file.head["base_url"] == "https://api.acme.example/v1"
    assert file.head["source"] == "https://docs.acme.example"
    assert (file.items, file.layer) == ((), str(tmp_path))
    assert str(file.location) == f"{tmp_path}/connections.yaml:4:5"


@pytest.mark.parametrize("asked", [("acme", "m"), ("acmeai", "m"), (None, "acme/m"), (None, "acmeai/m")])
def test_an_entry_is_found_by_name_and_alias(asked, tmp_path):
    book = Rulebook.load(a_folder(tmp_path, connections=ACME), builtin=False)

    assert book.resolve(*asked)[0] == "acme"


def test_an_entry_is_found_by_its_endpoints(tmp_path):
    book = Rulebook.load(a_folder(tmp_path, connections=ACME), builtin=False)

    assert book.resolve(None, None, "https://eu.acme.example/v2") == ("acme", "")


def test_an_entry_includes_families_at_their_places(tmp_path):
    text = ACME + "    include: [family/lumen]\n"
    family = a_file_text(a_rule("no-seed", {"drop": ["seed"]}), family="lumen")
    book = Rulebook.load(a_folder(tmp_path, connections=text, lumen=family), builtin=False)
    [include] = book.provider("acme").items

    assert isinstance(include, Include)
    assert str(include.location) == f"{tmp_path}/connections.yaml:11:15"
    assert [entry.rule.name for entry in book.effective("acme")] == ["lumen/no-seed"]


def test_an_include_of_an_entry_that_leads_nowhere_is_told_at_its_place(tmp_path):
    text = ACME + "    include: [family/nobody]\n"

    assert refused(text, path=tmp_path)[0][:3] == ("11:15", "Q113", "there is no 'family/nobody' to include")


@pytest.mark.parametrize("name", ["connections.yaml", "connections.yml", "hosts.yaml", "mine/hosts.yaml"])
def test_a_table_may_have_any_name(name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(ACME, "utf-8")

    assert Rulebook.load(tmp_path, builtin=False).providers == ("acme",)


def test_a_table_may_be_json_and_be_named_itself(tmp_path):
    path = tmp_path / "hosts.json"
    path.write_text('{"quirks": 1, "connections": {"acme": {"name": "Acme"}}}', "utf-8")

    assert Rulebook.load(path, builtin=False).providers == ("acme",)


def test_a_provider_may_be_called_connections(tmp_path):
    path = a_folder(tmp_path, connections=a_file_text(provider="connections"))

    assert Rulebook.load(path, builtin=False).providers == ("connections",)


# Layers


def test_a_folders_table_adds_and_overrides_key_by_key(tmp_path):
    text = """\
quirks: 1
connections:
  acme: {base_url: "https://acme.example/v1"}
  chutes: {base_url: "https://chutes.corp.example/v1"}
  moonshot: {base_url: "https://moonshot.corp.example/v1"}
"""
    plain, book = Rulebook(), Rulebook.load(a_folder(tmp_path, connections=text))

    assert set(book.providers) == {*plain.providers, "acme"}
    for name in ("chutes", "moonshot"):
        own = {"base_url": f"https://{name}.corp.example/v1"}
        assert book.provider(name).head == {**plain.provider(name).head, **own}
    assert len(book.effective("moonshot")) == len(plain.effective("moonshot")) > 0


def test_a_folders_file_adds_rules_to_an_entry_of_the_built_in_table(tmp_path):
    text = a_file_text(a_rule("no-seed", {"drop": ["seed"]}), provider="chutes")
    book = Rulebook.load(a_folder(tmp_path, chutes=text))

    assert book.provider("chutes").head == Rulebook().provider("chutes").head
    assert [entry.rule.name for entry in book.effective("chutes") if not entry.is_general] == ["chutes/no-seed"]


def test_an_alias_of_the_users_wins_over_a_built_in_one(tmp_path):
    text = "quirks: 1\nconnections:\n  mine: {aliases: [stima], base_url: 'https://mine.example/v1'}\n"
    book = Rulebook.load(a_folder(tmp_path, connections=text))

    assert Rulebook().resolve(None, "stima/m")[0] == "apertis"
    assert book.resolve(None, "stima/m")[0] == book.aliases["stima"] == "mine"


def test_an_endpoint_of_the_users_wins_over_a_built_in_one(tmp_path):
    text = "quirks: 1\nconnections:\n  mine: {endpoints: ['https://llm.chutes.ai/*']}\n"
    book = Rulebook.load(a_folder(tmp_path, connections=text))

    assert book.resolve(None, None, "https://llm.chutes.ai/v1")[0] == "mine"


# What is refused


@pytest.mark.parametrize(
    ("old", "new", "diagnostic"),
    [
        (
            "name: Acme",
            "nmae: Acme",
            ("4:5", "Q106", "unknown key 'nmae' in 'acme'", "did you mean 'name'?"),
        ),
        (
            "base_url: https",
            "base_url: htps",
            (
                "6:15",
                "Q109",
                "'base_url' must be a URL that begins with https:// or http://, not 'htps://api.acme.example/v1'",
                "",
            ),
        ),
        (
            "  acme:\n",
            "  Acme AI:\n",
            (
                "3:3",
                "Q109",
                "a name in 'connections' must be lower-case letters, digits, '.', '_' and '-', "
                "a letter or digit first, not 'Acme AI'",
                "",
            ),
        ),
        (
            "2026-12-01",
            "2026-13-01",
            ("10:22", "Q109", "'date' must be a day of the calendar, not '2026-13-01'", ""),
        ),
        (
            "    source: https://docs.acme.example\n",
            "",
            (
                "4:5",
                "Q107",
                "'source' is missing in 'acme'",
                "",
            ),
        ),
        (
            "    aliases: [acmeai]\n",
            "    rules: []\n",
            (
                "5:5",
                "Q106",
                "unknown key 'rules' in 'acme'",
                "it belongs in a file of the provider, with this connection in its head",
            ),
        ),
        ("  acme:\n", "  acme:\n  other:\n", ("3:8", "Q108", "'acme' must be an object, not null", "")),
        ("quirks: 1\n", "", ("1:1", "Q107", "'quirks' is missing in this table of connections", "")),
        (
            "connections:\n",
            "provider: acme\nconnections:\n",
            ("2:1", "Q106", "unknown key 'provider' in a table of connections", "known: quirks, connections"),
        ),
    ],
)
def test_a_wrong_entry_is_refused_at_its_place(old, new, diagnostic, tmp_path):
    diagnostics = refused(ACME.replace(old, new, 1), path=tmp_path)

    assert [each if diagnostic[3] else (*each[:3], "") for each in diagnostics] == [diagnostic]


@pytest.mark.parametrize(
    ("text", "diagnostic"),
    [
        (
            "quirks: 1\nacme: {name: Acme}\n",
            ("1:1", "Q107", "'connections' is missing in this table of connections"),
        ),
        ("- acme\n", ("1:1", "Q108", "a table of connections must be an object, not an array")),
        ("quirks: 1\nconnections: {}\n", ("2:14", "Q109", "'connections' must not be empty")),
        ("quirks: 1\nconnections: [acme]\n", ("2:14", "Q108", "'connections' must be an object, not an array")),
        (
            "quirks: 2\nconnections: {}\n",
            (
                "1:9",
                "Q114",
                "this file is written in version 2 of the rule language; this Quirkbook reads version 1: upgrade it",
            ),
        ),
    ],
)
def test_what_is_named_like_the_table_is_read_as_one(text, diagnostic, tmp_path):
    assert diagnostic in [each[:3] for each in refused(text, path=tmp_path)]


def test_an_entry_that_stands_twice_is_refused(tmp_path):
    text = ACME + ACME.partition("connections:\n")[2]

    assert refused(text, path=tmp_path) == [
        ("11:3", "Q102", "duplicate key 'acme': it already stands in line 3", "keep one of them")
    ]


def test_an_alias_that_means_two_providers_is_refused(tmp_path):
    text = ACME + "  other: {aliases: [acme, acmeai, another]}\n"

    assert refused(text, path=tmp_path) == [
        ("11:21", "Q116", "the alias 'acme' already means acme", "keep one of them"),
        ("11:27", "Q116", "the alias 'acmeai' already means acme", "keep one of them"),
    ]


def test_a_provider_stands_in_one_file_of_a_folder(tmp_path):
    own = a_file_text(a_rule("no-seed", {"drop": ["seed"]}))
    a_folder(tmp_path, acme=own, hosts=ACME, more=ACME)
    hint = "keep one of them; a provider with rules has its connection in the head of its file"
    first = f"the provider 'acme' stands in two files of this folder: here and in {tmp_path}/acme.yaml:1"

    with pytest.raises(RuleFileError) as caught:
        Rulebook.load(tmp_path)

    assert [(str(each.location), each.code, each.message, each.hint) for each in caught.value.diagnostics] == [
        (f"{tmp_path}/{name}.yaml:4:5", "Q116", first, hint) for name in ("hosts", "more")
    ]


def test_all_that_is_wrong_with_a_table_is_told_at_once(tmp_path):
    text = ACME.replace("name:", "nmae:").replace("2026-12-01", "2026-13-01") + "  other: 7\n"

    assert [each[:2] for each in refused(text, path=tmp_path)] == [("4:5", "Q106"), ("11:10", "Q108")]


# The built-in table


def test_each_entry_of_the_built_in_table_has_a_dated_source():
    entries = {name: entry.file().head for name, entry in builtin.table().items()}

    assert [name for name, head in entries.items() if not {"name", "source", "verified"} <= head.keys()] == []


def test_the_built_in_table_is_in_alphabetical_order_without_providers_of_files():
    text = (folder("rules") / builtin.TABLE).read_text("utf-8")
    names = re.findall(r"^  ([^\s:#]+):$", text, re.MULTILINE)

    assert names == sorted(builtin.table()) == sorted(names)
    assert not {("provider", name) for name in names} & builtin.names().keys()


def test_no_alias_of_a_built_in_provider_means_another_one():
    book = Rulebook()
    named = [alias for name in book.providers for alias in (name, *book.provider(name).head.get("aliases", ()))]

    assert len(named) == len(set(named))


# What is read


@pytest.fixture
def read(monkeypatch):
    """Return the names of built-in files in the order they are read."""
    names, was = [], builtin._bytes
    monkeypatch.setattr(builtin, "_bytes", lambda name: names.append(name) or was(name))
    return names


@pytest.mark.parametrize(
    ("asked", "files"),
    [
        (("moonshot", "m", None), ["moonshot.yaml"]),
        ((None, "moonshot/m", None), ["moonshot.yaml"]),
        (("chutes", "m", None), ["connections.yaml"]),
        ((None, "chutes/m", None), ["connections.yaml"]),
        (("featherless_ai", "m", None), ["connections.yaml"]),
        ((None, "featherless_ai/m", None), ["connections.yaml"]),
        ((None, "m", "https://llm.chutes.ai/v1"), ["connections.yaml"]),
    ],
)
def test_who_is_meant_is_found_with_the_fewest_files(asked, files, read):
    Rulebook().resolve(*asked)

    assert read == files


def test_a_book_without_the_built_in_rules_reads_no_table(read, tmp_path):
    book = Rulebook.load(a_folder(tmp_path, connections=ACME), builtin=False)

    assert (book.providers, book.provider("acme").name, read) == (("acme",), "acme", [])


def test_a_precompiled_table_holds_what_the_table_holds_at_the_same_places(tmp_path, monkeypatch):
    whole = {name: entry.file() for name, entry in builtin.table().items()}
    tmp_path.joinpath(builtin.precompiled_name(builtin.TABLE)).write_bytes(builtin.precompile(builtin.TABLE))
    monkeypatch.setattr(builtin, "folder", lambda name: tmp_path if name == "precompiled" else folder(name))
    monkeypatch.delattr(builtin, "_document")  # nothing is read but the precompiled file

    assert {name: entry.file() for name, entry in builtin.table().items()} == whole
