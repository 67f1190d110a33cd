"""``evidence.jsonl``: an object per line, canonical, with all that is known of an item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.clock import iso
from include.digests import canonical_json
from include.reports.tables.json_lines import MEMBERS, write_jsonl
from tests.include.assessment.estate import row
from tests.include.reports.tables.world import HOSTILE, LONG, items_with, report, small


def test_every_line_is_canonical_json_and_tells_all_of_its_item(tmp_path: Path) -> None:
    texts = [*HOSTILE, LONG, "".join(map(chr, range(256))), '\\"\\u0000']
    items = items_with(texts)
    data = write_jsonl(report(small(), items), tmp_path / "e.jsonl").read_bytes()
    lines = data.removesuffix(b"\n").split(b"\n")
    assert len(lines) == len(items)
    for line, item in zip(lines, items, strict=True):
        told = json.loads(line)
        assert canonical_json(told) == line
        assert tuple(told) == MEMBERS
        assert told.pop("evidence_id") == item.evidence_id
        for name in ("source_time", "collected_at"):
            assert told.pop(name) == iso(getattr(item, name))
        assert [tuple(pair) for pair in told.pop("failed")] == list(item.failed)
        assert (told.pop("checks"), told.pop("controls")) == ([], [])
        assert told == {name: getattr(item, name) for name in told}


def test_checks_and_controls_are_lists(tmp_path: Path) -> None:
    from tests.include.reports.sample import model as cis

    items = [row("PASS", keyword="IAM_ROOT_ACCESS_KEY_CHECK")]
    path = write_jsonl(report(cis().assessment, items), tmp_path / "e.jsonl")
    told = json.loads(path.read_text())
    assert (told["checks"], told["controls"]) == (["root-no-access-key"], ["1.3"])


@pytest.mark.parametrize("count", [0, 1, 25_000])
def test_every_item_has_its_line(tmp_path: Path, count: int) -> None:
    items = [row("PASS", resource=f"r-{n}", offset=n) for n in range(count)]
    path = write_jsonl(report(small(), items), tmp_path / "e.jsonl")
    offsets = [json.loads(line)["offset"] for line in path.read_text().splitlines()]
    assert offsets == list(range(count))
