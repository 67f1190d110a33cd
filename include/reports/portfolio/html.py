"""``portfolio.html``: one file without script or network."""

from __future__ import annotations

from pathlib import Path

from include.metrics.comparison import KINDS, NAMES
from include.metrics.portfolio import Portfolio
from include.reports.missing_evidence import open_text, places_text
from include.reports.pages.drawing import write_page
from include.reports.portfolio.parts import by_reason, short_title

TOP_RESOURCES, MOST_RESOURCES, TOP_CHECKS = 20, 500, 15
#: Controls of one framework that are named in a row; portfolio.json has them all.
MOST_IDS = 6


def write_portfolio_html(portfolio: Portfolio, path: Path, package: str = "") -> Path:
    """Draw it; equal portfolios give equal bytes. ``package`` is the id of the one it is in."""
    return write_page(
        "portfolio.html.j2",
        path,
        {
            "p": portfolio,
            "not_assessed": by_reason(portfolio.missing),
            "short": {row["framework"]: short_title(row) for row in portfolio.frameworks},
            "places_text": places_text,
            "open_text": open_text,
            "package": package,
            "kinds": list(KINDS),
            "kind_names": NAMES,
            "top_resources": TOP_RESOURCES,
            "most_resources": MOST_RESOURCES,
            "top_checks": TOP_CHECKS,
            "most_ids": MOST_IDS,
        },
    )
