"""Samples of a population that anybody draws again: method, size and seed are kept with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``all``: no sample, every item; ``stratified``: each stratum in proportion, at least one of it.
Method = Literal["random", "stratified", "all"]


@dataclass(frozen=True)
class Sampling:
    """How samples are drawn. ``seed`` '' means: the assessment's content digest."""

    method: Method = "random"
    size: int = 25
    seed: str = ""
