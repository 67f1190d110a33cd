"""Receipts tell how complete a cell is: counts compared, repeats counted, the failed call named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.assessment.period import parse_period
from include.evidence.cell import Cell
from include.evidence.receipt import Count, Receipt
from include.evidence.snapshot import FinishedSnapshot, SnapshotWriter
from include.sources.base import Ended, ask

CELL = Cell("inspector", "111111111111", "us-east-1", parse_period("2026-10"), "0" * 64)


@pytest.fixture
def out() -> Iterator[SnapshotWriter]:
    """A writer for some cell."""
    with SnapshotWriter(CELL) as writer:
        yield writer


def receipt_of(finished: FinishedSnapshot) -> Receipt:
    return Receipt.from_json(json.loads(finished.files["receipt.json"].read_bytes()))


@pytest.mark.parametrize(
    ("count", "status"),
    [
        (("resources by Config", 3, 3), "COMPLETE_EMPTY"),
        (("resources by Config", 5, 3, "2 were deleted meanwhile"), "COMPLETE_EMPTY"),
        (("resources by Config", 5, 3), "PARTIAL"),
        (("resources by Config", 3, 5), "PARTIAL"),
    ],
)
def test_a_count_that_differs_without_explanation_makes_the_cell_partial(
    out: SnapshotWriter, count: Any, status: str
) -> None:
    out.count(*count)
    out.duplicates += 2
    receipt = receipt_of(out.finish("COMPLETE"))
    assert receipt.status == status
    assert receipt.counts == (Count(*count),)
    assert receipt.duplicates == 2
    assert receipt.cursor_exhausted == (status != "PARTIAL")
    assert ("not explained" in receipt.message) == (status == "PARTIAL")


def test_what_lies_beyond_reach_is_not_final_while_something_is_missing(
    out: SnapshotWriter,
) -> None:
    out.count("findings", 5, 3)
    assert out.finish(Ended("BEYOND_REACH", "").status).status == "PARTIAL"


class _Refusing:
    """A client that is refused everything."""

    class meta:
        class service_model:
            service_name = "inspector2"

    def list_findings(self, **request: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListFindings")


def test_the_call_that_ended_a_collection_is_in_its_receipt(out: SnapshotWriter) -> None:
    with pytest.raises(ClientError) as caught:
        ask(out, _Refusing(), "ListFindings", {"maxResults": 100})
    receipt = receipt_of(out.finish("DENIED", error=caught.value))
    assert receipt.failed_call is not None
    assert receipt.failed_call.operation == "inspector2:ListFindings"
    assert receipt.failed_call.request == {"maxResults": 100}
    assert receipt.failed_call.code == "AccessDeniedException"
    assert receipt.calls == 1
    assert receipt.started


def test_an_error_that_the_collector_got_over_is_not(out: SnapshotWriter) -> None:
    with pytest.raises(ClientError):
        ask(out, _Refusing(), "ListFindings")
    assert receipt_of(out.finish("COMPLETE")).failed_call is None
