"""What the pages of portfolio.pdf have in common: paragraphs, and lists of which a part stands."""

from __future__ import annotations

from collections.abc import Sequence
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
