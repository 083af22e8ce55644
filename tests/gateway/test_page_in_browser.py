"""The page at / in a real browser: headless Chromium, driven by Playwright (tests/peers.txt), without a network."""

import json
import os
import re
import shutil
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.books import a_file, a_rule

from quirkbook import Rulebook
from quirkbook.gateway.config.model import ClientKey, Config, Deployment
from quirkbook.gateway.dry_run import dry_run, encode, options
from quirkbook.gateway.serve import running
from quirkbook.gateway.ui import page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: see tests/peers.txt")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")
SHOTS = os.environ.get("QUIRKBOOK_SCREENSHOTS")
"""A folder to put pictures into, for people to look at."""

QUIET_START = [
    f"--{name}"
    for name in (
        "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync",
    )
]  # fmt: skip

BELOW = "\nBelow is the result of the last text that was."


class Handler(BaseHTTPRequestHandler):
    """The two things of the gateway that the page needs."""

    def do_GET(self):
        if self.path == "/":
            return self.reply(200, page().body, **page().headers)
        return self.guarded(lambda: (200, options(self.server.book)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(body.decode())
        if self.server.slow:
            time.sleep(self.server.slow.pop(0))
        if self.server.broken:
            return self.reply(503, b"<html>proxy</html>", **{"content-type": "text/html"})
        return self.guarded(lambda: dry_run(json.loads(body), self.server.book))

    def guarded(self, work):
        if self.server.key and self.headers["authorization"] != f"Bearer {self.server.key}":
            return self.reply(401, encode({"error": {"message": "no", "type": "x", "param": None, "code": None}}))
        status, data = work()
        return self.reply(status, encode(data))

    def reply(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing."""


@contextmanager
def serving(book, key=None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.book, server.key, server.bodies, server.slow, server.broken = book, key, [], [], False
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    server.handle_error = lambda *where: None  # the browser may go while it is answered
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET_START)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def gateway():
    with serving(Rulebook.load()) as server:
        yield server


@pytest.fixture
def visit(chromium):
    """Open the page of a server; in the end nothing may have been complained of, in script or policy."""
    said, contexts = [], []

    def go(server, **more):
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **more}))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on("console", lambda one: said.append(one.text) if "Failed to load resource" not in one.text else None)
        tab.on("request", lambda one: None if one.url.startswith((server.url, "data:")) else said.append(one.url))
        tab.goto(server.url)
        sync_api.expect(tab.locator("#status")).not_to_be_empty()
        return tab

    yield go
    for context in contexts:
        context.close()
    assert said == []


def status_is(tab, text):
    sync_api.expect(tab.locator("#status")).to_have_text(text)


def write(tab, payload):
    tab.get_by_label("Chat payload, as JSON").fill(payload if isinstance(payload, str) else json.dumps(payload))


def shot(tab, name):
    if SHOTS:
        tab.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def diff_lines(tab):
    return tab.locator("#diff ins, #diff del").all_text_contents()


def test_the_example_is_translated_as_the_page_opens(visit, gateway):
    tab = visit(gateway)

    status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")
    assert tab.get_by_role("heading", level=3).all_text_contents() == [
        "quirkbook/model-prefix",
        "format/developer-is-system",
        "moonshot/user-is-safety-identifier",
        "moonshot/text-models-take-text",
        "moonshot/temperature-range",
        "moonshot/tool-choice-required",
    ]
    heat = tab.locator("#rules > li").nth(4)
    assert heat.locator(".tag").all_text_contents() == ["lossy"]
    assert heat.locator(".edits li").all_text_contents() == ["clamp /temperature: 1.4 → 1"]
    assert heat.locator("p").first.text_content() == ("Moonshot takes temperature 0 to 1; OpenAI callers send up to 2.")
    assert heat.get_by_role("link").get_attribute("href").startswith("https://platform.kimi.ai/")
    sent = json.loads(tab.locator("#out").text_content())
    assert (sent["model"], sent["temperature"], sent["safety_identifier"]) == ("moonshot-v1-8k", 1, "traveller-2841")
    assert diff_lines(tab)[:4] == [
        '-   "model": "moonshot/moonshot-v1-8k",',
        '+   "model": "moonshot-v1-8k",',
        '-       "role": "developer",',
        '+       "role": "system",',
    ]
    assert "temperature" not in "".join(tab.locator("#diff span:visible").all_text_contents())
    shot(tab, "light")


def test_the_quiet_rules_are_there_for_the_curious(visit, gateway):
    tab = visit(gateway)
    inside = tab.get_by_text("moonshot/n-at-most-5")

    sync_api.expect(inside).to_be_hidden()
    tab.get_by_text("For the curious:").click()

    sync_api.expect(inside).to_be_visible()
    assert "n is absent" in tab.locator("#curious li", has=inside).text_content()
    shot(tab, "curious")


def test_it_follows_as_one_types_and_sends_numbers_as_they_are_written(visit, gateway):
    tab = visit(gateway)

    write(tab, '{"model": "moonshot/x", "seed": 12345678901234567890, "top_p": 1.0}')

    status_is(tab, "moonshot · x · 1 change: 1 exact")
    assert '"seed": 12345678901234567890, "top_p": 1.0' in gateway.bodies[-1]
    assert json.loads(tab.locator("#out").text_content())["seed"] == 12345678901234567890
    assert '"top_p": 1.0\n' in tab.locator("#out").text_content()


def test_provider_and_model_can_be_chosen_with_the_keyboard_alone(visit, gateway):
    tab = visit(gateway)
    write(tab, {"model": "any", "temperature": 0.3})
    names = Rulebook.load().providers
    example = "no provider is named: give provider or base_url, or a model such as 'PROVIDER/any'"
    status_is(tab, f"{example}\n  `quirkbook providers` lists all {len(names)}")

    sync_api.expect(tab.locator("#provider option")).to_have_count(len(names) + 1)
    tab.get_by_label("Provider", exact=True).focus()
    tab.keyboard.type("Moonshot")
    tab.keyboard.press("Tab")
    tab.keyboard.type("kimi-k2.6")
    assert tab.evaluate("document.activeElement.id") == "model"

    status_is(tab, "moonshot · kimi-k2.6 · 2 changes: 1 exact, 1 lossy")
    offered = tab.locator("#models option").evaluate_all("all => all.map(one => one.value)")
    assert "kimi-k2.6" in offered
    assert "gpt-4o" not in offered


def test_ctrl_enter_translates_at_once(visit, gateway):
    tab = visit(gateway)
    count = len(gateway.bodies)

    tab.get_by_label("Model").press("Control+Enter")
    tab.get_by_role("button", name="Translate").press("Enter")

    sync_api.expect(tab.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    deadline = time.monotonic() + 5
    while len(gateway.bodies) < count + 2 and time.monotonic() < deadline:
        tab.wait_for_timeout(20)
    assert len(gateway.bodies) == count + 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "a": 1,\n}', "line 3, column 1: a key in double quotes is missing"),
        ('{"a": tru}', "line 1, column 7: a value is missing"),
        ('{"a": 1 "b": 2}', "line 1, column 9: a comma or a } is missing"),
        ('{"a" 1}', "line 1, column 6: a colon is missing after the key"),
        ("[1,\n 2", "line 2, column 3: the text ends, but a ] is missing"),
        ('{"a": "x\ny"}', "line 1, column 7: this string is not closed, or holds a line break or an unknown escape"),
        ('{"a": 01}', "line 1, column 7: a value is missing"),
        ('{"a": NaN}', "line 1, column 7: a value is missing"),
        ("{} {}", "line 1, column 4: there is more text after the end"),
        ('{"ä😀": [1, {"b": null},]}', "line 1, column 24: a value is missing"),
    ],
)
def test_what_is_no_json_is_told_with_line_and_column(visit, gateway, text, message):
    tab = visit(gateway)
    write(tab, text)

    status_is(tab, f"Not JSON: {message}.{BELOW}")
    box = tab.get_by_label("Chat payload, as JSON")
    assert box.get_attribute("aria-invalid") == "true"
    if "tru" in text:
        shot(tab, "invalid")
        tab.get_by_role("button", name="Go there").click()
        assert tab.evaluate("[document.activeElement.id, payload.selectionStart, payload.selectionEnd]") == [
            "payload", 6, 7,
        ]  # fmt: skip
        write(tab, '{"model": "moonshot/x"}')
        status_is(tab, "moonshot · x · 1 change: 1 exact")
        assert box.get_attribute("aria-invalid") is None
        sync_api.expect(tab.get_by_role("button", name="Go there")).to_be_hidden()


def test_the_browser_and_the_page_agree_on_what_is_json(visit, gateway):
    tab = visit(gateway)
    texts = [
        "1", "-0.5e+3", '"\\u00e4\\n"', "[]", "{}", "[[],{}]", ' {"a" : [ 1 , 2.0E-1 , true , false , null ] } ', "",
        "-", "+1", ".5", "1.", "1e", "00", '"\t"', '"\\x"', "'a'", "[,]", "[1,]", "{,}", '{"a"}', "{1:2}", "[1}", "]",
        "nul", "nulll", "1 2", '"a', "// a", "\u00a01", '{"a":1,}', "[1 2]", '"\u2028"', "[-]", "truefalse",
    ]  # fmt: skip

    verdicts = tab.evaluate(
        "all => all.map(text => { try { JSON.parse(text); return [true, firstFault(text) === null]; }"
        " catch { return [false, firstFault(text) === null]; } })",
        texts,
    )

    assert [text for text, (theirs, ours) in zip(texts, verdicts, strict=True) if theirs != ours] == []


def test_the_difference_leads_from_one_text_to_the_other(visit, gateway):
    tab = visit(gateway)

    wrong = tab.evaluate("""() => {
      let seed = 7; const dice = n => (seed = seed * 48271 % 2147483647) % n, wrong = [];
      for (let round = 0; round < 400; round++) {
        const [a, b] = [0, 0].map(() => Array.from({ length: dice(round === 9 ? 3000 : 14) }, () => "abcd"[dice(4)]));
        const found = compare(a, b), side = sign => found.filter(one => one[0] !== sign).map(one => one[1]).join();
        if (side("+") !== a.join() || side("-") !== b.join()) wrong.push([a, b, found]);
      }
      return wrong;
    }""")

    assert wrong == []
    assert tab.evaluate("compare(['{', 'a,', 'b', '}'], ['{', 'a', '}'])") == [
        [" ", "{"], [" ", "a"], ["-", "b"], [" ", "}"],
    ]  # fmt: skip


def test_an_empty_box_asks_for_a_payload_and_an_error_of_the_server_is_shown(visit, gateway):
    tab = visit(gateway)

    write(tab, "  ")
    status_is(tab, "Paste a chat payload to begin.")
    write(tab, {"model": "moonshoot/x"})
    status_is(tab, "unknown provider 'moonshoot' in model 'moonshoot/x': did you mean 'moonshot'?\n"
              f"  `quirkbook providers` lists all {len(Rulebook.load().providers)}")  # fmt: skip
    sync_api.expect(tab.locator("#result")).to_be_hidden()
    shot(tab, "error")
    write(tab, "[]")
    status_is(tab, 'payload is not an object: write {"model": ..., "messages": [...]}')


def test_a_broken_and_a_missing_server_are_told(visit):
    with serving(Rulebook.load()) as server:
        tab = visit(server)
        server.broken = True
        write(tab, "{}")
        status_is(tab, "The gateway answered 503 Service Unavailable")
    write(tab, "{ }")
    status_is(tab, "No answer from the gateway: is it running?")


def test_a_late_answer_never_replaces_a_newer_one(visit):
    with serving(Rulebook.load()) as server:
        tab = visit(server)
        status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")
        server.slow = [1.2]
        write(tab, {"model": "moonshot/old"})
        tab.wait_for_timeout(600)
        write(tab, {"model": "moonshot/new"})
        status_is(tab, "moonshot · new · 1 change: 1 exact")
        tab.wait_for_timeout(1200)
        status_is(tab, "moonshot · new · 1 change: 1 exact")


def test_the_key_is_asked_for_and_kept_in_memory_only(visit):
    with serving(Rulebook.load(), key="sk-1") as server:
        tab = visit(server)
        status_is(tab, "The gateway asks for its key.")
        assert tab.locator("#status").get_attribute("class") == ""  # nobody has done anything wrong yet
        field = tab.get_by_label("Gateway key")
        assert field.get_attribute("type") == "password"
        shot(tab, "key")

        field.fill("sk-2")
        tab.get_by_role("button", name="Use this key").click()
        status_is(tab, "This is not the gateway's key.")
        sync_api.expect(field).to_be_focused()
        field.fill("sk-1")
        field.press("Enter")

        status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")
        sync_api.expect(field).to_be_hidden()
        sync_api.expect(tab.locator("#payload")).to_be_focused()
        assert tab.evaluate("[localStorage.length, sessionStorage.length, document.cookie, secret.value, location.href]") == [
            0, 0, "", "", server.url,
        ]  # fmt: skip
        sync_api.expect(tab.locator("#provider option")).to_have_count(len(server.book.providers) + 1)


def test_what_a_payload_and_a_rule_say_is_text_never_html(visit):
    evil = "<img src=x onerror=\"document.title='pwned'\">"
    rule = a_rule(
        "x", {"set": {evil: evil}}, {"messages[*].content": evil}, why=evil, source="javascript:document.title='pwned'",
        note=evil, effect="lossy", models=["<b>m", "*"],
    )  # fmt: skip
    bad = a_rule("y", {"warn": evil}, {"seed": 1})
    book = Rulebook([a_file(rule, bad, name=evil)], builtin=False)
    with serving(book) as server:
        tab = visit(server)
        write(tab, {"model": f"acme/{evil}", "seed": 1, "messages": [{"role": "user", "content": evil}], evil: 1})
        sync_api.expect(tab.locator("#rules > li")).to_have_count(3)

        assert tab.title() == "Quirkbook: what would a provider get?"
        assert tab.locator("img").count() == 0
        assert tab.get_by_text(evil).count() >= 4
        assert tab.get_by_role("link").all_text_contents() == ["Source: acme.example"]
        assert "Source: javascript:document" in tab.locator("#rules").text_content()
        sync_api.expect(tab.locator("#provider")).to_contain_text(f"{evil} (acme)")


def test_a_refusal_and_headers_are_shown(visit):
    rules = [
        a_rule("beta", {"set_header": {"X-Beta": "on"}}, {"beta": True}),
        a_rule("no", {"reject": "seed is not taken"}, {"seed": {"exists": True}}),
    ]
    with serving(Rulebook([a_file(*rules)], builtin=False)) as server:
        tab = visit(server)
        write(tab, {"model": "acme/m", "seed": 1})
        status_is(tab, "acme · m · refused")
        assert tab.locator("#rules .tag").all_text_contents() == ["refused"]
        assert tab.locator("#rules .edits").text_content() == "reject /seed seed is not taken"
        sync_api.expect(tab.locator("#sent")).to_be_hidden()
        sync_api.expect(tab.locator("#changed")).to_be_hidden()
        shot(tab, "refused")

        write(tab, {"model": "m", "beta": True})
        tab.get_by_label("Provider", exact=True).select_option("acme")
        sync_api.expect(tab.locator("#headers")).to_contain_text("X-Beta: on")
        sync_api.expect(tab.locator("#changed")).to_be_hidden()


def test_a_large_payload_waits_for_the_button_and_stays_readable(visit, gateway):
    tab = visit(gateway)
    status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")
    count = len(gateway.bodies)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}
    write(tab, {"model": "moonshot/kimi-k2.6", "user": "u", "messages": [{"role": "user", "content": [image]}]})
    tab.wait_for_timeout(600)
    assert len(gateway.bodies) == count
    assert tab.locator("#hint").text_content() == "A large payload: press Translate, or Ctrl+Enter."

    tab.get_by_role("button", name="Translate").click()

    status_is(tab, "moonshot · kimi-k2.6 · 2 changes: 2 exact")
    assert len(tab.locator("#diff").text_content()) < 5000


CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = colour.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const bad = [];
  for (const node of document.querySelectorAll("body *")) {
    if (!node.checkVisibility() || ![...node.childNodes].some(one => one.nodeType === 3 && one.data.trim()) && node.tagName !== "INPUT") continue;
    let back = node, ground;
    do { ground = rgb(getComputedStyle(back).backgroundColor); back = back.parentElement; } while (ground[3] === 0 && back);
    const [one, other] = [rgb(getComputedStyle(node, node.placeholder ? "::placeholder" : null).color), ground].map(c => light(c.slice(0, 3)) + 0.05);
    const ratio = Math.max(one, other) / Math.min(one, other);
    if (ratio < 4.5) bad.push([node.outerHTML.slice(0, 80), ratio]);
  }
  return bad;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(visit, gateway, scheme):
    tab = visit(gateway, color_scheme=scheme)
    tab.get_by_text("For the curious:").click()
    assert tab.evaluate(CONTRAST) == []
    shot(tab, f"{scheme}-whole")
    write(tab, "{")
    status_is(tab, f"Not JSON: line 1, column 2: the text ends, but a }} is missing.{BELOW}")
    assert tab.evaluate(CONTRAST) == []


def test_it_fits_a_narrow_screen_and_every_control_is_large_enough_to_touch(visit, gateway):
    tab = visit(gateway, viewport={"width": 390, "height": 844})
    status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")

    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    heights = tab.locator("button:visible, input:visible, select").evaluate_all("all => all.map(n => n.offsetHeight)")
    assert min(heights) >= 32
    shot(tab, "narrow")


def test_every_control_has_a_name_and_tab_reaches_them_in_order(visit, gateway):
    tab = visit(gateway)
    status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")

    names = tab.evaluate("""() => [...document.querySelectorAll("input, select, textarea, button, [role=region], section")]
      .filter(one => !(one.labels?.length || one.textContent.trim() && one.tagName === "BUTTON" || one.getAttribute("aria-label")))
      .map(one => one.outerHTML)""")
    assert names == []
    order = []
    for _ in range(6):
        tab.keyboard.press("Tab")
        order.append(tab.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert order == ["provider", "model", "payload", "Translate", "tidy", "link"]
    assert tab.locator("#status").get_attribute("role") == "status"


def test_tidying_up_keeps_what_numbers_say(visit, gateway):
    tab = visit(gateway)
    write(tab, '{"model":"moonshot/x","top_p":1.0}')

    tab.get_by_role("button", name="Tidy up").click()

    assert tab.get_by_label("Chat payload, as JSON").input_value() == ('{\n  "model": "moonshot/x",\n  "top_p": 1.0\n}')


@contextmanager
def a_gateway():
    """Run a real gateway with models of its own; yield what `visit` takes."""
    fast = Deployment("fast", "moonshot/moonshot-v1-8k", "moonshot", "moonshot-v1-8k", "sk-1", id="fast-1")
    others = [
        Deployment("fast", "groq/openai/gpt-oss-20b", "groq", "openai/gpt-oss-20b", "sk-2", shadow=True),
        Deployment("own/*", "openai/*", "openai", "*", "sk-3"),
    ]
    with running(Config((fast, *others), Rulebook.load())) as url:
        yield SimpleNamespace(url=f"{url}/")


REQUEST = {"model": "fast", "messages": [{"role": "user", "content": "Hi"}], "temperature": 1.4}


def test_a_model_of_the_gateways_own_is_shown_for_each_of_its_deployments(visit):
    with a_gateway() as server:
        tab = visit(server)
        write(tab, REQUEST)
        status_is(tab, "fast → moonshot · moonshot-v1-8k · 1 change: 1 lossy")
        rows = tab.locator("#served li")
        assert rows.all_text_contents() == [
            "fast-1moonshot · moonshot-v1-8klossy",
            "fast#2groq · openai/gpt-oss-20bunchangedin the shadow",
        ]
        shot(tab, "own")

        rows.nth(1).get_by_role("button").press("Enter")
        status_is(tab, "fast → groq · openai/gpt-oss-20b · passes unchanged")
        pressed = rows.get_by_role("button").evaluate_all("all => all.map(one => one.ariaPressed)")
        assert pressed == ["false", "true"]

        write(tab, {**REQUEST, "model": "own/gpt-4o"})  # what was picked was picked for the other
        status_is(tab, "own/gpt-4o → openai · gpt-4o · passes unchanged")
        sync_api.expect(tab.locator("#served")).to_be_hidden()
        offered = tab.locator("#models option").evaluate_all("all => all.slice(0, 2).map(one => one.value)")
        assert offered[0] == "fast" and "own/*" not in offered


def test_who_else_takes_it_is_asked_when_somebody_wants_to_know(visit, gateway):
    tab = visit(gateway)
    write(tab, {"model": "moonshot/kimi-k2.6", "temperature": 0.3})
    status_is(tab, "moonshot · kimi-k2.6 · 2 changes: 1 exact, 1 lossy")
    assert '"elsewhere":false' in gateway.bodies[-1]
    tab.get_by_text("Who else takes this request").click()

    rows = tab.locator("#others li")
    sync_api.expect(rows.first).to_be_visible()
    verdicts = rows.locator(".tag").all_text_contents()
    order = ["unchanged", "exact", "lossy", "semantic", "refuses"]
    assert verdicts == sorted(verdicts, key=order.index) and len(verdicts) > 20
    sync_api.expect(tab.get_by_role("link", name="The table of all rules")).to_have_attribute(
        "href", re.compile("/docs/compatibility.md$")
    )
    shot(tab, "others")
    rows.get_by_role("button", name="OpenRouter", exact=True).click()
    sync_api.expect(tab.locator("#status")).to_contain_text("openrouter · ")
    assert tab.evaluate("document.activeElement.id") == "provider"


def test_a_rule_links_to_its_line(visit, gateway):
    tab = visit(gateway)
    heat = tab.locator("#rules > li", has_text="moonshot/temperature-range")
    sync_api.expect(heat.get_by_role("link")).to_have_count(2)

    assert re.search(r"/rules/moonshot\.yaml#L\d+$", heat.get_by_role("link").nth(1).get_attribute("href"))


def test_a_link_brings_payload_provider_and_model_back_and_no_server_sees_them(visit, gateway):
    tab = visit(gateway)
    write(tab, '{"temperature": 1.50, "model": "x&y=ü"}')
    tab.get_by_label("Provider", exact=True).select_option("moonshot")
    tab.get_by_label("Model").fill("kimi-k2.6")
    status_is(tab, "moonshot · kimi-k2.6 · 2 changes: 1 exact, 1 lossy")
    tab.get_by_role("button", name="Copy link").press("Enter")
    sync_api.expect(tab.locator("#link")).to_have_text(re.compile("Copied|It is in the address"))
    link = tab.evaluate("location.href")

    again = visit(SimpleNamespace(url=link.partition("#")[0], whole=link))
    again.goto("about:blank")
    again.goto(link)
    status_is(again, "moonshot · kimi-k2.6 · 2 changes: 1 exact, 1 lossy")
    assert again.get_by_label("Chat payload, as JSON").input_value() == '{"temperature": 1.50, "model": "x&y=ü"}'
    assert again.get_by_label("Provider", exact=True).input_value() == "moonshot"
    write(tab, {"model": "moonshot/x", "user": "u" * 70_000})
    tab.get_by_role("button", name=re.compile("Copy link|Copied|It is in")).click()
    sync_api.expect(tab.locator("#link")).to_have_text("Too large for a link")


def test_nothing_is_red_at_first_sight(visit, gateway):
    tab = visit(gateway)
    status_is(tab, "moonshot · moonshot-v1-8k · 7 changes: 4 exact, 2 lossy, 1 semantic")

    red = tab.evaluate("""() => [...document.querySelectorAll("body *")].filter(one => {
      const [r, g, b] = getComputedStyle(one).color.match(/[\\d.]+/g).map(Number);
      return one.checkVisibility() && one.textContent.trim() && r > 1.5 * g + 20 && r > 1.5 * b + 20 && g < 60;
    }).map(one => one.outerHTML.slice(0, 80))""")
    assert red == []
    write(tab, " ")
    status_is(tab, "Paste a chat payload to begin.")
    assert tab.locator("#status").get_attribute("class") == ""


def test_the_gateway_itself_serves_the_page_and_what_it_asks_for(visit):
    """All other tests have a stand-in, which can be slow or broken on purpose."""
    with running(Config((), Rulebook.load(), keys=(ClientKey.of("", "sk-gateway"),))) as url:
        tab = visit(SimpleNamespace(url=f"{url}/"))
        tab.locator("input[type=password]").fill("sk-gateway")
        tab.keyboard.press("Enter")

        sync_api.expect(tab.locator("#status")).to_contain_text("changes")
        sync_api.expect(tab.locator("body")).to_contain_text("moonshot/temperature-range")
