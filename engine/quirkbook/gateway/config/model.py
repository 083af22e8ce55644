"""The frozen nouns of the gateway's configuration. Keys and headers are in no repr."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ...api.policy import DEFAULT_POLICY
from ...model import Diagnostic
from ...rulebook.rulebook import Rulebook
from ...wire.retry import DEFAULT_RETRIES
from .allowance import UNLIMITED as UNLIMITED
from .allowance import Allowance as Allowance
from .setting import Setting

DEFAULT_TIMEOUT: Final = 600.0
"""Seconds."""
ANY: Final = "*"
"""Under this name `Config.fallbacks` has those of every model that has none of its own."""
MODEL: Final = "{model}"
"""In an address, where the model of a deployment with stars stands."""
#: What ``model_info.mode`` may say of models that take chat completions; ``responses``: LiteLLM translates for these, too.
CHATS: Final = frozenset({"chat", "responses"})
LAST: Final = 1_000_000
"""The place in order of a deployment that states none."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One upstream that answers for a model name."""

    name: str
    """As clients ask; each ``*`` stands for one character or more."""
    model: str
    """As the file has it: ``moonshot/moonshot-v1-8k``; a ``*`` is what it is in the name."""
    provider: str
    """Whose rules apply; "" where nobody is known at ``api_base``: then no rules apply, and the key is a bearer's."""
    upstream_model: str
    """The model without the provider's prefix, with its stars."""
    api_key: str | None = field(default=None, repr=False)
    api_base: str | None = None
    """Where to send to instead of the provider's own address; with or without its path."""
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Fields of the payload for requests that lack them."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    """Headers to send besides."""
    timeout: float | None = None
    """Seconds to wait for each next byte of a whole answer; None: the config's."""
    stream_timeout: float | None = None
    """Seconds until the first event of a stream that says something; None: the config's, else ``timeout``."""
    ping: float | None = None
    """Seconds of silence in a stream after which a comment is sent; 0: never; None: the config's."""
    cooldown: float | None = None
    """Seconds for which the deployment is passed over when it fails too often; None: the config's."""
    retries: int | None = None
    """How often to try again; None: the config's."""
    allowance: Allowance = UNLIMITED
    trust: bool | str = True
    """Whether its certificate is checked, and against which file or folder of authorities, if not the system's."""
    certificate: str | None = None
    """A file with the gateway's own certificate and its key, shown to the upstream."""
    takes_system: bool = True
    """Whether it takes messages of the system."""
    dropped: tuple[tuple[str | int, ...], ...] = ()
    """Paths of fields that requests for it lose, as `dropped.parsed` reads them."""
    weight: float = 1.0
    """The share of requests, beside the other deployments of the name; 0: only when others fail."""
    order: int = LAST
    """Deployments of a lower order are asked first."""
    id: str | None = None
    """``model_info.id``: another name, of this one deployment alone."""
    mode: str = "chat"
    """``model_info.mode``: what the model is for."""
    base_model: str | None = None
    """``model_info.base_model``: which model it is, where ``model`` is a deployment's own name."""
    shadow: bool = False
    """Whether rules only tell what they would do, and requests go as they came."""

    def is_called(self, pattern: str) -> bool:
        """Tell whether its name is one that a pattern means: the name itself, or one with stars."""
        return self.name == pattern or ("*" in pattern and stars(pattern, self.name) is not None)


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key that clients may show, and what it may do."""

    name: str
    """As the log has it."""
    digest: bytes = field(repr=False)
    """SHA-256 of the key, which is not kept itself."""
    models: tuple[str, ...] | None = None
    """The names that it may ask for, or patterns of them; None: all."""
    allowance: Allowance = UNLIMITED
    policy: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Effect -> verdict, where it is not the config's."""
    expires: float | None = None
    """Seconds since 1970; None: never."""

    @classmethod
    def of(cls, name: str, key: str) -> ClientKey:
        """Return a key without limits."""
        return cls(name, sha256(key.encode()).digest())

    def may_ask(self, model: str) -> bool:
        """Tell whether it may ask for a model of that name."""
        if self.models is None or model in self.models:
            return True
        return any("*" in pattern and stars(pattern, model) is not None for pattern in self.models)


def stars(pattern: str, name: str) -> tuple[str, ...] | None:
    """Return the texts that the stars of a pattern stand for in a name, each one character or more; None: no match.

    >>> stars("moonshot/*", "moonshot/kimi-k2.6"), stars("moonshot/*", "openai/o3"), stars("*-v*", "moonshot-v1-8k")
    (('kimi-k2.6',), None, ('moonshot', '1-8k'))
    """
    prefix, *between, suffix = pattern.split("*")
    at, end = len(prefix), len(name) - len(suffix)
    if not (name.startswith(prefix) and name.endswith(suffix)):
        return None
    texts = []
    for part in between:
        place = name.find(part, at + 1, end)
        if place < 0:
            return None
        texts.append(name[at:place])
        at = place + len(part)
    return (*texts, name[at:end]) if at < end else None


def filled(pattern: str, texts: tuple[str, ...]) -> str:
    """Return a pattern with texts in the place of its stars."""
    for text in texts:
        pattern = pattern.replace("*", text, 1)
    return pattern


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may cost. Sizes in bytes, times in seconds."""

    body_bytes: int = 32 * 1024 * 1024
    json_depth: int = 128
    header_bytes: int = 64 * 1024
    concurrency: int = 1000
    """Requests under way at once, in one worker."""
    first_byte: float = 600.0
    """Until the upstream's first byte."""
    idle_stream: float = 300.0
    """Between two pieces of a stream."""
    total: float | None = None
    """For a whole request, from its body to the end of its answer; None: no limit."""
    in_flight: int = 512 * 1024 * 1024
    """Bytes of all bodies of requests under way, in one worker."""
    queue: float = 10.0
    """For a deployment that is asked as many requests at once as it may."""
    slow_client: float = 30.0
    """Until the client has sent its request, or taken what it was sent."""


@dataclass(frozen=True, slots=True)
class Network:
    """How clients reach the gateway, and what of their headers goes on."""

    origins: tuple[str, ...] | None = None
    """Of web pages that may ask; ``*``: any. None: any that shows a key, where the gateway has keys."""
    key_header: str | None = None
    """A further header in which clients show their key, in lower case."""
    forwarded: tuple[str, ...] = ()
    """Names of a client's headers that go to the upstream, in lower case; globs."""
    forwarded_for: tuple[str, ...] = ()
    """Models, as globs, for which the usual ones go even where ``forwarded`` is empty."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How much is remembered of what models thought, for clients that lose it."""

    entries: int = 10_000
    ttl: float = 3600.0
    """Seconds."""
    bytes: int = 64 * 1024 * 1024
    redis: str | None = field(default=None, repr=False)
    """Where processes and machines remember together; None: each for itself."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A share of the requests, drawn by lot, that is translated by other rules, or at all where the others are not."""

    share: float
    """From 0 to 1."""
    rules: tuple[Path, ...] = ()
    rulebook: Rulebook | None = field(default=None, repr=False)
    """Its rules; None: those of the config."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, for all workers alike. Times in seconds."""

    path: str | None = None
    """Of the config."""
    host: str = "127.0.0.1"
    port: int = 4000
    workers: int = 1
    reload: bool = True
    """Whether edits of config and rules come into force by themselves."""
    strict: bool = False
    """Whether a key of the config that is in no list keeps the gateway from starting."""
    socket: str | None = None
    """The path of a Unix socket to listen on, in place of host and port."""
    roots: tuple[str, ...] = ()
    """Paths below which everything is served, too: ``/litellm``."""
    allow_hosts: tuple[str, ...] = ()
    """Names that Host may have where no key is set, beside this machine's own."""
    drain: float = 30.0
    """For what is under way, once the gateway is asked to stop."""
    ping: float = 15.0
    """Of silence in a stream, after which a comment is sent; 0: never. The config may say otherwise."""
    health_timeout: float = 120.0
    """Without a sign of life of a worker, after which it is killed; 0: never."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the gateway serves. Keys and headers are in no repr."""

    deployments: tuple[Deployment, ...]
    rulebook: Rulebook = field(repr=False)
    """The rules in force: the built-in ones, and those of ``rules`` above them."""
    name: str = "the environment"
    """What places call the file."""
    keys: tuple[ClientKey, ...] = ()
    """The keys that clients may show; none: anybody may ask."""
    retries: int = DEFAULT_RETRIES
    """How often to try again, where the deployment does not say."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds to wait for each next byte of a whole answer, where the deployment does not say."""
    stream_timeout: float | None = None
    """Seconds until the first event of a stream that says something; None: ``timeout``."""
    ping: float | None = None
    """Seconds of silence in a stream after which a comment is sent; 0: never; None: what the command line says."""
    allowed_fails: int = 3
    """Failures within a minute after which a deployment is passed over, beyond so many."""
    cooldown: float = 5.0
    """Seconds for which it is then passed over; 0: it never is."""
    refusals_pass_on: bool = True
    """Whether a request that rules or the policy refuse for one deployment goes to the next."""
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Model name -> the names to try when all its deployments have failed; ``*``: every other model."""
    special_fallbacks: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """The same for errors of one class alone: ``context_window`` and ``content_policy``."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Another name -> the model name that it stands for."""
    hidden: frozenset[str] = frozenset()
    """Aliases that the list of models leaves out."""
    drop_params: bool = False
    """As the file has it; the rules do what it asks for in any case."""
    policy: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_POLICY))
    """Effect -> ``allow``, ``warn`` or ``error``; every effect is there."""
    rules: tuple[Path, ...] = ()
    """Folders of the user's own rules, later ones winning."""
    canary: Canary | None = None
    """Whether a share of the requests is translated otherwise."""
    limits: Limits = Limits()
    redis: str | None = field(default=None, repr=False)
    """Where requests and tokens are counted for all processes; None: each counts for itself."""
    network: Network = Network()
    moderation: str | None = None
    """The model of every request for moderation; None: that which it names."""
    traces: bool = False
    """Whether spans are made, for OpenTelemetry."""
    memory: Memory | None = None
    """Whether thoughts are remembered that clients lose."""
    settings: tuple[Setting, ...] = ()
    """Every key of the file, in order of place."""
    included: tuple[Path, ...] = ()
    """The files that the file includes."""
    needs: tuple[str, ...] = ()
    """Variables of the environment that are not set, where that was no error."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Name of a model of the file that is not served -> why."""
    remarks: tuple[Diagnostic, ...] = ()
    """What is odd, though not wrong."""
