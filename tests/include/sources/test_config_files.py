"""Delivered files are read item by item; what can't be used leads back to Config's own calls."""

from __future__ import annotations

import gzip
import json

import pytest

from include.sources import config_past
from include.sources.config_files import items_in
from tests.include.sources.canned_config import packed
from tests.include.sources.test_aws_config import FAIL, PASS, canned, collected, history_item
from tests.include.sources.test_aws_config_budget import delivered

MANY = [{"resourceId": f"ä{number}", "text": "x" * 997 + "é"} for number in range(2_000)]


@pytest.mark.parametrize("items", [[], MANY[:1], MANY])
def test_all_items_of_a_file_in_order(items: list[dict[str, str]]) -> None:
    assert list(items_in(packed(items))) == items
    spaced = json.dumps({"a": 1, "configurationItems": items}, indent=1, ensure_ascii=False)
    assert list(items_in(spaced.encode())) == items
    assert list(items_in(gzip.compress(spaced.encode()))) == items


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", packed(MANY)[:-400], json.dumps({"configurationItems": MANY})[:-9].encode()],
)
def test_a_damaged_file_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"early|no items"):
        list(items_in(data))


MOVED = {
    "sg-1": [
        history_item("2026-10-20T00:00:00Z", {"restricted": PASS}),
        history_item("2026-05-20T00:00:00Z", {"restricted": FAIL}, "ResourceDiscovered"),
    ]
}


@pytest.mark.parametrize("what", ["nothing delivered", "damaged", "too old"])
def test_without_usable_files_config_is_asked(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_past, "READ_COST", 0.0)
    config = canned(
        captured=lambda number: "2026-10-20T00:00:00Z" if number == 1 else "2026-08-01T00:00:00Z",
        histories=MOVED,
    )
    files = delivered(config)
    if what == "damaged":
        config.objects = {
            key: data[:-30] if "Snapshot" in key else data for key, data in files.items()
        }
    elif what == "too old":
        config.objects = {key: data for key, data in files.items() if "Snapshot" in key}
    with collected(config, monkeypatch) as out:
        moved = out.by_resource["sg-1"]
        assert moved.result == "PASS"
        assert moved.failed == (("2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z"),)
    assert config.calls["GetResourceConfigHistory"] == 1
    assert config.calls["ListDiscoveredResources"] == 1
