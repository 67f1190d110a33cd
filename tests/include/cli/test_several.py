"""Several frameworks in one go: the first collects, the others follow, the worst code counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from include.assessment.period import parse_period
from include.cli import several
from include.cli.beginning import Order
from include.cli.checking import asked_frameworks, check_request, known_frameworks
from include.cli.ending import EVIDENCE_MISSING, FAILED, OK
from include.cli.following import Run
from include.errors import AuditError, InputError
from include.stack.airflow_api import TaskState

GAP = {"source": "inspector", "account": "1", "region": "r", "status": "DENIED", "blocking": True}


class Scripted:
    """A run that is over when it is told to be; it published what ``gaps`` says."""

    def __init__(self, gaps: list[dict[str, Any]] | None, collected: threading.Event) -> None:
        self.gaps = gaps
        self.collected = collected
        self.looks = 0

    def state(self) -> str:
        self.looks += 1
        if self.looks < 3:
            return "running"
        return "failed" if self.gaps is None or self.gaps else "success"

    def tasks(self) -> list[TaskState]:
        collecting = "success" if self.looks >= 2 else "running"
        if self.looks >= 2:
            self.collected.set()
        return [TaskState("plan", -1, "success"), TaskState("collect.aws_config", 0, collecting)]

    def value(self, task_id: str, map_index: int = -1) -> Any:
        if task_id == "collect.aws_config":
            return [{"items": 7}]
        if task_id != "generate_reports" or self.gaps is None:
            return None
        summary = {
            "score": 91.5,
            "coverage": 80.0,
            "assessment_status": "INCOMPLETE" if self.gaps else "COMPLETE",
            "evidence_items": 7,
            "gaps": self.gaps,
        }
        return {"summary": summary, "package": "0123456789", "files": {}}


def orders(*names: str) -> list[Order]:
    return [Order(header, parse_period("2026-10"), {}) for header in known_frameworks(names)]


def assess(
    monkeypatch: pytest.MonkeyPatch,
    wanted: list[Order],
    gaps: dict[str, list[dict[str, Any]] | None],
) -> tuple[int, str, list[str]]:
    """(exit code, what was said, in which order the runs began)."""
    monkeypatch.setattr(several, "_LOOK", 0.01)
    monkeypatch.setattr(several.outcome, "fetch_package", lambda *_: [])
    began: list[str] = []
    first_collected = threading.Event()

    @contextmanager
    def start(order: Order) -> Iterator[Run]:
        assert not began or first_collected.is_set(), "others begin once the first has collected"
        began.append(order.framework.id)
        if order.framework.id not in gaps:
            first_collected.set()
            raise AuditError("Airflow doesn't know the DAG.", hint="Look at the log.")
        run = Scripted(gaps[order.framework.id], first_collected)
        yield run
        run.gaps = None  # a run in process takes its results with it

    console = Console(record=True, width=120)
    code = several._assess(wanted, start, lambda: None, None, console, None)
    return code, console.export_text(), began


def test_the_one_with_the_most_sources_collects_and_the_others_follow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = orders("cis_aws_5.0", "soc_2_2017", "gdpr_2016")
    code, said, began = assess(
        monkeypatch, wanted, {"cis_aws_5.0": [], "soc_2_2017": [], "gdpr_2016": []}
    )
    assert code == OK
    assert began[0] == "soc_2_2017" and sorted(began[1:]) == ["cis_aws_5.0", "gdpr_2016"]
    for name in began:
        assert said.count(f"out/{name}_2026-10") == 1
    assert said.count("91.50 %") == said.count("80.00 %") == 3
    assert said.count("7 items collected or found") == 3
    assert "3 frameworks in" in said


@pytest.mark.parametrize(
    ("gaps", "code"),
    [
        ({"cis_aws_5.0": [], "gdpr_2016": [GAP]}, EVIDENCE_MISSING),
        ({"cis_aws_5.0": None, "gdpr_2016": [GAP]}, FAILED),
        ({"gdpr_2016": []}, FAILED),
    ],
)
def test_the_worst_ending_is_the_exit_code_and_each_is_told(
    gaps: dict[str, list[dict[str, Any]] | None], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, said, began = assess(monkeypatch, orders("cis_aws_5.0", "gdpr_2016"), gaps)
    assert ended == code
    assert sorted(began) == ["cis_aws_5.0", "gdpr_2016"], "one that fails stops no other"
    for name in began:
        assert (f"{name} is not complete" in said) == (gaps.get(name) != [])
    if "cis_aws_5.0" not in gaps:
        assert "Airflow doesn't know the DAG. Look at the log." in said


def test_frameworks_are_named_by_commas_by_repeating_or_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def named(*given: str) -> list[str]:
        return [header.id for header in asked_frameworks(given)[0]]

    assert named("soc_2_2017, cis_aws_5.0", "gdpr_2016", "cis_aws_5.0") == [
        "soc_2_2017",
        "cis_aws_5.0",
        "gdpr_2016",
    ]
    assert len(named("all")) > 10
    monkeypatch.setenv("AUDIT_ENABLED_FRAMEWORKS", "gdpr_2016,soc_2_2017")
    assert named("all") == ["gdpr_2016", "soc_2_2017"]
    with pytest.raises(InputError, match=r"cis_aws_5\.0 is not enabled"):
        named("cis_aws_5.0")
    with pytest.raises(InputError, match="No framework is named"):
        named(" , ")


def test_a_framework_s_name_is_resolved_as_results_are_named_and_only_where_one_is_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert [
        header.id for header in known_frameworks(["soc2,SOC_2_2017", "soc_2_2017, cisaws5"])
    ] == [
        "soc_2_2017",
        "cis_aws_5.0",
    ]
    with pytest.raises(InputError, match=r"may be any of 3.*cis_aws_3\.0 or cis_aws_5\.0"):
        known_frameworks(["cis"])
    with pytest.raises(InputError, match="There is no framework 'zzz'"):
        known_frameworks(["zzz"])
    # One that can't be read is meant all the same, and says what is wrong with it.
    (tmp_path / "ours_1.yaml").write_text("id: [", encoding="utf-8")
    monkeypatch.setenv("AUDIT_FRAMEWORK_FOLDER", str(tmp_path))
    with pytest.raises(InputError, match=r"ours_1\.yaml"):
        known_frameworks(["ours"])


def test_a_framework_that_is_broken_below_its_header_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sound = known_frameworks(["cis_aws_5.0"])[0].path.read_text(encoding="utf-8")
    broken = sound.replace("id: cis_aws_5.0", "id: ours_1", 1).replace(
        "check: root-mfa", "check: root-mffa", 1
    )
    (tmp_path / "ours_1.yaml").write_text(broken, encoding="utf-8")
    monkeypatch.setenv("AUDIT_FRAMEWORK_FOLDER", str(tmp_path))
    with pytest.raises(InputError, match=r"ours_1\.yaml, line \d+: .*no check 'root-mffa'"):
        asked_frameworks(["ours_1"])
    headers, problems = asked_frameworks(["all"])
    assert "cis_aws_5.0" in {header.id for header in headers}
    assert "ours_1" not in {header.id for header in headers}
    assert ["root-mffa" in str(problem) for problem in problems] == [True]


def test_each_of_several_is_asked_for_the_sources_that_it_has() -> None:
    headers = known_frameworks(["cis_aws_5.0", "soc_2_2017"])
    narrowed = {"sources": ["aws_config", "inspector"]}
    check_request(narrowed, headers)
    conf = {h.id: Order(h, parse_period("2026-10"), narrowed).conf["sources"] for h in headers}
    assert conf == {"cis_aws_5.0": ["aws_config"], "soc_2_2017": ["aws_config", "inspector"]}
    with pytest.raises(InputError, match=r"cis_aws_5\.0 uses no evidence source 'inspector'"):
        check_request({"sources": ["inspector"]}, headers)
    with pytest.raises(InputError, match=r"cis_aws_5\.0 uses no evidence source 'inspector'"):
        check_request(narrowed, headers[:1])
    with pytest.raises(InputError, match="No framework here uses an evidence source 'inspektor'"):
        check_request({"sources": ["aws_config", "inspektor"]}, headers)
    with pytest.raises(InputError, match="One name can't name several assessments"):
        check_request({"assessment_name": "all-of-them"}, headers)
