"""The field of a trigger form that asks for the audit period."""

from __future__ import annotations

from airflow.sdk import Param


def period_field() -> Param:
    """A period's label, or empty for that of the run's date."""
    return Param(
        None,
        type=["null", "string"],
        pattern=(
            r"^(\d{4}-(0[1-9]|1[0-2])|\d{4}-Q[1-4]|\d{4}"
            r"|\d{4}-\d{2}-\d{2}T[0-9:.]+Z/\d{4}-\d{2}-\d{2}T[0-9:.]+Z)$"
        ),
        title="Audit period",
        description_md="`2026-10`, `2026-Q3`, `2026`, or `START/END` in UTC. "
        "Empty: the period of the run's date.",
    )
