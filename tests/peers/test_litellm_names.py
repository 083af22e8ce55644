"""What LiteLLM takes of a call, by its own signature, lists and code, has its fate here."""

from __future__ import annotations

import ast
import inspect
import os
from pathlib import Path

import pytest

from quirkbook import UsageError
from quirkbook.client import arguments
from quirkbook.client.litellm_names import is_without_effect, refusal

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it asks the network for prices when imported
litellm = pytest.importorskip("litellm", reason="litellm is not installed: see tests/peers.txt")
types = pytest.importorskip("litellm.types.utils", reason="litellm is not installed: see tests/peers.txt")

#: OpenAI's field of that name, or our own argument.
SENT = {"metadata", "base_model", "model_info"}
#: Fields of providers that LiteLLM's code happens to look at, too.
FIELDS_OF_PROVIDERS = {"output_config", "session_id"}
ENTRANCES = (litellm.completion, litellm.acompletion)


def of_signatures() -> set[str]:
    """Return the parameters of LiteLLM's entrances, but those that every call has."""
    named = {name for entrance in ENTRANCES for name in inspect.signature(entrance).parameters}
    return named - {"model", "messages", "stream", "kwargs"}


def read_from_kwargs() -> set[str]:
    """Return the names that the code of the entrances reads out of ``**kwargs``."""
    tree = ast.parse(Path(litellm.main.__file__).read_text(encoding="utf-8"))
    wanted = {entrance.__name__ for entrance in ENTRANCES}
    bodies = [node for node in ast.walk(tree) if getattr(node, "name", None) in wanted]
    calls = [node for body in bodies for node in ast.walk(body) if isinstance(node, ast.Call) and node.args]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("get", "pop")
        and getattr(call.func.value, "id", None) == "kwargs"
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_name_that_litellm_owns_has_its_fate():
    ours = {name for names in arguments.OWN for name in names} | SENT
    names = {*types.all_litellm_params} - ours

    assert sorted(name for name in names if not is_without_effect(name) and refusal(name) is None) == []


def test_the_code_is_read_at_all():
    assert len(of_signatures()) > 40
    assert {"mock_response", "fallbacks", "prompt_id"} <= read_from_kwargs() | of_signatures()


@pytest.mark.parametrize("name", sorted((of_signatures() | read_from_kwargs()) - FIELDS_OF_PROVIDERS))
def test_every_argument_of_completion_is_honoured_told_or_refused_with_what_to_write_instead(name):
    value = {"type": "text"} if name == "response_format" else "https://acme.example" if "base" in name else "openai"
    try:
        fields, call_options, remarks = arguments.sort_options({name: value})
    except UsageError as error:
        assert str(error).startswith(f"{name} is an argument of LiteLLM that has no counterpart here: ")
        return
    honoured = name in arguments.Options.__annotations__ and bool(fields or call_options or remarks)
    assert honoured or any(remark.startswith(f"{name} has no effect") for remark in remarks)


def test_other_names_are_fields_of_the_payload():
    assert arguments.sort_options({"top_k": 40, "output_config": {}}) == ({"top_k": 40, "output_config": {}}, {}, ())
