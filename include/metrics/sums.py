"""Sums over keys that come in any order and number: sorted arrays, merged as they grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from include.errors import AuditError

#: One-dimensional, of integers.
Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]

#: Keys held before they are sorted and counted.
_HELD = 1 << 22
#: Bits of a key: those of an int64 without its sign.
_BITS = 63


def summed(keys: Numbers, counts: Numbers | None = None) -> tuple[Numbers, Numbers]:
    """Each different key once, in order, with the sum of its counts (None: one each); int64."""
    if counts is None:
        keys = np.sort(keys)
    else:
        # Stable: which is a merge, where the keys are a few runs in order.
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
    if not len(keys):
        return keys.astype("int64"), np.empty(0, "int64")
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    if counts is None:
        return keys[starts], np.diff(starts, append=len(keys))
    return keys[starts], np.add.reduceat(counts, starts)


class Runs:
    """Sums by key. Memory: twice the different keys, about, and what is held unsorted."""

    def __init__(self) -> None:
        self._held: list[tuple[Numbers, Numbers | None]] = []
        self._held_keys = 0
        self._runs: list[tuple[Numbers, Numbers]] = []

    def add(self, keys: Numbers, counts: Numbers | None = None) -> None:
        """Take in keys (int64) with their counts (None: one each)."""
        if self._held and (self._held[0][1] is None) != (counts is None):
            self._settle()
        self._held.append((keys, counts))
        self._held_keys += len(keys)
        if self._held_keys >= _HELD:
            self._settle()

    def total(self) -> tuple[Numbers, Numbers]:
        """Each different key once, in order, with its sum."""
        self._settle()
        while len(self._runs) > 1:
            self._merge()
        return self._runs[0] if self._runs else summed(np.empty(0, "int64"))

    def rekey(self, make: Callable[[Numbers], Numbers]) -> None:
        """Replace all keys by ``make(keys)``, which must keep their order."""
        self._settle()
        self._runs = [(make(keys), counts) for keys, counts in self._runs]

    def _settle(self) -> None:
        if not self._held:
            return
        keys = np.concatenate([keys for keys, _ in self._held])
        given = [counts for _, counts in self._held if counts is not None]
        self._held, self._held_keys = [], 0
        self._runs.append(summed(keys, np.concatenate(given) if given else None))
        # Like with like: every key is merged a few times only, however many there are.
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            self._merge()

    def _merge(self) -> None:
        (some, counts), (others, more) = self._runs.pop(), self._runs.pop()
        self._runs.append(summed(np.concatenate([others, some]), np.concatenate([more, counts])))


class Sums:
    """Sums by several columns of words; the words are learnt as they come."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._words: list[dict[str, int]] = [{} for _ in columns]
        self._widths = [1] * len(columns)
        self._runs = Runs()

    def add(
        self, columns: Sequence[tuple[Sequence[str], Numbers]], counts: Numbers | None = None
    ) -> None:
        """Take in rows: each column as its words and every row's place among them."""
        places = []
        for known, (words, _) in zip(self._words, columns, strict=True):
            # Null counts as no word.
            found = [known.setdefault(word or "", len(known)) for word in words]
            places.append(np.array(found, "int64"))
        self._widen()
        rows = [place[codes] for place, (_, codes) in zip(places, columns, strict=True)]
        self._runs.add(_key(rows, self._widths), counts)

    def sorted(self) -> tuple[list[list[str]], list[Numbers], Numbers]:
        """The words of each column in order, the rows' places among them, and the sums.

        Words without a row are not among them; rows are ordered by their columns.
        """
        keys, counts = self._runs.total()
        codes = _split(keys, self._widths)
        words, ranks = [], []
        for known, column in zip(self._words, codes, strict=True):
            used = np.zeros(max(len(known), 1), bool)
            used[column] = True
            there = sorted(word for word, place in known.items() if used[place])
            rank = np.zeros(max(len(known), 1), "int64")
            rank[[known[word] for word in there]] = np.arange(len(there))
            words.append(there)
            ranks.append(rank)
        moved = _key(
            [rank[column] for rank, column in zip(ranks, codes, strict=True)], self._widths
        )
        order = np.argsort(moved)
        return words, _split(moved[order], self._widths), counts[order]

    def _widen(self) -> None:
        """Give every column the bits its words need; keys made before keep their order."""
        before = self._widths
        needed = [max((len(known) - 1).bit_length(), 1) for known in self._words]
        if all(need <= width for need, width in zip(needed, before, strict=True)):
            return
        self._widths = [max(pair) for pair in zip(needed, before, strict=True)]
        if sum(self._widths) > _BITS:
            raise AuditError(
                "There are more different keywords, accounts, regions and types of resources than "
                "can be counted together.",
                hint="Count the accounts in several parts.",
            )
        self._runs.rekey(lambda keys: _key(_split(keys, before), self._widths))


def _key(codes: Sequence[Numbers], widths: Sequence[int]) -> Numbers:
    """Several numbers per row in one, each in its bits; the first column counts most."""
    keys = np.zeros(len(codes[0]), "int64")
    for column, width in zip(codes, widths, strict=True):
        keys <<= width
        keys |= column
    return keys


def _split(keys: Numbers, widths: Sequence[int]) -> list[Numbers]:
    """The inverse of :func:`_key`."""
    out: list[Numbers] = []
    for width in reversed(widths):
        out.append(keys & ((1 << width) - 1))
        keys = keys >> width
    return out[::-1]
