"""What is still to be asked where a part of it was asked before, for another set of frameworks.

A framework that is enabled later makes a supplementary cell for the keywords that are missing,
never a second copy of what lies there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from include.evidence.cell import Cell, selection_digest
from include.evidence.store import SnapshotStore
from include.sources.base import Source

#: A cell, and what is asked there.
Asking = tuple[Cell, dict[str, Any]]


def parts_of(
    collector: Source, cell: Cell, asked: dict[str, Any], store: SnapshotStore
) -> list[Asking]:
    """The cells that together hold ``asked``: filled ones as far as there are, then the rest.

    That is the cell itself where it is filled or nothing of use is there; else one that was asked
    for more; else such as were asked for parts of it, none twice, and one for what is left.
    """
    member = collector.keywords_in
    wanted = frozenset(asked.get(member, ())) if member else frozenset()
    own = store.find(cell)
    if not wanted or not collector.settled or (own is not None and own.filled):
        return [(cell, asked)]
    rest = {name: value for name, value in asked.items() if name != member}
    there = [
        (frozenset(other[member]), (found, other))
        for found, other in store.filled_selections(cell)
        if {name: value for name, value in other.items() if name != member} == rest
    ]
    there.sort(key=lambda one: (len(one[0]), one[1][0].selection))
    for keywords, more in there:
        if keywords >= wanted:
            return [more]
    parts: list[Asking] = []
    left = wanted
    for keywords, some in reversed(there):
        if keywords and keywords <= left:
            parts.append(some)
            left -= keywords
    if not parts:
        return [(cell, asked)]
    if left:
        missing = {**rest, member: sorted(left)}
        parts.append((replace(cell, selection=selection_digest(missing)), missing))
    return parts
