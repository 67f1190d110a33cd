"""The environment of the stack's processes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from include.settings import load_settings
from include.stack.credentials import Credentials
from include.stack.environment import (
    LocalAws,
    Surroundings,
    airflow_environment,
    aws_environment,
    process_environment,
)

AWS = LocalAws(
    "http://127.0.0.1:4566", ("111111111111", "222222222222"), ("us-east-1", "eu-west-1")
)
STACK = Surroundings(
    root=Path("/project"),
    state=Path("/project/.audit/x"),
    database_url="postgresql+psycopg2://airflow:p@127.0.0.1:5433/airflow",
    api_port=8081,
    credentials=Credentials("fernet", "jwt", "api", "db", "admin"),
    aws=AWS,
    audit_settings={"AUDIT_SNS_TOPIC": "arn:aws:sns:us-east-1:111111111111:audit-notifications"},
)


def test_everything_listens_on_the_loopback_only() -> None:
    env = airflow_environment(STACK)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    # Tasks call base_url, so it has to follow the port that was chosen.
    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8081"
    assert "0.0.0.0" not in " ".join(env.values())


def test_the_connection_reaches_the_local_aws_also_to_assume_roles() -> None:
    connection = json.loads(airflow_environment(STACK)["AIRFLOW_CONN_AWS_DEFAULT"])
    assert connection["login"] == "111111111111"
    assert connection["extra"]["endpoint_url"] == AWS.endpoint
    assert connection["extra"]["service_config"]["sts"]["endpoint_url"] == AWS.endpoint
    assert connection["extra"]["region_name"] == "us-east-1"


def test_lineage_goes_into_the_state_directory() -> None:
    env = airflow_environment(STACK)
    assert json.loads(env["AIRFLOW__OPENLINEAGE__TRANSPORT"]) == {
        "type": "file",
        "log_file_path": "/project/.audit/x/openlineage.jsonl",
        "append": True,
    }
    assert env["AIRFLOW__OPENLINEAGE__SELECTIVE_ENABLE"] == "True"


def test_the_settings_that_tasks_read_are_those_of_the_local_aws() -> None:
    settings = load_settings(environ=airflow_environment(STACK))
    assert settings.accounts == AWS.accounts
    assert settings.regions == AWS.regions
    assert settings.environment == "local"
    assert settings.audit_manager.endpoint == AWS.endpoint
    assert settings.sns_topic == STACK.audit_settings["AUDIT_SNS_TOPIC"]


@pytest.mark.parametrize(
    "leak",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_S3",
        "AIRFLOW__CORE__EXECUTOR",
        "AIRFLOW_CONN_AWS_DEFAULT",
    ],
)
def test_the_callers_own_settings_do_not_leak_in(leak: str) -> None:
    assert process_environment(STACK, {leak: "theirs"}).get(leak) != "theirs"


def test_other_variables_of_the_caller_stay() -> None:
    assert process_environment(STACK, {"LANG": "C.UTF-8"})["LANG"] == "C.UTF-8"


def test_a_settings_file_named_from_another_folder_is_the_same_for_components(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = process_environment(STACK, {"AUDIT_SETTINGS": "mine.yaml"})
    assert env["AUDIT_SETTINGS"] == str(tmp_path / "mine.yaml")


def test_with_real_aws_the_callers_credentials_and_connections_are_used() -> None:
    real = replace(STACK, aws=None, audit_settings={})
    env = process_environment(
        real, {"AWS_PROFILE": "auditor", "AIRFLOW_CONN_AWS_DEFAULT": "aws://"}
    )
    assert env["AWS_PROFILE"] == "auditor"
    assert env["AIRFLOW_CONN_AWS_DEFAULT"] == "aws://"
    assert not any(name.startswith("AWS_ENDPOINT") for name in env)


def test_exports_ignore_profiles_of_the_user() -> None:
    exports = aws_environment(AWS)
    assert exports["AWS_ACCESS_KEY_ID"] == "111111111111"
    assert exports["AWS_CONFIG_FILE"] == "/dev/null"
