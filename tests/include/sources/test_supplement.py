"""What was collected for some frameworks is not collected again when others are enabled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.checks.check import Check
from include.evidence.cell import Cell, selection_digest
from include.evidence.snapshot import SnapshotRef
from include.evidence.store import SnapshotStore
from include.sources import SOURCES
from include.sources.collect import collect_account
from include.sources.supplement import Asking, parts_of
from tests.include.sources.conftest import World

ACCOUNT = "222222222222"
PLACE = Cell("cloudtrail", ACCOUNT, "us-east-1", parse_period("2026-10"), "")


def asking(*events: str, **more: Any) -> Asking:
    asked = {"events": sorted(events), **more}
    return replace(PLACE, selection=selection_digest(asked)), asked


@dataclass
class Shelf:
    """As much of the store as matters: which cells there are, and whether they are filled."""

    there: dict[Cell, tuple[dict[str, Any], bool]]

    @classmethod
    def of(cls, *filled: Asking, short: tuple[Asking, ...] = ()) -> Shelf:
        return cls(
            {cell: (asked, True) for cell, asked in filled}
            | {cell: (asked, False) for cell, asked in short}
        )

    def find(self, cell: Cell) -> SnapshotRef | None:
        return self._ref(cell) if cell in self.there else None

    def filled_selections(self, _: Cell) -> list[tuple[SnapshotRef, dict[str, Any]]]:
        cells = sorted(self.there, key=lambda cell: cell.selection)
        return [(self._ref(c), self.there[c][0]) for c in cells if self.there[c][1]]

    def _ref(self, cell: Cell) -> SnapshotRef:
        status = "COMPLETE" if self.there[cell][1] else "PARTIAL"
        return SnapshotRef("", "", "", status, 0, "", cell)  # type: ignore[arg-type]

    def parts(self, wanted: Asking, source: str = "cloudtrail") -> list[Asking]:
        return parts_of(SOURCES[source], *wanted, self)  # type: ignore[arg-type]


A, B, C = "CreateUser", "DeleteUser", "StopLogging"


@pytest.mark.parametrize(
    ("filled", "parts"),
    [
        ([], [asking(A, B, C)]),
        ([asking(A, B, C)], [asking(A, B, C)]),
        ([asking(A, B, C), asking(A), asking(B, C)], [asking(A, B, C)]),
        ([asking(A)], [asking(A), asking(B, C)]),
        ([asking(A, B), asking(C)], [asking(A, B), asking(C)]),
        # Just what is asked, in parts, before something that was asked for more.
        ([asking(A, B, C, "D"), asking(A), asking(B, C)], [asking(B, C), asking(A)]),
        ([asking(A, B, C, "D"), asking(A)], [asking(A, B, C, "D")]),
        ([asking(A, B, C, "D", "E"), asking(A, B, C, "D")], [asking(A, B, C, "D")]),
        # None of it twice, and by those of which that can be said.
        ([asking(A, B), asking(B, C)], None),
        ([asking(A, B), asking(B, C), asking(A)], [asking(B, C), asking(A)]),
        # What has nothing to do with it is of no use.
        ([asking("D"), asking()], [asking(A, B, C)]),
        ([asking(A, "D")], [asking(A, B, C)]),
        ([asking(A, global_region="us-east-1")], [asking(A, B, C)]),
    ],
)
def test_what_lies_there_is_used_and_the_rest_is_asked_for(
    filled: list[Asking], parts: list[Asking] | None
) -> None:
    found = Shelf.of(*filled).parts(asking(A, B, C))
    if parts is None:
        found.sort(key=lambda one: -len(one[1]["events"]))
        assert found in ([asking(A, B), asking(C)], [asking(B, C), asking(A)])
    else:
        assert sorted(found, key=str) == sorted(parts, key=str)


def test_what_was_cut_short_is_of_no_use_to_others() -> None:
    wanted = asking(A, B)
    assert Shelf.of(short=(asking(A), wanted)).parts(wanted) == [wanted]
    # Its own retry asks only for what nobody else has filled meanwhile.
    found = Shelf.of(asking(A), short=(wanted,)).parts(wanted)
    assert sorted(found, key=str) == sorted([asking(A), asking(B)], key=str)


@pytest.mark.parametrize("source", ["aws_config", "security_hub", "manual", "custom"])
def test_a_source_that_is_asked_for_all_or_always_has_one_cell(source: str) -> None:
    cell = replace(PLACE, source=source, selection=selection_digest({}))
    assert parts_of(SOURCES[source], cell, {}, None) == [(cell, {})]  # type: ignore[arg-type]


events = st.frozensets(st.sampled_from("ABCDEFG"), min_size=1)


@given(st.lists(events, max_size=6), events)
def test_parts_hold_all_that_is_asked_nothing_twice_and_stay_the_same_once_filled(
    filled: list[frozenset[str]], wanted: frozenset[str]
) -> None:
    shelf = Shelf.of(*(asking(*one) for one in filled))
    found = shelf.parts(asking(*wanted))
    asked = [event for _, one in found for event in one["events"]]
    assert wanted <= set(asked)
    if len(found) > 1:
        assert sorted(asked) == sorted(wanted)
    new = [(cell, one) for cell, one in found if cell not in shelf.there]
    assert len(new) <= 1
    shelf.there |= {cell: (one, True) for cell, one in new}
    assert all(cell in shelf.there for cell, _ in shelf.parts(asking(*wanted)))


def named(checks: list[Check], *words: str) -> list[Check]:
    return [check for check in checks if any(word in check.id for word in words)]


FIRST, LATER = ("user", "trail", "group"), ("user", "trail", "group", "password", "key", "vpc")


@pytest.mark.parametrize("source", ["api_calls", "cloudtrail"])
def test_what_is_collected_in_parts_is_what_is_collected_at_once(
    source: str,
    world: World,
    sessions: SessionFactory,
    store: SnapshotStore,
    checks: list[Check],
) -> None:
    def collect(into: SnapshotStore, *words: str, **more: Any) -> list[SnapshotRef]:
        return collect_account(
            source,
            ACCOUNT,
            regions=world.regions,
            period=world.period,
            checks=named(checks, *words),
            sessions=sessions,
            store=into,
            **more,
        )

    def held(refs: list[SnapshotRef]) -> list[tuple[str, str, str]]:
        found = [store.load(ref) for ref in refs]
        rows = [
            (snapshot.ref.cell.region, item.keyword, item.evidence_id)
            for snapshot in found
            for item in snapshot.iter_evidence()
        ]
        deployed = [
            (snapshot.ref.cell.region, d.keyword, d.state)
            for snapshot in found
            for d in snapshot.deployments
        ]
        return sorted(rows + deployed)

    first = collect(store, *FIRST)
    parts = collect(store, *LATER)
    assert [ref for ref in parts if ref in first] == first, "what was there is used as it is"
    assert len(parts) == 2 * len(first)
    world.fault(service="*", kind="delay", calls=[10**9, 10**9])
    assert collect(store, *LATER) == parts
    assert collect(store, *FIRST) == first
    at_once = collect(SnapshotStore(store.bucket, store.s3, prefix=f"once-{source}"), *LATER)
    assert held(parts) == held(at_once)
    # A refresh asks for all of it anew, in one; from then on that counts.
    refreshed = collect(store, *LATER, refresh=True)
    assert [ref.content_digest for ref in refreshed] == [ref.content_digest for ref in at_once]
    assert collect(store, *LATER) == refreshed
    assert collect(store, *FIRST) == first
