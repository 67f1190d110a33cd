"""The environment of a command that finds its results in a bucket of the local AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.include.local_aws.conftest import MANAGEMENT, Local


def deployed(
    monkeypatch: pytest.MonkeyPatch, served: Local, bucket: str, folder: Path, *, columns: int
) -> None:
    """As if the deployment were on AWS; the terminal is so many ``columns`` wide."""
    for name, value in {
        "AWS_ENDPOINT_URL": served.url,
        "AWS_ACCESS_KEY_ID": MANAGEMENT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AUDIT_STATE": str(folder / "state"),
        "AUDIT_REPORTS_BUCKET": bucket,
        "COLUMNS": str(columns),
    }.items():
        monkeypatch.setenv(name, value)
