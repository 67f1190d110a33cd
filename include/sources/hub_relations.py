"""How a hub relates to other accounts and regions: whose findings it shows beside its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import classify
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, pages


@dataclass(frozen=True)
class Relations:
    """``members``: accounts that this hub administers; None when it isn't known."""

    members: int | None


@contextmanager
def if_answered(out: SnapshotWriter, what: str) -> Iterator[None]:
    """Go on without a fact that no verdict rests on, and say so; lost credentials still end it."""
    try:
        yield
    except ClientError as error:
        failure = classify(error, "securityhub")
        if failure.status in ("EXPIRED", "THROTTLED"):
            raise
        out.note(f"{what} is not known: {failure.code}.")


def read_relations(out: SnapshotWriter, hub: Any, cell: Cell) -> Relations:
    """Note what else this hub shows, and who else sees its findings."""
    members: int | None = None
    with if_answered(out, "Which member accounts this hub has"):
        listed = [
            str(item.get("AccountId", ""))
            for listing in pages(out, hub, "ListMembers", "Members", {"MaxResults": 50})
            for item in listing.items
        ]
        members = len(listed)
        if listed:
            out.note(
                f"This hub administers {members} other accounts. It also shows their findings, "
                "which are left to their own cells."
            )
    with if_answered(out, "Which account administers this hub"):
        answer: Mapping[str, Any] = ask_once(out, hub, "GetAdministratorAccount").answer.output
        if administrator := (answer.get("Administrator") or {}).get("AccountId"):
            out.note(f"Account {administrator} administers this hub and sees its findings.")
    with if_answered(out, "Whether regions are linked to this hub"):
        for listing in pages(out, hub, "ListFindingAggregators", "FindingAggregators"):
            for item in listing.items:
                region = str(item.get("FindingAggregatorArn", "")).split(":")[3:4]
                if region == [cell.region]:
                    out.note(
                        "This is the aggregation region. It also shows findings of linked "
                        "regions, which are left to their own cells."
                    )
                elif region:
                    out.note(f"Findings are also shown in the aggregation region {region[0]}.")
    return Relations(members)
