"""What is still to be asked where a part of it was asked before, for another set of frameworks.

A framework that is enabled later makes a supplementary cell for the keywords that are missing,
never a second copy of what lies there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from include.evidence.cell import Cell, selection_digest
from include.evidence.store import SnapshotStore
from include.sources.base import Source

#: A cell, and what is asked there.
Asking = tuple[Cell, dict[str, Any]]
#: What lies there: the keywords that were asked, and the cell.
_There = tuple[frozenset[str], Asking]
#: Of more cells in one place than these, the smallest are not looked at.
_MOST = 12


def parts_of(
    collector: Source, cell: Cell, asked: dict[str, Any], store: SnapshotStore
) -> list[Asking]:
    """The cells that together hold ``asked``: filled ones as far as there are, then the rest.

    That is the cell itself where it is filled or nothing of use is there. Else it is those that
    hold just what is asked, none of it twice; else one that was asked for more; else such as hold
    parts of it, and one for what is left. Calls nobody but the store.
    """
    member = collector.keywords_in
    wanted = frozenset(asked.get(member, ())) if member else frozenset()
    if not wanted or not collector.settled:
        return [(cell, asked)]
    own = store.find(cell)
    if own is not None and own.filled:
        return [(cell, asked)]
    rest = {name: value for name, value in asked.items() if name != member}
    there: list[_There] = [
        (frozenset(other[member]), (ref.cell, other))
        for ref, other in store.filled_selections(cell)
        if {name: value for name, value in other.items() if name != member} == rest
    ]
    # The largest first; equal ones in a fixed order, so that collecting and judging agree.
    there.sort(key=lambda one: (-len(one[0]), one[1][0].selection))
    within = [one for one in there if one[0] and one[0] <= wanted]
    parts = _disjoint(within, wanted)
    left = wanted - frozenset().union(*(keywords for keywords, _ in parts))
    if left:
        more = [asking for keywords, asking in reversed(there) if keywords >= wanted]
        if more or not parts:
            return more[:1] or [(cell, asked)]
    found = [asking for _, asking in parts]
    if left:
        missing = {**rest, member: sorted(left)}
        found.append((replace(cell, selection=selection_digest(missing)), missing))
    return sorted(found, key=lambda one: one[0].selection)


def _disjoint(there: Sequence[_There], wanted: frozenset[str]) -> list[_There]:
    """Those of ``there`` that make up ``wanted``, the fewest; else as much of it as is easy."""
    looked_at = there[:_MOST]
    for number in range(1, len(looked_at) + 1):
        for some in combinations(looked_at, number):
            # As many keywords as are wanted, and all of these: then none is there twice.
            if (
                sum(len(keywords) for keywords, _ in some)
                == len(wanted)
                == len(frozenset().union(*(keywords for keywords, _ in some)))
            ):
                return list(some)
    taken: list[_There] = []
    left = wanted
    for keywords, asking in there:
        if keywords <= left:
            taken.append((keywords, asking))
            left -= keywords
    return taken
