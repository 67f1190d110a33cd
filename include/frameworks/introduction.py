"""What Airflow shows of a framework beside its DAG: written from the header alone."""

from __future__ import annotations

from include.evidence.item import SOURCE_NAMES
from include.frameworks.header import FrameworkHeader

_JUDGED = {
    "period_end": "the state at the period's end",
    "whole_period": "the whole period",
}
_EXAMPLES = {"month": "2026-10", "quarter": "2026-Q3", "year": "2025"}
#: Two runs of a schedule: the first days of two finished periods.
_BACKFILL = {
    "month": ("2026-08-01", "2026-09-01"),
    "quarter": ("2026-04-01", "2026-07-01"),
    "year": ("2024-01-01", "2025-01-01"),
}


def introduction(header: FrameworkHeader, schedule: str) -> str:
    """Markdown for the DAG's page; ``schedule`` is what is in force: month, quarter, year, none."""
    when = (
        f"once each {schedule} is over, for that {schedule}"
        if schedule != "none"
        else "when somebody triggers it"
    )
    facts = {
        "Version": header.version,
        "Publisher": header.publisher,
        "Compliance type": header.compliance_type,
        "Runs": when,
        "Judges": _JUDGED[header.judge],
        "Evidence from": ", ".join(SOURCE_NAMES[source] for source in header.sources),
        "Defined in": f"`{header.path.parent.name}/{header.path.name}`",
    }
    rows = "\n".join(f"| {name} | {_cell(value)} |" for name, value in facts.items())
    example = _EXAMPLES.get(schedule, _EXAMPLES["month"])
    triggering = [
        "**Trigger** it with the button above. Every field may stay empty: then it is the last "
        "finished period, and all accounts, regions and sources of the settings. A period is "
        "`2026-10`, `2026-Q3`, `2026` or `START/END` in UTC.",
        f"From a shell: `./audit run -f {header.id} --period {example}`",
    ]
    if schedule != "none":
        start, end = _BACKFILL[schedule]
        triggering.append(
            f"Periods of the past: `airflow backfill create --dag-id {header.dag_id} "
            f"--from-date {start} --to-date {end}`"
        )
    triggering.append(
        "**Red tasks** keep what they got. Once the cause is gone, clear them with their "
        "downstream: only what is missing is collected. Evidence that another framework's run "
        "has collected for the same period is used, not collected again."
    )
    controls = (
        f"**Controls**, their tests and what they rest on: `./audit frameworks show {header.id}`"
    )
    return "\n\n".join(
        [
            f"# {header.name}",
            header.description,
            f"| | |\n|---|---|\n{rows}",
            *triggering,
            controls,
        ]
    )


def _cell(text: str) -> str:
    """Text that can't end a table's cell early."""
    return " ".join(text.replace("|", "\\|").split())
