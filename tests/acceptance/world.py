"""One local AWS for the whole suite: an account with much, one with one thing, one with nothing."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from include.assessment.period import Period, parse_period
from include.aws import sessions
from include.aws.rates import Limiters
from include.aws.retrying import Retrying
from include.aws.sessions import RetryPolicy, SessionFactory
from include.checks.catalogue import load_catalogue
from include.checks.check import Check, CheckSource
from include.clock import from_iso
from include.evidence.snapshot import LoadedSnapshot, SnapshotRef
from include.evidence.store import SnapshotStore
from include.local_aws.estate.make import make_estate
from include.sources import accounts_of
from include.sources.collect import CellsIncomplete, collect_account
from tests.acceptance.kits import BUCKET, KITS, Kit
from tests.local_stack import LocalAws, local_aws

_numbers = count()

#: A check that a user keeps of records which a script drops: the catalogue itself has none.
OF_RECORDS = Check(
    id="backups-were-tested",
    question="Were backups tested?",
    about="A backup that was never read back may be none.",
    remedy="Read one back.",
    resource_type="AWS::S3::Bucket",
    locality="region",
    severity="LOW",
    sources=(CheckSource(source="custom", keyword="backup-restored", answers="verdict"),),
)


@dataclass
class World:
    """The server and what is in it; ``region`` is the only one."""

    aws: LocalAws
    database: Path
    clock: datetime
    store: SnapshotStore = field(init=False)
    _undisturbed: dict[str, Collected] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = SnapshotStore(BUCKET, self.aws.client("s3", config=RetryPolicy().config()))

    @property
    def plain(self) -> str:
        return self.aws.accounts[0]

    @property
    def much(self) -> str:
        return self.aws.accounts[1]

    @property
    def nothing(self) -> str:
        return self.aws.accounts[2]

    @property
    def one(self) -> str:
        return self.aws.accounts[3]

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)

    def empty_store(self) -> SnapshotStore:
        """A place where nothing was ever collected."""
        return SnapshotStore(BUCKET, self.store.s3, prefix=f"snapshots-{next(_numbers)}")

    def collect(
        self,
        source: str,
        account: str,
        period: Period | str = "2026-10",
        *,
        store: SnapshotStore | None = None,
        refresh: bool = False,
    ) -> Collected:
        """One cell, as the DAG collects it."""
        period = parse_period(period) if isinstance(period, str) else period
        place = accounts_of(source, [account])[0]
        store = store or self.empty_store()
        problem = ""
        try:
            with (
                environment(
                    {**_credentials(self.aws), **KITS[source].environment(self.aws, account)}
                ),
                hurried(),
            ):
                [ref] = collect_account(
                    source,
                    place,
                    regions=self.aws.regions[:1],
                    period=period,
                    checks=[*load_catalogue().values(), OF_RECORDS],
                    sessions=impatient(),
                    store=store,
                    refresh=refresh,
                )
        except CellsIncomplete as incomplete:
            [ref] = incomplete.refs
            problem = str(incomplete)
        return Collected(ref, store, problem)

    def undisturbed(self, source: str) -> Collected:
        """The account with much, collected while nothing went wrong; once per source."""
        if source not in self._undisturbed:
            self._undisturbed[source] = self.collect(source, self.much)
            assert self._undisturbed[source].ref.status == "COMPLETE"
        return self._undisturbed[source]


@dataclass(frozen=True)
class Collected:
    """What a collection left behind; ``problem`` is what it complained of ('' if nothing)."""

    ref: SnapshotRef
    store: SnapshotStore
    problem: str

    @property
    def snapshot(self) -> LoadedSnapshot:
        return self.store.load(self.ref)

    @property
    def digest(self) -> str:
        return self.ref.content_digest


def impatient() -> SessionFactory:
    """Sessions that know no rates yet, and that give up soon: the server here throttles nobody."""
    return SessionFactory(
        "ComplianceAuditRole",
        retry=RetryPolicy(attempts=6, refusals=2_000, seconds=300),
        limiters=Limiters(documented={}),
    )


@contextlib.contextmanager
def open_world(
    folder: Path,
    *,
    clock: str = "2026-11-01T06:00:00Z",
    months: int = 4,
    resources: int = 40,
    kits: Mapping[str, Kit] = KITS,
) -> Iterator[World]:
    """Make the estate, let every kit prepare its accounts, and serve it."""
    shape = {"seed": 7, "accounts": 4, "regions": 1, "resources": resources, "months": months}
    make_estate(folder, **shape, clock=from_iso(clock))
    with contextlib.closing(sqlite3.connect(folder / "estate.sqlite")) as connection:
        accounts = [r[0] for r in connection.execute("SELECT id FROM accounts ORDER BY rowid")]
        for kit in kits.values():
            kit.much(connection, accounts[1])
            kit.nothing(connection, accounts[2])
            kit.one(connection, accounts[3])
        connection.commit()
    with local_aws(folder, **shape, clock=clock) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        for kit in kits.values():
            kit.serve(aws)
        yield World(aws, folder / "estate.sqlite", from_iso(clock))


def _credentials(aws: LocalAws) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": aws.accounts[0],
        "AWS_SECRET_ACCESS_KEY": "local",
    }


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """Waiting is what the client does between attempts: as often, but not as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "Retrying", partial(Retrying, sleep=lambda s: time.sleep(s / 50)))
        yield


@contextlib.contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables, for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield
