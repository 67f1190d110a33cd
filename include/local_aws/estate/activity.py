"""Everyday activity that changes nothing audited: sign-ins, reads, refusals, routes, keys, root."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from include.local_aws.estate.credentials import sign_in
from include.local_aws.estate.events import GLOBAL_SOURCES, Recorder, Row
from include.local_aws.estate.names import hex17, lower_id, uuid4
from include.local_aws.estate.parameters import DAY, HOUR, Parameters
from include.local_aws.estate.plan import Act

#: Events a day in an account's home region, and in each other one.
_HOME_A_DAY, _ELSEWHERE_A_DAY = 9, 6


@dataclass(frozen=True)
class Habit:
    """One kind of everyday call. ``thing`` is the prefix of the made-up id it is about."""

    weight: int
    name: str
    service: str
    thing: str = ""
    type: str = ""
    read_only: bool = False
    by_root: bool = False
    refused: bool = False
    management_only: bool = False


_RECORDER = "AWS::Config::ConfigurationRecorder"
_UNIT = "AWS::Organizations::OrganizationalUnit"

# Nothing here names a resource of the inventory: what is audited changes by plan only.
_HABITS = (
    Habit(30, "DescribeInstances", "ec2", read_only=True),
    Habit(16, "DescribeSecurityGroups", "ec2", read_only=True),
    Habit(12, "ListBuckets", "s3", read_only=True),
    Habit(10, "DescribeDBInstances", "rds", read_only=True),
    Habit(10, "GetCallerIdentity", "sts", read_only=True),
    Habit(8, "ListUsers", "iam", read_only=True),
    Habit(6, "DescribeTrails", "cloudtrail", read_only=True),
    Habit(5, "ListKeys", "kms", read_only=True),
    Habit(4, "DescribeInstances", "ec2", read_only=True, refused=True),
    Habit(2, "GetBucketPolicy", "s3", read_only=True, refused=True),
    Habit(2, "RunInstances", "ec2", refused=True),
    Habit(1, "CreateUser", "iam", refused=True),
    Habit(4, "CreateRoute", "ec2", "rtb", "AWS::EC2::RouteTable"),
    Habit(2, "ReplaceRoute", "ec2", "rtb", "AWS::EC2::RouteTable"),
    Habit(2, "DeleteRoute", "ec2", "rtb", "AWS::EC2::RouteTable"),
    Habit(1, "CreateRouteTable", "ec2", "rtb", "AWS::EC2::RouteTable"),
    Habit(1, "CreateInternetGateway", "ec2", "igw", "AWS::EC2::InternetGateway"),
    Habit(1, "AttachInternetGateway", "ec2", "igw", "AWS::EC2::InternetGateway"),
    Habit(1, "DetachInternetGateway", "ec2", "igw", "AWS::EC2::InternetGateway"),
    Habit(1, "CreateCustomerGateway", "ec2", "cgw", "AWS::EC2::CustomerGateway"),
    Habit(2, "ReplaceNetworkAclAssociation", "ec2", "aclassoc", "AWS::EC2::NetworkAclAssociation"),
    Habit(1, "CreateVpcPeeringConnection", "ec2", "pcx", "AWS::EC2::VPCPeeringConnection"),
    Habit(1, "DeleteVpcPeeringConnection", "ec2", "pcx", "AWS::EC2::VPCPeeringConnection"),
    Habit(1, "DisableKey", "kms", "key", "AWS::KMS::Key"),
    Habit(1, "PutConfigurationRecorder", "config", "recorder", _RECORDER),
    Habit(2, "PutRolePolicy", "iam", "AWSReservedSSO_Developer", "AWS::IAM::Role"),
    Habit(1, "DeleteRolePolicy", "iam", "AWSReservedSSO_Developer", "AWS::IAM::Role"),
    Habit(10, "ConsoleLogin", "signin"),
    Habit(2, "ConsoleLogin", "signin", refused=True),
    Habit(1, "ConsoleLogin", "signin", by_root=True),
    Habit(1, "GetAccountSummary", "iam", read_only=True, by_root=True),
    Habit(1, "MoveAccount", "organizations", "ou", _UNIT, management_only=True),
    Habit(1, "CreateOrganizationalUnit", "organizations", "ou", _UNIT, management_only=True),
)  # fmt: skip


def everyday(
    given: Parameters, recorder: Recorder, region: str, *, home: bool, management: bool
) -> Iterator[Row]:
    """The everyday events of one account and region, oldest first."""
    rng = given.rng("everyday", recorder.account, region)
    habits = [
        habit
        for habit in _HABITS
        if (home or f"{habit.service}.amazonaws.com" not in GLOBAL_SOURCES)
        and (management or not habit.management_only)
    ]
    weights = [habit.weight for habit in habits]
    count = _HOME_A_DAY if home else _ELSEWHERE_A_DAY
    for day in range(given.history_start, given.now, DAY):
        share = 1.0 if (day // DAY + 4) % 7 not in (0, 6) else 0.4
        today = rng.choices(habits, weights, k=max(1, round(count * share * rng.uniform(0.6, 1.4))))
        times = sorted(day + _second(rng) for _ in today)
        for at, habit in zip(times, today, strict=True):
            if at <= given.now:
                yield _event(rng, recorder, region, at, habit)


def _second(rng: random.Random) -> int:
    """Mostly in working hours; some at night."""
    return rng.randrange(DAY) if rng.random() < 0.1 else rng.randint(7 * HOUR, 19 * HOUR)


def _event(rng: random.Random, recorder: Recorder, region: str, at: int, habit: Habit) -> Row:
    if habit.name == "ConsoleLogin":
        user = "HIDDEN_DUE_TO_SECURITY_REASONS" if habit.refused else ""
        act = sign_in("Yes" if rng.random() < 0.7 else "No", success=not habit.refused)
        by = "root" if habit.by_root else "itself" if habit.refused else "people"
        act = Act(act.name, act.source, act.request, by, act.extra)  # type: ignore[arg-type]
        return recorder.row(at, region, act, user=user)
    source = f"{habit.service}.amazonaws.com"
    extra = {}
    if habit.refused:
        code = "Client.UnauthorizedOperation" if habit.service == "ec2" else "AccessDenied"
        extra = {
            "errorCode": code,
            "errorMessage": f"Not authorized to perform: {habit.service}:{habit.name}",
        }
    request: dict[str, str] = {}
    resources = []
    if habit.thing:
        name = _thing(rng, habit.thing)
        request = {"target": name}
        resources = [{"ResourceType": habit.type, "ResourceName": name}]
    act = Act(habit.name, source, request, "root" if habit.by_root else "people", extra)
    return recorder.row(at, region, act, resources, read_only=habit.read_only)


def _thing(rng: random.Random, kind: str) -> str:
    if kind == "key":
        return uuid4(rng)
    if kind == "recorder":
        return "default"
    if kind.startswith("AWSReservedSSO") or kind == "ou":
        return f"{kind}_{lower_id(rng, 8)}"
    return f"{kind}-{hex17(rng)}"
