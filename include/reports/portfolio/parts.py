"""What the pages of portfolio.pdf have in common: paragraphs, and lists of which a part stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.platypus import Paragraph

from include.reports.pdf.style import BODY
from include.reports.pdf.text import markup


def paragraph(text: str, style: Any = BODY) -> Paragraph:
    """A text in which nothing is markup."""
    return Paragraph(markup(text), style)


def part_of(shown: Sequence[Any], rows: Sequence[Any], what: str, order: str = "") -> str:
    """What of a list is here, where the rest is."""
    if len(shown) == len(rows):
        return ""
    order = f", {order}" if order else ""
    return f"The first {len(shown)} of {len(rows):,} {what}{order}; all stand in portfolio.json."


def by_reason(missing: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Frameworks that were not assessed, put together by the reason: (reason, their names)."""
    found: dict[str, list[str]] = {}
    for row in missing:
        found.setdefault(row["why"], []).append(f"{row['title']} ({row['framework']})")
    return list(found.items())


def short_title(row: Mapping[str, Any]) -> str:
    """A framework at the head of a narrow column, such as "CIS AWS 5.0" for ``cis_aws_5.0``.

    Made of its id, which no other has; the words are written as in the title where it has them.
    """
    written = {word.casefold(): word for word in re.findall(r"[^\W_]+", row["title"])}
    parts = [part for part in row["framework"].split("_") if part]
    return " ".join(written.get(part, part.upper() if len(part) < 5 else part) for part in parts)
