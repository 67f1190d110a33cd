"""Make an estate: a deterministic world of accounts, written to disk in one stream."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from include.errors import AuditError
from include.local_aws.estate.activity import everyday
from include.local_aws.estate.deployments import Deployed, blind_spot, deployments
from include.local_aws.estate.edges import edges_by_place
from include.local_aws.estate.evaluate import recordings
from include.local_aws.estate.events import Recorder
from include.local_aws.estate.fleet import fill_fleet
from include.local_aws.estate.hub_habits import (
    is_consolidated,
    standard_rows,
    suppression_rows,
    switch_rows,
)
from include.local_aws.estate.licences import fill_licences
from include.local_aws.estate.names import account_ids
from include.local_aws.estate.organisation import UNITS, unit_of
from include.local_aws.estate.outages import Outage, outages_by_place
from include.local_aws.estate.parameters import Parameters, default_clock
from include.local_aws.estate.population import Place
from include.local_aws.estate.store import SCHEMA, Estate
from include.local_aws.estate.story import Story, tell
from include.local_aws.estate.truth import write_truth
from include.local_aws.estate.vulnerabilities import unscanned_rows

DATABASE, TRUTH = "estate.sqlite", "ground_truth.json"
#: Rows per statement: enough for speed, little enough for memory.
BATCH = 2_000
_TEAMS = ("management", "production", "staging", "sandbox", "data", "shared-services", "security")


def make_estate(
    directory: Path,
    *,
    seed: int = 7,
    accounts: int = 3,
    regions: int = 2,
    resources: int = 100,
    months: int = 4,
    clock: datetime | None = None,
    idle_rules: bool = False,
) -> Estate:
    """Write ``estate.sqlite`` and ``ground_truth.json`` into ``directory`` and open the estate.

    ``resources`` counts per account and region, ``months`` is the number of whole months of
    history before the month of ``clock`` (aware; by default 06:00 UTC on the first of the present
    month). ``idle_rules``: with the rules and controls of services that the estate doesn't use.
    Equal parameters give equal content.

    An estate that is already there is used as it is if it was made with the same parameters (a
    clock that is not given is taken from it); otherwise AuditError, as another estate would
    contradict everything that was collected from the first.
    """
    now = (clock or default_clock()).replace(microsecond=0)
    given = Parameters(seed, accounts, regions, resources, months, now, idle_rules)
    database, truth = directory / DATABASE, directory / TRUTH
    if database.exists() and truth.exists():
        _require_same(database, given, any_clock=clock is None)
        return Estate(database)
    directory.mkdir(parents=True, exist_ok=True)
    mark = f".{os.getpid()}.tmp"
    new_database, new_truth = directory / f"{DATABASE}{mark}", directory / f"{TRUTH}{mark}"
    try:
        _write(new_database, new_truth, given)
        # The database comes last: where it is, the estate is whole.
        os.replace(new_truth, truth)
        os.replace(new_database, database)
    except (OSError, sqlite3.Error) as error:
        raise AuditError(
            f"The estate could not be written to {directory}: {error}.",
            hint="Check that the folder can be written to and that the disk is not full.",
        ) from error
    finally:
        for leftover in (new_database, new_truth):
            with suppress(OSError):
                leftover.unlink()
    return Estate(database)


def _require_same(database: Path, given: Parameters, *, any_clock: bool) -> None:
    there = Estate(database).meta("parameters")
    wanted: dict[str, Any] = dict(given.to_json())
    if any_clock:
        wanted["clock"] = there["clock"]
    different = [name for name, value in wanted.items() if there.get(name) != value]
    if different:
        said = ", ".join(f"{name} {there.get(name)}, not {wanted[name]}" for name in different)
        raise AuditError(
            f"{database.parent} holds an estate made with {said}.",
            hint="Use those parameters, or remove the folder, or choose another one.",
        )


def _write(database: Path, truth: Path, given: Parameters) -> None:
    with _building(database) as connection:
        _fill(connection, given)
        with truth.open("w", encoding="utf-8") as out:
            write_truth(connection, given, out)


@contextmanager
def _building(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a new database, which gets its indexes and is committed in the end."""
    database.unlink(missing_ok=True)
    connection = sqlite3.connect(database)
    try:
        # The file gets its name only when it is whole, so nothing has to survive a crash.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -32768")
        for statement in _statements("TABLE"):
            connection.execute(statement)
        connection.execute(
            "CREATE TEMP TABLE planned (check_id TEXT, arn TEXT, from_t INTEGER, to_t INTEGER)"
        )
        yield connection
        connection.commit()
    finally:
        connection.close()


def _statements(what: str) -> list[str]:
    bare = "\n".join(line.split("--")[0] for line in SCHEMA.splitlines())
    return [s.strip() for s in bare.split(";") if s.strip().startswith(f"CREATE {what}")]


class _Table:
    """Collects rows and writes them in batches."""

    def __init__(self, connection: sqlite3.Connection, name: str, columns: int) -> None:
        self._connection = connection
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")][:columns]
        self._sql = f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join('?' * columns)})"
        self._rows: list[Sequence[Any]] = []

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take rows; memory stays bounded."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) >= BATCH:
                self.flush()

    def flush(self) -> None:
        """Write what is left."""
        self._connection.executemany(self._sql, self._rows)
        self._rows.clear()


def _fill(connection: sqlite3.Connection, given: Parameters) -> None:
    ids = account_ids(given.accounts)
    names = [_TEAMS[n] if n < len(_TEAMS) else f"workload-{n}" for n in range(len(ids))]
    connection.executemany(
        "INSERT INTO accounts VALUES (?, ?, ?, ?, ?)",
        [
            (account, name, f"aws-{name}@example.com", given.joined, unit_of(name))
            for account, name in zip(ids, names, strict=True)
        ],
    )
    connection.executemany("INSERT INTO organization_units VALUES (?, ?, ?)", UNITS)
    connection.executemany(
        "INSERT INTO regions VALUES (?, ?)", [(r, i) for i, r in enumerate(given.region_names)]
    )
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        [(key, json.dumps(value)) for key, value in _description(given).items()],
    )
    _fill_places(connection, given, dict(zip(ids, names, strict=True)))
    fill_licences(connection, given)
    fill_fleet(connection, given)
    for statement in _statements("INDEX"):
        if "ON recordings" not in statement:
            connection.execute(statement)
    rows = _Table(connection, "recordings", 9)
    rows.add(recordings(connection, given.region_names[0], given.now, given.boundaries[:-1]))
    rows.flush()
    for statement in _statements("INDEX"):
        if "ON recordings" in statement:
            connection.execute(statement)


def _description(given: Parameters) -> dict[str, Any]:
    return {
        "seed": given.seed,
        "clock": given.now,
        "history_start": given.history_start,
        "parameters": given.to_json(),
        "periods": [period.label for period in given.periods],
    }


def _fill_places(connection: sqlite3.Connection, given: Parameters, names: dict[str, str]) -> None:
    places = [(account, region) for account in names for region in given.region_names]
    blind = blind_spot(given, places)
    edges = edges_by_place(given, places)
    outages = outages_by_place(given, places)
    without = _empty_places(given, places, (blind.account, blind.region))
    resources = _Table(connection, "resources", 8)
    facts = _Table(connection, "facts", 5)
    planned = _Table(connection, "planned", 4)
    events = _Table(connection, "events", 10)
    flaws = _Table(connection, "vulnerabilities", 13)
    deployed = _Table(connection, "deployments", 12)
    unscanned = _Table(connection, "unscanned", 6)
    suppressed = _Table(connection, "suppressions", 8)
    home = given.region_names[0]
    for account, region in places:
        here = edges[account, region]
        recorder = Recorder(
            given.rng("events", account, region), account, given.rng("people", account)
        )
        place = Place(
            account,
            names[account],
            region,
            home=region == home,
            without=without.get((account, region), frozenset()),
            births=here.births,
            deaths=here.deaths,
            outages=outages[account, region],
        )
        lasting: dict[str, str] = {}
        failing: list[tuple[str, str, int]] = []
        unseen = frozenset(
            [blind.check] if (account, region) == (blind.account, blind.region) else []
        )
        for story in tell(given, place, here.changes, unseen):
            r = story.planned.resource
            resources.add(
                [
                    (
                        r.arn,
                        r.type,
                        r.account,
                        r.region,
                        r.resource_id,
                        r.resource_name,
                        r.created,
                        r.deleted,
                    )
                ]
            )
            facts.add(
                (r.arn, prop, json.dumps(value), start, end)
                for prop, value, start, end in story.planned.facts
            )
            planned.add((check, r.arn, a, b) for check, a, b in story.planned.violations)
            events.add(recorder.changes(story.planned, story.values, home))
            flaws.add(_flaw_rows(story))
            unscanned.add(unscanned_rows(given, r))
            failing += [
                (check, r.arn, max(a, given.history_start))
                for check, a, b in story.planned.violations
                if b is None or b > given.history_start
            ]
            if r.created < given.history_start and r.deleted is None:
                lasting.setdefault(r.type, r.resource_id)
        events.add(
            everyday(
                given, recorder, region, home=region == home, management=account == places[0][0]
            )
        )
        rows = list(deployments(given, account, region, blind, lasting))
        deployed.add(row.row() for row in rows)
        suppressed.add(suppression_rows(given, account, region, rows, failing))
        _fill_settings(connection, given, (account, region), outages[account, region], rows)
    for table in (resources, facts, planned, events, flaws, deployed, unscanned, suppressed):
        table.flush()


def _fill_settings(
    connection: sqlite3.Connection,
    given: Parameters,
    place: tuple[str, str],
    outages: Iterable[Outage],
    rows: Iterable[Deployed],
) -> None:
    """What is set up in one place besides the rules themselves; few rows."""
    connection.executemany(
        "INSERT INTO recorder_outages VALUES (?, ?, ?, ?)", [(*place, *span) for span in outages]
    )
    connection.executemany(
        "INSERT INTO standards VALUES (?, ?, ?, ?, ?)", standard_rows(given, *place)
    )
    connection.executemany(
        "INSERT INTO control_switches VALUES (?, ?, ?, ?, ?, ?, ?)",
        switch_rows(given, *place, rows),
    )
    connection.execute(
        "INSERT INTO hub_settings VALUES (?, ?, ?)", (*place, is_consolidated(given, place[1]))
    )


def _flaw_rows(story: Story) -> Iterator[tuple[Any, ...]]:
    r = story.planned.resource
    for flaw in story.flaws:
        yield (
            flaw.arn, r.account, r.region, flaw.resource, "AWS::EC2::Instance", flaw.cve,
            flaw.severity, flaw.score, flaw.title, int(flaw.fix_available), flaw.first, flaw.last,
            flaw.closed,
        )  # fmt: skip


def _empty_places(
    given: Parameters, places: list[tuple[str, str]], blind: tuple[str, str]
) -> dict[tuple[str, str], frozenset[str]]:
    """Places without any database, or without any file system, so that "none" is an answer too."""
    candidates = [place for place in places if place != blind]
    if not candidates:
        return {}
    rng = given.rng("empty places")
    none_of: dict[tuple[str, str], frozenset[str]] = {}
    for kinds in (frozenset({"DBInstance", "DBCluster"}), frozenset({"FileSystem"})):
        place = rng.choice(candidates)
        none_of[place] = none_of.get(place, frozenset()) | kinds
    return none_of
