"""The sections of a config file, one by one, and what they make together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from ...api.policy import DEFAULT_POLICY
from ...model import Keys
from ...rulebook.rulebook import Rulebook
from ...wire.retry import MOST_RETRIES
from . import callbacks, client_keys, deployments, memory, network, refused, rule_sets
from .fallbacks import Fallbacks, Names
from .model import Config, Deployment, Limits
from .reader import Reader

_STRATEGY: Final = "simple-shuffle"
_OTHER_STRATEGIES: Final = (
    "least-busy", "usage-based-routing", "usage-based-routing-v2", "latency-based-routing", "cost-based-routing",
    "provider-budget-routing",
)  # fmt: skip
_OF_REDIS: Final = ("redis://", "rediss://", "unix://")
_ENFORCED: Final = "enforce_model_rate_limits"
"""A check before each request that is always made here."""
_DAY: Final = 86_400
#: What of the calls is a number of times -> the largest.
_COUNTS: Final = {"retries": MOST_RETRIES, "allowed_fails": 10**6}

#: Key of quirkbook_settings.limits -> (field of Limits, least, most).
_LIMITS: Final[Mapping[str, tuple[str, int, int]]] = {
    "body_bytes": ("body_bytes", 1024, 2**31),
    "json_depth": ("json_depth", 8, 1000),
    "header_bytes": ("header_bytes", 1024, 2**20),
    "concurrency": ("concurrency", 1, 100_000),
    "first_byte_seconds": ("first_byte", 1, 86_400),
    "idle_stream_seconds": ("idle_stream", 1, 86_400),
    "total_seconds": ("total", 1, 7 * 86_400),
    "in_flight_bytes": ("in_flight", 2**20, 2**40),
    "queue_seconds": ("queue", 0, 86_400),
    "slow_client_seconds": ("slow_client", 1, 86_400),
}


class Sections:
    """Reads the sections of a document one by one."""

    def __init__(self, reader: Reader, rulebook: Rulebook | None) -> None:
        self._reader = reader
        self._rulebook = rulebook

    def make(self) -> Config | None:
        """Return the config, without its settings; None where no rules could be read."""
        reader = self._reader
        top = reader.section((), "", resolve=False)
        misspelt = bool(reader.diagnostics)  # so far there are none but of keys that nobody knows
        reader.environ |= self._variables()
        quirkbook = reader.section(("quirkbook_settings",), "quirkbook_settings")
        general = reader.section(("general_settings",), "general_settings")
        litellm = reader.section(("litellm_settings",), "litellm_settings")
        router = reader.section(("router_settings",), "router_settings")
        reader.handlers = self._handlers()
        rules = rule_sets.folders(reader, ("quirkbook_settings", "rules"), quirkbook.get("rules", []))
        book = self._rulebook or rule_sets.load(reader, rules)
        if book is None:
            return None
        places: list[Keys] = []
        if "model_list" in top:
            models, places = deployments.read_models(reader, book)
        elif misspelt:  # it may be the list itself: the models that were meant are not known
            models = ()
            reader.diagnostic(
                "Q107", (), "'model_list' is missing", "write it, or leave out the keys that nobody knows"
            )
        else:
            models = tuple(deployments.of_environment(book, reader.environ))
            if not models:
                reader.diagnostic("Q107", (), "'model_list' is missing", "write it, or set the key of a provider")
        models = self._with_default(models, router)
        self._checks(router)
        callbacks.restate(reader)
        known = Names(models, self._written_names(top))
        models = rule_sets.shadowed(reader, quirkbook, models, known)
        policy = self._policy(quirkbook)
        if policy["refuse"] == "error":
            refused.warn(reader, book, zip(models, places, strict=False))  # without a list there are wildcards alone
        aliases, hidden = self._aliases(router, known)
        fallbacks = Fallbacks(reader, litellm, router, known.with_aliases(aliases))
        return Config(
            deployments=models,
            rulebook=book,
            name=reader.document.name,
            keys=client_keys.read_keys(reader, general, quirkbook, known.with_aliases(aliases)),
            fallbacks=fallbacks.read(),
            special_fallbacks=fallbacks.read_special(),
            aliases=aliases,
            hidden=hidden,
            drop_params=self._drop_params(),
            policy=policy,
            rules=rules,
            canary=rule_sets.canary(reader, quirkbook, has_shadow=any(model.shadow for model in models)),
            limits=self._at_once(general, self._limits(quirkbook)),
            redis=self._redis(router),
            refusals_pass_on=self._flag(("quirkbook_settings", "refusals_pass_on"), quirkbook, default=True),
            memory=memory.read(reader, quirkbook),
            moderation=self._moderation(general, known.with_aliases(aliases)),
            traces=callbacks.traces(reader, quirkbook),
            network=network.read(reader, general, litellm, quirkbook),
            **self._calls(litellm, router),
        )

    def _written_names(self, top: Mapping[str, Any]) -> list[str]:
        """Return the names of the list, those of models included that are left out."""
        items = top.get("model_list")
        names = (
            item.get("model_name") for item in (items if isinstance(items, list) else ()) if isinstance(item, dict)
        )
        return [name for name in names if isinstance(name, str)]

    def _variables(self) -> dict[str, str]:
        """Return what `environment_variables` adds to the environment."""
        variables = {}
        for name, value in self._reader.mapping(("environment_variables",)).items():
            keys: Keys = ("environment_variables", name)
            value = self._reader.resolved(keys, value)
            if isinstance(value, str | int | float):
                variables[str(name)] = str(value)
            elif value is not None:
                self._reader.wrong(keys, "text", value)
        return variables

    # quirkbook_settings

    def _flag(self, keys: Keys, values: Mapping[str, Any], *, default: bool) -> bool:
        given = self._reader.flag(keys, values[str(keys[-1])]) if keys[-1] in values else None
        return default if given is None else given

    def _policy(self, quirkbook: Mapping[str, Any]) -> Mapping[str, str]:
        keys: Keys = ("quirkbook_settings", "policy")
        verdicts = self._reader.mapping(keys) if "policy" in quirkbook else {}
        return {**DEFAULT_POLICY, **client_keys.policy(self._reader, keys, verdicts)}

    def _limits(self, quirkbook: Mapping[str, Any]) -> Limits:
        keys: Keys = ("quirkbook_settings", "limits")
        limits: dict[str, Any] = {}
        for key, value in (self._reader.section(keys, "limits") if "limits" in quirkbook else {}).items():
            name, low, high = _LIMITS[key]
            if key.endswith("_seconds"):
                limits[name] = self._reader.number((*keys, key), value, low, high, " of seconds")
            else:
                limits[name] = self._reader.integer((*keys, key), value, low, high)
        return Limits(**{name: value for name, value in limits.items() if value is not None})

    # Limits of LiteLLM's

    def _at_once(self, general: Mapping[str, Any], limits: Limits) -> Limits:
        """Return limits with the number of requests at once that ``general_settings`` may state: the least counts."""
        for key in ("global_max_parallel_requests", "max_in_flight_requests_per_worker"):
            if key in general:
                most = self._reader.integer(("general_settings", key), general[key], 1, 10**9)
                limits = limits if most is None else replace(limits, concurrency=min(limits.concurrency, most))
        return limits

    def _with_default(self, models: tuple[Deployment, ...], router: Mapping[str, Any]) -> tuple[Deployment, ...]:
        """Return deployments, those without a limit of requests at once with the one for all."""
        key = "default_max_parallel_requests"
        most = self._reader.integer(("router_settings", key), router[key], 1, 10**9) if key in router else None
        if most is None:
            return models
        return tuple(
            model
            if model.allowance.parallel is not None
            else replace(model, allowance=replace(model.allowance, parallel=most))
            for model in models
        )

    def _checks(self, router: Mapping[str, Any]) -> None:
        keys: Keys = ("router_settings", "optional_pre_call_checks")
        others = set(self._reader.names(keys, router.get("optional_pre_call_checks", []))) - {_ENFORCED}
        if others:
            self._reader.restate(
                keys, "unsupported", f"deployments are chosen by weight alone, without {', '.join(sorted(others))}"
            )

    def _handlers(self) -> frozenset[str]:
        """Return the names of providers that the file maps to Python."""
        mapped = self._reader.mapping(("litellm_settings",)).get("custom_provider_map")
        items = mapped if isinstance(mapped, list) else []
        return frozenset(str(item.get("provider")) for item in items if isinstance(item, dict))

    def _moderation(self, general: Mapping[str, Any], known: Names) -> str | None:
        """Return the model that moderates, whichever a request names."""
        keys: Keys = ("general_settings", "moderation_model")
        name = self._reader.text(keys, general["moderation_model"]) if "moderation_model" in general else None
        return name if name is not None and known.check(self._reader, keys, name) else None

    def _redis(self, router: Mapping[str, Any]) -> str | None:
        """Return the URL of the Redis that counts for all processes."""
        if "redis_url" in router:
            keys: Keys = ("router_settings", "redis_url")
            url = self._reader.text(keys, router["redis_url"])
            if url is not None and not url.startswith(_OF_REDIS):
                hint = "write redis://host:6379/0, or rediss:// for TLS"
                self._reader.diagnostic("Q109", keys, "'redis_url' is not the address of a Redis", hint)
            return url
        if "redis_host" not in router:
            return None
        host = self._reader.text(("router_settings", "redis_host"), router["redis_host"])
        port = self._reader.integer(("router_settings", "redis_port"), router.get("redis_port", 6379), 1, 65535)
        user, password = (quote(str(router.get(f"redis_{part}", "")), safe="") for part in ("username", "password"))
        scheme = "rediss" if self._flag(("router_settings", "redis_ssl"), router, default=False) else "redis"
        sign_in = f"{user}:{password}@" if user or password else ""
        return f"{scheme}://{sign_in}{host}:{port}/{router.get('redis_db', 0)}" if host and port else None

    # litellm_settings and router_settings; where both say something, the latter counts

    def _calls(self, litellm: Mapping[str, Any], router: Mapping[str, Any]) -> dict[str, Any]:
        reader = self._reader
        settings: dict[str, Any] = {}
        for section, values, key, name in (
            ("litellm_settings", litellm, "num_retries", "retries"),
            ("litellm_settings", litellm, "request_timeout", "timeout"),
            ("litellm_settings", litellm, "sse_keepalive_ping_interval_seconds", "ping"),
            ("litellm_settings", litellm, "allowed_fails", "allowed_fails"),
            ("litellm_settings", litellm, "cooldown_time", "cooldown"),
            ("router_settings", router, "num_retries", "retries"),
            ("router_settings", router, "timeout", "timeout"),
            ("router_settings", router, "stream_timeout", "stream_timeout"),
            ("router_settings", router, "allowed_fails", "allowed_fails"),
            ("router_settings", router, "cooldown_time", "cooldown"),
        ):
            if key not in values:
                continue
            keys: Keys = (section, key)
            value: float | None
            if name in _COUNTS:
                value = reader.integer(keys, values[key], 0, _COUNTS[name])
            elif name in ("cooldown", "ping"):
                value = reader.number(keys, values[key], 0, _DAY, " of seconds")
            else:
                value = reader.seconds(keys, values[key])
            settings |= {} if value is None else {name: value}
        if "disable_cooldowns" in router and reader.flag(
            ("router_settings", "disable_cooldowns"), router["disable_cooldowns"]
        ):
            settings["cooldown"] = 0.0
        self._strategy(router)
        return settings

    def _drop_params(self) -> bool:
        keys: Keys = ("litellm_settings", "drop_params")
        value = self._reader.resolved(keys, self._reader.mapping(keys[:1]).get("drop_params"))
        return value is not None and self._reader.flag(keys, value) is True

    def _strategy(self, router: Mapping[str, Any]) -> None:
        keys: Keys = ("router_settings", "routing_strategy")
        strategy = router.get("routing_strategy", _STRATEGY)
        if strategy in _OTHER_STRATEGIES:
            self._reader.restate(keys, "unsupported", f"deployments are chosen by weight alone: {_STRATEGY}")
        elif strategy != _STRATEGY:
            hint = f"write one of {', '.join((_STRATEGY, *_OTHER_STRATEGIES))}"
            self._reader.diagnostic("Q109", keys, "'routing_strategy' has none of its values", hint)

    def _aliases(self, router: Mapping[str, Any], known: Names) -> tuple[dict[str, str], frozenset[str]]:
        aliases: dict[str, str] = {}
        hidden = set()
        start: Keys = ("router_settings", "model_group_alias")
        for alias, target in (self._reader.mapping(start) if "model_group_alias" in router else {}).items():
            keys: Keys = (*start, alias)
            if isinstance(target, dict):
                keys, entry = (*keys, "model"), target
                target = entry.get("model")
                if entry.get("hidden"):
                    hidden.add(str(alias))
            name = self._reader.text(keys, target)
            if name is not None and known.check(self._reader, keys, name):
                aliases[str(alias)] = name
        return aliases, frozenset(hidden)
