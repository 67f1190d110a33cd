"""The suite's one server."""

from collections.abc import Iterator

import pytest

from tests.acceptance.world import World, open_world


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("world")) as made:
        yield made
