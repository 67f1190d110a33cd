"""Security Hub's standards: which are enabled, and which controls they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call
from include.local_aws.services.questions import questions
from include.local_aws.services.verdicts import Deployed, deployments


@dataclass(frozen=True)
class Standard:
    """A standard; ``requirements`` are the numbers each control answers in it."""

    key: str
    template: str
    name: str
    prefix: str
    by_default: bool
    enabled: bool
    requirements: dict[str, list[str]]

    def arn(self, region: str) -> str:
        """The standard's ARN in a region."""
        return self.template.format(region=region)

    def id(self) -> str:
        """Its id in findings: the ARN's last part, ``standards/…`` or ``ruleset/…``."""
        return self.template.rsplit(":", 1)[-1]

    def subscription(self, account: str, region: str) -> str:
        """The ARN of an account's subscription."""
        path = self.id().split("/", 1)[1]
        return f"arn:aws:securityhub:{region}:{account}:subscription/{path}"

    def related(self, control: str) -> list[str]:
        """The requirements a control answers, as findings name them."""
        return [self.prefix + number for number in self.requirements.get(control, ())]


@cache
def _file() -> dict[str, Any]:
    path = Path(__file__).with_name("standards.yaml")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@cache
def standards() -> tuple[Standard, ...]:
    """All standards that can be enabled."""
    file = _file()
    return tuple(
        Standard(
            key,
            entry["arn"],
            entry["name"],
            entry["prefix"],
            entry["by_default"],
            entry["enabled"],
            {control: places[key] for control, places in file["controls"].items() if key in places},
        )
        for key, entry in file["standards"].items()
    )


def containing(control: str, *, enabled: bool = True) -> list[Standard]:
    """The (enabled) standards that hold a control."""
    return [
        one for one in standards() if control in one.requirements and (one.enabled or not enabled)
    ]


def _by_number(control: str) -> tuple[str, int]:
    service, _, number = control.partition(".")
    return service, int(number) if number.isdigit() else 0


@cache
def control_checks() -> dict[str, str]:
    """The catalogue's check behind each control, controls in Security Hub's order."""
    path = Path(__file__).parents[3] / "checks" / "catalogue.yaml"
    checks = yaml.safe_load(path.read_text(encoding="utf-8"))["checks"]
    found = {
        source["keyword"]: check["id"]
        for check in checks
        if check["id"] in questions()
        for source in check["sources"]
        if source["source"] == "security_hub"
    }
    return dict(sorted(found.items(), key=lambda pair: _by_number(pair[0])))


def enabled_controls(estate: Estate, call: Call, at: int) -> dict[str, Deployed]:
    """The controls switched on in the call's account and region at ``at``, by id."""
    found = deployments(estate, "security_hub", call.account, call.region, at=at)
    return {control.keyword: control for control in sorted(found, key=lambda d: d.keyword)}


def control_arn(call: Call, control: str) -> str:
    """A control's ARN in the call's account and region."""
    return f"arn:aws:securityhub:{call.region}:{call.account}:security-control/{control}"
