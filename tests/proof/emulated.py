"""An emulated provider as the endpoint of a session, without sockets; its file may be changed first: a drift."""

from __future__ import annotations

import copy
from collections import Counter
from types import SimpleNamespace

from quirkbook.emulator import Emulator, provider, replies
from quirkbook.emulator.faults import Fault
from quirkbook.emulator.provider import Check
from quirkbook.proof.exchange import Exchange, clean

CALLER = SimpleNamespace(method="POST", path="/v1/chat/completions", query={}, headers={}, raw=b"")


class Emulated:
    """Answers as the emulator's application does."""

    def __init__(self, name, *, date="2026-12-01", stop_after=None, status=429):
        self.emulator = Emulator(name)
        self.provider = provider.load(name)
        self.emulator.provider = copy.copy(self.provider)
        auth = self.emulator.provider.auth
        self.caller = SimpleNamespace(**{**vars(CALLER), "headers": {auth["header"]: auth["prefix"] + "sk-test"}})
        self.date, self.stop_after, self.status = date, stop_after, status
        self.sent = Counter()

    def change(self, **parts):
        """Replace parts of the emulated provider: its checks, its models."""
        for name, value in parts.items():
            object.__setattr__(self.emulator.provider, name, value)
        object.__setattr__(self.emulator.provider, "_plans", {})
        return self

    def checks(self, *without, **changed):
        """Leave checks out, or replace parts of one."""
        kept = [check for check in self.provider.checks if check.name not in without]
        return [Check(**{**_facts(check), **changed.get(check.name.replace("-", "_"), {})}) for check in kept]

    def send(self, request):
        self.sent[str(request)] += 1
        if self.stop_after is not None and sum(self.sent.values()) > self.stop_after:
            return Exchange(request, self.status, {"error": {"message": "enough"}}, self.date)
        refusal = self.emulator.refusal(self.caller, dict(request), Fault())
        if refusal:
            return Exchange(request, refusal.status, clean(refusal.body), self.date)
        heard = self.emulator.heard(dict(request))
        answer, dialect = self.emulator.answer(heard)
        body = (
            [*replies.chunks(answer, dialect, heard)] if heard.get("stream") else replies.body(answer, dialect, heard)
        )
        usage = (body[-1] if isinstance(body, list) else body).get("usage") or {}
        return Exchange(request, 200, clean(body), self.date, usage.get("total_tokens", 0))

    def models(self):
        return [model.id for model in self.emulator.provider.models]


def _facts(check):
    names = ("name", "models", "errors", "when", "must", "fits", "below", "defs")
    return {name: getattr(check, name) for name in names}
