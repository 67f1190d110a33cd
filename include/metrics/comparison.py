"""Two results of one framework held side by side: the change, and what makes them differ in kind.

Figures are the two results' own and those of :mod:`include.metrics.change`; what is added here is
what a reader has to know first: whether the two are about the same things at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.assessment.result import Assessment, Gap
from include.errors import InputError
from include.metrics.change import change_since
from include.metrics.model import SEVERITIES, Metrics, Row, difference

#: The kinds of ``change["items"]``, in the order in which they are read, and what each means.
KINDS: Mapping[str, str] = {
    "new": "Fails now and did not before",
    "reopened": "Fails again after it had been fixed",
    "newly_asked": "Fails now and was not judged before",
    "still_failing": "Failed before and still does",
    "unknown": "Failed before and is not judged any more",
    "fixed": "Failed before and does not now",
}
#: What each kind is called in a heading.
NAMES: Mapping[str, str] = {
    "new": "New",
    "reopened": "Re-opened",
    "newly_asked": "Newly asked",
    "still_failing": "Still failing",
    "unknown": "Not judged any more",
    "fixed": "Fixed",
}
#: The kinds by which a result is worse than the one before it.
WORSE_KINDS = frozenset({"new", "reopened", "unknown"})


@dataclass(frozen=True)
class _Figure:
    """A figure of both results: where the metrics have it, and whether more of it is better."""

    name: str
    label: str
    where: str
    key: str
    good: int  # 1: more is better, -1: less is better, 0: neither

    @property
    def percent(self) -> bool:
        return self.key.endswith(("_score", "_percent"))


_FIGURES = (
    _Figure("score", "Compliance score", "compliance", "compliance_score", 1),
    _Figure("coverage", "Coverage: controls judged", "coverage", "controls_percent", 1),
    _Figure("cells", "Coverage: checks answered", "coverage", "cells_percent", 1),
    _Figure("compliant", "Compliant controls", "compliance", "compliant_controls", 1),
    _Figure("non_compliant", "Non-compliant controls", "compliance", "non_compliant_controls", -1),
    _Figure("inconclusive", "Inconclusive controls", "compliance", "inconclusive_controls", -1),
    _Figure("not_applicable", "Not applicable", "compliance", "not_applicable_controls", 0),
    _Figure("failing", "Failing resources", "resources", "failing", -1),
    _Figure("evidence", "Evidence items", "evidence", "total_evidence_items", 0),
)


@dataclass(frozen=True)
class Judged:
    """A result and its figures; ``name`` is how it was asked for (``soc_2_2017@2026-09``)."""

    name: str
    assessment: Assessment
    metrics: Metrics


@dataclass(frozen=True)
class Group:
    """What changed at one check; ``items`` are rows of ``change["items"]``."""

    check: str
    question: str
    severity: str
    controls: tuple[str, ...]
    items: tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    """All plain JSON values.

    ``before`` and ``now`` say what was compared; ``warnings`` what keeps the two from being
    compared like with like (``[{kind, text}]``); ``figures`` are ``[{name, label, percent,
    before, now, difference, direction}]``, the direction being ``better``, ``worse``, ``same`` or
    ``other``; ``accounts`` have score and failing resources by account; ``gaps`` are ``{before,
    now, new, closed}``, places where evidence is missing; ``worse`` and ``better`` the reasons
    why the result is that, each a sentence; ``verdict`` is ``worse`` whenever there is a reason
    for it.
    """

    framework: str
    framework_title: str
    before: Row
    now: Row
    warnings: Sequence[Row]
    verdict: str
    worse: Sequence[str]
    better: Sequence[str]
    figures: Sequence[Row]
    accounts: Sequence[Row]
    gaps: Row
    change: Row

    @property
    def nothing_changed(self) -> bool:
        """Whether no figure, no control, no resource and no gap differs."""
        return (
            not any(_differs(row) for row in (*self.figures, *self.accounts))
            and not self.controls
            and not any(row["kind"] != "still_failing" for row in self.change["items"])
            and not self.gaps["new"]
            and not self.gaps["closed"]
        )

    @property
    def controls(self) -> list[Row]:
        """The controls whose status changed, or that only one of the two has."""
        return [row for row in self.change["controls"] if row["before"] != row["now"]]

    def items(self, kind: str) -> list[Row]:
        """What changed in one way (see :data:`KINDS`)."""
        return [row for row in self.change["items"] if row["kind"] == kind]

    def by_check(self, kind: str) -> list[Group]:
        """The same by check: worst severity first, then the check that most resources fail."""
        found: dict[str, list[Row]] = {}
        for row in self.items(kind):
            found.setdefault(row["check"], []).append(row)
        groups = [
            Group(
                check,
                rows[0]["question"],
                rows[0]["severity"],
                tuple(dict.fromkeys(one for row in rows for one in row["controls"])),
                tuple(sorted(rows, key=lambda row: (row["resource"], row["region"] or ""))),
            )
            for check, rows in found.items()
        ]
        order = SEVERITIES.index
        return sorted(groups, key=lambda one: (order(one.severity), -len(one.items), one.check))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "framework": self.framework,
            "framework_title": self.framework_title,
            "before": dict(self.before),
            "now": dict(self.now),
            "warnings": [dict(row) for row in self.warnings],
            "verdict": self.verdict,
            "nothing_changed": self.nothing_changed,
            "worse": list(self.worse),
            "better": list(self.better),
            "figures": [dict(row) for row in self.figures],
            "accounts": [dict(row) for row in self.accounts],
            "gaps": dict(self.gaps),
            "change": dict(self.change),
        }


def compare(before: Judged, now: Judged, earlier: Sequence[Assessment] = ()) -> Comparison:
    """Compare two results of one framework; pure.

    ``earlier`` are results before ``before``, by which what failed once before is told from what
    never did. Raises InputError for two frameworks: their controls are not the same questions.
    """
    one, two = before.assessment, now.assessment
    if one.framework != two.framework:
        raise InputError(
            f"{before.name} and {now.name} are results of two frameworks, whose controls are "
            "different questions.",
            hint="What evidence for one answers in the other: "
            f"./audit frameworks crosswalk {one.framework} {two.framework}",
        )
    change = change_since(two, now.metrics, one, before.metrics, earlier)
    figures = _figures(before.metrics, now.metrics)
    gaps = _gaps(one.gaps, two.gaps)
    worse, better = _reasons(figures, change, gaps)
    return Comparison(
        framework=two.framework,
        framework_title=two.framework_title,
        before=_side(before),
        now=_side(now),
        warnings=tuple({"kind": kind, "text": text} for kind, text in _warnings(one, two)),
        verdict="worse" if worse else "better" if better else "same",
        worse=worse,
        better=better,
        figures=figures,
        accounts=_accounts(before.metrics, now.metrics),
        gaps=gaps,
        change=change,
    )


def _side(one: Judged) -> Row:
    a = one.assessment
    return {
        "name": one.name,
        "period": a.period,
        "start": a.period_start,
        "end": a.period_end,
        "status": a.status,
        "interim": list(a.interim),
        "framework_version": a.framework_version,
        "accounts": list(a.accounts),
        "regions": list(a.regions),
        "as_of": a.as_of,
        "content_digest": a.content_digest,
        "evidence_items": a.evidence.total,
    }


def _warnings(before: Assessment, now: Assessment) -> Iterator[tuple[str, str]]:
    """What makes the two differ in kind, the gravest first."""
    for which, one in (("first", before), ("second", now)):
        if one.status == "INTERIM":
            why = f" ({'; '.join(one.interim)})" if one.interim else ""
            yield "interim", f"The {which} result is INTERIM{why}: not the final one of its period."
    for what, places in (
        ("accounts", (before.accounts, now.accounts)),
        ("regions", (before.regions, now.regions)),
    ):
        if set(places[0]) != set(places[1]):
            yield "scope", f"The two have other {what}: {_only(*places)}."
    if before.framework_version != now.framework_version:
        yield (
            "version",
            f"The framework's version is another: {before.framework_version} before, "
            f"{now.framework_version} now.",
        )
    controls = [control.id for control in before.controls], [c.id for c in now.controls]
    if set(controls[0]) != set(controls[1]):
        yield "controls", f"The two judge other controls: {_only(*controls)}."
    checks = [check.id for check in before.checks], [check.id for check in now.checks]
    if set(checks[0]) != set(checks[1]):
        yield "checks", f"The two ask other checks: {_only(*checks)}."
    if before.content_digest == now.content_digest:
        yield "identical", "Both are the same result: their content digests are equal."
    elif (before.period_start, before.period_end) == (now.period_start, now.period_end):
        yield "revision", f"Both are results of {now.period}: one is a revision of the other."
    elif before.period_end > now.period_end:
        yield "order", f"The first result is about a later period: {before.period}, {now.period}."
    elif before.period_end > now.period_start:
        yield "overlap", f"The periods overlap: {before.period}, {now.period}."
    for which, one in (("first", before), ("second", now)):
        missing = sum(gap.blocking for gap in one.gaps)
        if missing:
            many = "one place" if missing == 1 else f"{missing} places"
            yield "evidence", f"Evidence is missing from {many} in the {which} result."


def _only(before: Sequence[str], now: Sequence[str]) -> str:
    """``only before: a, b; only now: c``, with a count where there are many."""
    parts = []
    for said, some, others in (("before", before, now), ("now", now, before)):
        alone = sorted(set(some) - set(others))
        if alone:
            more = f" and {len(alone) - _NAMED} more" if len(alone) > _NAMED else ""
            parts.append(f"only {said}: {', '.join(alone[:_NAMED])}{more}")
    return "; ".join(parts)


#: How many a warning names; all of them stand in the two reports.
_NAMED = 6


def _figures(before: Metrics, now: Metrics) -> Sequence[Row]:
    rows = [_figure(figure, before, now) for figure in _FIGURES]
    less = any(
        row["name"] in ("coverage", "cells") and (row["difference"] or 0) < 0 for row in rows
    )
    for row in rows:
        # What is not looked at any more does not fail: that is no improvement.
        if less and row["name"] in ("non_compliant", "failing") and row["direction"] == "better":
            row["direction"] = "other"
    return rows


def _figure(figure: _Figure, before: Metrics, now: Metrics) -> dict[str, Any]:
    one = getattr(before, figure.where)[figure.key]
    two = getattr(now, figure.where)[figure.key]
    found = _step(one, two)
    direction = "same" if one == two else "other"
    if found and figure.good:
        direction = "better" if found * figure.good > 0 else "worse"
    return {
        "name": figure.name,
        "label": figure.label,
        "percent": figure.percent,
        "before": one,
        "now": two,
        "difference": found,
        "direction": direction,
    }


def _step(before: float | None, now: float | None) -> float | None:
    """The difference; of two counts it is one."""
    found = difference(before, now)
    return int(found) if found is not None and isinstance(before, int) else found


def _accounts(before: Metrics, now: Metrics) -> Sequence[Row]:
    """Each account of either, with its score and failing resources; None where it has none."""
    one = {row["account"]: row for row in before.by_account}
    two = {row["account"]: row for row in now.by_account}
    out = []
    for account in sorted({*one, *two}):
        values: dict[str, Any] = {"account": account}
        for name, key in (("score", "compliance_score"), ("failing", "failing_resources")):
            was, is_ = (side.get(account, {}).get(key) for side in (one, two))
            values[name] = {"before": was, "now": is_, "difference": _step(was, is_)}
        out.append(values)
    return out


def _differs(row: Row) -> bool:
    pairs = [row] if "before" in row else [row["score"], row["failing"]]
    return any(pair["before"] != pair["now"] for pair in pairs)


def _gaps(before: Sequence[Gap], now: Sequence[Gap]) -> Row:
    """Places where evidence is missing that was not missing before, and the other way round."""

    def told(gaps: Sequence[Gap]) -> dict[tuple[str, str, str], Row]:
        return {
            (gap.source, gap.account, gap.region): {
                "source": gap.source,
                "account": gap.account,
                "region": gap.region,
                "status": gap.status,
                "blocking": gap.blocking,
                "controls": len(gap.controls),
            }
            for gap in gaps
        }

    one, two = told(before), told(now)
    return {
        "before": len(one),
        "now": len(two),
        "new": [two[place] for place in sorted(set(two) - set(one))],
        "closed": [one[place] for place in sorted(set(one) - set(two))],
    }


def _reasons(
    figures: Sequence[Row], change: Row, gaps: Row
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why the second result is worse, and why it is better; it may well be both."""
    worse: list[str] = []
    better: list[str] = []
    for row in figures:
        if row["name"] in ("score", "coverage") and row["difference"]:
            fell = row["difference"] < 0
            (worse if fell else better).append(
                f"{row['label']} {'fell' if fell else 'rose'} from {row['before']:.2f} % to "
                f"{row['now']:.2f} %."
            )
    for direction, reasons in (("worse", worse), ("better", better)):
        n = sum(row["direction"] == direction for row in change["controls"])
        if n:
            reasons.append(f"{_counted(n, 'control')} got {direction}.")
    counts = change["counts"]
    for kind, said in (
        ("new", "newly {}"),
        ("reopened", "{} again"),
        ("unknown", "failed before and {} not judged any more"),
    ):
        if n := counts[kind]:
            verb = ("fails" if n == 1 else "fail") if kind != "unknown" else _are(n)
            worse.append(f"{_counted(n, 'finding')} {said.format(verb)}.")
    if n := counts["fixed"]:
        better.append(f"{_counted(n, 'finding')} {'was' if n == 1 else 'were'} fixed.")
    new = sum(gap["blocking"] for gap in gaps["new"])
    if new:
        worse.append(f"Evidence is missing from {_counted(new, 'more place')}.")
    if gaps["closed"]:
        better.append(f"Evidence is missing no more from {_counted(len(gaps['closed']), 'place')}.")
    return tuple(worse), tuple(better)


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"
