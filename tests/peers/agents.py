"""Streamed tool loops of agent frameworks, each as its own documentation writes them: asked once, run to the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from quirkbook.adapters import httpx as adapter

KEY: Final = "sk-test"
Loop = Callable[[str, str, str, str], str]
"""(provider, model, address, what to ask) -> the last answer."""


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"Sunny in {city}"


def langchain(provider: str, model: str, url: str, asked: str) -> str:
    chat, messages = (
        pytest.importorskip("langchain_openai", reason="langchain_openai is not installed: see tests/peers.txt"),
        pytest.importorskip("langchain_core.messages", reason="langchain_core is not installed: see tests/peers.txt"),
    )
    history: list[Any] = [messages.HumanMessage(asked)]
    with adapter.client(provider) as client:
        agent = chat.ChatOpenAI(model=model, base_url=url, api_key=KEY, http_client=client, max_retries=0)
        tooled = agent.bind_tools([weather])
        while True:
            first, *others = tooled.stream(history)
            answer = sum(others, first)
            if not answer.tool_calls:
                return str(answer.content)
            results = [
                messages.ToolMessage(weather(**one["args"]), tool_call_id=one["id"]) for one in answer.tool_calls
            ]
            history += [answer, *results]


def pydantic_ai(provider: str, model: str, url: str, asked: str) -> str:
    package = pytest.importorskip("pydantic_ai", reason="pydantic_ai is not installed: see tests/peers.txt")
    models, providers = (
        pytest.importorskip(f"pydantic_ai.{part}.openai", reason="pydantic_ai is not installed: see tests/peers.txt")
        for part in ("models", "providers")
    )

    async def main() -> str:
        async with adapter.async_client(provider) as client:
            served = providers.OpenAIProvider(base_url=url, api_key=KEY, http_client=client)
            agent = package.Agent(models.OpenAIChatModel(model, provider=served), tools=[weather])
            async with agent.run_stream(asked) as stream:
                return str(await stream.get_output())

    return asyncio.run(main())


def openai_agents(provider: str, model: str, url: str, asked: str) -> str:
    package, openai = (
        pytest.importorskip("agents", reason="agents is not installed: see tests/peers.txt"),
        pytest.importorskip("openai", reason="openai is not installed: see the extra test"),
    )
    package.set_tracing_disabled(disabled=True)

    async def main() -> str:
        async with adapter.async_client(provider) as client:
            sdk = openai.AsyncOpenAI(base_url=url, api_key=KEY, http_client=client, max_retries=0)
            served = package.OpenAIChatCompletionsModel(model, sdk)
            agent = package.Agent(name="a", model=served, tools=[package.function_tool(weather)])
            run = package.Runner.run_streamed(agent, asked)
            async for _ in run.stream_events():
                pass
            return str(run.final_output)

    return asyncio.run(main())


def litellm(provider: str, model: str, url: str, asked: str) -> str:
    package = pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")
    from quirkbook.adapters import litellm as beneath

    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    history: list[Any] = [{"role": "user", "content": asked}]
    beneath.install(provider)
    try:
        while True:
            answer = package.completion(
                model=f"openai/{model}",
                messages=history,
                tools=[{"type": "function", "function": {"name": "weather", "parameters": parameters}}],
                stream=True,
                api_base=url,
                api_key=KEY,
                max_retries=0,
            )
            message = _joined(list(answer))
            history.append(message)
            if not message.get("tool_calls"):
                return str(message["content"])
            for call in message["tool_calls"]:
                result = weather(**json.loads(call["function"]["arguments"]))
                history.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    finally:
        beneath.uninstall()


def _joined(chunks: list[Any]) -> dict[str, Any]:
    """Return the message of a stream: LiteLLM's own way counts tokens, and asks the network for a tokenizer."""
    calls: dict[int, Any] = {}
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for delta in (chunk.choices[0].delta for chunk in chunks if chunk.choices):
        message["content"] += delta.content or ""
        if thought := getattr(delta, "reasoning_content", None):
            message["reasoning_content"] = message.get("reasoning_content", "") + thought
        for part in delta.tool_calls or ():
            if part.index in calls:
                calls[part.index]["function"]["arguments"] += part.function.arguments or ""
            else:
                calls[part.index] = part.model_dump()
    return {**message, "tool_calls": list(calls.values())} if calls else message


LOOPS: Final[tuple[Loop, ...]] = (langchain, pydantic_ai, openai_agents, litellm)
