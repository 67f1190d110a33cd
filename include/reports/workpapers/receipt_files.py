"""``receipts/``: every receipt whole, as it lies in its snapshot; one file for each cell."""

from __future__ import annotations

from pathlib import Path

from include.digests import canonical_json
from include.reports.model import ReportModel
from include.workpapers.receipt_names import named


def write_receipts(model: ReportModel, folder: Path) -> list[Path]:
    """Write each receipt to ``<folder>/<source>_<account>_<region>[_<n>].json``, canonical JSON.

    ``folder`` is made if need be. Memory holds one receipt at a time. Returns the paths, in the
    order of the assessment's receipts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, receipt in named(model.context.receipts()):
        path = folder / name
        path.write_bytes(canonical_json(receipt.to_json()))
        paths.append(path)
    return paths
