"""Findings made by hand: a few checks of the catalogue, and what is deployed for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from include.assessment.scope import Scope
from include.checks.catalogue import load_catalogue
from include.coverage.coverage import Coverage, coverage_of
from include.coverage.places import Found, Hub, Place, Recorder, Standard, Standing
from include.evidence.deployment import Deployment, State
from include.frameworks.loader import Frameworks
from include.frameworks.schema import SOURCE_ORDER, Framework

ACCOUNT, HOME, AWAY = "111111111111", "us-east-1", "eu-west-1"
NOW = "2026-11-01T06:00:00Z"
ALL = Recorder(running=True, only=None, without=frozenset())


def framework(tmp_path: Path, *controls: dict[str, Any]) -> Framework:
    """A framework of the user's own with these controls; each names its checks by role."""
    written: dict[str, Any] = {
        "id": "own",
        "title": "Own",
        "version": "1",
        "publisher": "Us",
        "compliance_type": "Own",
        "description": "Ours.",
        "schedule": "month",
        "judge": "period_end",
        "sources": [],
        "control_sets": [{"id": "1", "title": "All", "controls": []}],
    }
    catalogue, sources = load_catalogue(), set()
    for number, control in enumerate(controls, 1):
        mapped = []
        for role in ("required", "supporting", "shown"):
            for check in control.get(role, ()):
                mapped.append(
                    {"basis": "judgement", "role": role, "reason": "It fits.", "checks": [check]}
                )
                sources |= {source.source for source in catalogue[check].sources}
        one: dict[str, Any] = {
            "id": f"{number}",
            "title": f"Control {number}",
            "objective": "It matters.",
            "test_procedure": ["Look."],
            "checks": mapped,
        }
        if control.get("manual") or not control.get("required"):
            one["manual"] = {"provide": "A signed list.", "frequency": "year"}
            sources.add("manual")
        written["control_sets"][0]["controls"].append(one)
    written["sources"] = [name for name in SOURCE_ORDER if name in sources]
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(written, sort_keys=False))
    return Frameworks(directories=()).load_file(path)


def rule(
    keyword: str,
    region: str = HOME,
    state: State = "ACTIVE",
    narrowed: bool = False,
    **parameters: str,
) -> Deployment:
    """A Config rule as it is found."""
    arn = f"arn:aws:config:{region}:{ACCOUNT}:config-rule/{keyword}-{sorted(parameters.items())}"
    return Deployment(
        "aws_config", keyword, ACCOUNT, region, state, arn, parameters, narrowed=narrowed
    )


def control(keyword: str, region: str = HOME, state: State = "ACTIVE") -> Deployment:
    """A Security Hub control as it is found."""
    arn = f"arn:aws:securityhub:{region}:{ACCOUNT}:security-control/{keyword}"
    return Deployment("security_hub", keyword, ACCOUNT, region, state, arn)


def place(
    source: str,
    region: str = HOME,
    *deployments: Deployment,
    standing: Standing = "COMPLETE",
    recorder: Recorder | None = ALL,
    hub: Hub | None = None,
) -> Place:
    """One source in one region."""
    if source == "security_hub" and hub is None and standing == "COMPLETE":
        hub = Hub(("some/v/1",), frozenset(), frozenset())
    return Place(
        source,
        ACCOUNT,
        region,
        standing,
        deployments=deployments,
        recorder=recorder if source == "aws_config" and standing == "COMPLETE" else None,
        hub=hub,
    )


def coverage(
    one: Framework,
    *places: Place,
    regions: Sequence[str] = (HOME,),
    standards: Sequence[Standard] = (),
) -> Coverage:
    """Its coverage; a source that is asked, but of which nothing is given, has nothing deployed."""
    given = {(found.source, found.region): found for found in places}
    every = [
        given.get((source, region), place(source, region))
        for source in one.sources
        if source != "manual"
        for region in regions
    ]
    found = Found(Scope((ACCOUNT,), tuple(regions)), NOW, tuple(every), tuple(standards))
    return coverage_of([one], load_catalogue(), found)
