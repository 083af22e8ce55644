"""Response objects: attributes and mapping, nothing lost, as the openai package has them."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.servers import COMPLETION, chunk

from quirkbook.wire.types import (
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    CompletionTokensDetails,
    Delta,
    Function,
    Message,
    Object,
    Report,
    ToolCall,
    Usage,
)

TOOLS = {
    "id": "chatcmpl-2",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "m-1",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
        }
    ],
    "usage": {
        "prompt_tokens": 5,
        "completion_tokens": 3,
        "total_tokens": 8,
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}


def test_attributes_reach_all_the_way_down():
    response = ChatCompletion(TOOLS)

    assert (
        response.choices[0].message.tool_calls[0].function.name,
        response.usage.completion_tokens_details.reasoning_tokens,
    ) == ("f", 2)


def test_what_stands_where_has_the_type_that_editors_are_told():
    response = ChatCompletion(TOOLS)
    message = response.choices[0].message
    call = message.tool_calls[0]
    found = [response.choices[0], message, call, call.function, response.usage]
    found += [response.usage.completion_tokens_details, ChatCompletionChunk(chunk("a")).choices[0].delta]

    assert [type(one) for one in found] == [
        Choice,
        Message,
        ToolCall,
        Function,
        Usage,
        CompletionTokensDetails,
        Delta,
    ]


def test_brackets_and_attributes_lead_to_the_same_objects():
    response = ChatCompletion(TOOLS)

    assert response["choices"][0]["message"] is response.choices[0].message
    assert response.get("choices") is response.choices
    assert (response.get("none"), response.get("none", 1)) == (None, 1)


def test_known_fields_that_are_absent_read_as_none():
    response = ChatCompletion(COMPLETION)

    assert (response.system_fingerprint, response.choices[0].message.tool_calls) == (None, None)
    assert ChatCompletionChunk(chunk()).choices[0].delta.tool_calls is None


def test_unknown_fields_are_there_too_and_unknown_names_are_an_error():
    response = ChatCompletion({"id": "x", "extra": {"deep": [{"a": 1}]}})

    assert response.extra.deep[0].a == 1
    assert not hasattr(response, "other")
    with pytest.raises(AttributeError) as caught:
        _ = response.extra.other
    assert str(caught.value) == "Object has no 'other': it has deep"
    with pytest.raises(AttributeError) as caught:
        _ = Object().other
    assert str(caught.value) == "Object has no 'other': it has nothing"


def test_what_is_written_is_there():
    response = ChatCompletion(copy.deepcopy(TOOLS))
    response.choices[0].message.content = "new"
    response.choices[0].message.note = "mine"
    del response.usage

    assert response["choices"][0]["message"]["content"] == "new"
    assert response.to_dict()["choices"][0]["message"]["note"] == "mine"
    assert "usage" not in response
    with pytest.raises(AttributeError) as caught:
        del response.usage
    assert str(caught.value) == "ChatCompletion has no 'usage'"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_nothing_is_lost_on_the_way_through(body):
    response = ChatCompletion(copy.deepcopy(body))
    repr(response)  # looks at everything, so wraps everything

    assert response.to_dict() == body
    assert response.model_dump(mode="json") == body
    assert json.loads(response.to_json()) == json.loads(response.model_dump_json()) == body
    assert json.loads(json.dumps(response)) == body
    assert response == body


def test_dumps_hold_plain_dicts_of_their_own():
    response = ChatCompletion(copy.deepcopy(COMPLETION))
    dumped = response.to_dict()
    dumped["choices"][0]["message"]["content"] = "changed"

    assert type(dumped["choices"][0]) is dict
    assert response.choices[0].message.content == "Hello!"


def test_a_dump_without_nulls():
    assert ChatCompletion({"id": None, "choices": [{"a": None, "b": 1}]}).model_dump(exclude_none=True) == {
        "choices": [{"b": 1}]
    }


def test_repr_reads_like_the_types_it_stands_for():
    assert repr(ChatCompletion({"id": "x", "choices": [{"message": {"content": "Hi"}}]})) == (
        "ChatCompletion(id='x', choices=[Choice(message=Message(content='Hi'))])"
    )


def test_copies_and_pickles_keep_the_type_and_leave_the_report():
    response = ChatCompletion(copy.deepcopy(TOOLS))
    response._report = Report("p", "m-1")

    for other in (copy.deepcopy(response), pickle.loads(pickle.dumps(response)), response.copy()):
        assert (type(other), other, other.quirkbook) == (ChatCompletion, response, None)


def test_editors_see_the_keys():
    assert {"id", "choices", "extra", "to_dict", "system_fingerprint"} <= set(dir(ChatCompletion({"extra": 1})))


def test_the_report_is_no_key_and_cannot_be_replaced():
    response = ChatCompletion(copy.deepcopy(COMPLETION))

    assert (response.quirkbook, "quirkbook" in response) == (None, False)
    with pytest.raises(AttributeError):
        response.quirkbook = 1


@pytest.mark.parametrize("body", [COMPLETION, TOOLS])
def test_answers_validate_as_the_openai_package_has_them(body):
    types = pytest.importorskip("openai.types.chat", reason="openai is not installed: see the extra test")

    assert types.ChatCompletion.model_validate(ChatCompletion(body).to_dict()).model_dump(exclude_unset=True) == body
    assert types.ChatCompletion.model_validate(ChatCompletion(body)).choices[0].finish_reason


@pytest.mark.parametrize("body", [chunk("Hi"), chunk(finish="stop"), chunk(usage=COMPLETION["usage"])])
def test_chunks_validate_as_the_openai_package_has_them(body):
    types = pytest.importorskip("openai.types.chat", reason="openai is not installed: see the extra test")

    assert types.ChatCompletionChunk.model_validate(ChatCompletionChunk(body)).model_dump(exclude_unset=True) == body


def test_the_report_tells_itself_in_lines_and_as_data():
    report = Report("p", "m-1", remarks=("cache has no effect",), attempts=2, status=200, request_id="r-1")

    assert str(report) == "p, model m-1: 200 at try 2\n  cache has no effect"
    assert report.to_dict() == {
        "provider": "p",
        "model": "m-1",
        "attempts": 2,
        "status": 200,
        "request_id": "r-1",
        "request": [],
        "response": [],
        "remarks": ["cache has no effect"],
    }
