"""Counts of a population, set against the receipts and against the result's own figures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from include.assessment.result import Assessment, CellAnswer, CheckResult
from include.checks.check import Check
from include.clock import from_iso
from include.evidence.item import SOURCE_NAMES


@dataclass
class SourceCount:
    """One source in one account: from the items of its receipts to the answers in the population.

    ``items`` are the receipts', ``rows`` those of the evidence table: both must be equal. Of the
    rows, ``elsewhere`` speak to no check of this framework, ``gone`` are about resources that were
    not there at the period's end, ``current`` speak of today only, ``silent`` judge nothing (not
    applicable, configurations and events). ``spoke`` is what remains. ``answers`` are the pairs
    of a check and a resource on which the source has a word in the population.
    """

    source: str
    account: str
    items: int = 0
    rows: int = 0
    elsewhere: int = 0
    gone: int = 0
    current: int = 0
    silent: int = 0
    answers: int = 0

    @property
    def spoke(self) -> int:
        """Rows that say something of a check at the period's end."""
        return self.rows - self.elsewhere - self.gone - self.current - self.silent

    @property
    def difference(self) -> int:
        """Rows that the receipts don't tell of, or lack (negative)."""
        return self.rows - self.items


@dataclass(frozen=True)
class CellCount:
    """One check in one cell: the result's figures, and as many rows as the population has.

    ``rows`` of evidence were read for it; they become fewer resources where several rows are
    about one, or judge nothing.
    """

    check: str
    account: str
    region: str
    rows: int
    passing: int
    failing: int
    unanswered: int
    gone: int
    listed: int

    @property
    def resources(self) -> int:
        """What the result counts."""
        return self.passing + self.failing + self.unanswered

    @property
    def difference(self) -> int:
        """Rows of the population that the result doesn't count, or lacks (negative)."""
        return self.listed - self.resources


def count_sources(
    assessment: Assessment,
    catalogue: Mapping[str, Check],
    evidence: Iterable[pa.Table],
    population: Iterable[pa.Table],
) -> list[SourceCount]:
    """One for each source and account of the receipts, and of whatever rows there are beside."""
    found: dict[tuple[str, str], SourceCount] = {}

    def of(source: str, account: str) -> SourceCount:
        return found.setdefault((source, account), SourceCount(source, account))

    for line in assessment.receipts:
        of(line.source, line.account).items += line.items
    asked = _asked(assessment, catalogue)
    # While a period runs, what speaks of today speaks of it.
    past = from_iso(assessment.as_of) >= from_iso(assessment.period_end)
    for table in evidence:
        _count_rows(table, asked, of, past)
    for (account, sources), n in _sums(population, ["account", "sources"]).items():
        for said in sources.split():
            of(said.partition("=")[0], account).answers += n
    order = {source: n for n, source in enumerate(SOURCE_NAMES)}
    return sorted(
        found.values(), key=lambda one: (order.get(one.source, len(order)), one.source, one.account)
    )


def count_cells(assessment: Assessment, population: Iterable[pa.Table]) -> Iterator[CellCount]:
    """One for each check that judges and each of its cells, in the result's order."""
    listed = _sums(population, ["check", "account", "region"])
    for check in assessment.checks:
        if check.judges:
            for cell in check.cells:
                yield _cell_count(check, cell, listed)


def _cell_count(
    check: CheckResult, cell: CellAnswer, listed: Mapping[tuple[str, ...], int]
) -> CellCount:
    return CellCount(
        check=check.id,
        account=cell.account,
        region=cell.region,
        rows=cell.evidence,
        passing=cell.passing,
        failing=len(cell.failing),
        unanswered=len(cell.unanswered),
        gone=len(cell.gone),
        listed=listed.get((check.id, cell.account, cell.region), 0),
    )


def _asked(
    assessment: Assessment, catalogue: Mapping[str, Check]
) -> dict[tuple[str, str], Collection[str]]:
    """Which (source, keyword) the framework's checks ask, and in which ways."""
    out: dict[tuple[str, str], set[str]] = {}
    for result in assessment.checks:
        check = catalogue.get(result.id)
        for source in check.sources if check else ():
            for keyword in source.all_keywords:
                out.setdefault((source.source, keyword), set()).add(
                    source.answers if source.judges else "evidence_only"
                )
    return dict(out)


_COLUMNS = ["source", "account", "keyword", "in_population", "known", "result"]


def _count_rows(
    table: pa.Table,
    asked: Mapping[tuple[str, str], Collection[str]],
    of: Callable[[str, str], SourceCount],
    past: bool,
) -> None:
    counted = _sums([table], _COLUMNS)
    for (source, account, keyword, there, known, result), n in counted.items():
        one = of(source, account)
        one.rows += n
        ways = asked.get((source, keyword))
        if ways is None and source != "manual":
            one.elsewhere += n
        elif there != "true":
            one.gone += n
        elif past and known == "CURRENT_ONLY":
            one.current += n
        elif (
            ways is None
            or set(ways) == {"evidence_only"}
            or (set(ways) <= {"verdict", "evidence_only"} and result in ("NONE", "NOT_APPLICABLE"))
        ):
            one.silent += n


def _sums(tables: Iterable[pa.Table], names: list[str]) -> dict[tuple[str, ...], int]:
    """How many rows have each combination of values, as text."""
    out: dict[tuple[str, ...], int] = {}
    for table in tables:
        if not table.num_rows:
            continue
        plain = pa.table({name: pc.cast(table[name], pa.string()) for name in names})
        counted = plain.group_by(names, use_threads=False).aggregate([([], "count_all")])
        values = [counted[name].to_pylist() for name in (*names, "count_all")]
        for *key, n in zip(*values, strict=True):
            out[tuple(key)] = out.get(tuple(key), 0) + n
    return out
