"""Our refusals as the openai package's errors too, so that what catches its BadRequestError catches them."""

from __future__ import annotations

from typing import Any

import openai

from ..errors import PayloadError as _PayloadError
from ..errors import PolicyError as _PolicyError
from ..errors import RefusedError as _RefusedError

# At the top of a module, under the names of their parents: pickle finds them there.


class PayloadError(_PayloadError, openai.BadRequestError):
    """The payload is not a chat payload."""


class RefusedError(_RefusedError, openai.BadRequestError):
    """A rule refuses the payload."""


class PolicyError(_PolicyError, openai.BadRequestError):
    """The policy forbids a change that the payload needs."""


_CODES: dict[type[_PayloadError], tuple[type[_PayloadError], str]] = {
    _RefusedError: (RefusedError, "refused_by_rule"),
    _PolicyError: (PolicyError, "forbidden_by_policy"),
    _PayloadError: (PayloadError, "invalid_payload"),
}


def as_openai_error(error: _PayloadError, library: Any, request: Any) -> _PayloadError:
    """Make an error, in place, one of the openai package's; ``library`` is httpx or httpx2, ``request`` one of its own."""
    kind, code = next(_CODES[each] for each in type(error).__mro__ if each in _CODES)
    param = error.pointer or None
    body = {"message": str(error), "type": "invalid_request_error", "param": param, "code": code}
    error.__class__ = kind
    response = library.Response(error.http_status, json={"error": body}, request=request)
    facts = {"message": str(error), "request": request, "response": response, "status_code": error.http_status}
    vars(error).update(facts, body=body, code=code, param=param, type=body["type"], request_id=None)
    return error
