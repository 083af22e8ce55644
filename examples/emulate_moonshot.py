# In a checkout of Quirkbook: pip install '.[openai,serve]'
# First, in another terminal: quirkbook emulate moonshot
import os

from openai import BadRequestError, OpenAI

from quirkbook.adapters import httpx

where = {"base_url": os.environ.get("MOONSHOT_API_BASE", "http://127.0.0.1:8001/v1"), "api_key": "sk-any"}
asked = {"model": "moonshot-v1-8k", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1.4}

with OpenAI(**where) as raw, OpenAI(**where, http_client=httpx.client(provider="moonshot")) as adapted:
    try:
        raw.chat.completions.create(**asked)
    except BadRequestError as error:
        print("raw:    ", error)
    answer = adapted.chat.completions.with_raw_response.create(**asked)
    print("adapted:", answer.parse().choices[0].message.content)
    for change in answer.http_response.extensions["quirkbook"].changes:
        print("because:", f"{change.rule} {change.pointer}: {change.before} -> {change.after}. {change.why}")
