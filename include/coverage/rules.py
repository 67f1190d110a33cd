"""AWS's managed Config rules: how they are called and triggered, and what a check gives them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from include.checks.check import Check

_FILE = Path(__file__).with_name("managed_rules.csv")
#: What starts a rule; '' where it isn't known.
Trigger = Literal["change", "periodic", "both", ""]
#: Firewall Manager makes these rules for its policies by itself; nobody else deploys them.
_FIREWALL_MANAGER = "FMS_"
#: Most that ``InputParameters`` of a rule may hold (API reference of PutConfigRule).
_LONGEST_INPUT = 1024


@dataclass(frozen=True)
class ManagedRule:
    """One rule that AWS offers. ``resource_types``: whose changes start it; none: not known."""

    identifier: str
    name: str
    trigger: Trigger
    resource_types: tuple[str, ...]


@cache
def managed_rules() -> Mapping[str, ManagedRule]:
    """All rules that AWS offers, by identifier. See NOTICE for where the facts come from."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {row["rule_identifier"]: _managed(row) for row in csv.DictReader(file)}


def _managed(row: Mapping[str, str]) -> ManagedRule:
    triggers: dict[str, Trigger] = {"change": "change", "periodic": "periodic", "both": "both"}
    return ManagedRule(
        row["rule_identifier"],
        row["rule_name"],
        triggers.get(row["trigger"], ""),
        tuple(filter(None, row["resource_types"].split(";"))),
    )


@dataclass(frozen=True, order=True)
class Rule:
    """A rule as a check wants it deployed.

    ``inputs`` are values as Config takes them: text, lists joined by commas. ``left_open`` are the
    parameters that the organisation decides, each with AWS's default, '' where there is none.
    """

    identifier: str
    inputs: tuple[tuple[str, str], ...] = ()
    left_open: tuple[tuple[str, str], ...] = ()

    @property
    def managed(self) -> ManagedRule:
        """What AWS says of it."""
        return managed_rules()[self.identifier]

    @property
    def undecided(self) -> tuple[str, ...]:
        """The parameters that somebody has to decide before it can be deployed."""
        return tuple(name for name, default in self.left_open if not default)

    def __str__(self) -> str:
        given = [f"{name}={value}" for name, value in self.inputs]
        given += [f"{name}=?" for name in self.undecided]
        return f"{self.identifier} ({', '.join(given)})" if given else self.identifier


@dataclass(frozen=True)
class NoRule:
    """Why a check's rule can't be deployed by anybody who wants it."""

    keyword: str
    why: str


def rule_of(check: Check) -> Rule | NoRule | None:
    """The rule that a check wants; None where no rule can answer it."""
    source = check.by_source.get("aws_config")
    if source is None:
        return None
    keyword = source.keyword
    if source.retired:
        return NoRule(keyword, "AWS no longer offers it")
    if keyword.startswith(_FIREWALL_MANAGER):
        return NoRule(keyword, "Firewall Manager deploys it with its policies")
    if keyword not in managed_rules():
        return NoRule(keyword, "it is no rule of AWS's")
    wanted: dict[str, Any] = {
        name: parameter.value
        for name, parameter in check.parameters.items()
        if parameter.value is not None and (name in source.parameters or not parameter.optional)
    }
    inputs = tuple(sorted((name, as_config_spells(value)) for name, value in wanted.items()))
    if len(json.dumps(dict(inputs), separators=(",", ":"))) > _LONGEST_INPUT:
        return NoRule(keyword, f"its parameters are longer than Config's {_LONGEST_INPUT} letters")
    left_open = tuple(
        (name, "" if parameter.default is None else as_config_spells(parameter.default))
        for name, parameter in sorted(check.parameters.items())
        if parameter.stricter == "any" and not parameter.optional
    )
    return Rule(keyword, inputs, left_open)


def as_config_spells(value: Any) -> str:
    """A parameter's value as Config takes it: text, lists joined by commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
