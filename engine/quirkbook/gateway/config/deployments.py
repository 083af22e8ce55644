"""An item of ``model_list`` -> deployments: who serves the model, where, with which key, and with which defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ...model import Keys
from ...rulebook.rulebook import Rulebook
from ...wire.headers import is_header_name, is_header_value
from ...wire.retry import MOST_RETRIES
from . import litellm_keys as table
from . import tls
from .dropped import Path, parsed
from .model import LAST, UNLIMITED, Allowance, Deployment
from .reader import Reader
from .upstreams import Upstream

_MOST: Final = 10**12
_DROPPED: Final = "additional_drop_params"
_NEEDED: Final = (("model",), ("messages",))
#: Key -> what it is called in an allowance; 0 does not limit anything, as it is a share of requests, too.
LIMITS: Final = {"rpm": "rpm", "tpm": "tpm", "rpd": "rpd", "tpd": "tpd", "max_parallel_requests": "parallel"}


def read_models(reader: Reader, book: Rulebook) -> tuple[tuple[Deployment, ...], list[Keys]]:
    """Return the deployments of ``model_list``, in the order of the file, and where the entry of each stands."""
    items = reader.document.data["model_list"]
    if not isinstance(items, list):
        reader.wrong(("model_list",), "a list", items)
        return (), []
    if not items:
        reader.diagnostic("Q109", ("model_list",), "'model_list' is empty", "write at least one model, or leave it out")
    weighted: list[tuple[Deployment, Mapping[str, float]]] = []
    places: list[Keys] = []
    for at, item in enumerate(items):
        keys: Keys = ("model_list", at)
        if isinstance(item, dict):
            weighted += _Item(reader, book, keys).read()
            places += [keys] * (len(weighted) - len(places))
        else:
            reader.diagnostic(
                "Q108", keys, "a model must be a mapping", "write model_name: ... and litellm_params: {...}"
            )
    if items and not weighted and all(diagnostic.severity == "warning" for diagnostic in reader.diagnostics):
        reader.diagnostic("Q306", ("model_list",), "none of these models can be served", key=True)
    return tuple(with_weights(weighted)), places


def with_weights(entries: Iterable[tuple[Deployment, Mapping[str, float]]]) -> Iterator[Deployment]:
    """Yield deployments with their weights.

    As LiteLLM has it, all deployments of a name are compared by the first of weight, rpm and tpm that any of them
    states; one that does not state it is asked only when others fail.
    """
    stated: dict[str, dict[str, None]] = {}
    pairs = list(entries)
    for deployment, shares in pairs:
        stated.setdefault(deployment.name, {}).update(
            dict.fromkeys(measure for measure, share in shares.items() if share > 0)
        )
    for deployment, shares in pairs:
        measure = next((measure for measure in ("weight", "rpm", "tpm") if measure in stated[deployment.name]), None)
        yield replace(deployment, weight=shares.get(measure, 0.0)) if measure else deployment


def of_environment(book: Rulebook, environ: Mapping[str, str]) -> list[Deployment]:
    """Return a deployment ``provider/*`` for each provider whose key and address are known without a file."""
    served = []
    for name in book.providers:
        head = book.provider(name).head
        key, base = environ.get(head.get("api_key_env", "")), environ.get(head.get("base_url_env", ""))
        if key and (base or head.get("base_url")):
            served.append(Deployment(f"{name}/*", f"{name}/*", name, "*", key, base or None))
    return served


class _Item:
    """One item of the list."""

    def __init__(self, reader: Reader, book: Rulebook, keys: Keys) -> None:
        self._reader = reader
        self._book = book
        self._keys = keys
        self._under: Keys = (*keys, "litellm_params")
        self._written: Mapping[str, Any] = {}
        self._limits: dict[str, int] = {}
        """Field of an allowance -> how much."""

    def read(self) -> Iterator[tuple[Deployment, Mapping[str, float]]]:
        reader, keys = self._reader, self._keys
        item = reader.section(keys, "model_list", resolve=False)
        for key in ("model_name", "rpm", "tpm"):
            if key in item:
                item[key] = reader.resolved((*keys, key), item[key])
        item = {key: value for key, value in item.items() if value is not None}
        if not isinstance(item.get("litellm_params", {}), dict):
            reader.wrong(self._under, "a mapping", item["litellm_params"])
            return
        params = reader.section(self._under, "litellm_params") if "litellm_params" in item else {}
        self._written = reader.mapping(self._under) if params else {}
        info = reader.section((*keys, "model_info"), "model_info") if "model_info" in item else {}
        name = self._name(item)
        model = self._model(params, has_params="litellm_params" in item)
        self._limits = self._read_limits(item, params)
        shares = self._shares(params)
        common = self._common(params, info)
        if model is None:
            self._leave_open()
        if name is None or model is None:
            return
        if "*" in model and model.count("*") != name.count("*"):
            hint = "write as many into model_name as into model, or name the model"
            reader.diagnostic(
                "Q109", (*self._under, "model"), "it is not clear what the '*' of 'model' stands for", hint
            )
        elif model == "*":
            for deployment in self._everybody(params):
                yield replace(deployment, **common, name=name.replace("*", deployment.name)), shares
        else:
            upstream = Upstream(reader, self._book, self._under, self._written, params)
            named = upstream.deployment(name, model)
            if named is not None:
                yield replace(named, **common), shares
            elif upstream.left_out is not None:
                reader.left_out[name] = upstream.left_out

    def _leave_open(self) -> None:
        """Take back what was said of keys that make an address: that depends on the model, which is not known."""
        for key in table.keys_of_addresses() & {key for key, value in self._written.items() if value}:
            self._reader.restate((*self._under, key), "used")

    def _name(self, item: Mapping[str, Any]) -> str | None:
        return self._required((*self._keys, "model_name"), item)

    def _model(self, params: Mapping[str, Any], *, has_params: bool) -> str | None:
        if not has_params:
            hint = "write litellm_params: {model: ..., api_key: os.environ/NAME}"
            self._reader.diagnostic("Q107", self._keys, "'litellm_params' is missing", hint)
            return None
        return self._required((*self._under, "model"), params)

    def _required(self, keys: Keys, values: Mapping[str, Any]) -> str | None:
        """Return the text that must stand at ``keys``."""
        key = str(keys[-1])
        if key not in values:
            if key not in self._reader.mapping(keys[:-1]):
                self._reader.diagnostic("Q107", keys[:-1], f"'{key}' is missing")
            elif self._reader.mapping(keys[:-1])[key] is None:
                self._reader.wrong(keys, "text", None)
            return None
        return self._reader.text(keys, values[key])

    def _shares(self, params: Mapping[str, Any]) -> dict[str, float]:
        shares: dict[str, float] = {
            measure: self._limits[measure] for measure in ("rpm", "tpm") if measure in self._limits
        }
        if "weight" in params:
            weight = self._reader.number((*self._under, "weight"), params["weight"], 0, _MOST)
            shares |= {} if weight is None else {"weight": weight}
        return shares

    def _read_limits(self, item: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, int]:
        limits: dict[str, int] = {}
        for key, name in LIMITS.items():
            for values, keys in ((params, self._under), (item, self._keys)):
                if values.get(key) is not None and name not in limits:
                    limit = self._reader.integer((*keys, key), values[key], 0, _MOST)
                    limits |= {} if limit is None else {name: limit}
        return limits

    def _common(self, params: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a deployment that do not depend on who serves it."""
        reader, under = self._reader, self._under
        common: dict[str, Any] = {"defaults": self._defaults(params), "headers": self._headers(params)}
        for key in ("timeout", "stream_timeout"):
            if key in params:
                common[key] = reader.seconds((*under, key), params[key])
        for key, name in (("cooldown_time", "cooldown"), ("keepalive_seconds", "ping")):
            if key in params:
                common[name] = reader.number((*under, key), params[key], 0, 86_400, " of seconds")
        for key in ("num_retries", "max_retries"):  # the last one that is there counts
            if key in params:
                common["retries"] = reader.integer((*under, key), params[key], 0, MOST_RETRIES)
        limits = {name: limit for name, limit in self._limits.items() if limit}
        common |= tls.read(reader, under, params, self._written)
        if "supports_system_message" in params:
            common["takes_system"] = (
                reader.flag((*under, "supports_system_message"), params["supports_system_message"]) is not False
            )
        if _DROPPED in params:
            common["dropped"] = self._dropped(params[_DROPPED])
        common["allowance"] = Allowance(**limits) if limits else UNLIMITED
        if "order" in params:
            order = reader.integer((*under, "order"), params["order"], 0, LAST - 1)
            common |= {} if order is None else {"order": order}
        if "api_key" in params:
            key = params["api_key"]  # empty text says that there is none
            common["api_key"] = (reader.text((*under, "api_key"), key) or "").strip() or None if key != "" else None
        if "id" in info:
            common["id"] = str(info["id"])
        if "mode" in info:
            common["mode"] = reader.text((*self._keys, "model_info", "mode"), info["mode"]) or "chat"
        if "base_model" in info:
            base_model = reader.text((*self._keys, "model_info", "base_model"), info["base_model"]) or ""
            common["base_model"] = base_model.rpartition("/")[2] or None
        return common

    def _defaults(self, params: Mapping[str, Any]) -> dict[str, Any]:
        known = table.section("litellm_params")
        defaults = {key: value for key, value in params.items() if key in table.parameters() or not known.find(key)}
        extra = params.get("extra_body", {})
        if not isinstance(extra, dict):
            self._reader.wrong((*self._under, "extra_body"), "a mapping of fields", extra)
            return defaults
        return defaults | extra

    def _dropped(self, given: Any) -> tuple[Path, ...]:
        """Return the paths of fields that are left out for this deployment."""
        keys: Keys = (*self._under, _DROPPED)
        found = []
        for at, text in enumerate(self._reader.names(keys, given)):
            path = parsed(text)
            place = (*keys, at) if isinstance(given, list) else keys
            if path is None:
                hint = "write seed, metadata.user or tools[*].function.strict"
                self._reader.diagnostic("Q109", place, "this is not the path of a field", hint)
            elif path in _NEEDED:
                self._reader.diagnostic("Q109", place, f"no request can do without '{text}'", "leave it out here")
            else:
                found.append(path)
        return tuple(found)

    def _headers(self, params: Mapping[str, Any]) -> dict[str, str]:
        accepted: dict[str, str] = {}
        for place in ("headers", "extra_headers"):
            headers = params.get(place, {})
            keys = (*self._under, place)
            if not isinstance(headers, dict):
                self._reader.wrong(keys, "a mapping of headers", headers)
                continue
            for name, value in headers.items():
                if not is_header_name(name):
                    hint = "write letters, digits and '-'"
                    self._reader.diagnostic("Q109", (*keys, name), "this is not a valid header name", hint, key=True)
                elif not is_header_value(value):
                    message = f"the value of the header {name} must be one line of plain ASCII text"
                    self._reader.diagnostic("Q109", (*keys, name), message)
                else:
                    accepted[name] = value
        return accepted

    def _everybody(self, params: Mapping[str, Any]) -> list[Deployment]:
        """Return a deployment for each provider whose key is in the environment: what ``model: "*"`` means."""
        for key in ("api_key", "api_base", "base_url"):
            if key in params:
                message = f"'{key}' beside model: \"*\" would go to every provider"
                self._reader.diagnostic("Q109", (*self._under, key), message, 'name the provider: model: "provider/*"')
        served = of_environment(self._book, self._reader.environ)
        if not served:
            message = 'no key of any provider is in the environment: model: "*" stands for nobody'
            self._reader.diagnostic("Q304", (*self._under, "model"), message, variables(self._book), severity="warning")
        return served


def variables(book: Rulebook) -> str:
    """Return, as advice, where to find the variables that hold the keys of providers: too many to name them here."""
    count = len({name for provider in book.providers if (name := book.provider(provider).head.get("api_key_env"))})
    return f"set one of the {count} variables that `quirkbook providers` lists"
