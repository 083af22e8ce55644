"""What independent sources say of the same facts: the types of vendors' own clients, and what other projects know of models.

Sources are read as text (AST, JSON): nothing of them is imported but its folder is looked up. Where one differs from the
rules, the difference stands in tests/peers/known_differences.tsv with its reason: a new one fails, and so does one that is gone.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

import pytest

from quirkbook import Rulebook, explain
from quirkbook.proof.asks import samples
from quirkbook.proof.fill import TALK, complete
from quirkbook.resources import schema

BOOK = Rulebook()
KNOWN = Path(__file__).parent / "known_differences.tsv"
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def source(package, *parts):
    """Return the text of a file of an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed: see tests/peers.txt")
    path = Path(spec.submodule_search_locations[0], *parts)
    if not path.is_file():
        pytest.skip(f"{package} has no {'/'.join(parts)} any more")
    return path.read_text("utf-8")


def known(kind):
    """Return the differences of a kind that are known."""
    rows = [line.split("\t") for line in KNOWN.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return {(row[1], row[2]) for row in rows if row[0] == kind}


def strings(text):
    return [
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.mark.parametrize(
    ("package", "parts", "starts"),
    [
        ("openai", ("types", "shared", "chat_model.py"), ("gpt", "o", "chatgpt", "codex")),
        ("anthropic", ("types", "model_param.py"), ("claude",)),
    ],
)
def test_every_id_in_the_types_of_a_client_is_of_a_family(package, parts, starts):
    ids = [text for text in strings(source(package, *parts)) if text.startswith(starts) and " " not in text]

    assert len(ids) >= 15
    assert {(package, id) for id in ids if BOOK.identify(id) is None} == {
        row for row in known("id") if row[0] == package
    }


#: Provider -> (package, the file of its request's type, the class), and a model of its own.
REQUESTS = {
    "groq": ("groq", ("types", "chat", "completion_create_params.py"), None, "llama-3.3-70b-versatile"),
    "cerebras": ("cerebras", ("cloud", "sdk", "types", "chat", "completion_create_params.py"), None, "gpt-oss-120b"),
    "together": ("together", ("types", "chat", "completion_create_params.py"), None, "openai/gpt-oss-20b"),
    "fireworks": (
        "fireworks",
        ("types", "chat", "completion_create_params.py"),
        None,
        "accounts/fireworks/models/kimi-k2p6",
    ),
    "perplexity": ("perplexity", ("types", "chat", "completion_create_params.py"), None, "sonar"),
    "mistral": (
        "mistralai",
        ("client", "models", "chatcompletionrequest.py"),
        "ChatCompletionRequest",
        "mistral-large-latest",
    ),
}
#: For fields of OpenAI's request that no sample has.
VALUES = {
    "audio": {"format": "wav", "voice": "alloy"}, "metadata": {"a": "b"}, "modalities": ["text"], "prediction": {"type": "content", "content": "a"},
    "prompt_cache_key": "a", "safety_identifier": "a", "service_tier": "auto", "store": False, "verbosity": "low",
    "web_search_options": {}, "function_call": "auto", "functions": [{"name": "look", "parameters": {"type": "object", "properties": {}}}],
}  # fmt: skip


def fields_of(text, name):
    """Return the fields of the classes in a file, or of one."""
    classes = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef) and name in (None, node.name)
    ]
    return {
        item.target.id
        for each in classes
        for item in each.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


@pytest.mark.parametrize("provider", REQUESTS)
def test_every_field_that_the_rules_let_through_is_in_the_type_of_the_vendors_client(provider):
    package, parts, name, model = REQUESTS[provider]
    fields = fields_of(source(package, *parts), name)
    let_through = set()
    given = [*samples(), *({field: value} for field, value in VALUES.items())]
    for each in given:
        done = explain(complete(dict(each), model), provider, rulebook=BOOK)
        let_through |= set() if done.refusal else set(done.payload)
    asked = {key for each in given for key in each} | {"model", "messages", "max_tokens"}

    assert {"model", "messages"} <= fields
    assert set(schema("chat-request")["properties"]) - asked <= {
        "moderation",
        "prompt_cache_retention",
        "prompt_cache_options",
    }
    assert {(provider, field) for field in let_through - fields} == {
        row for row in known("field") if row[0] == provider
    }


def flags():
    """Yield (model, effort, whether it is taken) as litellm's table of models says it in so many words, of OpenAI's own models."""
    table = json.loads(source("litellm", "model_prices_and_context_window_backup.json"))
    for id, facts in table.items():
        chat = "/v1/chat/completions" in facts.get("supported_endpoints", ["/v1/chat/completions"])
        if (
            facts.get("litellm_provider") == "openai"
            and facts.get("mode") == "chat"
            and chat
            and "/" not in id
            and not id.startswith("ft:")
        ):
            for effort in EFFORTS:
                if isinstance(taken := facts.get(f"supports_{effort}_reasoning_effort"), bool):
                    yield id, effort, taken


def test_the_efforts_that_another_table_knows_are_those_that_the_rules_let_through():
    rows = list(flags())
    differences = set()
    for id, effort, taken in rows:
        done = explain({"model": id, "messages": TALK, "reasoning_effort": effort}, "openai", rulebook=BOOK)
        passes = not done.refusal and done.payload.get("reasoning_effort") == effort
        if passes != taken:
            differences.add((id, f"{effort} {'taken' if taken else 'refused'}"))

    assert len(rows) > 20
    assert differences == known("effort")
