"""What enabling something would add: how many controls become decidable by it, the most first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from include.coverage.coverage import CheckCoverage, ControlCoverage, Coverage
from include.coverage.ways import Need
from include.evidence.item import SOURCE_NAMES

_OF_HUB = frozenset({"hub", "control", "in_standard", "reset"})
_OF_CONFIG = frozenset({"recorder", "record", "rule"})


@dataclass(frozen=True)
class Gain:
    """One thing that could be enabled.

    ``controls``: (framework, control) that become decidable by this alone. ``helps``: how many
    others it brings nearer. ``places``: in how many accounts and regions something is missing.
    """

    kind: str
    name: str
    said: str
    controls: tuple[tuple[str, str], ...]
    helps: int
    places: int

    @property
    def added(self) -> int:
        """How many controls it adds."""
        return len(self.controls)


def moves(coverage: Coverage) -> list[Gain]:
    """Services, standards and the whole of the missing rules."""
    needs = _where(coverage)
    chosen: list[tuple[str, str, str, frozenset[Need]]] = []

    def choose(kind: str, name: str, said: str, wanted: Iterable[Need]) -> None:
        if done := frozenset(wanted):
            chosen.append((kind, name, said, done))

    rules = [need for need in needs if need[0] == "rule"]
    parts = _parts(needs, rules)
    choose("source", "aws_config", parts, (n for n in needs if n[0] in _OF_CONFIG))
    hub_is_off = any(n[0] == "hub" for n in needs)
    controls = {n[1] for n in needs if n[0] in ("control", "in_standard", "reset")}
    said = f"the {_count(len(controls), 'missing control')}"
    choose(
        "source",
        "security_hub",
        f"enable Security Hub with {said}" if hub_is_off else f"Security Hub: enable {said}",
        (n for n in needs if n[0] in _OF_HUB),
    )
    for standard in coverage.found.standards:
        held = {n for n in needs if n[0] == "in_standard" and n[1] in standard.controls}
        held |= {n for n in needs if n[0] == "hub" and held}
        choose("standard", standard.path, f"Security Hub: enable {standard.name}", held)
    choose(
        "source",
        "recorder",
        "AWS Config: let the recorder run and record every type that is asked about",
        (n for n in needs if n[0] in ("recorder", "record")),
    )
    for kind, name in needs:
        if kind == "service":
            said = "enable it, with EC2 scanning" if name == "inspector" else "set it up"
            choose("source", name, f"{SOURCE_NAMES[name]}: {said}", {(kind, name)})
        elif kind == "scope":
            choose("scope", name, f"add the region {name} to the scope", {(kind, name)})
    choose(
        "reach",
        "",
        "grant what the role needs to ask everywhere",
        (n for n in needs if n[0] == "reach"),
    )
    choose(
        "wait",
        "",
        "wait: what was enabled lately has not run yet",
        (n for n in needs if n[0] == "wait"),
    )
    return _ranked(_gain(coverage, needs, *one) for one in chosen)


def singles(coverage: Coverage) -> list[Gain]:
    """Every single rule and control that is missing, with what has to be on for it."""
    needs = _where(coverage)
    around = {n for n in needs if n[0] in ("recorder", "record", "hub")}
    chosen: dict[tuple[str, str, str], set[Need]] = defaultdict(set)
    for kind, name in needs:
        if kind == "rule":
            chosen["rule", name, f"rule {name}"].add((kind, name))
        elif kind in ("control", "in_standard", "reset"):
            chosen["control", name, f"Security Hub control {name}"].add((kind, name))
        elif kind == "repair":
            chosen["repair", name, f"repair the rule {name}, which can't run"].add((kind, name))
    return _ranked(
        _gain(coverage, needs, kind, name, said, frozenset(own | around), frozenset(own))
        for (kind, name, said), own in chosen.items()
    )


def _parts(needs: Mapping[Need, object], rules: list[Need]) -> str:
    before = "let the recorder run, and " if any(n[0] == "recorder" for n in needs) else ""
    return f"AWS Config: {before}deploy the {_count(len(rules), 'missing rule')}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


@dataclass
class _Needed:
    """Who needs one thing: checks, and the places where it is missing."""

    checks: set[str]
    places: set[tuple[str, str]]


def _where(coverage: Coverage) -> dict[Need, _Needed]:
    """Everything that is missing, in order, with who needs it where."""
    found: dict[Need, _Needed] = {}
    unknown: dict[Need, set[tuple[str, str]]] = defaultdict(set)
    for place in coverage.unknown:
        unknown["reach", place.source].add((place.account, place.region))
    for name, check in coverage.checks.items():
        for outcome in check.open if check.decides else ():
            cells = check.outcomes[outcome]
            for way in outcome.ways:
                for need in way.needs or ():
                    one = found.setdefault(need, _Needed(set(), set()))
                    one.checks.add(name)
                    one.places |= {(account, way.region) for account, _ in cells}
            for need in outcome.hiding:
                one = found.setdefault(need, _Needed(set(), set()))
                one.checks.add(name)
                one.places |= unknown.get(need, set(cells))
    return dict(sorted(found.items()))


def _gain(
    coverage: Coverage,
    needs: Mapping[Need, _Needed],
    kind: str,
    name: str,
    said: str,
    done: frozenset[Need],
    own: frozenset[Need] | None = None,
) -> Gain:
    """What ``done`` adds; ``own`` are those of it that it is about, without what they rest on."""
    own = done if own is None else own
    concerned = {check for need in own if need in needs for check in needs[need].checks}
    places = {place for need in own if need in needs for place in needs[need].places}
    added, helped = [], 0
    for control in _concerned(coverage, concerned):
        if coverage.decided_with(control, done):
            added.append((control.framework, control.id))
        else:
            helped += any(
                _helped(coverage.checks[check], done)
                for check in control.lacking
                if check in concerned
            )
    return Gain(kind, name, said, tuple(added), helped, len(places))


def _concerned(coverage: Coverage, checks: set[str]) -> Iterable[ControlCoverage]:
    for control in coverage.controls():
        if control.required and not checks.isdisjoint(control.lacking):
            yield control


def _helped(check: CheckCoverage, done: frozenset[Need]) -> bool:
    return any(outcome.decided_with(done) for outcome in check.open)


def _ranked(gains: Iterable[Gain]) -> list[Gain]:
    found = [gain for gain in gains if gain.added or gain.helps]
    return sorted(found, key=lambda gain: (-gain.added, -gain.helps, gain.kind, gain.name))
