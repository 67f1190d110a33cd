"""Heads of tables: no word of one is broken, at the widths that the reports ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.reports.pdf.cells import Look
from include.reports.pdf.columns import Column
from include.reports.pdf.document import write_pdf
from include.reports.portfolio.pdf import write_portfolio_pdf
from include.reports.workpapers.pdf import write_workpapers
from tests.include.reports.portfolio.test_portfolio import several
from tests.include.reports.sample import streamed


def broken(look: Look) -> list[str]:
    """Heads whose lines are not the words of the title, but for those that end in a hyphen."""
    return [
        column.title
        for column, lines in zip(look.columns, look.heads, strict=True)
        if "".join(line if line.endswith("-") else f"{line} " for line in lines).split()
        != column.title.replace("-\n", "-").split()
    ]


def test_a_column_too_narrow_for_its_head_takes_from_those_with_room() -> None:
    look = Look([Column("Name", 300), Column("Exceptions", 20, "number"), Column("n", 40)])
    assert broken(look) == []
    assert look.width == pytest.approx(360)
    assert look.columns[0].width < 300


def test_heads_with_room_keep_the_widths_asked_for() -> None:
    wanted = [Column("Name", 300), Column("Non-compliant", 50, "number")]
    look = Look(wanted)
    assert list(look.columns) == wanted
    assert look.heads[1] == ("Non-", "compliant")


def test_where_nothing_can_give_way_a_head_is_broken_rather_than_cut() -> None:
    look = Look([Column("Unanswered", 20), Column("Unanswered", 20)])
    assert look.width == 40
    assert "".join(look.heads[0]) == "Unanswered"


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_pdf(streamed(), path),
        lambda path: write_workpapers(streamed(), path),
        lambda path: write_portfolio_pdf(several(), path),
    ],
    ids=["report", "workpapers", "portfolio"],
)
def test_neither_heads_nor_account_ids_of_a_report_are_broken(
    write: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Look] = []
    start = Look.__init__

    def noted(self: Look, *columns: Any) -> None:
        start(self, *columns)
        seen.append(self)

    monkeypatch.setattr(Look, "__init__", noted)
    write(tmp_path / "r.pdf")
    assert len(seen) > 5
    assert [head for look in seen for head in broken(look)] == []
    kept = [cell for look in seen for column in look._kept for cell in column.items()]
    accounts = [(one, cell.lines) for one, cell in kept if re.fullmatch(r"\d{12}", one)]
    assert accounts
    assert [one for one, lines in accounts if lines != (one,)] == []
    numbers = [
        (column.title, one, cell.lines)
        for look in seen
        for column, cells in zip(look.columns, look._kept, strict=True)
        if column.kind == "number"
        for one, cell in cells.items()
    ]
    assert [n for n in numbers if len(n[2]) > n[1].count("\n") + 1] == []
