"""A request for an endpoint that is passed through: which model it names, and the same request for another name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from .. import asked
from ..config.litellm_keys import parameters
from ..config.model import Deployment
from ..http import body
from ..http.asgi import Scope
from .endpoints import Endpoint
from .multipart import TYPE, Form

#: What of a client's headers an endpoint may need: the type of the body, versions and betas of the provider's own.
_PASSED: Final = re.compile(rb"accept|content-type|anthropic-(version|beta)|openai-beta")
#: What of a query is about the gateway's address, or chooses a model or a key.
_OWN_QUERY: Final = frozenset({"api-version", "model", "key"})


class Request:
    """A request that is passed through."""

    def __init__(self, endpoint: Endpoint, scope: Scope, path: str, raw: bytes, depth: int) -> None:
        """Read what has to be known of it.

        Raises:
            HTTPError: 400, the body cannot be read.
        """
        self.method = endpoint.method
        self.path = path
        """Below ``/v1``."""
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.query = urlencode([pair for pair in pairs if pair[0] not in _OWN_QUERY])
        self.headers = {
            name.decode(): value.decode("latin-1")
            for name, value in reversed(scope["headers"])
            if _PASSED.fullmatch(name)
        }
        self._raw = raw
        self.asked = asked.NOTHING
        self._form: Form | None = None
        self._fields: Mapping[str, Any] = {}
        content_type = self.headers.get("content-type", "").encode("latin-1")
        if content_type.lower().startswith(TYPE):
            self._form = Form(raw, content_type)
            self.model: Any = self._form.get(b"model")
            self.streams = self._form.get(b"stream") in ("true", "True", "1")
        else:
            if raw or endpoint.names_model:
                fields = body.fields(raw)
                body.check_steering(fields)
                self.asked = asked.take(fields)
                self._fields = body.decode(fields, _LOOKED_AT, depth)
            if endpoint.method == "POST":
                self.headers["content-type"] = "application/json"
            self.model = self._fields.get("model") or dict(pairs).get("model")
            self.streams = self._fields.get("stream") is True or dict(pairs).get("stream") == "true"

    def body_for(self, deployment: Deployment, model: str) -> bytes:
        """Return the body for a deployment: its own name for the model, and fields of its own that the request lacks."""
        if self._form is not None:
            return self._form.replaced(b"model", model)
        if not self._fields:
            return self._raw
        fields = dict(self._fields)
        for name, value in deployment.defaults.items():
            if self.path == "/completions" or name not in parameters():  # those are of chat completions
                fields.setdefault(name, value)
        if "model" in fields or "*" not in model:
            fields["model"] = model
        return body.encode(fields)


_LOOKED_AT: Final = frozenset({"model", "stream"})
