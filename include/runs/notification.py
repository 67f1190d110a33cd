"""What people are told at the end of a run, in the form each SNS protocol can show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

#: SNS takes 256 KiB for the whole structured message; long lists are cut with a count.
_MOST_GAPS = 20


#: The files of a package that people open first.
FIRST = ("report.pdf", "report.html", "workbook.xlsx", "report.json")


def links(reports: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Where the files that people open first lie, and the folder that all of them are in."""
    first = {one["name"]: one["uri"] for one in reports if one["name"] in FIRST}
    folder = next((uri.rpartition("/")[0] + "/" for uri in first.values()), "")
    return first | ({"package": folder} if folder else {})


def blocking(gaps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The gaps that keep a run from ending as a success.

    What a recorded decision excludes, or a person left out of the run, is shown and doesn't.
    """
    return [gap for gap in gaps if gap.get("blocking", True)]


def subject(framework: str, period: str, outcome: str) -> str:
    """One line of ASCII, at most 99 characters, as SNS demands of a subject."""
    line = f"{outcome}: {framework} {period}"
    return line.encode("ascii", "replace").decode()[:99]


def finished_message(
    *,
    framework: str,
    period: str,
    environment: str,
    assessment_status: str,
    score: float | None,
    coverage: float | None,
    statuses: Mapping[str, int],
    gaps: Sequence[Mapping[str, Any]],
    links: Mapping[str, str],
) -> dict[str, str]:
    """The message of an ended run by protocol, for ``MessageStructure="json"``.

    ``score`` and ``coverage`` are percentages or None when nothing could be judged.
    """
    missing = blocking(gaps)
    decided = [gap for gap in gaps if not gap.get("blocking", True)]
    shown = [dict(gap) for gap in [*missing, *decided][:_MOST_GAPS]]
    facts = {
        "event": "assessment.finished",
        "environment": environment,
        "framework": framework,
        "period": period,
        "assessment_status": assessment_status,
        "compliance_score": score,
        "coverage": coverage,
        "controls": dict(statuses),
        "gaps": shown,
        "gaps_total": len(gaps),
        "gaps_blocking": len(missing),
        "links": dict(links),
    }
    lines = [
        f"Assessment {framework}, period {period} ({environment}): {assessment_status}",
        "",
        f"Score     {_percent(score)}",
        f"Coverage  {_percent(coverage)}",
        *(f"{status.replace('_', ' ').capitalize():<14} {n}" for status, n in statuses.items()),
        "",
    ]
    for title, some in (("Missing evidence", missing), ("Not blocking", decided)):
        if some:
            lines.append(f"{title} ({len(some)}):")
            lines += [_gap_line(gap) for gap in some[:_MOST_GAPS]]
            lines.append("")
    lines += [f"{name}: {link}" for name, link in links.items()]
    text = "\n".join(lines)
    said = f"score {_percent(score)}, gaps {len(missing)}"
    short = f"{framework} {period}: {assessment_status}, {said}"
    return structured(facts, text, short)


def _gap_line(gap: Mapping[str, Any]) -> str:
    line = f"- {gap.get('source')} {gap.get('account')} {gap.get('region')}: {gap.get('status')}"
    return line + (f" (decision {gap['decision']})" if gap.get("decision") else "")


def failed_message(
    *, framework: str, period: str, environment: str, failed: Sequence[str], link: str
) -> dict[str, str]:
    """The message of a failed run by protocol; ``failed`` are the ids of the red tasks."""
    facts = {
        "event": "assessment.failed",
        "environment": environment,
        "framework": framework,
        "period": period,
        "failed_tasks": list(failed),
        "link": link,
    }
    text = (
        f"Assessment {framework}, period {period} ({environment}) failed in: "
        f"{', '.join(failed)}.\nClear the red tasks with their downstream once the cause is "
        f"gone; what was collected is kept.\n{link}"
    )
    return structured(facts, text, f"{framework} {period} failed in {', '.join(failed)}"[:140])


def structured(facts: Mapping[str, Any], text: str, short: str) -> dict[str, str]:
    """A message in each protocol's form: ``facts`` for programs, ``short`` for telephones."""
    machine = json.dumps(facts, sort_keys=True)
    return {
        "default": text,
        "email": text,
        "email-json": machine,
        "sqs": machine,
        "lambda": machine,
        "http": machine,
        "https": machine,
        "sms": short[:140],
    }


def _percent(value: float | None) -> str:
    return "not judged" if value is None else f"{value:.2f} %"
