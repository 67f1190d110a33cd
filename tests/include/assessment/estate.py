"""A small assessed world for tests: checks, a framework and snapshots, each a few lines long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from include.assessment.assess import assess
from include.assessment.period import Period, parse_period
from include.assessment.registers import Registers
from include.assessment.result import Assessment, CellAnswer, ControlResult
from include.assessment.scope import Scope
from include.checks.check import Check
from include.digests import digest_of
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.evidence.receipt import Receipt
from include.frameworks.schema import Framework

PERIOD = parse_period("2026-10")
ACCOUNT = "111111111111"
HOME, AWAY = "eu-west-1", "us-east-1"
AS_OF = "2026-11-01T06:05:00Z"
AT = datetime(2026, 10, 20, 8, tzinfo=UTC)
INSTANCE = f"arn:aws:ec2:{HOME}:{ACCOUNT}:instance/i-1"
USER = f"arn:aws:iam::{ACCOUNT}:user/eva"


def source(name: str, keyword: str, answers: str = "verdict", **more: Any) -> dict[str, Any]:
    return {"source": name, "keyword": keyword, "answers": answers, **more}


def check(check_id: str, *sources: dict[str, Any], **more: Any) -> Check:
    return Check.model_validate(
        {
            "id": check_id,
            "question": "Is it as it should be?",
            "about": "A setting of the resource.",
            "remedy": "Change the setting.",
            "resource_type": "AWS::EC2::Instance",
            "locality": "region",
            "severity": "HIGH",
            "sources": list(sources),
            **more,
        }
    )


BOTH = check("both", source("aws_config", "RULE"), source("security_hub", "EC2.8"))


def framework(*controls: dict[str, Any], judge: str = "period_end") -> Framework:
    return Framework.model_validate(
        {
            "id": "small_1.0",
            "title": "A small framework",
            "version": "1.0",
            "publisher": "Nobody",
            "compliance_type": "Small",
            "description": "For tests.",
            "schedule": "month",
            "judge": judge,
            "sources": ["aws_config"],
            "control_sets": [{"id": "1", "title": "One", "controls": list(controls)}],
        }
    )


def control(
    control_id: str,
    *required: str,
    supporting: Sequence[str] = (),
    shown: Sequence[str] = (),
    manual: str = "",
) -> dict[str, Any]:
    roles = [(c, "required") for c in required] + [(c, "supporting") for c in supporting]
    roles += [(c, "shown") for c in shown]
    return {
        "id": control_id,
        "title": f"Control {control_id}",
        "objective": "That it is so.",
        "test_procedure": ["Look."],
        "checks": [{"check": c, "role": role, "basis": "judgement"} for c, role in roles],
        **({"manual": {"provide": manual, "frequency": "period"}} if manual else {}),
    }


@dataclass(frozen=True)
class Ref:
    uri: str
    digest: str
    content_digest: str
    as_of: str


@dataclass(frozen=True)
class Snap:
    """A hand-made snapshot; ``rows`` and ``deployments`` belong to its source and place."""

    receipt: Receipt
    deployments: Sequence[Deployment] = ()
    rows: Sequence[Evidence] = ()
    as_of: str = AS_OF
    streamed: list[int] = field(default_factory=list)

    @property
    def ref(self) -> Ref:
        place = f"{self.receipt.source}/{self.receipt.account}/{self.receipt.region}"
        digest = digest_of(sorted(row.content_digest for row in self.rows))
        return Ref(f"s3://evidence/{place}", digest, digest, self.as_of)

    def iter_evidence(self) -> Iterator[Evidence]:
        for n, row in enumerate(self.rows):
            self.streamed.append(n)
            yield row


def deployment(name: str = "aws_config", keyword: str = "RULE", **more: Any) -> Deployment:
    values: dict[str, Any] = {
        "source": name,
        "keyword": keyword,
        "account": ACCOUNT,
        "region": HOME,
        "state": "ACTIVE",
        "arn": f"arn:{name}:{keyword}",
        "last_evaluated": "2026-10-30T00:00:00Z",
    }
    return Deployment(**{**values, **more})


def row(result: str, name: str = "aws_config", keyword: str = "RULE", **more: Any) -> Evidence:
    values: dict[str, Any] = {
        "source": name,
        "keyword": keyword,
        "account": ACCOUNT,
        "region": HOME,
        "event_source": f"{name}.example",
        "event_name": keyword,
        "resource": INSTANCE,
        "resource_type": "AWS::EC2::Instance",
        "result": result,
        "raw_status": result,
        "known": "CONTEMPORANEOUS",
        "source_time": AT,
        "collected_at": datetime(2026, 11, 1, 6, 1, tzinfo=UTC),
        "deployment": f"arn:{name}:{keyword}",
    }
    return Evidence(**{**values, **more})


def snap(
    name: str = "aws_config",
    *,
    status: str = "COMPLETE",
    account: str = ACCOUNT,
    region: str = HOME,
    deployments: Iterable[Deployment] = (),
    rows: Iterable[Evidence] = (),
    **receipt: Any,
) -> Snap:
    items = [structs.replace(one, account=account) for one in rows]
    values: dict[str, Any] = {
        "source": name,
        "account": account,
        "region": region,
        "period": PERIOD.label,
        "selection": "all",
        "status": status,
        "started": "2026-11-01T06:00:00Z",
        "ended": AS_OF,
        "caller_arn": f"arn:aws:sts::{account}:assumed-role/ComplianceAuditRole/audit",
        "endpoint": "https://example.org",
        "client": "botocore",
        "clock_skew_seconds": 0.0,
        "cursor_exhausted": status.startswith("COMPLETE"),
        "items": len(items),
        "retries": 0,
        "throttles": 0,
    }
    return Snap(
        Receipt(**{**values, **receipt}),
        [replace(d, account=account, region=region) for d in deployments],
        items,
    )


def config(*rows: Evidence, **more: Any) -> Snap:
    """AWS Config with the rule deployed."""
    return snap("aws_config", **{"deployments": [deployment()], "rows": rows, **more})


def hub(*rows: Evidence, **more: Any) -> Snap:
    """Security Hub with the control enabled."""
    ready = [deployment("security_hub", "EC2.8")]
    return snap("security_hub", **{"deployments": ready, "rows": rows, **more})


def hub_row(result: str, **more: Any) -> Evidence:
    return row(result, "security_hub", "EC2.8", **more)


def judged(
    *snaps: Snap,
    checks: Sequence[Check] = (BOTH,),
    controls: Sequence[Mapping[str, Any]] | None = None,
    regions: Sequence[str] = (HOME,),
    accounts: Sequence[str] = (ACCOUNT,),
    registers: Registers | None = None,
    judge: str = "period_end",
    sources: Sequence[str] = (),
    period: Period = PERIOD,
    **more: Any,
) -> Assessment:
    """The assessment of a framework of one control (unless given) that requires the checks."""
    if controls is None:
        controls = [control("1.1", *(c.id for c in checks))]
    return assess(
        framework(*(dict(c) for c in controls), judge=judge),
        {c.id: c for c in checks},
        Scope(tuple(accounts), tuple(regions), tuple(sources)),
        period,
        snaps,
        registers,
        **more,
    )


def cell(assessment: Assessment, check_id: str = "both", region: str = HOME) -> CellAnswer:
    return next(c for c in assessment.check_by_id[check_id].cells if c.region in ("", region))


def only(assessment: Assessment) -> ControlResult:
    (one,) = assessment.controls
    return one
