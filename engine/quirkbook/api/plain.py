"""Whether a payload is plain JSON data: dict, list, str, int, float, bool and None. Anything else is converted first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from typing import Any, Final

from ..payload.cycles import MOST_REPEATED, weigh
from ..payload.draft import Seen

PLAIN: Final = frozenset({str, int, float, bool, type(None), dict, list})
SCALARS: Final = PLAIN - {dict, list}
#: So many values are looked at before anybody asks whether a container holds itself, or stands in many places.
_MANY: Final = 200_000
_NOTHING: Final[Mapping[int, Seen]] = {}

#: What code may raise that reads objects of others, or a container that another thread changes meanwhile.
TORN: Final = (TypeError, ValueError, LookupError, AttributeError, RuntimeError)


def is_plain(payload: dict[Any, Any], walked: Mapping[int, Seen] = _NOTHING, types: Set[type] = frozenset()) -> bool:  # noqa: C901
    """Tell whether a payload is plain JSON data; the containers in ``walked`` hold values of these ``types``.

    Raises:
        EndlessError: a container contains itself, or the like.
    """
    if not types <= PLAIN:
        return False
    nodes: list[dict[Any, Any]] = [payload]
    push = nodes.append
    room: float = _MANY
    for node in nodes:  # grows while it is read; written flat, as every value of every payload passes here
        room -= len(node)
        if room < 0:
            room = _room_for(payload)
        for key, value in node.items():
            kind = value.__class__
            if key.__class__ is not str:
                return False
            if kind is str:
                continue
            if kind is dict:
                if id(value) not in walked:
                    push(value)
            elif kind is list:
                room -= len(value)
                if room < 0:
                    room = _room_for(payload)
                for item in value:
                    kind = item.__class__
                    if kind is str:
                        continue
                    if kind is dict:
                        if id(item) not in walked:
                            push(item)
                    elif kind is list:
                        push({"": item})
                    elif kind not in SCALARS:
                        return False
            elif kind not in SCALARS:
                return False
    return not walked or _are_texts(walked)


def _room_for(payload: Any) -> float:
    """Return how many values of a large payload may be looked at: all, unless there is no end to them."""
    weigh(payload, MOST_REPEATED)
    return math.inf


def _are_texts(walked: Mapping[int, Seen]) -> bool:
    """Tell whether the keys that were seen in schemas are strings; those of a subclass do as well."""
    try:
        for _, words, _ in walked.values():
            "".join(words)
    except TypeError:
        return False
    return True
