"""Earlier snapshots speak for a period's end only as far as they knew it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec

from include.assessment.period import parse_period
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.sources.earlier import Earlier, earlier_items

CELL = Cell("api_calls", "111111111111", "eu-west-1", parse_period("2026-10"), "0" * 64)
ITEM = Evidence(
    source="api_calls",
    keyword="kms_ListKeys",
    account=CELL.account,
    region=CELL.region,
    event_source="kms.amazonaws.com",
    event_name="ListKeys",
    resource="arn:aws:kms:eu-west-1:111111111111:key/k-1",
    resource_type="AWS::KMS::Key",
    result="NONE",
    raw_status="",
    known="CONTEMPORANEOUS",
    source_time=datetime(2026, 11, 1, tzinfo=UTC),
    collected_at=datetime(2026, 11, 2, tzinfo=UTC),
    attributes={"configuration": {"KeyId": "k-1"}},
    page="page-00003.json",
    offset=4,
)


def snapshot(
    *items: Evidence, period: str = "2026-10", filled: bool = True, name: str = "s"
) -> Any:
    cell = replace(CELL, period=parse_period(period))
    ref = SimpleNamespace(uri=f"s3://evidence/{name}", filled=filled)
    called = Deployment(
        "api_calls", "kms_ListKeys", CELL.account, CELL.region, "ACTIVE", "kms_ListKeys"
    )
    return SimpleNamespace(
        cell=cell, ref=ref, deployments=(called,), iter_evidence=lambda: iter(items)
    )


def read(*snapshots: Any) -> Earlier:
    def earlier() -> Iterator[Any]:
        return iter(snapshots)

    return earlier_items(SimpleNamespace(earlier=earlier), CELL)  # type: ignore[arg-type]


def kept(*snapshots: Any) -> list[Evidence]:
    return list(read(*snapshots).items.values())


def test_an_item_keeps_its_content_and_says_where_its_page_is() -> None:
    (item,) = kept(snapshot(ITEM))
    assert item.content_digest == ITEM.content_digest
    assert (item.page, item.offset) == ("s3://evidence/s/page-00003.json", 4)
    (again,) = kept(snapshot(item, name="later"))
    assert again == item


def test_what_spoke_of_the_present_only_says_nothing_later() -> None:
    assert kept(snapshot(msgspec.structs.replace(ITEM, known="CURRENT_ONLY"))) == []


def test_the_collection_nearest_to_the_end_wins() -> None:
    later = msgspec.structs.replace(ITEM, collected_at=datetime(2026, 11, 5, tzinfo=UTC))
    (item,) = kept(snapshot(later, name="b"), snapshot(ITEM, name="a"))
    assert item.page.startswith("s3://evidence/a/")


def test_another_periods_snapshot_counts_only_for_what_stood_over_the_end() -> None:
    before = msgspec.structs.replace(ITEM, source_time=datetime(2026, 9, 20, tzinfo=UTC))
    assert kept(snapshot(before, period="2026-11"))
    assert kept(snapshot(ITEM, period="2026-11")) == []
    assert kept(snapshot(before, period="2026-09")) == []


def test_which_calls_were_answered_is_told_by_whole_snapshots_of_the_period_only() -> None:
    assert read(snapshot()).answered == {"kms_ListKeys"}
    assert read(snapshot(filled=False)).answered == frozenset()
    assert read(snapshot(period="2026-11")).answered == frozenset()
    assert read() == Earlier()


def test_what_was_seen_of_the_present_only_is_told_apart_from_what_was_not_there() -> None:
    seen = msgspec.structs.replace(ITEM, known="CURRENT_ONLY")
    about = (ITEM.keyword, ITEM.resource, "")
    assert read(snapshot(seen)).present == {about}
    assert read(snapshot(seen), snapshot(ITEM)).present == frozenset()
    assert read(snapshot(seen, period="2026-11")).present == frozenset()
    assert read(snapshot()).answered == {"kms_ListKeys"}
