"""Every provider with models of every family: translating is done after one pass, and who keeps which family's rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.chat_payloads import PAYLOADS
from tests.corpus import CORPUS, Payload

from quirkbook import RefusedError, Rulebook, translate
from quirkbook.authoring.examples import owned_rules
from quirkbook.authoring.support import has_rules
from quirkbook.rulebook.rulebook import GENERIC

pytestmark = pytest.mark.no_cover  # the same code over and over: coverage would double the time

BOOK = Rulebook.load()
IN_FORCE = Path(__file__).parent / "data" / "families_in_force.yml"
ALLOW = {"lossy": "allow", "semantic": "allow"}

#: Family -> ids that between them meet the bounds of its rules, spelt as makers, gateways and hosts do.
MODELS: dict[str, Sequence[str]] = {
    "claude": ("claude-3-5-haiku-20241022", "claude-sonnet-4-5", "anthropic/claude-opus-4.8", "claude-fable-5-2"),
    "command": ("command-a-03-2025",),
    "deepseek": ("deepseek-r1", "DeepSeek-V3.1", "deepseek-v4-pro", "deepseek-flash"),
    "doubao": ("doubao-1-5-lite-32k-250115", "doubao-seed-2-0-pro-260215"),
    "gemini": ("gemini-2.5-pro", "google/gemini-3.8-flash"),
    "gemma": ("google/gemma-2-9b-it", "gemma-3-27b-it"),
    "glm": ("zai-org/GLM-4.6", "glm-5.2", "accounts/fireworks/models/glm-5p3"),
    "gpt-oss": ("openai/gpt-oss-120b",),
    "granite": ("granite-4.0-h-small",),
    "grok": ("grok-3-mini", "grok-4-fast-reasoning", "x-ai/grok-4.6"),
    "hunyuan": ("hunyuan-turbos-latest",),
    "kimi": ("moonshot-v1-8k", "kimi-k2.5", "moonshotai/kimi-k2.6", "kimi-k2.7-code", "kimi-k3", "kimi-for-coding"),
    "llama": ("llama-2-13b-chat", "meta-llama/Llama-3.3-70B-Instruct"),
    "mimo": ("mimo-v2-pro",),
    "minimax": ("MiniMaxAI/MiniMax-M2.5", "MiniMax-M3"),
    "mistral": ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-large-4"),
    "muse": ("muse-spark-1.3",),
    "nemotron": ("nemotron-4-340b-instruct",),
    "nova": ("amazon.nova-pro-v1:0",),
    "openai": ("gpt-4o", "o1-mini", "o3-mini", "gpt-5", "openai/gpt-5.4", "gpt-5.6-sol"),
    "phi": ("phi-4",),
    "qwen": ("qwq-32b", "qwen3-32b", "qwen-plus", "Qwen/Qwen3.8-27B"),
    "step": ("step-3.5-flash",),
}

#: All with rules of their own; of those without, one of each kind that there is.
PROVIDERS = [name for name in BOOK.providers if has_rules(BOOK, name, "no-model") or name == GENERIC]
_OTHERS = {json.dumps(BOOK.provider(name).head.get("serves")): name for name in BOOK.providers if name not in PROVIDERS}
PROVIDERS += sorted(_OTHERS.values())

REQUESTS: list[Payload] = [
    {key: value for key, value in request.items() if key != "model"}
    for request in (
        *CORPUS,
        *PAYLOADS.values(),
        *(
            example.given
            for owned in owned_rules(BOOK)
            if owned.rule.stage == "request"
            for example in owned.rule.examples
            if isinstance(example.given, dict)
        ),
    )
]


def requests(draw: Random, count: int) -> list[Payload]:
    """Draw requests: those of applications and of examples as they are, and as many with the keys of two of them."""
    pairs = zip(draw.choices(REQUESTS, k=count), draw.choices(REQUESTS, k=count), strict=True)
    return [{**base, **more} if index % 2 else base for index, (base, more) in enumerate(pairs)]


def changed_again(provider: str, count: int) -> list[tuple[Payload, Any]]:
    """Return (translated once, translated twice) where they differ, over ``count`` requests for each model."""
    draw = Random(f"{provider} {count}")
    differing: list[tuple[Payload, Any]] = []
    for model in (model for models in MODELS.values() for model in models):
        for request in requests(draw, count):
            try:
                once = translate({"model": model, **request}, provider, policy=ALLOW)
            except RefusedError:
                continue
            try:
                twice: Any = translate(once, provider, policy=ALLOW)
            except RefusedError as error:
                twice = str(error)
            if twice != once:
                differing.append((once, twice))
    return differing


def test_there_are_models_of_every_family_and_each_says_its_family():
    read = {model: family for family, models in MODELS.items() for model in models}

    assert {model: str(BOOK.identify(model, "moonshot")).split()[0] for model in read} == read
    assert MODELS.keys() == BOOK.naming.keys()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_second_pass_changes_nothing_whoever_serves_whichever_model(provider):
    assert changed_again(provider, 3) == []


@pytest.mark.nightly
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_second_pass_changes_nothing_at_night(provider):
    assert changed_again(provider, 120) == []


def in_force(provider: str, family: str) -> str:
    """Say which rules of a family are in force at a provider: all, none, all without some, or a few."""
    every = [rule.id for rule in BOOK.rules() if rule.family and rule.owner == family]
    entries = BOOK.effective(provider, MODELS[family][-1])
    kept = {
        entry.rule.id for entry in entries if entry.rule.family and entry.rule.owner == family and not entry.disabled
    }
    missing = [id for id in every if id not in kept]
    if not missing or not kept:
        return "none" if missing else "all"
    return f"all but {', '.join(missing)}" if len(missing) < len(kept) else f"only {', '.join(sorted(kept))}"


def test_whose_rules_are_in_force_where_is_as_recorded(data_regression):
    families = sorted({rule.owner for rule in BOOK.rules() if rule.family} & MODELS.keys())
    groups: dict[str, list[str]] = {}
    for provider in BOOK.providers:
        row = {family: in_force(provider, family) for family in families}
        groups.setdefault(json.dumps({family: kept for family, kept in row.items() if kept != "none"}), []).append(
            provider
        )
    record = [{"providers": names, "in force": json.loads(row)} for row, names in groups.items()]

    data_regression.check(record, fullpath=IN_FORCE)  # written anew by pytest --force-regen; read what changes
