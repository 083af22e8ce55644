"""Arguments of completion() in, a request ready to be sent out. Without sockets, clocks and event loops."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

from .. import api
from ..api.reasoning import LOST, ReasoningMemory, is_stand_in, wants_thoughts
from ..api.tool_names import renamed
from ..errors import AuthenticationError, PayloadError, RefusedError, UsageError
from ..model import Change
from ..payload.describe import kind
from ..plan.interpret import changes, refusals
from ..rulebook.rulebook import Rulebook
from ..wire import jsontext, unwritable
from ..wire.headers import is_header_name, is_header_value
from ..wire.redact import Mask, is_secret_name
from ..wire.retry import DEFAULT_RETRIES, MOST_RETRIES
from . import arguments

PATH: Final = "/chat/completions"
DEFAULT_TIMEOUT: Final = (10.0, 600.0)
"""Seconds to wait for the connection and for each piece of the answer; models may think for minutes."""

_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "quirkbook"}
#: A compressed stream comes in lumps.
_STREAM_HEADERS: Final = {**_HEADERS, "Accept": "text/event-stream", "Accept-Encoding": "identity"}
_NO_ADDRESS: Final = "base_url must be an address: write https://host/v1"
_BEARER: Final = {"header": "Authorization", "prefix": "Bearer "}


@dataclass(frozen=True, slots=True)
class Call:
    """A request ready to be sent, and all that is needed to read its answer."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: tuple[float, float]
    """(connect, read), in seconds."""
    retries: int
    provider: str
    payload: Mapping[str, Any]
    """The translated request."""
    changes: tuple[Change, ...]
    remarks: tuple[str, ...]
    mask: Mask
    rulebook: Rulebook
    base_model: str | None = None
    """Which model it is, where its name does not say so."""
    memory: ReasoningMemory | None = None
    """Where thoughts of the answer are kept."""

    @property
    def streams(self) -> bool:
        """Whether the answer comes as a stream."""
        return self.payload.get("stream") is True

    @property
    def names(self) -> dict[str, str]:
        """Of tools that rules renamed: the name that is sent -> the caller's."""
        return renamed((change.action, change.before, change.after) for change in self.changes)

    @property
    def model(self) -> str | None:
        """The model as the provider knows it."""
        model = self.payload.get("model")
        return model if isinstance(model, str) else None


def prepare(model: str, messages: arguments.Messages, stream: bool | None, options: Mapping[str, Any]) -> Call:
    """Return the request for a call of completion().

    Raises:
        UsageError: an argument that cannot be honoured.
        AuthenticationError: no key; nothing was sent.
        PayloadError: it is not a chat payload, or a rule refuses it.
        UnknownProviderError: nobody knows the provider.
    """
    fields, call_options, remarks = arguments.sort_options(options)
    payload = {"model": model, "messages": arguments.plain_messages(messages), **fields}
    if stream is not None:
        payload["stream"] = stream
    extra = call_options.get("extra_body", {})
    if not isinstance(extra, Mapping):
        raise UsageError(f'extra_body must be an object, not {kind(extra)}; example: {{"top_k": 40}}')
    payload = _merged(payload, extra)
    book = call_options.get("rulebook") or api.default_rulebook()
    provider = provider_of(
        book,
        call_options.get("provider"),
        payload["model"],
        call_options.get("base_url"),
        address_first=call_options.get("address_first", False),
    )
    head = book.provider(provider).head
    extra_headers = {**call_options.get("extra_headers", {})}
    key = _api_key(provider, head, call_options.get("api_key"), extra_headers)
    memory, remembered = call_options.get("reasoning_memory"), ()
    if memory is not None and wants_thoughts(book, provider, payload["model"], call_options.get("base_model")):
        payload, found = memory.restored(payload)
        remembered = tuple(found)
    run = api.apply_rules(
        payload, provider, None, None, book, call_options.get("policy"), base_model=call_options.get("base_model")
    )
    if run.refusals:
        raise RefusedError(refusals(run))
    if run.fired:
        api.apply_policy(run, call_options.get("policy"), stacklevel=4)
    changed = (*remembered, *(changes(run) if run.fired else ()))
    if memory is None and any(map(is_stand_in, changed)):
        remarks += (LOST,)
    headers = wire_headers(head, key, run.headers, extra_headers, streams=run.root.get("stream") is True)
    return Call(
        url=address(call_options.get("base_url"), head, call_options.get("extra_query")),
        headers=headers,
        body=_encode(run.root),
        timeout=arguments.timeout_pair(call_options.get("timeout"), DEFAULT_TIMEOUT),
        retries=arguments.retry_count(call_options.get("max_retries"), DEFAULT_RETRIES, MOST_RETRIES),
        provider=provider,
        payload=run.root,
        changes=changed,
        remarks=remarks,
        mask=Mask(_secrets(headers, key, call_options.get("extra_query"))),
        rulebook=book,
        base_model=call_options.get("base_model"),
        memory=memory,
    )


def _merged(payload: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an extra_body in a payload: objects are joined, any other value wins over the payload's."""
    merged = {**payload, **extra}
    for key in payload.keys() & extra.keys():
        there, value = payload[key], extra[key]
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(there, value)
    return merged


def provider_of(
    book: Rulebook, provider: str | None, model: Any, base_url: str | None, *, address_first: bool = False
) -> str:
    """Return the name of the provider that is meant.

    It is the named one, else who is known to serve ``base_url``, else the prefix of the model: an address of one's own
    (a proxy, an emulated provider) says nothing about who answers there. With ``address_first`` the name counts as a prefix
    does: LiteLLM's users name openai for every address that speaks its protocol.

    Raises:
        UnknownProviderError: none of the three tells.
    """
    if not isinstance(model, str):
        model = None
    if provider is not None and address_first:
        return _provider_of(book, None, f"{book.provider(provider).name}/{model}", base_url)
    return _provider_of(book, provider, model, base_url)


@lru_cache(maxsize=256)  # an address that nobody is known to serve is looked for in vain once
def _provider_of(book: Rulebook, provider: str | None, model: str | None, base_url: str | None) -> str:
    return book.resolve(provider, model, base_url)[0]


def _api_key(provider: str, head: Mapping[str, Any], api_key: str | None, headers: Mapping[str, str]) -> str:
    """Return the caller's key; none is needed where the provider has none or the caller brings its header."""
    if api_key is not None and not isinstance(api_key, str):
        raise UsageError(f"api_key must be a string, not {kind(api_key)}")
    variable = head.get("api_key_env")
    key = api_key or (os.environ.get(variable, "") if variable else "")
    carrier = head.get("auth", _BEARER)["header"].lower()
    if not key and variable and not any(name.lower() == carrier for name in headers):
        raise AuthenticationError(f"no API key: set {variable} or pass api_key=...", provider=provider)
    return key.strip()


def wire_headers(
    head: Mapping[str, Any],
    key: str,
    rule_headers: Mapping[str, str | None],
    caller: Mapping[str, str],
    *,
    streams: bool,
) -> dict[str, str]:
    """Return the headers; later ones win: the provider's file, the key, the rules, the caller."""
    auth = head.get("auth", _BEARER)
    prefix = auth.get("prefix", "")
    keyed = {auth["header"]: prefix + key.removeprefix(prefix)} if key else {}  # some write "Bearer sk-..." for a key
    merged: dict[str, tuple[str, Any]] = {}
    for layer in (_STREAM_HEADERS if streams else _HEADERS, head.get("headers", {}), keyed, rule_headers, caller):
        merged |= {name.lower(): (name, value) for name, value in layer.items()}
    for name, value in merged.values():
        if not is_header_name(name):
            raise UsageError(f"'{name}' is not a valid header name: write letters, digits and '-'")
        if value is not None and not is_header_value(value):
            raise UsageError(f"header {name}: the value must be one line of plain ASCII")  # not shown: it may be a key
    return {name: value for name, value in merged.values() if value is not None}


def _secrets(headers: Mapping[str, str], key: str, query: Mapping[str, str] | None) -> Iterator[str]:
    yield key
    for name, value in (*headers.items(), *(query or {}).items()):
        if is_secret_name(name):
            yield from (str(value), str(value).rpartition(" ")[2])


def address(base_url: str | None, head: Mapping[str, Any], query: Mapping[str, str] | None = None) -> str:
    """Return where to send to: ``base_url``, else the provider's variable, else the provider's own address.

    An address without the path that the provider's own has (``/v1``) gets it, or what is missing of it.

    >>> address("http://127.0.0.1:8001", {"base_url": "https://api.example.com/v1"})
    'http://127.0.0.1:8001/v1/chat/completions'

    Raises:
        UsageError: the address is missing or invalid.
    """
    provider_url = head.get("base_url", "")
    variable = head.get("base_url_env")
    url = base_url or (os.environ.get(variable) if variable else None) or provider_url
    if not url:
        raise UsageError("the provider has no address of its own: pass base_url=...")
    if not isinstance(url, str):
        raise UsageError(_NO_ADDRESS)
    endpoint, url_query = _endpoint(url, provider_url)
    url_query = "&".join(filter(None, (url_query, urlencode(query or {}))))
    return f"{endpoint}?{url_query}" if url_query else endpoint


@lru_cache(maxsize=256)
def _endpoint(url: str, provider_url: str) -> tuple[str, str]:
    """Return the address of chat completions, and the query that the URL had."""
    parts = _parse_url(url)
    path = parts.path.rstrip("/").removesuffix(PATH)
    usual = urlsplit(provider_url).path.rstrip("/")
    if usual.startswith(path + "/"):
        path = usual
    return f"{parts.scheme}://{parts.netloc}{path}{PATH}", parts.query


def _parse_url(url: str) -> SplitResult:
    try:
        parts: SplitResult = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not url.isprintable() or " " in url:
        raise UsageError(_NO_ADDRESS)
    if "@" in parts.netloc:
        raise UsageError("base_url holds a user name or a password: write them into extra_headers")
    return parts


def _encode(payload: Mapping[str, Any]) -> bytes:
    try:
        return jsontext.encode(payload, nan=False)
    except (TypeError, ValueError, RecursionError):
        message, pointer = unwritable.find(payload)
        raise PayloadError(message, pointer) from None
