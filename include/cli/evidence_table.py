"""Manual evidence as a table: what was handed in, what was decided on it, what expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from include.assessment.period import Period
from include.assessment.registers import Acceptance
from include.sources.manual_records import Piece, Standing, of_period, revisions


@dataclass(frozen=True)
class Row:
    """One piece among its revisions, and the decisions on it in the register's order."""

    standing: Standing
    decisions: tuple[Acceptance, ...]

    def state(self, period: Period | None) -> str:
        """In words, for one period or for all of them."""
        piece = self.standing.piece
        if period is not None and piece.expired(period):
            return "expired"
        if self.standing.newer:
            return f"replaced by {self.standing.newer}"
        last = {d.period: d.decision for d in self.decisions}
        if period is not None:
            return last.get(period.label, "not reviewed")
        told = [f"{decision} for {label}" for label, decision in sorted(last.items())]
        return ", ".join(told) or "not reviewed"


def rows_of(pieces: Sequence[Piece], decisions: Sequence[Acceptance]) -> list[Row]:
    """A row for each piece, by control and title, revisions in order."""
    return [_row(standing, decisions) for standing in revisions(pieces)]


def of(rows: Sequence[Row], period: Period) -> list[Row]:
    """The rows that concern a period; a revision for a later one replaces none of this one."""
    decisions = {row.standing.piece.id: row.decisions for row in rows}
    pieces = [row.standing.piece for row in rows]
    return [Row(one, decisions[one.piece.id]) for one in of_period(pieces, period)]


def expiring_within(rows: Sequence[Row], span: timedelta, today: date) -> list[Row]:
    """The newest revisions that have expired, or will within ``span``; soonest first."""
    found = [
        row
        for row in rows
        if not row.standing.newer
        and row.standing.piece.record.expires is not None
        and row.standing.piece.record.expires <= today + span
    ]
    return sorted(
        found, key=lambda row: (str(row.standing.piece.record.expires), row.standing.piece.id)
    )


def as_json_values(rows: Sequence[Row], period: Period | None) -> list[dict[str, Any]]:
    """The rows as JSON values."""
    return [
        {
            "control": row.standing.piece.record.control,
            **row.standing.piece.attributes(row.standing.revision),
            "state": row.state(period),
        }
        for row in rows
    ]


def print_rows(rows: Sequence[Row], period: Period | None) -> None:
    """The rows on the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not rows:
        where = f" for {period}" if period else ""
        console.print(f"There is no manual evidence{where}.")
        return
    table = Table("id", "control", "title", "rev.", "effective", "expires", "provided by", "state")
    for column in table.columns:
        column.overflow = "fold"
    # The other commands ask for ids, and half a date is none.
    for number in (0, 4, 5):
        table.columns[number].no_wrap = True
        table.columns[number].min_width = 10 if number else len(rows[0].standing.piece.id)
    for row in rows:
        piece, record = row.standing.piece, row.standing.piece.record
        control = f"{record.framework} {record.control}".strip()
        cells = (
            piece.id, control, record.title, str(row.standing.revision), str(record.effective),
            str(record.expires or ""), record.provided_by, row.state(period),
        )  # fmt: skip
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)


def _row(standing: Standing, decisions: Sequence[Acceptance]) -> Row:
    names = {standing.piece.id, standing.piece.sha256}
    return Row(standing, tuple(decision for decision in decisions if decision.evidence in names))
