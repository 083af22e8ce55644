"""The way back: a provider's answer in, the answer an OpenAI client expects out. Pure, without sockets.

Answers, chunks of a stream and error bodies go through the rules of their stage; what no rule touches is passed
on as the very same object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model import MISSING, Change, Effect, same
from ..payload.draft import Edit
from ..plan.compile import CompiledRule, Plan, own_rule
from ..plan.interpret import Run, change, changes, run
from ..plan.look import Schemas
from ..rulebook.rulebook import Rulebook
from ..wire import provider_errors
from . import Translation, default_rulebook, tool_names


def translate_response(
    body: Any,
    provider: str,
    *,
    model: str | None = None,
    request: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    rulebook: Rulebook | None = None,
) -> Any:
    """Return a provider's answer in OpenAI's shape; ``request`` is the translated request it answers.

    ``model`` says which model answered, where the request's own name for it does not (``base_model`` of `translate`).
    ``names`` are the `Translation.names` of that request: tools that rules renamed are called by the caller's names
    again. Without it ``request`` may be the caller's own request, of which they are worked out.

    >>> translate_response({"choices": [], "usage": {"cached_tokens": 7}}, "moonshot")["usage"]["prompt_tokens_details"]
    {'cached_tokens': 7}

    Raises:
        UnknownProviderError: no rules are known for that provider.
    """
    return explain_response(body, provider, model=model, request=request, names=names, rulebook=rulebook).payload


def explain_response(
    body: Any,
    provider: str,
    *,
    model: str | None = None,
    request: Mapping[str, Any] | None = None,
    names: Mapping[str, str] | None = None,
    rulebook: Rulebook | None = None,
) -> Translation:
    """Do what `translate_response` does and tell all about it.

    An answer that is an error, though its status says that all is well, has an ``error_class``, and the ``status`` that it
    should have had.

    >>> done = explain_response({"usage": {"cached_tokens": 7}}, "moonshot")
    >>> done.changes[0].rule, done.changes[0].pointer
    ('moonshot/cached-tokens-in-details', '/usage/prompt_tokens_details')

    Raises:
        UnknownProviderError: no rules are known for that provider.
    """
    if provider_errors.is_error(body):
        return explain_error(body, provider, 200, model=model, request=request, rulebook=rulebook)
    done = _run("response", body, provider, model, request, 200, rulebook, names)
    if done is None:
        return Translation(body, (), provider, model)
    if done.failed is None:
        return Translation(done.root if done.fired else body, changes(done), provider, model)
    return _failed(done, provider, model, request, rulebook)


def _failed(
    done: Run, provider: str, model: str | None, request: Mapping[str, Any] | None, rulebook: Rulebook | None
) -> Translation:
    """Return the error that a rule has made of an answer or a chunk, as the rules on errors leave it."""
    named, status = done.failed or (None, None)
    error = explain_error(done.root, provider, 200, model=model, request=request, rulebook=rulebook)
    error_class, meant = provider_errors.classify(error.payload, status, named)
    return replace(error, changes=changes(done) + error.changes, error_class=error_class, status=meant)


def translate_error(
    body: Any,
    provider: str,
    status: int,
    *,
    model: str | None = None,
    request: Mapping[str, Any] | None = None,
    rulebook: Rulebook | None = None,
) -> Any:
    """Return the body of an error in OpenAI's shape, ``{"error": {"message", "type", "param", "code", ...}}``.

    ``body`` is what the provider sent: an object, a list, a text, an event of a stream. Further keys of its error stay.

    >>> translate_error([{"error": {"message": "no", "type": "t"}}], "moonshot", 400)
    {'error': {'message': 'no', 'type': 't', 'param': None, 'code': None}}

    Raises:
        UnknownProviderError: no rules are known for that provider.
    """
    return explain_error(body, provider, status, model=model, request=request, rulebook=rulebook).payload


def explain_error(
    body: Any,
    provider: str,
    status: int,
    *,
    model: str | None = None,
    request: Mapping[str, Any] | None = None,
    rulebook: Rulebook | None = None,
) -> Translation:
    """Do what `translate_error` does and tell all about it, ``error_class`` and ``status`` too.

    >>> explain_error({"error": {"message": "Insufficient Balance"}}, "deepseek", 402).error_class
    <ErrorClass.NO_MONEY: 'no_money'>

    Raises:
        UnknownProviderError: no rules are known for that provider.
    """
    made: list[Change] = []
    opened = provider_errors.opened(body)
    if opened is not body:
        made.append(_whole(body, opened, "the object that it holds"))
    done = _run("error", opened, provider, model, request, status, rulebook)
    made += changes(done) if done else ()
    told = done.root if done and done.fired else opened
    shaped: dict[str, Any] = provider_errors.normalise(told, status)
    if same(told, shaped):
        shaped = told
    else:
        made.append(_whole(told, shaped, "OpenAI's error object"))
    named, said = (done and done.failed) or (None, None)
    error_class, meant = provider_errors.classify(shaped, said or status, named)
    return Translation(shaped, tuple(made), provider, model, error_class=error_class, status=meant)


_SHAPE = own_rule("error-shape", "OpenAI's clients read an error as an object with message, type, param and code.")


def _whole(before: Any, after: Any, note: str) -> Change:
    """Return the change of a whole body."""
    lost = [key for key in before if key != "error"] if isinstance(before, dict) and before.get("error") else []
    if lost:
        note += f"; left out beside it: {', '.join(map(str, lost))}"
    effect = Effect.LOSSY if lost else Effect.EXACT
    return change(_SHAPE, ("shape", effect, (), before, after, None, note))


def _run(
    stage: str,
    body: Any,
    provider: str,
    model: str | None,
    request: Mapping[str, Any] | None,
    status: int,
    rulebook: Rulebook | None,
    names: Mapping[str, str] | None = None,
) -> Run | None:
    book = rulebook or default_rulebook()
    plan = book.plan(provider, _model(model, request), stage=stage)
    if not isinstance(body, dict):
        return None
    if names is None and stage == "response" and request and any(tool_names.named_in(body)):
        names = tool_names.worked_out(book.plan(provider, _model(model, request)), request)
    numbers = plan.look.rules(body, Schemas(body)) if plan.rules else ()
    if not numbers and not names:
        return None
    done = Run(plan, body)
    done.request = MISSING if request is None else request
    done.status = status
    run(done, None, numbers)
    if names:
        tool_names.bring_back(done, names)
    return done


def _model(model: str | None, request: Mapping[str, Any] | None) -> str | None:
    named = model if model is not None else (request or {}).get("model")
    return named if isinstance(named, str) else None


class ChunkTranslator:
    """The chunks of one stream in OpenAI's shape, one after the other. Not to be shared between streams.

    >>> stream = ChunkTranslator("moonshot")
    >>> chunk = {"choices": [{"index": 0, "delta": {"content": "Hi"}}]}
    >>> stream.feed(chunk)[0] is chunk
    True
    """

    def __init__(
        self,
        provider: str,
        *,
        model: str | None = None,
        request: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
        rulebook: Rulebook | None = None,
        plan: Plan | None = None,
    ) -> None:
        self._provider, self._model, self._rulebook = provider, model, rulebook
        book = rulebook or default_rulebook()
        self._plan = plan or book.plan(provider, _model(model, request), stage="chunk")
        self._names = names
        """Of tools, as sent -> the caller's; None: worked out when the first is called."""
        self._of_requests = book.plan(provider, _model(model, request)) if names is None and request else None
        self._request: Any = MISSING if request is None else request
        self._memories: dict[Any, Any] = {}
        self._first: dict[str, tuple[CompiledRule, Edit]] = {}
        """Rule -> its first edit, which becomes a change when somebody asks."""
        self.failure: Translation | None = None
        """The error that a chunk was, with its class and the status that it stands for; None: all went well so far."""

    @property
    def idle(self) -> bool:
        """Whether no rule can ever fire: then the bytes of the stream need no look."""
        return not self._plan.rules and not self._names and not self._of_requests

    @property
    def changes(self) -> tuple[Change, ...]:
        """The first change of each rule that fired, and all of an error's."""
        made = tuple(change(rule, edit) for rule, edit in self._first.values())
        return made + self.failure.changes if self.failure else made

    def feed(self, chunk: Any) -> list[Any]:
        """Return what to pass on for a chunk: itself if untouched, nothing if it goes.

        A chunk that is an error becomes OpenAI's error object, and `failure` holds the report on it.
        """
        if provider_errors.is_error(chunk):
            return self._fail(self.explain(chunk))
        if not isinstance(chunk, dict):
            return [chunk]
        numbers, names = self._plan.look.rules(chunk, Schemas(chunk)), self._names_of(chunk)
        if not numbers and not names:
            return [chunk]
        done = Run(self._plan, chunk)
        done.request, done.memories = self._request, self._memories
        run(done, None, numbers)
        if done.failed is not None:
            return self._fail(_failed(done, self._provider, **self._context()))
        if names:
            tool_names.bring_back(done, names)
        for rule, first, _ in done.fired:
            if rule.name not in self._first:
                self._first[rule.name] = (rule, done.edits[first])
        passed = [] if done.gone else [done.root if done.fired else chunk]
        return [*(each for one in done.ahead for each in self.feed(one)), *passed] if done.ahead else passed

    def explain(self, error: Any) -> Translation:
        """Return the report on an event that is an error."""
        return explain_error(error, self._provider, 200, **self._context())

    def _context(self) -> dict[str, Any]:
        request = None if self._request is MISSING else self._request
        return {"model": self._model, "request": request, "rulebook": self._rulebook}

    def _fail(self, failure: Translation) -> list[Any]:
        self.failure = failure
        return [failure.payload]

    def _names_of(self, chunk: Any) -> Mapping[str, str]:
        """Return the names to bring back, which are worked out when a chunk first calls a tool."""
        if self._names is None and self._of_requests and any(tool_names.named_in(chunk)):
            self._names = tool_names.worked_out(self._of_requests, self._request)
        return self._names or {}

    def close(self, *, cut: bool = False) -> list[Any]:
        """Return the chunks still owed when the stream has ended; ``cut``: it broke off before it said that it was done."""
        memories = sorted(self._memories.values(), key=lambda memory: memory.rank)
        owed = [passed for memory in memories for chunk in memory.close(cut) for passed in self.feed(chunk)]
        self._memories.clear()
        return owed
