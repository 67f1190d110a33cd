"""What an assessment reads: snapshots, the newest of each cell, all of one period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from include.assessment.period import Period
from include.assessment.scope import Scope
from include.clock import from_iso
from include.errors import InputError
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.evidence.receipt import Receipt


class Reference(Protocol):
    """What an assessment names a snapshot by."""

    @property
    def uri(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def content_digest(self) -> str: ...
    @property
    def as_of(self) -> str: ...


class Snapshot(Protocol):
    """What an assessment reads of a snapshot; evidence can be streamed several times."""

    @property
    def ref(self) -> Reference: ...
    @property
    def receipt(self) -> Receipt: ...
    @property
    def deployments(self) -> Sequence[Deployment]: ...
    def iter_evidence(self) -> Iterator[Evidence]: ...


def _key(snapshot: Snapshot) -> tuple[str, str, str, str]:
    receipt = snapshot.receipt
    return receipt.source, receipt.account, receipt.region, receipt.selection


_Any = TypeVar("_Any", bound=Snapshot)


def chosen(snapshots: Iterable[_Any], scope: Scope, period: Period) -> list[_Any]:
    """The newest snapshot of each cell in scope, ordered by cell."""
    newest: dict[tuple[str, str, str, str], _Any] = {}
    for snapshot in snapshots:
        receipt = snapshot.receipt
        if receipt.period != period.label:
            raise InputError(
                f"The snapshot {snapshot.ref.uri} is of {receipt.period}, not of {period}.",
                hint="An assessment takes snapshots of its own period only.",
            )
        in_scope = scope.has(receipt.account, receipt.region) and scope.asks(receipt.source)
        if receipt.source != "manual" and not in_scope:
            continue
        there = newest.get(_key(snapshot))
        if there is None or from_iso(there.ref.as_of) < from_iso(snapshot.ref.as_of):
            newest[_key(snapshot)] = snapshot
    return [newest[key] for key in sorted(newest)]
