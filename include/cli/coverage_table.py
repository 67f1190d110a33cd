"""Coverage on the terminal: frameworks first, then what adds most, then the details."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from include.coverage.gains import Gain, moves, singles
from include.coverage.pack import MOST_IN_REGION
from include.coverage.rows import Row, rows, words_of
from include.evidence.item import SOURCE_NAMES

if TYPE_CHECKING:
    from include.coverage.coverage import Coverage
    from include.coverage.pack import Pack, Packs

_MOVES, _SINGLES = 8, 5
#: Places, or rules, named one by one in a line.
_NAMED = 3


def show(console: Console, coverage: Coverage, *, details: bool) -> None:
    """The summary, and with ``details`` everything that is missing."""
    scope = coverage.found.scope
    console.print(
        f"Coverage as of {coverage.found.as_of[:16].replace('T', ' ')} UTC: "
        f"{_count(len(scope.accounts), 'account')}, {_count(len(scope.regions), 'region')}\n"
    )
    _frameworks(console, coverage)
    _gains(console, "What enabling would add", moves(coverage)[:_MOVES])
    _gains(console, "Single rules and controls that add most", singles(coverage)[:_SINGLES])
    _unknown(console, coverage)
    if details:
        found = list(rows(coverage))
        _places(console, coverage)
        _controls(console, coverage)
        _otherwise(console, found)
        _missing(console, [row for row in found if coverage.checks[row.check].decides])


def _table(*columns: str, right: Iterable[str] = (), whole: Iterable[str] = ()) -> Table:
    """``right``: columns of numbers; ``whole``: columns of ids, which a line must not cut."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        justify = "right" if name in right else "left"
        table.add_column(
            name,
            justify=justify,  # type: ignore[arg-type]
            overflow="fold",
            no_wrap=name in whole,
        )
    return table


def _frameworks(console: Console, coverage: Coverage) -> None:
    numbers = ("all", "now", "partly", "not", "people", "possible")
    console.print("Controls that a run could decide", style="bold")
    table = _table("framework", *numbers, right=numbers)
    for one in coverage.frameworks:
        table.add_row(
            one.id,
            str(len(one.controls)),
            Text(str(one.count("now")), style="green"),
            str(one.count("partly")),
            str(one.count("not")),
            str(one.count("people")),
            str(one.after),
        )
    console.print(table)
    console.print(
        "now: every required check would be answered everywhere; people: only evidence that "
        "people provide decides; possible: now, once everything that is missing is enabled",
        style="dim",
    )


def _gains(console: Console, title: str, gains: Sequence[Gain]) -> None:
    if not gains:
        return
    console.print(f"\n{title}", style="bold")
    table = _table("controls", "nearer", "places", "", right=("controls", "nearer", "places"))
    for gain in gains:
        table.add_row(f"+{gain.added}", str(gain.helps), str(gain.places), Text(gain.said))
    console.print(table)


def _unknown(console: Console, coverage: Coverage) -> None:
    if not coverage.unknown:
        return
    console.print("\nNot known; nothing counts as covered there", style="bold red")
    for place in coverage.unknown:
        why = f"{place.missing_permission} is missing" if place.missing_permission else place.said
        line = f"{SOURCE_NAMES[place.source]} in {place.account} {place.region}: "
        console.print(Text(f"{line}{place.standing}, {why}"), soft_wrap=True)


def _places(console: Console, coverage: Coverage) -> None:
    console.print("\nPlaces: checks ready, of those asked", style="bold")
    sources = list(dict.fromkeys(place.source for place in coverage.found.places))
    titles = (SOURCE_NAMES[s].split(maxsplit=1)[-1] for s in sources)
    table = _table("account", "region", *titles, whole=("account", "region"))
    said: dict[str, list[str]] = defaultdict(list)
    for account in coverage.found.scope.accounts:
        for region in coverage.found.scope.regions:
            cells = []
            for source in sources:
                place = coverage.found.place(source, account, region)
                tally = coverage.tallies.get((source, account, region))
                number = f"{tally.ready}/{tally.asked}" if tally else "-"
                standing = "COMPLETE" if place is None else place.standing
                cells.append(
                    number if standing == "COMPLETE" else standing.lower().replace("_", " ")
                )
                if place is not None and place.said and not place.unknown:
                    said[f"{SOURCE_NAMES[source]}: {place.said}"].append(f"{account} {region}")
                if place is not None and place.hub is not None:
                    names = ", ".join(place.hub.standards) or "none"
                    said[f"Security Hub standards: {names}"].append(f"{account} {region}")
            table.add_row(account, region, *cells)
    console.print(table)
    for what, where in said.items():
        console.print(Text(f"{what} ({_listed(where)})"))


def _controls(console: Console, coverage: Coverage) -> None:
    open_ = [c for c in coverage.controls() if c.decidable in ("partly", "not")]
    if not open_:
        return
    console.print("\nControls that can't be decided", style="bold")
    table = _table("framework", "control", "", "lacks an answer to")
    for control in open_:
        table.add_row(control.framework, control.id, control.decidable, _listed(control.lacking))
    console.print(table)


def _otherwise(console: Console, found: Sequence[Row]) -> None:
    """What is deployed, but doesn't answer in full."""
    wrong = [
        row
        for row in found
        if row.state
        in ("weaker", "stricter", "narrowed", "other", "not_recorded", "waiting", "stale")
    ]
    if not wrong:
        return
    console.print("\nDeployed, but not as asked", style="bold")
    table = _table("rule or control", "wanted", "deployed", "", "where")
    grouped: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for row in wrong:
        key = (row.keyword, row.wanted, row.deployed, words_of(row.state))
        grouped[key].append(f"{row.account} {row.region}")
    for key, where in grouped.items():
        table.add_row(*key, _listed(where))
    console.print(table)


def _missing(console: Console, found: Sequence[Row]) -> None:
    """What would have to be done, as far as a check stays open without it."""
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in found:
        if not row.decided and row.to_do:
            grouped[row.source, row.to_do].append(f"{row.account} {row.region}")
    if not grouped:
        return
    console.print("\nMissing, for checks that nobody else answers", style="bold")
    table = _table("source", "to do", "where")
    for (source, what), where in sorted(grouped.items()):
        table.add_row(SOURCE_NAMES[source], Text(what), _listed(list(dict.fromkeys(where))))
    console.print(table)


def show_packs(
    console: Console, coverage: Coverage, packs: Packs, files: Mapping[str, Pack]
) -> None:
    """Which templates were written, where to deploy them, and what is not in them."""
    if not files:
        console.print("\nNo Config rule is missing: no conformance pack was written.")
    else:
        console.print("\nConformance packs written", style="bold")
        table = _table("file", "rules", "bytes", "deploy in", right=("rules", "bytes"))
        for name, pack in files.items():
            table.add_row(
                Text(name), str(len(pack.rules)), str(pack.bytes), ", ".join(pack.regions)
            )
        console.print(table)
    for name, pack in files.items():
        for parameter, what in pack.undecided.items():
            console.print(Text(f"{name} asks for {parameter} ({what})"), soft_wrap=True)
    for rule, why in packs.left_out.items():
        console.print(Text(f"Left out: {rule}; {why}"), soft_wrap=True)
    if packs.answered:
        console.print(
            f"Left out: {_count(len(packs.answered), 'rule')} whose checks another source answers; "
            "--all writes them, too"
        )
    if packs.shown:
        console.print(
            f"Left out: {_count(len(packs.shown), 'rule')} whose checks are only shown and decide "
            "nothing; --all writes them, too"
        )
    _say_limits(console, coverage, files.values())


def _say_limits(console: Console, coverage: Coverage, packs: Iterable[Pack]) -> None:
    written = list(packs)
    for place in coverage.found.places:
        if place.source != "aws_config":
            continue
        added = sum(len(pack.rules) for pack in written if place.region in pack.regions)
        if added and len(place.deployments) + added > MOST_IN_REGION:
            console.print(
                f"{place.account} {place.region} would have {len(place.deployments) + added} "
                f"rules; AWS allows {MOST_IN_REGION} in an account and region",
                style="red",
            )


def _listed(parts: Sequence[str]) -> str:
    parts = list(dict.fromkeys(parts))
    more = len(parts) - _NAMED
    return ", ".join(parts[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")
