"""A small estate behind a real HTTP server, and its coverage by all frameworks."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from include.assessment.scope import Scope
from include.aws.sessions import RetryPolicy, SessionFactory
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.coverage.asking import ask_scope
from include.coverage.coverage import Coverage, coverage_of
from include.frameworks.loader import Frameworks, list_frameworks
from include.frameworks.schema import Framework
from tests.local_stack import LocalAws, local_aws


@pytest.fixture(scope="package")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(tmp_path_factory.mktemp("aws"), accounts=1, regions=2) as server:
        yield server


@pytest.fixture
def sessions(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> SessionFactory:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    return sessions_of(aws)


def sessions_of(aws: LocalAws) -> SessionFactory:
    base = boto3.Session(aws_access_key_id=aws.accounts[0], aws_secret_access_key="local")
    return SessionFactory(
        "ComplianceAuditRole", region=aws.regions[0], base=base, retry=RetryPolicy(attempts=2)
    )


@pytest.fixture(scope="session")
def frameworks() -> list[Framework]:
    known = Frameworks(directories=())
    return [known.load(header.id) for header in list_frameworks(())]


def checks_of(frameworks: list[Framework]) -> list[Check]:
    catalogue = load_catalogue()
    return [catalogue[n] for n in dict.fromkeys(c for f in frameworks for c in f.checks_needed())]


@pytest.fixture(scope="package")
def whole(aws: LocalAws, frameworks: list[Framework]) -> Coverage:
    """All frameworks over the whole estate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        scope = Scope(aws.accounts, aws.regions)
        found = ask_scope(sessions_of(aws), scope, checks_of(frameworks))
    return coverage_of(frameworks, load_catalogue(), found)
