"""Tables of the page as columns of codes: each word is written once, in order, rows name it.

The words are sorted, so that a row's code is also its rank: the page sorts by codes, and equal
rows give equal columns however they were cut into Arrow tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa

#: What a column holds: a word of few or many; a time in whole seconds since 1970 (UTC); a number;
#: or an id of 32 hexadecimal digits, which has no words of its own.
Kind = Literal["word", "time", "number", "id"]
#: The page's filter that a column answers, and how: it is the value, or names it among others.
Filter = Literal["account", "region", "severity", "source", "controls"]

_PARTS = re.compile(r"(\d+)|(\D+)")
Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Head:
    """How the page shows a column; compared by identity.

    ``shown``: ``always``, ``wide`` (only where there is room) or ``detail`` (when a row is opened).
    ``labels`` are what people read for a word; exports keep the word. ``order`` names words in
    their order where that isn't the alphabet's.
    """

    key: str
    title: str
    kind: Kind = "word"
    shown: Literal["always", "wide", "detail"] = "wide"
    filter: Filter | None = None
    order: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def rank(self, word: Any) -> tuple[Any, ...]:
        """What words are sorted by: nothing first, numbers within ids by their value."""
        if word == "" or not isinstance(word, str):
            return (word != "", word)
        if self.order:
            known = word in self.order
            return (True, self.order.index(word) if known else len(self.order), word)
        if self.filter == "controls":
            return (
                True,
                [(text != "", int(n or 0), text) for n, text in _PARTS.findall(word)],
                word,
            )
        return (True, word)

    def to_json(self) -> dict[str, Any]:
        """As the page reads it."""
        out: dict[str, Any] = {"key": self.key, "title": self.title, "kind": self.kind}
        if self.shown != "wide":
            out["shown"] = self.shown
        if self.filter:
            out["filter"] = self.filter
        if self.labels:
            out["labels"] = dict(sorted(self.labels.items()))
        return out


class Words:
    """A column as it comes in, a piece at a time."""

    def __init__(self) -> None:
        self._code: dict[Any, int] = {}
        self._pieces: list[Codes] = []

    def add(self, column: pa.ChunkedArray) -> None:
        """Take a piece; a missing value is an empty word."""
        for chunk in column.chunks:
            if not pa.types.is_dictionary(chunk.type):
                chunk = chunk.dictionary_encode()
            own = [self._of(word) for word in chunk.dictionary.to_pylist()]
            indices = chunk.indices
            if chunk.null_count:
                indices = indices.fill_null(len(own))
                own.append(self._of(""))
            taken = np.asarray(indices.to_numpy(zero_copy_only=False), "int64")
            self._pieces.append(np.asarray(own, "int64")[taken])

    def add_values(self, values: Iterable[Any]) -> None:
        """Take values one by one (for short tables); None is a word, too, the first."""
        self._pieces.append(np.asarray([self._of(value) for value in values], "int64"))

    def _of(self, word: Any) -> int:
        if word is None:
            word = ""
        return self._code.setdefault(word, len(self._code))

    def column(self, head: Head) -> Column:
        """The words in order, and each row's code among them."""
        words = sorted(self._code, key=head.rank)
        rank = np.zeros(len(words), "int64")
        for at, word in enumerate(words):
            rank[self._code[word]] = at
        codes = np.concatenate([np.zeros(0, "int64"), *self._pieces])
        return Column(head, words, rank[codes] if len(words) else codes)


@dataclass(frozen=True)
class Column:
    """A finished column: its head, its words in order, each row's code (or all ids in one text)."""

    head: Head
    words: Sequence[Any] = ()
    codes: Codes = field(default_factory=lambda: np.zeros(0, "int64"))
    ids: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the page reads it."""
        if self.head.kind == "id":
            return {**self.head.to_json(), "ids": self.ids}
        return {**self.head.to_json(), "words": list(self.words), "codes": self.codes.tolist()}

    def derived(self, head: Head, values: Mapping[Any, str]) -> Column:
        """A column whose word follows from this one's."""
        return renamed(head, [values.get(word, "") for word in self.words], self.codes)


def renamed(head: Head, names: Sequence[str], codes: Codes) -> Column:
    """A column whose code ``n`` stands for ``names[n]``; several may stand for the same."""
    words = sorted(set(names), key=head.rank)
    at = {word: code for code, word in enumerate(words)}
    rank = np.asarray([at[name] for name in names], "int64")
    return Column(head, words, rank[codes] if len(names) else codes)


def short_column(head: Head, values: Sequence[Any]) -> Column:
    """A column of values at hand; None and '' are the same."""
    words = Words()
    words.add_values(values)
    return words.column(head)


def table_json(rows: int, file: str, columns: Sequence[Column]) -> dict[str, Any]:
    """A table as the page reads it; ``file`` of the package holds the same rows whole."""
    return {"rows": rows, "file": file, "columns": [column.to_json() for column in columns]}
