"""The end of a run: exit code, table, reports that are what the run wrote."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from include.assessment.period import parse_period
from include.cli import outcome
from include.cli.beginning import Order
from include.cli.checking import known_framework
from include.errors import AuditError
from include.runs.publishing import seal_package
from include.runs.workspace import Workspace
from include.stack.airflow_api import TaskState

GAP = {
    "source": "security_hub",
    "account": "222222222222",
    "region": "eu-west-1",
    "status": "DENIED",
}


@pytest.mark.parametrize(
    ("state", "summary", "code"),
    [
        ("success", {"gaps": []}, 0),
        ("failed", {"gaps": [GAP]}, 2),
        ("failed", {"gaps": []}, 1),
        ("failed", {"gaps": [{**GAP, "blocking": False, "decision": "X-1"}]}, 1),
        ("failed", None, 1),
    ],
)
def test_the_exit_code_tells_missing_evidence_from_errors(
    state: str, summary: dict[str, object] | None, code: int
) -> None:
    assert outcome.code_of(state, summary) == code


def test_red_tasks_are_named_once_each() -> None:
    tasks = [
        TaskState("collect.a", 0, "failed"),
        TaskState("collect.a", 1, "failed"),
        TaskState("b", -1, "upstream_failed"),
        TaskState("c", -1, "success"),
    ]
    assert outcome.failed_names(tasks) == ["collect.a"]


def shown(summary: dict[str, object]) -> str:
    console = Console(record=True, width=100)
    outcome.show(console, "CIS, 2026-10", summary, [Path("/out/report.json")])
    return console.export_text()


def test_the_table_says_score_coverage_statuses_failing_controls_gaps_and_paths() -> None:
    said = shown(
        {
            "score": 53.97,
            "coverage": 88.89,
            "statuses": {"COMPLIANT": 34, "NON_COMPLIANT": 22},
            "evidence_items": 2180,
            "assessment_status": "INCOMPLETE",
            "top_failing": [{"id": "2.1.1", "title": "Buckets answer over TLS only", "failing": 7}],
            "gaps": [GAP],
        }
    )
    for words in (
        "53.97 %",
        "88.89 %",
        "34 COMPLIANT",
        "22 NON_COMPLIANT",
        "2180",
        "2.1.1",
        "(7 resources)",
        "security_hub 222222222222 eu-west-1 DENIED",
        "/out/report.json",
    ):
        assert words in said


def test_statuses_stand_in_the_order_of_the_reports_however_they_come() -> None:
    said = shown({"statuses": {"COMPLIANT": 3, "INCONCLUSIVE": 1, "NON_COMPLIANT": 2, "OTHER": 4}})
    lines = [line.strip("│ ") for line in said.splitlines()]
    assert [line for line in lines if line[:1].isdigit()] == [
        *("3 COMPLIANT", "2 NON_COMPLIANT", "1 INCONCLUSIVE", "4 OTHER"),
    ]


def test_many_gaps_are_counted_not_listed() -> None:
    said = shown({"gaps": [{**GAP, "region": f"eu-west-{n}"} for n in range(30)]})
    assert "eu-west-11 DENIED" in said
    assert "eu-west-12 DENIED" not in said
    assert "and 18 more" in said


def test_a_run_without_score_does_not_show_one() -> None:
    assert "unknown" in shown({"score": None})


def test_a_structured_message_is_shown_line_by_line_with_long_lists_counted() -> None:
    message = json.dumps({"score": 5.5, "controls": {"COMPLIANT": 1}, "gaps": [1, 2, 3, 4]})
    assert outcome.message_lines(message) == [
        "score: 5.5",
        "controls: COMPLIANT 1",
        "gaps: 4 entries",
    ]
    assert outcome.message_lines("plain\ntext") == ["plain", "text"]


def test_each_link_has_its_own_line() -> None:
    message = json.dumps({"links": {"run": "http://x/1", "report": "s3://b/k"}, "score": 1})
    assert outcome.message_lines(message) == [
        "links:",
        "  run: http://x/1",
        "  report: s3://b/k",
        "score: 1",
    ]


def test_an_interim_result_has_its_own_folder_and_says_what_it_is() -> None:
    full = {"package": "a", "summary": {"assessment_status": "INCOMPLETE"}}
    one, two = (
        {"package": package, "summary": {"assessment_status": "INTERIM"}} for package in "ab"
    )
    names = [outcome.folder_name("soc2", "2026-10", run) for run in (full, one, two)]
    assert names[0] == "soc2_2026-10"
    assert all(name.startswith("soc2_2026-10_interim-") for name in names[1:])
    assert len(set(names)) == 3
    assert "INTERIM: CIS, 2026-10" in shown({"assessment_status": "INTERIM"})
    assert "INTERIM" not in shown({"assessment_status": "INCOMPLETE"})


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="audit-reports")
        s3.put_object(Bucket="audit-reports", Key="a/report.json", Body=b"{}")
        yield s3


def reference(content: bytes, name: str = "report.json") -> dict[str, str]:
    return {
        "name": name,
        "uri": "s3://audit-reports/a/report.json",
        "digest": hashlib.sha256(content).hexdigest(),
    }


def test_reports_are_copied(bucket: object, tmp_path: Path) -> None:
    paths = outcome.fetch_reports([reference(b"{}")], tmp_path / "out", None)
    assert paths == [tmp_path / "out" / "report.json"]
    assert paths[0].read_bytes() == b"{}"


def test_a_changed_report_is_refused(bucket: object, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="is not what the run wrote"):
        outcome.fetch_reports([reference(b"other")], tmp_path, None)
    assert not (tmp_path / "report.json").exists()


def test_a_missing_report_is_named(bucket: object, tmp_path: Path) -> None:
    gone = {**reference(b"{}"), "uri": "s3://audit-reports/a/gone.json"}
    with pytest.raises(AuditError, match=r"a/gone\.json can't be fetched"):
        outcome.fetch_reports([gone], tmp_path, None)


def test_a_name_never_leads_out_of_the_folder(bucket: object, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="leads out of its folder"):
        outcome.fetch_reports([reference(b"{}", "../../x.json")], tmp_path / "out", None)
    assert not (tmp_path.parent / "x.json").exists()


def test_folders_of_the_package_are_kept(bucket: object, tmp_path: Path) -> None:
    paths = outcome.fetch_reports([reference(b"{}", "oscal/x.json")], tmp_path / "out", None)
    assert paths == [tmp_path / "out" / "oscal" / "x.json"]
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["x.json"]


def test_nothing_of_an_earlier_package_stays_in_the_folders_of_this_one(
    bucket: Any, tmp_path: Path
) -> None:
    listing = json.dumps([reference(b"{}", "receipts/now.json"), reference(b"{}")]).encode()
    bucket.put_object(Bucket="audit-reports", Key="a/files.json", Body=listing)
    files = {**reference(listing), "uri": "s3://audit-reports/a/files.json"}
    out = tmp_path / "out"
    (out / "receipts").mkdir(parents=True)
    for mine in (out / "receipts/before.json", out / "my notes.txt", out / "SHA256SUMS"):
        mine.write_text("x")
    outcome.fetch_package(files, out, None)  # not sealed: an earlier one's sums are not its own
    there = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert there == ["my notes.txt", "receipts/now.json", "report.json"]


def test_the_package_s_sums_stand_beside_its_files_and_check_them(
    bucket: Any, tmp_path: Path
) -> None:
    package = Workspace(bucket, "audit-reports", "packages/one")
    bodies = {"report.json": b"{}", "receipts/b.json": b"[1]", "controls.csv": b"a"}
    written = [
        {"name": name, **package.put(name, body, content_type="text/plain").to_json()}
        for name, body in bodies.items()
    ]
    sums = seal_package(package, written, dag_id="d", run_id="r", started=None)
    files = package.put_json("files", written).to_json()
    out = tmp_path / "out"
    paths = outcome.fetch_package(files, out, None, sums)
    assert out / "SHA256SUMS" in paths
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=out, capture_output=True)
    assert done.returncode == 0 and done.stdout.count(b": OK") == 3, done.stderr


def test_a_run_s_sums_are_what_its_seal_says(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Any] = []

    def fetch(*given: Any) -> list[Path]:
        taken.append(given)
        return []

    monkeypatch.setattr(outcome, "fetch_package", fetch)

    class Sealed:
        def value(self, task_id: str, map_index: int = -1) -> Any:
            return {
                "generate_reports": {
                    "summary": {"gaps": []},
                    "package": "a",
                    "files": {"uri": "f"},
                },
                "seal": {"uri": "s"},
            }[task_id]

    order = Order(known_framework("cis_aws_5.0"), parse_period("2026-10"), {})
    outcome.conclude(Sealed(), "success", [], order, None, Path("out"))  # type: ignore[arg-type]
    ((files, _, _, sums),) = taken
    assert (files, sums) == ({"uri": "f"}, {"uri": "s"})
