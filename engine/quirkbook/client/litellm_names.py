"""Arguments of LiteLLM's own: what becomes of each where a call, or a request to the gateway, has it.

None of them is ever a field of the payload. Those that keep LiteLLM's books have no effect, which is told. Those that
change what is sent, where, or what comes back are refused, with what to write instead: leaving one out would do something
else than was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

WITHOUT_EFFECT: Final = frozenset(
    {
        "acompletion", "aembedding", "aimg_generation", "allm_passthrough_route", "allow_client_keepalive_override",
        "async_call", "atext_completion", "attempted_targets", "auto_router_max_input_chars", "bedrock_tags", "cache",
        "cache_key", "caching", "caching_groups", "callbacks", "client_side_timeout", "completion_call_id",
        "cooldown_time", "cost_per_query", "cost_per_second", "custom_prompt_dict", "daily_reset_time",
        "data_residency", "default_api_key_rpm_limit", "default_api_key_tpm_limit",
        "disable_add_transform_inline_image_block", "disable_fallbacks", "enable_keepalive", "enable_prompt_caching",
        "enable_tag_filtering", "failure_callback", "fallback_depth", "fireworks_forward_user_id", "guardrails", "id",
        "itpm", "keepalive_seconds", "kubernetes_pod_discovery", "log_client_error_tracebacks", "logger_fn",
        "max_agentic_loops", "max_fallbacks", "max_file_size_mb", "max_parallel_requests",
        "merge_reasoning_content_in_choices", "metadata_tags", "model_file_id_mapping", "model_info", "no-log", "order",
        "original_function", "otpm", "output_vector_size", "preset_cache_key", "provider_affinity_header", "proxy_server_request",
        "responses_api_version", "rpd", "rpm", "rust", "secret_fields", "self", "shared_session", "spend_logs_metadata",
        "stream_chunk_size", "success_callback", "switchyard_router_config", "tag_regex", "tags",
        "thought_signature_in_tool_call_id", "tiered_pricing", "tpd", "tpm", "ttl", "turn_off_message_logging",
        "use_client", "use_in_pass_through", "verbose", "weight",
    }
)  # fmt: skip

_EMULATE: Final = "run an emulated provider: quirkbook emulate"
_MESSAGES: Final = "write the messages as they are to be sent"
_SIGN_IN: Final = "pass api_key, or extra_headers={'Authorization': ...}"

REFUSED: Final[Mapping[str, str]] = {
    "additional_drop_params": "write a rule that drops them, or leave them out",
    "allowed_model_region": "write model=...",
    "allowed_openai_params": "leave it out: every parameter is sent on unless a rule says otherwise",
    "api_version": "write extra_query={'api-version': ...}",
    "assistant_continue_message": _MESSAGES,
    "azure": "write model='azure/...'",
    "azure_ad_token": "write extra_headers={'Authorization': ...}",
    "bos_token": _MESSAGES,
    "budget_duration": "leave it out: nothing is spent against a budget",
    "client": "use an adapter of quirkbook.adapters with your own client",
    "client_id": _SIGN_IN,
    "client_secret": _SIGN_IN,
    "complete_response": "leave stream out",
    "configurable_clientside_auth_params": _SIGN_IN,
    "content_policy_fallbacks": "catch ContentFilterError and call again",
    "context_window_fallback_dict": "catch ContextWindowExceededError and call again",
    "context_window_fallbacks": "catch ContextWindowExceededError and call again",
    "default_headers": "write extra_headers={...}",
    "deployment_id": "write model=...",
    "enable_json_schema_validation": "validate the answer with a library for JSON Schema",
    "ensure_alternating_roles": _MESSAGES,
    "eos_token": _MESSAGES,
    "fallbacks": "catch DispatchError and call again with another model",
    "fastest_response": "write model=...",
    "final_prompt_value": _MESSAGES,
    "force_timeout": "write timeout=...",
    "hf_model_name": "write base_model=...",
    "include_server_side_tool_invocations": "leave it out: no provider takes it in chat completions",
    "initial_prompt_value": _MESSAGES,
    "litellm_credential_name": _SIGN_IN,
    "litellm_system_prompt": _MESSAGES,
    "max_budget": "leave it out: nothing is spent against a budget",
    "model_alias_map": "write model=...",
    "model_config": "write base_url=... and api_key=...",
    "model_list": "write model=...",
    "organization": "write extra_headers={'OpenAI-Organization': ...}",
    "prompt_environment": _MESSAGES,
    "prompt_id": _MESSAGES,
    "prompt_label": _MESSAGES,
    "prompt_variables": _MESSAGES,
    "prompt_version": _MESSAGES,
    "provider_specific_header": "write extra_headers={...}",
    "region_name": "write base_url=...",
    "request_timeout": "write timeout=...",
    "retry_policy": "write max_retries=...",
    "retry_strategy": "write max_retries=...",
    "roles": _MESSAGES,
    "routing_strategy": "write model=...",
    "search_tool_name": "write web_search_options={...}",
    "silent_model": "call again with the other model",
    "ssl_verify": "set REQUESTS_CA_BUNDLE",
    "stream_response": "leave it out",
    "stream_timeout": "write timeout=(connect, read)",
    "stream_timeout_by_service_tier": "write timeout=(connect, read)",
    "supports_system_message": "write a rule that changes the role of these messages",
    "tenant_id": _SIGN_IN,
    "text_completion": "send messages",
    "timeout_by_service_tier": "write timeout=...",
    "use_chat_completions_api": "leave it out: chat completions are the only interface",
    "use_litellm_proxy": "write base_url=...",
    "use_xai_oauth": _SIGN_IN,
    "user_config": "write base_url=... and api_key=...",
    "user_continue_message": _MESSAGES,
}

#: Families of names: the prices of tokens, the settings of services that keep logs, and what LiteLLM tells itself.
_OF_BOOKS: Final = re.compile(
    r".+_cost_per_.+|(explicit_)?cache_.+_cost(_.+)?|.+_uplift_multiplier(_.+)?|litellm_.+|s3_.+|gcs_.+|_.+"
    r"|(arize|dd|humanloop|langfuse|langsmith|newrelic|posthog|signoz|wandb|weave)_.+"
)
_OF_SENDING: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile("mock_.+"), _EMULATE),
    (re.compile("(auto|complexity|adaptive|quality)_router_.+"), "write model=..."),
    (
        re.compile(
            "(aws|azure|vertex|watsonx|token_exchange|github_copilot|gigachat|openai_identity)_.+"
            "|openai_service_account_id|chatgpt_auth_file"
            "|anthropic_(federation|organization|service_account|identity|issuer|keycloak|disable_workload)_.+"
        ),
        _SIGN_IN,
    ),
)


def refusal(name: str) -> str | None:
    """Return what to write instead of an argument of LiteLLM's that cannot be honoured, None for any other.

    >>> refusal("fallbacks"), refusal("mock_response"), refusal("temperature")
    ('catch DispatchError and call again with another model', 'run an emulated provider: quirkbook emulate', None)
    """
    if name in REFUSED:
        return REFUSED[name]
    return next((hint for pattern, hint in _OF_SENDING if pattern.fullmatch(name)), None)


def is_without_effect(name: str) -> bool:
    """Tell whether an argument only keeps LiteLLM's books.

    >>> is_without_effect("tags"), is_without_effect("input_cost_per_token"), is_without_effect("seed")
    (True, True, False)
    """
    return name in WITHOUT_EFFECT or (name not in REFUSED and _OF_BOOKS.fullmatch(name) is not None)
