"""What keeps a schema satisfiable: where null ends a recursion, and what a repair inside of `not` and `oneOf` means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...model import Effect
from .repairs import only_null
from .tree import Log, Spot, names
from .values import HINTS

#: So many rounds settle any schema that people write; what is not settled then counts as endless.
_ROUNDS: Final = 50

#: Options whose repairs take null away, or fix a type.
NARROWING: Final = frozenset({"collapse_nullable", "one_type", "infer_type", "require_root_object"})


def mark_endless(spots: Sequence[Spot]) -> None:
    """Mark each schema that without null has no finite value, since it wants another of itself."""
    if not any(isinstance(spot.target, Spot) for spot in spots):
        return
    finite: set[int] = set()
    for _ in range(_ROUNDS):
        before = len(finite)
        for spot in reversed(spots):  # what stands below comes first
            if id(spot) not in finite and _ends(spot, finite):
                finite.add(id(spot))
        if len(finite) == before:
            break
    for spot in spots:
        spot.endless = id(spot) not in finite


def _ends(spot: Spot, finite: set[int]) -> bool:
    """Tell whether a schema has a finite value other than null, given those of which that is known."""

    def is_finite(value: Any) -> bool:
        return not isinstance(value, Spot) or id(value) in finite

    words = spot.words
    if isinstance(spot.target, Spot) and not is_finite(spot.target):
        return False
    if not all(is_finite(item) for item in _list(words.get("allOf"))):
        return False
    for union in ("anyOf", "oneOf"):
        options = [item for item in _list(words.get(union)) if not only_null(item)]
        if options and not any(is_finite(item) for item in options):
            return False
    kinds = names(words.get("type")) - {"null"} or {kind for kind in ("object", "array") if HINTS[kind] & words.keys()}
    return not kinds or any(_kind_ends(kind, words, is_finite) for kind in kinds)


def _kind_ends(kind: str, words: dict[str, Any], is_finite: Any) -> bool:
    if kind == "object":
        properties = words.get("properties")
        held = properties if isinstance(properties, dict) else {}
        wanted = [name for name in _list(words.get("required")) if isinstance(name, str)]
        return all(is_finite(held.get(name)) for name in wanted)
    if kind == "array" and isinstance(words.get("minItems"), int | float) and words["minItems"] >= 1:
        return all(map(is_finite, [words.get("items"), *_list(words.get("prefixItems"))]))
    return True


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def mend_around(spots: Sequence[Spot], log: Log) -> None:
    """Mend what stands around edited schemas and cannot bear that: `not` and `if` go, `oneOf` becomes `anyOf`."""
    referring: dict[int, list[Spot]] = {}
    for spot in spots:
        if isinstance(spot.target, Spot):
            referring.setdefault(id(spot.target), []).append(spot)
    climbing = [spot for spot in spots if spot.contrary]
    for spot in climbing:  # grows while it is read
        if spot.parent and spot.step[0] in spot.contrary:
            _mend(spot.parent, spot.step[0], log)
        for other in [*referring.get(id(spot), ()), *([spot.parent] if spot.parent else ())]:
            if not spot.contrary <= other.contrary:
                other.contrary |= spot.contrary
                climbing.append(other)


def _mend(spot: Spot, word: Any, log: Log) -> None:
    words = spot.words
    if word not in words:
        return
    if word == "oneOf" and "anyOf" not in words:
        spot.words = {"anyOf" if key == "oneOf" else key: value for key, value in words.items()}
    else:
        for gone in (word, "then", "else") if word == "if" else (word,):
            words.pop(gone, None)
    log.edit(spot, f"{word}: a schema in it was changed", Effect.LOSSY)
