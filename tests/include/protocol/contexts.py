"""A caller for tests of the protocol core."""

from __future__ import annotations

from datetime import UTC, datetime

from include.protocol import Context

CONTEXT = Context(
    account="111111111111",
    region="eu-west-1",
    caller_arn="arn:aws:iam::111111111111:root",
    now=datetime(2026, 11, 1, 6, tzinfo=UTC),
    request_id="request-1",
)
