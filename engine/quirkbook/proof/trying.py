"""Drafts that are tried: the request is made as small as still refused, and the repair must be taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..authoring.examples import run_alone
from ..model import Example
from .drafts import Lesson, Refused, learn
from .examples import owned_draft
from .exchange import Exchange
from .refusals import Wordings
from .session import Endpoint

#: Requests that one refusal may cost.
MOST_TRIES: Final = 40


@dataclass
class Tries:
    """An endpoint that is asked so many times and no more."""

    endpoint: Endpoint
    left: int = MOST_TRIES

    def send(self, request: Mapping[str, Any]) -> Exchange | None:
        """Return the answer to a request; None where no try is left.

        Raises:
            APIConnectionError: there was no answer.
        """
        if self.left <= 0:
            return None
        self.left -= 1
        return self.endpoint.send(request)


def learn_by_trying(refused: Refused, tries: Tries, wordings: Wordings) -> list[Lesson]:
    """Return what a refusal teaches, from a request without anything that it does not need, each repair tried.

    A repair that the endpoint takes is ``verified`` by ``live``. Where the words say too little, fields are left out one
    at a time until the request is taken.

    Raises:
        APIConnectionError: there was no answer.
    """
    request = dict(refused.payload or {})
    first = tries.send(request)
    if first is None or first.is_taken:
        return [Lesson(refused.provider, None, None, None, ("the request is taken now: there is nothing to learn",))]
    if not first.is_refused:
        return [Lesson(refused.provider, None, None, None, (f"status {first.status}: {first.words}",))]
    request = _smallest(request, first, tries)
    again = replace(refused, payload=request, error=first.body)
    lessons = [_proven(lesson, request, tries) for lesson in learn(again, wordings)]
    if any(lesson.is_sound for lesson in lessons):
        return lessons
    return [_culprit(again, request, tries, wordings) or lessons[0], *lessons[1:]]


def _smallest(request: dict[str, Any], first: Exchange, tries: Tries) -> dict[str, Any]:
    """Return what is left of a request when all is taken out without which it is refused in the same words."""
    words = _plain(first.words)
    for smaller in _without_one(request):
        answer = tries.send(smaller(request))
        if answer is not None and answer.is_refused and _plain(answer.words) == words:
            request = smaller(request)
    return request


def _without_one(request: Mapping[str, Any]) -> Iterator[Any]:
    """Yield functions that take one field, or one message, out of what is left of a request."""
    for key in request:
        if key not in ("model", "messages"):
            yield lambda left, key=key: {name: value for name, value in left.items() if name != key}
    messages = request.get("messages")
    for message in messages[:-1] if isinstance(messages, list) else ():
        yield lambda left, gone=message: {**left, "messages": [each for each in left["messages"] if each is not gone]}


def _plain(text: str) -> str:
    return re.sub(r"\d+|'[^']*'", "", text)


def _proven(lesson: Lesson, request: Mapping[str, Any], tries: Tries) -> Lesson:
    """Return a lesson whose repair was tried on the request."""
    if lesson.rule is None or lesson.missing:
        return lesson
    done = run_alone(owned_draft(lesson.provider, lesson.rule), Example(request))
    if done.refusals:
        return lesson
    answer = tries.send(done.root)
    if answer is None:
        return lesson
    if answer.is_taken:
        return replace(lesson, rule={**lesson.rule, "verified": {**lesson.rule["verified"], "by": "live"}})
    return replace(lesson, missing=(f"the repair was tried and refused: {answer.words}",))


def _culprit(refused: Refused, request: Mapping[str, Any], tries: Tries, wordings: Wordings) -> Lesson | None:
    """Return a draft that leaves out the one field without which the request is taken."""
    for key in request:
        if key in ("model", "messages"):
            continue
        answer = tries.send({name: value for name, value in request.items() if name != key})
        if answer is not None and answer.is_taken:
            told = replace(refused, error=f"property '{key}' is unsupported")
            [lesson, *_] = learn(told, wordings)
            if lesson.rule is None:
                return None
            why = f"{refused.provider} takes this request only without {key}."
            live = {**lesson.rule["verified"], "by": "live"}
            return replace(lesson, rule={**lesson.rule, "why": why, "verified": live})
    return None
