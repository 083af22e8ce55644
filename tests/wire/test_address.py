"""Why no connection came about, said from an error's type and number, never in the words of a library."""

import errno
import os
import socket
import ssl

import pytest

from quirkbook.wire.address import reason


def refused_certificate(code):
    error = ssl.SSLCertVerificationError(1, "what a library says")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ECONNREFUSED, "what a library says"), os.strerror(errno.ECONNREFUSED)),
        (OSError("what a library says"), None),
        (ValueError("what a library says"), None),
        (socket.gaierror(socket.EAI_NONAME, "what a library says"), "the name cannot be resolved"),
        (UnicodeError("what a library says"), "the name cannot be resolved"),
        (ssl.SSLError(1, "what a library says"), "TLS could not be agreed on"),
        (refused_certificate(10), "its certificate has expired"),
        (refused_certificate(18), "its certificate is self-signed, and not trusted here"),
        (refused_certificate(62), "its certificate is for another host"),
        (refused_certificate(99), "its certificate was not accepted (OpenSSL's code 99)"),
    ],
)
def test_a_reason_comes_from_type_and_number(error, text):
    assert reason(error) == text
