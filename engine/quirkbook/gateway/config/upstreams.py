"""Who serves an item of ``model_list``, at which address and with which key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from ...client import request as client_request
from ...errors import UnknownProviderError, UsageError, did_you_mean
from ...model import Keys
from ...rulebook.providers import GENERIC
from ...rulebook.rulebook import Rulebook
from ..place import without_socket
from . import litellm_keys as table
from .model import MODEL, Deployment
from .reader import Reader


class Upstream:
    """The upstream of one item."""

    def __init__(
        self, reader: Reader, book: Rulebook, under: Keys, written: Mapping[str, Any], params: Mapping[str, Any]
    ) -> None:
        """``written`` are the ``litellm_params`` as they stand there, ``params`` those that are used, with their values."""
        self._reader, self._book, self._under = reader, book, under
        self._written, self._params = written, params
        self.left_out: str | None = None
        """Why the item is not served, where that is not a fault of the file."""

    def deployment(self, name: str, model: str) -> Deployment | None:
        """Return the deployment; None: it has a diagnostic."""
        base, at = self._base()
        if base is None and at[-1] in self._params:
            return None  # it has a diagnostic
        named, upstream = self._named(model)
        if named is None:
            return None
        protocol = base is not None and named in table.compatible()
        provider = self._at(base) if protocol else self._provider(named)
        if provider is None:
            return None
        if protocol and provider in ("", GENERIC):
            hint = "custom_llm_provider names a provider whose rules are to apply"
            message = "no known provider serves this address: only rules for the model's family apply"
            self._reader.diagnostic("Q303", at, message, hint, severity="warning")
            return Deployment(name, model, provider, upstream, None, base)
        upstream = table.without_interface(provider, upstream)
        return self._connected(Deployment(name, model, provider, upstream, None, base))

    def _base(self) -> tuple[str | None, Keys]:
        """Return the address that the file gives, and where it stands."""
        key = "api_base" if "api_base" in self._params else "base_url"
        keys = (*self._under, key)
        if key not in self._params:
            return None, keys
        base = self._reader.text(keys, self._params[key])
        if base is not None:
            try:
                client_request.address(without_socket(base)[1], {})
            except UsageError as error:
                message, _, hint = str(error).replace("base_url", f"'{key}'").partition(": ")
                self._reader.diagnostic("Q109", keys, message, hint)
                base = None
        return base, keys

    def _named(self, model: str) -> tuple[str | None, str]:
        """Return who the entry says serves the model, and the model without the prefix that says so."""
        prefix, slash, bare_model = model.partition("/")
        keys = (*self._under, "custom_llm_provider")
        if "custom_llm_provider" in self._params:
            named = self._reader.text(keys, self._params["custom_llm_provider"])
        else:
            named = prefix if slash else table.owner(model)
            if named is None:
                hint = f"write model: {table.compatible()[0]}/..., or another provider's name before the '/'"
                self._reader.diagnostic("Q302", (*self._under, "model"), "'model' does not say whose model it is", hint)
        return named, bare_model if slash and prefix == named else model

    def _at(self, base: str | None) -> str:
        """Return who is known to serve an address, "" for nobody."""
        try:
            return self._book.resolve(None, None, base)[0]
        except UnknownProviderError:
            return ""

    def _provider(self, named: str) -> str | None:
        try:
            return self._book.provider(named).name
        except UnknownProviderError:
            known = [*self._book.providers, *self._book.aliases]
        keys = (*self._under, "custom_llm_provider" if "custom_llm_provider" in self._params else "model")
        plain = f"{table.compatible()[0]}/... and api_base if it speaks OpenAI's protocol"
        near = (
            None if table.is_elsewhere(named) or named in self._reader.handlers else did_you_mean(named.lower(), known)
        )
        if near is not None:
            message = f"no rules are known for the provider '{named}'"
            self._reader.diagnostic("Q302", keys, message, f"did you mean '{near}'?")
        else:
            self._leave_out(keys, f"models of '{named}' are not served", f"write {plain}")
        return None

    def _leave_out(self, keys: Keys, why: str, hint: str) -> None:
        """Note that the item is not served, which keeps nothing else from being served."""
        self.left_out = why
        self._reader.diagnostic("Q306", keys, f"{why}: this one is left out", hint, severity="warning")

    def _connected(self, deployment: Deployment) -> Deployment | None:
        """Return a deployment with the address and key that the environment has for its provider."""
        head, environ = self._book.provider(deployment.provider).head, self._reader.environ
        base = self._address(deployment) or environ.get(head.get("base_url_env", "")) or None
        if base is None and "base_url" not in head and not {"api_base", "base_url"} & self._written.keys():
            hint = str(head.get("note") or "write the address into api_base").strip()
            why = f"{deployment.provider} has no address of its own, and 'api_base' is missing"
            self._leave_out(self._under, why, " ".join(hint.split()))
            return None
        variable = head.get("api_key_env", "")
        key = environ.get(variable) or None
        if not key and variable and not self._written.get("api_key"):
            message = f"no key for {deployment.provider}: neither 'api_key' nor the variable {variable} is there"
            hint = f"write api_key: os.environ/{variable}"
            self._reader.missing(variable, "Q304", (*self._under, "model"), message, hint)
        return replace(deployment, api_key=key, api_base=base)

    def _address(self, deployment: Deployment) -> str | None:
        """Return the address that the item gives, or that other keys of LiteLLM's make."""
        base = deployment.api_base
        is_given = base is not None or not {"api_base", "base_url"}.isdisjoint(self._written)
        if base is not None and urlsplit(without_socket(base)[1]).path.strip("/"):
            return base
        for pattern in table.addresses(deployment.provider):
            names = re.findall(r"\{(\w+)\}", pattern)
            keys = [name for name in names if name not in ("api_base", "model")]
            if ("api_base" in names) != is_given or not all(self._written.get(key) for key in keys):
                continue
            made = pattern.replace("{api_base}", (base or "").rstrip("/"))
            for key in keys:
                self._reader.restate((*self._under, key), "used")
                value = self._reader.resolved((*self._under, key), self._written[key])
                made = made.replace(f"{{{key}}}", quote(str(value or ""), safe=""))
            if is_given and base is None:  # its variable is not set yet
                return None
            return made if "*" in deployment.upstream_model else made.replace(MODEL, quote(deployment.upstream_model))
        return base
