"""A folder of frameworks of one's own, as tests write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = """\
id: {id}
title: Rules of {id}
version: "1"
publisher: We
compliance_type: Internal
description: What we ask of ourselves.
schedule: month
judge: period_end
sources: [{sources}]
control_sets:
"""
#: Writes a framework: its id, its control sets as YAML, its sources.
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, sets: str, sources: str = "manual") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(HEADER.format(id=name, sources=sources) + sets, encoding="utf-8")
        return path

    return written
