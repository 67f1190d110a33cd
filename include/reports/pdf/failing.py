"""What fails a check: the resources, since when and for how long, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import ControlResult, MappedCheck
from include.reports.model import failing_resources
from include.reports.pdf.layout import columns, heading
from include.reports.pdf.material import Material, short_name
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED
from include.reports.pdf.text import markup
from include.reports.wording import counted, plain_time, verb

#: A list of more resources than this stands under the first control that has it; the others say
#: where. A failing check may belong to dozens of controls.
LONG_LIST = 40


def failing_of(
    material: Material, control: ControlResult, mapped: MappedCheck
) -> Iterator[Flowable]:
    """A failing check under one control: what it is about, its remedy, every resource."""
    model = material.model
    check, text = model.check(mapped.id), model.check_text(mapped.id)
    n = len(mapped.failing)
    yield CondPageBreak(130)
    yield heading(check.question, level=3)
    if text:
        yield Paragraph(markup(text.about), SMALL_MUTED)
        yield Spacer(1, 3)
        yield Paragraph(f"<b>Remedy:</b> {markup(text.remedy)}", BODY)
    first = material.listed.setdefault(mapped.id, control.id)
    if first != control.id and n > LONG_LIST:
        excused = f" ({len(mapped.excused):,} excused)" if mapped.excused else ""
        yield Paragraph(
            f"{counted(n, 'resource')} {verb(n, 'fails', 'fail')}{excused}: all of them are listed "
            f'under <a href="#control-{markup(first)}" color="#1f4e79">{markup(first)}</a>, and in '
            "failing.csv.",
            BODY,
        )
        return
    yield _table(material, mapped)
    yield Spacer(1, 8)


def _table(material: Material, mapped: MappedCheck) -> Rows:
    """The failing resources; the column of exceptions is there only where there are any."""
    wanted: list[Any] = [
        ("Failing resource", 190),
        ("Account", 66),
        ("Region", 54),
        ("Since (UTC)", 78),
        ("Days", 36, "number"),
        ("Found by", 88),
    ]
    if mapped.excused:
        wanted[-1:] = [("Found by", 62), ("Exception", 46)]
    return Rows(
        columns(*wanted),
        (row[: len(wanted)] for row in resource_rows(material, mapped)),
        again=f"{material.model.check(mapped.id).question} (continued)",
    )


def resource_rows(material: Material, mapped: MappedCheck) -> Iterator[Sequence[str]]:
    """Resource, account, region, since, days, found by, exception; one row for each resource."""
    model = material.model
    exceptions = {e.resource: e.exception for e in mapped.excused}
    check = model.check(mapped.id)
    for resource, seen in failing_resources(check).items():
        findings = [finding for one in seen for finding in one.findings]
        past = material.failure(mapped.id, resource)
        since = past.get("since") or min((f.since for f in findings if f.since), default="")
        known = past.get("since_known", "")
        regions = {one.region for one in seen if one.region and check.locality != "account"}
        days = past.get("days")
        yield (
            resource,
            ", ".join(sorted({one.account for one in seen})),
            ", ".join(sorted(regions)) or "account",
            since_text(since, known, model.assessment.period_start),
            "-" if days is None else f"{days:,.2f}",
            ", ".join(short_name(s) for s in dict.fromkeys(f.source for f in findings)),
            exceptions.get(resource, ""),
        )


def since_text(since: str | None, known: str, period_start: str) -> str:
    """Since when it fails: a time within the period (UTC), the day before it, or in words."""
    if not since:
        return "before the period" if known == "before_period" else "-"
    if since > period_start:
        # To the minute; failing.csv has the second.
        return plain_time(since)[:16]
    # Within the period it is known to the second; how long before is told only by what was seen.
    return f"before the period ({since[:10]})" if since < period_start else "before the period"
