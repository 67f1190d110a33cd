"""How each source stands to a check in a cell, and what would have to be enabled for it to answer.

Whether a source covers a check is decided by the assessment's own code
(:mod:`include.assessment.coverage`): what counts here as decidable would be decided in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.assessment.coverage import Stand, Yield, stands_of
from include.assessment.judging import Judge
from include.assessment.period import Period
from include.assessment.tally import Tally
from include.checks.check import Check, CheckSource
from include.checks.parameters import compare_parameters
from include.coverage.places import Found, Place
from include.coverage.rules import Rule, rule_of

#: ``ready`` answers fully. ``weaker`` and ``stricter``: deployed with other values, of which only
#: the failures or only the passes count; ``other``: with values that say nothing; ``narrowed``:
#: looks at part of the resources. ``waiting``: has not run yet. ``off``: the service is not
#: enabled. ``unknown``: it could not be asked.
State = Literal[
    "ready", "weaker", "stricter", "narrowed", "other", "not_recorded", "waiting", "stale",
    "disabled", "absent", "off", "unknown",
]  # fmt: skip
#: From what answers to what is furthest from it.
ORDER: tuple[State, ...] = (
    "ready", "weaker", "stricter", "narrowed", "waiting", "stale", "not_recorded", "other",
    "disabled", "absent", "off", "unknown",
)  # fmt: skip
#: These answer at least in part: a run would show some failures, or some passes.
PARTLY: frozenset[State] = frozenset({"ready", "weaker", "stricter", "narrowed"})
_STATES: dict[str, State] = {
    "COVERS": "ready",
    "HIDES": "unknown",
    "INCOMPLETE": "narrowed",
    "NOT_DEPLOYED": "absent",
    "DISABLED": "disabled",
    "NOT_RECORDED": "not_recorded",
    "NEVER_EVALUATED": "waiting",
    "STALE": "stale",
    "BEYOND_REACH": "stale",
}

#: What has to be done so that something answers: (kind, what). Kinds: ``rule`` (deploy it so),
#: ``recorder``, ``record`` (a type), ``hub``, ``control`` (switched off in a standard that is on),
#: ``in_standard`` (in no standard that is on), ``reset`` (a control's parameters), ``service``,
#: ``wait``, ``repair`` (a rule that can't run), ``reach`` (a source that can't be asked),
#: ``scope`` (a region that is left out), ``excluded`` (a source that is, by decision).
Need = tuple[str, str]


@dataclass(frozen=True)
class Way:
    """One source's way to answer a check in one cell.

    ``needs`` is what would make it ready; None where nothing that is known would.
    """

    source: str
    keyword: str
    region: str
    state: State
    needs: frozenset[Need] | None = frozenset()


@dataclass(frozen=True)
class Outcome:
    """Whether a check would be answered in a cell. ``hiding``: what may hide a failure."""

    ways: tuple[Way, ...]
    hiding: frozenset[Need] = frozenset()

    @property
    def decided(self) -> bool:
        """Whether a run would settle the check there."""
        return not self.hiding and any(way.state == "ready" for way in self.ways)

    @property
    def partly(self) -> bool:
        """Whether a run would see something, though not all."""
        return not self.decided and any(way.state in PARTLY for way in self.ways)

    def decided_with(self, done: frozenset[Need]) -> bool:
        """Whether it would be settled if all of ``done`` were done."""
        return self.hiding <= done and any(
            way.state == "ready" or (way.needs is not None and way.needs <= done)
            for way in self.ways
        )

    def shown_with(self, done: frozenset[Need]) -> bool:
        """Whether nothing could hide a failure if all of ``done`` were done."""
        return self.hiding <= done


@dataclass(frozen=True)
class Here:
    """What stands to a check in one place: the assessment's word, and ours of it."""

    stand: Stand
    state: State


class Standing:
    """How the sources of a found scope stand to any check. Keeps what it compared."""

    def __init__(self, found: Found, period: Period) -> None:
        self._found = found
        self._yields = found.yields()
        self._period = period
        self._judge = Judge(period, past=False)
        self._nothing = Tally(())
        #: What any standard holds; empty where the standards could not be listed.
        self._held = frozenset(c for standard in found.standards for c in standard.controls)
        self._rules: dict[str, str] = {}
        self._by_default: dict[str, bool] = {}
        #: The rules that checks want, by how they are spelt in needs.
        self.rules: dict[str, Rule] = {}

    def outcome(self, check: Check, account: str, places: Sequence[str]) -> Outcome:
        """Whether ``check`` would be answered in one cell, looked for in ``places`` (regions)."""
        found = self._yields[account]
        ways: list[Way] = []
        hiding: set[Need] = set()
        for source in check.sources:
            if check.judges and not source.judges:
                continue
            best: tuple[int, int, str, State] | None = None
            for number, (region, here) in enumerate(
                zip(places, self.here(check, source, found, places), strict=True)
            ):
                if here.stand.state == "HIDES":
                    hiding.add(self._hiding(source.source, account, region))
                rank = (ORDER.index(here.state), number, region, here.state)
                best = rank if best is None else min(best, rank)
            if best is not None:
                _, _, region, state = best
                ways.append(self._way(check, source, account, region, state))
        return Outcome(tuple(ways), frozenset(hiding))

    def _hiding(self, source: str, account: str, region: str) -> Need:
        place = self._found.place(source, account, region)
        if place is None:
            return "scope", region
        return ("excluded" if place.standing == "EXCLUDED" else "reach"), source

    def here(
        self, check: Check, source: CheckSource, found: Yield, places: Sequence[str]
    ) -> list[Here]:
        """How one source stands to ``check`` in each of ``places``."""
        return [
            Here(stand, _state(stand, source, found))
            for stand in stands_of(
                check, source, places, found, self._nothing, self._judge, self._period
            )
        ]

    def of(self, account: str) -> Yield:
        """What is deployed in an account."""
        return self._yields[account]

    def _way(
        self, check: Check, source: CheckSource, account: str, region: str, state: State
    ) -> Way:
        keyword = source.keyword or ",".join(source.keywords)
        needs: frozenset[Need] | None = frozenset()
        if state not in ("ready", "unknown"):
            place = self._found.place(source.source, account, region)
            needs = self._needs(check, source, place, state)
        elif state == "unknown":
            needs = None
        return Way(source.source, keyword, region, state, needs)

    def _needs(
        self, check: Check, source: CheckSource, place: Place | None, state: State
    ) -> frozenset[Need] | None:
        if place is None:
            return None
        if state == "waiting":
            return frozenset({("wait", "")})
        if source.source == "aws_config":
            return self._needs_of_rule(check, source, place, state)
        if source.source == "security_hub":
            return self._needs_of_control(check, source, place, state)
        if state == "off" or (source.source == "inspector" and state == "narrowed"):
            return frozenset({("service", source.source)})
        return None

    def _needs_of_rule(
        self, check: Check, source: CheckSource, place: Place, state: State
    ) -> frozenset[Need] | None:
        needs: set[Need] = set()
        recorder = place.recorder
        if recorder is None or not recorder.running:
            needs.add(("recorder", ""))
        spelt = self.rule(check)
        if state == "stale":
            return frozenset(needs or {("repair", source.keyword)})
        if state != "not_recorded":
            if not spelt:
                return None
            needs.add(("rule", spelt))
        types = self.rules[spelt].managed.resource_types if spelt else ()
        started_by_change = not spelt or self.rules[spelt].managed.trigger != "periodic"
        types = types or (() if check.resource_type == "AWS::::Account" else (check.resource_type,))
        by_records = recorder is not None and (started_by_change or state == "not_recorded")
        # A rule that knows several types answers as soon as one of them is recorded.
        if recorder and by_records and types and not any(map(recorder.records, types)):
            needs.add(("record", types[0]))
        return frozenset(needs)

    def rule(self, check: Check) -> str:
        """The rule a check wants, as it is spelt in needs; '' where none can be deployed."""
        if check.id not in self._rules:
            rule = rule_of(check)
            self._rules[check.id] = str(rule) if isinstance(rule, Rule) else ""
            if isinstance(rule, Rule):
                self.rules[str(rule)] = rule
        return self._rules[check.id]

    def _needs_of_control(
        self, check: Check, source: CheckSource, place: Place, state: State
    ) -> frozenset[Need] | None:
        control = source.keyword
        if check.id not in self._by_default:
            self._by_default[check.id] = compare_parameters(check, {}, "security_hub") == "equal"
        if source.retired or not self._by_default[check.id]:
            return None
        if state == "off" or place.hub is None:
            enabled = frozenset({("hub", ""), ("in_standard", control)})
            return enabled if not self._held or control in self._held else None
        if state in ("weaker", "stricter", "other"):
            return frozenset({("reset", control)})
        if control in place.hub.off:
            return frozenset({("control", control)})
        if self._held and control not in self._held:
            return None
        return frozenset({("in_standard", control)}) if state == "disabled" else None


def _state(stand: Stand, source: CheckSource, found: Yield) -> State:
    """The assessment's word, told apart by what the values are and whether the service is on."""
    state = _STATES[stand.state]
    if state == "absent":
        if found.stands(stand.source, stand.place) == "NOT_ENABLED":
            return "off"
        deployed = [
            deployment.state
            for keyword in source.all_keywords
            for deployment in found.deployments.get((stand.source, stand.place, keyword), ())
        ]
        if not deployed:
            return "absent"
        return "disabled" if set(deployed) == {"DISABLED"} else "other"
    if state != "ready":
        return state
    whole = {proof.comparison for proof in stand.proof if not proof.narrowed}
    if not whole or "equal" in whole:
        return "ready"
    return "weaker" if "weaker" in whole else "stricter"
