"""Custom evidence: what Systems Manager's nodes comply with, and records dropped by scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.evidence.cell import Cell
from include.evidence.item import SourceName
from include.evidence.snapshot import SnapshotWriter
from include.settings import load_settings
from include.sources.custom_files import collect_files, tell_misplaced
from include.sources.custom_nodes import ACTIONS, collect_nodes

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.check import Check

_NODES, _RECORDS = "nodes", "records"


class Custom:
    """Collects both, or the one that the checks at hand ask for.

    Keywords that begin with ``ssm_`` are compliance types (``ssm_Patch``); all others are those
    of dropped records. The files are read with the account's own clients that keeps them, not
    with the role in the assessed account.
    """

    name: SourceName = "custom"
    service = "ssm"
    #: Scripts may hand in records of a past period later.
    settled = False
    keywords_in = ""

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """``{}`` for both; the one half where no check asks for the other."""
        asked = {
            _NODES if keyword.startswith("ssm_") else _RECORDS
            for check in checks
            for source in check.sources
            if source.source == self.name
            for keyword in source.all_keywords
        }
        return {"only": asked.pop()} if len(asked) == 1 else {}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The same everywhere."""
        return dict(selection)

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """What the role in the assessed account needs; the bucket is read without it."""
        return frozenset() if selection.get("only") == _RECORDS else ACTIONS

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Records first, so that they are kept when Systems Manager refuses."""
        if asked.get("only") != _NODES:
            settings = load_settings()
            s3 = clients.own.client("s3", settings.home_region)
            place = settings.custom_bucket, settings.custom_evidence.prefix
            named = settings.custom_evidence.bucket is not None
            collect_files(cell, out, s3, *place, named=named)
            if cell.region == asked.get("home_region"):
                tell_misplaced(cell, out, s3, *place, named=named)
        if asked.get("only") != _RECORDS:
            collect_nodes(cell, out, clients)
