"""The command line: what goes to stdout, what to stderr, and how it exits."""

import importlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest
from tests.books import a_file_text, a_folder, a_rule

from quirkbook import Rulebook, explain
from quirkbook.api import default_rulebook
from quirkbook.authoring.diagnostics import CODES
from quirkbook.cli import configs, options
from quirkbook.resources import schema

MINE = Path(__file__).parents[2] / "examples" / "my-rules"


@pytest.fixture
def request_file(tmp_path):
    path = tmp_path / "request.json"
    path.write_text('{"model": "moonshot-v1-8k", "temperature": 1.5, "user": "u"}')
    return path


def test_a_dry_run_prints_the_payload_and_beside_it_the_report(quirkbook, request_file):
    code, out, err = quirkbook("dry-run", request_file, "-p", "moonshot")

    assert code == 0
    assert json.loads(out) == {"model": "moonshot-v1-8k", "temperature": 1, "safety_identifier": "u"}
    assert err.startswith(
        "moonshot · moonshot-v1-8k · 2 changes: 1 exact, 1 lossy\n\nmoonshot/user-is-safety-identifier  exact  "
    )
    assert "\n  clamp /temperature: 1.5 -> 1\n  why     Moonshot takes temperature 0 to 1" in err
    assert "\x1b" not in err


def test_stdin_will_do_and_a_payload_that_needs_nothing_says_so(quirkbook):
    code, out, err = quirkbook("dry-run", "-", "-p", "moonshot", stdin=b'{"n": 1}')

    assert (code, json.loads(out), err) == (0, {"n": 1}, "moonshot · no model named · passes unchanged\n")


def test_remarks_alone_change_nothing(quirkbook):
    code, _, err = quirkbook("dry-run", "-", "-p", "moonshot", "--strict", stdin=b'{"model": "kimi-latest"}')

    assert code == 0
    assert "passes unchanged, with remarks\n\nmoonshot/kimi-latest-is-gone  remark  " in err


def test_strict_turns_a_lossy_change_into_exit_1_and_an_exact_one_not(quirkbook, request_file):
    assert quirkbook("dry-run", request_file, "-p", "moonshot", "--strict")[0] == 1
    assert quirkbook("dry-run", "-", "-p", "moonshot", "--strict", stdin=b'{"user": "u"}')[0] == 0


def test_a_refusal_prints_no_payload_and_exits_with_1(quirkbook):
    tool = '{"type": "function", "function": {"name": "look"}}'
    body = f'{{"tools": [{tool}, {tool}]}}'.encode()

    code, out, err = quirkbook("dry-run", "-", "-p", "moonshot", stdin=body)
    assert (code, out) == (1, "")
    assert "refused\n\nmoonshot/tool-names-differ  refuse  " in err

    code, out, err = quirkbook("dry-run", "-", "-p", "moonshot", "--format", "patch", stdin=body)
    assert (code, json.loads(out)) == (1, [])
    assert err.startswith("quirkbook: payload/tools: ")


def test_the_report_comes_as_json_diff_or_patch(quirkbook, request_file):
    _, out, err = quirkbook("dry-run", request_file, "-p", "moonshot", "--format", "json", "--why-not")
    assert [one["pointer"] for one in json.loads(out)["changes"]] == ["/safety_identifier", "/temperature"]
    assert json.loads(out)["quiet"]
    assert err == ""

    _, out, _ = quirkbook("dry-run", request_file, "-p", "moonshot", "--format", "patch")
    assert json.loads(out) == [
        {"op": "move", "from": "/user", "path": "/safety_identifier"},
        {"op": "replace", "path": "/temperature", "value": 1},
    ]

    _, out, _ = quirkbook("dry-run", request_file, "-p", "moonshot", "--format", "diff")
    assert out.splitlines()[:2] == ["--- payload", "+++ for moonshot"]
    assert '-  "temperature": 1.5,' in out.splitlines()


def test_why_not_lists_the_quiet_rules(quirkbook, request_file):
    _, _, err = quirkbook("dry-run", request_file, "-p", "moonshot", "--why-not")

    assert "\nstayed quiet:\n" in err
    assert "  moonshot/tool-choice-required  tool_choice is absent\n" in err


def test_headers_that_rules_set_are_told(quirkbook, tmp_path):
    (tmp_path / "x.yaml").write_text(
        "quirks: 1\nprovider: x\nrules:\n  - {id: h, why: w, source: 'https://x.example', verified: {date: 2026-11-22, by: docs},"
        " when: {beta: true}, do: [{set_header: {X-Beta: 'on'}}, {drop_header: [X-Old]}],"
        " examples: [{in: {beta: true}, same: true, headers: {X-Beta: 'on'}}, {in: {}, same: true}]}\n"
    )

    _, _, err = quirkbook("dry-run", "-", "-p", "x", "--rules", tmp_path, stdin=b'{"beta": true}')

    assert err.endswith("header X-Beta: on\nheader X-Old: (left out)\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a": }', "quirkbook: <stdin>:1:7: not JSON: expected a value\n"),
        (b"", "quirkbook: <stdin>:1:1: not JSON: expected a value\n"),
        (b'{"a": 1,\n "b" 2}', "quirkbook: <stdin>:2:6: not JSON: expected ':'\n"),
        (b'{"a": 1,\n "a": 2}', "quirkbook: <stdin>: the key 'a' stands twice in one object: keep one of them\n"),
        (b'{"a": NaN}', "quirkbook: <stdin>: NaN is not a JSON value: write a number or null\n"),
        (b'\n{"a": "\xff"}', "quirkbook: <stdin>:2: not UTF-8 text (byte 0xff): save it as UTF-8\n"),
        (b"[" * 100_000, "quirkbook: <stdin>: nested too deeply to be a chat payload\n"),
        (b'{"a": 1e999}', "quirkbook: <stdin>: 1e999 is too big for a number\n"),
        (b'{"a": ' + b"1" * 5000 + b"}", "quirkbook: <stdin>: a number of more than 1000 digits\n"),
        (
            b'{"a": {"b": 1, "c": 2, "b": 1}}',
            "quirkbook: <stdin>: the key 'b' stands twice in one object: keep one of them\n",
        ),
        (b'{"a": -Infinity}', "quirkbook: <stdin>: -Infinity is not a JSON value: write a number or null\n"),
    ],
)
def test_what_cannot_be_read_is_told_and_exits_with_2(quirkbook, body, message):
    assert quirkbook("dry-run", "-", "-p", "moonshot", stdin=body) == (2, "", message)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            b"[]",
            1,
            'quirkbook: payload: a chat payload must be an object, not an array; example: {"model": ..., "messages": [...]}\n',
        ),
        (
            b'{"messages": 3}',
            1,
            'quirkbook: payload/messages: messages must be an array, not a number; example: [{"role": "user", ...}]\n',
        ),
    ],
)
def test_what_is_no_chat_payload_is_told(quirkbook, body, code, message):
    assert quirkbook("dry-run", "-", "-p", "moonshot", stdin=body) == (code, "", message)


def test_a_huge_file_is_refused_by_its_size_before_it_is_read(quirkbook, tmp_path, monkeypatch):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(1024**3)  # sparse: it takes no room
    monkeypatch.setattr(Path, "open", lambda self, mode: pytest.fail("it was read"))

    code, _, err = quirkbook("dry-run", path, "-p", "moonshot")

    assert (code, err) == (
        2,
        f"quirkbook: {path}: 1,073,741,824 bytes are too many for a payload: the limit is 67,108,864\n",
    )


def test_a_huge_stdin_is_refused_while_it_is_read(quirkbook, monkeypatch):
    monkeypatch.setattr(options, "PAYLOAD_LIMIT", 10)

    code, _, err = quirkbook("dry-run", "-", "-p", "moonshot", stdin=b'{"a": "' + b"x" * 50 + b'"}')

    assert (code, err) == (2, "quirkbook: <stdin>: more than 10 bytes, too many for a payload\n")


@pytest.mark.parametrize(
    ("args", "start"),
    [
        (["dry-run", "/no/such/file", "-p", "moonshot"], "Usage: "),
        (["dry-run"], "Usage: "),
        (["no-such-command"], "Usage: "),
        (["check", "/no/such/folder"], "Usage: "),
        (["rules", "-p", "moonshoot"], "quirkbook: unknown provider 'moonshoot': did you mean 'moonshot'?\n"),
        (["rule", "Q999"], "quirkbook: 'Q999' is not a rule, a code, an action or an operator"),
        (
            ["rule", "zzz"],
            "quirkbook: 'zzz' is not a rule, a code, an action or an operator\n"
            "  write provider/rule, a code such as Q104, or one of lt, lte, gt, ",
        ),
        (
            ["rule", "temperature-range"],
            "quirkbook: 'temperature-range' is not a rule, a code, an action or an operator: did you mean '",
        ),
        (
            ["rule", "clmap"],
            "quirkbook: 'clmap' is not a rule, a code, an action or an operator: did you mean 'clamp'?\n",
        ),
        (
            ["rule", "moonshot/temprature-range"],
            "quirkbook: no rule is named 'moonshot/temprature-range': did you mean 'moonshot/temperature-range'?\n",
        ),
    ],
)
def test_a_users_mistake_exits_with_2_and_shows_no_traceback(quirkbook, args, start):
    code, out, err = quirkbook(*args)

    assert (code, out) == (2, "")
    assert err.startswith(start)
    assert "Traceback" not in err


def test_rules_are_listed_in_the_order_they_run(quirkbook):
    _, out, _ = quirkbook("rules", "-p", "moonshot", "-m", "kimi-k2.6", "--stage", "request")

    names = [line.split()[0] for line in out.splitlines()]
    assert "kimi/k2.6-temperature-thinking" in names
    assert "moonshot/temperature-range" not in names
    assert (
        names.index("format/developer-is-system")
        < names.index("kimi/locked-top-p")
        < names.index("kimi-schemas/tool-schemas")
    )
    assert all(".yaml:" in line for line in out.splitlines())


#: What switches off the families that are in force everywhere.
ALONE = [{"family": name, "because": "For the test."} for name in ("format", "closing")]


def test_the_source_of_a_plan_is_that_of_its_stage(quirkbook, tmp_path):
    (tmp_path / "x.yaml").write_text(
        a_file_text(a_rule("r", {"drop": ["id"]}, stage="response"), provider="x", disable=ALONE)
    )

    code, out, err = quirkbook("rules", "-p", "x", "--rules", tmp_path, "--source", "--stage", "response")

    assert (code, err) == (0, "")
    assert out.startswith("# The plan of x, any model: 1 rule in order.\n")
    assert out.endswith("# when\ndef holds(node, draft):\n    return True\n")
    assert quirkbook("rules", "-p", "x", "--rules", tmp_path, "--source")[1].startswith(
        "# The plan of x, any model: 0 rules in order.\n"
    )


def test_disabled_rules_say_why(quirkbook, tmp_path):
    (tmp_path / "m.yaml").write_text(
        "quirks: 1\nprovider: moonshot\ndisable: [{rule: moonshot/n-at-most-5, because: lifted}]\n"
    )

    _, out, _ = quirkbook("rules", "-p", "moonshot", "--rules", tmp_path)

    line = next(line for line in out.splitlines() if line.startswith("moonshot/n-at-most-5"))
    assert line.endswith(f"DISABLED: lifted ({tmp_path}/m.yaml:3:11)")


@pytest.mark.parametrize(
    ("args", "place", "text"),
    [
        (["batch", "{}/in.jsonl", "{}/no/out.jsonl", "-p", "moonshot"], "/no/out.jsonl", "No such file or directory"),
        (["test", "{}/r", "--update", "--golden", "{}/in.jsonl"], "/in.jsonl/acme/no-seed.yml", "Not a directory"),
    ],
)
def test_what_the_system_refuses_is_told_in_a_line(quirkbook, tmp_path, args, place, text):
    (tmp_path / "in.jsonl").write_text("{}\n")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "acme.yaml").write_bytes((MINE / "acme.yaml").read_bytes())

    code, _, err = quirkbook(*[arg.format(tmp_path) for arg in args])

    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"quirkbook: {tmp_path}{place.partition('/acme')[0]}") and err.endswith(f": {text}\n")


def test_a_golden_file_that_is_no_yaml_any_more_is_a_difference(quirkbook, tmp_path):
    (tmp_path / "acme.yaml").write_bytes((MINE / "acme.yaml").read_bytes())
    quirkbook("test", tmp_path, "--update")
    golden = tmp_path / "golden" / "acme" / "no-seed.yml"
    golden.write_text("[")

    code, out, _ = quirkbook("test", tmp_path)

    assert (code, out.splitlines()[0]) == (
        1,
        f"{golden}:1:1: error[Q212]: acme/no-seed no longer does what its golden file records:",
    )


def test_rules_that_cannot_be_read_are_unreadable_input(quirkbook, tmp_path, monkeypatch):
    default_rulebook.cache_clear()
    monkeypatch.setenv("QUIRKBOOK_RULES", str(tmp_path / "nowhere"))

    code, _, err = quirkbook("dry-run", "-", "-p", "moonshot", stdin=b"{}")
    default_rulebook.cache_clear()

    assert (code, err) == (
        2,
        f"quirkbook: {tmp_path}/nowhere:1:1: error[Q118]: cannot read this folder: No such file or directory\n",
    )


def test_a_port_that_is_taken_is_told_before_a_provider_is_emulated(quirkbook):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert quirkbook("emulate", "moonshot", "--port", port) == (
            2,
            "",
            f"export MOONSHOT_API_KEY=any-key MOONSHOT_API_BASE=http://127.0.0.1:{port}/v1\n"
            f"quirkbook: 127.0.0.1:{port} cannot be listened on: Address already in use: "
            "stop what serves there, or choose another --port\n",
        )


def test_an_action_and_an_operator_say_how_they_are_written(quirkbook):
    assert quirkbook("rule", "clamp") == (
        0,
        "clamp\n\nBring a number into its range: {path: [lo, hi]}; null leaves a side open. Lossy.\n",
        "",
    )
    assert quirkbook("rule", "exists")[1] == "exists\n\ntrue: there is a value, be it null; false: there is none.\n"


def test_the_page_of_a_rule_shows_the_examples_in_which_it_is_quiet_too(quirkbook):
    _, out, _ = quirkbook("rule", "acme/no-seed", "--rules", MINE)

    assert out[out.index("examples:") :] == (
        "examples:\n  - in:\n      seed: 7\n      temperature: 0.5\n    out:\n      temperature: 0.5\n  - in:\n      temperature: 0.5\n    same: true\n"
    )


def test_a_rule_and_a_code_have_a_page(quirkbook):
    code, out, _ = quirkbook("rule", "moonshot/temperature-range")
    assert code == 0
    assert out.startswith(
        "moonshot/temperature-range\n\nMoonshot takes temperature 0 to 1; OpenAI callers send up to 2.\n\nsource   https://"
    )

    code, out, _ = quirkbook("rule", "q104")
    assert out.startswith("Q104  ")
    assert "\nwrong:\n" in out


def test_a_page_shows_refusals_and_notes(quirkbook):
    _, out, _ = quirkbook("rule", "moonshot/tool-names")
    assert "rejects: true" in out

    _, out, _ = quirkbook("rule", "moonshot/several-choices-need-heat")
    assert "status   disputed\n" in out


def test_a_page_names_the_facts_that_the_rule_answers(quirkbook, tmp_path):
    a_folder(tmp_path, acme=a_file_text(a_rule("cool", {"clamp": {"heat": [0, 1]}}, evidence=["d001", "d002"])))

    _, out, _ = quirkbook("rule", "acme/cool", "--rules", tmp_path)

    assert "\nevidence d001 d002\n" in out


def test_providers_are_listed(quirkbook):
    _, out, _ = quirkbook("providers")
    assert any(
        line.startswith("moonshot ") and line.endswith("https://api.moonshot.ai/v1") for line in out.splitlines()
    )

    _, out, _ = quirkbook("providers", "--format", "json")
    row = next(row for row in json.loads(out) if row["provider"] == "moonshot")
    assert (row["api_key_env"], row["aliases"]) == ("MOONSHOT_API_KEY", ["moonshotai"])


def test_completion_scripts_are_printed(quirkbook):
    assert "_QUIRKBOOK_COMPLETE=bash_complete" in quirkbook("completion", "bash")[1]


@pytest.mark.no_cover  # all rules once more: coverage would double the time
def test_the_built_in_rules_pass_check_and_test(quirkbook):
    code, out, err = quirkbook("check")
    assert (code, " 0 errors, " in err) == (0, True), out

    code, out, err = quirkbook("test")
    assert (code, out) == (0, "")
    assert err.endswith(": 0 rules failed\n")


def faulty(folder):
    folder.mkdir()
    (folder / "x.yaml").write_text("quirks: 1\nprovider: x\nrules:\n  - {id: a, wy: w}\n")
    return folder


def test_check_tells_every_diagnostic_in_text_json_or_annotations(quirkbook, tmp_path):
    folder = faulty(tmp_path / "r")

    code, out, _ = quirkbook("check", folder)
    assert code == 1
    assert f"{folder}/x.yaml:4:13: error[Q106]: unknown key 'wy' in a rule" in out

    code, out, _ = quirkbook("check", folder, "--format", "json")
    assert {diagnostic["code"] for diagnostic in json.loads(out)} == {"Q106", "Q107"}

    code, out, _ = quirkbook("check", folder, "--format", "github")
    assert f"::error file={folder}/x.yaml,line=4,col=13,title=Q106::unknown key 'wy' in a rule" in out


def test_rules_of_ones_own_are_checked_tested_and_recorded(quirkbook, tmp_path):
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "acme.yaml").write_bytes((MINE / "acme.yaml").read_bytes())

    assert quirkbook("check", folder) == (0, "", "1 rule: 0 errors, 0 warnings\n")
    assert quirkbook("test", folder) == (
        0,
        "",
        "1 rule, 2 examples: 0 rules failed (no golden files: --update writes them)\n",
    )

    golden = folder / "golden" / "acme" / "no-seed.yml"
    assert quirkbook("test", folder, "--update") == (0, f"wrote {golden}\n", "1 rule, 2 examples: 0 rules failed\n")
    assert quirkbook("test", folder)[0] == 0

    golden.write_text(golden.read_text().replace("0.5", "0.6"))
    code, out, _ = quirkbook("test", folder)
    assert code == 1
    assert f"{golden}:1:1: error[Q212]: acme/no-seed no longer does what its golden file records" in out

    golden.rename(golden.with_name("gone.yml"))
    code, out, _ = quirkbook("test", folder)
    assert code == 1
    assert "error[Q210]: acme/no-seed has no golden file" in out
    assert "error[Q211]: this golden file belongs to no rule" in out

    code, out, _ = quirkbook("test", folder, "--update")
    assert code == 0
    assert f"removed {golden.with_name('gone.yml')}\n" in out


def test_check_counts_the_connections_of_a_table(quirkbook, tmp_path):
    a_folder(
        tmp_path, connections="quirks: 1\nconnections:\n  chutes: {name: Chutes}\n  acme: {base_url: 'http://a'}\n"
    )

    assert quirkbook("check", tmp_path) == (0, "", "0 rules, 1 connection: 0 errors, 0 warnings\n")


def test_half_a_surrogate_pair_does_not_stop_the_report(quirkbook):
    code, out, _ = quirkbook("dry-run", "-", "-p", "moonshot", stdin=b'{"user": "\\ud800"}')

    assert code == 0
    assert json.loads(out.encode("utf-8", "backslashreplace"))["safety_identifier"] == "\ud800"


def test_who_cannot_be_emulated_is_told_who_can(quirkbook):
    code, _, err = quirkbook("emulate", "acme")

    assert code == 2
    assert err.startswith("quirkbook: no emulated provider 'acme': known: anthropic, ")


def test_emulate_serves_where_it_is_told(quirkbook, monkeypatch):
    served = []
    monkeypatch.setattr("quirkbook.emulator.serve", lambda *args: served.append(args))

    assert quirkbook("emulate", "moonshot", "--port", "9001") == (
        0,
        "",
        "export MOONSHOT_API_KEY=any-key MOONSHOT_API_BASE=http://127.0.0.1:9001/v1\n",
    )
    assert served == [("moonshot", "127.0.0.1", 9001)]
    assert quirkbook("emulate", "moonshot", "--port", "0") == (0, "", "")  # nobody knows the port yet


def test_the_package_is_a_program(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["quirkbook", "--version"])

    with pytest.raises(SystemExit) as exit:
        importlib.import_module("quirkbook.__main__")

    assert exit.value.code == 0
    assert capsys.readouterr().out.startswith("quirkbook, version ")


def test_an_interrupted_command_exits_as_shells_expect(quirkbook, monkeypatch):
    def interrupted(*args, **options):
        raise click.Abort

    monkeypatch.setattr("quirkbook.cli.quirkbook.main", interrupted)

    assert quirkbook("providers") == (130, "", "")


def test_a_reader_that_has_read_enough_gets_no_complaint():
    done = subprocess.run(
        ["bash", "-c", f"{shlex.quote(sys.executable)} -m quirkbook rules -p moonshot | head -n 1"],
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)


def test_a_pipe_that_does_not_end_in_time_is_refused_while_it_is_read(quirkbook, tmp_path, monkeypatch):
    monkeypatch.setattr(options, "PAYLOAD_LIMIT", 10)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    writer = threading.Thread(target=pipe.write_bytes, args=(b'{"a": "0123456789"}',))
    writer.start()
    code, _, err = quirkbook("dry-run", pipe, "-p", "moonshot")

    writer.join()
    assert (code, err) == (2, f"quirkbook: {pipe}: more than 10 bytes, too many for a payload\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--base-url", "me:sk-secret@x.example/v1?key=sk-secret"],
            "no provider is known at that base_url: name one",
        ),
        (["--base-url", "http://[sk-secret"], "no provider is known at that base_url: name one"),
        (
            ["-m", "zzz/m"],
            "unknown provider 'zzz' in model 'zzz/m'\n  only the built-in rules were read; your own are read with --rules, Rulebook.load() or QUIRKBOOK_RULES",
        ),
        (["-m", "mooshot/m"], "unknown provider 'mooshot' in model 'mooshot/m': did you mean 'moonshot'?"),
        (
            [],
            "no provider is named: give provider or base_url, or a model such as 'PROVIDER/model'",
        ),
    ],
)
def test_who_the_payload_is_for_must_be_told(quirkbook, args, message):
    known = f"  `quirkbook providers` lists all {len(default_rulebook().providers)}"

    assert quirkbook("dry-run", "-", *args, stdin=b"{}") == (2, "", f"quirkbook: {message}\n{known}\n")


def test_a_prefix_a_url_or_a_name_tell_who_it_is_for(quirkbook):
    for args in (["-p", "moonshotai"], ["--base-url", "https://api.moonshot.cn/v1"], ["-m", "moonshot/m"]):
        code, out, _ = quirkbook("dry-run", "-", *args, stdin=b'{"user": "u"}')
        assert (code, json.loads(out)["safety_identifier"]) == (0, "u")


def test_a_whole_dry_run_reads_so(quirkbook, tmp_path):
    a_folder(
        tmp_path,
        acme=a_file_text(
            a_rule("respelt", {"rename": {"old": "new"}}, models=["m*"], status="disputed", note="Some say no."),
            a_rule("lost", [{"drop": ["seed"]}, {"truncate": {"stop": 1}}]),
            a_rule("talked", {"append_message": {"role": "user", "content": "Hi"}}, {"talk": True}),
            a_rule("told", {"warn": "mind the gap"}, {"gap": {"exists": True}}),
            a_rule("quiet", {"set": {"n": 1}}, {"n": {"gt": 1}}),
            disable=ALONE,
        ),
    )
    payload = {
        "model": "acme/m",
        "old": 1,
        "seed": 2,
        "stop": ["a", "b"],
        "talk": False,
        "gap": True,
        "extra_body": {"gap": 1},
    }

    code, out, err = quirkbook("dry-run", "-", "--rules", tmp_path, "--why-not", stdin=json.dumps(payload).encode())

    assert (code, json.loads(out)) == (0, {"model": "m", "stop": ["a"], "talk": False, "gap": 1, "new": 1})
    file = tmp_path / "acme.yaml"
    assert (
        err
        == f"""\
acme · m · 6 changes: 3 exact, 3 lossy

quirkbook/model-prefix  exact
  set /model: "acme/m" -> "m"
  why     The prefix names the provider to Quirkbook; the provider knows the model without it.

quirkbook/extra-body  lossy
  merge /extra_body: {{"gap": 1}} -> (absent)
  merge /gap: true -> 1 (extra_body stands in for it)
  why     SDKs pass further fields as extra_body; on the wire they stand at the top level.

acme/respelt  exact (disputed)  {file}:3
  rename /old -> /new
  why     Why respelt.
  source  https://acme.example/respelt

acme/lost  lossy  {file}:4
  drop /seed: 2 -> (absent)
  truncate /stop: ["a", "b"] -> ["a"]
  why     Why lost.
  source  https://acme.example/lost

acme/told  remark  {file}:6
  warn /gap: mind the gap
  why     Why told.
  source  https://acme.example/told

stayed quiet:
  acme/talked  talk: false is not true
  acme/quiet  n is absent
"""
    )


def test_the_other_forms_of_a_report_go_to_stdout_whole(quirkbook):
    args, body = ("dry-run", "-", "-p", "acme", "--rules", MINE), b'{"seed": 7}'

    assert quirkbook(*args, "--format", "patch", stdin=body) == (
        0,
        '[\n  {\n    "op": "remove",\n    "path": "/seed"\n  }\n]\n',
        "",
    )
    assert quirkbook(*args, "--format", "diff", stdin=body) == (
        0,
        '--- payload\n+++ for acme\n@@ -1,3 +1 @@\n-{\n-  "seed": 7\n-}\n+{}\n',
        "",
    )
    assert quirkbook(*args, "--format", "diff", stdin=b"{}") == (0, "\n", "")
    code, out, err = quirkbook(*args, "--format", "json", stdin=body)
    assert (code, json.loads(out), err) == (
        0,
        explain({"seed": 7}, "acme", rulebook=Rulebook.load(MINE)).to_dict(),
        "",
    )


def test_a_refusal_as_json_keeps_the_payload_back(quirkbook):
    code, out, err = quirkbook("dry-run", "-", "-p", "moonshot", "--format", "json", stdin=b'{"messages": []}')

    data = json.loads(out)
    assert (code, data["payload"], data["changes"], data["patch"], err) == (1, None, [], [], "")
    assert data["refusal"]["effect"] == "refuse"


def test_faulty_rules_of_ones_own_stop_every_command_that_reads_them(quirkbook, tmp_path, monkeypatch):
    folder = faulty(tmp_path / "r")
    said = f"quirkbook: {folder}/x.yaml:4:5: error[Q107]: 'why' is missing in this rule\n"
    for command in (["dry-run", "-", "-p", "x"], ["rules", "-p", "x"], ["rule", "x/a"], ["providers"]):
        code, out, err = quirkbook(*command, "--rules", folder, stdin=b"{}")
        assert (code, out) == (1, "")
        assert err.startswith(said)
    code, out, err = quirkbook("test", folder)
    assert (code, out) == (1, "")
    assert err.startswith(said)


GOOD = """\
quirks: 1
provider: x
rules:
  - id: a
    why: W.
    source: https://x.example
    verified: {date: 2026-11-22, by: docs}
    when: {temperature: {gt: 1}}
    do:
      - drop: [temperature]
    examples:
      - {in: {temperature: 2}, out: {}}
      - {in: {temperature: 1}, same: true}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rules:", "rules: [", "4:3: error[Q101]: not YAML: "),
        (
            "rules:",
            "provider: y\nrules:",
            "3:1: error[Q102]: duplicate key 'provider': it already stands in line 2\n"
            "  3 | provider: y\n"
            "    | ^^^^^^^^ keep one of them\n",
        ),
        (
            "W.",
            "&w W.",
            "5:10: error[Q103]: anchors are not read here: '&w'\n"
            "  5 |     why: &w W.\n"
            "    |          ^^ write the value where it is used\n",
        ),
        (
            "gt",
            "greater",
            "8:26: error[Q104]: unknown operator 'greater'\n"
            "  8 |     when: {temperature: {greater: 1}}\n"
            "    |                          ^^^^^^^ did you mean 'gt'?\n",
        ),
        (
            "- drop",
            "- drpo",
            "10:9: error[Q105]: unknown action 'drpo'\n"
            "  10 |       - drpo: [temperature]\n"
            "     |         ^^^^ did you mean 'drop'?\n",
        ),
        (
            "W.",
            "[W]",
            "5:10: error[Q108]: 'why' must be a string, not an array\n  5 |     why: [W]\n    |          ^\n",
        ),
        (
            "{temperature: {gt: 1}}",
            "{$hot: true, temperature: {gt: 1}}",
            "8:12: error[Q111]: unknown name '$hot'\n"
            "  8 |     when: {$hot: true, temperature: {gt: 1}}\n"
            "    |            ^^^^ this file defines none under 'let'\n",
        ),
        (
            "quirks: 1",
            "quirks: 2",
            "1:9: error[Q114]: this file is written in version 2 of the rule language; this Quirkbook reads "
            "version 1: upgrade it\n"
            "  1 | quirks: 2\n"
            "    |         ^\n",
        ),
        (
            "gt: 1",
            "gt: .nan",
            "8:30: error[Q121]: .nan is not a JSON number\n"
            "  8 |     when: {temperature: {gt: .nan}}\n"
            "    |                              ^^^^ write a finite number, or null for an open bound\n",
        ),
        (
            "rules:",
            "include: [family/kimmi]\nrules:",
            "3:11: error[Q113]: there is no 'family/kimmi' to include\n  hint: did you mean 'family/kimi'?\n",
        ),
        (
            "rules:",
            "include: [provider/x]\nrules:",
            "3:11: error[Q112]: includes go in a circle: provider/x -> provider/x\n  hint: take one of them out\n",
        ),
        (
            "rules:",
            "disable: [{rule: x/b, because: no}]\nrules:",
            "3:11: error[Q119]: no rule 'x/b' is there to disable\n  hint: did you mean 'x/a'?\n",
        ),
        (
            "temperature: 2",
            "temperature: 3, seed: 1",
            "12:9: error[Q204]: an example of x/a does not come out as it says: /seed: wanted (absent), got 1\n",
        ),
        (
            "temperature: 1}, same",
            "temperature: 0}, same",
            "4:5: error[Q203]: no example of x/a stands on its bound: one where temperature is exactly 1\n"
            "  hint: add it\n",
        ),
    ],
)
def test_check_prints_where_what_and_what_to_write_instead(quirkbook, tmp_path, old, new, said):
    file = tmp_path / "x.yaml"
    file.write_text(GOOD.replace(old, new, 1))

    code, out, _ = quirkbook("check", file)

    assert code == 1
    assert out == f"{file}:{said}" or (said.endswith(": ") and out.startswith(f"{file}:{said}"))


def test_check_names_a_file_that_is_no_text_or_too_long(quirkbook, tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"quirks: 1\n# caf\xe9\n")
    with (tmp_path / "b.yaml").open("wb") as file:
        file.truncate(1024**3)

    assert quirkbook("check", tmp_path) == (
        1,
        f"{tmp_path}/a.yaml:2:6: error[Q118]: the file is not UTF-8: byte 0xe9\n  hint: save it as UTF-8\n"
        f"{tmp_path}/b.yaml:1:1: error[Q115]: the file holds more than 1,048,576 bytes\n"
        "  hint: split it: one provider or family a file\n",
        "nothing loaded: 2 errors, 0 warnings\n",
    )


def test_check_annotates_diagnostics_for_a_forge(quirkbook, tmp_path):
    (tmp_path / "x.yaml").write_text(GOOD + "a%b: 1\n")

    assert quirkbook("check", tmp_path, "--format", "github") == (
        1,
        f"::error file={tmp_path}/x.yaml,line=14,col=1,title=Q106::unknown key 'a%25b' in a rule file: known: "
        f"{known_heads()}\n",
        "",
    )


def known_heads():
    return ", ".join(schema("rules")["properties"])


def test_stale_facts_are_named_where_that_is_asked(quirkbook, tmp_path):
    (tmp_path / "x.yaml").write_text(GOOD.replace("2026-11-22", "1999-12-31"))

    code, out, err = quirkbook("check", tmp_path, "--stale")

    assert (code, err) == (0, "1 rule: 0 errors, 1 warning\n")
    assert out.startswith(f"{tmp_path}/x.yaml:4:5: warning[Q208]: x/a was last verified ")
    assert quirkbook("check", tmp_path) == (0, "", "1 rule: 0 errors, 0 warnings\n")


def test_golden_files_may_lie_elsewhere(quirkbook, tmp_path):
    rules, elsewhere = tmp_path / "rules", tmp_path / "tests" / "golden"
    a_folder(rules, x=GOOD)
    elsewhere.mkdir(parents=True)

    code, out, _ = quirkbook("test", rules)
    assert (code, out) == (
        1,
        f"{rules}/x.yaml:4:5: error[Q210]: x/a has no golden file {elsewhere}/x/a.yml\n"
        "  hint: read what 'quirkbook test --update' writes, then commit it\n",
    )
    assert quirkbook("test", rules / "x.yaml", "--update")[:2] == (0, f"wrote {elsewhere}/x/a.yml\n")
    assert quirkbook("test", rules, "--golden", tmp_path / "more", "--update")[:2] == (
        0,
        f"wrote {tmp_path}/more/x/a.yml\n",
    )
    (elsewhere / "old.yml").write_text("[]")
    assert quirkbook("test", rules / "x.yaml")[0] == 0
    assert quirkbook("test", rules)[0] == 1


def test_rules_of_one_stage_can_be_listed(quirkbook):
    _, out, _ = quirkbook("rules", "-p", "moonshot", "--stage", "chunk")

    assert out.splitlines()
    assert {line.split("  ")[-1].split(";")[0].strip() for line in out.splitlines()} == {"answer", "chunk"}


def test_layers_are_named_by_the_environment_or_by_the_option(quirkbook, monkeypatch):
    default_rulebook.cache_clear()
    monkeypatch.setenv("QUIRKBOOK_RULES", str(MINE))
    try:
        rows = [line.split()[:2] for line in quirkbook("rules", "-p", "acme")[1].splitlines()]
        assert ["acme/no-seed", str(MINE)] in rows
    finally:
        default_rulebook.cache_clear()


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_page(quirkbook, code):
    page = CODES[code]

    def indented(text):
        return "".join(f"  {line}".rstrip() + "\n" for line in text.splitlines())

    expected = (
        f"{code}  {page.title}\n\n{page.meaning}\n\nwrong:\n{indented(page.wrong)}\nright:\n{indented(page.right)}"
    )
    assert quirkbook("rule", code) == (0, expected, "")


def test_every_rule_has_a_page(quirkbook):
    for rule in default_rulebook().rules():
        code, out, err = quirkbook("rule", rule.name)

        assert (code, err) == (0, "")
        assert out.startswith(f"{rule.name}\n\n{rule.why}\n\nsource   {rule.source}\n")


def test_help_names_the_commands_and_no_command_prints_help(quirkbook):
    code, out, _ = quirkbook("--help")

    assert code == 0
    assert re.findall(r"^  ([a-z-]+)  ", out.partition("Commands:")[2], re.MULTILINE) == [
        "dry-run", "providers", "rules", "rule", "model", "new", "check", "test", "diff", "learn", "mutate", "stale", "probe",
        "batch", "serve", "emulate", "export", "schema", "completion",
    ]  # fmt: skip
    commands = out.partition("Commands:")[2]
    assert "..." not in commands and max(map(len, out.splitlines())) <= 80
    assert quirkbook("dry-run", "-h")[0] == 0


CONFIG = """\
model_list:
  - model_name: kimi
    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/NOT_SET_HERE}
litellm_settings:
  set_verbose: true
  cache: true
"""


def test_check_lists_what_becomes_of_each_key_of_a_config(quirkbook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG)

    assert quirkbook("check", "config.yaml") == (
        0,
        "config.yaml:6:3: unsupported /litellm_settings/cache: answers are not cached\n"
        "environment variables to set: NOT_SET_HERE\n",
        "6 keys used, 1 ignored, 1 unsupported: 0 errors, 0 warnings\n",
    )
    assert quirkbook("check", "config.yaml", "--all")[1] == (
        "config.yaml:6:3: unsupported /litellm_settings/cache: answers are not cached\n"
        "config.yaml:5:3: ignored /litellm_settings/set_verbose: the gateway has logs and metrics of its own\n"
        "config.yaml:1:1: used /model_list\n"
        "config.yaml:2:5: used /model_list/0/model_name\n"
        "config.yaml:3:5: used /model_list/0/litellm_params\n"
        "config.yaml:3:22: used /model_list/0/litellm_params/model\n"
        "config.yaml:3:49: used /model_list/0/litellm_params/api_key\n"
        "config.yaml:4:1: used /litellm_settings\n"
        "environment variables to set: NOT_SET_HERE\n"
    )


def test_check_tells_the_keys_of_a_config_as_json_and_as_annotations(quirkbook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG.replace("os.environ/NOT_SET_HERE", "sk-secret"))

    code, out, _ = quirkbook("check", "config.yaml", "--format", "json")
    rows = json.loads(out)
    assert (code, len(rows)) == (0, 8)
    assert rows[7] == {
        "file": "config.yaml", "line": 6, "column": 3, "key": "/litellm_settings/cache", "state": "unsupported",
        "why": "answers are not cached",
    }  # fmt: skip
    code, out, _ = quirkbook("check", "config.yaml", "--format", "github")
    assert (code, out.splitlines()[5:]) == (
        0,
        [
            "::debug::config.yaml:4:1: used /litellm_settings",
            "::notice file=config.yaml,line=5,col=3,title=ignored::/litellm_settings/set_verbose: "
            "the gateway has logs and metrics of its own",
            "::warning file=config.yaml,line=6,col=3,title=unsupported::/litellm_settings/cache: answers are not cached",
        ],
    )


def test_check_tells_the_diagnostics_of_a_config_and_of_rules_together(quirkbook, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("general_settings: {masterkey: sk-secret}\n" + CONFIG)

    code, out, err = quirkbook("check", "config.yaml", MINE)

    assert (code, out.splitlines()[:2], err) == (
        0,
        [
            "config.yaml:1:20: warning[Q106]: unknown key 'masterkey' in 'general_settings'",
            "  hint: did you mean 'master_key'?",
        ],
        "1 rule, 7 keys used, 1 ignored, 1 unsupported: 0 errors, 1 warning\n",
    )
    assert quirkbook("check", "--strict", "config.yaml")[0] == 1


@pytest.mark.parametrize(
    ("name", "text", "is_config"),
    [
        ("c.yaml", "router_settings: {}\n", True),
        ("c.yaml", '# a comment\n"litellm_settings" : {\n', True),
        ("c.yaml", "quirks: 1\nlet: {}\n", False),
        ("c.yaml", "rules:\n  - why: |\n      model_list: is a key of configs\n", False),
        ("c.json", '{"model_list": []}', True),
        ("c.json", '{"quirks": 1}', False),
        ("c.json", '{"model_list": [', False),
    ],
)
def test_a_config_is_known_by_its_keys(tmp_path, name, text, is_config):
    (tmp_path / name).write_text(text)

    assert configs.is_config(tmp_path / name) is is_config


def test_a_folder_named_rules_is_checked_without_the_built_in_rules(quirkbook, tmp_path, monkeypatch):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "acme.yaml").write_bytes((MINE / "acme.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)

    assert quirkbook("check", "rules")[2] == "1 rule: 0 errors, 0 warnings\n"
    assert quirkbook("test", "rules")[2].startswith("1 rule, ")
