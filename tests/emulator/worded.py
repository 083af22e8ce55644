"""What each check of an emulated provider answers to its request of `refused.REFUSED`: status and whole body.

Provider -> check -> the body, with the status where it is not 400. One text a check: where a provider has one form for
all errors, a function writes the form.
"""

from __future__ import annotations

from typing import Any

from tests.emulator.refused import ASKED, SOUND, SYSTEM, call, said, tool

Answer = tuple[int, dict[str, Any]]


def minimax(text: str, code: int = 2013) -> Answer:
    error = {"type": "bad_request_error", "message": f"invalid params, {text} ({code})", "http_code": "400"}
    return 400, {"type": "error", "error": error, "request_id": "05f1e2"}


def perplexity(text: str, kind: str = "bad_request") -> Answer:
    return 400, {"error": {"message": text, "type": kind, "code": 400}}


def xai(text: str, status: int = 400) -> Answer:
    return status, {"code": "Client specified an invalid argument", "error": text}


def unread(text: str) -> Answer:
    return xai(f"Failed to deserialize the JSON body into the target type: {text}", 422)


def anthropic(text: str) -> Answer:
    return 400, {"error": {"message": text, "type": "invalid_request_error", "param": None, "code": None}}


def zai(text: str, code: str = "1214") -> Answer:
    return 400, {"error": {"code": code, "message": text}}


def dashscope(text: str, sign: str = "<400> InternalError.Algo.InvalidParameter: ") -> Answer:
    kind = {"type": "invalid_request_error", "param": None, "code": "invalid_parameter_error"}
    return 400, {"error": {"message": f"{sign}{text}", **kind}, "request_id": "9f1e7f2c"}


def cohere(text: str, status: int = 400) -> Answer:
    return status, {"id": "9f1e7f2c", "message": text}


UNNAMED = zai("API call parameter error, please check the documentation.", "1210")
TURNS = "After the (optional) system message(s), user or tool message(s) should alternate with assistant message(s)."
DOCS = "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"

WORDED: dict[str, dict[str, Answer]] = {
    "minimax": {
        "roles": minimax("chat content has invalid message role: developer"),
        "one-system-message": minimax("invalid chat setting"),
        "system-comes-first": minimax("chat content has invalid message role: system"),
        "part-types": minimax("unsupported content type image_url"),
        "part-types-of-m3": minimax("unsupported content type input_audio"),
        "results-have-calls": minimax("tool result's tool id(abc123def) not found"),
        "arguments-are-json": minimax("invalid function arguments json string"),
        "tool-types": minimax("invalid tool type:"),
        "tools-have-parameters": minimax("function parameters is empty"),
        "tool-choice": minimax("invalid tool_choice"),
        "temperature-range": minimax("temperature must be in (0, 1]"),
        "top-p-range": minimax("top_p must be in (0, 1]"),
        "one-choice": minimax("n must be 1"),
        "thinking-of-m3": minimax('invalid thinking.type: "enabled" (allowed: adaptive, disabled)'),
        "prompt-fits": minimax("context window exceeds limit"),
    },
    "perplexity": {
        "shape": perplexity("['messages.role']: Input should be 'system', 'user', 'assistant', and 'tool'"),
        "parameters": perplexity(
            "['response_format.type']: Input should be 'text', 'json_schema', and 'regex'",
        ),
        "no-tools": perplexity("Tool calling is not supported for this model"),
        "order": perplexity(TURNS, "invalid_message"),
        "last-word": perplexity("Last message must have role `user` or `tool`.", "invalid_message"),
        "prompt-fits": perplexity("Requested tokens exceed the context window of 131072"),
    },
    "xai": {
        "types": unread("temperature: invalid value 2.1"),
        "part-types": unread("messages[0].content[0].type: unknown variant `input_audio`"),
        "tool-types": unread("tools[0].type: unknown variant `custom`"),
        "top-logprobs-range": xai("top_logprobs must be between 0 and 8"),
        "presence-penalty-of-grok-4": xai("Model grok-4.5 does not support parameter presencePenalty."),
        "frequency-penalty-of-grok-4": xai("Model grok-4.5 does not support parameter frequencyPenalty."),
        "stop-of-grok-4": xai("Model grok-4.5 does not support parameter stop."),
        "presence-penalty-of-grok-3": xai("Argument not supported on this model: presencePenalty"),
        "frequency-penalty-of-grok-3-mini": xai("Argument not supported on this model: frequencyPenalty"),
        "stop-of-grok-3-mini": xai("Argument not supported on this model: stop"),
        "effort-of-grok-4": xai("Model grok-4-latest does not support parameter reasoningEffort."),
        "effort-of-grok-3-mini": xai("Invalid reasoning effort."),
        "effort-of-grok-4.3": xai("Invalid reasoning effort."),
        "effort-of-grok-4.5": xai("Invalid reasoning effort."),
        "effort-of-grok-4.6": xai("Invalid reasoning effort."),
        "content-is-there": xai("Each message must have at least one content element."),
        "prompt-fits": xai(
            "This model's maximum prompt length is 131072 but the request contains 1100005 tokens.",
        ),
    },
    "anthropic": {
        "types": anthropic("thinking: Input should be a valid object"),
        "one-choice": anthropic("n: Input should be 1"),
        "part-types": anthropic("messages.0: content type 'input_audio' is not supported"),
        "tool-types": anthropic("tools[0]: only functions are supported"),
        "no-sampling": anthropic("`temperature` is deprecated for this model."),
        "temperature-or-top-p": anthropic(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        ),
        "empty-messages": anthropic(
            "messages.1: all messages must have non-empty content except for the optional final assistant message"
        ),
        "no-prefill": anthropic(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        ),
        "calls-have-results": anthropic(
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: abc123def. "
            "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        ),
        "no-forced-tools": anthropic('tool_choice type "tool" and "any" are not supported for this model.'),
        "adaptive-only": anthropic(
            '"thinking.type.enabled" is not supported for this model. '
            'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        ),
        "thinking-stays-on": anthropic('"thinking.type.disabled" is not supported for this model.'),
        "thinking-types": anthropic("thinking.enabled.budget_tokens: Field required"),
        "forced-tool-while-thinking": anthropic("Thinking may not be enabled when tool_choice forces tool use."),
        "temperature-while-thinking": anthropic(
            "`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation at "
            f"{DOCS}#important-considerations-when-using-extended-thinking"
        ),
        "prompt-fits": anthropic("prompt is too long: 1100005 tokens > 200000 maximum"),
    },
    "zai": {
        "roles": zai("Incorrect role information"),
        "the-user-speaks": zai("The messages parameter is illegal. Please check the documentation."),
        "part-types": UNNAMED,
        "images-on-text-models": UNNAMED,
        "temperature": zai("The temperature parameter is illegal. Please check the documentation."),
        "top-p": zai("The top_p parameter is illegal. Please check the documentation."),
        "stop": UNNAMED,
        "user-id": UNNAMED,
        "thinking": UNNAMED,
        "tools": UNNAMED,
        "tools-are-never-forced": UNNAMED,
        "response-format": UNNAMED,
        "prompt-fits": zai("Prompt exceeds max length", "1261"),
    },
    "dashscope": {
        "roles": dashscope(
            "developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.['0].role'",
            sign="",
        ),
        "the-user-speaks": dashscope("The input messages do not contain elements with the role of user"),
        "results-have-calls": dashscope(
            'messages with role "tool" must be a response to a preceeding message with "tool_calls".'
        ),
        "calls-have-results": dashscope(
            'An assistant message with "tool_calls" must be followed by tool messages responding to each '
            '"tool_call_id". The following tool_call_ids did not have response messages: abc123def'
        ),
        "arguments-are-json": dashscope(
            'The "function.arguments" parameter of the code model must be in JSON format.',
        ),
        "part-types": dashscope(
            "Input should be 'text', 'image_url', 'input_audio', 'video' or 'video_url': messages[0].content[0].type"
        ),
        "tool-types": dashscope("Input should be 'function': tools[0]"),
        "thinking-in-streams-only": dashscope(
            "parameter.enable_thinking must be set to false for non-streaming calls", sign=""
        ),
        "forced-tool-while-thinking": dashscope(
            "The tool_choice parameter does not support being set to required or object in thinking mode"
        ),
        "locks-of-kimi": dashscope("invalid temperature: only 1 is allowed for this model"),
        "temperature": dashscope("Range of temperature should be [0.0, 2.0)"),
        "top-p": dashscope("Range of top_p should be (0.0, 1.0]"),
        "max-tokens-of-qwen-max": dashscope("Range of max_tokens should be [1, 8192]"),
        "max-tokens-of-qwen3.8-max": dashscope("Range of max_tokens should be [1, 131072]"),
        "json-mode-wants-the-word": dashscope(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        ),
        "prompt-fits": dashscope("Range of input length should be [1, 131072]"),
    },
    "cohere": {
        "not-supported": cohere("unprocessable entity: n is not supported", 422),
        "messages": cohere("invalid request: messages[0].content[0].type is not valid"),
        "efforts": cohere("invalid request: reasoning_effort must be one of none, high"),
        "tools": cohere("invalid request: tools[0] is not valid"),
        "temperature": cohere("invalid request: temperature must be between 0 and 1.0 inclusive."),
        "penalties": cohere("invalid request: presence_penalty must be between 0 and 1 inclusive."),
        "prompt-fits": cohere(
            "too many tokens: total number of tokens in the prompt cannot exceed 262144 - received 1100005. Try using "
            "a shorter prompt, or enable prompt truncating. See https://docs.cohere.com/reference/generate for more "
            "details."
        ),
    },
}

#: Further requests to checks that have several texts, or speak of several fields: provider, model, fields -> answer.
FURTHER: list[tuple[str, str, dict[str, Any], Answer]] = [
    ("minimax", "MiniMax-M2.5", said({**SYSTEM, "role": "function"}, ASKED), minimax(
        "chat content has invalid message role: function"
    )),
    ("minimax", "MiniMax-M2.5", said(ASKED, call(), ASKED, {"role": "tool", "tool_call_id": "b", "content": ""}), minimax(
        "tool result's tool id(b) not found"
    )),
    ("minimax", "MiniMax-M2.5", {"tools": [{"function": {"name": "look"}}]}, minimax("invalid tool type:")),
    ("minimax", "MiniMax-M2.5", {"temperature": 1.1}, minimax("temperature must be in (0, 1]")),
    ("perplexity", "sonar", said({"role": "user"}), perplexity("['messages[0].content']: Field required")),
    ("perplexity", "sonar", said({"role": "user", "content": 7}), perplexity(
        "['messages.content']: Input is not valid"
    )),
    ("perplexity", "sonar", said({"role": "user", "content": [SOUND]}), perplexity(
        "['messages.content.type']: Input should be 'text', 'image_url', 'file_url', 'pdf_url', and 'video_url'"
    )),
    ("perplexity", "sonar", {"reasoning_effort": "xhigh"}, perplexity(
        "['reasoning_effort']: Input should be 'minimal', 'low', 'medium', and 'high'"
    )),
    ("perplexity", "sonar", {"response_format": {"type": "json_schema"}}, perplexity(
        "['response_format.json_schema']: Field required"
    )),
    ("perplexity", "sonar", {"n": 1.5}, perplexity("['n']: Input is not valid")),
    ("perplexity", "sonar", said(SYSTEM, ASKED, SYSTEM), perplexity(TURNS, "invalid_message")),
    ("perplexity", "sonar", said(ASKED, call(), {"role": "tool", "content": "sun"}, ASKED), perplexity(
        TURNS, "invalid_message"
    )),
    ("xai", "grok-4.20-0309-non-reasoning", {"presence_penalty": 0}, xai(
        "Model grok-4.20-0309-non-reasoning does not support parameter presencePenalty."
    )),
    ("xai", "grok-4.20-0309-reasoning", {"reasoning_effort": "low"}, xai(
        "Model grok-4.20-0309-reasoning does not support parameter reasoningEffort."
    )),
    ("anthropic", "claude-opus-4-8", {"top_p": 0.9}, anthropic("`top_p` is deprecated for this model.")),
    ("anthropic", "claude-opus-4-1", {"thinking": {"type": "enabled", "budget_tokens": 500}}, anthropic(
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    )),
    ("anthropic", "claude-opus-4-1", {"thinking": {"type": "on"}}, anthropic(
        "thinking: Input tag 'on' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', "
        "'enabled'"
    )),
    ("zai", "glm-4.5v", {"temperature": 1.1}, zai(
        "The temperature parameter is illegal. Please check the documentation."
    )),
    ("zai", "glm-4.6", {"stop": "END"}, UNNAMED),
    ("dashscope", "kimi-k3", {"top_p": 1}, dashscope("invalid top_p: only 0.95 is allowed for this model")),
    ("cohere", "command-a-03-2025", {"store": True}, cohere("unprocessable entity: store is not supported", 422)),
    ("cohere", "command-a-03-2025", tool(parameters=None), cohere(
        "invalid request: tools[0].function.parameters is not valid"
    )),
]  # fmt: skip
