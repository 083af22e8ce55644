"""Where requests in Anthropic's format go: below the path that the provider's rules name, at its own hosts alone."""

from __future__ import annotations

import pytest
from tests.gateway.asking import BOOK
from tests.gateway.asking import UPSTREAM_KEY as KEY

from quirkbook.gateway.config.model import Deployment
from quirkbook.gateway.router import Target
from quirkbook.gateway.upstream.target import Route


def head(provider, path="/messages", base=None):
    """Return the first lines of a request, and the line with the key."""
    deployment = Deployment("m", f"{provider}/m", provider, "m", KEY, base)
    lines = Route(Target(deployment, "m"), BOOK, {}).head_elsewhere("POST", path, "", {}).decode().splitlines()
    return lines[0].split()[1], lines[1], next(line for line in lines if KEY in line)


@pytest.mark.parametrize(
    ("provider", "base", "path", "host", "key"),
    [
        ("moonshot", None, "/anthropic/v1/messages", "api.moonshot.ai", f"Authorization: Bearer {KEY}"),
        ("moonshot", "https://api.moonshot.cn/v1", "/anthropic/v1/messages", "api.moonshot.cn", f"Authorization: Bearer {KEY}"),
        ("moonshot", "https://api.kimi.com/coding/v1", "/coding/v1/messages", "api.kimi.com", f"Authorization: Bearer {KEY}"),
        ("moonshot", "http://127.0.0.1:9/v1", "/v1/messages", "127.0.0.1:9", f"Authorization: Bearer {KEY}"),
        ("deepseek", None, "/anthropic/v1/messages", "api.deepseek.com", f"x-api-key: {KEY}"),
        ("zai", None, "/api/anthropic/v1/messages", "api.z.ai", f"Authorization: Bearer {KEY}"),
        ("zai", "https://open.bigmodel.cn/api/paas/v4", "/api/anthropic/v1/messages", "open.bigmodel.cn", f"Authorization: Bearer {KEY}"),
        ("anthropic", None, "/v1/messages", "api.anthropic.com", f"x-api-key: {KEY}"),
        ("openai", None, "/v1/messages", "api.openai.com", f"Authorization: Bearer {KEY}"),
    ],
)  # fmt: skip
def test_messages_go_below_the_path_that_the_rules_name(monkeypatch, provider, base, path, host, key):
    for name in ("MOONSHOT_API_BASE", "DEEPSEEK_API_BASE", "ZAI_API_BASE", "OPENAI_API_BASE", "ANTHROPIC_API_BASE"):
        monkeypatch.delenv(name, raising=False)

    assert head(provider, base=base) == (path, f"Host: {host}", key)


def test_tokens_are_counted_there_and_other_endpoints_stay(monkeypatch):
    monkeypatch.delenv("MOONSHOT_API_BASE", raising=False)

    assert head("moonshot", "/messages/count_tokens")[0] == "/anthropic/v1/messages/count_tokens"
    assert head("moonshot", "/embeddings")[0] == "/v1/embeddings"
