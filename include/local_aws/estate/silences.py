"""When a source has no verdict on a resource: it says so in a word of its own, for some days.

Only over the ends of earlier months; of the last month every source knows what it should.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from include.local_aws.estate.parameters import DAY, HOUR

_WORDS = {"aws_config": ("INSUFFICIENT_DATA",), "security_hub": ("WARNING", "NOT_AVAILABLE")}
#: One of so many resources under one rule or control is not judged at one month's end.
_ONE_OF = 45
#: From so long before a month's end until so long after it.
_BEFORE, _AFTER = 6 * DAY + 7 * HOUR, 4 * DAY + 9 * HOUR


def silenced(
    changes: Sequence[tuple[str, int]], tag: str, arn: str, source: str, ends: Sequence[int]
) -> Iterable[tuple[str, int]]:
    """(status, second) of what is recorded; ``ends``: the month's ends at which silence may fall.

    ``tag`` tells rules and controls apart; the same one is silent of the same resources always.
    """
    drawn = zlib.crc32(f"silent:{tag}:{arn}".encode())
    if not ends or drawn % _ONE_OF:
        return changes
    end = ends[drawn // _ONE_OF % len(ends)]
    words = _WORDS[source]
    return _with_silence(
        changes, words[drawn // 7 % len(words)], end - _BEFORE - drawn % HOUR, end + _AFTER
    )


def _with_silence(
    changes: Sequence[tuple[str, int]], word: str, start: int, end: int
) -> list[tuple[str, int]]:
    before = [change for change in changes if change[1] < start]
    during = [change for change in changes if start <= change[1] < end]
    if not before or before[-1][0] == "GONE":
        return list(changes)
    gone = [change for change in during if change[0] == "GONE"]
    restored = [] if gone else [((during or before)[-1][0], end)]
    return [*before, (word, start), *gone, *restored, *(c for c in changes if c[1] >= end)]
