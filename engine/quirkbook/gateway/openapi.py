"""The gateway's own OpenAPI description."""

from __future__ import annotations

from functools import cache
from typing import Any

from .passthrough.endpoints import ENDPOINTS

_ERROR = {"description": "An error in OpenAI's shape.", "content": {"application/json": {"schema": {"type": "object"}}}}


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
            "elsewhere": {"type": "boolean"},
            "deployment": {"type": "string"},
            "policy": {"type": "object", "additionalProperties": {"enum": ["allow", "warn", "error"]}},
        },
    }
    get = {
        "/v1/models": "The models that can be asked for.",
        "/model/info": "The deployments, as LiteLLM has them: who serves, and what the rules know. No keys.",
        "/model_group/info": "The models by name, as LiteLLM has them.",
        "/v1/translate": "The gateway's own models, and the providers and models whose rules are known.",
        "/health/liveliness": "Whether the process lives.",
        "/health/readiness": "Whether it serves, and whether the files on disk are those in force.",
        "/metrics": "Figures for Prometheus.",
    }
    paths: dict[str, Any] = {path: {"get": _operation(summary)} for path, summary in get.items()}
    paths["/v1/chat/completions"] = {"post": _operation("A chat completion, translated for its provider.", chat)}
    for endpoint in ENDPOINTS:
        for path in endpoint.listed if endpoint.names_model else ():
            summary = "Passed through to the provider of the model, without rules."
            paths[f"/v1{path}"] = {endpoint.method.lower(): _operation(summary, {})}
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
