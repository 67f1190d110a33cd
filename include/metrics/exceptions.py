"""The registers' decisions: which excuse what, which end soon, which have ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from include.assessment.result import Assessment, RegisterLine
from include.clock import from_iso
from include.metrics.model import Row


def exceptions_of(assessment: Assessment, expiring_days: int) -> Row:
    """Exceptions by what they do in this result; the other registers' decisions in force beside.

    Days are counted from the period's last day (UTC); what has at most ``expiring_days`` left
    expires soon.
    """
    last_day = (from_iso(assessment.period_end) - timedelta(microseconds=1)).date()
    controls, resources = _excuses(assessment)
    lines = [line for line in assessment.registers if line.register == "exceptions"]
    in_force = [line for line in lines if line.state == "in force"]
    return {
        "expiring_within_days": expiring_days,
        "applied": [
            {
                **line_of(line),
                **_time_left(line, last_day, expiring_days),
                "state": line.state,
                "controls": list(controls[line.id]),
                "resources": sorted(resources[line.id]),
            }
            for line in in_force
            if line.id in controls
        ],
        "expiring": [
            line.id
            for line in in_force
            if _time_left(line, last_day, expiring_days)["expires_soon"]
        ],
        "expired": [line_of(line) for line in lines if line.state == "expired"],
        "unused": [line.id for line in in_force if line.id not in controls],
        "not_yet_in_force": [line.id for line in lines if line.state == "not yet in force"],
        "decisions": [
            {
                "register": line.register,
                **line_of(line),
                **_time_left(line, last_day, expiring_days),
                "used": line.used,
            }
            for line in assessment.registers
            if line.register != "exceptions" and line.state == "in force"
        ],
    }


def _excuses(
    assessment: Assessment,
) -> tuple[Mapping[str, dict[str, None]], Mapping[str, set[str]]]:
    """By exception: the controls under which it excuses something, and the resources."""
    controls: dict[str, dict[str, None]] = {}
    resources: dict[str, set[str]] = {}
    for control in assessment.controls:
        for mapped in control.checks:
            for one in mapped.excused:
                controls.setdefault(one.exception, {})[control.id] = None
                resources.setdefault(one.exception, set()).add(one.resource)
    return controls, resources


def line_of(line: RegisterLine) -> Row:
    """A decision as every figure and report has it."""
    return {
        "id": line.id,
        "what": line.what,
        "reason": line.reason,
        "owner": line.owner,
        "approver": line.approver,
        "from": line.start,
        "until": line.until,
    }


def _time_left(line: RegisterLine, last_day: date, expiring_days: int) -> Row:
    left = (date.fromisoformat(line.until) - last_day).days
    return {"days_left": left, "expires_soon": left <= expiring_days}
