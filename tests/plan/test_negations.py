"""A question in a `not` or `none` sees every item, whatever other rules of the plan ask about."""

import pytest

from quirkbook import Rulebook, explain

HEAD = "quirks: 1\nprovider: x\nlet: {asks: {'messages[*].content': {matches: '.*json.*'}}}\nrules:\n"
RULE = """  - id: {id}
    why: w
    source: https://x.example
    verified: {{date: 2026-11-22, by: docs}}
    when: {when}
    do: [{{set: {{{id}: true}}}}]
    examples: [{{in: {{z: 1}}, same: true}}]
"""


@pytest.mark.parametrize(
    "when",
    [
        '{not: {"messages[*].content": {matches: ".*json.*"}}}',
        '{messages: {none: {content: {matches: ".*json.*"}}}}',
        "{$asks: false}",
        '{not: {messages: {some: {content: {glob: "*json*"}}}}}',
        '{not: {"messages[*].content": as json}}',
        "{messages: {none: {content: as json}}}",
    ],
)
@pytest.mark.parametrize(
    "beside",
    [
        '{"messages[*].role": developer}',
        "{messages: {some: {role: tool, content: {is: array}}}}",
        '{"messages[*].content": ""}',
        '{messages: {some: {content: {is: "null"}}}}',
        "{n: 1}",
    ],
)
def test_a_negated_question_over_messages_is_answered_by_all_of_them(tmp_path, when, beside):
    rules = RULE.format(id="a", when=when) + RULE.format(id="b", when=beside)
    (tmp_path / "x.yaml").write_text(HEAD + rules)
    book = Rulebook.load(tmp_path, builtin=False)

    def fires(*texts):
        messages = [{"role": "user", "content": text} for text in texts]
        return "a" in explain({"messages": messages, "n": 2}, "x", rulebook=book).payload

    assert not fires("plain", "as json")
    assert fires("plain", "as text")
