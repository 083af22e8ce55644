# LangChain's ChatOpenAI with the rules in its HTTP clients: pip install langchain-openai '.[serve]' in a checkout of Quirkbook
# First, in another terminal: quirkbook emulate moonshot
import asyncio
import os

from langchain_openai import ChatOpenAI

from quirkbook.adapters import httpx


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"Sunny in {city}."


async def main() -> None:
    async with httpx.async_client(provider="moonshot") as async_client:
        with httpx.client(provider="moonshot") as client:
            model = ChatOpenAI(
                model="moonshot-v1-8k",
                base_url=os.environ.get("MOONSHOT_API_BASE", "http://127.0.0.1:8001/v1"),
                api_key=os.environ.get("MOONSHOT_API_KEY", "sk-any"),
                temperature=1.4,  # Moonshot takes up to 1
                include_response_headers=True,
                http_client=client,
                http_async_client=async_client,
            )
            answer = model.invoke("Hi")
            print(answer.content, "|", answer.response_metadata["headers"]["x-quirkbook-rules"])
            print("".join(piece.content for piece in model.stream("Hi")))
            print((await model.ainvoke("Hi")).content)
            print(model.bind_tools([weather], tool_choice="required").invoke("Use a tool").tool_calls[0]["name"])


asyncio.run(main())
