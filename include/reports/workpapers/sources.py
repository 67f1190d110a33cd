"""Information produced by the entity: a page or more for each source that was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Paragraph, Spacer

from include.evidence.receipt import Receipt
from include.reports.model import ReportModel, source_name, words
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.wording import counted, listed, plain_time
from include.reports.workpapers.commands import asked
from include.reports.workpapers.facts import fact_table, sign_off
from include.workpapers.provenance import Place, Provenance, provenance_of

_COMPLETE = ("COMPLETE", "COMPLETE_EMPTY")
#: Callers and endpoints that a page names; all stand in the receipts.
_MOST_NAMED = 6


def sources(model: ReportModel, number: int) -> Iterator[Flowable]:
    """The chapter; its pages come in the order in which sources are named everywhere."""
    a = model.assessment
    home = a.regions[0] if a.regions else ""
    found = provenance_of(a.receipts, model.context.receipts(), home)
    yield from chapter(f"{number}  Information produced by the entity")
    if not found:
        yield Paragraph("Nothing was collected: there are no receipts.", BODY)
        return
    yield Paragraph(
        "Every source of evidence, asked by this product with a role in each account. What "
        "follows is read from the receipts, which were written while the answers came.",
        BODY,
    )
    yield _overview(found)
    for n, one in enumerate(found, 1):
        yield PageBreak()
        yield from _page(model, f"{number}.{n}", one)


def _overview(found: Sequence[Provenance]) -> Rows:
    return Rows(
        columns(
            ("Source", 44, "strong"),
            ("Places", 14, "number"),
            ("Complete", 17, "number"),
            ("Items", 20, "number"),
            ("Pages", 16, "number"),
            ("Calls", 16, "number"),
            ("Retries", 16, "number"),
        ),
        (
            (
                source_name(one.source),
                f"{len(one.places):,}",
                f"{_complete(one):,}",
                *(f"{one.total(name):,}" for name in ("items", "pages", "calls", "retries")),
            )
            for one in found
        ),
    )


def _page(model: ReportModel, number: str, one: Provenance) -> Iterator[Flowable]:
    yield heading(f"{number}  {source_name(one.source)}", level=2)
    yield fact_table(_facts(model, one))
    yield Spacer(1, 6)
    yield from asked(one)
    yield from _ended(one)
    yield from _counts(one)
    yield from _snapshots(one)
    yield from _tests(one)
    yield from sign_off(model, ", ".join(one.told("client")))


def _facts(model: ReportModel, one: Provenance) -> list[tuple[str, str]]:
    receipts = one.receipts
    made = [r for r in receipts if r.client]
    skew = max((abs(r.clock_skew_seconds) for r in made), default=0.0)
    duplicates = sum(r.duplicates for r in receipts)
    resumed = sum(r.resumed for r in receipts)
    return [
        ("Period asked about", model.assessment.period),
        (
            "Places",
            f"{counted(len(one.places), 'account and region', 'accounts and regions')}, "
            f"{_complete(one):,} collected completely",
        ),
        (
            "When, UTC",
            f"{plain_time(min(r.started for r in made))} to "
            f"{plain_time(max(r.ended for r in made))}, by the service's clock (ours was at most "
            f"{skew:,.1f} s off)"
            if made
            else "",
        ),
        ("By whom", listed(one.told("caller_arn"), _MOST_NAMED)),
        ("Endpoint", listed(one.told("endpoint"), _MOST_NAMED)),
        ("Client", listed(one.told("client"), _MOST_NAMED)),
        (
            "Answers",
            f"{counted(one.total('calls'), 'call')} answered, {counted(one.total('pages'), 'page')}"
            f" kept, {counted(one.total('items'), 'item')}",
        ),
        (
            "On top",
            f"{counted(one.total('retries'), 'retry', 'retries')}, "
            f"{one.total('throttles'):,} of them for coming too fast; "
            f"{counted(duplicates, 'item')} came twice and counted once; "
            f"{counted(resumed, 'answer')} taken over from an interrupted attempt",
        ),
    ]


def _ended(one: Provenance) -> Iterator[Flowable]:
    yield CondPageBreak(90)
    yield heading("Where, and how it ended", level=3)
    yield Rows(
        columns(
            ("Account", 26),
            ("Region", 24),
            ("Ended as", 25, "strong"),
            ("Items", 13, "number"),
            ("Pages", 12, "number"),
            ("Calls", 12, "number"),
            ("Retries", 14, "number"),
            ("From, UTC", 34),
            ("To", 34),
        ),
        (
            (
                place.line.account,
                place.line.region,
                words(place.line.status),
                f"{place.line.items:,}",
                f"{place.line.pages:,}",
                f"{place.line.calls:,}",
                f"{place.line.retries:,}",
                plain_time(place.line.started),
                plain_time(place.line.ended),
            )
            for place in one.places
        ),
        again=f"{source_name(one.source)}: where, and how it ended (continued)",
    )
    yield Spacer(1, 8)
    said = [place for place in one.places if place.line.message or place.line.missing_permission]
    if said:
        yield CondPageBreak(80)
        yield heading("What the receipts remark", level=3)
        yield Rows(
            columns(("Account", 26), ("Region", 24), ("Remark", 124)),
            ((p.line.account, p.line.region, _remark(p)) for p in said),
            again=f"{source_name(one.source)}: remarks (continued)",
        )
        yield Spacer(1, 8)


def _remark(place: Place) -> str:
    parts = [place.line.message]
    if place.line.missing_permission:
        parts.append(f"Missing permission: {place.line.missing_permission}.")
    call = place.receipt.failed_call if place.receipt else None
    if call:
        parts.append(
            f"The call that ended it: {call.operation}, {counted(call.attempts, 'attempt')}, "
            f"{call.code}" + (f", request {call.request_id}." if call.request_id else ".")
        )
    return " ".join(part for part in parts if part)


def _counts(one: Provenance) -> Iterator[Flowable]:
    rows = [
        (r.account, r.region, c.what, f"{c.expected:,}", f"{c.found:,}", _explained(r, c.what))
        for r in one.receipts
        for c in r.counts
    ]
    yield CondPageBreak(80)
    yield heading("Independent counts", level=3)
    if not rows:
        yield Paragraph(
            "None: nothing else that was asked counts the same. Completeness rests on every "
            "listing having been followed to its last page.",
            BODY,
        )
        return
    yield Rows(
        columns(
            ("Account", 26),
            ("Region", 22),
            ("What was counted", 46),
            ("Counted\napart", 16, "number"),
            ("Collected", 17, "number"),
            ("Difference", 47),
        ),
        rows,
        again=f"{source_name(one.source)}: independent counts (continued)",
    )
    yield Spacer(1, 8)


def _explained(receipt: Receipt, what: str) -> str:
    count = next(c for c in receipt.counts if c.what == what)
    if count.explanation:
        return count.explanation
    return "none" if count.expected == count.found else "not explained"


def _snapshots(one: Provenance) -> Iterator[Flowable]:
    yield CondPageBreak(80)
    yield heading("Snapshots", level=3)
    kept = [place.line for place in one.places if place.line.uri]
    if not kept:
        yield Paragraph("None was kept.", BODY)
        return
    yield Rows(
        columns(
            ("Account", 26), ("Region", 22), ("Where it lies; SHA-256 of its snapshot.json", 126)
        ),
        ((line.account, line.region, f"{line.uri}\n{line.digest}") for line in kept),
        again=f"{source_name(one.source)}: snapshots (continued)",
    )
    yield Spacer(1, 8)


def _tests(one: Provenance) -> Iterator[Flowable]:
    yield CondPageBreak(190)
    yield heading("Is it complete, is it accurate?", level=3)
    yield Rows(
        columns(
            ("Test", 92),
            ("What the receipts say", 52),
            ("Done by, on", 30),
        ),
        _test_rows(one),
        again=f"{source_name(one.source)}: tests (continued)",
    )


def _test_rows(one: Provenance) -> Iterator[Sequence[str]]:
    counts = [count for receipt in one.receipts for count in receipt.counts]
    differ = [count for count in counts if count.expected != count.found]
    unexplained = sum(count.unexplained for count in differ)
    ended = sum(place.line.cursor_exhausted for place in one.places)
    yield (
        "Complete: every account and region in scope has a receipt, and it ended complete.",
        f"{_complete(one):,} of {len(one.places):,}",
        "",
    )
    yield (
        "Complete: every listing was followed to its last page.",
        f"{ended:,} of {len(one.places):,}",
        "",
    )
    yield (
        "Complete: an independent count agrees, or the difference is explained.",
        f"{len(counts):,} compared, {len(differ):,} differ, {unexplained:,} unexplained",
        "",
    )
    yield (
        "Complete: ask again with the commands above; count what comes.",
        f"{counted(one.total('items'), 'item')} then",
        "",
    )
    yield (
        "Accurate: unpack a page that was kept; its SHA-256 is the one above.",
        f"{counted(one.total('pages'), 'page')} kept",
        "",
    )
    yield (
        "Accurate: find a request id in the account's own CloudTrail, with that caller and time.",
        "request ids above and in the receipts",
        "",
    )
    yield (
        "Accurate: look at some resources of the samples yourself (chapter 4).",
        "",
        "",
    )


def _complete(one: Provenance) -> int:
    return sum(place.line.status in _COMPLETE for place in one.places)
