"""From a hub's switches, and the controls seen at work, to each control's state at a period's end.

A control without findings ran if it is enabled now, its place in a working standard hasn't been
changed since a day before the period's end, and the hub was on by then: enabled controls run at
least once a day, so it ran through the end and found no resource. A control that judged something
at the end was on then, whatever it is now, unless its switch says that it was off by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from include.aws.sessions import partition_of
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment, State
from include.sources.hub_switches import Switches

#: How long Security Hub remembers how a finding changed.
REACH = timedelta(days=90)
#: How long it keeps archived findings: those of deleted resources are gone after that.
ARCHIVED_KEPT = timedelta(days=30)
#: Until when a control that was switched on has looked at every resource.
_FIRST_RUN = timedelta(hours=24)


@dataclass
class Seen:
    """What the findings tell of the controls, beyond their evidence."""

    #: Controls with findings that were active at the end -> the standards that these count for.
    judging: dict[str, set[str]] = field(default_factory=dict)
    #: Controls that judged the account itself at the end, and those that judged anything else.
    of_account: set[str] = field(default_factory=set)
    of_others: set[str] = field(default_factory=set)
    #: Controls whose findings were archived by then because they had been switched off.
    switched_off: set[str] = field(default_factory=set)
    #: Standards with findings whose control could not be made out.
    unmapped: set[str] = field(default_factory=set)
    #: ARN of a control as it judged with other parameters than it has now -> (control, these).
    other_parameters: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)


def control_arn(cell: Cell, control: str) -> str:
    """A control's ARN where it runs."""
    return (
        f"arn:{partition_of(cell.region)}:securityhub:{cell.region}:{cell.account}"
        f":security-control/{control}"
    )


def parameters_of(control: Mapping[str, Any]) -> dict[str, Any]:
    """``{name: {"Value": {"Integer": 45}}}`` as ``{name: 45}``, set by people or by default."""
    return {
        name: next(iter(parameter["Value"].values()))
        for name, parameter in (control.get("Parameters") or {}).items()
        if parameter.get("Value")
    }


def deployments(cell: Cell, switches: Switches, seen: Seen, now: datetime) -> Iterator[Deployment]:
    """Every control with its state at the period's end."""
    end = cell.period.end
    reached = now - REACH <= end
    evaluated = iso(min(now, end))
    # What was deleted after the end, and more than 30 days ago, had findings that are gone. The
    # account can't be deleted: what judged it, and nothing else, has judged everything.
    forgotten = now - ARCHIVED_KEPT > end
    whole = seen.of_account - seen.of_others
    known = [(name, control_arn(cell, name), dict(c)) for name, c in switches.controls.items()]
    for name, arn, control in known:
        state = state_of(name, switches, seen, end, reached=reached)
        variants = {arn: parameters_of(control)}
        variants |= {a: dict(p) for a, (c, p) in seen.other_parameters.items() if c == name}
        for variant, parameters in variants.items():
            yield Deployment(
                source="security_hub",
                keyword=name,
                account=cell.account,
                region=cell.region,
                state=state,
                arn=variant,
                parameters=parameters,
                last_evaluated=evaluated if state == "ACTIVE" else "",
                narrowed=forgotten and name not in whole,
            )


def state_of(
    control: str, switches: Switches, seen: Seen, end: datetime, *, reached: bool
) -> State:
    """One control's state at ``end``."""
    judging = control in seen.judging
    if switches.subscribed > _before(end) and not judging:
        # A hub that was off for a while has its findings back, of the controls that had any.
        return "NEVER_EVALUATED"
    held = switches.associations.get(control, ())
    on = [one for one in held if one.enabled]
    if judging:
        by_then_off = {a.standard for a in held if not a.enabled and a.since < end}
        via = seen.judging[control]
        off = not on and bool(via) and via <= by_then_off
        return "DISABLED" if off else "ACTIVE" if reached else "BEYOND_REACH"
    if not on:
        return "DISABLED"
    ran = [
        one
        for one in on
        if one.since <= _before(end)
        and one.standard not in seen.unmapped
        and getattr(switches.subscription(one.standard), "status", "") == "READY"
    ]
    if not ran:
        return "DISABLED" if control in seen.switched_off else "NEVER_EVALUATED"
    return "ACTIVE" if reached else "BEYOND_REACH"


def _before(end: datetime) -> datetime:
    """The latest time of switching on after which everything was looked at by the end."""
    return end - _FIRST_RUN
