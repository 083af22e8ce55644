"""A config and its rules, ready to serve: what a reload replaces as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from random import random
from typing import Final

from ..rulebook.rulebook import Rulebook
from .asked import Asked
from .config.model import Config, Deployment
from .forwarding import Forwarding
from .http.auth import Authenticator
from .http.cors import Cors
from .knowledge import Knowledge
from .router import Router, Target
from .upstream.shadow import ShadowRoute
from .upstream.target import Pools, Route

ROUTES_REMEMBERED: Final = 4096


class Service:
    """A config and its rules, ready to serve; a reload puts another in its place, whole."""

    def __init__(self, config: Config, pools: Pools, hosts: Iterable[str] = ()) -> None:
        self.config = config
        self.book: Rulebook = config.rulebook
        self.router = Router(config)
        network = config.network
        origins = network.origins if network.origins is not None else ("*",) if config.keys else ()
        self.guard = Authenticator(config.keys, hosts, network.key_header, origins)
        self.cors = Cors(origins) if origins else None
        self.forwarding = Forwarding(network) if network.forwarded or network.forwarded_for else None
        self.knowledge = Knowledge(self.book, self.router)
        self._pools = pools
        self._routes: dict[tuple[int, str], Route] = {}
        self.is_canary = False
        """Whether this one serves the share of requests for which others are the rules."""
        self._canary = self._for_canary()

    def _for_canary(self) -> Service | None:
        """Return what serves the canary's share: the same models and limits, by its rules, and none in the shadow."""
        canary = self.config.canary
        if canary is None:
            return None
        other = copy(self)
        other.book = canary.rulebook or self.book
        other._routes, other._canary, other.is_canary = {}, None, True
        return other

    def drawn(self) -> Service:
        """Return what serves one request: this, or by lot what serves the canary's share."""
        if self._canary is None:
            return self
        assert self.config.canary is not None
        return self._canary if random() < self.config.canary.share else self

    def route(self, target: Target) -> Route:
        """Return the way to a target, made ready at its first request.

        Raises:
            AuthenticationError: no key is known for it.
            UsageError: its address is invalid.
        """
        key = (id(target.deployment), target.upstream_model)
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= ROUTES_REMEMBERED:  # wildcards: names come from clients
                self._routes.clear()
            kind = ShadowRoute if target.deployment.shadow and not self.is_canary else Route
            route = self._routes[key] = kind(target, self.book, self._pools)
        return route

    def ping(self, deployment: Deployment, default: float) -> float:
        """Return the seconds of silence in a stream after which a comment is sent; 0: never."""
        own = deployment.ping if deployment.ping is not None else self.config.ping
        return default if own is None else own

    def patience(self, deployment: Deployment, asked: Asked, *, streams: bool) -> float:
        """Return the seconds to wait for each next byte of an answer; of a stream, for the first event that says something.

        What the request asks for wins over the deployment's time, and that over the config's.
        """
        for one in (asked, deployment, self.config):
            if streams and one.stream_timeout is not None:
                return min(one.stream_timeout, self.config.limits.first_byte)
            if one.timeout is not None:
                return min(one.timeout, self.config.limits.first_byte)
        return self.config.limits.first_byte
