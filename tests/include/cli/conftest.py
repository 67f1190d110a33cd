"""A local AWS with a bucket of results, for commands that read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.include.local_aws.conftest import Local


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with closing(Local(tmp_path_factory.mktemp("state"))) as running:
        yield running
