"""The page at /: what is sent, and that its policy lets nothing else run."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path

import pytest

from quirkbook.gateway.ui import page

BODY = page().body.decode()
EXAMPLE = Path(__file__).parents[2] / "examples" / "moonshot-request.json"


def hash_of(tag):
    """Return the source of a policy that allows the one inline element of that tag."""
    (inline,) = re.findall(f"<{tag}[^>]*>(.*?)</{tag}>", BODY, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


def test_the_headers_allow_what_stands_in_the_page_and_nothing_else():
    assert dict(page().headers) == {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": (
            f"default-src 'none'; script-src {hash_of('script')}; style-src {hash_of('style')}; img-src data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        ),
        "cache-control": "no-cache",
        "etag": page().etag,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    assert re.fullmatch('"[0-9a-f]{32}"', page().etag)


def test_the_page_is_read_once_and_nobody_can_change_its_headers():
    assert page() is page()
    with pytest.raises(TypeError):
        page().headers["etag"] = "x"
    assert "<html" not in repr(page())


def test_it_is_small_and_brings_all_that_it_needs():
    assert len(page().body) <= 27 * 1024
    assert re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", BODY) == ["data:,"]
    assert not re.search(r"url\(|@import|\bimport\b|https?://", BODY)


def test_nothing_is_written_as_html_and_nothing_inline_needs_more_than_the_hashes():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", BODY)
    assert not re.search(r"<[a-z]+\b[^>]*\s(style|on[a-z]+)\s*=", BODY)


def test_the_key_is_stored_nowhere():
    assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie", BODY)


def test_the_example_is_that_of_the_readme_with_its_provider_named_in_the_model():
    (text,) = re.findall("<textarea[^>]*>(.*?)</textarea>", BODY, re.DOTALL)
    example = json.loads(EXAMPLE.read_text("utf-8"))

    assert json.loads(html.unescape(text)) == {**example, "model": f"moonshot/{example['model']}"}


def test_every_id_that_the_script_asks_for_is_there_once():
    asked = set(re.findall(r'\$\("([a-z]+)"\)', BODY))
    there = re.findall(r'\sid="([a-z-]+)"', BODY)

    assert len(there) == len(set(there))
    assert asked <= set(there)
