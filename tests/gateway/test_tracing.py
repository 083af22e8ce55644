"""Traces: a span of each request, one of each attempt with the attributes of the GenAI conventions, and where they go."""

from __future__ import annotations

import contextlib
import http.server
import importlib.util
import json
import subprocess
import sys
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.gateway.asking import BOOK, HI, Running, a_deployment, a_plain_deployment, running, until
from tests.gateway.served import a_config, served
from tests.servers import COMPLETION, answer, chunk, events, nothing, serving, stream

from quirkbook.gateway import app, serve, tracing
from quirkbook.gateway.answer_facts import Facts
from quirkbook.gateway.app import Gateway
from quirkbook.gateway.config.load import read_config
from quirkbook.gateway.config.model import Config
from quirkbook.gateway.observe import Log
from quirkbook.gateway.upstream.dial import Origin
from quirkbook.wire.sse import EventTooLongError

pytestmark = pytest.mark.timeout(30)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
CHANGED = {"messages": HI, "temperature": 1.7, "max_tokens": 9, "n": 1, "seed": 4}
ANSWER = COMPLETION | {
    "id": "chatcmpl-1",
    "model": "moonshot-v1-8k-0711",
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


@contextlib.contextmanager
def traced(*deployments, **config):
    """Run a gateway whose spans are kept in memory; yield it and a look at them, which waits for so many."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def spans(count):
        until(lambda: len(exporter.get_finished_spans()) >= count)
        found = exporter.get_finished_spans()
        assert len(found) == count
        return found

    with running(*deployments, **config) as front:
        front.gateway.tracing = tracing.Tracing(provider)
        yield front, spans


def attributes(span, prefix):
    return {name.removeprefix(prefix): value for name, value in span.attributes.items() if name.startswith(prefix)}


def test_an_attempt_is_a_span_with_the_attributes_of_the_conventions():
    with serving(answer(ANSWER)) as server, traced(a_deployment(server.url)) as (front, spans):
        assert front.ask(CHANGED).status == 200
        attempt, _ = spans(2)
        port = int(server.url.split(":")[2].split("/")[0])

    assert (attempt.name, attempt.kind, attempt.status.status_code) == (
        "chat moonshot-v1-8k",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert dict(attempt.attributes) == {
        "server.address": "127.0.0.1",
        "server.port": port,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "moonshot_ai",
        "gen_ai.request.model": "moonshot-v1-8k",
        "gen_ai.request.temperature": 1,  # as it is sent
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.seed": 4,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "moonshot-v1-8k-0711",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.reasoning.output_tokens": 2,
    }
    fired = [event.attributes["quirkbook.rule"] for event in attempt.events if event.name == "quirkbook.rule.fired"]
    assert "moonshot/temperature-range" in fired and len(fired) == len(set(fired))


def test_the_requests_own_span_has_nothing_of_genais():
    with serving(answer(ANSWER)) as server, traced(a_deployment(server.url)) as (front, spans):
        front.ask(CHANGED, x_request_id="mine-1")
        attempt, request = spans(2)

    assert (request.name, request.kind) == ("POST /v1/chat/completions", SpanKind.SERVER)
    assert attributes(request, "gen_ai.") == {}
    assert dict(request.attributes) == {
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "url.path": "/v1/chat/completions",
        "http.response.status_code": 200,
        "quirkbook.request_id": "mine-1",
        "quirkbook.deployment": "kimi",
    }
    assert attempt.parent.span_id == request.context.span_id and not request.events


def test_the_trace_of_the_client_goes_on_to_the_upstream():
    with serving(answer(ANSWER)) as server, traced(a_deployment(server.url)) as (front, spans):
        front.ask({}, traceparent=PARENT, tracestate="vendor=1", baggage="secret=1")
        attempt, request = spans(2)
        sent = server.requests[0]["headers"]

    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert sent["traceparent"] == f"00-{TRACE}-{attempt.context.span_id:016x}-01"
    assert sent["tracestate"] == "vendor=1"
    assert "baggage" not in sent


def test_each_attempt_has_a_span_and_a_failure_its_reason():
    with serving(answer({"error": {"message": "busy"}}, 503)) as bad, serving(answer(ANSWER)) as good:
        two = [a_deployment(bad.url), a_deployment(good.url, "next")]
        with traced(*two, fallbacks={"kimi": ("next",)}) as (front, spans):
            assert front.ask(CHANGED).status == 200
            failed, second, request = spans(3)

    assert (failed.status.status_code, failed.attributes["error.type"]) == (StatusCode.ERROR, "503")
    assert "error.type" not in second.attributes
    assert {span.parent.span_id for span in (failed, second)} == {request.context.span_id}
    assert [len(span.events) > 0 for span in (failed, second)] == [True, True]
    assert bad.requests[0]["headers"]["traceparent"] != good.requests[0]["headers"]["traceparent"]
    assert "error.type" not in request.attributes


@pytest.mark.parametrize(
    ("script", "kind"), [(nothing, "Timeout"), (lambda connection: connection.shutdown(2), "APIConnectionError")]
)
def test_a_failure_without_a_status_is_named_by_its_class(script, kind):
    with serving(script) as server, traced(a_deployment(server.url, timeout=0.2)) as (front, spans):
        status = front.ask({}).status
        attempt, request = spans(2)

    assert attempt.attributes["error.type"] == kind
    assert (request.attributes["error.type"], request.status.status_code) == (str(status), StatusCode.ERROR)


def test_a_stream_tells_when_it_began_and_what_it_used():
    first = chunk("Hel") | {"id": "chatcmpl-2", "model": "m-2"}
    last = chunk(finish="length") | {
        "id": "chatcmpl-2",
        "model": "m-2",
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    script = stream(events(first, last, "[DONE]"))
    with serving(script) as server, traced(a_deployment(server.url)) as (front, spans):
        front.ask({"stream": True})
        attempt, _ = spans(2)

    found = attributes(attempt, "gen_ai.")
    assert 0 <= found.pop("response.time_to_first_chunk") < 10
    assert (found["request.stream"], found["response.id"], found["response.model"]) == (True, "chatcmpl-2", "m-2")
    assert (found["usage.input_tokens"], found["usage.output_tokens"]) == (3, 4)
    assert found["response.finish_reasons"] == ("length",)


def test_a_stream_that_is_cut_is_an_error():
    with serving(stream(events(chunk("Hel")), end="cut")) as server, traced(a_deployment(server.url)) as (front, spans):
        front.ask({"stream": True})
        attempt, _ = spans(2)

    assert (attempt.status.status_code, attempt.attributes["error.type"]) == (StatusCode.ERROR, "_OTHER")


def test_a_client_that_hangs_up_ends_the_span():
    with serving(nothing) as server, traced(a_deployment(server.url)) as (front, spans):
        with front.connected() as connection:
            body = json.dumps({"model": "kimi", "messages": HI}).encode()
            head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
            connection.sendall(head + body)
            until(lambda: server.requests)
        attempt, request = spans(2)

    assert attempt.attributes["error.type"] == "499"
    assert request.attributes["http.response.status_code"] == 499


def test_a_request_that_rules_refuse_has_no_attempt_and_tells_them():
    refused = {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}
    with traced(a_deployment("http://127.0.0.1:9/v1")) as (front, spans):
        assert front.ask(refused).status == 400
        (request,) = spans(1)

    assert [event.name for event in request.events] == ["quirkbook.rule.fired"]
    assert "error.type" not in request.attributes


def test_in_the_shadow_rules_that_would_fire_are_told_as_such():
    with serving(answer(ANSWER)) as server, traced(a_deployment(server.url, shadow=True)) as (front, spans):
        front.ask(CHANGED)
        attempt, _ = spans(2)

    assert {event.name for event in attempt.events} == {"quirkbook.rule.would_fire"}


def test_the_form_of_the_answer_and_the_number_of_choices_are_told():
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
    with serving(answer(ANSWER)) as server, traced(a_plain_deployment(server.url)) as (front, spans):
        front.ask({"model": "plain", "n": 2, "response_format": form, "temperature": True, "top_p": "x"})
        attempt, _ = spans(2)

    found = attributes(attempt, "gen_ai.")
    assert (found["output.type"], found["request.choice.count"], found["provider.name"]) == ("json", 2, "openai")
    assert "request.temperature" not in found and "request.top_p" not in found


def test_endpoints_that_are_passed_through_have_spans_of_their_own():
    said = {"data": [], "model": "e-1", "usage": {"prompt_tokens": 4}}
    with (
        serving(answer(said), answer({"data": []})) as server,
        traced(a_plain_deployment(server.url)) as (front, spans),
    ):
        front.ask({"model": "plain", "input": "x"}, path="/v1/embeddings")
        front.ask({"model": "plain", "prompt": "x"}, path="/v1/images/generations")
        embeddings, _, pictures, request = spans(4)

    assert embeddings.name == "embeddings m-1"
    assert embeddings.attributes["gen_ai.usage.input_tokens"] == 4
    assert (pictures.name, attributes(pictures, "gen_ai.")) == ("POST m-1", {})
    assert request.name == "POST /v1/images/generations"
    assert "traceparent" in server.requests[0]["headers"]


def test_an_id_in_an_address_is_not_in_a_spans_name():
    with (
        serving(answer({"id": "resp_1", "object": "response"})) as server,
        traced(a_plain_deployment(server.url)) as (front, spans),
    ):
        front.ask(method="GET", path="/v1/responses/resp_1?model=plain")
        *_, request = spans(2)

    assert request.name == "GET /v1/responses/{id}"


def test_streams_of_messages_and_responses_tell_what_they_used():
    said = events(
        {
            "type": "message_start",
            "message": {"id": "msg_1", "model": "c", "usage": {"input_tokens": 5, "cache_read_input_tokens": 2}},
        },
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    )
    with serving(stream(said)) as server, traced(a_plain_deployment(server.url)) as (front, spans):
        front.ask({"model": "plain", "stream": True, "max_tokens": 5}, path="/v1/messages")
        attempt, _ = spans(2)

    found = attributes(attempt, "gen_ai.")
    assert (found["operation.name"], found["response.id"], found["response.finish_reasons"]) == (
        "chat",
        "msg_1",
        ("end_turn",),
    )
    assert (found["usage.input_tokens"], found["usage.output_tokens"]) == (7, 7)


def test_a_unix_socket_is_its_own_address():
    class OneRoute:
        origin = Origin("localhost", 80, socket="/run/llm.sock")
        model, provider = "m-1", ""

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace = tracing.Tracing(provider).request({"method": "POST", "path": "/x", "headers": []}, "/v1/chat/completions")

    class OnePrepared:
        root, rules, would = {}, (), None

    trace.begin(OneRoute, OnePrepared)
    trace.end(200, None, (), {})
    attempt, _ = exporter.get_finished_spans()

    assert attempt.attributes["server.address"] == "/run/llm.sock"
    assert "server.port" not in attempt.attributes


# What is read of an answer


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"usage": 5}', b'{"choices": "x"}', b"\xff"])
def test_an_answer_that_cannot_be_read_tells_nothing(data):
    facts = Facts()
    facts.whole(data)
    facts.events(b"data: " + data + b"\n\n")

    assert facts.attributes() == {}


def test_an_event_that_is_too_long_ends_the_reading():
    class Long:
        def feed(self, data):
            raise EventTooLongError("too long")

    facts = Facts()
    facts._decoder = Long()
    facts.events(b"data: x")
    facts.events(b'data: {"id": "a", "model": "m"}\n\n')

    assert facts.attributes() == {}


def test_a_response_of_openais_newer_interface_is_read():
    facts = Facts()
    usage = {"input_tokens": 3, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}}
    facts.whole(events({"type": "response.completed", "response": {"id": "resp_1", "model": "g", "usage": usage}}))

    assert facts.attributes() == {
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.model": "g",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 1,
    }


# Where spans go


@contextlib.contextmanager
def receiving():
    """Run a receiver of OTLP over HTTP; yield its address and what it got."""
    got = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["content-length"]))
            message = ExportTraceServiceRequest()
            message.ParseFromString(raw)
            got.append((self.path, dict(self.headers), message))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def clean(monkeypatch):
    """No variables of OpenTelemetry, and none left behind."""
    for name in [name for name in tracing.os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def names_of(got):
    resources = [resource for _, _, message in got for resource in message.resource_spans]
    names = [span.name for resource in resources for scope in resource.scope_spans for span in scope.spans]
    service = {
        one.value.string_value
        for resource in resources
        for one in resource.resource.attributes
        if one.key == "service.name"
    }
    return sorted(names), service


def test_a_gateway_that_ends_has_sent_its_spans_to_the_collector(clean):
    with receiving() as (url, got), serving(answer(ANSWER)) as server:
        clean.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        clean.setenv("OTEL_SERVICE_NAME", "gateway-of-mine")
        gateway = Gateway(Config((a_deployment(server.url),), BOOK, retries=0, traces=True), log=Log(lambda text: None))
        with serve.running(gateway) as address:
            assert Running(address, gateway).ask({}).status == 200

    assert got[0][0] == "/v1/traces"
    assert names_of(got) == (["POST /v1/chat/completions", "chat moonshot-v1-8k"], {"gateway-of-mine"})


def test_a_process_started_by_the_command_sends_them_too(tmp_path, clean):
    with receiving() as (url, got), serving(answer(ANSWER)) as server:
        config = a_config(server.url, litellm_settings={"callbacks": ["otel"]})
        with served(tmp_path, config=config, OTEL_EXPORTER_OTLP_ENDPOINT=url) as gateway:
            assert gateway.ask()[0] == 200
            gateway.stop()

    assert names_of(got) == (["POST /v1/chat/completions", "chat moonshot-v1-8k"], {"quirkbook"})


@pytest.mark.parametrize(("endpoint", "path"), [("{}", "/v1/traces"), ("{}/v1/traces", "/v1/traces")])
def test_litellms_own_variables_count_below_the_standard_ones(clean, endpoint, path):
    with receiving() as (url, got):
        environ = {"OTEL_ENDPOINT": endpoint.format(url), "OTEL_HEADERS": "api-key=one, x-team=two"}
        made = tracing.Tracing(tracing._provider(environ))
        made.request({"method": "POST", "path": "/x", "headers": []}, "/x").end(200, None, (), {})
        made.close()

    headers = {name.lower(): value for name, value in got[0][1].items()}
    assert (got[0][0], headers["api-key"], headers["x-team"]) == (path, "one", "two")


# The config


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({}, False),
        ({"quirkbook_settings": {"opentelemetry": True}}, True),
        ({"quirkbook_settings": {"opentelemetry": False}, "litellm_settings": {"callbacks": ["otel"]}}, False),
        ({"litellm_settings": {"callbacks": ["prometheus", "otel"]}}, True),
        ({"litellm_settings": {"success_callback": "otel"}}, True),
        ({"litellm_settings": {"failure_callback": ["otel"]}}, False),
    ],
)
def test_who_wants_traces(tmp_path, more, wanted):
    path = tmp_path / "config.yaml"
    path.write_text(a_config("http://127.0.0.1:9/v1", **more))

    assert read_config(path, rulebook=BOOK).traces is wanted


@pytest.mark.parametrize(
    ("callbacks", "state", "why"),
    [
        ("prometheus", "ignored", "its figures stand at /metrics"),
        (["otel", "prometheus"], "used", ""),
        (["otel", "langfuse"], "unsupported", "nothing is sent to langfuse; prometheus has /metrics, otel gets traces"),
    ],
)
def test_what_becomes_of_callbacks(tmp_path, callbacks, state, why):
    path = tmp_path / "config.yaml"
    path.write_text(a_config("http://127.0.0.1:9/v1", litellm_settings={"callbacks": callbacks}))
    settings = read_config(path, rulebook=BOOK).settings

    assert [(one.state, one.why) for one in settings if one.pointer.endswith("callbacks")] == [(state, why)]


def test_a_reload_begins_and_ends_the_making_of_spans(clean):
    deployment = a_deployment("http://127.0.0.1:9/v1")
    gateway = Gateway(Config((deployment,), BOOK))
    assert gateway.tracing is None
    gateway.replace(Config((deployment,), BOOK, traces=True))
    first = gateway.tracing
    gateway.replace(Config((deployment,), BOOK))
    assert gateway.tracing is None
    gateway.replace(Config((deployment,), BOOK, traces=True))

    assert gateway.tracing is first is not None
    first.close()


@pytest.mark.parametrize("missing", ["opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http"])
@pytest.mark.parametrize("error", [True, False])
def test_without_the_extra_it_is_said_and_requests_go_on(monkeypatch, missing, error):
    whole = importlib.util.find_spec

    def found(name, *more):
        if name == missing and error:
            raise ModuleNotFoundError(name)
        return None if name == missing else whole(name, *more)

    monkeypatch.setattr(app, "find_spec", found)
    config = Config((a_deployment("http://127.0.0.1:9/v1"),), BOOK, traces=True)

    assert Gateway(config).tracing is None
    assert serve.not_traced(config) == [
        "no traces are made: they need the extra otel: in a checkout of Quirkbook, run pip install '.[otel]'"
    ]
    assert serve.not_traced(Config((), BOOK)) == []


def test_who_asks_for_no_traces_does_not_even_import_the_packages():
    code = "import sys, quirkbook.gateway.serve; print(any(name.startswith('opentelemetry') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout == "False\n"
