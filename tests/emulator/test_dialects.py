"""What is peculiar to the answers of each emulated provider."""

from __future__ import annotations

from typing import Any

import pytest

from quirkbook.emulator import Emulator, replies

ASKED = [{"role": "user", "content": "Hi"}]
USE = [{"role": "user", "content": "Use a tool"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def body(name: str, model: str, **fields: Any) -> Any:
    emulator = Emulator(name)
    payload = emulator.heard({"model": model, "messages": ASKED, **fields})
    answer, dialect = emulator.answer(payload)
    return replies.body(answer, dialect, payload)


def chunks(name: str, model: str, **fields: Any) -> list[Any]:
    payload = {"model": model, "messages": ASKED, "stream": True, **fields}
    answer, dialect = Emulator(name).answer(payload)
    return list(replies.chunks(answer, dialect, payload))


def message(name: str, model: str, **fields: Any) -> Any:
    return body(name, model, **fields)["choices"][0]["message"]


def calls(found: list[Any]) -> list[Any]:
    return [call for chunk in found for choice in chunk["choices"] for call in choice["delta"].get("tool_calls", ())]


def test_deepseek_counts_hits_and_misses_of_its_cache():
    usage = body("deepseek", "deepseek-chat")["usage"]

    assert usage == {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 2},
        "prompt_cache_hit_tokens": 2,
        "prompt_cache_miss_tokens": 3,
    }


def test_deepseek_thinks_unless_it_is_told_not_to():
    def thinks(**fields):
        return "reasoning_content" in message("deepseek", "deepseek-v4-flash", **fields)

    assert [thinks(), thinks(reasoning_effort="low"), thinks(thinking={"type": "enabled"})] == [True] * 3
    assert [thinks(reasoning_effort="none"), thinks(thinking={"type": "disabled"})] == [False] * 2


def test_deepseek_reads_over_a_limit_of_another_name():
    whole = body("deepseek", "deepseek-chat", max_completion_tokens=1)["choices"][0]
    cut = body("deepseek", "deepseek-chat", max_tokens=1)["choices"][0]

    assert (whole["finish_reason"], cut["finish_reason"]) == ("stop", "length")


def test_groq_says_what_it_thinks_in_reasoning_and_counts_in_x_groq():
    found = chunks("groq", "openai/gpt-oss-20b")

    assert [chunk["choices"][0]["delta"].get("reasoning") for chunk in found[1:3]] == ["The", " user"]
    assert found[-1]["x_groq"] == {"id": found[0]["id"], "usage": body("groq", "openai/gpt-oss-20b")["usage"]}
    assert "usage" not in found[-1]


def test_groq_names_its_own_tier_in_whole_answers_and_beside_the_usage_of_a_stream():
    whole = body("groq", "openai/gpt-oss-20b")
    *_, last = chunks("groq", "openai/gpt-oss-20b", stream_options={"include_usage": True})

    assert (whole["service_tier"], whole["x_groq"]) == ("on_demand", {"id": whole["id"]})
    assert (last["service_tier"], last["choices"], last["usage"]["queue_time"]) == ("on_demand", [], 0.05)


def test_groq_hides_what_it_thinks_when_asked():
    hidden = [{"include_reasoning": False}, {"reasoning_format": "hidden"}]

    assert ["reasoning" in message("groq", "openai/gpt-oss-20b", **one) for one in hidden] == [False, False]
    assert "reasoning" not in message("groq", "qwen/qwen3-32b", reasoning_effort="none")


def test_mistral_counts_in_the_last_chunk_asked_or_not():
    for asked in ({}, {"stream_options": {"include_usage": True}}):
        found = chunks("mistral", "mistral-large-latest", **asked)

        assert [bool(chunk.get("usage")) for chunk in found] == [False] * (len(found) - 1) + [True]
        assert found[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(("name", "model"), [("mistral", "mistral-large-latest"), ("groq", "llama-3.1-8b-instant")])
def test_a_stream_may_bring_a_tool_call_in_one_piece(name, model):
    (call,) = calls(chunks(name, model, messages=USE, tools=[TOOL]))

    assert call["function"] == {"name": "look", "arguments": "{}"}
    assert (call["index"], len(call["id"])) == (0, 9)


def test_gemini_says_stop_and_numbers_no_calls():
    found = chunks("gemini", "gemini-3.8-flash", messages=USE, tools=[TOOL])

    assert [choice["finish_reason"] for chunk in found for choice in chunk["choices"]][-1] == "stop"
    assert calls(found) == [
        {
            "id": f"function-call-{found[0]['id']}0",
            "type": "function",
            "function": {"name": "look", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "c2lnbmVk"}},
        }
    ]
    assert body("gemini", "gemini-2.5-pro", messages=USE, tools=[TOOL])["choices"][0]["finish_reason"] == "stop"


def test_minimax_thinks_aloud_unless_m3_is_told_not_to():
    whole = message("minimax", "MiniMax-M2.5")["content"]
    pieces = [chunk["choices"][0]["delta"].get("content") for chunk in chunks("minimax", "MiniMax-M2.5")[:-1]]

    assert whole == "<think>\nThe user wants: Hi\n</think>\n\nYou said: Hi"
    assert "".join(filter(None, pieces)) == whole
    assert message("minimax", "MiniMax-M3", thinking={"type": "disabled"})["content"] == "You said: Hi"
    assert body("minimax", "MiniMax-M3")["base_resp"] == {"status_code": 0, "status_msg": ""}


@pytest.mark.parametrize("model", ["MiniMax-M2.5", "MiniMax-M3"])
def test_minimax_parts_thoughts_and_answer_when_asked(model):
    whole = message("minimax", model, reasoning_split=True)
    found = chunks("minimax", model, reasoning_split=True)

    assert whole["content"] == "You said: Hi"
    assert whole["reasoning_details"] == [{"type": "reasoning.text", "text": "The user wants: Hi"}]
    deltas = [chunk["choices"][0].get("delta", {}) for chunk in found]
    details = [delta.get("reasoning_details", [{"text": ""}]) for delta in deltas]
    assert "".join(detail["text"] for (detail,) in details) == "The user wants: Hi"


@pytest.mark.parametrize("model", ["MiniMax-M2.5", "MiniMax-M3"])
def test_minimax_counts_nothing_until_it_has_ended_and_says_its_role_once(model):
    found = chunks("minimax", model, stream_options={"include_usage": True})

    assert [chunk["usage"]["total_tokens"] for chunk in found[:-1]] == [0] * (len(found) - 1)
    assert (found[-1]["choices"], found[-1]["usage"]) == ([], body("minimax", model)["usage"])
    roles = [choice["delta"].get("role") for chunk in found for choice in chunk["choices"]]
    assert roles == ["assistant", *[""] * (len(roles) - 2), None]


def test_minimax_m2_ends_a_stream_with_the_whole_answer():
    *_, last = chunks("minimax", "MiniMax-M2.5")

    assert (last["object"], last["choices"]) == ("chat.completion", body("minimax", "MiniMax-M2.5")["choices"])
    assert [one["object"] for one in chunks("minimax", "MiniMax-M3")][-1] == "chat.completion.chunk"


def test_minimax_m3_thinks_in_its_answer_and_beside_it():
    whole = message("minimax", "MiniMax-M3")
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks("minimax", "MiniMax-M3")]

    assert whole["content"].startswith(f"<think>\n{whole['reasoning_content']}\n</think>")
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == whole["reasoning_content"]
    assert all(delta["content"] for delta in deltas if "reasoning_content" in delta)


def test_perplexity_counts_in_every_chunk_what_came_so_far_and_names_its_sources():
    found = chunks("perplexity", "sonar")

    assert [chunk["usage"]["completion_tokens"] for chunk in found] == [0, 1, 2, 3, 3]
    assert found[-1]["usage"] == body("perplexity", "sonar")["usage"]
    assert all(chunk["citations"] and chunk["search_results"] for chunk in found)


def test_perplexity_says_with_every_piece_the_whole_so_far():
    said = [chunk["choices"][0]["message"]["content"] for chunk in chunks("perplexity", "sonar")]

    assert said == ["", "You", "You said:", "You said: Hi", "You said: Hi"]


@pytest.mark.parametrize("model", ["sonar-reasoning-pro", "sonar-deep-research"])
def test_perplexity_thinks_aloud_even_before_json(model):
    asked = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}

    said = message("perplexity", model, response_format=asked)["content"]

    assert said == "<think>\nThe user wants: Hi\n</think>\n\n{}"


def test_xai_shows_the_thoughts_of_grok_3_mini_alone_and_counts_those_of_others():
    def thoughts(model, **fields):
        found = body("xai", model, **fields)
        counted = found["usage"]["completion_tokens_details"]["reasoning_tokens"]
        return found["choices"][0]["message"].get("reasoning_content"), counted

    assert thoughts("grok-3-mini") == ("The user wants: Hi", 4)
    assert [thoughts(model) for model in ("grok-4", "grok-4.3", "grok-4.5")] == [(None, 4)] * 3
    assert thoughts("grok-4.3", reasoning_effort="none") == (None, 0)
    assert [thoughts(model) for model in ("grok-3", "grok-4.20-0309-non-reasoning")] == [(None, 0)] * 2


@pytest.mark.parametrize(
    ("name", "model"),
    [("zai", "glm-4.6"), ("deepseek", "deepseek-chat")],
)
def test_usage_may_come_with_the_finish_reason_and_no_chunk_of_its_own(name, model):
    for asked in ({}, {"stream_options": {"include_usage": True}}):
        found = chunks(name, model, **asked)

        assert [bool(chunk.get("usage")) for chunk in found] == [False] * (len(found) - 1) + [True]
        assert found[-1]["choices"][0]["finish_reason"] == "stop"


def test_anthropic_keeps_its_thoughts_to_itself_and_counts_them():
    plain = body("anthropic", "claude-opus-4-1")
    thought = body("anthropic", "claude-opus-4-1", thinking={"type": "enabled", "budget_tokens": 2000})

    assert thought["choices"] == plain["choices"]
    assert thought["usage"]["completion_tokens"] == plain["usage"]["completion_tokens"] + 4


def test_anthropic_reads_over_what_its_page_lists():
    plain, asked = (
        body("anthropic", "claude-opus-4-1", **more) for more in ({}, {"response_format": {"type": "text"}})
    )

    assert plain == asked
    assert "logprobs" not in body("anthropic", "claude-opus-4-1", logprobs=True)["choices"][0]


def test_dashscope_has_an_empty_id_in_the_later_pieces_of_a_call():
    found = calls(chunks("dashscope", "qwen-plus", messages=USE, tools=[TOOL]))

    assert [call["id"] == "" for call in found] == [False, True, True]
    assert "".join(call["function"]["arguments"] for call in found) == "{}"
    assert ["name" in call["function"] for call in found] == [True, False, False]


def test_dashscope_may_have_an_empty_name_there_too():
    found = calls(chunks("dashscope", "qwen3.8-max", messages=USE, tools=[TOOL]))

    assert [call["function"]["name"] for call in found] == ["look", "", ""]


def test_zai_thinks_unless_it_is_told_not_to():
    assert message("zai", "glm-4.6")["reasoning_content"] == "The user wants: Hi"
    assert "reasoning_content" not in message("zai", "glm-4.6", thinking={"type": "disabled"})
    assert "reasoning_content" not in message("zai", "glm-5.2", reasoning_effort="none")


def test_zai_sends_arguments_in_pieces_when_asked():
    def pieces(**fields):
        return [call["function"] for call in calls(chunks("zai", "glm-4.6", messages=USE, tools=[TOOL], **fields))]

    assert pieces() == [{"name": "look", "arguments": "{}"}]
    assert pieces(tool_stream=True) == [{"name": "look", "arguments": ""}, {"arguments": "{"}, {"arguments": "}"}]
