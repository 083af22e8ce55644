"""completion() against the emulated provider, and against one that does whatever a test says."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.calling import HI, KEY, MODEL, RESTREAMED, SAID, diagnostics_in_streams, texts, unusual_streams
from tests.servers import COMPLETION, answer, chunk, events, nothing, refusing_address, rudely, serving, sockets, stream

import quirkbook
from quirkbook import UsageError, completion, errors
from quirkbook.client import transport
from quirkbook.wire.types import ChatCompletion, ChatCompletionChunk


@pytest.fixture
def pauses(monkeypatch):
    """The seconds that were to be slept."""
    found = []
    monkeypatch.setattr("quirkbook.client.completion.sleep", found.append)
    return found


def ask(server, stream=None, **options):
    """Call a scripted provider."""
    fixed = {"api_key": KEY, "base_url": server.url, "timeout": (5, 5)}
    return completion(MODEL, HI, stream=stream, **{**fixed, **options})


# A provider that refuses what it refuses


def test_an_answer(moonshot):
    response = completion(model=MODEL, messages=HI, temperature=0.3)

    assert type(response) is ChatCompletion
    assert response.choices[0].message.content == SAID
    assert moonshot.requests[-1]["body"] == {"model": "moonshot-v1-8k", "messages": HI, "temperature": 0.3}


def test_what_the_provider_would_refuse_is_repaired_and_reported(moonshot):
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", quirkbook.QuirkbookWarning)
        response = completion(MODEL, HI, temperature=1.4, tools=[tool], tool_choice="required")

    assert {one.rule for one in response.quirkbook.request} >= {"moonshot/temperature-range"}
    sent = moonshot.requests[-1]
    assert (sent["status"], sent["body"]["temperature"], "tool_choice" in sent["body"]) == (200, 1, False)


def test_what_no_rule_repairs_is_the_providers_own_error(moonshot):
    with pytest.raises(errors.NotFoundError) as caught:
        completion("moonshot/no-such-model", HI)

    assert (caught.value.status, caught.value.provider, caught.value.model) == (404, "moonshot", "no-such-model")


def test_a_conversation_goes_on_with_the_message_of_the_answer(moonshot):
    messages = [*HI]
    messages.append(completion(MODEL, messages).choices[0].message)
    messages.append({"role": "user", "content": "And now?"})

    assert completion(MODEL, messages).choices[0].message.content == "You said: And now?"


def test_a_stream(moonshot):
    with completion(MODEL, HI, stream=True) as chunks:
        text = ""
        for one in chunks:
            assert type(one) is ChatCompletionChunk
            text += one.choices[0].delta.content or ""

    assert text == SAID
    assert chunks.received.choices[0].message.content == text
    assert chunks.received.usage.total_tokens == one.usage.total_tokens
    assert [change.rule for change in chunks.quirkbook.request] == ["quirkbook/model-prefix"]


def test_usage_comes_once_when_it_is_asked_for(moonshot):
    chunks = [*completion(MODEL, HI, stream=True, stream_options={"include_usage": True})]

    assert [one.usage is not None for one in chunks].count(True) == 1
    assert (chunks[-1].choices, chunks[-1].usage.prompt_tokens_details.cached_tokens) == ([], 4)


@pytest.mark.parametrize("wanted", [False, True])
def test_a_refused_key_raises_at_the_call(moonshot, wanted):
    with pytest.raises(errors.AuthenticationError) as caught:
        completion(MODEL, HI, stream=wanted, api_key="bad-key-1234567890")

    assert str(caught.value) == "moonshot: HTTP 401: Invalid Authentication"


@pytest.mark.parametrize(
    ("diagnostic", "kind"),
    [
        ("status=429;retry-after=3", errors.RateLimitError),
        ("status=500", errors.InternalServerError),
        ("status=503", errors.ServiceUnavailableError),
        ("ok-with-error-body", errors.InternalServerError),
        ("latency=2", errors.Timeout),
    ],
)
@pytest.mark.parametrize("wanted", [False, True])
def test_a_diagnostic_before_the_answer(moonshot, pauses, diagnostic, kind, wanted):
    with pytest.raises(errors.DispatchError) as caught:
        completion(MODEL, HI, stream=wanted, extra_headers={"x-emulate-fault": diagnostic}, timeout=0.2)

    tries = 1 if kind is errors.Timeout else 3
    assert (type(caught.value), caught.value.attempts, len(pauses)) == (kind, tries, tries - 1)


@diagnostics_in_streams
def test_a_diagnostic_in_the_stream_keeps_what_came(moonshot, pauses, diagnostic, kind):
    came = []
    with pytest.raises(errors.DispatchError) as caught:
        for one in (chunks := completion(MODEL, HI, stream=True, extra_headers={"x-emulate-fault": diagnostic})):
            came.append(one.choices[0].delta.content)

    assert type(caught.value) is kind
    assert caught.value.received.choices[0].message.content == "".join(came) == "You said:"
    assert ([*chunks], pauses) == ([], [])


@unusual_streams
def test_what_is_merely_unusual_in_a_stream_is_no_diagnostic(moonshot, diagnostic):
    chunks = completion(MODEL, HI, stream=True, extra_headers={"x-emulate-fault": diagnostic})

    assert "".join(one.choices[0].delta.content or "" for one in chunks) == SAID


def test_a_stream_that_is_left_stops_the_provider(moonshot):
    with completion(MODEL, HI, stream=True, extra_headers={"x-emulate-fault": "slow-drip=0.005"}) as chunks:
        next(chunks)

    assert [*chunks] == []
    deadline = threading.Event()
    for _ in range(100):
        if moonshot.stats["abandoned"]:
            break
        deadline.wait(0.02)
    assert moonshot.stats["abandoned"] == 1


PAGE = [
    """
import os
from quirkbook import completion

messages = [{"content": "Hello, how are you?", "role": "user"}]

response = completion(
    model="moonshot/moonshot-v1-8k",
    messages=messages
)

print(response)
""",
    """
import os
from quirkbook import completion

messages = [{"content": "Hello, how are you?", "role": "user"}]

response = completion(
    model="moonshot/moonshot-v1-8k",
    messages=messages,
    stream=True
)

for chunk in response:
    print(chunk)
""",
]


@pytest.mark.parametrize("block", PAGE)
def test_the_calls_that_people_know_from_litellm(moonshot, block, capsys):
    exec(block, {})

    shown = capsys.readouterr().out
    assert re.match(r"ChatCompletion(Chunk)?\(id='chatcmpl-", shown)
    assert "how are you?" in shown or " you?" in shown


def test_chunk_by_chunk_as_clients_of_litellm_do(moonshot):
    response = completion(model=MODEL, messages=HI, stream=True)
    text = ""
    for one in response:
        if hasattr(one.choices[0], "delta") and one.choices[0].delta.content is not None:
            text += one.choices[0].delta.content

    assert text == SAID


# A provider that does as it is told


def test_a_call_that_passes_at_the_third_try(pauses):
    with serving(answer("busy", 503), answer("slow down", 429, retry_after="7"), answer()) as server:
        response = ask(server)

    assert (response.quirkbook.attempts, len(server.requests)) == (3, 3)
    assert 0.375 <= pauses[0] <= 0.5
    assert pauses[1] == 7.0


def test_a_stream_that_passes_at_the_second_try(pauses):
    with serving(rudely, stream(events(chunk("Hi"), chunk(None, "stop"), "[DONE]"))) as server:
        chunks = ask(server, stream=True)
        assert ([one.choices[0].delta.content for one in chunks], chunks.quirkbook.attempts) == (["Hi", None], 2)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (answer({"error": {"message": "x", "code": "insufficient_quota"}}, 429), errors.QuotaExceededError),
        (answer("wait", 429, retry_after="3600"), errors.RateLimitError),
        (answer("bad", 400), errors.BadRequestError),
        (answer("html"), errors.MalformedResponseError),
        (answer("", 302, location="/x"), errors.NotFoundError),
    ],
)
def test_what_will_not_pass_is_not_tried_again(pauses, script, kind):
    with serving(script) as server, pytest.raises(kind) as caught:
        ask(server)

    assert (len(server.requests), pauses, caught.value.attempts) == (1, [], 1)


def test_no_retries_when_none_are_wanted(pauses):
    with serving(answer("busy", 503)) as server, pytest.raises(errors.ServiceUnavailableError):
        ask(server, num_retries=0)

    assert (len(server.requests), pauses) == (1, [])


def test_a_stream_is_not_begun_again_once_a_chunk_has_come(pauses):
    with serving(stream(events(chunk("Hi")), end="cut")) as server:
        chunks = ask(server, stream=True)
        assert next(chunks).choices[0].delta.content == "Hi"
        with pytest.raises(errors.StreamCutError):
            next(chunks)

    assert (len(server.requests), pauses) == (1, [])


def test_a_whole_answer_where_a_stream_was_asked_for_comes_as_one_chunk(pauses):
    with serving(answer("busy", 503), answer()) as server, ask(server, stream=True) as chunks:
        assert repr(chunks) == "<Stream of moonshot, open>"
        came = [*chunks]

    assert texts(came) == [("Hello!", "stop")]
    assert (came[0].object, came[0].usage.total_tokens) == ("chat.completion.chunk", 8)
    assert chunks.received == COMPLETION
    assert (repr(chunks), len(pauses), chunks.quirkbook.attempts) == ("<Stream of moonshot, closed>", 1, 2)
    assert chunks.quirkbook.remarks == RESTREAMED


def test_a_whole_error_where_a_stream_was_asked_for_raises_at_the_call(pauses):
    refused = answer({"error": {"message": "no", "type": "invalid_request_error"}})
    with serving(refused) as server, pytest.raises(errors.BadRequestError):
        ask(server, stream=True)


def test_a_stream_that_stops_coming_is_a_timeout():
    with serving(stream(events(chunk("Hi")), end="hang")) as server:
        chunks = ask(server, stream=True, timeout=(5, 0.5))
        next(chunks)
        with pytest.raises(errors.Timeout) as caught:
            next(chunks)

    assert caught.value.received.choices[0].message.content == "Hi"


def test_nobody_there(pauses):
    address = refusing_address()
    with pytest.raises(errors.APIConnectionError) as caught:
        completion(MODEL, HI, api_key=KEY, base_url=address)

    assert str(caught.value) == f"moonshot: no connection to {urlsplit(address).netloc}: Connection refused"
    assert (caught.value.attempts, caught.value.status, len(pauses)) == (3, None, 2)
    assert [one.rule for one in caught.value.changes] == ["quirkbook/model-prefix"]


def test_a_provider_that_says_nothing_is_asked_once(pauses):
    with serving(nothing) as server, pytest.raises(errors.Timeout) as caught:
        ask(server, timeout=(1, 0.05))

    assert (str(caught.value), len(server.requests)) == ("moonshot: no answer in time", 1)


def test_without_a_key_the_provider_is_not_asked(monkeypatch):
    monkeypatch.delenv("MOONSHOT_API_KEY", raising=False)
    with serving(answer()) as server, pytest.raises(errors.AuthenticationError) as caught:
        ask(server, api_key=None)

    assert str(caught.value) == "moonshot: no API key: set MOONSHOT_API_KEY or pass api_key=..."
    assert server.requests == []


def test_the_key_is_nowhere_in_an_error(pauses):
    body = {"error": {"message": f"Incorrect API key: {KEY}", "param": f"{KEY[:9]}****"}}
    with serving(answer(body, 401, x_request_id=KEY)) as server, pytest.raises(errors.AuthenticationError) as caught:
        ask(server)

    shown = "".join(map(str, [caught.value, vars(caught.value), caught.value.__cause__, caught.value.__context__]))
    assert KEY[:9] not in shown


def test_a_stream_tells_what_it_is():
    with serving(stream(events(chunk("Hi"), "[DONE]"))) as server:
        with ask(server, stream=True) as chunks:
            assert repr(chunks) == "<Stream of moonshot, open>"
        assert (repr(chunks), [*chunks]) == ("<Stream of moonshot, closed>", [])
        chunks.close()


# Nothing is left behind


def leave(script, how):
    """Call and fail, or begin a stream and leave it; return whether a socket is open afterwards."""
    with serving(script) as server:
        try:
            found = ask(server, stream=True, max_retries=0)
            if how == "read":
                for _ in found:
                    pass
            elif how == "close":
                next(found)
                found.close()
            elif how == "forget":
                next(found)
                del found
                gc.collect()
            elif how == "break":
                with found:
                    for _ in found:
                        raise KeyError
        except (errors.DispatchError, KeyError):
            pass
        assert how == "read" or server.gone.wait(2)


@pytest.mark.parametrize(
    ("script", "how"),
    [
        (stream(events(chunk("Hi")), end="cut"), "read"),
        (stream(events(chunk("Hi"), {"error": "no"}), end="hang"), "read"),
        (stream(events(chunk("Hi"), "{"), end="hang"), "read"),
        (stream(events(chunk("Hi"), chunk("there")), end="hang"), "close"),
        (stream(events(chunk("Hi"), chunk("there")), end="hang"), "forget"),
        (stream(events(chunk("Hi"), chunk("there")), end="hang"), "break"),
        (answer("busy", 503), "read"),
        (answer("bad", 400), "read"),
        (answer(), "read"),
        (answer({}), "read"),
    ],
)
def test_no_socket_and_no_thread_is_left(script, how):
    transport.close()
    before, threads = sockets(), threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        leave(script, how)
        transport.close()

    assert (sockets() - before, threading.active_count()) == (set(), threads)


# What an import costs


def test_translating_imports_no_http_client_and_no_event_loop():
    code = "import sys, quirkbook; quirkbook.translate({'temperature': 2}, 'moonshot', policy={'lossy': 'allow'});"
    code += "heavy = {'requests', 'urllib3', 'jsonschema', 'rich', 'click', 'asyncio', 'aiohttp'};"
    code += "print(*sorted(heavy & set(sys.modules)))"
    engine = str(Path(quirkbook.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": engine}
    )

    assert (done.stdout, done.stderr) == ("\n", "")


def test_all_that_is_public_is_there():
    assert all(getattr(quirkbook, name) is not None for name in quirkbook.__all__)
    with pytest.raises(AttributeError) as caught:
        _ = quirkbook.nothing
    assert str(caught.value) == "module 'quirkbook' has no attribute 'nothing'"


def test_litellms_own_arguments_are_told_or_refused():
    with serving(answer(COMPLETION)) as server:
        assert ask(server, drop_params=True).quirkbook.remarks == (
            "drop_params has no effect: the rules decide what is dropped, and the report says so",
        )
        with pytest.raises(UsageError):
            ask(server, fallbacks=["m-2"])
        assert len(server.requests) == 1


def test_a_key_that_is_no_text_is_told_in_words():
    with pytest.raises(UsageError) as caught:
        completion(MODEL, HI, api_key=5)

    assert str(caught.value) == "api_key must be a string, not a number"
