"""Model globs: which names a list of patterns accepts."""

from __future__ import annotations

import pytest

from quirkbook.identity.globs import compile_globs


@pytest.mark.parametrize(
    ("patterns", "model", "accepted"),
    [
        # One positive glob is enough; the whole name must fit.
        (["kimi-k2.6"], "kimi-k2.6", True),
        (["kimi-k2.6"], "kimi-k2.6-preview", False),
        (["kimi-k2.6*"], "kimi-k2.6-preview", True),
        (["gpt-*", "kimi-*"], "kimi-k2.5", True),
        (["gpt-*", "kimi-*"], "o3", False),
        (["o[13]"], "o3", True),
        (["o[13]"], "o4", False),
        (["o?"], "o4", True),
        # Case does not count, on either side.
        (["KIMI-*"], "kimi-k2.6", True),
        (["kimi-*"], "Kimi-K2.6", True),
        # A glob is tried on the whole name and on what stands after its last / and before a :.
        (["kimi-k2.6*"], "moonshotai/kimi-k2.6", True),
        (["kimi-k2.6"], "moonshotai/kimi-k2.6:free", True),
        (["kimi-k2.6"], "openrouter/moonshotai/kimi-k2.6", True),
        (["kimi-k2.6"], "kimi-k2.6:free", True),
        (["moonshotai/*"], "moonshotai/kimi-k2.6", True),
        (["moonshotai/*"], "openrouter/moonshotai/kimi-k2.6", False),
        (["moonshotai/*"], "kimi-k2.6", False),
        (["*:free"], "moonshotai/kimi-k2.6:free", True),
        # ! takes away, wherever it stands, by either name.
        (["kimi-*", "!kimi-k2.5*"], "kimi-k2.5-turbo", False),
        (["!kimi-k2.5*", "kimi-*"], "kimi-k2.5-turbo", False),
        (["kimi-*", "!kimi-k2.5*"], "kimi-k2.6", True),
        (["*", "!kimi-k2.5*"], "moonshotai/Kimi-K2.5:free", False),
        (["*", "!*:free"], "moonshotai/kimi-k2.6:free", False),
        (["*", "!moonshotai/*"], "moonshotai/kimi-k2.6", False),
        # Only ! globs: every other model.
        (["!kimi-*"], "gpt-5", True),
        (["!kimi-*"], "kimi-k3", False),
        ([], "gpt-5", True),
        # Names that are odd.
        (["*"], "", True),
        (["kimi-*"], "", False),
        (["kimi-*"], "kimi-\n\ud800", True),
        (["a/*"], "a/", True),
        # No model at all fits only where * would.
        (["*"], None, True),
        (["*", "!kimi-*"], None, True),
        (["!kimi-*"], None, True),
        ([], None, True),
        (["kimi-*"], None, False),
        (["kimi-*", "*"], None, True),
        (["?*"], None, False),
    ],
)
def test_globs_accept_a_model(patterns, model, accepted):
    assert compile_globs(patterns)(model) is accepted
