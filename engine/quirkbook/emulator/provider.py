"""A file of ``schemas/accepts/`` -> a provider: what it serves, what it refuses, and how it replies."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from .. import resources
from ..errors import UnknownProviderError, did_you_mean
from ..identity.globs import compile_globs
from ..source import yaml as yaml_source
from .completion import prompt_tokens
from .keywords import compile_schema
from .refusal import Refusal, describe, fill


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the provider serves; ``also`` are globs of ids that mean it too."""

    id: str
    context: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One thing the provider refuses: what ``when`` fits must fit ``must``, or ``fits`` into the context."""

    name: str
    models: Sequence[str]
    errors: Mapping[str, Mapping[str, Any]]
    """JSON Schema keyword that failed, or ``*`` -> the error."""
    when: Mapping[str, Any] | None = None
    must: Mapping[str, Any] | None = None
    fits: str | None = None
    below: str | None = None
    defs: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def applies(self) -> Any:
        """The compiled ``when``."""
        return compile_schema(self.when or {}, self.defs)

    @cached_property
    def demands(self) -> Any:
        """The compiled ``must``."""
        return compile_schema(self.must or {}, self.defs)


@dataclass(frozen=True)
class Provider:
    """An emulated provider, as its file describes it."""

    name: str
    models: Sequence[Model]
    checks: Sequence[Check]
    errors: Mapping[str, Mapping[str, Any]]
    """Name -> an error that is about no field, with its status."""
    body: Any
    """The error body, with ``$message`` and the like where the parts of an error go."""
    auth: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    replies: Sequence[Mapping[str, Any]]
    bodies: Mapping[str, Any] = field(default_factory=dict)
    """Name -> another body, for errors that ask for it."""
    defs: Mapping[str, Any] = field(default_factory=dict)
    """Schemas that checks and replies name."""
    _plans: dict[str, tuple[Check, ...]] = field(default_factory=dict, repr=False)

    def model(self, name: Any) -> Model | None:
        """Return the model of that id."""
        if not isinstance(name, str):
            return None
        by_id = (model for model in self.models if model.id == name)
        by_glob = (model for model in self.models if model.also and compile_globs(model.also)(name))
        return next(by_id, None) or next(by_glob, None)

    def refusal(self, payload: dict[str, Any], model: Model) -> Refusal | None:
        """Return what the provider answers instead of a completion, if it refuses the payload."""
        for check in self._plan(model.id):
            concerned = check.when is None or check.applies.is_valid(payload)
            if concerned and (refusal := next(self._failures(check, payload, model), None)):
                return replace(refusal, check=check.name)
        return None

    def _plan(self, model: str) -> tuple[Check, ...]:
        if model not in self._plans:
            self._plans[model] = tuple(check for check in self.checks if compile_globs(check.models)(model))
        return self._plans[model]

    def _failures(self, check: Check, payload: dict[str, Any], model: Model) -> Iterator[Refusal]:
        if check.fits:
            tokens = prompt_tokens(payload)
            if check.fits == "total":
                tokens += payload.get("max_completion_tokens") or payload.get("max_tokens") or 0
            if tokens > model.context:
                values = {"limit": model.context, "value": tokens, "model": payload["model"]}
                yield self._refuse(check.errors["*"], values)
        else:
            for error in check.demands.iter_errors(payload):
                values = {**describe(error, self.words, check.below), "model": payload["model"]}
                template = check.errors.get(str(error.validator)) or check.errors["*"]
                yield self._refuse(template, values)

    def error(self, name: str, **values: Any) -> Refusal:
        """Return one of the errors that are about no field."""
        return self._refuse(self.errors[name], values)

    def error_of_status(self, status: int) -> Refusal:
        """Return the first error of that status, or one in no provider's words."""
        for error in self.errors.values():
            if error.get("status") == status:
                return self._refuse(error, {"value": "", "model": ""})
        return self._refuse({"status": status, "message": f"emulated status {status}"}, {})

    def _refuse(self, error: Mapping[str, Any], values: Mapping[str, Any]) -> Refusal:
        template = {"type": "invalid_request_error", **error}
        texts = {key: text.format_map(values) for key, text in template.items() if isinstance(text, str)}
        parts = {"status": 400, **values, **template, **texts}
        body = self.bodies[template["body"]] if "body" in template else self.body
        return Refusal(parts["status"], fill(body, parts))

    def dialect(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return how the answer to a request looks: the entries of ``replies`` for it, later ones over earlier."""
        merged: dict[str, Any] = {}
        for entry in self.replies:
            if compile_globs(entry["models"])(payload["model"]) and self._fits(entry.get("when", {}), payload):
                merged |= entry
        return merged

    def thinks(self, payload: Mapping[str, Any], dialect: Mapping[str, Any]) -> bool:
        """Return whether the model thinks about that request, in a dialect that `dialect` returned."""
        return self._fits(dialect.get("reasoning", {"when": {"not": {}}})["when"], payload)

    def _fits(self, schema: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
        return not schema or bool(compile_schema(schema, self.defs).is_valid(payload))


def available() -> list[str]:
    """Return the names of the providers that can be emulated."""
    files = (resources.folder("schemas") / "accepts").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


@functools.cache
def load(name: str) -> Provider:
    """Return the emulated provider of that name.

    Raises:
        UnknownProviderError: no file describes what it accepts.
    """
    known = available()
    if name not in known:
        nearest = did_you_mean(name, known)
        hint = f"did you mean '{nearest}'?" if nearest else f"known: {', '.join(known)}"
        raise UnknownProviderError(f"no emulated provider '{name}': {hint}")
    file = resources.folder("schemas") / "accepts" / f"{name}.yaml"
    document = yaml_source.read(file.read_bytes(), f"schemas/accepts/{name}.yaml").data
    return Provider(
        name=document["provider"],
        models=[Model(item["id"], item["context"], tuple(item.get("also", ()))) for item in document["models"]],
        checks=[_check(item, document.get("defs", {})) for item in document["checks"]],
        errors=document["errors"],
        body=document["body"],
        auth=document["auth"],
        words=document.get("words", {}),
        replies=document["replies"],
        bodies=document.get("bodies", {}),
        defs=document.get("defs", {}),
    )


def _check(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Check:
    names = ("when", "must", "fits", "below")
    return Check(
        name=node["name"],
        models=node.get("models", ["*"]),
        errors=node["errors"] if "errors" in node else {"*": node["error"]},
        defs=defs,
        **{name: node[name] for name in names if name in node},
    )
