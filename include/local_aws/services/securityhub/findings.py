"""Control findings: one per control and resource (or per standard, too), as of a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from uuid import UUID, uuid5

from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.services.moments import daily_run, last_daily_run
from include.local_aws.services.questions import Question, question
from include.local_aws.services.securityhub.lifecycle import State, Suppression, life
from include.local_aws.services.securityhub.standards import Standard
from include.local_aws.services.securityhub.switches import Place, place

#: A fixed name space, so that a finding keeps its id for ever.
_FINDINGS = UUID("6f5c8f0e-6b0c-5a44-9d0b-3e2b0f0d8a11")
#: Findings of this standard are still of the form that knows no SecurityControlId.
OLD_FORM = "cis-1.2.0"


def product_arn(region: str) -> str:
    """Security Hub as the product that makes the findings."""
    return f"arn:aws:securityhub:{region}::product/aws/securityhub"


@lru_cache(maxsize=200_000)
def finding_id(
    account: str, region: str, control: str, arn: str, standard: Standard | None = None
) -> str:
    """The ARN of the finding about one resource; of a standard's own where they are apart."""
    if standard is None:
        number = uuid5(_FINDINGS, f"{account}/{region}/{control}/{arn}")
        what = f"security-control/{control}"
    else:
        number = uuid5(_FINDINGS, f"{account}/{region}/{standard.key}/{control}/{arn}")
        what = f"subscription/{standard.path()}/{standard.rule(control)}"
    return f"arn:aws:securityhub:{region}:{account}:{what}/finding/{number}"


@dataclass(frozen=True)
class Finding:
    """A control's finding about a resource as it is at a moment; times in epoch seconds.

    ``states`` is its life so far; ``standard`` is set on a finding of that standard alone.
    """

    id: str
    control: str
    standard: Standard | None
    account: str
    region: str
    arn: str
    type: str
    asks: Question
    states: tuple[State, ...]
    updated: int
    standards: tuple[Standard, ...]
    parameters: Mapping[str, object]

    @property
    def state(self) -> State:
        """What it says now."""
        return self.states[-1]

    @property
    def status(self) -> str:
        """The result last seen, also of an archived finding."""
        return self.state.status

    @property
    def created(self) -> int:
        """When the control first found the resource."""
        return self.states[0].at

    @property
    def observed(self) -> int:
        """When it was last looked at."""
        return self.updated

    @property
    def old_form(self) -> bool:
        """Whether it comes without a SecurityControlId."""
        return self.standard is not None and self.standard.key == OLD_FORM

    @property
    def resource_id(self) -> str:
        """The resource as Security Hub names it; account settings go by the account."""
        return account_identity(self.account) if self.type == ACCOUNT_TYPE else self.arn

    @property
    def severity(self) -> str:
        """What did not fail is INFORMATIONAL, whatever the control's own severity."""
        failing = self.status in ("FAILED", "WARNING")
        return self.asks.severity if failing else "INFORMATIONAL"

    @property
    def workflow(self) -> str:
        """NEW until it passes, then RESOLVED by Security Hub; SUPPRESSED by people."""
        return self.state.workflow

    @property
    def record_state(self) -> str:
        """ARCHIVED once the resource is gone or the control is switched off."""
        return "ARCHIVED" if self.state.archived else "ACTIVE"

    @property
    def generator(self) -> str:
        """The GeneratorId."""
        if self.standard is None:
            return f"security-control/{self.control}"
        return self.standard.generator(self.control)

    @cached_property
    def associated(self) -> list[str]:
        """Ids of the enabled standards that it counts for."""
        return [one.id() for one in self.standards]

    @cached_property
    def requirements(self) -> list[str]:
        """What the control answers in them."""
        return [related for one in self.standards for related in one.related(self.control)]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a control says of one resource, as recorded."""

    check_id: str
    control: str
    arn: str
    type: str
    recorded: tuple[tuple[int, str], ...]


def _subjects(
    estate: Estate, account: str, region: str, at: int, only: tuple[str, str] | None = None
) -> Iterator[_Subject]:
    """What is recorded of a place up to ``at``; ``only`` of one control and resource."""
    sql = (
        "SELECT check_id, keyword, arn, type, status, at_t FROM recordings"
        " WHERE source = 'security_hub' AND account = ? AND region = ? AND at_t <= ?"
    )
    parameters: list[object] = [account, region, at]
    if only:
        sql += " AND keyword = ? AND arn = ?"
        parameters.extend(only)
    rows = estate.rows(sql + " ORDER BY check_id, keyword, arn, at_t, rowid", parameters)
    held: list[tuple[int, str]] = []
    for n, row in enumerate(rows):
        held.append((row["at_t"], row["status"]))
        key = (row["check_id"], row["keyword"], row["arn"])
        after = rows[n + 1] if n + 1 < len(rows) else None
        if after is None or key != (after["check_id"], after["keyword"], after["arn"]):
            yield _Subject(*key, row["type"], tuple(held))
            held = []


@lru_cache(maxsize=1024)
def _suppressions(
    estate: Estate, account: str, region: str
) -> Mapping[tuple[str, str], list[Suppression]]:
    found: dict[tuple[str, str], list[Suppression]] = defaultdict(list)
    for row in estate.rows(
        "SELECT keyword, arn, from_t, to_t, note, updated_by FROM suppressions"
        " WHERE account = ? AND region = ? ORDER BY from_t",
        (account, region),
    ):
        found[row["keyword"], row["arn"]].append(
            Suppression((row["from_t"], row["to_t"]), row["note"] or "", row["updated_by"] or "")
        )
    return found


def _forms(where: Place, control: str) -> list[Standard | None]:
    """Which findings a control has about one resource: one in all, or one per standard."""
    if where.consolidated:
        return [None]
    held: list[Standard | None] = list(where.ever_subscribed(control))
    return held or [None]


def _updated(states: list[State], subject: _Subject, account: str, region: str, at: int) -> int:
    """When Security Hub last updated it; what people do to a finding doesn't move the time."""
    own = [state.at for state in states if not state.by]
    asks = question(subject.check_id)
    if not asks.periodic or states[-1].archived:
        return own[-1]
    run = daily_run("security_hub", subject.check_id, account, region)
    return last_daily_run(at, own[-1], run)


@lru_cache(maxsize=32)
def findings_in(estate: Estate, account: str, region: str, at: int) -> tuple[Finding, ...]:
    """The findings about one account's resources in one region at ``at``."""
    return tuple(_findings(estate, account, region, at))


def finding_with(estate: Estate, account: str, region: str, id_: str, at: int) -> Finding | None:
    """One finding at ``at``, without making all the others; None if there is none."""
    only = _ids(estate, account, region).get(id_)
    found = _findings(estate, account, region, at, only) if only else iter(())
    return next((one for one in found if one.id == id_), None)


@lru_cache(maxsize=64)
def _ids(estate: Estate, account: str, region: str) -> Mapping[str, tuple[str, str]]:
    """The control and the resource behind every id that a finding of a place ever had."""
    where = place(estate, account, region)
    rows = estate.rows(
        "SELECT DISTINCT keyword, arn FROM recordings WHERE source = 'security_hub'"
        " AND account = ? AND region = ?",
        (account, region),
    )
    return {
        finding_id(account, region, row["keyword"], row["arn"], standard): (
            row["keyword"],
            row["arn"],
        )
        for row in rows
        for standard in _forms(where, row["keyword"])
    }


def _findings(
    estate: Estate, account: str, region: str, at: int, only: tuple[str, str] | None = None
) -> Iterator[Finding]:
    where = place(estate, account, region)
    suppressed = _suppressions(estate, account, region)
    running: dict[str, tuple[Standard, ...]] = {}
    for subject in _subjects(estate, account, region, at, only):
        control = subject.control
        deployed = where.deployed(control, at)
        if control not in running:
            running[control] = tuple(
                one
                for one in where.subscriptions(at)
                if control in one.requirements and where.association(control, one, at).on
            )
        for standard in _forms(where, control):
            states = life(
                subject.recorded,
                where.spans(control, standard),
                suppressed.get((control, subject.arn), ()),
                at,
            )
            if states:
                yield Finding(
                    id=finding_id(account, region, control, subject.arn, standard),
                    control=control,
                    standard=standard,
                    account=account,
                    region=region,
                    arn=subject.arn,
                    type=subject.type,
                    asks=question(subject.check_id),
                    states=tuple(states),
                    updated=_updated(states, subject, account, region, at),
                    standards=(standard,) if standard else running[control],
                    parameters=deployed.parameters if deployed else {},
                )
