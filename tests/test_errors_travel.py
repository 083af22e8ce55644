"""Errors and reports are copied and pickled whole: they come back from worker processes."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest
from tests.adapters.asked import REFUSED

import quirkbook
from quirkbook import errors, explain, explain_error, translate
from quirkbook.wire.provider_errors import error_from

CHANGES = explain({"temperature": 1.7, "stop": "x"}, "moonshot").changes


def refused():
    try:
        translate(REFUSED, "moonshot")
    except errors.RefusedError as error:
        return error
    raise AssertionError


def forbidden():
    try:
        translate({"temperature": 1.7}, "moonshot", policy={"lossy": "error"})
    except errors.PolicyError as error:
        return error
    raise AssertionError


def every_dispatch_error(kind=errors.DispatchError):
    made = kind(
        "no",
        status=418,
        provider="p",
        model="m",
        body={"error": {"code": 7}},
        raw="no",
        changes=CHANGES,
        retry_after=2.0,
    )
    return [made, *(one for below in kind.__subclasses__() for one in every_dispatch_error(below))]


RAISED = [
    refused(),
    forbidden(),
    *every_dispatch_error(),
    error_from(402, {}, {"error": "no"}, changes=CHANGES),
    errors.PayloadError("bad", "/n"),
    errors.UsageError("bad"),
    errors.UnknownProviderError("who"),
]
WAYS = {"copy": copy.copy, "deepcopy": copy.deepcopy} | {
    f"pickle {protocol}": lambda one, protocol=protocol: pickle.loads(pickle.dumps(one, protocol))
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", RAISED, ids=lambda one: type(one).__name__)
def test_an_error_comes_back_whole(error, way):
    back = WAYS[way](error)

    assert (type(back), str(back), repr(back)) == (type(error), str(error), repr(error))
    assert repr(vars(back)) == repr(vars(error))


@pytest.mark.parametrize("way", WAYS)
def test_a_report_comes_back_whole(way):
    for report in (
        explain({"model": "kimi-k2.6", "temperature": 1.7}, "moonshot", why_not=True),
        explain(REFUSED, "moonshot"),
        explain_error("no", "moonshot", 402),
    ):
        assert WAYS[way](report).to_dict() == report.to_dict()


def _refuse(_):
    return quirkbook.translate(REFUSED, "moonshot")


def test_a_refusal_comes_out_of_worker_processes():
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool, pytest.raises(errors.RefusedError) as caught:
        pool.submit(_refuse, 0).result(timeout=60)
    assert caught.value.refusals == refused().refusals
    with spawn.Pool(1) as pool, pytest.raises(errors.RefusedError):
        pool.apply_async(_refuse, (0,)).get(timeout=60)
