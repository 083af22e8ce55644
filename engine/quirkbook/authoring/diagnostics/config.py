"""Pages of Q3xx, diagnostics of the gateway's config."""

from __future__ import annotations

from collections.abc import Mapping

from .page import DiagnosticPage

CONFIG: Mapping[str, DiagnosticPage] = {
    "Q301": DiagnosticPage(
        "a variable that is not set",
        "The config asks for a variable of the environment with os.environ/NAME, and there is none of that name, or "
        "it is empty. To `quirkbook check` that is a warning: keys are seldom at hand where files are checked.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/MOONSHOT_KEY}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/MOONSHOT_API_KEY}",
    ),
    "Q302": DiagnosticPage(
        "nobody known to serve the model",
        "What stands before the '/' of a model, or custom_llm_provider, says whose rules, address and key are meant. A "
        "server of one's own that speaks OpenAI's protocol is openai/..., with its address in api_base.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: kimi-k2.6}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}",
    ),
    "Q303": DiagnosticPage(
        "an address without rules",
        "A warning. The model is written openai/..., which beside an api_base says only how to talk to the server. No "
        "provider is known at that address, so requests are sent on as they are.",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: openai/llama, api_base: http://127.0.0.1:8000/v1}",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: vllm/llama, api_base: http://127.0.0.1:8000/v1}",
    ),
    "Q304": DiagnosticPage(
        "no key for a provider",
        "A warning. The config names no key for the model, and the environment has none for its provider: the provider "
        "will refuse what is sent, unless it wants no key.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6, api_key: os.environ/MOONSHOT_API_KEY}",
    ),
    "Q305": DiagnosticPage(
        "a model that is not there",
        "Fallbacks and aliases name models by their model_name, by model_info.id, or so that a wildcard fits.",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}\n"
        "litellm_settings: {fallbacks: [{kimi: [gpt]}]}",
        "model_list:\n  - model_name: kimi\n    litellm_params: {model: moonshot/kimi-k2.6}\n"
        "  - model_name: gpt\n    litellm_params: {model: openai/gpt-5.5}\n"
        "litellm_settings: {fallbacks: [{kimi: [gpt]}]}",
    ),
    "Q306": DiagnosticPage(
        "a model that is left out",
        "A warning. LiteLLM knows the provider and there are no rules for it here, most often because it speaks another "
        "protocol. The rest of the config is served; where nothing is left of it, that is a fault.",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: triton/llama, api_base: http://127.0.0.1:9997}",
        "model_list:\n  - model_name: llama\n    litellm_params: {model: openai/llama, api_base: http://127.0.0.1:9997/v1}",
    ),
    "Q307": DiagnosticPage(
        "a model whose smallest request is refused",
        "A warning. A rule refuses even the smallest request for this model: one message of a user, with the defaults "
        "of the entry. Clients get the rule's text with a 400, or the answer of a fallback.",
        "model_list:\n  - model_name: claude\n    litellm_params: {model: bedrock/anthropic.claude-sonnet-5, "
        "aws_region_name: eu-west-1}",
        "model_list:\n  - model_name: claude\n    litellm_params: {model: anthropic/claude-sonnet-5}",
    ),
}
