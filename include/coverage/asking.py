"""Asks every source of a scope what is deployed and enabled. Reads only; collects no evidence.

It makes the collectors' own first calls, with their code: what they would find, this finds.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from botocore.exceptions import BotoCoreError, ClientError

from include.assessment.period import Period, named
from include.assessment.registers import Exclusion
from include.assessment.scope import Scope
from include.aws.errors import classify
from include.aws.retrying import patience
from include.aws.sessions import ClientFactory, SessionFactory
from include.checks.check import Check
from include.clock import iso
from include.coverage.places import Found, Hub, Place, Recorder, Standard, Standing
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.snapshot import SnapshotWriter
from include.sources import ORGANIZATION_WIDE, SOURCES
from include.sources.base import Ended, ScopeAware, pages
from include.sources.config_recorder import recording
from include.sources.config_rules import rules_at_end
from include.sources.hub_states import Seen, deployments
from include.sources.hub_switches import Switches, offered_standards, read_switches
from include.sources.inspector import COVERAGE, FINDINGS, require_enabled
from include.sources.license_manager import KEYWORDS, require_set_up
from include.sources.probes import PROBES

log = logging.getLogger(__name__)

#: Cells that are asked at the same time.
WORKERS = 16
#: What ran within that time counts as running: the length of the usual period.
_SPAN = timedelta(days=31)


@dataclass
class _Asking:
    """One source in one account and region while it is asked; what is found is put in."""

    source: str
    account: str
    region: str
    clients: ClientFactory
    out: SnapshotWriter
    #: The source's selection for the checks, in this region.
    asked: Mapping[str, Any]
    deployments: list[Deployment] = field(default_factory=list)
    recorder: Recorder | None = None
    hub: Hub | None = None

    @property
    def period(self) -> Period:
        """The time up to the present, by the clock of the service that was asked last."""
        return _up_to(self.out.now)

    @property
    def cell(self) -> Cell:
        """The cell that a run of this moment would fill."""
        return Cell(self.source, self.account, self.region, self.period, "")

    def ready(self, keywords: Sequence[str], *, narrowed: bool = False) -> None:
        """Take keywords that are answered whenever they are asked for."""
        self.deployments += [
            Deployment.of_keyword(self.cell, keyword, "ACTIVE", None, narrowed=narrowed)
            for keyword in keywords
        ]


def ask_scope(
    sessions: SessionFactory,
    scope: Scope,
    checks: Sequence[Check],
    *,
    exclusions: Sequence[Exclusion] = (),
    progress: Callable[[int, int], None] = lambda done, of: None,
    workers: int = WORKERS,
) -> Found:
    """Ask the sources of ``checks`` in every account and region of ``scope``.

    What is denied or fails is told by its place, and the others are asked all the same; what is
    excluded by decision is not asked.
    ``progress`` is told how many cells are done, of how many.
    """
    asked_of = {source.source for check in checks for source in check.sources}
    sources: list[str] = [
        name for name in SOURCES if name in asked_of and name not in ORGANIZATION_WIDE
    ]
    cells = [
        (source, account, region)
        for account in scope.accounts
        for region in scope.regions
        for source in sources
    ]
    selections = {name: SOURCES[name].selection(checks) for name in sources}

    def one(source: str, account: str, region: str) -> tuple[Place, datetime | None]:
        for entry in exclusions:
            if entry.covers(source, account, region):
                said = f"{entry.id}: {entry.reason}"
                return Place(source, account, region, "EXCLUDED", said), None
        return _ask_place(
            source,
            account,
            region,
            sessions.account(account),
            _in_region(source, selections[source], region, scope),
        )

    places: list[Place] = []
    newest: list[datetime] = []
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(cells) + 1))) as pool:
        standards = pool.submit(
            contextvars.copy_context().run, _ask_standards, sessions, scope, sources
        )
        # Each thread gets a context of its own: the record of a call's traffic lives there.
        running = [
            pool.submit(contextvars.copy_context().run, one, source, account, region)
            for source, account, region in cells
        ]
        for done, future in enumerate(running, 1):
            place, at = future.result()
            places.append(place)
            newest += [at] if at else []
            progress(done, len(cells))
    now = max(newest, default=datetime.now(UTC))
    return Found(scope, iso(now), tuple(places), standards.result())


def _in_region(
    source: str, selection: Mapping[str, Any], region: str, scope: Scope
) -> dict[str, Any]:
    collector, home = SOURCES[source], scope.home_region
    asked = collector.in_region(selection, home=region == home)
    if isinstance(collector, ScopeAware):
        return collector.in_scope(asked, region, home=home, regions=scope.regions)
    return asked


def _ask_place(
    source: str, account: str, region: str, clients: ClientFactory, selection: Mapping[str, Any]
) -> tuple[Place, datetime | None]:
    """How one source stands in one place, and the clock of its service if that answered."""
    standing: Standing = "COMPLETE"
    permission = ""
    retry = clients.retry
    began = _up_to(datetime.now(UTC))
    with (
        SnapshotWriter(Cell(source, account, region, began, "")) as out,
        patience(retry.refusals, retry.seconds),
    ):
        asking = _Asking(source, account, region, clients, out, selection)
        try:
            clients.caller_arn()
            _ASK[source](asking)
        except Ended as ended:
            standing = _standing(ended.status)
            out.note(ended.message)
        except Exception as error:
            failure = classify(error, out.service or SOURCES[source].service)
            standing = _standing(failure.status)
            permission = failure.missing_permission
            out.note(f"{failure.code}: {failure.message}")
            if not failure.expected:
                log.exception("%s in %s %s could not be asked", source, account, region)
        if standing == "COMPLETE" and out.cut_short:
            standing = "PARTIAL"
        place = Place(
            source,
            account,
            region,
            standing,
            " ".join(out.notes),
            permission,
            tuple(asking.deployments),
            asking.recorder,
            asking.hub,
        )
        return place, out.now if out.service else None


def _up_to(now: datetime) -> Period:
    return named(now - _SPAN, now)


def _standing(status: str) -> Standing:
    known: tuple[Standing, ...] = get_args(Standing)
    return next((one for one in known if one == status), "FAILED")


def _aws_config(asking: _Asking) -> None:
    config = asking.clients.client("config", asking.region)
    recorder = recording(asking.out, config)
    if recorder is None:
        raise Ended("NOT_ENABLED", "AWS Config has no recorder in this region.")
    asking.recorder = Recorder(recorder.running, recorder.only, recorder.without)
    rules = rules_at_end(asking.out, config, asking.cell, recorder)
    asking.deployments += [rule.deployment for rule in rules.by_arn.values()]


def _security_hub(asking: _Asking) -> None:
    hub = asking.clients.client("securityhub", asking.region)
    switches = read_switches(asking.out, hub)
    asking.deployments += deployments(asking.cell, switches, Seen(), asking.out.now)
    asking.hub = Hub(
        tuple(sorted(one.path for one in switches.standards)),
        frozenset(switches.associations),
        frozenset(_switched_off(switches)),
    )


def _switched_off(switches: Switches) -> Iterator[str]:
    """Controls that a standard that is on holds, and that are off in all of these."""
    for control, held in switches.associations.items():
        if not any(one.enabled for one in held):
            yield control


def _inspector(asking: _Asking) -> None:
    inspector = asking.clients.client("inspector2", asking.region)
    scanned = require_enabled(asking.out, inspector, asking.account)
    asking.ready((FINDINGS, COVERAGE), narrowed=not scanned)


def _cloudtrail(asking: _Asking) -> None:
    """The event history needs nothing; without a trail it reaches back 90 days."""
    if lacks := PROBES["cloudtrail"].ask(asking.clients, asking.region):
        asking.out.note(lacks)
    asking.ready(asking.asked["events"])


def _license_manager(asking: _Asking) -> None:
    require_set_up(asking.out, asking.clients.client("license-manager", asking.region))
    asking.ready(KEYWORDS)


def _api_calls(asking: _Asking) -> None:
    """Nothing has to be enabled for them; global services are asked in the home region."""
    asking.ready(asking.asked["calls"])


def _custom(asking: _Asking) -> None:
    """What Systems Manager tells of nodes; what scripts drop is seen when it is collected."""
    ssm = asking.clients.client("ssm", asking.region)
    request = {"MaxResults": 50}
    for listing in pages(
        asking.out, ssm, "ListComplianceSummaries", "ComplianceSummaryItems", request
    ):
        asking.ready([f"ssm_{one['ComplianceType']}" for one in listing.items])


_ASK: Mapping[str, Callable[[_Asking], None]] = {
    "aws_config": _aws_config,
    "security_hub": _security_hub,
    "inspector": _inspector,
    "cloudtrail": _cloudtrail,
    "license_manager": _license_manager,
    "api_calls": _api_calls,
    "custom": _custom,
}


def _ask_standards(
    sessions: SessionFactory, scope: Scope, sources: Sequence[str]
) -> tuple[Standard, ...]:
    """The standards that can be enabled: the same everywhere, so asked in one place.

    Where they may not be asked, no gain can be told by standard; everything else can.
    """
    if "security_hub" not in sources:
        return ()
    account, region = scope.accounts[0], scope.home_region
    cell = Cell("security_hub", account, region, _up_to(datetime.now(UTC)), "")
    clients = sessions.account(account)
    with SnapshotWriter(cell) as out, patience(clients.retry.refusals, clients.retry.seconds):
        try:
            found = offered_standards(out, clients.client("securityhub", region))
        except (ClientError, BotoCoreError) as error:
            log.info("Security Hub's standards can't be listed: %s", error)
            return ()
    return tuple(Standard(path, name, held) for path, (name, held) in sorted(found.items()))
