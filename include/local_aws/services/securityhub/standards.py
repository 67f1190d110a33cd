"""Security Hub's standards: which are enabled, and which controls they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from include.local_aws.estate.checks import catalogue_entries
from include.local_aws.overlay import Call


@dataclass(frozen=True, eq=False)
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

    def path(self) -> str:
        """``cis-aws-foundations-benchmark/v/5.0.0``."""
        return self.id().split("/", 1)[1]

    def subscription(self, account: str, region: str) -> str:
        """The ARN of an account's subscription."""
        return f"arn:aws:securityhub:{region}:{account}:subscription/{self.path()}"

    def rule(self, control: str) -> str:
        """What the standard calls a control: CIS counts, the others use the control's id."""
        return (self.requirements.get(control) or [control])[0]

    def control(self, account: str, region: str, control: str) -> str:
        """The ARN of a control in an account's subscription."""
        path = f"{self.path()}/{self.rule(control)}"
        return f"arn:aws:securityhub:{region}:{account}:control/{path}"

    def generator(self, control: str) -> str:
        """The GeneratorId of the standard's own findings; the first standard has a form apart."""
        if "ruleset" in self.template:
            return f"{self.template}/rule/{self.rule(control)}"
        return f"{self.path()}/{self.rule(control)}"

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


def containing(control: str) -> list[Standard]:
    """The standards that hold a control, enabled or not."""
    return [one for one in standards() if control in one.requirements]


def _by_number(control: str) -> tuple[str, int]:
    service, _, number = control.partition(".")
    return service, int(number) if number.isdigit() else 0


@cache
def control_checks() -> dict[str, str]:
    """The catalogue's check behind each control, controls in Security Hub's order."""
    found = {
        source["keyword"]: check["id"]
        for check in catalogue_entries().values()
        for source in check["sources"]
        if source["source"] == "security_hub"
    }
    return dict(sorted(found.items(), key=lambda pair: _by_number(pair[0])))


def control_arn(call: Call, control: str) -> str:
    """A control's ARN in the call's account and region."""
    return f"arn:aws:securityhub:{call.region}:{call.account}:security-control/{control}"
