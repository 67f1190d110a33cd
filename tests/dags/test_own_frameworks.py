"""A user's own frameworks get DAGs; a broken one is told by itself and costs no other its DAG."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.frameworks.assessed import assessed_frameworks
from include.frameworks.loader import LIBRARY
from include.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
OURS = {"portfolio", *(f"assess_{path.stem}" for path in LIBRARY.glob("*.yaml"))}
HEADER = """\
id: {id}
title: Rules of the house
version: 1.2.0
publisher: Acme
compliance_type: Acme
description: What we ask of ourselves.
schedule: quarter
judge: period_end
tags: [house]
sources: [aws_config]
"""
BROKEN = {
    "torn.yaml": 'id: torn\ntitle: "Torn\n',
    "wrong.yaml": HEADER.format(id="wrong").replace("title:", "titel:"),
    "cis_aws_5.0.yaml": HEADER.format(id="cis_aws_5.0"),
}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user's own frameworks, named by the settings; it holds a good one."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "acme.yaml").write_text(HEADER.format(id="acme"))
    settings = tmp_path / "audit.yaml"
    settings.write_text(f"framework_folder: {folder}\n")
    monkeypatch.setenv("AUDIT_SETTINGS", str(settings))
    return folder


def bagged() -> tuple[set[str], str]:
    """The DAGs of our files, and all import errors as one text."""
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    return set(bag.dags), "\n".join(f"{Path(p).name}: {e}" for p, e in bag.import_errors.items())


def test_a_framework_of_one_s_own_has_a_dag_beside_those_of_the_library(own: Path) -> None:
    assert bagged() == (OURS | {"assess_acme"}, "")


def test_every_broken_file_is_named_and_all_other_frameworks_keep_their_dags(own: Path) -> None:
    for name, text in BROKEN.items():
        (own / name).write_text(text)
    dags, error = bagged()
    assert dags == OURS | {"assess_acme"}
    assert error.startswith("unreadable_frameworks.py:") and "assessments.py" not in error
    for name in BROKEN:
        assert str(own / name) in error
    assert "line 2: unknown field 'titel'. Did you mean 'title'?" in error


def test_a_missing_folder_is_told_and_the_library_keeps_its_dags(own: Path) -> None:
    (own / "acme.yaml").unlink()
    own.rmdir()
    dags, error = bagged()
    assert dags == OURS
    assert f"The framework folder {own} does not exist." in error


def test_only_enabled_frameworks_have_a_dag_and_a_wrong_name_is_told(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "torn.yaml").write_text(BROKEN["torn.yaml"])
    monkeypatch.setenv("AUDIT_ENABLED_FRAMEWORKS", "acme,soc_2_2017,cis_aws_5.1")
    monkeypatch.setenv("AUDIT_FRAMEWORKS", "acme:month,gdpr:year")
    dags, error = bagged()
    assert dags == {"assess_acme", "assess_soc_2_2017", "portfolio"}
    assert "name a framework 'cis_aws_5.1', which does not exist. Did you mean 'cis_" in error
    assert "name a framework 'gdpr', which does not exist. Did you mean 'gdpr_2016'?" in error
    assert "torn" not in error, "it is not enabled"


def test_the_settings_say_how_often_a_framework_runs(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_SCHEDULE", "year")
    monkeypatch.setenv("AUDIT_FRAMEWORKS", "acme:none,cis_aws_5.0:month")
    settings: Settings = load_settings()
    assert settings.schedule_of("acme", "quarter") == "none"
    assert settings.schedule_of("cis_aws_5.0", "quarter") == "month"
    assert settings.schedule_of("soc_2_2017", "quarter") == "year"
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.dags["assess_acme"].timetable.can_be_scheduled is False
    assert "when somebody triggers it" in bag.dags["assess_acme"].doc_md
    assert bag.dags["assess_soc_2_2017"].timetable.summary == "every year"


def test_headers_alone_are_read_for_dags(own: Path) -> None:
    # What its controls say is no business of Airflow's parsing.
    (own / "acme.yaml").write_text(HEADER.format(id="acme") + "control_sets: [{{{\n")
    headers, problems = assessed_frameworks(load_settings())
    assert "acme" in {header.id for header in headers}
    assert problems == []


@pytest.mark.slow
def test_airflow_s_own_dag_processor_shows_the_error_and_keeps_every_other_dag_alive(
    own: Path, tmp_path: Path
) -> None:
    # In a DagBag alone it can't be seen: it is in the database that an import error switches off
    # all DAGs of its file.
    for name, text in BROKEN.items():
        (own / name).write_text(text)
    home = tmp_path / "airflow"
    database = home / "airflow.db"
    run_once = (
        "from airflow.utils.db import initdb; initdb();"
        "from airflow.__main__ import main; import sys;"
        "sys.argv = ['airflow', 'dag-processor', '-n', '1']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", run_once],
        cwd=ROOT,
        env={
            **os.environ,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    connection = sqlite3.connect(database)
    try:
        dags = connection.execute("SELECT dag_id, is_stale, has_import_errors FROM dag").fetchall()
        errors = dict(connection.execute("SELECT filename, stacktrace FROM import_error"))
    finally:
        connection.close()
    assert {(dag, False, False) for dag in OURS | {"assess_acme"}} == set(dags)
    assert set(errors) == {"unreadable_frameworks.py"}
    for name in BROKEN:
        assert str(own / name) in errors["unreadable_frameworks.py"]
