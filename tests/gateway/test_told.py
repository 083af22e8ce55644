"""What is told of a request: in its answer's headers, in a line of the log, in the figures at /metrics."""

from __future__ import annotations

import json
import re
import time

import pytest
from tests.gateway.asking import HI, a_deployment, running, scripted
from tests.servers import COMPLETION, answer, chunk, events, raw, serving, stream

from quirkbook import explain
from quirkbook.gateway import headers
from quirkbook.gateway.observe import TOGETHER, Log

pytestmark = pytest.mark.timeout(20)

CHANGED = {"messages": HI, "temperature": 1.7}


def masked(line):
    """Return a line of the log with its times masked, each of which must be there."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    times = {"time": "T", **{name: "n" for name in ("ms", "upstream_ms") if name in line}}
    assert all(line[name] >= 0 for name in times if name != "time")
    return line | times


def rules_that_fire():
    """Return the names of the rules that speak of the payload."""
    done = explain({"model": "moonshot-v1-8k", **CHANGED}, "moonshot")
    return list(dict.fromkeys(change.rule for change in done.changes))


# The log


def test_a_request_is_told_in_one_line(front):
    got = front.ask(CHANGED, x_request_id="mine-1")

    assert got.status == 200
    assert [masked(line) for line in front.running.logged()] == [
        {
            "time": "T",
            "id": "mine-1",
            "status": 200,
            "model": "kimi",
            "provider": "moonshot",
            "ms": "n",
            "upstream_ms": "n",
            "rules": rules_that_fire(),
        }
    ]


def test_a_stream_is_told_when_it_ends_and_why_it_was_cut(front):
    got = front.ask({"stream": True}, stream(events(chunk("Hel")), end="cut"))

    (line,) = front.running.logged()
    line.pop("rules", None)
    assert masked(line) == {
        "time": "T",
        "id": got.headers["x-request-id"],
        "status": 200,
        "model": "kimi",
        "provider": "moonshot",
        "ms": "n",
        "upstream_ms": "n",
        "stream": True,
        "why": "the stream was cut: the connection broke before the answer was complete",
    }


def test_a_refusal_is_told_with_its_reason(front):
    got = front.ask({"model": "plain"}, answer({"error": {"message": "no such thing", "type": "t"}}, 404))

    (line,) = front.running.logged()
    assert masked(line) == {
        "time": "T",
        "id": got.headers["x-request-id"],
        "status": 404,
        "model": "plain",
        "ms": "n",
        "upstream_ms": "n",
        "why": "no such thing",
    }


def test_a_request_that_was_tried_again_says_how_often():
    with scripted(retries=2) as front:
        front.ask({}, answer("", 503, retry_after="0"), answer())
        (line,) = front.running.logged()

        assert (line["status"], line["tries"]) == (200, 2)


def test_a_line_holds_nothing_that_could_make_another(front):
    front.ask({"model": 'x\n{"time": "forged"}'}, x_request_id="evil id")
    (line,) = front.running.logged()

    assert line["status"] == 404
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", line["id"])
    assert "".join(front.running.lines).count("\n") == 1


def test_requests_that_are_not_let_in_are_told():
    with scripted(keys=("the-key",)) as front:
        refused = front.ask({})
        (line,) = front.running.logged()

    assert masked(line) == {
        "time": "T",
        "id": refused.headers["x-request-id"],
        "status": 401,
        "method": "POST",
        "path": "/v1/chat/completions",
        "why": "no valid key: send 'Authorization: Bearer' with one of the gateway's keys (general_settings.master_key)",
    }


def test_callers_without_a_key_are_told_with_their_path_and_counted():
    with scripted(keys=("the-key",)) as front:
        for path in ("/v1/models?key=sk-wrong", "/metrics", "/v1/models/%ED%A0%80" + "a" * 300):
            front.running.ask(path=path, method="GET", authorization="Bearer sk-wrong")
        front.running.ask({}, authorization="Bearer sk-wrong")
        told = front.running.logged(4)
        page = front.running.ask(path="/metrics", method="GET", authorization="Bearer the-key").body.decode()

    long = told.pop(2)
    assert long["path"].startswith("/v1/models/") and len(long["path"]) == 200
    assert [(line["status"], line["method"], line["path"]) for line in told] == [
        (401, "GET", "/v1/models"), (401, "GET", "/metrics"), (401, "POST", "/v1/chat/completions"),
    ]  # fmt: skip
    assert "sk-wrong" not in str(told)
    assert 'quirkbook_requests_total{model="",provider="",status="401"} 4.0' in page


def test_the_log_that_a_test_reads_holds_no_line_of_a_request_before_its_own(front):
    def late(connection):
        time.sleep(2 * TOGETHER)  # so that what waits to be written is written meanwhile
        answer(COMPLETION)(connection)

    front.ask({}, x_request_id="before")
    front.ask({}, late, x_request_id="own")

    assert [line["id"] for line in front.running.logged()] == ["own"]


def test_a_line_is_written_at_once_where_nothing_runs():
    lines = []
    Log(lines.append).write(event="x", nothing=None)

    assert masked(json.loads(lines[0])) == {"time": "T", "event": "x"}


# Figures


def test_the_figures_count_requests_times_rules_and_tries():
    with (
        serving(answer("", 503, retry_after="0"), answer()) as server,
        running(a_deployment(server.url), retries=1) as front,
    ):
        front.ask(CHANGED)
        front.ask({"model": "nobody"})
        page = front.ask(method="GET", path="/metrics")

    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in page.body.decode().splitlines() if not line.startswith("#") and "_created" not in line]
    found = [re.sub(r"(_sum\{.*\}) .*", r"\1 n", line) for line in lines if "_bucket" not in line]
    fired = [line for line in found if line.startswith("quirkbook_rules_fired_total{")]
    rest = [line for line in found if line not in fired]
    none, moonshot = '{model="",provider=""}', '{model="kimi",provider="moonshot"}'
    assert rest == [
        'quirkbook_requests_total{model="kimi",provider="moonshot",status="200"} 1.0',
        'quirkbook_requests_total{model="",provider="",status="404"} 1.0',
        f"quirkbook_request_seconds_count{moonshot} 1.0",
        f"quirkbook_request_seconds_sum{moonshot} n",
        f"quirkbook_request_seconds_count{none} 1.0",
        f"quirkbook_request_seconds_sum{none} n",
        f"quirkbook_upstream_seconds_count{moonshot} 1.0",
        f"quirkbook_upstream_seconds_sum{moonshot} n",
        f"quirkbook_upstream_seconds_count{none} 0.0",
        f"quirkbook_upstream_seconds_sum{none} n",
        "quirkbook_requests_under_way 0.0",
        "quirkbook_log_lines_lost 0.0",
        "quirkbook_workers 1.0",
        'quirkbook_retries_total{model="kimi"} 1.0',
        'quirkbook_failures_total{deployment="kimi",status="503"} 1.0',
    ]
    assert fired and all(line.endswith(" 1.0") for line in fired)


def test_names_that_clients_make_up_make_no_new_figures(front):
    for at in range(5):
        front.ask({"model": f"made-up-{at}"})

    assert b"made-up" not in front.running.ask(method="GET", path="/metrics").body


# The answer's headers


@pytest.mark.parametrize("given", ["abc", "A.b:c_d-1", "x" * 128])
def test_a_clients_own_id_is_kept(front, given):
    assert front.ask({}, x_request_id=given).headers["x-request-id"] == given
    assert front.running.ask(method="GET", path="/v1/models", x_request_id=given).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "a\tb", "ä", "<script>"])
def test_an_id_that_is_no_plain_word_is_replaced(front, given):
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", front.ask({}, x_request_id=given).headers["x-request-id"])


def test_ids_are_different(front):
    assert len({front.ask({}).headers["x-request-id"] for _ in range(5)}) == 5


def test_the_rules_that_fired_stand_in_a_header_and_none_where_none_did(front):
    assert front.ask(CHANGED).headers["x-quirkbook-rules"] == ", ".join(rules_that_fire())
    assert "x-quirkbook-rules" not in front.ask({"model": "plain", **CHANGED}).headers


def test_rules_that_changed_an_answer_are_told_too(front):
    got = front.ask({}, answer({**COMPLETION, "usage": {"cached_tokens": 7}}))

    assert got.headers["x-quirkbook-rules"] == "moonshot/cached-tokens-in-details"
    assert front.running.logged()[-1]["rules"] == ["moonshot/cached-tokens-in-details"]


def test_rules_that_changed_a_stream_are_told_when_it_has_ended(front):
    last = chunk(finish="stop")
    last["choices"][0]["usage"] = {"total_tokens": 9}

    got = front.ask({"stream": True}, stream(events(last, "[DONE]")))

    assert "x-quirkbook-rules" not in got.headers
    assert front.running.logged()[-1]["rules"] == ["moonshot/usage-comes-once"]


def test_the_rules_that_changed_a_request_are_named_on_an_upstreams_refusal_too(front):
    refused = front.ask(CHANGED, answer({"error": {"message": "no"}}, 400))

    assert (refused.status, refused.headers["x-quirkbook-rules"]) == (400, ", ".join(rules_that_fire()))


@pytest.mark.parametrize(
    ("payload", "more", "code"),
    [
        ({"messages": []}, {}, "refused_by_rule"),
        (CHANGED, {"x_quirkbook_policy": "lossy=error"}, "forbidden_by_policy"),
    ],
)
def test_a_refusal_by_rules_names_them_in_the_header_and_in_the_log(payload, more, code):
    with scripted() as front:
        refused = front.ask(payload, **more)
        (line,) = front.running.logged()

    named = list(dict.fromkeys(change["rule"] for change in refused.error["changes"]))
    assert (refused.status, refused.error["code"]) == (400, code)
    assert refused.headers["x-quirkbook-rules"] == ", ".join(named)
    assert line["rules"] == named


def test_the_header_of_rules_is_bounded():
    names = [f"provider/a-rule-with-a-name-{at}" for at in range(100)]

    text = headers.bounded(names).decode()

    kept = text.split(", and ")[0].split(", ")
    assert kept == names[: len(kept)]
    assert text.endswith(f", and {100 - len(kept)} more")
    assert len(text) < headers.LENGTH + 20


# Policies


def test_a_policy_in_a_header_refuses_with_all_changes(front):
    refused = front.ask(CHANGED, x_quirkbook_policy="lossy=error")

    assert (refused.status, refused.error["type"], refused.error["code"]) == (
        400,
        "invalid_request_error",
        "forbidden_by_policy",
    )
    (change,) = refused.error["changes"]
    assert (change["rule"], change["effect"], change["before"]) == ("moonshot/temperature-range", "lossy", 1.7)
    assert {"action", "why", "source", "after"} <= set(change)
    assert front.server.requests == []


def test_a_policy_of_the_config_refuses_and_a_header_may_be_milder():
    strict = {"exact": "allow", "lossy": "error", "semantic": "error", "refuse": "error"}
    with scripted(policy=strict) as front:
        assert front.ask(CHANGED).error["code"] == "forbidden_by_policy"
        assert front.ask(CHANGED, x_quirkbook_policy="lossy=allow, semantic = warn").status == 200


@pytest.mark.parametrize("said", ["x", "lossy", "lossy=never", "nonsense=error", "refuse=allow", "", "lossy=error;"])
def test_a_policy_that_is_none_says_how_to_write_one(front, said):
    refused = front.ask(CHANGED, x_quirkbook_policy=said)

    assert refused.status == 400
    assert refused.error == {
        "message": f"x-quirkbook-policy: '{said}' is not a verdict on an effect: write 'lossy=error, semantic=error'"
        " (exact, lossy, semantic: allow, warn or error; refuse: warn or error)",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_policy",
    }


def test_a_rule_that_refuses_is_a_400_that_names_it_and_can_be_told_only_to_warn(front):
    payload = {"messages": []}
    refused = front.ask(payload)

    assert (refused.status, refused.error["code"], refused.error["param"]) == (400, "refused_by_rule", "/messages")
    assert [change["effect"] for change in refused.error["changes"]] == ["refuse"]
    assert front.server.requests == []
    assert front.ask(payload, x_quirkbook_policy="refuse=warn").status == 200
    assert front.server.bodies[0]["messages"] == []


def test_the_page_and_its_second_visit(front):
    page = front.running.ask(method="GET", path="/")
    again = front.running.ask(method="GET", path="/", if_none_match=page.headers["etag"])

    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (again.status, again.headers["etag"]) == (304, page.headers["etag"])


def test_a_dry_run_sends_nothing(front):
    front.script()
    asked = json.dumps({"payload": {"model": "moonshot-v1-8k", **CHANGED}, "provider": "moonshot"}).encode()

    done = front.running.ask(asked, path="/v1/translate")

    assert done.status == 200 and front.server.requests == []
    assert front.running.ask(method="GET", path="/v1/translate").status == 200


def test_an_upstreams_odd_header_is_passed_byte_by_byte(front):
    body = json.dumps(COMPLETION).encode()
    got = front.ask(
        {}, raw(b"HTTP/1.1 200 X\r\nx-ratelimit-odd: a\t\xc3\xa9\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
    )

    assert got.headers["x-ratelimit-odd"] == "a\té"
