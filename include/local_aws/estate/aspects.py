"""Aspects: what one part of a resource's configuration can be like, and what that violates.

An aspect is one part of a resource's configuration that changes by itself. Its good states violate
nothing, each bad state names every check it violates. This is the plan's knowledge only: what a
source says is derived from the facts alone, by predicates.py, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.local_aws.estate.plan import Act, State


@dataclass(frozen=True)
class Aspect:
    """``rate``: the share of resources that are bad at times. ``lasting`` ones may be bad now.

    An aspect that is not ``mutable`` is settled when the resource is made (encryption of a
    database, say). ``edges``: may change in the first hours of a month.
    """

    name: str
    good: tuple[State, ...]
    bad: tuple[State, ...] = ()
    rate: float = 0.0
    mutable: bool = True
    edges: bool = True

    @property
    def checks(self) -> frozenset[str]:
        """The checks it can violate."""
        return frozenset(check for state in self.bad for check in state.violates)


def state(facts: Mapping[str, Any], violates: str = "", act: Act | None = None) -> State:
    """A state with these facts; ``violates`` are ids of checks, separated by blanks."""
    return State(facts, tuple(violates.split()), act)


def switch(
    check: str,
    prop: str,
    act_good: Act | None = None,
    act_bad: Act | None = None,
    *,
    good: Any = True,
    bad: Any = False,
    rate: float = 0.1,
    mutable: bool = True,
    edges: bool = True,
) -> Aspect:
    """The commonest aspect: one property with one good and one bad value, deciding one check."""
    return Aspect(
        check,
        (State({prop: good}, (), act_good),),
        (State({prop: bad}, (check,) if check else (), act_bad),),
        rate,
        mutable,
        edges,
    )


def fixed(name: str, *choices: Mapping[str, Any]) -> Aspect:
    """A part that never changes and that no check asks about."""
    return Aspect(name, tuple(State(choice) for choice in choices), mutable=False)


def ec2_call(name: str, **request: Any) -> Act:
    """A call of EC2."""
    return Act(name, "ec2.amazonaws.com", request)


def iam_call(name: str, *, by_root: bool = False, **request: Any) -> Act:
    """A call of IAM."""
    return Act(name, "iam.amazonaws.com", request, "root" if by_root else "people")


def s3_call(name: str, *, by_root: bool = False, **request: Any) -> Act:
    """A call of S3, about the bucket itself."""
    request = {"bucketName": "{name}", **request}
    return Act(name, "s3.amazonaws.com", request, "root" if by_root else "people")


def trail_call(name: str, **request: Any) -> Act:
    """A call of CloudTrail, about the trail itself."""
    return Act(name, "cloudtrail.amazonaws.com", {"name": "{name}", **request})


def rds_call(**request: Any) -> Act:
    """A call of RDS that modifies the database itself."""
    return Act(
        "ModifyDBInstance",
        "rds.amazonaws.com",
        {"dBInstanceIdentifier": "{name}", "applyImmediately": True, **request},
    )
