"""The evidence rows that every side draws: seven columns, one line each, plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Kind = Literal["text", "number", "status", "strong"]

#: Title, width in points, kind as ``include.reports.pdf.rows.Column`` has it.
COLUMNS: tuple[tuple[str, float, Kind], ...] = (
    ("Evidence", 52.0, "strong"),
    ("Resource", 142.0, "text"),
    ("Check", 92.0, "text"),
    ("Account", 62.0, "text"),
    ("Region", 50.0, "text"),
    ("Status", 66.0, "status"),
    ("Day", 29.0, "number"),
)
_STATUSES = ("Compliant", "Compliant", "Non-compliant", "Compliant", "Inconclusive")
_CHECKS = ("s3-public-access-off", "root-no-access-key", "ebs-encrypted", "iam-mfa (console)")


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Rows told apart by their first cell, ``E000000`` onwards."""
    for n in range(count):
        yield (
            f"E{n:06d}",
            f"arn:aws:s3:::logs-{n * 7919 % 1_000_003:07d}-archive",
            _CHECKS[n % 4],
            f"{111111111111 * (n % 9 + 1)}",
            "eu-west-1" if n % 3 else "us-east-1",
            _STATUSES[n % 5],
            str(n % 31 + 1),
        )
