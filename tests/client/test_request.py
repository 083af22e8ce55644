"""Arguments become a request, or an error that says what to write instead."""

from __future__ import annotations

import inspect
import json
import warnings

import pytest

from quirkbook import PayloadError, PolicyError, RefusedError, Rulebook, UnknownProviderError, UsageError
from quirkbook.client.arguments import OWN, Options
from quirkbook.client.litellm_names import REFUSED, WITHOUT_EFFECT
from quirkbook.client.request import DEFAULT_TIMEOUT, address, prepare
from quirkbook.errors import AuthenticationError

HI = [{"role": "user", "content": "Hi"}]
RULES = """
quirks: 1
provider: {name}
base_url: https://api.{name}.example/v1
base_url_env: {variable}_BASE
api_key_env: {variable}_KEY
endpoints: ["https://api.{name}.example/*"]
{more}
rules:
  - id: cooler
    why: It takes temperature 0 to 1.
    source: https://example.com
    verified: {{date: 2026-11-22, by: docs}}
    when: {{temperature: {{gt: 1}}}}
    do: [{{clamp: {{temperature: [0, 1]}}}}]
    examples:
      - {{in: {{temperature: 2}}, out: {{temperature: 1}}}}
      - {{in: {{temperature: 1}}, same: true}}
  - id: no-seed
    why: It refuses seeds.
    source: https://example.com
    verified: {{date: 2026-11-22, by: docs}}
    when: {{seed: {{exists: true}}}}
    do: [{{reject: seeds are not taken}}]
    examples:
      - {{in: {{seed: 2}}, rejects: true}}
      - {{in: {{n: 1}}, same: true}}
  - id: wide
    why: It wants a header.
    source: https://example.com
    verified: {{date: 2026-11-22, by: docs}}
    when: {{n: {{gt: 1}}}}
    do: [{{set_header: {{X-Wide: "yes"}}}}, {{drop_header: [X-Plain]}}]
    examples:
      - {{in: {{n: 2}}, same: true, headers: {{X-Wide: "yes"}}}}
      - {{in: {{n: 1}}, same: true}}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rules")
    more = 'auth: {header: api-key}\nheaders: {X-Plain: "1"}'
    for name, extra in (("one", ""), ("two", more)):
        (folder / f"{name}.yaml").write_text(RULES.format(name=name, variable=name.upper(), more=extra))
    (folder / "local.yaml").write_text("quirks: 1\nprovider: local\nrules: []\n")
    return Rulebook.load(folder, builtin=False)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("ONE_KEY", "ONE_BASE", "TWO_KEY", "TWO_BASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def prepared(book):
    """Prepare a call, allowing every change."""

    def call(model="one/m-1", messages=HI, stream=None, **options):
        fixed = {"rulebook": book, "policy": {"lossy": "allow"}, "api_key": "k-123456789"}
        return prepare(model, messages, stream, {**fixed, **options})

    return call


# The payload


def test_a_request_is_what_the_rules_make_of_the_arguments(prepared):
    call = prepared(temperature=1.4, top_k=3, stop=None)

    assert json.loads(call.body) == {"model": "m-1", "messages": HI, "temperature": 1, "top_k": 3}
    assert [change.rule for change in call.changes] == ["quirkbook/model-prefix", "one/cooler"]
    assert (call.url, call.provider, call.model, call.streams) == (
        "https://api.one.example/v1/chat/completions",
        "one",
        "m-1",
        False,
    )
    assert (call.timeout, call.retries, call.remarks) == (DEFAULT_TIMEOUT, 2, ())


def test_extra_body_goes_through_the_rules_wins_and_can_say_null(prepared):
    call = prepared(temperature=0.5, extra_body={"temperature": 7, "stop": None, "stream": True})

    assert json.loads(call.body) == {"model": "m-1", "messages": HI, "temperature": 1, "stop": None, "stream": True}
    assert call.streams


def test_none_means_not_given(prepared):
    assert json.loads(prepared(stream=None, temperature=None, extra_body=None, timeout=None, custom=None).body) == {
        "model": "m-1",
        "messages": HI,
    }


@pytest.mark.parametrize("stream", [True, False])
def test_stream_is_sent_as_it_is_given(prepared, stream):
    call = prepared(stream=stream)

    assert (json.loads(call.body)["stream"], call.streams) == (stream, stream)


def test_messages_of_other_sdks_are_taken_and_any_iterable_of_them(prepared):
    from quirkbook.wire.types import Message

    class Said:
        def model_dump(self, *, exclude_none, by_alias):
            return {"role": "assistant", "content": "Hello"} if exclude_none and by_alias else None

    call = prepared(messages=iter([Said(), Message(role="user", content="Hi")]))

    assert json.loads(call.body)["messages"] == [{"role": "assistant", "content": "Hello"}, *HI]
    assert [(one.pointer, one.note) for one in call.changes if one.rule == "quirkbook/plain-data"] == [
        ("/messages/0", "Said to an object"),
        ("/messages/1", "Message to an object"),
    ]


def test_half_a_surrogate_pair_is_escaped(prepared):
    content = "\ud800 你"

    assert (
        json.loads(prepared(messages=[{"role": "user", "content": content}]).body)["messages"][0]["content"] == content
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"messages": "Hi"},
            'payload/messages: messages must be an array, not a string; example: [{"role": "user", ...}]',
        ),
        (
            {"messages": 7},
            'payload/messages: messages must be an array, not a number; example: [{"role": "user", ...}]',
        ),
        (
            {"messages": {"role": "user"}},
            'payload/messages: messages must be an array, not an object; example: [{"role": "user", ...}]',
        ),
        (
            {"messages": ["Hi"]},
            'payload/messages/0: a message must be an object, not a string; example: {"role": ..., "content": ...}',
        ),
        (
            {"top_k": float("nan")},
            "payload/top_k: a number must be finite: write one, or null",
        ),
        (
            {"tools": [int]},
            "payload/tools/0: a value must be JSON data, not the class int; only response_format and items of tools may be "
            "classes, those that have model_json_schema()",
        ),
    ],
)
def test_what_is_no_payload_is_said_before_anything_is_sent(prepared, arguments, message):
    with pytest.raises(PayloadError) as caught:
        prepared(**arguments)

    assert str(caught.value) == message


def test_a_rule_may_refuse(prepared):
    with pytest.raises(RefusedError) as caught:
        prepared(seed=7)

    assert caught.value.pointer == "/seed"
    assert str(caught.value).splitlines()[0] == "payload/seed: seeds are not taken (rule one/no-seed)"


def test_the_policy_is_the_callers(prepared):
    with pytest.raises(PolicyError):
        prepared(temperature=7, policy={"lossy": "error"})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        prepared(temperature=7, policy={"lossy": "warn"})
    assert [str(one.message).split(" (")[0] for one in said] == ["one/cooler changed the payload"]


# Whom to call


@pytest.mark.parametrize(
    ("arguments", "provider", "url"),
    [
        ({}, "one", "https://api.one.example/v1"),
        ({"provider": "two"}, "two", "https://api.two.example/v1"),
        ({"custom_llm_provider": "two"}, "two", "https://api.two.example/v1"),
        (
            {"custom_llm_provider": "one", "model": "m-1", "base_url": "https://api.two.example/v1"},
            "two",
            "https://api.two.example/v1",
        ),
        ({"custom_llm_provider": "two", "base_url": "http://127.0.0.1:8001"}, "two", "http://127.0.0.1:8001/v1"),
        ({"model": "m-1", "base_url": "https://api.two.example/v1"}, "two", "https://api.two.example/v1"),
        ({"base_url": "https://api.two.example/v1"}, "two", "https://api.two.example/v1"),
        ({"base_url": "http://127.0.0.1:8001"}, "one", "http://127.0.0.1:8001/v1"),
        ({"api_base": "http://127.0.0.1:8001/v1/"}, "one", "http://127.0.0.1:8001/v1"),
        ({"provider": "local", "base_url": "http://127.0.0.1:8001/any"}, "local", "http://127.0.0.1:8001/any"),
    ],
)
def test_provider_and_address(prepared, arguments, provider, url):
    call = prepared(**arguments)

    assert (call.provider, call.url) == (provider, f"{url}/chat/completions")


def test_nobody_named(prepared):
    with pytest.raises(UnknownProviderError):
        prepared(model="m-1", base_url="http://127.0.0.1:8001")


@pytest.mark.parametrize(
    ("base_url", "own", "wanted"),
    [
        ("https://h", "https://x/v1", "https://h/v1"),
        ("https://h/", "https://x/v1", "https://h/v1"),
        ("https://h/v1", "https://x/v1", "https://h/v1"),
        ("https://h/v1/chat/completions", "https://x/v1", "https://h/v1"),
        ("https://h/chat/completions", "https://x/v1", "https://h/v1"),
        ("https://h/proxy", "https://x/v1", "https://h/proxy"),
        ("https://h/openai", "https://x/openai/v1", "https://h/openai/v1"),
        ("https://h", "https://x/openai/v1", "https://h/openai/v1"),
        ("https://h/open", "https://x/openai/v1", "https://h/open"),
        ("https://h:8443/v1", "", "https://h:8443/v1"),
        ("https://h", "", "https://h"),
        ("http://[::1]:80/v2", "https://x/v1", "http://[::1]:80/v2"),
    ],
)
def test_the_path_of_an_address_is_completed(base_url, own, wanted):
    assert address(base_url, {"base_url": own}) == f"{wanted}/chat/completions"


def test_a_query_of_the_address_and_of_the_call_go_along():
    found = address("https://h/v1?a=1", {}, {"api-version": "2 3"})

    assert found == "https://h/v1/chat/completions?a=1&api-version=2+3"


def test_the_address_may_stand_in_a_variable(prepared, monkeypatch):
    monkeypatch.setenv("ONE_BASE", "http://127.0.0.1:1/v1")

    assert prepared().url == "http://127.0.0.1:1/v1/chat/completions"
    assert prepared(base_url="http://127.0.0.1:2/v1").url == "http://127.0.0.1:2/v1/chat/completions"


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com/v1",
        "ftp://h/v1",
        "http://",
        "http://[::1",
        "http://h:x/v1",
        "http://h:0/v1",
        "http://a b/v1",
        "http://h/v1\x00",
        7,
    ],
)
def test_an_address_that_is_none(url):
    with pytest.raises(UsageError) as caught:
        address(url, {})

    assert str(caught.value) == "base_url must be an address: write https://host/v1"


def test_an_address_with_a_password_is_refused_and_not_shown():
    with pytest.raises(UsageError) as caught:
        address("https://me:secret@h/v1", {})

    assert str(caught.value) == "base_url holds a user name or a password: write them into extra_headers"


def test_a_provider_without_an_address_needs_one(prepared):
    with pytest.raises(UsageError) as caught:
        prepared(provider="local")

    assert str(caught.value) == "the provider has no address of its own: pass base_url=..."


# Key and headers


def test_the_usual_headers(prepared):
    assert prepared().headers == {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "quirkbook",
        "Authorization": "Bearer k-123456789",
    }
    assert prepared(stream=True).headers == {
        **prepared().headers,
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
    }


def test_the_providers_file_says_how_the_key_is_sent(prepared):
    headers = prepared("two/m-1").headers

    assert (headers["api-key"], headers["X-Plain"], "Authorization" in headers) == ("k-123456789", "1", False)


def test_rules_set_and_drop_headers_and_the_caller_has_the_last_word(prepared):
    assert prepared("two/m-1", n=2).headers.get("X-Wide") == "yes"
    assert "X-Plain" not in prepared("two/m-1", n=2).headers
    assert (
        prepared("two/m-1", n=2, extra_headers={"x-wide": "no", "x-plain": "2"}).headers.items()
        >= {
            "x-wide": "no",
            "x-plain": "2",
        }.items()
    )


def test_the_key_may_stand_in_a_variable(prepared, monkeypatch):
    monkeypatch.setenv("ONE_KEY", " from-the-environment\n")

    assert prepared(api_key=None).headers["Authorization"] == "Bearer from-the-environment"
    assert prepared(api_key="given").headers["Authorization"] == "Bearer given"


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_sent(prepared, key):
    with pytest.raises(AuthenticationError) as caught:
        prepared(api_key=key)

    assert str(caught.value) == "one: no API key: set ONE_KEY or pass api_key=..."
    assert (caught.value.status, caught.value.provider) == (None, "one")


def test_a_caller_may_bring_the_header_instead_of_the_key(prepared):
    headers = prepared(api_key=None, headers={"authorization": "Basic abc"}).headers

    assert headers["authorization"] == "Basic abc"


def test_a_provider_without_a_key_gets_none(prepared):
    assert "Authorization" not in prepared(provider="local", base_url="http://127.0.0.1:1", api_key=None).headers


@pytest.mark.parametrize("value", ["a\nb: c", "schlüssel", 7])
def test_a_header_is_one_line_of_ascii(prepared, value):
    with pytest.raises(UsageError) as caught:
        prepared(extra_headers={"X-Key": value})

    assert str(caught.value) == "header X-Key: the value must be one line of plain ASCII"


@pytest.mark.parametrize("name", ["X Key", "X-Key:", "", "X-Käy"])
def test_a_header_has_the_name_of_one(prepared, name):
    with pytest.raises(UsageError) as caught:
        prepared(extra_headers={name: "1"})

    assert str(caught.value) == f"'{name}' is not a valid header name: write letters, digits and '-'"


def test_what_hides_secrets_knows_those_of_this_call(prepared):
    call = prepared(extra_headers={"X-Token": "Token abcdef"}, extra_query={"key": "ghijkl", "page": "words"})

    assert call.mask("k-123456789 abcdef ghijkl words") == "*** *** *** words"


# How to call


@pytest.mark.parametrize(
    ("given", "wanted"), [(5, (5.0, 5.0)), (0.5, (0.5, 0.5)), ((1, 60.5), (1.0, 60.5)), (None, (10.0, 600.0))]
)
def test_timeouts(prepared, given, wanted):
    assert prepared(timeout=given).timeout == wanted


@pytest.mark.parametrize("timeout", [0, -1, True, "soon", (1,), (1, 0), (1, None), float("nan"), float("inf")])
def test_timeouts_that_are_none(prepared, timeout):
    with pytest.raises(UsageError) as caught:
        prepared(timeout=timeout)

    assert str(caught.value) == (
        f"timeout cannot be {timeout!r}: write seconds above 0, or a pair (connect, read) of them"
    )


def test_retries_have_two_names(prepared):
    assert [prepared(**given).retries for given in ({}, {"max_retries": 0}, {"num_retries": 20})] == [2, 0, 20]
    assert prepared(max_retries=1, num_retries=1).retries == 1


@pytest.mark.parametrize("number", [-1, 21, True, 1.5, "2"])
def test_retries_that_are_none(prepared, number):
    with pytest.raises(UsageError) as caught:
        prepared(max_retries=number)

    assert str(caught.value) == f"max_retries cannot be {number!r}: write 0 to 20"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_retries": 1, "num_retries": 2}, "max_retries and its other name num_retries differ: give one of them"),
        (
            {"provider": "one", "custom_llm_provider": "two"},
            "provider and its other name custom_llm_provider differ: give one of them",
        ),
        ({"extra_body": [1]}, 'extra_body must be an object, not an array; example: {"top_k": 40}'),
        (
            {"mock_response": "Hi"},
            "mock_response is an argument of LiteLLM that has no counterpart here: "
            "run an emulated provider: quirkbook emulate",
        ),
    ],
)
def test_arguments_that_cannot_be_honoured(prepared, arguments, message):
    with pytest.raises(UsageError) as caught:
        prepared(**arguments)

    assert str(caught.value) == message


def test_arguments_that_only_litellm_uses_are_left_out_and_told(prepared):
    call = prepared(drop_params=True, caching=False, logger_fn=print)

    assert json.loads(call.body) == {"model": "m-1", "messages": HI}
    assert call.remarks == (
        "caching has no effect: it is an argument of LiteLLM's own",
        "logger_fn has no effect: it is an argument of LiteLLM's own",
        "drop_params has no effect: the rules decide what is dropped, and the report says so",
    )


def test_the_tables_of_arguments_do_not_overlap():
    own = {name for names in OWN for name in names}
    fields = set(Options.__annotations__) - own

    assert own < set(Options.__annotations__)
    assert not (own | fields) & WITHOUT_EFFECT
    assert not (own | fields | WITHOUT_EFFECT) & set(REFUSED)


def test_every_argument_of_the_openai_package_is_known():
    openai = pytest.importorskip("openai", reason="openai is not installed: see the extra test")
    create = inspect.signature(openai.resources.chat.Completions.create).parameters
    mine = {"self", "model", "messages", "stream", *Options.__annotations__}

    assert set(create) - mine <= {"moderation", "prompt_cache_options"}
