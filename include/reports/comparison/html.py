"""``comparison.html``: one file without script or network, with every finding that changed."""

from __future__ import annotations

from pathlib import Path

from include.metrics.comparison import KINDS, NAMES, Comparison
from include.reports.pages.drawing import write_page


def write_comparison_html(comparison: Comparison, path: Path) -> Path:
    """Draw it; equal comparisons give equal bytes."""
    return write_page("comparison.html.j2", path, {"c": comparison, "kinds": KINDS, "names": NAMES})
