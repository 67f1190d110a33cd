"""What each face of a report says, read back by programs that know nothing of how it was made."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser import chromium

STATUSES = ("COMPLIANT", "NON_COMPLIANT", "INCONCLUSIVE", "NOT_APPLICABLE")
#: A receipt or a gap: source, account, region, how it ended.
ReceiptOf = tuple[str, str, str, str]

_SOURCES = {
    "AWS Config": "aws_config",
    "AWS Security Hub": "security_hub",
    "Amazon Inspector": "inspector",
    "AWS CloudTrail": "cloudtrail",
    "AWS License Manager": "license_manager",
    "AWS API calls": "api_calls",
    "Custom evidence": "custom",
    "Manual evidence": "manual",
}


@dataclass(frozen=True)
class Figures:
    """What a face says; None for what it is not there to say.

    ``score`` and ``coverage`` are as written for people (``68.25 %``, or ``-``). ``controls`` is
    each one's status, ``failing`` the resources that fail a check that counts, excused ones
    included, ``missing`` what it says beside the score, ``evidence`` the number of items by
    source, ``exceptions`` the ids of those in the register (of the OSCAL, of those that excuse
    something); ``gaps`` is what is missing.
    """

    interim: bool | None = None
    score: str | None = None
    coverage: str | None = None
    counts: Mapping[str, int] | None = None
    controls: Mapping[str, str] | None = None
    failing: frozenset[str] | None = None
    evidence: Mapping[str, int] | None = None
    receipts: Mapping[ReceiptOf, int] | None = None
    exceptions: frozenset[str] | None = None
    gaps: frozenset[ReceiptOf] | None = None
    missing: str | None = None

    def told(self) -> dict[str, Any]:
        """What it does say, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


def code(words: str) -> str:
    """``Non-compliant`` as the product's own code: ``NON_COMPLIANT``."""
    return words.strip().upper().replace("-", "_").replace(", ", "_").replace(" ", "_")


def source_of(name: str) -> str:
    """A source's code by what people call it."""
    return _SOURCES[name.strip()]


def counted(controls: Mapping[str, str]) -> dict[str, int]:
    """Controls by status, those without any too."""
    return {status: list(controls.values()).count(status) for status in STATUSES}


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} %"


def read_json(package: Path) -> Figures:
    """``report.json``, by the json module."""
    report = json.loads((package / "report.json").read_text(encoding="utf-8"))
    counts = report["compliance_metrics"]
    checks = {check["id"]: check for check in report["checks"]}
    failing = {
        finding["resource"]
        for control in report["controls"]
        for mapped in control["checks"]
        if mapped["role"] != "shown"
        for finding in checks[mapped["id"]]["findings"]
    }
    assert failing == {row["resource"] for row in report["failing_resources"]}
    return Figures(
        interim=report["assessment_status"] == "INTERIM",
        score=_percent(counts["compliance_score"]),
        coverage=_percent(report["coverage"]["controls_percent"]),
        counts={status: counts[f"{status.lower()}_controls"] for status in STATUSES},
        controls={control["id"]: control["status"] for control in report["controls"]},
        failing=frozenset(failing),
        evidence=report["evidence_summary"]["by_source"],
        receipts=Counter(
            (one["source"], one["account"], one["region"], one["status"])
            for one in report["receipts"]
        ),
        exceptions=frozenset(
            one["id"] for one in report["registers"] if one["register"] == "exceptions"
        ),
        gaps=frozenset(
            (one["source"], one["account"], one["region"], one["status"]) for one in report["gaps"]
        ),
    )


def read_csv(package: Path) -> Figures:
    """The CSV files, by the csv module; the items of evidence are counted row by row."""

    def rows(name: str) -> list[dict[str, str]]:
        with (package / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    controls = {row["control"]: row["status"] for row in rows("controls.csv")}
    return Figures(
        counts=counted(controls),
        controls=controls,
        failing=frozenset(row["resource"] for row in rows("failing.csv") if row["role"] != "shown"),
        evidence=Counter(row["source"] for row in rows("evidence.csv")),
        receipts=Counter(
            (row["source"], row["account"], row["region"], row["status"])
            for row in rows("receipts.csv")
        ),
        exceptions=frozenset(
            row["id"] for row in rows("exceptions.csv") if row["register"] == "exceptions"
        ),
    )


def read_jsonl(package: Path) -> Figures:
    """``evidence.jsonl``, line by line."""
    with (package / "evidence.jsonl").open(encoding="utf-8") as file:
        return Figures(evidence=Counter(json.loads(line)["source"] for line in file))


def read_xlsx(package: Path) -> Figures:
    """``workbook.xlsx``, by openpyxl."""
    from openpyxl import load_workbook

    book = load_workbook(package / "workbook.xlsx", read_only=True)
    sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    book.close()

    def rows(name: str) -> list[dict[str, Any]]:
        """A table, on one sheet or several."""
        found = []
        for title, lines in sheets.items():
            if title == name or re.fullmatch(rf"{name} \d+", title):
                head = [str(cell).strip().lower().replace(" ", "_") for cell in lines[0]]
                found += [dict(zip(head, line, strict=False)) for line in lines[1:]]
        return found

    def beside(label: str) -> float | None:
        """The number to the right of a label in the summary."""
        value = next(line[1] for line in sheets["Summary"] if line[0] == label)
        return None if value is None else float(value)

    controls = {str(row["control"]): str(row["status"]) for row in rows("Controls")}
    return Figures(
        interim=all(
            any(str(cell).startswith("INTERIM") for line in sheets[one] for cell in line)
            for one in ("Read me", "Summary")
        ),
        score=_percent(beside("Compliance score (%)")),
        coverage=_percent(beside("Controls that could be judged (%)")),
        counts={
            "COMPLIANT": int(beside("Compliant controls") or 0),
            "NON_COMPLIANT": int(beside("Non-compliant controls") or 0),
            "INCONCLUSIVE": int(beside("Inconclusive controls") or 0),
            "NOT_APPLICABLE": int(beside("Not applicable controls") or 0),
        },
        controls=controls,
        failing=frozenset(row["resource"] for row in rows("Failing") if row["role"] != "shown"),
        evidence=Counter(row["source"] for row in rows("Evidence")),
        receipts=Counter(
            (row["source"], str(row["account"]), row["region"] or "", row["status"])
            for row in rows("Receipts")
        ),
        exceptions=frozenset(
            row["id"] for row in rows("Exceptions") if row["register"] == "exceptions"
        ),
        gaps=frozenset(_sheet_gaps(sheets["Summary"])),
        missing=_below(sheets["Read me"], "Missing evidence"),
    )


def _below(lines: list[tuple[Any, ...]], heading: str) -> str:
    """The first cell of the line after a heading."""
    at = next(n for n, line in enumerate(lines) if line and line[0] == heading)
    return str(lines[at + 1][0])


def _sheet_gaps(lines: list[tuple[Any, ...]]) -> Iterator[ReceiptOf]:
    """The rows below the heading, up to the first line that names no source."""
    start = next(n for n, line in enumerate(lines) if line[0] == "Missing evidence")
    head = [str(cell) for cell in lines[start + 1]]
    if "Source" not in head:
        return
    source, account, region, status = (
        head.index(name) for name in ("Source", "Account", "Region", "Status")
    )
    for line in lines[start + 2 :]:
        if line[source] not in _SOURCES:
            return
        there = str(line[account]), str(line[region]).strip("-")
        yield source_of(line[source]), *there, code(line[status])


def read_oscal(package: Path) -> Figures:
    """``oscal/assessment-results.json``, by compliance-trestle."""
    from trestle.oscal.assessment_results import AssessmentResults

    document: Any = AssessmentResults.oscal_read(package / "oscal" / "assessment-results.json")
    [result] = document.results

    def props(thing: Any) -> dict[str, str]:
        return {f"{p.name} {p.class_}" if p.class_ else p.name: p.value for p in thing.props}

    told = props(result)
    controls = {}
    for finding in result.findings or ():
        mine = props(finding)
        satisfied = finding.target.status.state.value == "satisfied"
        # OSCAL's own word must not say more than ours.
        assert satisfied == (mine["control-status"] == "COMPLIANT"), mine["control-id"]
        controls[mine["control-id"]] = mine["control-status"]
    for selection in result.reviewed_controls.control_selections:
        for one in selection.props or ():
            if one.name == "not-applicable":
                controls[one.value] = "NOT_APPLICABLE"
    names = {item.uuid: item.description for item in result.local_definitions.inventory_items or ()}
    counting = {
        related.observation_uuid
        for finding in result.findings or ()
        for related in finding.related_observations or ()
        if related.remarks != "shown"
    }
    log = result.assessment_log.entries if result.assessment_log else []
    prefix = "evidence-items-of-source "
    return Figures(
        interim=document.metadata.title.startswith("INTERIM"),
        score=told["compliance-score"],
        coverage=told["coverage-controls"],
        counts={one: int(told[f"controls-with-status {one}"]) for one in STATUSES},
        controls=controls,
        failing=frozenset(
            names[subject.subject_uuid]
            for observation in result.observations or ()
            if observation.uuid in counting
            for subject in observation.subjects or ()
        ),
        evidence={
            name.removeprefix(prefix): int(value)
            for name, value in told.items()
            if name.startswith(prefix)
        },
        receipts=Counter(
            (mine["source"], mine["account"], mine.get("region", ""), mine["receipt-status"])
            for mine in map(props, log)
        ),
        exceptions=frozenset(
            mine["exception"] for mine in map(props, result.risks or ()) if "exception" in mine
        ),
        gaps=frozenset(
            (mine["source"], mine["account"], mine.get("region", ""), mine["gap"])
            for mine in map(props, result.risks or ())
            if "gap" in mine
        ),
    )


#: What pages with a table that is read say.
_TABLES = (
    "Items of",
    "Failing resource",
    "Contemporaneous",
    "Missing evidence",
    "Appendix A",
    "Appendix E",
    "No item of evidence",
)


def read_pdf(package: Path) -> Figures:
    """``report.pdf``: text by pypdf, tables by where pdfplumber sees their words."""
    import pdfplumber
    import pypdf

    texts = [page.extract_text() for page in pypdf.PdfReader(package / "report.pdf").pages]
    text = "\n".join(texts)
    with pdfplumber.open(package / "report.pdf") as pdf:
        # Where words stand takes long to find out: only on pages with a table that is read.
        pages = [
            _lines(page.extract_words())
            for page, said in zip(pdf.pages, texts, strict=True)
            if any(mark in said for mark in _TABLES)
        ]
    lines = [line for page in pages for line in page]
    plain = [line.text for line in lines]
    executive = text[text.index("Executive summary") :]
    return Figures(
        interim=all("INTERIM" in said for said in texts),
        score=_after(executive, "Compliance score"),
        coverage=_after(executive, "Coverage"),
        counts={
            status: int(_found(rf"(?<![\w-]){words} (\d[\d,]*)", executive).replace(",", ""))
            for status, words in zip(
                STATUSES,
                ("Compliant", "Non-compliant", "Inconclusive", "Not applicable"),
                strict=True,
            )
        },
        controls=dict(_pdf_controls(plain)),
        failing=frozenset(_pdf_failing(pages)),
        evidence=dict(_pdf_evidence(plain)),
        receipts=Counter(_pdf_receipts(plain)),
        exceptions=frozenset(_pdf_exceptions(pages)),
        gaps=frozenset(_pdf_gaps(pages)),
        missing=_found(r"Missing evidence\s+(None|[\d,]+ (?:place|control)s?)\s", executive),
    )


@dataclass(frozen=True)
class _Line:
    """Words of one height on a page, from left to right: (left edge, word)."""

    top: float
    words: tuple[tuple[float, str], ...]

    @property
    def text(self) -> str:
        return " ".join(word for _, word in self.words)


def _lines(words: Iterable[Mapping[str, Any]]) -> list[_Line]:
    rows: list[tuple[float, list[tuple[float, str]]]] = []
    for word in sorted(words, key=lambda one: (one["top"], one["x0"])):
        # Words of one line may differ by a point or two.
        if not rows or word["top"] - rows[-1][0] > 2.5:
            rows.append((word["top"], []))
        rows[-1][1].append((word["x0"], word["text"]))
    return [_Line(top, tuple(sorted(found))) for top, found in rows]


#: Lines of one cell are nearer to each other than rows are, in points.
_SAME_ROW = 12.5


def _table(pages: Iterable[list[_Line]], *heads: str) -> Iterator[tuple[str, ...]]:
    """The cells of every table whose columns begin so, row by row, over all its pages.

    A cell's lines are joined with spaces. What stands to the right of the last of ``heads`` is
    part of its cell.
    """
    for lines in pages:
        edges: list[float] = []
        row: list[list[str]] = []
        last = 0.0
        for line in lines:
            begun = _edges(line, heads)
            at = line.words[0][0]
            over = bool(edges) and at < edges[0] - 1
            new = bool(edges) and at < edges[0] + 1 and line.top - last > _SAME_ROW
            if row and (begun or over or new):
                yield from _cells(row)
                row = []
            last = line.top
            if begun or over:
                edges = begun
            elif edges:
                row = row or [[] for _ in heads]
                for x, word in line.words:
                    row[max(n for n, edge in enumerate(edges) if x >= edge - 1)].append(word)
        if row:
            yield from _cells(row)


def _cells(row: list[list[str]]) -> Iterator[tuple[str, ...]]:
    """A row; none where its first cell is empty: that is the head's second line."""
    if row[0]:
        yield tuple(" ".join(cell) for cell in row)


def _edges(line: _Line, heads: tuple[str, ...]) -> list[float]:
    """Where the columns begin, if the line is the table's head; else nothing."""
    wanted = " ".join(heads)
    if not f"{line.text} ".startswith(f"{wanted} "):
        return []
    edges, at = [], 0
    for head in heads:
        edges.append(line.words[at][0])
        at += len(head.split())
    return edges


def _after(text: str, label: str) -> str:
    """The percentage that stands below a label."""
    return _found(rf"{label}\s+(\d+\.\d\d %|-)\s", text)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"no {pattern!r}"
    return found[1]


_STATUS_WORDS = "Compliant|Non-compliant|Inconclusive|Not applicable"
_RECEIPT_WORDS = (
    "Complete, empty|Complete empty|Complete|Partial|Denied|Not enabled|Beyond reach|Expired|Failed"
    "|Excluded|Not collected|Not asked"
)


def _pdf_controls(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """From the list of each set's controls: id, title, status, resources, evidence, page."""
    for line in lines:
        row = re.fullmatch(rf"(\S+) .*?({_STATUS_WORDS}) [\d,]+ ([\d,]+|-) \d+", line)
        if row:
            yield row[1], code(row[2])


def _pdf_failing(pages: list[list[_Line]]) -> Iterator[str]:
    """The first column of every table of failing resources; long names go on over lines."""
    for name, _ in _table(pages, "Failing resource", "Account"):
        yield name.replace(" ", "").removesuffix("(excused)")


def _pdf_evidence(lines: list[str]) -> Iterator[tuple[str, int]]:
    heads = [n for n, line in enumerate(lines) if line.startswith("Source Items Contemp")]
    if not heads:
        assert "No item of evidence was collected." in lines
        return
    for line in lines[heads[0] + 1 :]:
        row = re.fullmatch(rf"({'|'.join(_SOURCES)}) ([\d,]+) [\d,]+ [\d,]+ [\d,]+", line)
        if not row:
            return
        yield source_of(row[1]), int(row[2].replace(",", ""))


def _pdf_receipts(lines: Iterable[str]) -> Iterator[ReceiptOf]:
    pattern = (
        rf"\d+ ({'|'.join(_SOURCES)}) (\d{{12}}|organization)(?: ([a-z]{{2}}-[a-z-]+-\d))? "
        rf"({_RECEIPT_WORDS})\b.*"
    )
    for line in lines:
        row = re.fullmatch(pattern, line)
        if row:
            yield source_of(row[1]), row[2], row[3] or "", code(row[4])


def _pdf_gaps(pages: list[list[_Line]]) -> Iterator[ReceiptOf]:
    for source, status, where, _ in _table(pages, "Source", "Ended as", "Where", "What happened"):
        account, _, region = where.partition(" ")
        yield source_of(source), account, region, code(status)


def _pdf_exceptions(pages: list[list[_Line]]) -> Iterator[str]:
    for name, register, _ in _table(pages, "Id", "Register", "About"):
        if register == "Exceptions":
            yield name


def read_html(package: Path) -> Figures:
    """``report.html`` as a browser without a network shows it, by what a person sees."""
    with chromium() as driver:
        driver.get((package / "report.html").absolute().as_uri())
        seen = driver.execute_script(_LOOK)
    assert not seen["asked"], f"the page asked the network: {seen['asked']}"
    controls = {one["id"]: code(one["status"]) for one in seen["controls"]}
    legend = {}
    for item in seen["legend"]:
        number, _, words = item.strip().partition(" ")
        legend[code(words)] = int(number.replace(",", ""))
    return Figures(
        interim="INTERIM" in seen["badge"],
        score=seen["figures"]["Compliance score"],
        coverage=seen["figures"]["Coverage"],
        counts=legend,
        controls=controls,
        failing=frozenset(seen["failing"]),
        evidence={source_of(name): int(n.replace(",", "")) for name, n in seen["evidence"]},
        receipts=Counter(
            (source_of(name), account, region, code(status))
            for name, account, region, status in seen["receipts"]
        ),
        exceptions=frozenset(
            name for name, register in seen["registers"] if register == "Exceptions"
        ),
        gaps=frozenset(
            (source_of(name), account, region, code(status))
            for name, account, region, status in seen["gaps"]
        ),
        missing=seen["figures"]["Missing evidence"],
    )


#: Runs in the page. Texts as they are, whether or not their section is open.
_LOOK = """
const text = (e) => e.textContent.trim().replace(/\\s+/g, ' ');
const all = (selector, from) => [...(from || document).querySelectorAll(selector)];
const cells = (row) => all('th, td', row).map(text);
const table = (section, first) => all(`#${section} table`).find(
  (one) => text(one.querySelector('thead')).startsWith(first));
const rows = (section, first) => {
  const found = table(section, first);
  return found ? all('tbody tr', found) : [];
};
return {
  asked: performance.getEntriesByType('resource').map((e) => e.name)
    .filter((name) => !name.startsWith('data:')),
  badge: all('.badge').map(text).join(' '),
  figures: Object.fromEntries(all('#summary .figure').map(
    (one) => [text(one.querySelector('h3')), text(one.querySelector('.value'))])),
  legend: all('#summary > .legend li').map(text),
  controls: all('details.control').map(
    (one) => ({ id: one.dataset.control, status: text(one.querySelector('summary .label')) })),
  failing: all('details.control table').filter(
    (one) => text(one.querySelector('caption')).startsWith('Failing resources')).flatMap(
    (one) => all('tbody th', one).map((cell) => cell.textContent)),
  evidence: rows('evidence', 'Source').map((row) => cells(row).slice(0, 2)),
  receipts: rows('receipts', 'Source').map((row) => cells(row).slice(0, 4)),
  gaps: rows('missing', 'SourceAccountRegionEnded asWhat happenedControls').map(
    (row) => cells(row).slice(0, 4)),
  registers: rows('decisions', 'Id').map((row) => cells(row).slice(0, 2)),
};
"""
