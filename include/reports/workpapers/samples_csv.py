"""``samples.csv``: what was drawn for each control, with empty columns for whoever looks at it.

UTF-8 with a byte order mark and CRLF line ends, as the other spreadsheets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from include.reports.model import ReportModel
from include.reports.tables.csv_files import safe
from include.workpapers.sampling import Sample

COLUMNS: tuple[str, ...] = (
    "control",
    "checks",
    "resource",
    "account",
    "region",
    "resource_type",
    "result",
    "rank",
    "stratum",
    "seed",
    "method",
    "population_size",
    "sample_size",
    "digest",
    # For the auditor.
    "examined_by",
    "examined_on",
    "agrees",
    "remark",
)
_EMPTY = ("", "", "", "")


def write_samples(model: ReportModel, path: Path) -> Path:
    """The samples of the assessment's controls, as the settings say."""
    return write_csv(model.samples, path)


def write_csv(samples: Iterable[Sample], path: Path) -> Path:
    """One row per control and drawn resource, in the order they were drawn.

    ``checks`` has each one's own result (``mfa=PASS keys=FAIL``), ``result`` the worst; ``region``
    is empty for what is the account's.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for sample in samples:
            for item in sample.items:
                row = (
                    sample.of,
                    " ".join(f"{check}={result}" for check, result in item.results),
                    item.resource,
                    item.account,
                    " ".join(item.regions),
                    item.resource_type,
                    item.result,
                    item.rank,
                    " ".join(part or "-" for part in item.stratum),
                    sample.seed,
                    sample.method,
                    sample.population,
                    len(sample.items),
                    item.digest,
                )
                writer.writerow([*(safe(str(value)) for value in row), *_EMPTY])
    return path
