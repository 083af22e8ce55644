# A pydantic-ai agent with the rules in its HTTP client: pip install 'pydantic-ai-slim[openai]' '.[serve]'
# in a checkout of Quirkbook.
# First, in another terminal: quirkbook emulate moonshot
import asyncio
import os

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from quirkbook.adapters import httpx


async def main() -> None:
    async with httpx.async_client(provider="moonshot", library="httpx") as client:  # pydantic-ai is built on httpx
        provider = OpenAIProvider(
            base_url=os.environ.get("MOONSHOT_API_BASE", "http://127.0.0.1:8001/v1"),
            api_key=os.environ.get("MOONSHOT_API_KEY", "sk-any"),
            http_client=client,
        )
        model = OpenAIChatModel("moonshot-v1-8k", provider=provider)
        agent = Agent(model, model_settings={"temperature": 1.4})  # Moonshot takes up to 1
        answer = await agent.run("Hi")
        print(answer.output)
        async with agent.run_stream("Hi") as stream:
            print(await stream.get_output())


asyncio.run(main())
