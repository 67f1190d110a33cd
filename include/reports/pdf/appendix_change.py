"""Appendices C (change since the last period) and D (failed within the period, and over)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import CheckResult, Shown
from include.reports.model import percent_text, source_name, words
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.material import Material
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.pdf.text import markup
from include.reports.wording import counted, listed, plain_time

#: How many controls a row names, before it says how many more there are.
_MOST_CONTROLS = 5
#: What each kind of change is called, and what it means.
KINDS: tuple[tuple[str, str, str], ...] = (
    ("new", "New", "fails now, and did not fail at the end of the last period, nor before"),
    ("reopened", "Re-opened", "fails again, after it failed in an earlier period and was fixed"),
    ("newly_asked", "Newly asked", "fails now, and could not be judged the last time"),
    ("still_failing", "Still failing", "failed at the end of both periods"),
    ("fixed", "Fixed", "failed at the end of the last period, and is known not to fail now"),
    ("unknown", "Unknown now", "failed at the end of the last period, and could not be judged now"),
)


def change(material: Material) -> Iterator[Flowable]:
    """C: score, coverage, controls and resources against the last period's result."""
    found = material.model.metrics.change
    yield from chapter("Appendix C  Change since the last period")
    if not found or not found.get("previous"):
        yield Paragraph("There is no earlier result to compare with.", BODY)
        return
    previous = found["previous"]
    yield Paragraph(
        f"Compared with the result of {markup(previous['period'])} "
        f"(content digest {markup(previous['content_digest'][:12])}).",
        BODY,
    )
    yield Rows(
        columns(
            ("Figure", 40, "strong"),
            ("Before", 20, "number"),
            ("Now", 20, "number"),
            ("Difference, points", 24, "number"),
        ),
        [
            (
                name,
                percent_text(found[key]["before"]),
                percent_text(found[key]["now"]),
                points(found[key]["difference"]),
            )
            for name, key in (("Compliance score", "score"), ("Coverage", "coverage"))
        ],
    )
    yield Spacer(1, 8)
    yield CondPageBreak(120)
    yield heading("Controls whose status changed", level=2)
    if found["controls"]:
        yield Rows(
            columns(
                ("Control", 16, "strong"),
                ("Title", 58),
                ("Before", 24, "status"),
                ("Now", 24, "status"),
                ("Change", 14),
            ),
            [
                (
                    one["control"],
                    one["title"],
                    _status(one["before"]),
                    _status(one["now"]),
                    one["direction"],
                )
                for one in found["controls"]
            ],
            again="Controls whose status changed (continued)",
        )
    else:
        yield Paragraph("None.", BODY)
    yield Spacer(1, 8)
    yield CondPageBreak(120)
    yield heading("Failing resources, one by one", level=2)
    yield Rows(
        columns(("Kind", 24, "strong"), ("Failures", 16, "number"), ("Meaning", 84)),
        [(name, f"{found['counts'].get(kind, 0):,}", text) for kind, name, text in KINDS],
    )
    yield Spacer(1, 8)
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for item in found["items"]:
        by_kind.setdefault(item["kind"], []).append(item)
    for kind, name, _ in KINDS:
        if kind in by_kind:
            yield CondPageBreak(90)
            yield heading(f"{name} ({len(by_kind[kind]):,})", level=3)
            yield _items(name, by_kind[kind])
            yield Spacer(1, 8)


def _items(name: str, items: Sequence[Mapping[str, Any]]) -> Rows:
    return Rows(
        columns(
            ("Resource", 62),
            ("Account", 23),
            ("Region", 20),
            ("Check", 44),
            ("Severity", 17),
            ("Controls", 22),
        ),
        (
            (
                one["resource"],
                one["account"],
                one["region"] or "account",
                one["question"],
                words(one["severity"]),
                listed(one["controls"], _MOST_CONTROLS),
            )
            for one in items
        ),
        again=f"{name} (continued)",
    )


def _status(code: str | None) -> str:
    return words(code) if code else "not there"


def points(difference: float | None) -> str:
    """A difference of percentages with its sign, or a dash."""
    return "-" if difference is None else f"{difference:+.2f}".replace("-", "\N{MINUS SIGN}")


def failed_within(material: Material) -> Iterator[Flowable]:
    """D: what failed within the period but not at its end, with its days."""
    model = material.model
    yield from chapter("Appendix D  Failed within the period and over at its end")
    rows = [row for check in model.assessment.checks for row in passing_again(material, check)]
    if not rows:
        yield Paragraph("Nothing that passed at the end is known to have failed before.", BODY)
        return
    mean = model.metrics.non_compliance.get("mean_time_to_fix_hours")
    text = (
        f"{counted(len(rows), 'failure')} shown beside the verdict, which is about the end of the "
        "period. Times are UTC."
    )
    if mean is not None:
        known = int(model.metrics.non_compliance["fixed_with_known_start"])
        text += (
            f" Fixing took {mean:,.2f} hours on average, over {counted(known, 'failure')} whose "
            "beginning is known."
        )
    yield Paragraph(text, BODY)
    yield Rows(
        columns(
            ("Controls", 46, "strong"),
            ("Check", 96),
            ("Resource", 124),
            ("Failed from \N{EN DASH} to", 96),
            ("Then", 30),
            ("Days", 36, "number"),
            ("Hours to fix", 36, "number"),
            ("Told by", 66),
        ),
        rows,
        again="Appendix D  Failed within the period and over at its end (continued)",
    )
    yield Spacer(1, 8)


def passing_again(material: Material, check: CheckResult) -> Iterator[Sequence[str]]:
    """One row for each resource, whichever sources and regions it was seen by."""
    found: dict[str, list[tuple[str, Shown]]] = {}
    for cell in check.cells:
        for then, all_shown in (("fixed", cell.fixed), ("gone", cell.gone)):
            for shown in all_shown:
                found.setdefault(shown.resource, []).append((then, shown))
    for resource, seen in sorted(found.items()):
        told: dict[tuple[str, str], list[str]] = {}
        for _, shown in seen:
            for span in shown.failed:
                told.setdefault(span, []).append(source_name(shown.source))
        sources = list(dict.fromkeys(source_name(shown.source) for _, shown in seen))
        spans = []
        for (start, end), by in sorted(told.items()):
            text = f"{plain_time(start)} \N{EN DASH}\n{plain_time(end) or 'the end'}"
            # Who said so matters only where the sources don't all say the same.
            apart = set(by) != set(sources)
            spans.append(text + (f"\n({', '.join(dict.fromkeys(by))})" if apart else ""))
        past = material.over(check.id, resource)
        days, hours = past.get("days"), past.get("hours_to_fix")
        yield (
            listed(material.model.controls_by_check.get(check.id, ()), _MOST_CONTROLS),
            check.question,
            resource,
            "\n".join(spans) or "-",
            ", ".join(sorted({then for then, _ in seen})),
            "-" if days is None else f"{days:,.2f}",
            "-" if hours is None else f"{hours:,.2f}",
            ", ".join(sources),
        )
