"""Which deployments answer for a model name, and in which order they are asked."""

from __future__ import annotations

import random
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

from ..errors import QuirkbookError, did_you_mean
from .asked import NOTHING, Asked
from .config.model import ANY, Config, Deployment, filled, stars

#: How many names that a wildcard matched are remembered; they come from callers, so there is a limit.
NAMES_REMEMBERED: Final = 1024
_MOST_NAMED: Final = 20
LONGEST_SUGGESTED: Final = 100
"""Characters of a name for which a near one is looked for: that takes time."""


class UnknownModelError(QuirkbookError):
    """No deployment answers for that name; the message names the nearest one, and those that there are."""

    http_status = 404

    def __init__(self, model: str, known: Sequence[str], left_out: str | None = None) -> None:
        near = did_you_mean(model, known) if len(model) <= LONGEST_SUGGESTED else None
        unlisted = f", and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        hint = f": did you mean '{near}'?" if near else ""
        shown = model if len(model) <= 100 and model.isprintable() else f"{ascii(model[:100])[1:-1]}..."
        what = (
            f"the model '{shown}' is in the config but is not served: {left_out}"
            if left_out
            else f"unknown model '{shown}'{hint}"
        )
        super().__init__(f"{what}\n  known: {', '.join(known[:_MOST_NAMED])}{unlisted}")
        self.model = model


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment, and what its provider calls the model that was asked for."""

    deployment: Deployment
    upstream_model: str
    label: str = ""
    """What the log, the figures and headers call the deployment."""


class Random(Protocol):
    """The one thing that is asked of the module `random`, or of an instance of `random.Random`."""

    def random(self) -> float:
        """Return a number from 0 to 1, 1 left out."""


Targets = tuple[Target, ...]


class _Group:
    """The targets of one name: a weighted pick, then the others in their order."""

    __slots__ = ("_rotations", "_sums", "all", "only")

    def __init__(self, targets: Iterable[Target]) -> None:
        self.all: Targets = tuple(targets)
        ordered = sorted(self.all, key=lambda target: target.deployment.order)  # the file's order stays otherwise
        preferred = [target for target in ordered if target.deployment.order == ordered[0].deployment.order]
        later = ordered[len(preferred) :]
        chosen = [at for at, target in enumerate(preferred) if target.deployment.weight > 0] or range(len(preferred))
        self._rotations = [(*preferred[at:], *preferred[:at], *later) for at in chosen]
        self._sums = list(accumulate(preferred[at].deployment.weight or 1.0 for at in chosen))
        self.only = self._rotations[0] if len(self._rotations) == 1 else None

    def pick(self, rng: Random) -> Targets:
        if self.only is not None:
            return self.only
        at = bisect(self._sums, rng.random() * self._sums[-1])
        return self._rotations[min(at, len(self._rotations) - 1)]


class Router:
    """The deployments of a config by the names that clients ask for. Immutable but for what it remembers."""

    def __init__(self, config: Config) -> None:
        self._deployments = config.deployments
        self._labels = dict(_labels(config.deployments))
        by_name: dict[str, list[Deployment]] = {}
        for deployment in config.deployments:
            by_name.setdefault(deployment.name, []).append(deployment)
        ids = {deployment.id: [deployment] for deployment in config.deployments if deployment.id is not None}
        exact = ids | {name: deployments for name, deployments in by_name.items() if "*" not in name}
        self._exact = {name: self._group(deployments) for name, deployments in exact.items()}
        self._aliases = dict(config.aliases)
        self._left_out = config.left_out
        wild = [name for name in by_name if "*" in name]
        # The longer its text before the star, the more a pattern says; then the text behind it.
        wild.sort(key=lambda name: (-name.index("*"), -len(name)))
        self._wild = [(name, by_name[name]) for name in wild]
        self._fallbacks = config.fallbacks
        self._special = config.special_fallbacks
        shown = (alias for alias in config.aliases if alias not in config.hidden and self._find(alias)[0])
        self._names = tuple(dict.fromkeys([*by_name, *shown]))
        self._remembered: dict[str, list[_Group]] = {}
        names = (name for name in (*self._exact, *self._aliases) if self._find(name)[0])
        self._groups = {name: self._chain(name) for name in names}
        self._ready = {name: ready for name, chain in self._groups.items() if (ready := _ready(chain)) is not None}

    def names(self) -> tuple[str, ...]:
        """Return the names for the list of models, in the order of the file; wildcards as they are written."""
        return self._names

    def route(self, model: str, rng: Random = random, asked: Asked = NOTHING) -> Targets:
        """Return whom to ask, in this order: a deployment of the name by weight, its others, those of its fallbacks.

        An exact name wins over wildcards, and of these the one with the longest text before its star. Fallbacks that the
        request names stand in for those of the config.

        Raises:
            UnknownModelError: nobody answers for the name, or for one of those fallbacks.
        """
        if asked.fallbacks is not None:
            return self._asked(model, asked.fallbacks, rng)
        targets = self._ready.get(model)
        if targets is not None:
            return targets
        chain = self._groups.get(model) or self._remembered.get(model)
        if chain is None:
            chain = self._chain(model)
            if len(self._remembered) >= NAMES_REMEMBERED:
                self._remembered.clear()
            self._remembered[model] = chain
        return _joined([group.pick(rng) for group in chain])

    def of_name(self, model: str) -> Targets:
        """Return the targets that bear a name, without fallbacks; none for a name that nobody bears."""
        group, _ = self._find(model)
        return group.all if group is not None else ()

    def everyone(self) -> Targets:
        """Return a target for each account that the config has: address, provider and key."""
        accounts = {(one.api_base, one.provider, one.api_key): one for one in reversed(self._deployments)}
        return tuple(Target(one, one.upstream_model, self._labels[id(one)]) for one in reversed(accounts.values()))

    def _chain(self, model: str) -> list[_Group]:
        """Return the group of a name, and those of its fallbacks."""
        group, name = self._named(model)
        return [group, *self._groups_of(_listed(self._fallbacks, model, name))]

    def _asked(self, model: str, fallbacks: Mapping[str, tuple[str, ...]], rng: Random) -> Targets:
        group, name = self._named(model)
        named = _listed(fallbacks, model, name)
        return _joined([each.pick(rng) for each in (group, *(self._named(other)[0] for other in named))])

    def _named(self, model: str) -> tuple[_Group, str]:
        group, name = self._find(model)
        if group is None:
            raise UnknownModelError(model, self._names, self._left_out.get(model))
        return group, name

    def _groups_of(self, names: Iterable[str]) -> list[_Group]:
        return [group for group, _ in map(self._find, names) if group is not None]

    def special(self, model: str, why: str, asked: Asked = NOTHING, rng: Random = random) -> Targets:
        """Return whom to ask for a model where all that bear its name are known to fail.

        ``why`` is ``context_window`` or ``content_policy``; where no fallbacks are named for it, all others count. What
        the request names stands in for what the config does.
        """
        _, name = self._find(model)
        special = asked.special.get(why, self._special.get(why, {}))
        fallbacks = self._fallbacks if asked.fallbacks is None else asked.fallbacks
        names = _listed(special, model, name) or _listed(fallbacks, model, name)
        groups = self._groups_of(names)
        return _joined([group.pick(rng) for group in groups]) if groups else ()

    def _group(self, deployments: Iterable[Deployment], texts: tuple[str, ...] = ()) -> _Group:
        return _Group(
            Target(deployment, filled(deployment.upstream_model, texts), self._labels[id(deployment)])
            for deployment in deployments
        )

    def _find(self, model: str) -> tuple[_Group | None, str]:
        """Return the group that answers for a name, and the name that it has in the file."""
        model = self._aliases.get(model, model)
        if model in self._exact:
            return self._exact[model], model
        for name, deployments in self._wild:
            texts = stars(name, model)
            if texts is not None:
                return self._group(deployments, texts), name
        return None, model


def _labels(deployments: Iterable[Deployment]) -> Iterator[tuple[int, str]]:
    """Yield a name for each deployment, by its identity: its id, else its name, with a number from the second on."""
    taken: Counter[str] = Counter()
    for deployment in deployments:
        taken[deployment.name] += 1
        number = f"#{taken[deployment.name]}" if taken[deployment.name] > 1 else ""
        yield id(deployment), deployment.id or f"{deployment.name}{number}"


def _listed(fallbacks: Mapping[str, tuple[str, ...]], model: str, name: str) -> tuple[str, ...]:
    """Return the fallbacks of a model: its own, those of its name in the file, or those of every model."""
    return next((fallbacks[each] for each in (model, name, ANY) if each in fallbacks), ())


def _ready(chain: Sequence[_Group]) -> Targets | None:
    """Return the targets of a chain where nothing is left to chance."""
    picked = [group.only for group in chain if group.only is not None]
    return _joined(picked) if len(picked) == len(chain) else None


def _joined(parts: Sequence[Targets]) -> Targets:
    """Return the parts as one, each target once."""
    if len(parts) == 1:
        return parts[0]
    return tuple({(id(target.deployment), target.upstream_model): target for part in parts for target in part}.values())
