"""Who translates an OpenAI chat payload for Moonshot, and the table of cases that each must get right first."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quirkbook import QuirkbookWarning, Rulebook, translate

Payload = dict[str, Any]
Contender = Callable[[Payload], Payload]

SEED = Path(__file__).parent / "seed"

ASK = {"role": "user", "content": "Please select a tool to handle the current issue."}

BASE: Payload = {
    "model": "moonshot-v1-8k",
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [
        {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
    ],
}

#: What each case adds to BASE.
CASES: list[Payload] = [
    {},
    {"temperature": 1.5},
    {"temperature": 1.0},
    {"temperature": 0.1},
    {"temperature": 0.1, "n": 1},
    {"temperature": 0.1, "n": 2},
    {"temperature": 0.3, "n": 2},
    {"temperature": 0.0, "n": 3},
    {"n": 4},
    {"tool_choice": "required"},
    {"tool_choice": "auto"},
    {"temperature": 2.0, "n": 2, "tool_choice": "required"},
    {"temperature": 0.2, "n": 2, "tool_choice": "required", "top_p": 0.5},
]


def reference(payload: Payload) -> Payload:
    """Say what is right, in the plainest way."""
    out = copy.deepcopy(payload)
    temperature = out.get("temperature")
    if temperature is not None and temperature > 1:
        out["temperature"] = 1
    if temperature is not None and temperature < 0.3 and (out.get("n") or 1) > 1:
        out["temperature"] = 0.3
    if out.get("tool_choice") == "required":
        out["messages"].append(dict(ASK))
        del out["tool_choice"]
    return out


def by_hand(payload: Payload) -> Payload:
    """Three ifs that copy only what they write: the practical limit."""
    out = payload
    temperature = payload.get("temperature")
    if temperature is not None:
        if temperature > 1:
            out = dict(payload)
            out["temperature"] = 1
        elif temperature < 0.3 and (payload.get("n") or 1) > 1:
            out = dict(payload)
            out["temperature"] = 0.3
    if payload.get("tool_choice") == "required":
        if out is payload:
            out = dict(payload)
        out["messages"] = [*payload["messages"], ASK]
        del out["tool_choice"]
    return out


def with_rules(rulebook: Rulebook) -> Contender:
    """Return translate() with that rulebook."""
    return lambda payload: translate(payload, "moonshot", rulebook=rulebook)


def litellm() -> Contender:
    """Return what litellm's completion() runs to translate a payload: options mapped, then the request made of them.

    Raises:
        ImportError: it is not installed.
    """
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no network
    from litellm.types.utils import LlmProviders
    from litellm.utils import ProviderConfigManager, get_optional_params

    def run(payload: Payload) -> Payload:
        payload = dict(payload)
        model = payload.pop("model")
        messages = payload["messages"]
        options = get_optional_params(model=model, custom_llm_provider="moonshot", **payload)
        config = ProviderConfigManager.get_provider_chat_config(model=model, provider=LlmProviders("moonshot"))
        options.pop("extra_body", None)
        return config.transform_request(
            model=model, messages=messages, optional_params=options, litellm_params={}, headers={}
        )

    return run


def contenders() -> tuple[dict[str, Contender], list[str]]:
    """Return all contenders by name, and in words those that are not here."""
    warnings.simplefilter("ignore", QuirkbookWarning)  # that a rule fired is not what is measured
    found: dict[str, Contender] = {
        "hand": by_hand,
        "deepcopy": copy.deepcopy,
        "seed": with_rules(Rulebook.load(SEED, builtin=False)),
        "full": with_rules(Rulebook.load()),
    }
    try:
        found["litellm"] = litellm()
    except ImportError as error:
        return found, [f"litellm is not installed ({error}): its rows and the targets that are about it are left out"]
    return found, []


def mistakes(name: str, run: Contender, payloads: dict[str, Payload]) -> list[str]:
    """Return in words what a contender gets wrong on the table of cases and on the benchmark's own payloads."""
    right = copy.deepcopy if name == "deepcopy" else reference
    found = []
    for label, payload in [*((json.dumps(case), {**BASE, **case}) for case in CASES), *payloads.items()]:
        given = copy.deepcopy(payload)
        if _plain(run(given)) != _plain(right(payload)):
            found.append(f"{name} gets {label} wrong")
        if given != payload:
            found.append(f"{name} touches its input at {label}")
    return found


def _plain(payload: Payload) -> Payload:
    """Return the payload as JSON data, without `stream: false`, which LiteLLM adds and which says nothing."""
    plain: Payload = json.loads(json.dumps(payload))
    if plain.get("stream") is False:
        del plain["stream"]
    return plain
