"""Which certificates of upstreams are trusted: ``ssl_verify`` and ``ssl_certificate`` of LiteLLM's files."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import subprocess
import threading

import pytest
from tests.gateway.asking import a_plain_deployment, running
from tests.servers import COMPLETION

from quirkbook.errors import APIConnectionError
from quirkbook.gateway.config.load import ConfigError, read_config
from quirkbook.gateway.upstream.dial import tls_context

pytestmark = pytest.mark.timeout(30)

ANSWER = json.dumps(COMPLETION).encode()


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """A file with a certificate of localhost that nobody has signed, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [*command.split(), "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True
    )
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "both.pem"


def listening(pem, *, asks):
    """Return the address of an upstream that speaks TLS, and a function that ends it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pem)
    made = threading.Event()
    known = {}

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
        )
        await writer.drain()
        writer.close()

    async def main():
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(lambda *_: None)  # refused handshakes
        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
            known["port"] = server.sockets[0].getsockname()[1]
            known["end"] = lambda: loop.call_soon_threadsafe(end.set)
            made.set()
            await end.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    assert made.wait(10)

    def stop():
        known["end"]()
        thread.join(10)

    return f"https://localhost:{known['port']}/v1", stop


def status(url, **tls):
    with running(a_plain_deployment(url, "m", **tls)) as front:
        got = front.ask({"model": "m"})
    return got.status, got.json.get("error", {}).get("message", "")


@pytest.mark.filterwarnings("ignore")
def test_a_certificate_is_checked_unless_its_owner_says_otherwise(pem):
    url, stop = listening(pem, asks=False)
    try:
        assert status(url)[0] == 502
        assert status(url, trust=False) == (200, "")
        assert status(url, trust=str(pem)) == (200, "")
    finally:
        stop()


@pytest.mark.filterwarnings("ignore")
def test_the_gateway_shows_a_certificate_of_its_own(pem):
    url, stop = listening(pem, asks=True)
    try:
        assert status(url, trust=str(pem))[0] == 502
        assert status(url, trust=str(pem), certificate=str(pem)) == (200, "")
    finally:
        stop()


def test_certificates_that_cannot_be_read_are_no_connection(tmp_path):
    (tmp_path / "no.pem").write_text("not a certificate")

    with pytest.raises(APIConnectionError, match=r"the certificates in .*no.pem cannot be read: they are not PEM"):
        tls_context(str(tmp_path / "no.pem"))
    with pytest.raises(APIConnectionError, match=r"the certificates in .*gone.pem cannot be read: "):
        tls_context(True, str(tmp_path / "gone.pem"))
    assert tls_context(str(tmp_path)).verify_mode is ssl.CERT_REQUIRED  # a folder of authorities


# The config

MODEL = "model_list: [{model_name: m, litellm_params: {model: moonshot/m, api_key: k%s}}]\n"


@pytest.mark.parametrize(
    ("beside", "general", "trust"),
    [
        ("", "", True),
        (", ssl_verify: false", "", False),
        (", ssl_verify: 'False'", "", False),
        (", ssl_verify: ca.pem", "", "ca.pem"),
        ("", "ssl_verify: false", False),
        ("", "ssl_verify: os.environ/CA", "ca.pem"),
        (", ssl_verify: true", "ssl_verify: false", True),
    ],
)
def test_ssl_verify_holds_beside_a_model_or_for_all(tmp_path, monkeypatch, beside, general, trust):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "config.yaml").write_text(MODEL % beside + f"litellm_settings: {{{general}}}\n")
    config = read_config("config.yaml", environ={"CA": "ca.pem"})

    assert config.deployments[0].trust == trust
    assert {setting.state for setting in config.settings} == {"used"}


def test_a_file_of_certificates_that_is_not_there_is_a_diagnostic(tmp_path):
    (tmp_path / "config.yaml").write_text(MODEL % ", ssl_certificate: gone.pem")

    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "config.yaml")
    assert "'ssl_certificate': there is no file gone.pem\n  hint: write the path of a file of certificates" in str(
        caught.value
    )
