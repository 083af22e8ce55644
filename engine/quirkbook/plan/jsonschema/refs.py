"""The `$ref`s of a schema tree: what each means, which lead back to themselves, how to do without them."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from ...model import Effect
from .tree import ANNOTATIONS, DEFINITIONS, POSITIONS, Log, Spot, adopt, alike, branches, clone, place, spread

#: A schema that inlining would make larger than this stays as it is.
MOST_NODES: Final = 10_000

_DEFINES: Final = frozenset(DEFINITIONS)

#: References that are resolved at run time: what they may mean cannot be told from here.
DYNAMIC: Final = frozenset({"$dynamicRef", "$recursiveRef"})


def settle(root: Spot) -> list[Spot]:
    """Let each `$ref` point to what it did before the last edits; return all spots in document order."""
    spots = spread(root)
    there = set(map(id, spots))
    for spot in spots:
        text = spot.words.get("$ref")
        if not isinstance(text, str):
            spot.target = None
            continue
        target = spot.target
        while isinstance(target, Spot) and target.into is not None:
            target = target.into
        found = find(root, text)
        if isinstance(target, Spot) and id(target) in there and target is not found:
            spot.words["$ref"], found = place(target), target
        spot.target = found
    return spots


def find(root: Spot, text: str) -> Any:
    """Return the spot that a `$ref` text points to, True for a schema that allows anything, else None."""
    rest = unquote(text[1:]) if "%" in text else text[1:]
    if text[:1] != "#" or rest[:1] not in ("", "/"):
        return None
    node: Any = root
    for part in rest.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Spot):
            node = node.words.get(key) if key in POSITIONS else None
        elif isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and key.isdecimal() and len(key) < 9 and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node if isinstance(node, Spot) or node is True else None


def absorb(spot: Spot, log: Log, option: str) -> None:
    """Put what a `$ref` means in its place.

    Beside the reference a description and the like win over the definition's own; of two other keywords of
    one name the definition's stays, as it did when nothing beside a `$ref` counted (before draft 2019-09).
    """
    target, effect = spot.target, Effect.EXACT
    del spot.words["$ref"]
    spot.target = None
    if isinstance(target, Spot):
        twin = clone(target)
        for word, value in spot.words.items():
            if word not in twin.words or word in ANNOTATIONS:
                twin.words[word] = value
            elif not alike(twin.words[word], value):
                effect = Effect.LOSSY
        spot.words, spot.target = twin.words, twin.target
        adopt(spot)
    log.edit(spot, option, effect)


def inline(root: Spot, spots: list[Spot], log: Log) -> None:
    """Inline each `$ref` that does not lead back to itself, then remove the definitions nothing needs."""
    if not any("$ref" in spot.words or not _DEFINES.isdisjoint(spot.words) for spot in spots):
        return
    looping, size = _measure(root, spots)
    plain = [spot for spot in spots if spot.target is not None and id(spot.target) not in looping]
    if plain and size > MOST_NODES:
        log.remark(f"inline_refs left undone: the schema would have more than {MOST_NODES:,} nodes")
        return
    alive, needed = [root], set()
    everything = False
    for spot in alive:  # grows while it is read
        while spot.target is not None and id(spot.target) not in looping:
            absorb(spot, log, "inline_refs")
        if "$ref" in spot.words:
            everything = everything or spot.target is None
            for entry in _entries_around(spot.target):
                if id(entry) not in needed:
                    needed.add(id(entry))
                    alive.append(entry)
        everything = everything or not DYNAMIC.isdisjoint(spot.words)
        alive += [below for step, below in branches(spot) if step[0] not in DEFINITIONS]
    if not everything:
        for spot in alive:
            _prune(spot, needed, log)


def _prune(spot: Spot, needed: set[int], log: Log) -> None:
    for word in DEFINITIONS:
        entries = spot.words.get(word)
        if isinstance(entries, dict):
            kept = {name: entry for name, entry in entries.items() if id(entry) in needed}
            if kept:
                spot.words[word] = kept
            else:
                del spot.words[word]
            if not kept or len(kept) < len(entries):
                log.edit(spot, f"inline_refs: unused {word}", Effect.EXACT)


def _entries_around(spot: Spot | None) -> list[Spot]:
    """Return the definitions that a spot stands in, or is."""
    found = []
    while spot is not None:
        if spot.step and spot.step[0] in DEFINITIONS:
            found.append(spot)
        spot = spot.parent
    return found


def _measure(root: Spot, spots: list[Spot]) -> tuple[set[int], int]:
    """Return the targets (by id) that lead back to themselves, and how many nodes inlining would leave.

    The tree is cut into pieces, one for each target and each definition; a piece leads to those that it holds
    or refers to. Sizes are summed over pieces: nothing is expanded only to learn that it would be too large.
    """
    targets = {id(spot.target) for spot in spots}
    tops = [s for s in spots if s is root or id(s) in targets or s.step[0] in DEFINITIONS]
    heads = {id(spot): at for at, spot in enumerate(tops)}
    piece: dict[int, int] = {}
    nodes = [0] * len(heads)
    holds: list[list[int]] = [[] for _ in heads]
    refers: list[list[int]] = [[] for _ in heads]
    for spot in spots:
        around = piece.get(id(spot.parent), 0)
        mine = piece[id(spot)] = heads.get(id(spot), around)
        if mine != around and spot.step[0] not in DEFINITIONS:
            holds[around].append(mine)
        nodes[mine] += 1
        if isinstance(spot.target, Spot):
            refers[mine].append(heads[id(spot.target)])
    looping: set[int] = set()
    full = [0] * len(heads)
    for group in _groups([held + referred for held, referred in zip(holds, refers, strict=True)]):
        if len(group) > 1 or group[0] in refers[group[0]]:
            looping.update(group)
        for head in sorted(group, reverse=True):  # what a piece holds comes after it in the document
            size = nodes[head] + sum(full[inner] for inner in holds[head])
            size += sum(full[other] - 1 for other in refers[head] if other not in looping)
            full[head] = min(MOST_NODES + 1, size)
    stay = {heads[id(entry)] for at in looping for entry in _entries_around(tops[at])}
    return {id(tops[at]) for at in looping}, full[0] + sum(full[head] for head in stay)


def _groups(graph: list[list[int]]) -> list[list[int]]:
    """Return a graph's strongly connected groups, each after those it leads to (Tarjan's, on a stack)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    depth: dict[int, int] = {}
    grouped: set[int] = set()
    groups: list[list[int]] = []
    for start in range(len(graph)):
        work = [] if start in index else [(start, iter(graph[start]))]
        while work:
            node, below = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                depth[node] = len(path)
                path.append(node)
            for other in below:
                if other not in index:
                    work.append((other, iter(graph[other])))
                    break
                if other not in grouped:
                    low[node] = min(low[node], low[other])
            else:
                work.pop()
                if low[node] == index[node]:
                    groups.append(path[depth[node] :])
                    grouped.update(groups[-1])
                    del path[depth[node] :]
                else:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
    return groups
