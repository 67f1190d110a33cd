"""Coverage as rows and as JSON values: line by line what stands where, and what it lacks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TextIO

from include.checks.check import Check
from include.coverage.coverage import STATES, Coverage
from include.coverage.gains import Gain, moves, singles
from include.coverage.rules import as_config_spells
from include.coverage.ways import Need, State, Way
from include.evidence.deployment import Deployment

_WORDS: Mapping[State, str] = {
    "ready": "ready",
    "weaker": "deployed with weaker values: only its failures count",
    "stricter": "deployed with stricter values: only its passes count",
    "narrowed": "looks at part of the resources",
    "other": "deployed with other values",
    "not_recorded": "the recorder leaves it out",
    "waiting": "has not run yet",
    "stale": "has not run for a month, or fails",
    "disabled": "switched off",
    "absent": "not deployed",
    "off": "the service is not enabled",
    "unknown": "could not be asked",
}
_TO_DO: Mapping[str, str] = {
    "rule": "deploy {}",
    "recorder": "let AWS Config's recorder run",
    "record": "record {}",
    "hub": "enable Security Hub",
    "control": "switch the control {} on",
    "in_standard": "enable a standard that holds {}",
    "reset": "give the control {} its default parameters",
    "service": "enable {}",
    "wait": "wait for its first run",
    "repair": "repair the rule {}",
    "reach": "grant what asking {} needs",
    "scope": "add {} to the scope",
    "excluded": "{} is excluded by decision",
}


def words_of(state: State) -> str:
    """A state in words."""
    return _WORDS[state]


def to_do(needs: frozenset[Need] | None) -> str:
    """What is needed, as one line; '' where nothing is, or nothing is known to help."""
    return "; ".join(_TO_DO[kind].format(name) for kind, name in sorted(needs or ()))


@dataclass(frozen=True)
class Row:
    """One source's standing to one check in one place.

    A check that is answered for a whole account has one row per source: in the region that
    answers it, or that is nearest to it.
    """

    account: str
    region: str
    source: str
    keyword: str
    check: str
    state: State
    decided: bool
    wanted: str
    deployed: str
    arn: str
    to_do: str


def rows(coverage: Coverage) -> Iterator[Row]:
    """Every way of every check in every cell, by check."""
    for one in coverage.checks.values():
        for outcome, cells in one.outcomes.items():
            for way in outcome.ways:
                for account, _ in cells:
                    deployed = _deployed(coverage, account, way)
                    yield Row(
                        account,
                        way.region,
                        way.source,
                        way.keyword,
                        one.check.id,
                        way.state,
                        outcome.decided,
                        _wanted(one.check, way),
                        " | ".join(dict.fromkeys(_values(d.parameters) for d in deployed)),
                        " ".join(d.arn for d in deployed if d.arn.startswith("arn:")),
                        "" if way.state == "ready" else to_do(way.needs),
                    )


def _deployed(coverage: Coverage, account: str, way: Way) -> Sequence[Deployment]:
    if way.source not in ("aws_config", "security_hub"):
        return ()
    found = coverage.standing.of(account).deployments
    return found.get((way.source, way.region, way.keyword), ())


def _wanted(check: Check, way: Way) -> str:
    if way.source not in ("aws_config", "security_hub"):
        return ""
    return _values(check.parameter_values)


def _values(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{n}={as_config_spells(v)}" for n, v in sorted(parameters.items()))


def write_csv(coverage: Coverage, file: TextIO) -> None:
    """All rows, with a header."""
    writer = csv.writer(file, lineterminator="\n")
    names = [field.name for field in fields(Row)]
    writer.writerow(names)
    for row in rows(coverage):
        writer.writerow([getattr(row, name) for name in names])


def to_json(coverage: Coverage) -> dict[str, Any]:
    """Everything, as JSON values."""
    found = coverage.found
    return {
        "as_of": found.as_of,
        "accounts": list(found.scope.accounts),
        "regions": list(found.scope.regions),
        "frameworks": [
            {
                "id": framework.id,
                "name": framework.name,
                "controls": len(framework.controls),
                **{state: framework.count(state) for state in STATES},
                "after_enabling": framework.after,
                "control_list": [asdict(control) for control in framework.controls],
            }
            for framework in coverage.frameworks
        ],
        "gains": [_gain(gain) for gain in moves(coverage)],
        "single_gains": [_gain(gain) for gain in singles(coverage)],
        "places": [
            {
                "source": place.source,
                "account": place.account,
                "region": place.region,
                "standing": place.standing,
                "said": place.said,
                "missing_permission": place.missing_permission,
                "recorder": None if place.recorder is None else place.recorder.running,
                "standards": list(place.hub.standards) if place.hub else [],
                **_tally(coverage, place.source, place.account, place.region),
            }
            for place in found.places
        ],
        "deployments": [asdict(row) for row in rows(coverage)],
    }


def _tally(coverage: Coverage, source: str, account: str, region: str) -> dict[str, Any]:
    tally = coverage.tallies.get((source, account, region))
    if tally is None:
        return {"ready": 0, "asked": 0, "states": {}}
    return {
        "ready": tally.ready,
        "asked": tally.asked,
        "states": dict(sorted(tally.states.items())),
    }


def _gain(gain: Gain) -> dict[str, Any]:
    return {
        "kind": gain.kind,
        "name": gain.name,
        "what": gain.said,
        "added": gain.added,
        "helps": gain.helps,
        "places": gain.places,
        "controls": [{"framework": f, "control": c} for f, c in gain.controls],
    }
