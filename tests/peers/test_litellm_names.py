"""What LiteLLM keeps to itself of a call, by its own list, is never a field of the payload here."""

from __future__ import annotations

import pytest

from quirkbook.client import arguments
from quirkbook.client.litellm_names import is_without_effect, refusal

types = pytest.importorskip("litellm.types.utils")

#: OpenAI's field of that name, or our own argument.
SENT = {"metadata", "base_model", "model_info"}


def test_every_name_that_litellm_owns_has_its_fate():
    ours = {name for names in arguments.OWN for name in names} | SENT
    names = {name for name in types.all_litellm_params if not name.startswith("_")} - ours

    assert sorted(name for name in names if not is_without_effect(name) and refusal(name) is None) == []
