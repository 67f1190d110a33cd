"""What was asked of a source, told from its receipts: nothing lost, nothing told twice."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from include.assessment.result import ReceiptLine
from include.evidence.receipt import Count, Page, Receipt
from include.workpapers.provenance import EXAMPLES, provenance_of
from tests.include.assessment.estate import snap

HUB = "security_hub"


def page(number: int, operation: str, request: dict[str, Any], items: int = 1) -> Page:
    return Page(
        number=number,
        operation=operation,
        request=request,
        request_id=f"r-{number}",
        items=items,
        sha256=f"{number:064x}",
        next_token="",
        service_date=f"2026-11-01T06:00:{number:02d}Z",
    )


def receipt(name: str = "aws_config", *pages: Page, **more: Any) -> Receipt:
    return replace(snap(name).receipt, pages=pages, **more)


def lines_of(receipts: Sequence[Receipt]) -> list[ReceiptLine]:
    return [
        ReceiptLine(
            r.source, r.account, r.region, r.selection, r.status, r.items, len(r.pages),
            r.retries, r.throttles, r.cursor_exhausted, r.started, r.ended, calls=r.calls,
        )
        for r in receipts
    ]  # fmt: skip


def test_pages_of_one_listing_are_one_request_asked_several_times() -> None:
    rules = "config:DescribeConfigRules"
    one = receipt(
        "aws_config",
        page(1, rules, {"Limit": 5}, 5),
        page(2, rules, {"Limit": 5, "NextToken": "a"}, 5),
        page(3, rules, {"Limit": 5, "NextToken": "b"}, 2),
    )
    (found,) = provenance_of(lines_of([one]), [one])
    (operation,) = found.operations
    assert (operation.requests, operation.different, operation.items) == (3, 1, 12)
    assert operation.same == {"Limit": 5} and operation.varying == {}
    (example,) = operation.examples
    assert (example.requests, example.page, example.request_id) == (3, 1, "r-1")
    assert example.sha256 == one.pages[0].sha256
    assert operation.first == "2026-11-01T06:00:01Z" and operation.last.endswith("03Z")


def test_what_differs_is_counted_and_the_first_of_it_shown() -> None:
    asked = [
        page(n, "config:GetResourceConfigHistory", {"resourceId": f"i-{n}", "limit": 10})
        for n in range(1, 8)
    ]
    one = receipt("aws_config", *asked)
    (found,) = provenance_of(lines_of([one]), [one])
    (operation,) = found.operations
    assert operation.different == 7 and len(operation.examples) == EXAMPLES
    assert operation.same == {"limit": 10}
    assert operation.varying == {"resourceId": 7}


def test_a_parameter_that_some_requests_lack_varies() -> None:
    one = receipt(
        "aws_config", page(1, "iam:ListUsers", {}), page(2, "iam:ListUsers", {"PathPrefix": "/"})
    )
    (found,) = provenance_of(lines_of([one]), [one])
    assert found.operations[0].varying == {"PathPrefix": 1}
    assert found.operations[0].same == {}


def test_sources_come_in_the_order_in_which_they_are_named_and_places_as_the_result_has_them() -> (
    None
):
    receipts = [
        receipt("api_calls"),
        receipt(HUB, region="us-east-1"),
        receipt(HUB, region="eu-west-1"),
        receipt("aws_config"),
    ]
    found = provenance_of(lines_of(receipts), receipts)
    assert [one.source for one in found] == ["aws_config", HUB, "api_calls"]
    assert [place.line.region for place in found[1].places] == ["us-east-1", "eu-west-1"]


def test_receipts_in_any_order_count_the_same() -> None:
    receipts = [
        receipt(
            "aws_config",
            page(n, "config:DescribeConfigRules", {"Limit": n % 3}),
            region=f"eu-west-{n}",
        )
        for n in range(1, 7)
    ]
    lines = lines_of(receipts)
    counted = []
    for seed in (1, 2):
        mixed = list(receipts)
        random.Random(seed).shuffle(mixed)
        (found,) = provenance_of(lines, mixed)
        (operation,) = found.operations
        counted.append(
            (operation.requests, operation.different, operation.places, operation.varying)
        )
        assert [place.receipt for place in found.places] == [
            replace(one, pages=()) for one in receipts
        ]
    assert counted[0] == counted[1] == (6, 3, 6, {"Limit": 3})


def test_where_the_receipts_are_not_at_hand_the_result_still_says_how_it_ended() -> None:
    one = receipt("aws_config", items=7, calls=3)
    (found,) = provenance_of(lines_of([one]), [])
    assert found.operations == () and found.receipts == []
    assert found.total("items") == 7 and found.total("calls") == 3
    assert found.told("caller_arn") == []


def test_a_long_request_is_taken_out_of_the_receipt_that_has_it() -> None:
    controls = {"SecurityControlIds": [f"EC2.{n}" for n in range(200)]}
    one = receipt(HUB, page(1, "securityhub:BatchGetSecurityControls", controls))
    other = receipt(
        HUB, page(1, "securityhub:BatchGetSecurityControls", {"SecurityControlIds": ["x"]})
    )
    (found,) = provenance_of(lines_of([one, other]), [one, other])
    long, short = found.operations[0].examples
    assert long.long and "file://request.json" in long.command
    assert long.receipt == "security_hub_111111111111_eu-west-1.json"
    assert not short.long and '["x"]' in short.command
    assert short.receipt == "security_hub_111111111111_eu-west-1_2.json"


def test_independent_counts_stay_with_their_place() -> None:
    count = Count("rules", 3, 2, "one was made meanwhile")
    one = receipt("aws_config", counts=(count,))
    (found,) = provenance_of(lines_of([one]), [one])
    assert found.receipts[0].counts == (count,)
