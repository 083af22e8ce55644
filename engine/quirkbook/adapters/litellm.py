"""The rules in LiteLLM: a callback for asynchronous calls, the Router and the proxy; a client for the others.

In a process: ``litellm.callbacks.append(quirkbook.adapters.litellm.callback)``. In the proxy's ``config.yaml``::

    litellm_settings:
      callbacks: quirkbook.adapters.litellm.callback

It runs once a deployment is chosen, so the provider is known. Each answer, and the last chunk of each stream, reports what was done, in
``response._hidden_params["quirkbook"]``, as does the log's ``metadata["quirkbook"]``; the proxy answers with the header
``x-quirkbook-rules``. A payload that a rule or the policy refuses is not sent: LiteLLM's own BadRequestError is raised,
which its Router does not try again; its ``__cause__`` is ours.

LiteLLM (1.106) asks no callback before a synchronous ``completion()``. For that, and to give the rules the last word,
go beneath it, once per process::

    quirkbook.adapters.litellm.install()

It puts the rules into every HTTP client that LiteLLM makes, for all its providers, sync and async, and raises UsageError where
a version of LiteLLM does not let it. The callback warns of the first such call that goes its way without rules.

What LiteLLM still does itself, after the callback, as read and tried with 1.106:

- It maps some parameters for its providers. For Moonshot: max_completion_tokens becomes max_tokens, temperature is cut
  to 1, raised to 0.3 where n is above 1, and dropped for models that reason; tool_choice "required" becomes a further
  message, texts in parts are joined, a missing reasoning_content becomes a space. The rules have done most of that
  before, and with a report; what they left, LiteLLM changes in silence.
- It refuses OpenAI parameters that its table of the provider lacks (UnsupportedParamsError), or drops them where
  drop_params is set. What a rule writes goes by way of extra_body, which is not looked at; what you write does not.
- It merges extra_body last, over everything. Here it goes through the rules first.
- It reads the answer into its own objects. The rules for answers and streams do not run; with the clients they do.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Final

from ..api import Translation
from ..api.converting import to_plain
from ..api.policy import Policy
from ..client.arguments import plain_messages
from ..client.request import provider_of
from ..errors import PayloadError, QuirkbookWarning, UnknownProviderError, UsageError, missing_extra
from ..model import Change, same
from ..payload.describe import line
from ..rulebook.rulebook import Rulebook
from .exchange import RULES, BaseModel, Rules, rules_header
from .litellm_clients import install, uninstall

try:
    import litellm
    from litellm.integrations.custom_logger import CustomLogger
    from litellm.types.utils import all_litellm_params
except ImportError:
    raise missing_extra("this adapter", "litellm", "litellm") from None

#: What LiteLLM takes beside the payload, whether or not its own lists have it so.
_CALL: Final = frozenset({
    "api_base", "api_key", "api_version", "base_url", "client", "default_headers", "deployment_id", "extra_headers",
    "max_retries", "organization", "request_timeout", "timeout",
})  # fmt: skip


_NOT_ASKED: Final = (
    "LiteLLM asks no callback before a synchronous completion(): no rule is applied to it. Use acompletion(), or call "
    "quirkbook.adapters.litellm.install() first"
)


class QuirkbookCallback(CustomLogger):
    """Applies the rules to each asynchronous chat completion, once its deployment is chosen."""

    def __init__(
        self,
        provider: str | None = None,
        *,
        rulebook: Rulebook | None = None,
        policy: Policy | None = None,
        base_model: BaseModel = None,
    ) -> None:
        """Take the provider of all calls; without one it is who is known at the address, else the model's prefix.

        Calls to providers that nobody knows are left as they are.

        Raises:
            UnknownProviderError: nobody of that name.
            UsageError: the policy is invalid.
        """
        super().__init__()
        self._rules = Rules(provider, rulebook, policy, base_model)
        self._warned = False

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """Return the arguments of a call with its payload translated."""
        if getattr(call_type, "value", call_type) != "acompletion":
            return None
        logged = kwargs.get("litellm_logging_obj")
        # Positional arguments are not in kwargs; what LiteLLM noted of them is the same.
        positional = {name: getattr(logged, name, None) for name in ("model", "messages") if name not in kwargs}
        keywords = {name: value for name, value in kwargs.items() if _is_payload(name) and value is not None}
        payload = {**positional, **keywords}
        try:
            payload["messages"] = plain_messages(payload.get("messages") or [])
            payload, _ = to_plain(payload)  # without a report: LiteLLM makes JSON of objects as well
            report = self._translated(payload, kwargs)
        except PayloadError as error:
            model, provider = str(payload.get("model")), str(kwargs.get("custom_llm_provider") or "")
            raise litellm.BadRequestError(message=str(error), model=model, llm_provider=provider) from error
        if report is None or not report.changes:
            return None
        return _applied(kwargs, payload, report)

    def _translated(self, payload: dict[str, Any], kwargs: Mapping[str, Any]) -> Translation | None:
        rules, model = self._rules, payload.get("model")
        if not isinstance(model, str):
            return None
        named = rules.provider or kwargs.get("custom_llm_provider")
        address = kwargs.get("api_base") or kwargs.get("base_url")
        try:
            provider = provider_of(rules.rulebook, named, model, address, address_first=rules.provider is None)
        except UnknownProviderError:
            return None
        _, prefix = rules.rulebook.resolve(provider, model)
        report = rules.translate({**payload, "model": model.removeprefix(prefix)}, provider)
        report.payload["model"] = prefix + report.payload["model"]  # LiteLLM finds the provider by it
        return report

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: Any) -> None:
        """Warn, once, of a synchronous call: it is sent as it is, unless the rules are in LiteLLM's client."""
        below = type(getattr(litellm.client_session, "_transport", None)).__name__
        if kwargs.get("call_type") == "completion" and below != "QuirkbookTransport" and not self._warned:
            self._warned = True
            warnings.warn(_NOT_ASKED, QuirkbookWarning, stacklevel=2)

    async def async_post_call_success_deployment_hook(self, request_data: Any, response: Any, call_type: Any) -> None:
        """Put the report on the response."""
        changes = (request_data.get("metadata") or {}).get("quirkbook")
        hidden = getattr(response, "_hidden_params", None)
        if changes and isinstance(hidden, dict):
            hidden["quirkbook"] = changes

    async def async_post_call_streaming_deployment_hook(
        self, request_data: Any, response_chunk: Any, call_type: Any
    ) -> None:
        """Put the report on a chunk; LiteLLM passes the last one of a stream on with it."""
        parameters = request_data.get("litellm_params") or {}
        changes = (parameters.get("metadata") or {}).get("quirkbook")
        hidden = getattr(response_chunk, "_hidden_params", None)
        if changes and isinstance(hidden, dict):
            hidden["quirkbook"] = changes

    async def async_post_call_response_headers_hook(
        self, data: Any, user_api_key_dict: Any, response: Any, *_args: Any, **_kwargs: Any
    ) -> dict[str, str] | None:
        """Return the header that the proxy's answer gets."""
        hidden = getattr(response, "_hidden_params", None)
        changes = hidden.get("quirkbook") if isinstance(hidden, dict) else None
        return {RULES: rules_header(change["rule"] for change in changes)} if changes else None


def _is_payload(name: str) -> bool:
    owned = name in _CALL or name in all_litellm_params or name.startswith(("_", "litellm_"))
    return name in ("messages", "model") or not owned


def _applied(kwargs: Mapping[str, Any], before: Mapping[str, Any], report: Translation) -> dict[str, Any]:
    """Return the arguments with what the rules changed, in the places where LiteLLM lets it through."""
    after = report.payload
    arguments = {name: value for name, value in kwargs.items() if name in after or not _is_payload(name)}
    known = _supported(kwargs, after["model"])
    extra: dict[str, Any] = {}
    for name, value in after.items():
        if name in before and same(value, before[name]):
            continue
        if name in ("model", "messages") and name not in kwargs:
            raise UsageError(f"{name} is a positional argument, and a rule has to change it: write {name}=...")
        if name in kwargs or name in known:
            arguments[name] = value
        else:
            extra[name] = value
    if extra:
        arguments["extra_body"] = extra
    if report.headers:
        headers = {**(kwargs.get("extra_headers") or {}), **report.headers}
        arguments["extra_headers"] = {name: value for name, value in headers.items() if value is not None}
    arguments["metadata"] = {**(kwargs.get("metadata") or {}), "quirkbook": _logged(report.changes)}
    return arguments


def _supported(kwargs: Mapping[str, Any], model: str) -> frozenset[str]:
    """Return the parameters that LiteLLM lets through for a model."""
    try:
        _, provider, *_ = litellm.get_llm_provider(
            model=model, custom_llm_provider=kwargs.get("custom_llm_provider"), api_base=kwargs.get("api_base")
        )
    except litellm.BadRequestError:  # no provider that it knows: it will say so itself
        return frozenset()
    supported = litellm.get_supported_openai_params(model=model, custom_llm_provider=provider)
    return frozenset({"model", "messages", "stream", *(supported or ())})


def _logged(changes: tuple[Change, ...]) -> list[dict[str, str]]:
    """Return what was changed and why, without any text of the payload: it goes into logs."""
    return [
        {"rule": change.rule, "effect": str(change.effect), "change": line(change, values=False), "why": change.why}
        for change in changes
    ]


__all__ = ["QuirkbookCallback", "callback", "install", "uninstall"]

callback: Final = QuirkbookCallback()
"""Ready for a configuration file, with the rules that are built in and those of QUIRKBOOK_RULES."""
