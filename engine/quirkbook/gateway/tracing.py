"""Traces: a span of each request, and below it one of each attempt. Needs the extra ``otel``; imported only where it is asked for.

Attempts are spans of kind CLIENT with the attributes of OpenTelemetry's GenAI conventions,
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md (read 2026-12-01). No text of
a request or an answer is in them. Where spans go, and which are kept, say the variables of OpenTelemetry's SDK.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any, Final

import msgspec
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from . import answer_facts
from .config.litellm_keys import gen_ai_provider
from .http.asgi import Scope
from .upstream.prepared import Prepared
from .upstream.target import Route

_Value = str | bool | int | float | Sequence[str]

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_CONTEXT: Final = ("traceparent", "tracestate")
#: What a request for an endpoint is called; others have no attributes of GenAI's.
_OPERATIONS: Final = {
    "/chat/completions": "chat", "/responses": "chat", "/messages": "chat",
    "/completions": "text_completion", "/embeddings": "embeddings",
}  # fmt: skip
#: Field of a request -> attribute, where its value is a number.
_NUMBERS: Final = {
    "max_tokens": "max_tokens", "max_completion_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p",
    "top_k": "top_k", "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty", "seed": "seed",
}  # fmt: skip
_FLUSH: Final = 5_000
"""Milliseconds for spans that wait, when the gateway ends."""


class Tracing:
    """Where spans are made."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._provider = provider or _provider(os.environ)
        self._tracer = self._provider.get_tracer("quirkbook")

    def request(self, scope: Scope, route: str) -> Trace:
        """Begin the span of a request; ``route`` is the address without what is different in each."""
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name.decode("latin-1") in _CONTEXT
        }
        attributes = {"http.request.method": scope["method"], "http.route": route, "url.path": scope["path"]}
        span = self._tracer.start_span(
            f"{scope['method']} {route}", _PROPAGATOR.extract(carrier), SpanKind.SERVER, attributes
        )
        return Trace(self._tracer, span, _OPERATIONS.get(route.removeprefix("/v1")))

    def close(self) -> None:
        """Send what waits."""
        self._provider.force_flush(_FLUSH)
        self._provider.shutdown()


def _provider(environ: Mapping[str, str]) -> TracerProvider:
    name = environ.get("OTEL_SERVICE_NAME") or "quirkbook"
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    given: dict[str, Any] = {}
    endpoint = environ.get("OTEL_ENDPOINT")  # LiteLLM's own variables, below the SDK's
    if endpoint and not any(environ.get(f"OTEL_EXPORTER_OTLP_{which}ENDPOINT") for which in ("", "TRACES_")):
        given["endpoint"] = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint.rstrip('/')}/v1/traces"
    headers = environ.get("OTEL_HEADERS")
    if headers:
        pairs = (pair.partition("=") for pair in headers.split(","))
        given["headers"] = {name.strip(): value.strip() for name, _, value in pairs}
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(**given)))
    return provider


class Trace:
    """The spans of one request."""

    def __init__(self, tracer: Any, span: Span, operation: str | None) -> None:
        self._tracer, self._span, self._operation = tracer, span, operation
        self._attempt: Span | None = None
        self._tried = False
        self._told: set[str] = set()
        self._started = 0.0
        self._facts: answer_facts.Facts | None = None

    def begin(self, route: Route, prepared: Prepared) -> Mapping[str, str]:
        """Begin the span of an attempt; return the headers by which the upstream can go on with the trace."""
        operation = self._operation
        name = f"{operation} {route.model}" if operation else f"POST {route.model}"
        where = route.origin
        attributes: dict[str, _Value] = {"server.address": where.socket or where.host}
        if where.socket is None:
            attributes["server.port"] = where.port
        if operation:
            attributes |= {
                "gen_ai.operation.name": operation,
                "gen_ai.provider.name": gen_ai_provider(route.provider),
                "gen_ai.request.model": route.model,
                **_of_request(prepared.root),
            }
        context = set_span_in_context(self._span)
        span = self._attempt = self._tracer.start_span(name, context, SpanKind.CLIENT, attributes)
        self._tried = True
        self._told = set()
        self._tell(span, prepared.rules)
        if prepared.would is not None:
            self._tell(span, prepared.would.rules, "quirkbook.rule.would_fire")
        self._facts = answer_facts.Facts()
        self._started = perf_counter()
        headers: dict[str, str] = {}
        _PROPAGATOR.inject(headers, set_span_in_context(span))
        return headers

    def answered(self, *, streams: bool) -> None:
        """Note that a good answer has begun."""
        if streams and self._operation and self._attempt is not None:
            took = perf_counter() - self._started
            self._attempt.set_attribute("gen_ai.response.time_to_first_chunk", took)

    def whole(self, data: bytes) -> None:
        """Take a whole answer."""
        if self._facts is not None and self._operation:
            self._facts.whole(data)

    def events(self, data: bytes) -> None:
        """Take events of a stream."""
        if self._facts is not None and self._operation:
            self._facts.events(data)

    def failed(self, status: int | None, kind: str | None, rules: Iterable[str] = ()) -> None:
        """End the span of an attempt that came to nothing; ``kind`` names the error where no status does."""
        self._end_attempt(str(status) if status is not None else kind or "_OTHER", rules)

    def end(self, status: int, why: str | None, rules: Iterable[str], facts: Mapping[str, str | None]) -> None:
        """End all spans; ``facts`` are further ones about the request."""
        if self._attempt is not None:
            self._end_attempt(None if why is None else str(status) if status >= 400 else "_OTHER", rules)
        span = self._span
        if not self._tried:
            self._tell(span, rules)
        span.set_attribute("http.response.status_code", status)
        for name, value in facts.items():
            if value:
                span.set_attribute(f"quirkbook.{name}", value)
        if status >= 500:
            span.set_attribute("error.type", str(status))
            span.set_status(StatusCode.ERROR)
        span.end()

    def _end_attempt(self, error: str | None, rules: Iterable[str]) -> None:
        span, self._attempt = self._attempt, None
        if span is None:
            return
        self._tell(span, rules)
        if self._operation and self._facts is not None:
            for name, value in self._facts.attributes().items():
                span.set_attribute(name, value)
        if error is not None:
            span.set_attribute("error.type", error)
            span.set_status(StatusCode.ERROR)
        span.end()

    def _tell(self, span: Span, rules: Iterable[str], event: str = "quirkbook.rule.fired") -> None:
        """Add an event for each rule that has none yet."""
        for rule in rules:
            if rule not in self._told:
                self._told.add(rule)
                span.add_event(event, {"quirkbook.rule": rule})


def _of_request(root: Mapping[str, Any]) -> dict[str, _Value]:
    found: dict[str, _Value] = {}
    if root.get("stream") is True:
        found["gen_ai.request.stream"] = True
    for field, name in _NUMBERS.items():
        value = _plain(root.get(field))
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[f"gen_ai.request.{name}"] = value
    count = _plain(root.get("n"))
    if isinstance(count, int) and count != 1:
        found["gen_ai.request.choice.count"] = count
    form = _plain(root.get("response_format"))
    kind = form.get("type") if isinstance(form, dict) else None
    if isinstance(kind, str):
        found["gen_ai.output.type"] = "json" if kind.startswith("json") else kind
    return found


def _plain(value: Any) -> Any:
    """Return a value, decoded if it goes on as it came."""
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
