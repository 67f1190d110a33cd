"""What people are told of a portfolio, in the form each SNS protocol can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.runs.notification import blocking, structured

#: SNS takes 256 KiB for the whole structured message; long lists are cut with a count.
_MOST = 40


def portfolio_message(
    environment: str, summary: Mapping[str, Any], links: Mapping[str, str]
) -> dict[str, str]:
    """The message by protocol, for ``MessageStructure="json"``.

    ``summary`` is that of :func:`include.runs.portfolio.summary_of`.
    """
    totals = summary["totals"]
    missing = summary["missing"]
    gaps = blocking(summary["gaps"])
    facts = {
        "event": "portfolio.finished",
        "environment": environment,
        "period": summary["period"],
        "totals": totals,
        "frameworks": summary["frameworks"][:_MOST],
        "missing": missing[:_MOST],
        "gaps_blocking": len(gaps),
        "links": dict(links),
    }
    lines = [f"Compliance portfolio, period {summary['period']} ({environment})", ""]
    lines += [
        f"{row['framework']:<30} score {_percent(row['score']):>10}, "
        f"coverage {_percent(row['coverage']):>10}, {row['status'].lower()}"
        for row in summary["frameworks"][:_MOST]
    ]
    if len(summary["frameworks"]) > _MOST:
        lines.append(f"and {len(summary['frameworks']) - _MOST} more")
    lines += [f"{row['framework']:<30} not assessed: {row['why']}" for row in missing[:_MOST]]
    if len(missing) > _MOST:
        lines.append(f"and {len(missing) - _MOST} more not assessed")
    lines += [
        "",
        f"Failing resources, each once: {totals['failing_resources']}",
        f"Places without evidence: {totals['gaps_blocking']}",
        f"Controls waiting for people: {totals['awaiting']}",
        "",
        *(f"{name}: {link}" for name, link in links.items()),
    ]
    short = (
        f"Portfolio {summary['period']}: {totals['frameworks_assessed']} of "
        f"{totals['frameworks']} frameworks, {totals['failing_resources']} failing resources"
    )
    return structured(facts, "\n".join(lines), short)


def _percent(value: float | None) -> str:
    return "not judged" if value is None else f"{value:.2f} %"
