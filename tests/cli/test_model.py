"""`quirkbook model` and the places where the command line says of which models rules speak."""

from __future__ import annotations

import json


def test_an_id_is_shown_with_its_pieces(quirkbook):
    assert quirkbook("model", "us.anthropic.claude-opus-4-7-v1:0") == (
        0,
        "us.anthropic.claude-opus-4-7-v1:0\n"
        "  pieces    us anthropic claude opus 4 7 v 1 0\n"
        "  family    claude\n"
        "  line      opus\n"
        "  version   4.7\n"
        "  variants  -\n",
        "",
    )


def test_with_a_provider_the_rules_of_its_family_that_are_in_force_are_listed(quirkbook):
    code, out, _ = quirkbook("model", "claude-opus-99-fancy", "-p", "openrouter")

    assert code == 0
    assert "  unknown   fancy\n" in out
    assert "  newer     than all that its family's rules were checked against\n" in out
    assert "claude/no-sampling" in out


def test_a_prefix_names_the_provider(quirkbook):
    code, out, _ = quirkbook("model", "moonshot/kimi-k3", "cohere/claude-opus-4-7", "--format", "json")
    kimi, claude = map(json.loads, out.splitlines())

    assert code == 0
    assert (kimi["family"], kimi["version"], kimi["provider"]) == ("kimi", "3", "moonshot")
    assert "kimi/k3-effort-levels" in kimi["rules"]
    assert (claude["provider"], claude["rules"]) == ("cohere", [])
    assert "none of its family at cohere" in quirkbook("model", "cohere/claude-opus-4-7")[1]


def test_an_id_that_names_no_model_ends_with_1(quirkbook):
    code, out, _ = quirkbook("model", "acme-1")

    assert (code, out) == (
        1,
        "acme-1\n  pieces    acme 1\n  family    none that is known: only rules without a family, and globs, can fit it\n",
    )


def test_an_unknown_provider_is_refused(quirkbook):
    code, out, err = quirkbook("model", "acme-1", "-p", "nobody-at-all")

    assert (code, out) == (2, "")
    assert err.startswith("quirkbook: unknown provider 'nobody-at-all'")


def test_the_page_of_a_rule_says_its_models_in_words(quirkbook):
    assert "models   claude, from 4.7 on" in quirkbook("rule", "claude/no-sampling")[1]


def test_why_not_begins_with_what_the_model_is(quirkbook, tmp_path):
    payload = tmp_path / "request.json"
    payload.write_text(
        '{"model": "databricks-claude-opus-4-6", "messages": [{"role": "user", "content": "Hi"}]}', "utf-8"
    )
    code, _, err = quirkbook("dry-run", str(payload), "-p", "openrouter", "--why-not")

    assert code == 0
    assert "model: claude opus 4.6 (from databricks-claude-opus-4-6)" in err
    assert "claude/no-sampling  models: from 4.7: the version is 4.6" in err


def test_a_deployments_model_can_be_named(quirkbook, tmp_path):
    payload = tmp_path / "request.json"
    payload.write_text(
        '{"model": "prod", "temperature": 0.4, "messages": [{"role": "user", "content": "Hi"}]}', "utf-8"
    )

    assert '"temperature"' in quirkbook("dry-run", str(payload), "-p", "openrouter")[1]
    assert (
        '"temperature"'
        not in quirkbook("dry-run", str(payload), "-p", "openrouter", "--base-model", "claude-opus-5")[1]
    )
