"""Missing evidence never raises a score, whatever goes wrong; once over, it leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_stack import LocalAws, assess, local_aws

_SERVICES = ("config", "securityhub", "cloudtrail", "iam", "ec2", "account", "accessanalyzer")
_KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "access_denied"},
    {"kind": "access_denied", "calls": [2, 4]},
    {"kind": "expired_token"},
    {"kind": "expired_token", "calls": [3, 3]},
    {"kind": "throttle", "calls": [1, 6]},
    {"kind": "server_error"},
    {"kind": "server_error", "calls": [2, 3]},
    {"kind": "drop_token"},
    {"kind": "repeat_token"},
    {"kind": "duplicate"},
    {"kind": "short_page"},
    {"kind": "malformed", "calls": [1, 2]},
    {"kind": "reset", "calls": [2, 3]},
    {"kind": "not_enabled"},
)
_buckets = count()

faults = st.builds(
    lambda service, kind, region: {
        "service": service,
        **kind,
        **({"region": region} if region else {}),
    },
    st.sampled_from(_SERVICES),
    st.sampled_from(_KINDS),
    st.sampled_from([None, "us-east-1", "eu-west-1"]),
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("aws")
    with local_aws(folder, seed=9, accounts=1, regions=2, resources=30, months=2) as server:
        yield server


def bucket() -> str:
    return f"audit-evidence-{next(_buckets)}"


def score(assessment: Any) -> float:
    counted = [c.status for c in assessment.controls if c.status != "NOT_APPLICABLE"]
    return counted.count("COMPLIANT") / len(counted)


def digests(assessment: Any) -> dict[tuple[str, str, str], str]:
    return {(r.source, r.account, r.region): r.content_digest for r in assessment.receipts}


@pytest.fixture(scope="module")
def undisturbed(aws: LocalAws) -> Any:
    return assess(aws, bucket=bucket())


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(struck=st.lists(faults, min_size=1, max_size=4))
def test_faults_never_raise_the_score_and_leave_no_trace(
    aws: LocalAws, undisturbed: Any, struck: list[dict[str, Any]]
) -> None:
    store = bucket()
    aws.faults(*struck)
    try:
        disturbed = assess(aws, bucket=store)
    finally:
        aws.faults()
    assert score(disturbed) <= score(undisturbed)
    failing = {c.id for c in disturbed.controls if c.status == "NON_COMPLIANT"}
    assert failing <= {c.id for c in undisturbed.controls if c.status == "NON_COMPLIANT"}
    passing = {c.id for c in disturbed.controls if c.status == "COMPLIANT"}
    assert passing <= {c.id for c in undisturbed.controls if c.status == "COMPLIANT"}
    after = assess(aws, bucket=store)
    if "not_enabled" not in {fault["kind"] for fault in struck}:
        assert digests(after) == digests(undisturbed)
    # Switched off is an orderly ending: only asking again finds the service switched on.
    assert digests(assess(aws, bucket=store, refresh=True)) == digests(undisturbed)


def test_security_hub_denied_while_config_answers_raises_nothing(
    aws: LocalAws, undisturbed: Any
) -> None:
    aws.faults({"service": "securityhub", "kind": "access_denied"})
    try:
        disturbed = assess(aws, bucket=bucket())
    finally:
        aws.faults()
    assert score(disturbed) <= score(undisturbed)
    statuses = {c.id: c.status for c in disturbed.controls}
    for control in undisturbed.controls:
        if control.status == "COMPLIANT":
            assert statuses[control.id] in ("COMPLIANT", "INCONCLUSIVE")
    assert {gap.status for gap in disturbed.gaps if gap.source == "security_hub"} == {"DENIED"}
