"""What `quirkbook check` says of a config: by weight, and what is alike together."""

from __future__ import annotations

from quirkbook.gateway.config.findings import findings
from quirkbook.gateway.config.setting import Setting
from quirkbook.model import Diagnostic, Location


def setting(pointer, state="unsupported", why="because", line=1):
    return Setting(pointer, "c.yaml", line, 1, state, why if state != "used" else "")


def diagnostic(line, severity="warning", message="odd"):
    return Diagnostic(Location("c.yaml", line, 1), "Q306", message, "mend it", severity=severity)


def texts(settings=(), diagnostics=(), **more):
    return [finding.text for finding in findings(settings, diagnostics, **more)]


def test_the_gravest_comes_first_and_what_changes_nothing_only_if_asked_for():
    settings = [setting("/a", "used"), setting("/b", "ignored"), setting("/c")]
    diagnostics = [diagnostic(2), diagnostic(3, "error")]

    assert texts(settings, diagnostics) == [
        "c.yaml:3:1: error[Q306]: odd\n  hint: mend it",
        "c.yaml:2:1: warning[Q306]: odd\n  hint: mend it",
        "c.yaml:1:1: unsupported /c: because",
    ]
    assert [finding.state for finding in findings(settings, diagnostics, everything=True)][3:] == ["ignored", "used"]


def test_keys_of_a_section_with_the_same_fate_stand_in_one_line():
    settings = [setting("/a/x", line=1), setting("/a/y", line=2), setting("/a/z", why="other"), setting("/b/x")]

    assert texts(settings) == [
        "c.yaml:1:1: unsupported /a/x, /a/y: because",
        "c.yaml:1:1: unsupported /a/z: other",
        "c.yaml:1:1: unsupported /b/x: because",
    ]


def test_the_same_key_of_many_models_is_counted():
    settings = [setting(f"/model_list/{at}/litellm_params/x") for at in range(3)] + [
        setting("/model_list/7/litellm_params/y")
    ]

    assert texts(settings) == [
        "c.yaml:1:1: unsupported /model_list/*/litellm_params/x (3 times), /model_list/7/litellm_params/y: because"
    ]


def test_of_many_keys_the_last_are_counted():
    (text,) = texts([setting(f"/a/k{at}") for at in range(20)])

    assert text.endswith("/a/k11 and 8 more: because")


def test_what_is_wrong_at_many_places_is_said_once():
    assert texts(diagnostics=[diagnostic(line) for line in (1, 4, 9)]) == [
        "c.yaml:1:1: warning[Q306]: odd (also in lines 4, 9)\n  hint: mend it"
    ]
    assert texts(diagnostics=[diagnostic(1), diagnostic(4)])[0].partition("\n")[0].endswith("odd (also in line 4)")
    assert "9 ...)" in texts(diagnostics=[diagnostic(line) for line in range(1, 15)])[0]
