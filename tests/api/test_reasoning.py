"""Thoughts that clients lose: what is kept, for whom, how long, and when it comes back."""

from __future__ import annotations

import copy

import pytest
from tests.books import a_book, a_rule

import quirkbook
from quirkbook import ReasoningMemory, UsageError
from quirkbook.api.reasoning import wants_thoughts
from quirkbook.emulator import running

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Oslo", "unit": "c"}'},
}
TURN = {"role": "assistant", "content": None, "tool_calls": [CALL]}
SAID = {"role": "assistant", "content": "Hello."}


def answer(message, thoughts="Let me look.", field="reasoning_content"):
    return {"choices": [{"index": 0, "message": {**message, field: thoughts}}]}


def back(memory, *messages, caller=""):
    payload = {"model": "m", "messages": list(messages)}
    before = copy.deepcopy(payload)
    found, changes = memory.restored(payload, caller)
    assert payload == before  # which is left as it is
    assert memory.restored(found, caller)[1] == []  # once is enough
    return [message.get("reasoning_content") for message in found["messages"]], changes


@pytest.mark.parametrize(
    "returned",
    [
        TURN,
        {**TURN, "content": ""},
        {**TURN, "reasoning_content": None},
        {**TURN, "reasoning_content": " "},
        {"role": "assistant", "tool_calls": [{"id": "call_1"}]},
        {
            **TURN,
            "tool_calls": [
                {**CALL, "id": "other", "function": {"name": "weather", "arguments": '{"unit":"c","city":"Oslo"}'}}
            ],
        },
    ],
)
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_a_turn_that_lost_its_thoughts_has_them_again(returned, field):
    memory = ReasoningMemory()
    memory.remember(answer(TURN, field=field))

    thoughts, (change,) = back(memory, {"role": "user", "content": "Hi"}, returned)

    assert thoughts == [None, "Let me look."]
    assert (change.rule, change.action, change.pointer) == (
        "reasoning-memory",
        "restore",
        "/messages/1/reasoning_content",
    )
    assert change.effect == "exact"


def test_each_turn_has_its_own_thoughts_again():
    memory = ReasoningMemory()
    memory.remember(answer(TURN, "First."))
    memory.remember(answer(SAID, "Then."))

    thoughts, changes = back(memory, TURN, {"role": "user", "content": "Hi"}, SAID)

    assert thoughts == ["First.", None, "Then."]
    assert [change.pointer for change in changes] == [f"/messages/{at}/reasoning_content" for at in (0, 2)]


@pytest.mark.parametrize("id_", [None, "", 7])
def test_a_call_without_an_id_is_known_by_the_whole_turn(id_):
    memory = ReasoningMemory()
    turn = {**TURN, "tool_calls": [{**CALL, "id": id_}]}
    memory.remember(answer(turn))

    assert len(memory) == 1
    assert back(memory, turn)[0] == ["Let me look."]
    assert back(memory, {"role": "assistant", "tool_calls": [{"id": id_}]})[0] == [None]


@pytest.mark.parametrize(
    "content", ["Hello.", " Hello.\n", [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}]]
)
def test_a_turn_without_calls_is_known_by_what_it_says(content):
    memory = ReasoningMemory()
    memory.remember(answer(SAID))

    assert back(memory, {"role": "assistant", "content": content})[0] == ["Let me look."]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hello!"}, {"role": "assistant"}, "odd", None,
        {**SAID, "reasoning_details": [{}]}, {**SAID, "thinking_blocks": [{}]}, {"role": "assistant", "content": 7, "tool_calls": [7]},
        {"role": "assistant", "tool_calls": [{"id": "other", "function": {"name": "f", "arguments": "{"}}]},
    ],
)  # fmt: skip
def test_nothing_is_put_where_nothing_was_lost(message):
    memory = ReasoningMemory()
    memory.remember(answer(SAID))
    memory.remember(answer(TURN))

    assert memory.restored({"messages": [message]}) == ({"messages": [message]}, [])


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": [None, {}, {"message": None}]},
        answer(SAID, ""),
        answer({"role": "assistant"}),
    ],
)
def test_odd_answers_leave_nothing(odd):
    memory = ReasoningMemory()
    memory.remember(odd)

    assert len(memory) == 0
    assert memory.restored({"messages": None}) == ({"messages": None}, [])


def test_each_caller_gets_its_own():
    memory = ReasoningMemory()
    memory.remember(answer(TURN), "a")

    assert back(memory, TURN, caller="b")[0] == [None]
    assert back(memory, TURN, caller="a")[0] == ["Let me look."]


def test_thoughts_are_forgotten_in_time():
    now = [0.0]
    memory = ReasoningMemory(ttl=10, clock=lambda: now[0])
    memory.remember(answer(SAID))
    now[0] = 9.9
    assert back(memory, SAID)[0] == ["Let me look."]
    now[0] = 10
    assert back(memory, SAID)[0] == [None]
    assert len(memory) == 0


def test_there_are_no_more_than_so_many_and_the_oldest_go_first():
    memory = ReasoningMemory(entries=2)
    for text in ("one", "two", "one", "three"):
        memory.remember(answer({"role": "assistant", "content": text}, text))

    assert [back(memory, {"role": "assistant", "content": text})[0] for text in ("one", "two", "three")] == [
        ["one"],
        [None],
        ["three"],
    ]


def test_nor_more_bytes():
    memory = ReasoningMemory(bytes=1000)
    for text in ("one", "two", "three"):
        memory.remember(answer({"role": "assistant", "content": text}, text * 130))
    memory.remember(answer(SAID, "x" * 2000))

    assert len(memory) == 1
    assert "xxx" not in repr(memory) and "three" not in repr(memory)


@pytest.mark.parametrize("wrong", [{"entries": 0}, {"ttl": -1}, {"bytes": "1 MB"}, {"ttl": True}])
def test_a_bound_that_is_none_is_refused(wrong):
    with pytest.raises(UsageError, match="must be a number above 0"):
        ReasoningMemory(**wrong)


def test_who_wants_thoughts():
    stand_in = {
        "each": {"in": "messages[*]", "when": {"role": "assistant"}, "do": [{"set": {"reasoning_content": ""}}]}
    }
    assert wants_thoughts(a_book(a_rule("stand-in", stand_in)), "acme", "m")
    assert not wants_thoughts(a_book(a_rule("other", {"set": {"n": 1}})), "acme", "m")
    assert wants_thoughts(quirkbook.Rulebook.load(), "groq", "m")


@pytest.mark.parametrize(("provider", "model"), [("deepseek", "deepseek-v4-pro"), ("moonshot", "kimi-k2.6")])
@pytest.mark.parametrize("stream", [False, True])
def test_completion_brings_back_what_the_caller_dropped(provider, model, stream):
    memory = ReasoningMemory()
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
    hi = {"role": "user", "content": "Weather?"}

    with running(provider) as url:

        def ask(messages, **more):
            return quirkbook.completion(
                f"{provider}/{model}",
                messages,
                base_url=url,
                api_key="sk-test",
                tools=tools,
                reasoning_memory=memory,
                **more,
            )

        first = ask([hi], tool_choice="auto", stream=stream)
        if stream:
            for _ in first:
                pass
            first = first.received
        message = first.choices[0].message
        assert message.reasoning_content, "the emulator does not think"
        bare = {name: value for name, value in message.items() if name != "reasoning_content"}
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": "sun"} for call in message.get("tool_calls") or ()
        ]
        second = ask([hi, bare, *results, {"role": "user", "content": "Thanks"}])

    (change,) = [one for one in second.quirkbook.request if one.rule == "reasoning-memory"]
    assert change.after == message.reasoning_content
    assert not any("carry-reasoning" in one.rule for one in second.quirkbook.request)  # nothing has to stand in for it
    assert quirkbook.api.reasoning.LOST not in second.quirkbook.remarks


def test_without_a_memory_the_report_says_that_it_would_have_helped():
    results = [{"role": "tool", "tool_call_id": "call_1", "content": "sun"}]
    with running("moonshot") as url:
        got = quirkbook.completion(
            "moonshot/kimi-k2.6", [{"role": "user", "content": "Hi"}, TURN, *results], base_url=url, api_key="sk-test"
        )

    assert [one.partition(":")[0] for one in got.quirkbook.remarks] == [
        "an earlier turn has lost what the model thought, and the provider wants it"
    ]
