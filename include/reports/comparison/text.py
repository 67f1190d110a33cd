"""A comparison as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Group as Together
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from include.metrics.comparison import KINDS, NAMES, WORSE_KINDS, Comparison, Group
from include.metrics.model import Row
from include.reports.model import source_name, words
from include.reports.visible import visible

#: Shown of each list unless all are asked for.
TOP_CHECKS, TOP_RESOURCES, TOP_CONTROLS, TOP_GAPS = 6, 4, 15, 8

_DIRECTIONS = {"better": "green", "worse": "red"}
_STATUSES = {"COMPLIANT": "green", "NON_COMPLIANT": "red", "INCONCLUSIVE": "yellow"}
_VERDICTS = {
    "worse": ("WORSE", "bold red"),
    "better": ("BETTER", "bold green"),
    "same": ("SAME", "bold"),
}


def told(
    comparison: Comparison, *, everything: bool = False, only_worse: bool = False
) -> Iterator[RenderableType]:
    """The parts of the comparison from the top down; ``everything`` cuts no list short."""
    yield from _top(comparison)
    if comparison.nothing_changed:
        yield Text(_nothing(comparison))
        return
    yield _figures(comparison)
    if len(comparison.accounts) > 1 and not only_worse:
        yield from _accounts(comparison)
    yield from _gaps(comparison, everything, only_worse)
    yield from _controls(comparison, everything, only_worse)
    for kind in KINDS:
        if not only_worse or kind in WORSE_KINDS:
            yield from _findings(comparison, kind, everything)


def _top(comparison: Comparison) -> Iterator[RenderableType]:
    one, two = comparison.before, comparison.now
    yield Text(visible(comparison.framework_title), style="bold")
    yield Text(visible(f"{one['name']} → {two['name']}"))
    for warning in comparison.warnings:
        yield Text("! ", style="bold yellow").append(visible(warning["text"]), style="yellow")
    yield ""
    word, style = _VERDICTS[comparison.verdict]
    yield Text(word, style=style)
    for mark, style, reasons in (
        ("-", "red", comparison.worse),
        ("+", "green", comparison.better),
    ):
        for reason in reasons:
            yield Text(f"{mark} ", style=style).append(reason, style="default")


def _nothing(comparison: Comparison) -> str:
    still = comparison.change["counts"]["still_failing"]
    if not still:
        return "Nothing changed; nothing fails."
    what = "finding that fails is" if still == 1 else "findings that fail are"
    return f"Nothing changed; {still:,} {what} the same."


def _table(*headings: tuple[str, bool]) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0), title_style=""
    )
    for heading, number in headings:
        table.add_column(
            heading, justify="right" if number else "left", overflow="fold", no_wrap=number
        )
    return table


def _whole(table: Table) -> Table:
    """No number and no heading of one is cut, however narrow the terminal."""
    for column in table.columns:
        if column.no_wrap:
            told = (str(cell) for cell in (column.header, *column.cells))
            column.min_width = max(cell_len(line) for cell in told for line in cell.split("\n"))
    return table


def _headed(title: str, *below: RenderableType) -> RenderableType:
    return Together("", Text(title, style="bold"), *below)


def _names(comparison: Comparison) -> tuple[str, str]:
    """What the two are called at the top of a column: their periods, unless they share it."""
    one, two = comparison.before["period"], comparison.now["period"]
    return (one, two) if one != two else ("before", "now")


def _figures(comparison: Comparison) -> RenderableType:
    one, two = _names(comparison)
    table = _table(("", False), (one, True), (two, True), ("change", True), ("", False))
    for row in comparison.figures:
        style = _DIRECTIONS.get(row["direction"], "")
        table.add_row(
            row["label"],
            value_text(row["before"], row["percent"]),
            value_text(row["now"], row["percent"]),
            Text(difference_text(row["difference"], row["percent"]), style=style),
            Text(direction_text(row["direction"]), style=style),
        )
    return Together("", _whole(table))


def _accounts(comparison: Comparison) -> Iterator[RenderableType]:
    one, two = _names(comparison)
    table = _table(
        ("\naccount", True),
        (f"score\n{one}", True),
        (f"\n{two}", True),
        ("\nchange", True),
        (f"failing\n{one}", True),
        (f"\n{two}", True),
        ("\nchange", True),
    )
    for row in comparison.accounts:
        cells = [row["account"]]
        for name, percent in (("score", True), ("failing", False)):
            pair = row[name]
            cells += [value_text(pair["before"], percent), value_text(pair["now"], percent)]
            cells.append(difference_text(pair["difference"], percent))
        table.add_row(*cells)
    table.columns[0].justify = "left"
    yield _headed("By account", _whole(table))


def _gaps(comparison: Comparison, everything: bool, only_worse: bool) -> Iterator[RenderableType]:
    gaps = comparison.gaps
    for title, rows, style in (
        ("Evidence missing now and not before", gaps["new"], "red"),
        ("Evidence missing no more", [] if only_worse else gaps["closed"], "green"),
    ):
        if rows:
            shown = rows if everything else rows[:TOP_GAPS]
            lines = [Text(f"  {visible(gap_text(row))}", style=style) for row in shown]
            yield _headed(f"{title}: {len(rows)}", *lines, *_more(rows, shown, ""))


def gap_text(row: Row) -> str:
    """A place where evidence is missing, and for how many controls."""
    place = " ".join(filter(None, (source_name(row["source"]), row["account"], row["region"])))
    by_decision = "" if row["blocking"] else ", by a decision"
    n = row["controls"]
    return f"{place}: {words(row['status'])}{by_decision} ({n} control{'' if n == 1 else 's'})"


def _controls(
    comparison: Comparison, everything: bool, only_worse: bool
) -> Iterator[RenderableType]:
    rows = [r for r in comparison.controls if not only_worse or r["direction"] == "worse"]
    if not rows:
        return
    rows.sort(key=lambda row: ("worse", "other", "better").index(row["direction"]))
    shown = rows if everything else rows[:TOP_CONTROLS]
    table = _table(("", False), ("control", False), ("", False), ("before → now", False))
    table.columns[1].no_wrap = True
    table.columns[3].no_wrap = True
    for row in shown:
        style = _DIRECTIONS.get(row["direction"], "")
        table.add_row(
            Text(row["direction"], style=style),
            visible(row["control"]),
            Text(visible(row["title"])),
            Text.assemble(_status(row["before"]), " → ", _status(row["now"])),
        )
    noun = "control" if len(rows) == 1 else "controls"
    yield _headed(f"{len(rows)} {noun} changed", table, *_more(rows, shown, ""))


def _status(code: str | None) -> Text:
    return Text(words(code) if code else "not there", style=_STATUSES.get(code or "", "dim"))


def _findings(comparison: Comparison, kind: str, everything: bool) -> Iterator[RenderableType]:
    groups = comparison.by_check(kind)
    if not groups:
        return
    # What still fails is named by its checks alone: it is the longest list and no news.
    brief = kind == "still_failing" and not everything
    shown = groups if everything else groups[:TOP_CHECKS]
    number = comparison.change["counts"][kind]
    style = {"fixed": "green", "still_failing": ""}.get(kind, "red")
    yield Together(
        "",
        Text.assemble((f"{NAMES[kind]}: {number:,}", f"bold {style}"), f"  {KINDS[kind]}."),
        *(line for group in shown for line in _group(group, everything, brief)),
        *_more(groups, shown, "checks"),
    )


def _group(group: Group, everything: bool, brief: bool) -> Iterator[RenderableType]:
    controls = f"control{'' if len(group.controls) == 1 else 's'} {', '.join(group.controls)}"
    heading = Text.assemble(
        (f"{words(group.severity)}  ", "bold"),
        f"{len(group.items):,}x " if brief else "",
        (visible(group.question), "cyan"),
        f"  ({visible(controls)})" if group.controls else "",
    )
    yield _indented(heading, 2)
    if brief:
        return
    shown = group.items if everything else group.items[:TOP_RESOURCES]
    for row in shown:
        # The name of an account says where it is; so does that of most resources.
        where = " ".join(
            part for part in (row["account"], row["region"]) if part and part not in row["resource"]
        )
        where = "  ".join(filter(None, (where, "excepted" if row["excused"] else "")))
        # On one line however narrow the terminal: a name is there to be copied.
        line = Text(f"    {visible(row['resource'])}", no_wrap=True, overflow="ignore")
        yield line.append(f"  {where}", style="dim") if where else line
    yield from (_indented(one, 2) for one in _more(group.items, shown, ""))


def _indented(what: RenderableType, by: int) -> RenderableType:
    return Padding(what, (0, 0, 0, by), expand=False)


def _more(rows: Any, shown: Any, what: str) -> list[RenderableType]:
    left = len(rows) - len(shown)
    noun = what if left != 1 else what.removesuffix("s")
    said = f"  … and {left:,} more{f' {noun}' if noun else ''}, --all"
    return [Text(said, style="dim")] if left else []


def value_text(value: float | None, percent: bool) -> str:
    """A figure, or a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.2f} %" if percent else f"{value:,}"


def difference_text(value: float | None, percent: bool) -> str:
    """A difference with its sign; one of percentages is in points."""
    if value is None:
        return "-"
    if not value:
        return "="
    return f"{value:+.2f}" if percent else f"{value:+,}"


def direction_text(direction: str) -> str:
    """A direction in words, nothing for a figure that didn't change."""
    return direction if direction in _DIRECTIONS else ""
