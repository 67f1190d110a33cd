"""What people are told at the end of a run, and what counts as missing."""

import json

from include.runs.notification import blocking, failed_message, finished_message, subject


def message(gaps: int = 1) -> dict[str, str]:
    return finished_message(
        framework="CIS AWS Foundations 5.0.0",
        period="2026-10",
        environment="demo",
        assessment_status="INCOMPLETE",
        score=41.27,
        coverage=88.0,
        statuses={"COMPLIANT": 26, "NON_COMPLIANT": 30, "INCONCLUSIVE": 7},
        gaps=[
            {
                "source": "security_hub",
                "account": "111111111111",
                "region": "eu-west-1",
                "status": "DENIED",
            }
        ]
        * gaps,
        links={"run": "http://127.0.0.1/run", "report.pdf": "s3://reports/report.pdf"},
    )


def test_people_read_score_coverage_gaps_and_links() -> None:
    text = message()["email"]
    for part in ("41.27 %", "88.00 %", "security_hub 111111111111 eu-west-1: DENIED", "report.pdf"):
        assert part in text


def test_machines_get_the_same_facts_as_json() -> None:
    facts = json.loads(message()["sqs"])
    assert facts["compliance_score"] == 41.27
    assert facts["gaps_total"] == 1
    assert facts["links"]["report.pdf"] == "s3://reports/report.pdf"


def test_ten_thousand_gaps_stay_within_what_sns_takes() -> None:
    many = message(10_000)
    assert sum(len(part.encode()) for part in many.values()) < 256 * 1024
    assert json.loads(many["sqs"])["gaps_total"] == 10_000


def test_a_short_message_fits_a_phone_and_the_subject_fits_sns() -> None:
    assert len(message()["sms"]) <= 140
    line = subject("Ö" * 200, "2026-10", "Failed")
    assert len(line) < 100 and line.isascii() and "\n" not in line


def test_a_failure_names_the_tasks() -> None:
    failed = failed_message(
        framework="CIS", period="2026-10", environment="demo", failed=["plan"], link="http://x"
    )
    assert "plan" in failed["default"]
    assert json.loads(failed["lambda"])["failed_tasks"] == ["plan"]


def test_what_a_decision_excludes_is_told_apart_from_what_is_missing() -> None:
    excluded = {
        "source": "inspector", "account": "111111111111", "region": "eu-west-1",
        "status": "EXCLUDED", "blocking": False, "decision": "X-7",
    }  # fmt: skip
    told = finished_message(
        framework="f", period="2026-10", environment="demo", assessment_status="COMPLETE",
        score=1.0, coverage=1.0, statuses={}, gaps=[excluded], links={},
    )  # fmt: skip
    assert "Missing evidence" not in told["email"]
    assert (
        "Not blocking (1):\n- inspector 111111111111 eu-west-1: EXCLUDED (decision X-7)"
        in told["email"]
    )
    facts = json.loads(told["sqs"])
    assert (facts["gaps_total"], facts["gaps_blocking"]) == (1, 0)
    assert blocking([excluded, {**excluded, "blocking": True}]) == [{**excluded, "blocking": True}]
