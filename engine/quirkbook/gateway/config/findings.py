"""What the owner of a config has to know of it, by weight and in few lines: for `quirkbook check` and the start of the gateway."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...model import Diagnostic
from .model import Config
from .setting import Setting

_MOST_NAMED: Final = 12
"""Keys of one line."""
_MOST_PLACES: Final = 8
#: An item of the list of models.
_ITEM: Final = re.compile(r"^/model_list/\d+(?=/)")
_STATES: Final = (("used", "keys used"), ("ignored", "ignored"), ("unsupported", "unsupported"))
_WEIGHTS: Final = ("error", "warning", "unsupported", "ignored", "used")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line."""

    state: str
    """``error``, ``warning``, ``unsupported``, ``ignored`` or ``used``."""
    text: str
    """What is printed; the state is in it, behind the place."""
    brief: str = ""
    """The same in one line."""


def counts(settings: Sequence[Setting]) -> str:
    """Return how many keys are used, ignored and unsupported."""
    return ", ".join(f"{sum(setting.state == state for setting in settings)} {label}" for state, label in _STATES)


def summary(config: Config) -> list[str]:
    """Return what the start of the gateway prints: counts, then what its owner would miss, and what is odd."""
    models = len({deployment.name for deployment in config.deployments})
    keys = f"; {counts(config.settings)}" if config.settings else ""
    found = (finding.brief or finding.text for finding in findings(config.settings, config.remarks))
    return [f"{config.name}: {models} model{'' if models == 1 else 's'}{keys}", *found]


def findings(
    settings: Iterable[Setting], diagnostics: Iterable[Diagnostic], *, everything: bool = False
) -> list[Finding]:
    """Return what is worth knowing, the gravest first; keys that are used or ignored only if everything is asked for."""
    found = [*_of_diagnostics(diagnostics), *_of_settings(settings)]
    found.sort(key=lambda finding: _WEIGHTS.index(finding.state))
    return [one for one in found if everything or one.state not in ("ignored", "used")]


def _of_diagnostics(diagnostics: Iterable[Diagnostic]) -> Iterator[Finding]:
    """Yield one finding for each thing that is wrong; where it is wrong at several places, they are named together."""
    groups: dict[tuple[str, ...], list[Diagnostic]] = {}
    for one in diagnostics:
        kind = one.message if one.severity == "error" else ""  # warnings with one piece of advice stand together
        key = (one.severity, one.code, kind, one.hint, one.location.file)
        groups.setdefault(key, []).append(one)
    for group in groups.values():
        first = group[0]
        if len(group) > 1:
            messages = "; ".join(dict.fromkeys(one.message for one in group))
            lines = list(dict.fromkeys(str(one.location.line) for one in group[1:]))
            shown = ", ".join(lines[:_MOST_PLACES]) + (" ..." if len(lines) > _MOST_PLACES else "")
            first = replace(first, message=f"{messages} (also in {_numbered(lines)} {shown})")
        brief = ": ".join(filter(None, (str(first.location), first.message, first.hint)))
        yield Finding(first.severity, str(first), brief)


def _numbered(lines: Sequence[str]) -> str:
    return "line" if len(lines) == 1 else "lines"


def _of_settings(settings: Iterable[Setting]) -> Iterator[Finding]:
    """Yield one finding for all keys of a section that share their fate for the same reason."""
    groups: dict[tuple[str, ...], list[Setting]] = {}
    for one in settings:
        if one.state == "used":
            yield Finding("used", str(one))
            continue
        section = _ITEM.sub("/model_list/*", one.pointer).rpartition("/")[0]
        groups.setdefault((one.state, one.why, one.file, section), []).append(one)
    for group in groups.values():
        names: dict[str, list[Setting]] = {}
        for one in group:
            names.setdefault(_ITEM.sub("/model_list/*", one.pointer), []).append(one)
        shown = [same[0].pointer if len(same) == 1 else f"{name} ({len(same)} times)" for name, same in names.items()]
        more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
        yield Finding(group[0].state, str(replace(group[0], pointer=", ".join(shown[:_MOST_NAMED]) + more)))
