"""Estates to look at, each made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from include.local_aws.estate.make import TRUTH, make_estate
from tests.include.local_aws.estate.made_estates import CLOCK, Made


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Made]:
    """Make an estate with these parameters, or reuse the one made before."""
    known: dict[str, Made] = {}

    def make(**parameters: Any) -> Made:
        parameters = {"clock": CLOCK, **parameters}
        key = repr(sorted(parameters.items()))
        if key not in known:
            directory = tmp_path_factory.mktemp("estate")
            estate = make_estate(directory, **parameters)
            truth = json.loads((directory / TRUTH).read_text())
            known[key] = Made(estate, truth, directory)
        return known[key]

    return make


@pytest.fixture(scope="session")
def default(made: Callable[..., Made]) -> Made:
    """The demo's estate: 3 accounts in 2 regions, about 100 resources each, 4 months."""
    return made()
