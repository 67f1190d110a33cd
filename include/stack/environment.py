"""The environment in which everything of a stack runs: one pure function."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.stack.credentials import Credentials
from include.stack.process import MARKER


@dataclass(frozen=True)
class LocalAws:
    """The local AWS as the stack sees it. ``accounts[0]`` manages the organisation."""

    endpoint: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]

    @property
    def management(self) -> str:
        """The account whose identity the product starts from."""
        return self.accounts[0]


@dataclass(frozen=True)
class Surroundings:
    """All that the environment depends on. ``aws`` is None when real AWS is used."""

    root: Path
    state: Path
    database_url: str
    api_port: int
    credentials: Credentials
    aws: LocalAws | None
    audit_settings: Mapping[str, str]
    parallelism: int = 8


#: Variables of the caller that would send requests for the local AWS elsewhere.
AWS_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


def aws_environment(aws: LocalAws) -> dict[str, str]:
    """The exports with which ``aws`` and boto3 talk to the local AWS as the management account.

    The local AWS takes a 12-digit access key id as that account; the secret may be anything.
    """
    return {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": aws.management,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": aws.regions[0],
        "AWS_REGION": aws.regions[0],
        "AWS_EC2_METADATA_DISABLED": "true",
        # Else a profile of the user's could override endpoint or credentials.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def _connection(aws: LocalAws) -> str:
    return json.dumps(
        {
            "conn_type": "aws",
            "login": aws.management,
            "password": "local",
            "extra": {
                "region_name": aws.regions[0],
                "endpoint_url": aws.endpoint,
                # Assuming a role never uses the general endpoint (provider's documented rule).
                "service_config": {"sts": {"endpoint_url": aws.endpoint}},
                "config_kwargs": {"retries": {"mode": "adaptive", "max_attempts": 8}},
            },
        }
    )


def airflow_environment(stack: Surroundings) -> dict[str, str]:
    """Every variable that the stack sets for Airflow, its tasks and in-process runs."""
    home = stack.state / "airflow"
    secrets = stack.credentials
    values = {
        "PYTHONPATH": str(stack.root),
        "PYTHONUNBUFFERED": "1",
        MARKER: str(stack.state),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(stack.root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(stack.root / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        # A slot is held about ten times as long as a small task computes.
        "AIRFLOW__CORE__PARALLELISM": str(stack.parallelism),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet_key,
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(stack.state / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": stack.database_url,
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{stack.api_port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(stack.api_port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",
        "AIRFLOW__API__SECRET_KEY": secrets.api_secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt_secret,
        # The default second of idling between loops is most of a short run's time.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(stack.state / "logs" / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
            stack.state / "logs" / "dag-parsing"
        ),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "audit",
        "AIRFLOW__OPENLINEAGE__SELECTIVE_ENABLE": "True",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {
                "type": "file",
                "log_file_path": str(stack.state / "openlineage.jsonl"),
                "append": True,
            }
        ),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    if stack.aws is not None:
        values |= aws_environment(stack.aws)
        values["AIRFLOW_CONN_AWS_DEFAULT"] = _connection(stack.aws)
        values["AUDIT_ENVIRONMENT"] = "local"
        values["AUDIT_ACCOUNTS"] = ",".join(stack.aws.accounts)
        values["AUDIT_REGIONS"] = ",".join(stack.aws.regions)
        values["AUDIT_AUDIT_MANAGER_ENDPOINT"] = stack.aws.endpoint
        # Its history is a few months long: the last quarter or year would lie beyond it.
        values["AUDIT_SCHEDULE"] = "month"
    return values | dict(stack.audit_settings)


def process_environment(stack: Surroundings, inherited: Mapping[str, str]) -> dict[str, str]:
    """What a component gets: the caller's variables under the stack's own."""
    dropped: Sequence[str] = AWS_VARIABLES if stack.aws is not None else ()
    kept = {
        name: value
        for name, value in inherited.items()
        # Somebody else's Airflow settings must not leak into this one.
        if name not in dropped
        and not name.startswith("AIRFLOW")
        # Else Python would compile the product's modules again in every single task.
        and name != "PYTHONDONTWRITEBYTECODE"
    }
    if stack.aws is not None:
        kept = {n: v for n, v in kept.items() if not n.startswith("AWS_ENDPOINT_URL")}
    else:
        kept |= {n: v for n, v in inherited.items() if n.startswith("AIRFLOW_CONN_")}
    if kept.get("AUDIT_SETTINGS"):
        # Components work in the project's folder; the caller named the file from another one.
        kept["AUDIT_SETTINGS"] = str(Path(kept["AUDIT_SETTINGS"]).absolute())
    return kept | airflow_environment(stack)
