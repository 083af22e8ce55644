"""Answers with a good status that are errors all the same."""

from __future__ import annotations

import pytest
from tests.servers import answer


@pytest.mark.parametrize("model", ["kimi", "plain"])
@pytest.mark.parametrize(
    "said",
    [
        {"id": "x", "choices": [], "error": {"message": "boom", "code": 502}},
        {"choices": None, "error": {"message": "boom"}},
        {"choices": [], "base_resp": {"status_code": 1004, "status_msg": "boom"}},
        {"choices": [{"index": 0}], "error": {"message": "boom"}},
    ],
)
def test_choices_beside_an_error_make_no_answer_of_it(front, model, said):
    got = front.ask({"model": model}, *[answer(said)] * 4)

    assert got.status >= 400
    assert "boom" in got.error["message"]
