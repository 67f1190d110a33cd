"""``portfolio.json``: the portfolio for programs, described by ``portfolio.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path

from include.metrics.portfolio import Portfolio

SCHEMA_FILE = Path(__file__).with_name("portfolio.schema.json")
FORMAT_VERSION = "1.0"


def portfolio_text(portfolio: Portfolio) -> str:
    """Sorted keys, two spaces, one final line feed."""
    value = {"format_version": FORMAT_VERSION, **portfolio.to_json()}
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_portfolio_json(portfolio: Portfolio, path: Path) -> Path:
    """Write it; equal portfolios give equal bytes."""
    path.write_text(portfolio_text(portfolio), encoding="utf-8", newline="\n")
    return path
