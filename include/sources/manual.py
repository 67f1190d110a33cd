"""Manual evidence: files that people handed in, by the date from which on they hold.

It counts for a control only once a reviewer accepted it (see include/assessment/registers.py);
what was replaced by a newer revision, or no longer holds at the period's end, is shown beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.evidence.cell import Cell
from include.evidence.item import Evidence, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.settings import load_settings
from include.sources.base import AskedForAll, known_as
from include.sources.manual_records import Standing, of_period
from include.sources.manual_shelf import OnShelf, Shelf, pieces_of, read_shelf

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

#: Names that a receipt tells one by one.
_TOLD = 10


class Manual(AskedForAll):
    """Collects what was handed in for the whole organisation: one cell, in the home region."""

    name: SourceName = "manual"
    service = "s3"
    #: Evidence of a past period may be handed in late.
    settled = False

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """Reading the bucket, with Airflow's own role."""
        return frozenset({"kms:Decrypt", "s3:GetObject", "s3:ListBucket"})

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """All records, then the items of those that concern the period."""
        settings = load_settings()
        shelf = read_shelf(
            out,
            clients.own.client("s3", settings.home_region),
            settings.manual_bucket,
            settings.manual_evidence.prefix,
            named=settings.manual_evidence.bucket is not None,
        )
        _tell(out, shelf)
        read = {(one.piece.id, one.piece.uri): one for one in shelf.pieces}
        for standing in of_period(pieces_of(shelf), cell.period):
            out.add(_item(cell, standing, read[standing.piece.id, standing.piece.uri]))


def _tell(out: SnapshotWriter, shelf: Shelf) -> None:
    """What is on the shelf but is no evidence, and why."""
    if found := len(shelf.pieces) + len(shelf.refused):
        out.count(
            "records of manual evidence",
            found,
            len(shelf.pieces),
            _some("rejected", shelf.refused) if shelf.refused else "",
        )
    if shelf.unclaimed:
        out.note(_some("Files without a record, which are no evidence", shelf.unclaimed) + ".")


def _some(what: str, names: Sequence[str]) -> str:
    more = f"; and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{what}: {'; '.join(names[:_TOLD])}{more}"


def _item(cell: Cell, standing: Standing, read: OnShelf) -> Evidence:
    piece = standing.piece
    attributes = piece.attributes(standing.revision)
    if standing.newer:
        attributes["replaced_by"] = standing.newer
    expired = piece.expired(cell.period)
    return Evidence(
        source="manual",
        keyword=piece.record.control,
        account=piece.record.account or cell.account,
        region=cell.region,
        event_source="s3.amazonaws.com",
        event_name="ManualEvidence",
        resource=piece.id,
        resource_type="Manual::Evidence",
        result="NONE",
        raw_status="EXPIRED" if expired else "REPLACED" if standing.newer else "IN_FORCE",
        # It says itself since when it holds; handed in late, by S3's word, it is reconstructed.
        known=known_as(max(piece.provided_at, piece.stored_at), cell.period),
        source_time=piece.effective,
        collected_at=read.answer.at,
        in_population=not expired and not standing.newer,
        attributes=attributes,
        page=read.page,
    )
