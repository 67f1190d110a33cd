"""Figures agree with each other, and with plain counting by other code, in any small world."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from include.assessment.result import Assessment
from include.metrics.compute import compute_metrics
from include.metrics.evidence import aggregate, combine
from include.metrics.model import Metrics
from tests.include.assessment.estate import ACCOUNT, AWAY, HOME, check, control, row, source
from tests.include.metrics.months import BOTH, HUB, RULE, month
from tests.include.reports.sample import table_of

OTHER = "222222222222"
WIDE = check("wide", source("aws_config", "RULE"), locality="account", resource_type="AWS::X::Y")
CHECKS = (RULE, HUB, BOTH, WIDE)
CONTROLS = [
    control("1", "rule", supporting=["hub"]),
    control("2", "both"),
    control("3", "wide", shown=["both"]),
    control("4", manual="A plan."),
]
KEYWORD = {"aws_config": "RULE", "security_hub": "EC2.8"}
LABELS = ("2026-08", "2026-09", "2026-10")
PLACES = [
    (name, account, region)
    for name in ("aws_config", "security_hub")
    for account in (ACCOUNT, OTHER)
    for region in (HOME, AWAY)
]


def rows_in(draw: Any, label: str, place: tuple[str, str, str]) -> list[Any]:
    name, account, region = place
    out = []
    for resource in draw(st.sets(st.sampled_from(["r1", "r2", "global"]), max_size=3)):
        word = draw(st.sampled_from(["PASS", "FAIL", "FAIL", "GONE"]))
        hours = draw(st.lists(st.integers(0, 27 * 24), max_size=4, unique=True).map(sorted))
        first = datetime.fromisoformat(f"{label}-01T00:00:00+00:00")
        times = [f"{first + timedelta(hours=h):%Y-%m-%dT%H:00:00Z}" for h in hours]
        if word != "FAIL" and len(times) % 2:
            times.pop()
        failed = [(a, b) for a, b in zip(times[::2], [*times[1::2], ""], strict=False)]
        # What fails at the end has an open interval, or the source has no history.
        if word == "FAIL" and failed and failed[-1][1]:
            failed = []
        here = resource if resource == "global" else f"{resource}-{account}-{region}"
        out.append(
            row(
                "FAIL" if word == "GONE" else word,
                name,
                KEYWORD[name],
                account=account,
                region=region,
                resource=here,
                failed=tuple(failed),
                in_population=word != "GONE",
            )
        )
    return out


@st.composite
def results(draw: Any, label: str = "2026-10") -> Assessment:
    rows = [one for place in PLACES for one in rows_in(draw, label, place)]
    silent = draw(st.lists(st.sampled_from(PLACES), max_size=2, unique=True))
    return month(
        label,
        *rows,
        checks=CHECKS,
        controls=CONTROLS,
        accounts=(ACCOUNT, OTHER),
        regions=(HOME, AWAY),
        silent=silent,
    )


@settings(max_examples=30, deadline=None)
@given(results())
def test_divisions_sum_up_to_the_whole(assessment: Assessment) -> None:
    metrics = compute_metrics(assessment)
    for figure in ("total_controls", "compliant_controls", "inconclusive_controls"):
        assert sum(one[figure] for one in metrics.by_control_set) == metrics.compliance[figure]
    for figure in ("cells_answered", "cells_total"):
        for division in divisions(metrics):
            assert sum(one[figure] for one in division) == metrics.coverage[figure]
    for figure in ("passing_results", "failing_results", "unanswered_results"):
        assert len({sum(one[figure] for one in division) for division in divisions(metrics)}) == 1
    resources = metrics.resources
    assert resources["failing"] == len(metrics.failing_resources)
    assert resources["failing"] == metrics.trend[-1]["failing_resources"]
    assert resources["failing"] >= max(one["failing_resources"] for one in metrics.by_control_set)
    totals = metrics.non_compliance["totals"]
    assert (resources["failed_and_fixed"], resources["failed_and_gone"]) == (
        totals["fixed"],
        totals["gone"],
    )


def divisions(metrics: Metrics) -> list[Any]:
    return [
        metrics.by_account,
        metrics.by_region,
        metrics.by_severity,
        metrics.by_resource_type,
    ]


@settings(max_examples=30, deadline=None)
@given(st.tuples(*(results(label) for label in LABELS)))
def test_change_and_trend_are_those_that_plain_counting_finds(
    months: tuple[Assessment, ...],
) -> None:
    *earlier, now = months
    metrics = compute_metrics(now, earlier=earlier)
    plain = [json.loads(json.dumps(one.to_json())) for one in months]
    assert {
        (item["check"], item["resource"]): item["kind"] for item in metrics.change["items"]
    } == plain_change(plain)
    assert [
        (p["period"], p["score"], p["coverage"], p["failing_resources"]) for p in metrics.trend
    ] == [plain_point(one) for one in plain]
    counts = metrics.change["counts"]
    assert sum(counts[kind] for kind in ("new", "reopened", "newly_asked", "still_failing")) == (
        len(plain_failing(plain[-1]))
    )
    assert counts == {**dict.fromkeys(counts, 0), **Counter(plain_change(plain).values())}


def plain_failing(result: Any) -> dict[tuple[str, str], list[tuple[str, str]]]:
    counting = {m["id"] for c in result["controls"] for m in c["checks"] if m["role"] != "shown"}
    out: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for one in result["checks"]:
        for cell in one["cells"]:
            for failing in cell["failing"]:
                if one["id"] in counting:
                    key = (one["id"], failing["resource"])
                    out.setdefault(key, []).append((cell["account"], cell["region"]))
    return out


def plain_change(results: list[Any]) -> dict[tuple[str, str], str]:
    *long_ago, before, now = results
    then, today = plain_failing(before), plain_failing(now)

    def settled(result: Any, key: tuple[str, str], places: list[tuple[str, str]]) -> bool:
        (cells,) = [one["cells"] for one in result["checks"] if one["id"] == key[0]]
        answers = {(cell["account"], cell["region"]): cell["answer"] for cell in cells}
        return all(answers[place] in ("ANSWERED", "NO_RESOURCES") for place in places)

    out = {}
    for key in {*then, *today}:
        if key in then and key in today:
            out[key] = "still_failing"
        elif key in then:
            out[key] = "fixed" if settled(now, key, places_of(before, key)) else "unknown"
        elif not settled(before, key, places_of(now, key)):
            out[key] = "newly_asked"
        else:
            out[key] = "reopened" if any(key in plain_failing(r) for r in long_ago) else "new"
    return out


def places_of(result: Any, key: tuple[str, str]) -> list[tuple[str, str]]:
    """Where anything was heard of a resource that failed there, was fixed or went."""
    return [
        (cell["account"], cell["region"])
        for one in result["checks"]
        if one["id"] == key[0]
        for cell in one["cells"]
        if key[1] in {x["resource"] for x in cell["failing"] + cell["fixed"] + cell["gone"]}
    ]


def plain_point(result: Any) -> tuple[str, Any, Any, int]:
    statuses = [one["status"] for one in result["controls"]]
    judged = [s for s in statuses if s in ("COMPLIANT", "NON_COMPLIANT")]
    return (
        result["period"],
        round(statuses.count("COMPLIANT") / len(statuses) * 100, 2),
        round(len(judged) / len(statuses) * 100, 2),
        len({resource for _, resource in plain_failing(result)}),
    )


@settings(max_examples=30, deadline=None)
@given(results())
def test_days_are_those_that_counting_hours_finds(assessment: Assessment) -> None:
    plain = json.loads(json.dumps(assessment.to_json()))
    start, end = moment(plain["period_start"]), moment(plain["period_end"])
    hours: dict[tuple[str, str], set[int]] = {}
    for one in plain["checks"]:
        for cell in one["cells"]:
            told = [(f["resource"], x["failed"]) for f in cell["failing"] for x in f["findings"]]
            told += [(x["resource"], x["failed"]) for x in cell["fixed"] + cell["gone"]]
            for resource, failed in told:
                there = hours.setdefault((one["id"], resource), set())
                for first, last in failed:
                    a, b = moment(first), moment(last) if last else end
                    there |= {
                        n
                        for n in range(int((end - start).total_seconds() // 3600))
                        if a <= start + timedelta(hours=n) < b
                    }
    found = compute_metrics(assessment).non_compliance
    assert {(r["check"], r["resource"]): r["days"] for r in found["failures"]} == {
        key: in_days(len(there)) if there else None for key, there in hours.items()
    }
    assert found["totals"]["resource_days"] == in_days(sum(map(len, hours.values())))


def in_days(hours: int) -> float:
    """To two decimals, halves rounded up."""
    return (hours * 200 + 24) // 48 / 100


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


ITEMS = st.lists(
    st.builds(
        row,
        st.sampled_from(["PASS", "FAIL", "UNANSWERED"]),
        st.sampled_from(["aws_config", "security_hub"]),
        st.sampled_from(["RULE", "EC2.8", "ANOTHER"]),
        account=st.sampled_from([ACCOUNT, OTHER]),
        region=st.sampled_from([HOME, AWAY]),
        resource=st.sampled_from(["r1", "r2"]),
        resource_type=st.sampled_from(["", "AWS::EC2::Instance"]),
        severity=st.sampled_from(["", "HIGH"]),
        known=st.sampled_from(["CONTEMPORANEOUS", "RECONSTRUCTED"]),
    ),
    max_size=30,
)
CATALOGUE = {one.id: one for one in CHECKS}
ONE = month("2026-10", checks=CHECKS, controls=CONTROLS)


@settings(max_examples=30, deadline=None)
@given(ITEMS, st.integers(1, 7), st.randoms(use_true_random=False))
def test_shards_of_the_evidence_combine_to_identical_figures(
    items: list[Any], shards: int, random: Any
) -> None:
    whole = compute_metrics(ONE, evidence=aggregate([table_of(items)]), catalogue=CATALOGUE)
    parts: list[list[Any]] = [[] for _ in range(shards)]
    for item in items:
        parts[random.randrange(shards)].append(item)
    frames = [aggregate([table_of(part)]) for part in parts]
    random.shuffle(frames)
    sharded = compute_metrics(ONE, evidence=combine(frames), catalogue=CATALOGUE)
    assert json.dumps(sharded.to_json()) == json.dumps(whole.to_json())
    by_account = [
        aggregate([table_of([item for item in items if item.account == account])])
        for account in (OTHER, ACCOUNT)
    ]
    found = compute_metrics(ONE, evidence=combine(by_account), catalogue=CATALOGUE)
    assert json.dumps(found.to_json()) == json.dumps(whole.to_json())
