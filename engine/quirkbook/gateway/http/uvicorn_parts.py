"""What `protocol` uses of uvicorn that is not public: imported here alone, and looked at before anything is served."""

from __future__ import annotations

from typing import Final

import uvicorn

from ...errors import UsageError

#: The releases that the tests have run with: the lower bound of the extra `serve`, and the newest one.
TESTED: Final = ("0.34", "0.54")


def unfit(missing: str) -> UsageError:
    """Return the error about a uvicorn that lacks something."""
    lowest, newest = TESTED
    return UsageError(
        f"uvicorn {uvicorn.__version__} cannot serve the gateway, as it lacks {missing}: "
        f"install one that can: pip install 'uvicorn>={lowest},<={newest}.*'"
    )


try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpToolsProtocol
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
except ImportError as error:
    if not (error.name or "").startswith("uvicorn."):
        raise  # httptools, which the extra brings
    raise unfit(f"HttpToolsProtocol and RequestResponseCycle in {error.name}") from None

#: Class -> its methods that are called or overridden, and the attributes that its instances must have.
USED: Final = {
    HttpToolsProtocol: (
        "connection_made", "connection_lost", "data_received", "on_message_begin", "on_url", "on_header",
        "on_headers_complete", "on_message_complete", "pause_writing", "resume_writing", "timeout_keep_alive_handler",
        "_unset_keepalive_if_required",
        "app", "loop", "transport", "parser", "cycle", "pipeline", "timeout_keep_alive", "timeout_keep_alive_task",
    ),
    RequestResponseCycle: ("keep_alive", "response_started", "response_complete"),
}  # fmt: skip


def check_uvicorn() -> None:
    """Look whether the installed uvicorn has all that is used of it, private parts among it.

    Raises:
        UsageError: it names what is missing, and the releases that have it.
    """
    missing = [f"{kind.__name__}.{name}" for kind, names in USED.items() for name in names if name not in _names(kind)]
    if missing:
        raise unfit(", ".join(missing))


def _names(kind: type) -> set[str]:
    """Return the attributes of a class and those that its ``__init__`` sets: an instance needs a server around it."""
    code = getattr(kind.__init__, "__code__", None)  # type: ignore[misc]
    return {*dir(kind), *(code.co_names if code else ())}
