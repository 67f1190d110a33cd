"""The PDF's chapter about what is missing: evidence not collected, checks not answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import Gap
from include.reports.missing_evidence import missing_evidence, unanswered
from include.reports.model import ReportModel, not_complete, source_name, words
from include.reports.next_steps import step_for
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.wording import counted, listed

_MOST_PLACES = 6
#: Of more controls than this, the others say so in their own blocks.
_MOST_CONTROLS = 24


def missing(model: ReportModel, number: int) -> Iterator[Flowable]:
    """What could not be collected, by gaps and receipts, and which checks that left open."""
    gaps = model.assessment.gaps
    named = {(gap.source, gap.account, gap.region) for gap in gaps}
    others = [
        line
        for line in not_complete(model.assessment)
        if (line.source, line.account, line.region) not in named
    ]
    rows = list(_unanswered(model))
    short = not (gaps or others or rows)
    yield from chapter(f"{number}  Missing evidence", room=90.0 if short else 230.0)
    yield Paragraph(missing_evidence(model).sentence, BODY)
    if gaps:
        yield from _gaps(model)
    if others:
        yield CondPageBreak(120)
        yield heading("Receipts that did not end as complete", level=2)
        yield Paragraph(
            "Nothing that the controls need is known to be missing because of these."
            if not rows
            else "Whether a check stays open without them is told below.",
            BODY,
        )
        yield Rows(
            columns(
                ("Source", 24, "strong"),
                ("Account", 20),
                ("Region", 16),
                ("Ended as", 18),
                ("What happened", 52),
            ),
            [
                (
                    source_name(line.source),
                    line.account,
                    line.region,
                    words(line.status),
                    _happened(line.message, line.missing_permission),
                )
                for line in others
            ],
        )
    if rows:
        yield CondPageBreak(120)
        yield heading("Required checks left unanswered", level=2)
        yield Rows(
            columns(("Controls", 24, "strong"), ("Check", 38), ("Where", 28), ("Why", 46)),
            rows,
        )
    elif not short:
        yield Spacer(1, 8)
        yield Paragraph("Every required check was answered all the same.", BODY)


def _happened(message: str, permission: str) -> str:
    return f"{message} (missing permission: {permission})" if permission else message or "-"


def _gaps(model: ReportModel) -> Iterator[Flowable]:
    yield Paragraph(
        "What these cells would have said is unknown. Controls that depend on them can't be "
        "compliant; they are inconclusive, or fail by what is known. Each says so in its block.",
        BODY,
    )
    found: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for gap in model.assessment.gaps:
        cause = (
            source_name(gap.source),
            words(gap.status),
            gap.message + (f" (decision {gap.decision})" if gap.decision else ""),
            step_for(gap) if gap.blocking else _left(gap),
            _some(gap.controls, _MOST_CONTROLS),
        )
        found.setdefault(cause, {}).setdefault(gap.account, []).append(gap.region)
    yield Rows(
        columns(
            ("Source", 18, "strong"),
            ("Ended as", 14),
            ("Where", 26),
            ("What happened", 28),
            ("What to do", 26),
            ("Controls", 26),
        ),
        (
            (source, status, _places(model, where), message, step, controls)
            for (source, status, message, step, controls), where in found.items()
        ),
        again="Missing evidence (continued)",
    )


def _left(gap: Gap) -> str:
    """Why nothing is to be done about a gap that doesn't block."""
    if gap.decision:
        return "Nothing: it was decided, and does not block."
    if gap.status == "NOT_ASKED":
        return "Nothing: this run leaves it out."
    return "Nothing: no check stays open without it."


def _places(model: ReportModel, where: Mapping[str, Sequence[str]], most: int = 0) -> str:
    """``222222222222 eu-west-1``; accounts that miss the same regions share a line, all are so.

    Of more than ``most`` accounts or regions in a line, the first are named and the rest counted.
    """
    a = model.assessment
    by_regions: dict[tuple[str, ...], list[str]] = {}
    for account, regions in where.items():
        by_regions.setdefault(tuple(regions), []).append(account)
    lines = []
    for regions_, accounts in by_regions.items():
        which, there = (listed(list(all_), most or len(all_)) for all_ in (accounts, regions_))
        if len(a.accounts) > 1 and set(accounts) == set(a.accounts):
            which = f"all {counted(len(accounts), 'account')}"
        if len(a.regions) > 1 and set(regions_) == set(a.regions):
            there = f"all {counted(len(a.regions), 'region')}"
        one = len(accounts) == len(regions_) == 1
        lines.append(f"{which} {there}".strip() if one else f"{which}: {there}".rstrip(": "))
    return "\n".join(lines)


def _some(ids: Sequence[str], most: int) -> str:
    """All of them, or the first and how many more there are."""
    more = len(ids) - most
    return ", ".join(ids[:most]) + (f" and {more:,} more, of {len(ids):,}" if more > 0 else "")


def _unanswered(model: ReportModel) -> Iterator[Sequence[str]]:
    """A row for each required check and cause, with the places that share it."""
    for one in unanswered(model):
        where: dict[str, list[str]] = {}
        for cell in one.cells:
            where.setdefault(cell.account, []).extend([cell.region] if cell.region else [])
        yield (
            _some(one.controls, _MOST_CONTROLS // 3),
            one.check.question,
            _places(model, where, _MOST_PLACES),
            one.why,
        )
