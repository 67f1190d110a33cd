"""Codes, ids, numbers and times as people read them; files for programs keep them as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from include.assessment.result import CellAnswer, ControlResult
from include.checks.catalogue import load_catalogue
from include.reports.model import ReportModel

_NOTHING_FAILS = re.compile(
    r"^\d+ required checks? (?:is|are) answered everywhere, nothing fails\.$"
)


def reason_text(model: ReportModel, control: ControlResult) -> str:
    """A control's reason without its checks' ids: their questions, or nothing if there is one."""
    if _NOTHING_FAILS.match(control.reason):
        return "Nothing fails."
    if control.decision or not control.checks:
        return control.reason
    # Longest first: one id may begin another.
    ids = sorted((mapped.id for mapped in control.checks), key=lambda one: (-len(one), one))
    named = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ids))})(?![\w-])")
    if len(ids) == 1:
        alone = re.sub(rf"( fails?|(?<=ot answered):) {named.pattern}", _verb_alone, control.reason)
        return named.sub("this check", alone)
    return named.sub(lambda found: f"'{model.check(found[0]).question}'", control.reason)


def _verb_alone(found: re.Match[str]) -> str:
    return found[1].rstrip(":")


def remedy_of(check_id: str) -> str:
    """What to do about a failing check, or '' for one that the catalogue doesn't know (any more).

    An older result is drawn again with the catalogue of today.
    """
    check = load_catalogue().get(check_id)
    return check.remedy if check else ""


def answer_text(cell: CellAnswer) -> str:
    """Why a cell is open: its notes, or else its answer in small letters."""
    return "; ".join(cell.notes) or cell.answer.replace("_", " ").lower()


def place_text(cell: CellAnswer) -> str:
    """A cell's account and region."""
    return f"{cell.account} {cell.region}".strip()


def counted(n: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 resource``, ``1,204 resources``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def verb(n: int, one: str, many: str) -> str:
    """``fails`` for one, ``fail`` for none or several."""
    return one if n == 1 else many


def number(value: float | None) -> str:
    """A count with commas between thousands; a dash for what is not known."""
    return "-" if value is None else f"{value:,}"


def plain_time(at: str | None) -> str:
    """An ISO time (UTC) to the second, without its marks; '' stays ''."""
    return (at or "")[:19].replace("T", " ").rstrip("Z")


def listed(parts: Sequence[str], most: int) -> str:
    """The first ``most`` of them, and how many more there are."""
    more = len(parts) - most
    return ", ".join(parts[:most]) + (f" and {more:,} more" if more > 0 else "")
