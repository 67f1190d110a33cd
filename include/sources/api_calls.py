"""API calls: configuration as the services answer it, as far as it speaks of the period's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.aws.errors import classify
from include.aws.sessions import global_region
from include.evidence.cell import Cell
from include.evidence.item import SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.api_asking import Answered, Asker
from include.sources.api_evidence import Teller
from include.sources.api_past import ACTIONS as PAST_ACTIONS
from include.sources.api_past import Remembered
from include.sources.api_table import CALLS, ApiCall, needed_for
from include.sources.api_watch import watch
from include.sources.base import Ended
from include.sources.earlier import earlier_items
from include.sources.trail_events import REACH

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.check import Check


class ApiCalls:
    """Collects configuration items by the calls in :mod:`include.sources.api_table`."""

    name: SourceName = "api_calls"
    service = "iam"
    settled = True
    keywords_in = "calls"

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """The calls that the checks' assertions look at."""
        wanted = {
            keyword
            for check in checks
            for source in check.sources
            if source.source == self.name
            for keyword in (*source.all_keywords, *source.uses)
        }
        return {"calls": sorted(wanted)}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """Global services are asked in the home region only."""
        calls = [
            keyword
            for keyword in selection["calls"]
            if home or keyword not in CALLS or not CALLS[keyword].is_global
        ]
        # Trails are listed in every region; the account's view of them is the home region's.
        return {"calls": calls, "home": True} if home else {"calls": calls}

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls of the table, and the look at what happened since and stood before."""
        calls = [CALLS[keyword] for keyword in selection["calls"] if keyword in CALLS]
        own = {action for call in calls for one in needed_for(call) for action in one.actions}
        past = PAST_ACTIONS if any(call.past for call in calls) else frozenset()
        return frozenset(own | {"cloudtrail:LookupEvents"} | past)

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """First what is so now, then what happened since the period's end and stood before.

        One call that fails takes nothing from the others: the cell tells what they said, and ends
        as the worst of them.
        """
        calls = [CALLS[keyword] for keyword in asked["calls"] if keyword in CALLS]
        asker = Asker(out, clients, cell)
        answers = {call.keyword: asker.answer(call) for call in calls}
        seen, blind = watch(out, clients, cell, _watched_regions(cell, calls), calls)
        remembered = Remembered(out, clients, cell)
        teller = Teller(
            cell,
            out.now,
            seen,
            remembered,
            lambda: earlier_items(out, cell),
            frozenset(asked["regional_account_keywords"]),
            bool(asked.get("home")),
        )
        states = []
        for call in calls:
            answered = answers[call.keyword]
            if answered.silent:
                out.note(f"{call.keyword}: {answered.silent}.")
                continue
            if answered.error is not None and call.whole:
                continue  # of half a list nobody can say what the account has not
            for item in teller.evidence(call, answered.items):
                out.add(item)
            if answered.error is None:
                deployment = teller.deployment(call)
                states.append(deployment.state)
                out.deploy(deployment)
        _end(cell, asked, answers, states, [blind, remembered.error], out)


def _end(
    cell: Cell,
    asked: Mapping[str, Any],
    answers: Mapping[str, Answered],
    states: Sequence[str],
    blind: Sequence[Exception | None],
    out: SnapshotWriter,
) -> None:
    """Say how the cell ended: raises what kept it from being whole, the lasting reason first."""
    errors: dict[str, Exception] = {k: a.error for k, a in answers.items() if a.error is not None}
    failures = {k: classify(error, CALLS[k].service) for k, error in errors.items()}
    for keyword, failure in failures.items():
        out.note(f"{keyword}: {failure.missing_permission or failure.message} ({failure.code}).")
    if failures:
        worst = min(failures, key=lambda k: (failures[k].status != "DENIED", k))
        raise errors[worst]
    unknown = sorted(set(asked["calls"]) - set(CALLS))
    if unknown:
        raise Ended("FAILED", f"No row in the table of API calls: {', '.join(unknown)}.")
    for who, error in zip(("CloudTrail", "AWS Config"), blind, strict=True):
        if error is None:
            continue
        missing = classify(error, who.rpartition(" ")[2].lower())
        why = (
            f"{who} could not be asked what changed since the period's end "
            f"({missing.missing_permission or missing.message}): "
            "what nobody else knows speaks of the present."
        )
        if missing.retryable:
            raise Ended("PARTIAL", why)
        out.note(why)
        if missing.status == "DENIED":
            # Others may have known it all; still the cell is to be filled once this is allowed.
            raise error
    if cell.period.end < out.now - REACH and states and set(states) == {"BEYOND_REACH"}:
        raise Ended(
            "BEYOND_REACH",
            "The period ended more than 90 days ago; what changed since is no longer known.",
        )


def _watched_regions(cell: Cell, calls: Sequence[ApiCall]) -> list[str]:
    regions = {cell.region}
    if any(call.is_global for call in calls):
        regions.add(global_region(cell.region))
    return sorted(regions)
