"""A comparison as JSON, for programs, described by ``comparison.schema.json``."""

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
