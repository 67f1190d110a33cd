"""The small estate, made once, and a way to ask it."""

from __future__ import annotations

import pytest

from include.local_aws.estate.store import Estate
from tests.include.local_aws.services.small_account import fill_account
from tests.include.local_aws.services.small_estate import Ask, Builder, asker, fill


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    path = tmp_path_factory.mktemp("estate") / "estate.sqlite"
    build = Builder(path)
    fill(build)
    fill_account(build)
    build.db.commit()
    build.db.close()
    return Estate(path)


@pytest.fixture
def ask(estate: Estate) -> Ask:
    return asker(estate)
