"""Snapshots: what one cell yielded at one as-of time, written once and read back verified."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore
import pyarrow as pa

from include.aws.exchange import Answer, Traffic
from include.clock import from_iso, iso
from include.digests import canonical_json, digest_of, digest_of_many, plain, sha256
from include.errors import AuditError
from include.evidence.archive import PageArchive, page_number
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.evidence.page_log import PageLog
from include.evidence.receipt import FILLED, Count, FailedCall, Page, Receipt, ReceiptStatus
from include.evidence.sorting import EvidenceSorter
from include.evidence.table import write_tables

#: Version of what a snapshot's files hold and how; those of another version are collected anew.
FORMAT = 2


@dataclass(frozen=True)
class SnapshotRef:
    """What travels between tasks instead of the evidence.

    ``digest`` is over snapshot.json, which holds the digest of every other file;
    ``content_digest`` is equal for equal evidence, deployments and status, whenever collected.
    ``as_of`` is the service's clock at the end of the collection (ISO UTC).
    """

    uri: str
    digest: str
    content_digest: str
    status: ReceiptStatus
    items: int
    as_of: str
    cell: Cell
    format: int = FORMAT

    @property
    def filled(self) -> bool:
        """Whether nothing is left to collect."""
        return self.status in FILLED

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values (fit for XCom)."""
        return {
            "uri": self.uri,
            "digest": self.digest,
            "content_digest": self.content_digest,
            "status": self.status,
            "items": self.items,
            "as_of": self.as_of,
            "cell": self.cell.to_json(),
            "format": self.format,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SnapshotRef:
        """The inverse of :meth:`to_json`."""
        return cls(
            **{**data, "cell": Cell.from_json(data["cell"]), "format": data.get("format", 1)}
        )


def _no_evidence() -> Iterator[Evidence]:
    return iter(())


def _no_pages() -> Iterator[tuple[str, bytes]]:
    return iter(())


def _no_columns(names: Sequence[str]) -> Iterator[pa.Table]:
    return iter(())


def _no_page(number: int) -> bytes:
    raise AuditError(
        f"There is no raw page {number} here.", hint="Read it from the snapshot in the store."
    )


def _no_snapshots() -> Iterator[LoadedSnapshot]:
    return iter(())


@dataclass(frozen=True)
class LoadedSnapshot:
    """A snapshot for reading. Evidence and pages are streamed, from the start at each call."""

    ref: SnapshotRef
    receipt: Receipt
    deployments: tuple[Deployment, ...] = ()
    read_evidence: Callable[[], Iterator[Evidence]] = _no_evidence
    read_pages: Callable[[], Iterator[tuple[str, bytes]]] = _no_pages
    read_page: Callable[[int], bytes] = _no_page
    read_columns: Callable[[Sequence[str]], Iterator[pa.Table]] = _no_columns

    @property
    def cell(self) -> Cell:
        """What was collected."""
        return self.ref.cell

    def iter_evidence(self) -> Iterator[Evidence]:
        """All items, by keyword, deployment, resource and source time."""
        return self.read_evidence()

    def iter_pages(self) -> Iterator[tuple[str, bytes]]:
        """(name, body as received) of every page; names are those in ``Evidence.page``."""
        return self.read_pages()

    def iter_columns(self, names: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns of all items as Arrow tables, in the same order: for counting, which
        needs no objects (names as in :data:`include.evidence.table.SCHEMA`)."""
        return self.read_columns(names)

    def page(self, name: str) -> bytes:
        """One page's body as received, by the name in ``Evidence.page``; only it is fetched."""
        return self.read_page(page_number(name))


@dataclass(frozen=True)
class FinishedSnapshot:
    """A complete snapshot on local disk, ready to be stored."""

    cell: Cell
    status: ReceiptStatus
    items: int
    as_of: str
    content_digest: str
    manifest: bytes
    files: dict[str, Path]


@dataclass
class SnapshotWriter:
    """Takes a cell's pages, evidence and deployments, on local disk until :meth:`finish`.

    Memory doesn't grow with the number of items, and with that of pages by four bytes each: what
    is held is bounded in :mod:`include.evidence.sorting` and by the size of a page. Nothing
    reaches the store before the whole snapshot is there, so that a killed collection leaves
    nothing behind.
    """

    cell: Cell
    caller_arn: str = ""
    endpoint: str = ""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="snapshot-")))

    def __post_init__(self) -> None:
        self._sorter = EvidenceSorter()
        self._archive = PageArchive(self.folder / "pages.zst")
        self._pages = PageLog()
        self._deployments: dict[str, Deployment] = {}
        self.notes: list[str] = []
        #: The service (boto3's name) that was asked last: whom an error came from.
        self.service = ""
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._skew = 0.0
        self._retries = 0
        self._throttles = 0
        self.cut_short = False
        #: Items that came more than once, and were taken once; those found in sorting are added
        #: when it is finished.
        self.duplicates = 0
        self._counts: list[Count] = []
        self._calls = 0
        self._resumed = 0
        self._failed_call: tuple[BaseException, FailedCall] | None = None
        #: Our own snapshots of the same source, account and region that were taken from the
        #: period's end until seven days after it; read anew at each call.
        self.earlier: Callable[[], Iterator[LoadedSnapshot]] = _no_snapshots

    def __enter__(self) -> SnapshotWriter:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove everything from local disk; what was finished has to be stored by then."""
        self._archive.close()
        self._pages.close()
        self._sorter.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def now(self) -> datetime:
        """The service's clock as it was last seen (UTC); the local one before any answer."""
        return self._last or datetime.now(UTC)

    @property
    def items(self) -> int:
        """Items taken so far."""
        return self._sorter.added

    def traffic(self, traffic: Traffic) -> None:
        """Count a call's answer, retries and throttles, whether or not it succeeded."""
        self._calls += 1
        self._resumed += traffic.resumed
        self._retries += traffic.retries
        self._throttles += traffic.throttles
        if at := traffic.last_date:
            self._first = self._first or at
            self._last = at
            if not traffic.resumed:
                # An answer of an earlier attempt says nothing of the local clock now.
                self._skew = (at - datetime.now(UTC)).total_seconds()

    def page(self, answer: Answer, items: int, next_token: str = "") -> str:
        """Keep one answer's body as received; returns the page's name for ``Evidence.page``."""
        name = self._archive.add(answer.body)
        self._pages.add(
            Page(
                number=len(self._archive),
                operation=f"{answer.service}:{answer.operation}",
                request=plain(answer.request),
                request_id=answer.request_id,
                items=items,
                sha256=sha256(answer.body),
                next_token=sha256(next_token.encode()) if next_token else "",
                service_date=iso(answer.at),
            )
        )
        return name

    def add(self, item: Evidence) -> None:
        """Take one item."""
        self._sorter.add(item)

    def deploy(self, deployment: Deployment) -> None:
        """Take one deployment (the same one again replaces the earlier)."""
        self._deployments[f"{deployment.keyword}\n{deployment.arn}"] = deployment

    def note(self, text: str) -> None:
        """Say something in the receipt that a reader has to know."""
        if text not in self.notes:
            self.notes.append(text)

    def count(self, what: str, expected: int, found: int, explanation: str = "") -> None:
        """Compare with an independent count (``expected``), for the receipt.

        A difference that nobody explains makes the cell PARTIAL: something is missing.
        """
        count = Count(what, expected, found, explanation)
        self._counts.append(count)
        if count.unexplained:
            self.stop_short(f"{count}; the difference is not explained.")

    def failed_call(self, error: BaseException, call: FailedCall) -> None:
        """Remember the request that was answered with ``error``, in case that ends the cell."""
        self._failed_call = error, call

    def stop_short(self, why: str) -> None:
        """The listing could not be followed to its end: the cell will be PARTIAL."""
        self.cut_short = True
        self.note(why)

    def finish(
        self,
        status: ReceiptStatus,
        *,
        missing_permission: str = "",
        error: BaseException | None = None,
    ) -> FinishedSnapshot:
        """Close the files and compute the digests. COMPLETE without items is COMPLETE_EMPTY.

        ``error`` is what ended the collection, if something did: its call is in the receipt.
        """
        self._archive.close()
        evidence = hashlib.sha256()

        def digested() -> Iterator[pa.Table]:
            for rows, digests in self._sorter.merged():
                evidence.update(b"".join(digests))
                yield rows

        with (self.folder / "evidence.parquet").open("wb") as file:
            items = write_tables(file, digested())
        self.duplicates += self._sorter.duplicates
        self._sorter.close()
        if self.cut_short and status in ("COMPLETE", "COMPLETE_EMPTY", "BEYOND_REACH"):
            status = "PARTIAL"
        if status in ("COMPLETE", "COMPLETE_EMPTY"):
            status = "COMPLETE" if items else "COMPLETE_EMPTY"
        deployments = sorted(
            (d.to_json() for d in self._deployments.values()),
            key=lambda d: (d["keyword"], d["arn"]),
        )
        receipt = self._receipt(status, items, missing_permission, error)
        (self.folder / "deployments.json").write_bytes(canonical_json(deployments))
        self._pages.write_receipt(receipt, self.folder / "receipt.json")
        content_digest = digest_of(
            {
                "evidence": evidence.hexdigest(),
                "deployments": digest_of_many(digest_of(d) for d in deployments),
                "status": status,
            }
        )
        names = ("deployments.json", "evidence.parquet", "pages.zst", "receipt.json")
        files = {name: self.folder / name for name in names}
        manifest = {
            "format": FORMAT,
            "cell": self.cell.to_json(),
            "status": status,
            "items": items,
            "as_of": receipt.ended,
            "content_digest": content_digest,
            "files": {name: _described(path) for name, path in files.items()},
        }
        return FinishedSnapshot(
            self.cell,
            status,
            items,
            receipt.ended,
            content_digest,
            canonical_json(manifest),
            files,
        )

    def _receipt(
        self,
        status: ReceiptStatus,
        items: int,
        missing_permission: str,
        error: BaseException | None,
    ) -> Receipt:
        met, call = self._failed_call or (None, None)
        return Receipt(
            source=self.cell.source,
            account=self.cell.account,
            region=self.cell.region,
            period=self.cell.period.label,
            selection=self.cell.selection,
            status=status,
            started=iso(self._first or self.now),
            ended=iso(self.now),
            caller_arn=self.caller_arn,
            endpoint=self.endpoint,
            client=f"botocore/{botocore.__version__}",
            clock_skew_seconds=round(self._skew, 1),
            cursor_exhausted=not self.cut_short and status in FILLED,
            items=items,
            retries=self._retries,
            throttles=self._throttles,
            message=" ".join(self.notes),
            missing_permission=missing_permission,
            counts=tuple(self._counts),
            duplicates=self.duplicates,
            calls=self._calls,
            resumed=self._resumed,
            failed_call=call if error is not None and error is met else None,
        )


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "bytes": path.stat().st_size,
        }


def newest(refs: list[SnapshotRef]) -> str:
    """The newest as-of time of some snapshots ('' for none)."""
    return max((ref.as_of for ref in refs), key=from_iso, default="")
