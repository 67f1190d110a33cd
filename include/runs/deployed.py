"""What of some frameworks is deployed in the scope of the settings, asked before any run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from include.assessment.period import last_finished_month
from include.assessment.registers import load_registers
from include.assessment.scope import Scope
from include.aws.errors import classify
from include.aws.organization import ENABLED, accounts_in_scope, regions_in_scope
from include.aws.sessions import ClientFactory, SessionFactory
from include.checks.check import Check
from include.coverage.asking import ask_scope
from include.coverage.coverage import Coverage, coverage_of
from include.coverage.rows import to_do, words_of
from include.errors import AuditError, InputError
from include.evidence.item import SOURCE_NAMES
from include.frameworks.schema import Framework
from include.settings import Settings

#: Places that are named one by one.
_NAMED = 3


def coverage_in_scope(
    settings: Settings,
    sessions: SessionFactory,
    frameworks: Sequence[Framework],
    catalogue: Mapping[str, Check],
    *,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Coverage:
    """How much of ``frameworks`` a run at this moment could judge. Reads only.

    ``accounts`` and ``regions`` narrow the scope of the settings. Raises InputError for one that
    is not in it; what is denied in an account is part of the result.
    """
    scope = scope_of(settings, sessions.base(), accounts, regions)
    names = dict.fromkeys(name for framework in frameworks for name in framework.checks_needed())
    period = last_finished_month(datetime.now(UTC))
    exclusions = [
        entry
        for entry in load_registers(settings.registers_folder).exclusions
        if entry.state(period) == "in force"
    ]
    found = ask_scope(
        sessions,
        scope,
        [catalogue[name] for name in names],
        exclusions=exclusions,
        progress=progress,
    )
    return coverage_of(frameworks, catalogue, found)


def scope_of(
    settings: Settings,
    base: ClientFactory,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
) -> Scope:
    """The accounts and regions that the settings mean, or those of them that are named."""
    try:
        enabled = set(settings.regions)
        if ENABLED in settings.regions:
            answer = base.client("ec2").describe_regions()
            enabled = {region["RegionName"] for region in answer["Regions"]}
        all_regions = regions_in_scope(settings.regions, enabled - {ENABLED})
        all_accounts = accounts_in_scope(
            settings.accounts, lambda: base.client("organizations")
        ).ids
    except (ClientError, BotoCoreError) as error:
        failure = classify(error, "ec2")
        raise AuditError(
            f"The scope can't be made out: {failure.code}, {failure.message}",
            hint="See what ./audit doctor says of the credentials.",
        ) from error
    return Scope(
        _chosen("account", accounts, all_accounts),
        _chosen("region", regions, all_regions),
        home=all_regions[0] if not regions or all_regions[0] in regions else "",
    )


def _chosen(what: str, asked: Sequence[str], every: Sequence[str]) -> tuple[str, ...]:
    for one in asked:
        if one not in every:
            raise InputError(
                f"The {what} {one} is not in scope.", hint=f"In scope: {', '.join(every)}."
            )
    return tuple(one for one in every if one in asked) if asked else tuple(every)


def unanswered(coverage: Coverage) -> list[tuple[str, str, str]]:
    """The required checks that a run would leave open: check, where and why, what to do."""
    required = dict.fromkeys(name for c in coverage.controls() for name in c.required)
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in required:
        one = coverage.checks[name]
        for outcome in one.open:
            said = dict.fromkeys(
                f"{SOURCE_NAMES[way.source]}: {words_of(way.state)}" for way in outcome.ways
            )
            ways = dict.fromkeys(filter(None, (to_do(way.needs) for way in outcome.ways)))
            remedy = to_do(outcome.hiding) or " or ".join(ways)
            remedy = f"{remedy[0].upper()}{remedy[1:]}." if remedy else ""
            # The same in several regions is one thing to know.
            where = found.setdefault((name, "; ".join(said), remedy), [])
            where += [" ".join(filter(None, cell)) for cell in one.outcomes[outcome]]
    return [
        (name, f"not answered in {named_places(where)} ({said}).", remedy)
        for (name, said, remedy), where in found.items()
    ]


def named_places(places: Sequence[str]) -> str:
    """The first few by name, and how many more there are."""
    more = len(places) - _NAMED
    return ", ".join(places[:_NAMED]) + (f" and {more} more" if more > 0 else "")
