"""Answers as objects of pydantic, asked for in each way that clients and frameworks have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal

import pytest

import quirkbook
from quirkbook.adapters import httpx as adapter

pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed: see tests/peers.txt")

KEY: Final = "sk-test"
ASKED: Final = "Plan a trip."
Way = Callable[[str, str, str], Any]
"""(provider, model, address) -> the object."""


class Stop(pydantic.BaseModel):
    """A place to stay at."""

    city: str = pydantic.Field(min_length=2)
    days: int = pydantic.Field(gt=0, le=7)


class Trip(pydantic.BaseModel):
    """A trip."""

    kind: Literal["short", "long"]
    stops: list[Stop]
    note: str | None = None


def completion(provider: str, model: str, url: str) -> Any:
    asked = [{"role": "user", "content": ASKED}]
    answer = quirkbook.completion(
        model, asked, provider=provider, base_url=url, api_key=KEY, response_format=Trip, policy={"semantic": "allow"}
    )
    return Trip.model_validate_json(answer.choices[0].message.content)


def openai_parse(provider: str, model: str, url: str) -> Any:
    openai = pytest.importorskip("openai", reason="openai is not installed: see the extra test")
    with adapter.client(provider) as client:
        sdk = openai.OpenAI(base_url=url, api_key=KEY, http_client=client, max_retries=0)
        answer = sdk.chat.completions.parse(
            model=model, messages=[{"role": "user", "content": ASKED}], response_format=Trip
        )
        return answer.choices[0].message.parsed


def langchain(provider: str, model: str, url: str) -> Any:
    chat = pytest.importorskip("langchain_openai", reason="langchain_openai is not installed: see tests/peers.txt")
    with adapter.client(provider) as client:
        asked = chat.ChatOpenAI(model=model, base_url=url, api_key=KEY, http_client=client, max_retries=0)
        return asked.with_structured_output(Trip).invoke(ASKED)


def _instructor(mode: str) -> Way:
    def ask(provider: str, model: str, url: str) -> Any:
        package, openai = (
            pytest.importorskip("instructor", reason="instructor is not installed: see tests/peers.txt"),
            pytest.importorskip("openai", reason="openai is not installed: see the extra test"),
        )
        with adapter.client(provider) as client:
            sdk = openai.OpenAI(base_url=url, api_key=KEY, http_client=client, max_retries=0)
            asked = package.from_openai(sdk, mode=package.Mode[mode])
            return asked.chat.completions.create(
                model=model, messages=[{"role": "user", "content": ASKED}], response_model=Trip, max_retries=0
            )

    ask.__name__ = f"instructor_{mode.lower()}"
    return ask


def _pydantic_ai(kind: str) -> Way:
    def ask(provider: str, model: str, url: str) -> Any:
        package = pytest.importorskip("pydantic_ai", reason="pydantic_ai is not installed: see tests/peers.txt")
        models, providers = (
            pytest.importorskip(
                f"pydantic_ai.{part}.openai", reason="pydantic_ai is not installed: see tests/peers.txt"
            )
            for part in ("models", "providers")
        )

        async def main() -> Any:
            async with adapter.async_client(provider) as client:
                served = providers.OpenAIProvider(base_url=url, api_key=KEY, http_client=client)
                asked = models.OpenAIChatModel(model, provider=served)
                return (await package.Agent(asked, output_type=getattr(package, kind)(Trip)).run(ASKED)).output

        return asyncio.run(main())

    ask.__name__ = f"pydantic_ai_{kind}"
    return ask


def openai_agents(provider: str, model: str, url: str) -> Any:
    package, openai = (
        pytest.importorskip("agents", reason="agents is not installed: see tests/peers.txt"),
        pytest.importorskip("openai", reason="openai is not installed: see the extra test"),
    )
    package.set_tracing_disabled(disabled=True)

    async def main() -> Any:
        async with adapter.async_client(provider) as client:
            sdk = openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=client, max_retries=0)
            served = package.OpenAIChatCompletionsModel(model, sdk)
            agent = package.Agent(name="a", model=served, output_type=Trip)
            return (await package.Runner.run(agent, ASKED)).final_output

    return asyncio.run(main())


WAYS: Final[tuple[Way, ...]] = (
    completion,
    openai_parse,
    langchain,
    *map(_instructor, ("JSON", "MD_JSON", "JSON_SCHEMA")),
    *map(_pydantic_ai, ("NativeOutput", "PromptedOutput")),
    openai_agents,
)
