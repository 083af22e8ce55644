"""The options of `normalize_schema` -> a function from a JSON Schema to the schema that a provider accepts.

Most schemas are fine as they are, so a quick look comes first (`schema_look`). Only then the schema becomes a
tree of spots (`schema_tree`) which the repairs of the enabled options edit (`schema_refs`, `schema_repairs`,
`schema_values`) until none finds anything more to do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from functools import partial
from typing import Any, Final

from ...model import Effect
from . import additions, roots, unions, values
from . import repairs as shape
from .closing import Closing
from .features import UNIONS
from .finite import NARROWING, mark_endless, mend_around
from .lane import Lane
from .look import alarms, look, writes
from .normalized import Normalized
from .patch import Patcher
from .refs import inline, settle
from .tree import Log, Spot, children, contrary, plant, reap
from .types import one_type
from .walk import Unsure

#: Options that ask about the whole schema at once.
_WHOLE: Final = frozenset({"close_objects", "root"})

#: Rounds over the whole tree: two do for nearly every schema, and none runs for ever.
_ROUNDS: Final = 100


def normalizer(options: Mapping[str, Any]) -> Normalizer:
    """Return a function that normalises a schema; it returns None where nothing is to be done.

    The function is total and never changes its argument. Only schema positions are read: a property named
    ``strict`` stays, and so do values under ``enum``, ``const``, ``default`` and ``examples``. Applying it
    to its own result changes nothing. What an option would write and ``drop`` or ``describe`` takes away
    stays away.

    - ``inline_refs``: each `#/...` reference becomes what it points to, then unused definitions go. A
      reference that leads back to itself, one that points nowhere and all of a schema that would exceed
      10,000 nodes stay, with the definitions they need (all of them, where some reference cannot be
      followed). A description, title or default beside `$ref` wins over the definition's. Exact; lossy
      where another keyword beside `$ref` contradicts the definition, which wins.
    - ``strip_ref_siblings``: nothing stays beside a `$ref` but definitions. Lossy; exact where the
      definition says the very same, and for `$schema` and `$comment`. With ``inline_refs`` it comes after
      inlining.
    - ``rename: {old: new}``: keywords; references follow. Two maps of definitions are joined; of two other
      keywords the new one wins. Pairs that form a circle, whose values have different shapes (`items` and
      `anyOf`) or whose old keyword another option writes are left out. Exact for definitions, else lossy.
    - ``collapse_nullable``: `nullable`, "null" in a type list (and then null in its enum) and branches of
      `anyOf` or `oneOf` that allow null alone go; a single branch left is merged into its parent unless
      both contradict one another. A schema that allows nothing but null stays, and so does `default: null`.
      Null that ends a recursion stays. Lossy.
    - ``const_as_enum``: `const: x` becomes `enum: [x]`. Exact; lossy if it replaces an enum.
    - ``tuple_items``: a list in `items` becomes `prefixItems`, a schema in `additionalItems` becomes
      `items`; a boolean `items` goes. Lossy; exact for `items: true`.
    - ``infer_type``: a missing type comes from the values of `enum` or `const`, else from keywords that
      only make sense for one type (`properties`: object, `items`: array, `pattern`: string, `minimum`:
      number). Exact. Else it comes from `default` or `examples`, and a property or item that says nothing
      at all is a string: lossy. No type beside `$ref` or `anyOf`, none where values disagree, and no guess
      beside `oneOf`, `allOf`, `not`, `if`.
    - ``one_type``: what a record of fixed fields can hold. Of a list of types the first stays, null last. An
      `anyOf` stays only beside annotations, and of its branches those whose type is named or told. Keywords of
      objects and arrays go where the type is another. Of a list of item schemas the first is that of all; an
      array without `items` gets items of text. An `enum` of a type other than string is put into the
      description. `true` for a schema becomes `{}`, `false` goes. Lossy; exact for `true` and a list of one type.
    - ``clean_enum``: null and "" go from enums of strings; numbers and booleans among strings become text;
      values that the type excludes go; booleans, objects, arrays and an enum left empty go altogether.
      Lossy.
    - ``describe: [keywords]``: their demands are put into the description in words, and they go. Lossy.
    - ``drop: [keywords]``: they go. Lossy; exact for `$schema` and `$comment`.
    - ``move_type_into_any_of``: a type (or list of types) beside `anyOf` goes into each branch that has
      none; not into a `$ref`, and not from a root that ``require_root_object`` wants typed. Exact; lossy
      where a branch's own type is not among it, or a reference's is unknown.
    - ``require_root_object``: a root without type or with "object" in a type list gets `type: object`, and
      `properties: {}` if it has none; a root that is a mere reference becomes what it points to. A root of
      another type stays, and so does one that is not an object at all. Exact.
    - ``required_as_list``: `required: null` and a missing `required` of an object become `[]`. Exact.
    - ``prune_required``: names that `properties` right there lacks leave `required`. Lossy.
    - ``add_properties``, ``add_items``: an object without `properties`, an array without `items` gets empty ones. Exact.
    - ``close_objects``: each object gets `additionalProperties: false` and requires all its properties; those that were
      optional become nullable. All objects or none: none where one allows any key, or is described by several
      schemas at once. Exact; lossy where null comes in.
    - ``drop_where: {keyword: test}``: keywords go whose value passes the test, a function. Lossy.
    - ``flatten_any_of``: a branch of `anyOf` that is an `anyOf` alone gives way to its branches. Exact; lossy where it
      had a description.
    - ``root: {any_of: merge}``: a union at the root becomes an object with the properties of all branches, which requires
      what all of them require. Lossy.

    No option makes a schema unsatisfiable. Null stays where without it a schema would want another of itself without
    end; around a schema that allows more than before `not` and `if` go, and `oneOf` becomes `anyOf`.
    """
    on = {name: value for name, value in options.items() if value}
    return Normalizer(on)


class Normalizer:
    """A function from a schema to what becomes of it, and the words that call for it."""

    def __init__(self, on: Mapping[str, Any]) -> None:
        self.alarms = alarms(on)
        """A schema in which a look (`look.look`) saw none of these words needs nothing."""
        self._writes = writes(on)
        self._repairs = _repairs(on)
        self._inlines = "inline_refs" in on
        self._narrows = not NARROWING.isdisjoint(on)
        self._closes, self._merges = "close_objects" in on, "root" in on
        self._may_close = any(repair is additions.close_objects for repair, _ in self._repairs)
        """Whether no other option takes away what closing writes."""
        local = {option: value for option, value in on.items() if option not in _WHOLE}
        self._local = alarms(local)
        repairs = _repairs(local)
        self._patcher = Patcher(local, self._local, repairs)
        self._patch_writes = self._writes if self._patcher.stays else frozenset()
        self._lane = Lane(local, self._local, repairs)

    def __call__(
        self, schema: Any, words: Set[str] | None = None, nodes: Sequence[dict[str, Any]] | None = None
    ) -> Normalized | None:
        """Return what becomes of a schema; None where nothing is to be done.

        ``words`` and ``nodes`` are what a look at this very schema has shown; it is looked at here if they are not
        given. Words may be more than that: those of other schemas, and those that were written since.
        """
        if words is None or not nodes:
            seen: set[str] = set()
            words, nodes = seen, look(schema, seen, set())
        if words.isdisjoint(self.alarms) or not isinstance(schema, dict):
            return None
        if self._wants_the_whole(schema, nodes):
            return self._closed(schema, words, nodes) or self.by_tree(schema)
        if words.isdisjoint(self._local):
            return None
        writes = self._patch_writes
        try:
            made, log = self._patcher.patched(schema, words, nodes)
        except Unsure:
            writes = self._writes
            try:
                made, log = self._lane.repaired(schema, words)
            except Unsure:
                return self.by_tree(schema)
        if not log.edits:
            return None
        if self._closes or any(not words.isdisjoint(contrary(edit[0], log.effect)) for edit in log.edits):
            return self.by_tree(schema)
        return Normalized(made, log.effect, partial(self._notes, schema, log), writes, len(log.edits))

    def _wants_the_whole(self, schema: dict[str, Any], nodes: Sequence[dict[str, Any]]) -> bool:
        """Tell whether an option may have something to do that asks about the whole schema."""
        return (self._closes and any(map(additions.is_open, nodes))) or (self._merges and not UNIONS.isdisjoint(schema))

    def _closed(self, schema: dict[str, Any], words: Set[str], nodes: Sequence[dict[str, Any]]) -> Normalized | None:
        """Return a schema with its objects closed; None if it needs more than that, or is unusual."""
        log = Log()
        if self._merges or not self._may_close or not words.isdisjoint(self._local):
            return None
        try:
            made = Closing(schema, nodes, log).closed(words)
        except Unsure:
            return None
        notes = partial(self._notes, schema, log)
        return Normalized(made, log.effect, notes, self._writes, len(log.edits)) if log.edits else None

    def _notes(self, schema: dict[str, Any], log: Log) -> tuple[str, ...]:
        """Return the notes on edits at parts of a schema."""
        spots: dict[int, Spot] = {}
        stack = [plant(schema)]
        for spot in stack:  # grows while it is read
            if spots.setdefault(id(spot.source), spot) is not spot:  # one part in two places
                done = self.by_tree(schema)
                return done.notes if done else ()
            stack += children(spot)
        placed = Log()
        for what, origin, _ in log.edits:
            at = spots.get(id(origin))
            if at:
                placed.edit(at, what, log.effect)
        return placed.notes()

    def by_tree(self, schema: dict[str, Any]) -> Normalized | None:
        """Return what becomes of a schema, whatever it is like: as a tree of spots."""
        log = Log()
        root = plant(schema)
        spots = settle(root)
        for _ in range(_ROUNDS):
            before = log.count
            if self._inlines:
                inline(root, spots, log)
                if log.count != before:
                    spots = settle(root)
            if self._narrows:
                mark_endless(spots)
            _repair(root, self._repairs, log)
            if log.count == before:
                break
            spots = settle(root)
            mend_around(spots, log)
            spots = settle(root)
        notes = log.notes()
        if log.count:
            return Normalized(reap(root), log.effect, notes, self._writes, log.count)
        return Normalized(schema, Effect.NONE, notes) if notes else None


def _repairs(on: Mapping[str, Any]) -> list[shape.Gated]:
    """Return the repairs of the enabled options, in an order in which most schemas need one round.

    Beside each: the keywords without which it does nothing, empty where it may need none.
    """
    drops, says, pairs = on.get("drop", ()), on.get("describe", ()), on.get("rename", {})
    banned = frozenset(drops) | frozenset(says) | frozenset(on.get("drop_where", ()))
    table: dict[str, tuple[shape.Repair, str, Collection[str]]] = {
        "root": (unions.merge_root, "type properties required additionalProperties", unions.UNIONS),
        "strip_ref_siblings": (shape.strip_ref_siblings, "", ("$ref",)),
        "rename": (shape.rename(pairs), "", pairs),
        "collapse_nullable": (shape.collapse_nullable, "", ("type", "anyOf", "oneOf", "nullable")),
        "const_as_enum": (values.const_as_enum, "", ("const",)),
        "tuple_items": (shape.tuple_items, "", ("items",)),
        "infer_type": (values.infer_type, "type", ()),
        "clean_enum": (values.clean_enum, "", ("enum",)),
        "one_type": (one_type(banned), "", ()),
        "describe": (values.describe(says), "", says),
        "drop": (values.drop(drops), "", drops),
        "drop_where": (values.drop_where(on.get("drop_where", {})), "", on.get("drop_where", ())),
        "flatten_any_of": (unions.flatten_any_of, "", ("anyOf",)),
        "move_type_into_any_of": (_below_root(on), "", ("anyOf",)),
        "require_root_object": (roots.require_root_object(banned), "", ()),
        "required_as_list": (shape.required_as_list, "required", ()),
        "prune_required": (shape.prune_required, "", ("required",)),
        "add_items": (additions.add_items, "items", ("type",)),
        "add_properties": (additions.add_properties, "properties", ("type",)),
        "close_objects": (additions.close_objects, "type anyOf enum required additionalProperties", ()),
    }
    return [
        (repair, frozenset(gate))
        for option, (repair, writes, gate) in table.items()
        if option in on and banned.isdisjoint(writes.split())
    ]


def _below_root(on: Mapping[str, Any]) -> shape.Repair:
    """Return the mover of types; it leaves the root alone where the root must have a type."""
    if "require_root_object" not in on:
        return shape.move_type_into_any_of

    def repair(spot: Spot, log: Log) -> None:
        if spot.parent is not None:
            shape.move_type_into_any_of(spot, log)

    return repair


def _repair(root: Spot, repairs: Sequence[shape.Gated], log: Log) -> None:
    """Repair each spot, parents first."""
    stack = [root]
    while stack:
        spot = stack.pop()
        shape.until_quiet(repairs, spot, log)
        stack += reversed(children(spot))
