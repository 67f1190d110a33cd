"""A run whose framework Audit Manager has no room for goes on without it, and says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.audit_manager.setup import Unavailable, ensure_assessment
from include.audit_manager.sync import SyncPlan
from plugins.operators.audit_manager import PrepareAssessmentOperator


class Empty:
    """An Audit Manager in which there is nothing; what is written to it fails as told."""

    def __init__(self, error: str = "", said: str = "") -> None:
        self.error, self.said = error, said

    def get_account_status(self) -> dict[str, str]:
        return {"status": "ACTIVE"}

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("list_"):
            return lambda **_: {}

        def refuse(**_: Any) -> None:
            assert self.error, f"{operation} was called"
            raise ClientError({"Error": {"Code": self.error, "Message": self.said}}, operation)

        return refuse


class Pushed:
    """What the task handed over."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.values[key] = value


def test_a_framework_beyond_the_quota_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = SimpleNamespace(
        upload=True,
        framework="nist_800_53_r5",
        assessment_name="",
        key="nist_2026-10",
        accounts=("111111111111",),
    )
    monkeypatch.setattr(PrepareAssessmentOperator, "plan_of", lambda self, reference: plan)
    monkeypatch.setattr(
        PrepareAssessmentOperator, "hook", SimpleNamespace(get_conn=lambda: Empty())
    )
    caller = SimpleNamespace(get_caller_identity=lambda: {"Account": "111111111111"})
    monkeypatch.setattr(PrepareAssessmentOperator, "client", lambda self, service: caller)
    pushed = Pushed()
    operator = PrepareAssessmentOperator(task_id="prepare", plan={"uri": "s3://x"})
    assert operator.execute({"ti": pushed}) == []  # type: ignore[typeddict-item]
    said = pushed.values["target"]["unavailable"]
    assert "500 custom controls; there are 0 and 1014 more are needed" in said


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("ServiceQuotaExceededException", "too many", "too many"),
        (
            "ValidationException",
            "Scope: AWS Account [111111111111] has assessments in progress",
            "takes no further assessment",
        ),
    ],
)
def test_what_aws_refuses_for_good_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, code: str, message: str, said: str
) -> None:
    from include.audit_manager import setup
    from tests.include.audit_manager.frameworks import control, framework

    monkeypatch.setattr(setup, "plan_sync", lambda *_, **__: SyncPlan((), ()))
    monkeypatch.setattr(setup, "apply_sync", lambda *_, **__: {"ours": "an id"})
    with pytest.raises(Unavailable, match=said):
        ensure_assessment(
            Empty(code, message),
            framework(("People", [control("1.1")])),
            assessment_name="october",
            accounts=["111111111111"],
            destination="s3://reports/x",
            owner_role="arn:aws:iam::111111111111:role/Owner",
        )
