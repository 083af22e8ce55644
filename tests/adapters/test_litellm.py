"""The real LiteLLM against the emulated provider, without and with the callback."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import warnings

import pytest
from tests.adapters.asked import ASKED, KEY, REFUSED, TOOL, acme

from quirkbook import QuirkbookWarning, ReasoningMemory, UsageError
from quirkbook.adapters import httpx as httpx_adapter
from quirkbook.emulator import Emulator, running

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it asks the network for prices when imported
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    litellm = pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")
    from litellm.llms.custom_httpx.http_handler import HTTPHandler

    from quirkbook.adapters import litellm as adapter

import httpx as httpx_library

pytestmark = pytest.mark.filterwarnings("ignore")  # LiteLLM's own, and the sessions that it leaves open

MODEL = "moonshot/moonshot-v1-8k"


@pytest.fixture
def callback(monkeypatch):
    """Return the callback, in force for one test."""
    made = adapter.QuirkbookCallback()
    monkeypatch.setattr(litellm, "callbacks", [made])
    return made


@pytest.fixture(autouse=True)
def tidy(monkeypatch):
    """Let go of the sessions that LiteLLM leaves open while it is still its own test that is warned of them."""
    monkeypatch.setattr(litellm, "suppress_debug_info", True)
    yield
    litellm.in_memory_llm_clients_cache.flush_cache()
    gc.collect()


def ask(url, **payload):
    async def main():
        given = {"api_base": url, "api_key": KEY, **payload}
        return await litellm.acompletion(**given)

    return asyncio.run(main())


NEEDED = {
    "model": MODEL,
    "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Use a tool"}],
    "tools": [TOOL],
}
"""LiteLLM passes the role and the schema on as they are; Moonshot refuses both."""


def test_litellm_alone_gets_the_400_with_the_callback_an_answer_and_the_report_why(url, emulator, monkeypatch):
    with pytest.raises(litellm.BadRequestError):
        ask(url, **NEEDED)
    monkeypatch.setattr(litellm, "callbacks", [adapter.callback])
    answer = ask(url, **NEEDED)

    told = answer._hidden_params["quirkbook"]
    assert answer.choices[0].message.tool_calls[0].function.name == "look_up"
    assert [one["status"] for one in emulator.requests] == [400, 200]
    assert [one["rule"] for one in told] == ["format/developer-is-system", "kimi-schemas/tool-schemas"]
    assert told[0] == {
        "rule": "format/developer-is-system",
        "effect": "exact",
        "change": "map /messages/0/role: a string -> a string",
        "why": "The provider supports the roles system, user, assistant and tool only; OpenAI's developer becomes system.",
    }
    assert emulator.requests[1]["body"]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert NEEDED["messages"][0]["role"] == "developer"


def test_a_call_that_needs_nothing_is_left_alone(url, callback):
    answer = ask(url, model=MODEL, messages=ASKED["messages"])

    assert "quirkbook" not in answer._hidden_params


def test_a_stream_is_asked_for_by_the_rules(url, emulator, callback):
    async def main():
        stream = await litellm.acompletion(**{**NEEDED, "tools": None}, api_base=url, api_key=KEY, stream=True)
        return [chunk async for chunk in stream]

    chunks = asyncio.run(main())
    told = chunks[-1]._hidden_params["quirkbook"]

    assert [one["rule"] for one in told] == ["format/developer-is-system"]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "You said: Use a tool"
    assert emulator.requests[0]["body"]["messages"][0]["role"] == "system"


def test_what_litellm_would_not_let_through_goes_by_extra_body(url, emulator, callback):
    ask(url, model="moonshot/kimi-k2.6", messages=ASKED["messages"], reasoning_effort="none")

    assert emulator.requests[0]["body"] == {
        "model": "kimi-k2.6",
        "messages": ASKED["messages"],
        "thinking": {"type": "disabled"},
    }


def test_extra_body_goes_through_the_rules(url, emulator, callback):
    ask(url, model=MODEL, messages=ASKED["messages"], extra_body={"user": "u-17", "temperature": 1.4})

    assert emulator.requests[0]["body"] == {
        "model": "moonshot-v1-8k",
        "messages": ASKED["messages"],
        "safety_identifier": "u-17",
        "temperature": 1,
    }


def test_a_router_uses_the_rules_of_the_deployment(url, emulator, callback):
    params = {"model": MODEL, "api_base": url, "api_key": KEY}

    async def main():
        router = litellm.Router(model_list=[{"model_name": "mine", "litellm_params": params}])
        answer = await router.acompletion(**{**NEEDED, "model": "mine"})
        with pytest.raises(litellm.BadRequestError) as caught:
            await router.acompletion(**{**REFUSED, "model": "mine"})
        return answer, caught.value

    answer, error = asyncio.run(main())

    assert answer._hidden_params["quirkbook"][0]["rule"] == "format/developer-is-system"
    assert "Moonshot takes each tool name once" in str(error)
    assert len(emulator.requests) == 1


def test_a_refused_call_is_litellms_bad_request_and_is_not_sent(url, emulator, callback):
    with pytest.raises(litellm.BadRequestError) as caught:
        ask(url, **{**REFUSED, "model": MODEL})

    assert caught.value.__cause__.change.rule == "moonshot/tool-names-differ"
    assert list(emulator.requests) == []


def test_positional_arguments_are_read_but_cannot_be_changed(url, emulator, callback):
    async def main(messages):
        return await litellm.acompletion(MODEL, messages, api_base=url, api_key=KEY, user="u-17")

    asyncio.run(main(ASKED["messages"]))
    with pytest.raises(UsageError) as caught:
        asyncio.run(main(NEEDED["messages"]))

    assert emulator.requests[0]["body"]["safety_identifier"] == "u-17"
    assert str(caught.value) == "messages is a positional argument, and a rule has to change it: write messages=..."
    assert len(emulator.requests) == 1


def test_the_address_and_litellms_own_word_tell_the_provider(callback):
    given = {"messages": ASKED["messages"], "user": "u"}

    async def hook(callback=callback, **kwargs):
        return await callback.async_pre_call_deployment_hook({**given, **kwargs}, "acompletion")

    known = asyncio.run(hook(model="m", api_base="https://api.moonshot.ai/v1"))
    told = asyncio.run(hook(adapter.QuirkbookCallback("moonshot"), model="m"))
    named = asyncio.run(hook(model="m", custom_llm_provider="moonshot"))
    unknown = [asyncio.run(hook(model=model)) for model in ("m", "no-one/m", None)]

    proxied = asyncio.run(hook(model="m", custom_llm_provider="openai", api_base="https://api.moonshot.ai/v1"))

    assert proxied["safety_identifier"] == "u"
    # LiteLLM finds no provider by either, so it has no table of what to let through.
    assert known["extra_body"] == told["extra_body"] == {"safety_identifier": "u"}
    assert named["safety_identifier"] == "u"
    assert "user" not in {**known, **named}
    assert unknown == [None, None, None]


def test_rules_may_set_and_drop_headers(tmp_path):
    made = adapter.QuirkbookCallback(rulebook=acme(tmp_path))
    given = {
        "model": "acme/m",
        "messages": ASKED["messages"],
        "traced": True,
        "extra_headers": {"x-acme-cache": "no", "x-mine": "1"},
    }

    asked = asyncio.run(made.async_pre_call_deployment_hook(given, "acompletion"))

    assert asked["extra_headers"] == {"x-mine": "1", "x-acme-trace": "on"}
    assert (asked["model"], "traced" in asked) == ("acme/m", False)


def test_a_class_for_the_answer_goes_through_the_rules():
    pydantic = pytest.importorskip("pydantic", reason="pydantic, which comes with the openai package, is not installed")

    class City(pydantic.BaseModel):
        name: str

    made = adapter.QuirkbookCallback("deepseek")
    given = {"model": "deepseek/deepseek-chat", "messages": ASKED["messages"], "response_format": City}
    asked = asyncio.run(made.async_pre_call_deployment_hook(given, "acompletion"))

    assert asked["response_format"] == {"type": "json_object"}
    assert '"name"' in asked["messages"][0]["content"]


def test_other_calls_are_left_alone(callback):
    kwargs = {"model": "moonshot/m", "input": "Hi", "user": "u"}
    embedding = litellm.types.utils.CallTypes.aembedding

    assert asyncio.run(callback.async_pre_call_deployment_hook(kwargs, embedding)) is None


def test_the_proxys_answer_gets_the_header(callback):
    async def header(response):
        return await callback.async_post_call_response_headers_hook({}, None, response, None)

    response = litellm.ModelResponse()
    response._hidden_params["quirkbook"] = [{"rule": "acme/no-seed"}, {"rule": "acme/no-seed"}]

    assert asyncio.run(header(response)) == {"x-quirkbook-rules": "acme/no-seed"}
    assert asyncio.run(header(litellm.ModelResponse())) is None
    assert asyncio.run(header(None)) is None


def test_a_configuration_file_can_name_the_callback():
    utils = pytest.importorskip("litellm.proxy.types_utils.utils", reason="litellm[proxy] is not installed")

    assert utils.get_instance_fn("quirkbook.adapters.litellm.callback") is adapter.callback


def test_no_key_and_no_text_gets_into_what_is_logged(url, callback):
    answer = ask(url, **NEEDED)

    said = str(answer._hidden_params["quirkbook"])
    assert KEY not in said
    assert "Be brief" not in said


@pytest.fixture
def session(monkeypatch):
    """Put a client with the rules beneath LiteLLM, for synchronous calls too."""
    with httpx_adapter.client("moonshot", library="httpx") as made:
        monkeypatch.setattr(litellm, "client_session", made)
        yield made


def test_synchronous_calls_are_translated_by_the_client_beneath(url, emulator, session):
    answer = litellm.completion(**NEEDED, api_base=url, api_key=KEY)

    assert answer.choices[0].message.tool_calls[0].function.name == "look_up"
    assert answer.usage.prompt_tokens_details.cached_tokens == 20
    assert emulator.requests[0]["body"]["messages"][0]["role"] == "system"


def test_a_synchronous_call_that_is_refused_is_litellms_bad_request(url, emulator, session):
    with pytest.raises(litellm.BadRequestError, match="Moonshot takes each tool name once"):
        litellm.completion(**{**REFUSED, "model": MODEL}, api_base=url, api_key=KEY)

    assert list(emulator.requests) == []


# What its docstring says of LiteLLM itself


def sent_by_litellm_alone(url, emulator, **payload):
    ask(url, **{"model": MODEL, "messages": ASKED["messages"], **payload})
    return emulator.requests[-1]["body"]


def test_litellm_maps_some_parameters_itself(url, emulator):
    several = sent_by_litellm_alone(url, emulator, temperature=0.1, n=2, max_completion_tokens=9)
    thinks = sent_by_litellm_alone(url, emulator, model="moonshot/kimi-k2.6", temperature=0.3)
    hot = sent_by_litellm_alone(url, emulator, temperature=1.4)

    assert (several["temperature"], several["max_tokens"], "max_completion_tokens" in several) == (0.3, 9, False)
    assert "temperature" not in thinks
    assert hot["temperature"] == 1


def test_litellm_refuses_what_its_table_lacks(url, emulator):
    with pytest.raises(litellm.UnsupportedParamsError):
        sent_by_litellm_alone(url, emulator, thinking={"type": "disabled"})


def test_without_litellm_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "litellm", None)
    monkeypatch.delitem(sys.modules, "quirkbook.adapters.litellm")

    with pytest.raises(UsageError) as caught:
        __import__("quirkbook.adapters.litellm")

    assert str(caught.value) == "this adapter needs litellm: in a checkout of Quirkbook, run pip install '.[litellm]'"


@pytest.mark.filterwarnings("error::quirkbook.QuirkbookWarning")
def test_a_synchronous_call_that_goes_its_way_without_rules_is_warned_of_once(url, emulator, callback):
    asked = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}], "api_base": url, "api_key": KEY}

    with pytest.warns(QuirkbookWarning, match="LiteLLM asks no callback before a synchronous completion"):
        litellm.completion(**asked)
    litellm.completion(**asked)
    ask(url, **{name: asked[name] for name in ("model", "messages")})


def test_a_synchronous_call_by_our_client_needs_no_warning(url, emulator, callback, monkeypatch, recwarn):
    monkeypatch.setattr(litellm, "client_session", httpx_adapter.client("moonshot", library="httpx"))

    litellm.completion(model=MODEL, messages=[{"role": "user", "content": "Hi"}], api_base=url, api_key=KEY)

    assert not [one for one in recwarn if issubclass(one.category, QuirkbookWarning)]


@pytest.fixture
def installed():
    yield adapter.install
    adapter.uninstall()


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("deepseek", "deepseek-chat"),
        ("mistral", "mistral-small-latest"),
        ("moonshot", "moonshot-v1-8k"),
    ],
)
def test_synchronous_calls_to_any_provider_pass_through_the_rules(provider, model, installed):
    asked = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    emulated = Emulator(provider)
    installed(provider)
    with running(emulated) as url:
        whole = litellm.completion(f"{provider}/{model}", asked, api_base=url, api_key=KEY)
        chunks = list(litellm.completion(f"{provider}/{model}", asked, api_base=url, api_key=KEY, stream=True))
        again = ask(url, model=f"{provider}/{model}", messages=asked)

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert [whole.choices[0].message.content, text, again.choices[0].message.content] == ["You said: Hi"] * 3
    assert [one["body"]["messages"][0]["role"] for one in emulated.requests] == ["system"] * 3


def test_a_stream_of_an_installed_client_names_the_rules_in_its_headers(installed):
    emulated = Emulator("moonshot")
    installed("moonshot")
    with running(emulated) as url:
        given = {"api_base": url, "api_key": KEY, "extra_body": {"user": "u-17"}}
        stream = litellm.completion(MODEL, ASKED["messages"], stream=True, **given)
        assert len(list(stream)) > 2

    headers = stream._hidden_params["additional_headers"]
    assert headers["llm_provider-x-quirkbook-rules"] == "moonshot/user-is-safety-identifier"
    assert emulated.requests[0]["body"]["safety_identifier"] == "u-17"


@pytest.mark.parametrize(
    ("provider", "model"),
    [("deepseek", "deepseek-chat"), ("groq", "openai/gpt-oss-20b"), ("moonshot", "moonshot-v1-8k")],
)
def test_a_refusal_is_litellms_bad_request_at_every_provider(provider, model, installed):
    emulated = Emulator(provider)
    installed(provider, policy={"lossy": "error"})
    with running(emulated) as url:
        given = {"model": f"{provider}/{model}", "messages": ASKED["messages"], "api_base": url, "api_key": KEY}
        given |= {"extra_body": {"metadata": {"team": "blue"}}, "max_retries": 0}
        with pytest.raises(litellm.BadRequestError, match="the policy forbids lossy changes"):
            litellm.completion(**given)
        with pytest.raises(litellm.BadRequestError, match="the policy forbids lossy changes"):
            ask(url, **{name: given[name] for name in ("model", "messages", "extra_body", "max_retries")})

    assert list(emulated.requests) == []


def test_dspys_synchronous_model_passes_through_the_rules(installed):
    dspy = pytest.importorskip("dspy", reason="dspy is not installed: see tests/peers.txt")
    emulated = Emulator("moonshot")
    installed("moonshot")
    with running(emulated) as url:
        lm = dspy.LM(MODEL, api_base=url, api_key=KEY, cache=False, engine="litellm", extra_body={"user": "u-17"})
        answer = lm("Hi")

    assert answer == ["You said: Hi"]
    assert emulated.requests[0]["body"]["safety_identifier"] == "u-17"


def test_groqs_answers_have_what_litellm_reads_in_them(installed):
    asked = {"model": "groq/llama-3.3-70b-versatile", "messages": [{"role": "user", "content": "Hi", "timestamp": 1}]}
    emulated = Emulator("groq")
    with running(emulated) as url:
        with pytest.raises(litellm.BadRequestError):
            litellm.completion(**asked, api_base=url, api_key=KEY)
        installed("groq")
        answer = litellm.completion(**asked, api_base=url, api_key=KEY)

    assert (answer.choices[0].message.content, answer.service_tier) == ("You said: Hi", "default")
    assert [one["status"] for one in emulated.requests] == [400, 200]


def test_what_was_installed_can_be_taken_out(installed):
    before = litellm.client_session
    installed("moonshot")
    installed("moonshot")
    adapter.uninstall()

    assert litellm.client_session is before
    assert type(HTTPHandler().client._transport).__name__ != "QuirkbookTransport"


def test_a_version_that_makes_its_clients_otherwise_is_told(installed, monkeypatch):
    monkeypatch.setattr(HTTPHandler, "client", property(lambda self: httpx_library.Client()))

    with pytest.raises(UsageError) as caught:
        installed("moonshot")

    assert "the rules cannot be installed" in str(caught.value)
    assert getattr(litellm.client_session, "_transport", None) is None


def test_installed_rules_may_remember_thoughts():
    memory, emulator = ReasoningMemory(), Emulator("deepseek")
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
    ask = [{"role": "user", "content": "call look {}"}]
    adapter.install("deepseek", reasoning_memory=memory)
    try:
        with running(emulator) as url:
            given = {"model": "deepseek/deepseek-v4-pro", "api_base": url, "api_key": KEY, "tools": tools}
            message = litellm.completion(messages=ask, **given).choices[0].message.model_dump(mode="json")
            calls = message["tool_calls"]
            turn = {"role": "assistant", "content": message["content"], "tool_calls": calls}
            result = {"role": "tool", "tool_call_id": calls[0]["id"], "content": "found"}
            litellm.completion(messages=[*ask, turn, result], **given)
    finally:
        adapter.uninstall()

    sent = emulator.requests[-1]["body"]["messages"][1]
    assert sent["reasoning_content"] == message["reasoning_content"] != ""
