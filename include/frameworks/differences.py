"""What one version of a framework adds to another, drops, renumbers, rewords and maps anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from include.checks.catalogue import Catalogue
from include.frameworks.pairing import Pair, pair_controls
from include.frameworks.schema import CheckMapping, Control, ControlSet, Framework, Head

#: What can differ in a control that both have.
Kind = Literal[
    "renumbered", "retitled", "reworded", "moved", "level", "manual", "remapped", "withdrawn"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_HEADER = tuple(name for name in Head.model_fields if name != "id")


@dataclass(frozen=True)
class Change:
    """One thing that differs: ``what`` in a few words, and how it was and is."""

    kind: Kind
    what: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class ControlChange:
    """A control that both have, under which ids, why they are held to be one, what differs."""

    before: str
    after: str
    title: str
    recognised_by: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Named:
    """A control that only one has; ``gone_to`` where its publisher withdrew it."""

    id: str
    title: str
    control_set: str
    withdrawn: bool = False
    gone_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Differences:
    """All that differs between two frameworks, or two versions of one."""

    before: str
    after: str
    header: tuple[Change, ...]
    sets: tuple[Change, ...]
    added: tuple[Named, ...]
    dropped: tuple[Named, ...]
    changed: tuple[ControlChange, ...]
    unchanged: int

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.header or self.sets or self.added or self.dropped or self.changed)

    @property
    def strangers(self) -> bool:
        """Whether the two have no control in common."""
        return not self.changed and not self.unchanged

    def count(self, kind: Kind) -> int:
        """How many controls differ in that."""
        return sum(any(c.kind == kind for c in one.changes) for one in self.changed)

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        numbers = {kind: self.count(kind) for kind in KINDS if kind != "withdrawn"}
        return {
            **asdict(self),
            "totals": {
                "added": len(self.added),
                "dropped": len(self.dropped),
                "changed": len(self.changed),
                "unchanged": self.unchanged,
                **numbers,
            },
        }


def differences(before: Framework, after: Framework, catalogue: Catalogue) -> Differences:
    """What ``after`` adds, drops and changes."""
    pairs = pair_controls(before, after)
    same_set = _paired_sets(before.control_sets, after.control_sets)
    set_before = {c.id: part for part in before.control_sets for c in part.controls}
    set_after = {c.id: part for part in after.control_sets for c in part.controls}
    gone = {one.id: one for one in after.withdrawn()}
    changed, unchanged = [], 0
    for pair in pairs:
        found = list(_changes(pair, catalogue))
        old, new = set_before[pair.before.id], set_after[pair.after.id]
        if same_set.get(old.id) != new.id:
            found.insert(0, Change("moved", "control set", _set_name(old), _set_name(new)))
        if pair.before.id != pair.after.id:
            found.insert(0, Change("renumbered", "id", pair.before.id, pair.after.id))
        if found:
            changed.append(
                ControlChange(
                    pair.before.id, pair.after.id, pair.after.title, pair.why, tuple(found)
                )
            )
        else:
            unchanged += 1
    kept = {pair.before.id for pair in pairs}
    there = {pair.after.id for pair in pairs}
    return Differences(
        before=before.id if before.id != after.id else str(before.path),
        after=after.id if before.id != after.id else str(after.path),
        header=tuple(_header(before, after)),
        sets=tuple(_sets(before.control_sets, after.control_sets, same_set)),
        added=tuple(
            Named(control.id, control.title, set_after[control.id].id)
            for control in after.controls()
            if control.id not in there
        ),
        dropped=tuple(
            Named(
                control.id,
                control.title,
                set_before[control.id].id,
                withdrawn=control.id in gone,
                gone_to=gone[control.id].moved_to if control.id in gone else (),
            )
            for control in before.controls()
            if control.id not in kept
        ),
        changed=tuple(changed),
        unchanged=unchanged,
    )


def _header(before: Framework, after: Framework) -> Iterator[Change]:
    for name in _HEADER:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            what = name.replace("_", " ")
            yield Change("reworded", what, _text(old) or "none", _text(new) or "none")


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _set_name(part: ControlSet) -> str:
    return f"{part.id} {part.title}"


def _paired_sets(before: Sequence[ControlSet], after: Sequence[ControlSet]) -> dict[str, str]:
    """Sets of the one by sets of the other: by id, the rest by title."""
    there = {part.id for part in after}
    pairs = {part.id: part.id for part in before if part.id in there}
    titles = {part.title.casefold(): part.id for part in after if part.id not in pairs}
    for part in before:
        if part.id not in pairs and part.title.casefold() in titles:
            pairs[part.id] = titles[part.title.casefold()]
    return pairs


def _sets(
    before: Sequence[ControlSet], after: Sequence[ControlSet], pairs: Mapping[str, str]
) -> Iterator[Change]:
    by_id = {part.id: part for part in after}
    for part in before:
        if part.id not in pairs:
            yield Change("withdrawn", "control set dropped", _set_name(part))
        elif _set_name(part) != _set_name(by_id[pairs[part.id]]):
            new = _set_name(by_id[pairs[part.id]])
            yield Change("retitled", "control set", _set_name(part), new)
    for part in after:
        if part.id not in pairs.values():
            yield Change("moved", "control set added", "", _set_name(part))


def _changes(pair: Pair, catalogue: Catalogue) -> Iterator[Change]:
    old, new = pair.before, pair.after
    if old.title != new.title:
        yield Change("retitled", "title", old.title, new.title)
    if old.objective != new.objective:
        yield Change("reworded", "objective", old.objective, new.objective)
    if old.test_procedure != new.test_procedure:
        before, after = "\n".join(old.test_procedure), "\n".join(new.test_procedure)
        yield Change("reworded", "test procedure", before, after)
    if old.level != new.level:
        yield Change("level", "level", str(old.level or "none"), str(new.level or "none"))
    yield from _manual(old, new)
    yield from _mappings(old.checks, new.checks, catalogue)


def _manual(old: Control, new: Control) -> Iterator[Change]:
    if old.manual == new.manual:
        return
    if old.manual is None or new.manual is None:
        what = "evidence of people is needed" if new.manual else "no evidence of people any more"
        before = old.manual.provide if old.manual else ""
        yield Change("manual", what, before, new.manual.provide if new.manual else "")
        return
    if old.manual.provide != new.manual.provide:
        said = "what people provide"
        yield Change("manual", said, old.manual.provide, new.manual.provide)
    if old.manual.frequency != new.manual.frequency:
        said = "how often people provide it"
        yield Change("manual", said, old.manual.frequency, new.manual.frequency)


def _mappings(
    old: Sequence[CheckMapping], new: Sequence[CheckMapping], catalogue: Catalogue
) -> Iterator[Change]:
    before, after = ({m.check: m for m in side} for side in (old, new))
    gone = [m for m in old if m.check not in after]
    come = [m for m in new if m.check not in before]
    for mapping in old:
        if mapping.check in after:
            yield from _mapping(mapping.check, mapping, after[mapping.check])
    for mapping in come:
        other = next((m for m in gone if _question(m.check) == _question(mapping.check)), None)
        if other is None:
            yield Change("remapped", "check added", "", f"{mapping.check} ({mapping.role})")
            continue
        gone.remove(other)
        for name in catalogue[mapping.check].parameters:
            was = catalogue[other.check].parameter_values.get(name)
            now = catalogue[mapping.check].parameter_values.get(name)
            if was != now:
                what = f"{_question(mapping.check)}: {name}"
                yield Change("remapped", what, _value(was), _value(now))
        yield from _mapping(_question(mapping.check), other, mapping)
    for mapping in gone:
        yield Change("remapped", "check dropped", f"{mapping.check} ({mapping.role})")


def _mapping(check: str, old: CheckMapping, new: CheckMapping) -> Iterator[Change]:
    if old.role != new.role:
        yield Change("remapped", f"{check}: role", old.role, new.role)
    if (old.basis, old.by) != (new.basis, new.by):
        yield Change("remapped", f"{check}: basis", _basis(old), _basis(new))
    if old.reason != new.reason:
        yield Change("reworded", f"{check}: reason", old.reason, new.reason)


def _basis(mapping: CheckMapping) -> str:
    return f"{mapping.basis} by {', '.join(mapping.by)}" if mapping.by else mapping.basis


def _value(value: Any) -> str:
    return "as the organisation decides" if value is None else _text(value)


def _question(check: str) -> str:
    return check.partition("@")[0]
