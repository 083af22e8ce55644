"""Histories that agents, trimmers and restarts leave behind: what goes out, the provider takes, or a rule says why not.

Calls and results are removed, moved and doubled, ids lost, arguments cut; drawn from a seeded `Random`.
"""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest
from tests.chat_payloads import calls, result, system, tool, user
from tests.running import exact
from tests.strategies import tried
from tests.test_accepted import MODELS, SILENT, refusal

from quirkbook import translate
from quirkbook.errors import RefusedError

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time

#: One model of each emulated provider, of those that use tools.
EVERY = [(name, models[-1]) for name, models in MODELS.items()]


def history(draw: Random) -> list[Any]:
    """Return a conversation in order: turns of one or two calls, their results, and what is said of them."""
    messages: list[Any] = [system("Be brief.")] if draw.random() < 0.5 else []
    for at in range(draw.randint(1, 3)):
        ids = tuple(f"call_{at}_{letter}" for letter in "ab"[: draw.randint(1, 2)])
        messages += [user(f"Question {at}"), calls(*["weather", "news"][: len(ids)], ids=ids)]
        messages += [result(each, f"answer to {each}") for each in ids]
        if draw.random() < 0.7:
            messages.append({"role": "assistant", "content": f"Answer {at}"})
    return [*messages, user("And now?")]


def _lose_id(draw: Random, message: Any) -> None:
    lost = draw.choice([None, ""])
    if message["role"] == "tool":
        message["tool_call_id"] = lost
    for call in message.get("tool_calls", ()):
        call["id"] = lost


def _cut_arguments(draw: Random, message: Any) -> None:
    for call in message.get("tool_calls", ()):
        call["function"]["arguments"] = draw.choice(['{"city": "Os', "", None, {"city": "Oslo"}, "not JSON"])


def malformed(draw: Random) -> list[Any]:
    """Return one in which something happened to calls and results."""
    messages = history(draw)
    for _ in range(draw.randint(1, 3)):
        places = [at for at, one in enumerate(messages) if one["role"] == "tool" or one.get("tool_calls")]
        if not places:
            break
        at = draw.choice(places)
        message = copy.deepcopy(messages[at])
        how = draw.choice(["remove", "move", "double", "lose", "cut", "part"])
        if how in ("remove", "move"):
            del messages[at]
        if how in ("move", "double"):
            messages.insert(draw.randint(0, len(messages)), message)
        elif how == "lose":
            _lose_id(draw, message)
        elif how == "cut":
            _cut_arguments(draw, message)
        elif how == "part" and len(message.get("tool_calls", ())) > 1:
            message["tool_calls"].pop(draw.randrange(2))
        if how in ("lose", "cut", "part"):
            messages[at] = message
    return messages


@pytest.mark.parametrize(("name", "model"), EVERY)
def test_a_malformed_history_is_accepted_once_translated_or_refused_by_a_rule(name, model):
    for seed in range(tried(60).max_examples):
        payload = {"model": model, "messages": malformed(Random(f"{name} {seed}")), "tools": [tool(), tool("news")]}
        try:
            sent = translate(payload, name, policy=SILENT)
        except RefusedError as refused:
            assert refused.change.note, seed
            continue

        assert refusal(name, sent) is None, (seed, json.dumps(payload), json.dumps(sent))
        assert exact(translate(sent, name, policy=SILENT)) == exact(sent), (seed, json.dumps(payload))
