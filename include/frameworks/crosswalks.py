"""Who says that a check speaks of a control: the publications that mappings name in ``by``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from include.checks.check import Text
from include.checks.located_yaml import read_located
from include.checks.validation import Strict, validated

_FILE = Path(__file__).with_name("crosswalks.yaml")


class Crosswalk(Strict):
    """One publication. ``stated``: it is AWS's own word, not a mapping by somebody else."""

    title: Text
    publisher: Text
    stated: bool


@lru_cache(maxsize=1)
def load_crosswalks(path: Path = _FILE) -> Mapping[str, Crosswalk]:
    """All of them by id. Raises InputError with file and line."""
    document = read_located(path)
    return {
        name: validated(Crosswalk, document, entry, (name,))
        for name, entry in document.data.items()
    }
