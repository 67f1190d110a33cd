"""Bytes that findings take: as normalised items in Parquet, and as raw pages in the archive."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.collecting.figures import Figure
from benchmarks.collecting.serving import canned_aws, our_clients, pointed_at, service
from benchmarks.collecting.whole import collected


def measure(quick: bool) -> list[Figure]:
    """One cell of findings of which no two are alike."""
    pages = 20 if quick else 300
    with (
        canned_aws(pages * 100) as url,
        tempfile.TemporaryDirectory(prefix="collecting-") as folder,
        pointed_at(service(url, "storing", pages)),
    ):
        store, ref = collected(our_clients(), Path(folder))
        sizes = {path.name.partition("-")[0]: path.stat().st_size for path in _files(folder)}
        raw = sum(len(body) for _, body in store.load(ref).iter_pages())
    assert ref.items == pages * 100
    return [
        Figure("a finding as it came", raw / ref.items, "bytes"),
        Figure("a normalised item (Parquet)", sizes["evidence"] / ref.items, "bytes", 100.0),
        Figure("an archived finding (zstd)", sizes["pages"] / ref.items, "bytes", 300.0),
        Figure("a page in the receipt", sizes["receipt"] / pages, "bytes"),
    ]


def _files(folder: str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]
