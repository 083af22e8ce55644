"""The gateway's own OpenAPI description."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

_ERROR = {"description": "An error in OpenAI's shape.", "content": {"application/json": {"schema": {"type": "object"}}}}

_PASSED: Final = (
    "/completions", "/embeddings", "/responses", "/moderations", "/rerank", "/messages", "/messages/count_tokens",
    "/images/generations", "/audio/speech",
)  # fmt: skip


@cache
def description() -> dict[str, Any]:
    """Return the description; shared, so leave it as it is."""
    chat = {
        "type": "object",
        "required": ["model", "messages"],
        "properties": {
            "model": {"type": "string"},
            "messages": {"type": "array", "items": {"type": "object"}},
            "stream": {"type": "boolean"},
            "temperature": {"type": ["number", "null"]},
            "n": {"type": ["integer", "null"]},
            "tools": {"type": "array", "items": {"type": "object"}},
            "tool_choice": {},
        },
    }
    translate = {
        "type": "object",
        "required": ["payload"],
        "properties": {
            "payload": {"type": "object"},
            "provider": {"type": "string"},
            "model": {"type": "string"},
            "why_not": {"type": "boolean"},
            "policy": {"type": "object", "additionalProperties": {"enum": ["allow", "warn", "error"]}},
        },
    }
    get = {
        "/v1/models": "The models that can be asked for.",
        "/v1/translate": "The providers and models whose rules are known.",
        "/health/liveliness": "Whether the process lives.",
        "/health/readiness": "Whether it serves, and whether the files on disk are those in force.",
        "/metrics": "Figures for Prometheus.",
    }
    paths: dict[str, Any] = {path: {"get": _operation(summary)} for path, summary in get.items()}
    paths["/v1/chat/completions"] = {"post": _operation("A chat completion, translated for its provider.", chat)}
    for path in _PASSED:
        paths[f"/v1{path}"] = {"post": _operation("Passed through to the provider of the model, without rules.", {})}
    paths.setdefault("/v1/translate", {})["post"] = _operation(
        "What a provider would get, and why. Sends nothing.", translate
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Quirkbook gateway", "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    }


def _operation(summary: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary, "responses": {"200": {"description": "Done."}, "default": _ERROR}}
    if schema is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation
