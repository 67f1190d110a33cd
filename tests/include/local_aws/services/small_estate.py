"""A small estate filled by hand, and calls as the front makes them; answers checked by model."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session

from include.local_aws.estate.store import SCHEMA, Estate
from include.local_aws.overlay import Call
from include.local_aws.services import overlays
from include.protocol.serialising import check_answer

ACCOUNT = "111111111111"
OTHER = "222222222222"
HOME = "us-east-1"
AWAY = "eu-west-1"
_MODELS = botocore.session.get_session()


def t(text: str) -> int:
    """Epoch seconds of ``2026-10-31T23:59:59`` (UTC)."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


START = t("2026-08-01T00:00:00")
NOW = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


class Builder:
    """Writes rows of the estate's schema."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)

    def insert(self, table: str, *values: Any) -> None:
        """A row; columns at the end that are not given have their defaults."""
        names = [row[1] for row in self.db.execute(f"PRAGMA table_info({table})")]
        marks = ",".join("?" * len(values))
        columns = ",".join(names[: len(values)])
        self.db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)

    def resource(
        self,
        arn: str,
        type_: str,
        region: str | None,
        id_: str,
        created: int = START,
        deleted: int | None = None,
        account: str = ACCOUNT,
        name: str | None = None,
    ) -> None:
        self.insert("resources", arn, type_, account, region, id_, name or id_, created, deleted)

    def fact(
        self, arn: str, name: str, value: Any, since: int = START, to: int | None = None
    ) -> None:
        self.insert("facts", arn, name, json.dumps(value), since, to)

    def deploy(
        self,
        check: str,
        source: str,
        keyword: str,
        region: str,
        parameters: dict[str, Any] | None = None,
        since: int = START,
        to: int | None = None,
        account: str = ACCOUNT,
        name: str | None = None,
    ) -> None:
        name = name or f"{check}-rule"
        arn = f"arn:aws:config:{region}:{account}:config-rule/config-rule-{name[:6]}"
        self.insert(
            "deployments",
            check,
            source,
            keyword,
            json.dumps(parameters or {}),
            account,
            region,
            name,
            arn,
            since,
            to,
        )

    def record(
        self,
        check: str,
        source: str,
        keyword: str,
        arn: str,
        type_: str,
        region: str,
        *changes: tuple[str, int],
        account: str = ACCOUNT,
    ) -> None:
        for status, at in changes:
            self.insert(
                "recordings", check, source, keyword, arn, type_, account, region, status, at
            )


SG = "AWS::EC2::SecurityGroup"
INSTANCE = "AWS::EC2::Instance"


def sg_arn(n: int) -> str:
    return f"arn:aws:ec2:{HOME}:{ACCOUNT}:security-group/sg-{n:017x}"


def instance_arn(n: int) -> str:
    return f"arn:aws:ec2:{HOME}:{ACCOUNT}:instance/i-{n:017x}"


def fill(build: Builder) -> None:
    """Two accounts, two regions, security groups that break and heal, one that goes away."""
    for account in (ACCOUNT, OTHER):
        build.insert("accounts", account, f"team-{account[0]}", f"{account[0]}@example.com", START)
    for place, region in enumerate((HOME, AWAY)):
        build.insert("regions", region, place)
    for account in (ACCOUNT, OTHER):
        identity = f"AWS::::Account:{account}"
        build.resource(identity, "AWS::::Account", None, account, account=account)
        for region in (HOME, AWAY):
            build.resource(
                f"{identity}:{region}", "AWS::::Account", region, account, account=account
            )
            build.fact(f"{identity}:{region}", "ConfigRecorder", True)
            on = not (account == OTHER and region == AWAY)
            build.fact(f"{identity}:{region}", "SecurityHub", on)
    # 130 security groups: more than one page of 100.
    gone = t("2026-10-20T12:00:00")
    for n in range(130):
        last = n == 129
        build.resource(sg_arn(n), SG, HOME, f"sg-{n:017x}", deleted=gone if last else None)
        open_to = t("2026-10-31T23:59:59") if n == 0 else None
        build.fact(sg_arn(n), "GroupName", f"group-{n}")
        build.fact(sg_arn(n), "VpcId", "vpc-1" if n % 2 else "vpc-2")
        build.fact(
            sg_arn(n),
            "IpPermissions",
            [{"IpProtocol": "tcp", "FromPort": 22}] if n == 0 else [],
            START,
            open_to,
        )
        if open_to:
            build.fact(sg_arn(n), "IpPermissions", [], open_to)
    both = (("aws_config", "VPC_SG_PORT_RESTRICTION_CHECK"), ("security_hub", "EC2.53"))
    for source, keyword in both:
        build.deploy("sg-no-open-admin-ipv4", source, keyword, HOME, {"restrictPorts": "22,3389"})
        for n in range(130):
            changes = [("FAIL" if n % 10 == 0 else "PASS", START)]
            if n == 0:
                changes += [("PASS", t("2026-10-31T23:59:59"))]
            if n == 1:
                changes += [("FAIL", t("2026-11-01T00:00:00")), ("PASS", t("2026-11-01T05:00:00"))]
            if n == 2:  # lies after now: must never show
                changes += [("FAIL", t("2026-11-01T06:00:01"))]
            if n == 129:
                changes += [("FAIL", t("2026-10-10T00:00:00")), ("GONE", gone)]
            build.record("sg-no-open-admin-ipv4", source, keyword, sg_arn(n), SG, HOME, *changes)
    for source, keyword in (("aws_config", "EC2_IMDSV2_CHECK"), ("security_hub", "EC2.8")):
        build.deploy("imdsv2-required", source, keyword, HOME)
        for n in range(3):
            build.record(
                "imdsv2-required", source, keyword, instance_arn(n), INSTANCE, HOME, ("PASS", START)
            )
    for n in range(3):
        build.resource(instance_arn(n), INSTANCE, HOME, f"i-{n:017x}")
        build.fact(instance_arn(n), "MetadataOptions", {"HttpTokens": "required"})
        build.fact(instance_arn(n), "InstanceType", "t3.small")
    # The account's own settings: one account-wide and one regional check about one Config resource.
    account = f"AWS::::Account:{ACCOUNT}"
    build.deploy("root-mfa", "aws_config", "ROOT_ACCOUNT_MFA_ENABLED", HOME)
    build.record(
        "root-mfa",
        "aws_config",
        "ROOT_ACCOUNT_MFA_ENABLED",
        account,
        "AWS::::Account",
        HOME,
        ("FAIL", START),
        ("PASS", t("2026-09-10T10:00:00")),
    )
    build.deploy("ebs-default-encryption", "aws_config", "EC2_EBS_ENCRYPTION_BY_DEFAULT", HOME)
    build.deploy("ebs-default-encryption", "security_hub", "EC2.7", HOME)
    for source, keyword in (
        ("aws_config", "EC2_EBS_ENCRYPTION_BY_DEFAULT"),
        ("security_hub", "EC2.7"),
    ):
        build.record(
            "ebs-default-encryption",
            source,
            keyword,
            f"{account}:{HOME}",
            "AWS::::Account",
            HOME,
            ("FAIL", t("2026-10-05T08:00:00")),
        )
    # A rule that was taken away, and one without resources.
    build.deploy(
        "rds-not-public",
        "aws_config",
        "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
        HOME,
        to=t("2026-10-15T00:00:00"),
    )
    build.record(
        "rds-not-public",
        "aws_config",
        "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
        sg_arn(5),
        SG,
        HOME,
        ("FAIL", START),
    )
    build.deploy("efs-encrypted", "aws_config", "EFS_FILESYSTEM_CT_ENCRYPTED", HOME)


Ask = Callable[..., dict[str, Any]]


def asker(estate: Estate, **defaults: Any) -> Ask:
    """A function that calls a handler and checks that the model allows what it answers."""
    found = overlays(estate)

    def ask(service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        place = {**defaults, **params.pop("_at", {})}
        call = Call(
            service=service,
            operation=operation,
            account=place.get("account", ACCOUNT),
            region=place.get("region", HOME),
            caller_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/ComplianceAuditRole/test",
            params=params,
            now=place.get("now", NOW),
            request_id="11111111-2222-3333-4444-555555555555",
        )
        answer = found[service][operation](call)
        model = _MODELS.get_service_model(service).operation_model(operation)
        check_answer(model.output_shape, answer)
        return answer

    return ask


def all_pages(
    ask: Ask, service: str, operation: str, member: str, token: str = "NextToken", **params: Any
) -> list[Any]:
    """Every item of a listing, page after page."""
    found: list[Any] = []
    following: str | None = None
    while True:
        answer = ask(service, operation, **params, **({token: following} if following else {}))
        found += answer[member]
        following = answer.get(token)
        if not following:
            return found
