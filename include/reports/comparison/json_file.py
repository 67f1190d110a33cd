"""``comparison.json``: the comparison for programs, described by ``comparison.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path

from include.metrics.comparison import Comparison

SCHEMA_FILE = Path(__file__).with_name("comparison.schema.json")
FORMAT_VERSION = "1.0"


def comparison_text(comparison: Comparison) -> str:
    """Sorted keys, two spaces, one final line feed."""
    value = {"format_version": FORMAT_VERSION, **comparison.to_json()}
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_comparison_json(comparison: Comparison, path: Path) -> Path:
    """Write it; equal comparisons give equal bytes."""
    path.write_text(comparison_text(comparison), encoding="utf-8", newline="\n")
    return path
