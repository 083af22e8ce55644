"""Patterns that RE2 refuses: what it lacks is named, with what to write instead, in our own words."""

import pytest
import re2

from quirkbook.plan.regex import unsupported

LOOK = "say what must not be there in a condition of its own, with 'not'"
BACK = "list the repeated texts, as in '(aa|bb)'"
NEAR = "check brackets, repetitions and escapes"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?=a)b", f"RE2 does not support look-around, '(?=': {LOOK}"),
        ("a(?!b)", f"RE2 does not support look-around, '(?!': {LOOK}"),
        ("(?<=a)b", f"RE2 does not support look-around, '(?<=': {LOOK}"),
        ("[(?=](?<!a)b", f"RE2 does not support look-around, '(?<!': {LOOK}"),
        (r"(a)\1", f"RE2 does not support back-references, '\\1': {BACK}"),
        (r"(?P<x>a)(?P=x)", f"RE2 does not support back-references, '(?P=': {BACK}"),
        ("(?>a)", "RE2 does not support atomic groups, '(?>': write '(?:' instead: RE2 never tries again"),
        ("(a)?(?(1)b|c)", "RE2 does not support conditional groups, '(?(': write both branches with '|'"),
        ("(?#x)a", "RE2 does not support comments, '(?#': leave the comment out: the rule has a 'why' for it"),
        ("a++", "RE2 does not support possessive repetition, '++': write '+' instead: RE2 never tries again"),
        ("a{2,1001}", "RE2 does not support more than 1000 repetitions, '{2,1001}': repeat up to 1000 times"),
        ("a{1001,}", "RE2 does not support more than 1000 repetitions, '{1001,}': repeat up to 1000 times"),
        ("a(", f"it is malformed near character 2: {NEAR}"),
        ("a{,99999999999}(", "a count is too large: RE2 repeats up to 1000 times"),
        ("[a", f"it is malformed near character 1: {NEAR}"),
        ("(?:(?:a{1000}){1000})", "RE2 does not support it: see https://github.com/google/re2/wiki/Syntax"),
        (r"a\Z", "RE2 does not support it: see https://github.com/google/re2/wiki/Syntax"),
    ],
)
def test_what_re2_lacks_is_named(pattern, text):
    options = re2.Options()
    options.log_errors = False
    with pytest.raises(re2.error):
        re2.compile(pattern, options)

    assert unsupported(pattern) == text
