"""Requests that the emulated providers refuse: provider -> check -> a model and what the request has beside it.

One for each check of the files that `test_refusals` names, so that every check is known to bite.
"""

from __future__ import annotations

from typing import Any

ASKED = {"role": "user", "content": "Hi"}
SYSTEM = {"role": "system", "content": "Be brief."}
SAID = {"role": "assistant", "content": "Hello."}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
NAMED = {"type": "function", "function": {"name": "look"}}
CUSTOM = {"type": "custom", "custom": {"name": "run"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
JSON = {"type": "json_object"}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "it", "schema": {"type": "object"}}}
LONG = [{"role": "user", "content": "word " * 1_100_000}]


def said(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": list(messages)}


def call(one: str = "abc123def", arguments: str = "{}", **more: Any) -> dict[str, Any]:
    made = {"id": one, "type": "function", "function": {"name": "look", "arguments": arguments}}
    return {"role": "assistant", "content": "", "tool_calls": [made], **more}


def result(one: str = "abc123def", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": one, "content": "sun", **more}


def tool(**function: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {**TOOL["function"], **function}}]}


Refused = dict[str, tuple[str, dict[str, Any]]]

REFUSED: dict[str, Refused] = {
    "deepseek": {
        "roles": ("deepseek-v4-pro", said({"role": "developer", "content": "Be brief."}, ASKED)),
        "empty-lists": ("deepseek-v4-pro", said(ASKED, call(content=[], reasoning_content=""), result())),
        "text-only": ("deepseek-v4-pro", said({"role": "user", "content": [PICTURE]})),
        "types": ("deepseek-v4-pro", {"thinking": True}),
        "effort-values": ("deepseek-v4-pro", {"reasoning_effort": "off"}),
        "assistant-says-something": ("deepseek-v4-pro", said(ASKED, {"role": "assistant", "content": None}, ASKED)),
        "tool-result-without-call": ("deepseek-v4-pro", said(ASKED, result())),
        "tool-call-without-result": ("deepseek-chat", said(ASKED, call(), ASKED)),
        "reasoning-comes-back": ("deepseek-v4-flash", said(ASKED, call(), result())),
        "reasoning-comes-back-to-the-reasoner": ("deepseek-reasoner", said(ASKED, call(), result())),
        "forced-tool-while-thinking": ("deepseek-v4-pro", {"tools": [TOOL], "tool_choice": "required"}),
        "one-choice": ("deepseek-v4-pro", {"n": 2}),
        "top-p-range": ("deepseek-v4-pro", {"top_p": 0}),
        "max-tokens-range": ("deepseek-v4-pro", {"max_tokens": 393217}),
        "top-logprobs-want-logprobs": ("deepseek-v4-pro", {"top_logprobs": 2}),
        "stream-options-want-stream": ("deepseek-v4-pro", {"stream_options": {"include_usage": True}}),
        "tools-have-names": ("deepseek-v4-pro", tool(name="")),
        "tool-names": ("deepseek-v4-pro", tool(name="a b")),
        "tool-choice": ("deepseek-chat", {"tools": [TOOL], "tool_choice": {"type": "any"}}),
        "response-format-types": ("deepseek-v4-pro", {"response_format": SCHEMA}),
        "json-mode-wants-the-word": ("deepseek-v4-pro", {"response_format": JSON}),
        "prompt-and-answer-fit": ("deepseek-v4-pro", {"messages": LONG}),
    },
    "groq": {
        "known-parameters": ("openai/gpt-oss-20b", {"prompt_cache_key": "a"}),
        "roles": ("openai/gpt-oss-20b", said({"role": "critic", "content": "No."})),
        "known-keys-of-system-messages": ("openai/gpt-oss-20b", said({**SYSTEM, "name": "guide"}, ASKED)),
        "known-keys-of-user-messages": ("openai/gpt-oss-20b", said({**ASKED, "metadata": {}})),
        "known-keys-of-assistant-messages": (
            "openai/gpt-oss-20b",
            said(ASKED, {**SAID, "reasoning_content": "Hm."}, ASKED),
        ),
        "known-keys-of-tool-messages": ("openai/gpt-oss-20b", said(ASKED, call(), result(name="look"))),
        "documented-as-refused": ("openai/gpt-oss-20b", {"logprobs": True}),
        "not-kept": ("openai/gpt-oss-20b", {"store": True}),
        "one-choice": ("openai/gpt-oss-20b", {"n": 2}),
        "ranges": ("openai/gpt-oss-20b", {"temperature": 2.1}),
        "effort-of-gpt-oss": ("openai/gpt-oss-20b", {"reasoning_effort": "none"}),
        "effort-of-qwen": ("qwen/qwen3-32b", {"reasoning_effort": "low"}),
        "effort-of-models-that-do-not-think": ("llama-3.1-8b-instant", {"reasoning_effort": "low"}),
        "content": ("openai/gpt-oss-20b", said({"role": "user", "content": [SOUND]})),
        "assistant-says-something": ("openai/gpt-oss-20b", said(ASKED, {"role": "assistant", "content": None})),
        "tool-types": ("openai/gpt-oss-20b", {"tools": [CUSTOM]}),
        "json-or-tools": ("openai/gpt-oss-20b", {"tools": [TOOL], "response_format": JSON}),
        "json-schema-on-models-that-know-it": ("llama-3.3-70b-versatile", {"response_format": SCHEMA}),
        "prompt-fits": ("openai/gpt-oss-20b", {"messages": LONG}),
    },
    "mistral": {
        "known-parameters": ("mistral-large-latest", {"max_completion_tokens": 5}),
        "roles": ("mistral-large-latest", said({"role": "developer", "content": "Be brief."}, ASKED)),
        "known-keys-of-system-messages": ("mistral-large-latest", said({**SYSTEM, "name": "guide"}, ASKED)),
        "known-keys-of-user-messages": ("mistral-large-latest", said({**ASKED, "name": "Vin"})),
        "known-keys-of-assistant-messages": (
            "mistral-large-latest",
            said(ASKED, {**SAID, "reasoning_content": "Hm."}, ASKED),
        ),
        "known-keys-of-tool-messages": ("mistral-large-latest", said(ASKED, call(), result(metadata={}))),
        "known-keys-of-calls": (
            "mistral-large-latest",
            said(ASKED, {**SAID, "tool_calls": [{**call()["tool_calls"][0], "extra": 1}]}, result()),
        ),
        "known-keys-of-tools": ("mistral-large-latest", tool(cache_control={})),
        "known-keys-of-response-format": ("mistral-large-latest", {"response_format": {**JSON, "extra": 1}}),
        "required": ("mistral-large-latest", {"tools": [NAMED]}),
        "types": ("mistral-large-latest", {"stream": None}),
        "literals": ("mistral-large-latest", {"tools": [TOOL], "tool_choice": "some"}),
        "bounds": ("mistral-large-latest", {"temperature": 1.6}),
        "at-least-one-message": ("mistral-large-latest", said()),
        "starts-with-system-or-user": ("mistral-large-latest", said({**SAID, "prefix": True})),
        "the-last-message": ("mistral-large-latest", said(ASKED, SAID)),
        "prefix-comes-last": ("mistral-large-latest", said({**SAID, "prefix": True}, ASKED)),
        "order": ("mistral-large-latest", said(call(), result(), ASKED)),
        "content-or-calls": ("mistral-large-latest", said(ASKED, {"role": "assistant", "content": ""}, ASKED)),
        "call-ids": ("mistral-large-latest", said(ASKED, call("call_1"), result("call_1"))),
        "call-ids-differ": (
            "mistral-large-latest",
            said(ASKED, {**SAID, "tool_calls": call()["tool_calls"] * 2}, result(), result()),
        ),
        "results-have-calls": ("mistral-large-latest", said(call(), result("fed321cba"))),
        "calls-have-results": ("mistral-large-latest", said(call(), ASKED)),
        "function-names": ("mistral-large-latest", tool(name="a b")),
        "effort-where-it-is-known": ("codestral-latest", {"reasoning_effort": "high"}),
        "none-or-high": ("mistral-large-4", {"reasoning_effort": "medium"}),
        "prompt-and-answer-fit": ("mistral-large-latest", {"messages": LONG}),
    },
    "gemini": {
        "known-fields": ("gemini-2.5-pro", {"seed": 7}),
        "store": ("gemini-2.5-pro", {"store": False}),
        "fields-of-others": ("gemini-2.5-pro", {"thinking": {"type": "enabled"}}),
        "messages": ("gemini-2.5-pro", said({"role": "user", "content": [{"type": "file", "file": {}}]})),
        "ranges": ("gemini-2.5-pro", {"reasoning_effort": "max"}),
        "penalties": ("gemini-2.5-pro", {"presence_penalty": 0.5}),
        "thinking-stays-on": ("gemini-4-argon", {"reasoning_effort": "none"}),
        "effort-of-2.5": ("gemini-2.5-flash", {"reasoning_effort": "minimal"}),
        "tool-types": ("gemini-2.5-pro", {"tools": [CUSTOM]}),
        "function-names": ("gemini-2.5-pro", tool(name="2fa")),
        "parameters-are-an-object": ("gemini-2.5-pro", tool(parameters={})),
        "parameters": ("gemini-2.5-pro", tool(parameters={"type": "object", "properties": {"a": {"const": 1}}})),
        "answer-schemas": (
            "gemini-2.5-pro",
            {"response_format": {"type": "json_schema", "json_schema": {"name": "it", "schema": {"$schema": "x"}}}},
        ),
        "calls-have-results": ("gemini-2.5-pro", said(ASKED, call(), ASKED)),
        "calls-are-signed": ("gemini-3.8-flash", said(ASKED, call(), result())),
        "prompt-fits": ("gemini-2.5-pro", {"messages": LONG}),
    },
    "minimax": {
        "roles": ("MiniMax-M2.5", said({"role": "developer", "content": "Be brief."}, ASKED)),
        "one-system-message": ("MiniMax-M2.5", said(SYSTEM, SYSTEM, ASKED)),
        "system-comes-first": ("MiniMax-M2.5", said(ASKED, SYSTEM)),
        "part-types": ("MiniMax-M2.5", said({"role": "user", "content": [PICTURE]})),
        "part-types-of-m3": ("MiniMax-M3", said({"role": "user", "content": [SOUND]})),
        "results-have-calls": ("MiniMax-M2.5", said(ASKED, result())),
        "arguments-are-json": ("MiniMax-M2.5", said(ASKED, call(arguments="{"), result())),
        "tool-types": ("MiniMax-M2.5", {"tools": [CUSTOM]}),
        "tools-have-parameters": ("MiniMax-M2.5", {"tools": [NAMED]}),
        "tool-choice": ("MiniMax-M2.5", {"tools": [TOOL], "tool_choice": {"type": "any"}}),
        "temperature-range": ("MiniMax-M2.5", {"temperature": 0}),
        "top-p-range": ("MiniMax-M2.5", {"top_p": 0}),
        "one-choice": ("MiniMax-M2.5", {"n": 2}),
        "thinking-of-m3": ("MiniMax-M3", {"thinking": {"type": "enabled"}}),
        "prompt-fits": ("MiniMax-M2.5", {"messages": LONG}),
    },
    "perplexity": {
        "shape": ("sonar", said({"role": "developer", "content": "Be brief."}, ASKED)),
        "parameters": ("sonar", {"response_format": JSON}),
        "no-tools": ("sonar", {"tools": [TOOL]}),
        "order": ("sonar", said(ASKED, ASKED)),
        "last-word": ("sonar", said(ASKED, SAID)),
        "prompt-fits": ("sonar", {"messages": LONG}),
    },
    "xai": {
        "types": ("grok-4.3", {"temperature": 2.1}),
        "part-types": ("grok-4.3", said({"role": "user", "content": [SOUND]})),
        "tool-types": ("grok-4.3", {"tools": [CUSTOM]}),
        "top-logprobs-range": ("grok-4.3", {"logprobs": True, "top_logprobs": 9}),
        "presence-penalty-of-grok-4": ("grok-4.5", {"presence_penalty": 0}),
        "frequency-penalty-of-grok-4": ("grok-4.5", {"frequency_penalty": 0}),
        "stop-of-grok-4": ("grok-4.5", {"stop": "END"}),
        "presence-penalty-of-grok-3": ("grok-3", {"presence_penalty": 0.5}),
        "frequency-penalty-of-grok-3-mini": ("grok-3-mini", {"frequency_penalty": 0.1}),
        "stop-of-grok-3-mini": ("grok-3-mini", {"stop": "END"}),
        "effort-of-grok-4": ("grok-4-latest", {"reasoning_effort": "low"}),
        "effort-of-grok-3-mini": ("grok-3-mini", {"reasoning_effort": "medium"}),
        "effort-of-grok-4.3": ("grok-4.3", {"reasoning_effort": "xhigh"}),
        "effort-of-grok-4.5": ("grok-4.5", {"reasoning_effort": "none"}),
        "effort-of-grok-4.6": ("grok-4.6", {"reasoning_effort": "max"}),
        "content-is-there": ("grok-4.3", said(ASKED, {**call(), "content": None}, result())),
        "prompt-fits": ("grok-3", {"messages": LONG}),
    },
    "anthropic": {
        "types": ("claude-opus-4-1", {"thinking": True}),
        "one-choice": ("claude-opus-4-1", {"n": 2}),
        "part-types": ("claude-opus-4-1", said({"role": "user", "content": [SOUND]})),
        "tool-types": ("claude-opus-4-1", {"tools": [CUSTOM]}),
        "no-sampling": ("claude-opus-4-8", {"temperature": 1}),
        "temperature-or-top-p": ("claude-sonnet-4-5", {"temperature": 0.2, "top_p": 0.9}),
        "empty-messages": ("claude-opus-4-1", said(ASKED, {"role": "assistant", "content": ""}, ASKED)),
        "no-prefill": ("claude-sonnet-4-6", said(ASKED, SAID)),
        "calls-have-results": ("claude-opus-4-1", said(ASKED, call(), ASKED)),
        "no-forced-tools": ("claude-opus-5-5", {"tools": [TOOL], "tool_choice": "required"}),
        "adaptive-only": ("claude-sonnet-5-5", {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        "thinking-stays-on": ("claude-sonnet-5-5", {"thinking": {"type": "disabled"}}),
        "thinking-types": ("claude-opus-4-1", {"thinking": {"type": "enabled"}}),
        "forced-tool-while-thinking": (
            "claude-opus-4-1",
            {"tools": [TOOL], "tool_choice": "required", "thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
        "temperature-while-thinking": (
            "claude-opus-4-1",
            {"temperature": 0.2, "thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
        "prompt-fits": ("claude-opus-4-1", {"messages": LONG}),
    },
    "zai": {
        "roles": ("glm-4.6", said({"role": "developer", "content": "Be brief."}, ASKED)),
        "the-user-speaks": ("glm-4.6", said(SYSTEM)),
        "part-types": ("glm-4.6", said({"role": "user", "content": [SOUND]})),
        "images-on-text-models": ("glm-4.6", said({"role": "user", "content": [PICTURE]})),
        "temperature": ("glm-4.6", {"temperature": 1.1}),
        "top-p": ("glm-4.6", {"top_p": 0}),
        "stop": ("glm-4.6", {"stop": ["a", "b"]}),
        "user-id": ("glm-4.6", {"user_id": "u-17"}),
        "thinking": ("glm-4.6", {"thinking": True}),
        "tools": ("glm-4.6", {"tools": [CUSTOM]}),
        "tools-are-never-forced": ("glm-4.6", {"tools": [TOOL], "tool_choice": "required"}),
        "response-format": ("glm-4.6", {"response_format": SCHEMA}),
        "prompt-fits": ("glm-4.6", {"messages": LONG}),
    },
    "dashscope": {
        "roles": ("qwen-plus", said({"role": "developer", "content": "Be brief."}, ASKED)),
        "the-user-speaks": ("qwen-plus", said(SYSTEM)),
        "results-have-calls": ("qwen-plus", said(ASKED, result())),
        "calls-have-results": ("qwen-plus", said(ASKED, call(), ASKED)),
        "arguments-are-json": ("qwen-plus", said(ASKED, call(arguments=""), result())),
        "part-types": ("qwen-plus", said({"role": "user", "content": [{"type": "file", "file": {}}]})),
        "tool-types": ("qwen-plus", {"tools": [CUSTOM]}),
        "thinking-in-streams-only": ("qwen3-32b", {}),
        "forced-tool-while-thinking": ("qwen3.5-plus", {"tools": [TOOL], "tool_choice": "required"}),
        "locks-of-kimi": ("kimi-k3", {"temperature": 0.7}),
        "temperature": ("qwen-plus", {"temperature": 2}),
        "top-p": ("qwen-plus", {"top_p": 0}),
        "max-tokens-of-qwen-max": ("qwen-max", {"max_tokens": 8193}),
        "max-tokens-of-qwen3.8-max": ("qwen3.8-max", {"max_tokens": 131073}),
        "json-mode-wants-the-word": ("qwen-plus", {"response_format": JSON}),
        "prompt-fits": ("qwen-plus", {"messages": LONG}),
    },
    "cohere": {
        "not-supported": ("command-a-03-2025", {"n": 1}),
        "messages": ("command-a-03-2025", said({"role": "user", "content": [SOUND]})),
        "efforts": ("command-a-03-2025", {"reasoning_effort": "low"}),
        "tools": ("command-a-03-2025", {"tools": [CUSTOM]}),
        "temperature": ("command-a-03-2025", {"temperature": 1.1}),
        "penalties": ("command-a-03-2025", {"presence_penalty": -0.1}),
        "prompt-fits": ("command-a-03-2025", {"messages": LONG}),
    },
}
