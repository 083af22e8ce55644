"""What the tests of completion() and of acompletion() both ask for, and what must become of it."""

from __future__ import annotations

import pytest

from quirkbook import errors

HI = [{"role": "user", "content": "Hello, how are you?"}]
SAID = "You said: Hello, how are you?"
"""What the emulated provider answers to that."""
MODEL = "moonshot/moonshot-v1-8k"
KEY = "my-own-secret-key-7"
RESTREAMED = ("stream: the provider sent a whole answer all the same; it comes as one chunk",)

diagnostics_in_streams = pytest.mark.parametrize(
    ("diagnostic", "kind"),
    [
        ("cut=3", errors.StreamCutError),
        ("stop-early=3", errors.StreamCutError),
        ("error-mid-stream=3", errors.InternalServerError),
        ("malformed-sse=3", errors.MalformedResponseError),
    ],
)
unusual_streams = pytest.mark.parametrize(
    "diagnostic", ["crlf", "no-done", "slow-drip=0.0001", "crlf;slow-drip=0.0001;no-done"]
)


def texts(chunks):
    """Return what chunks add to the first choice, and how it ends."""
    return [(one.choices[0].delta.content, one.choices[0].finish_reason) for one in chunks]
