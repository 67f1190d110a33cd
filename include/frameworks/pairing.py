"""Which control of one framework is which of another: publishers renumber.

Only what is clear counts: a control taken from the other, the same id with a like title or shared
checks, one title or one mapping that is unique on both sides. What remains is new, or gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from include.frameworks.schema import Control, Framework

#: From which ratio on two titles are versions of one.
_ALIKE = 0.6


@dataclass(frozen=True)
class Pair:
    """Two controls that are one, and why: as ``pair_controls`` found them."""

    before: Control
    after: Control
    why: str


def pair_controls(before: Framework, after: Framework) -> list[Pair]:
    """The controls that both have, in the order of ``after``."""
    pairing = _Pairing(
        {control.id: control for control in before.controls()},
        {control.id: control for control in after.controls()},
    )
    ancestors = {control.id: set(before.origins(control.id)) for control in before.controls()}
    for control_id in list(pairing.after):
        pairing.take(_origin(control_id, before, after, ancestors), control_id, "same origin")
    pairing.same_id(lambda a, b: _title(a) == _title(b))
    pairing.unique(_title, "same title")
    pairing.same_id(_alike)
    if before.publisher == after.publisher:  # between strangers it may well be chance
        pairing.unique(_mapping, "same mapping")
    pairing.same_id(lambda a, b: True)
    order = {control.id: n for n, control in enumerate(after.controls())}
    return sorted(pairing.pairs, key=lambda pair: order[pair.after.id])


@dataclass
class _Pairing:
    #: What isn't paired yet.
    before: dict[str, Control]
    after: dict[str, Control]
    pairs: list[Pair] = field(default_factory=list)

    def take(self, old: str, new: str, why: str) -> None:
        if old in self.before and new in self.after:
            self.pairs.append(Pair(self.before.pop(old), self.after.pop(new), why))

    def same_id(self, fits: Callable[[Control, Control], bool]) -> None:
        for name in [name for name in self.after if name in self.before]:
            if fits(self.before[name], self.after[name]):
                self.take(name, name, "same id")

    def unique(self, key: Callable[[Control], Hashable], why: str) -> None:
        """Pair those whose key is found once on either side; an empty key says nothing."""
        old, new = _by(key, self.before.values()), _by(key, self.after.values())
        for value, ids in new.items():
            if value and len(ids) == 1 and len(old.get(value, ())) == 1:
                self.take(old[value][0], ids[0], why)


def _by(
    key: Callable[[Control], Hashable], controls: Iterable[Control]
) -> dict[Hashable, list[str]]:
    found: dict[Hashable, list[str]] = defaultdict(list)
    for control in controls:
        found[key(control)].append(control.id)
    return found


def _origin(
    control_id: str, before: Framework, after: Framework, ancestors: dict[str, set[str]]
) -> str:
    """The control of ``before`` that this one was taken from, or that has the same origin."""
    mine = after.origins(control_id)
    for origin in mine:
        framework, _, name = origin.partition("/")
        if framework == before.id != after.id:
            return name
    theirs = [
        name
        for name, known in ancestors.items()
        if known.intersection(mine) or f"{after.id}/{control_id}" in known
    ]
    return theirs[0] if len(theirs) == 1 else ""


def _title(control: Control) -> str:
    return " ".join(control.title.casefold().split())


def _mapping(control: Control) -> Hashable:
    return frozenset((m.check.partition("@")[0], m.role) for m in control.checks)


def _alike(old: Control, new: Control) -> bool:
    """Whether two controls of one id look like versions of one."""
    asked = {m.check.partition("@")[0] for m in old.checks}
    if asked & {m.check.partition("@")[0] for m in new.checks}:
        return True
    return SequenceMatcher(None, _title(old), _title(new)).ratio() >= _ALIKE
