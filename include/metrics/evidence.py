"""How many items of evidence say what: counted over tables of any length, then joined to controls.

Counts are additive. Tables are streamed into one small frame of counts by what is said, by whom
and where; the mapping to controls, which makes a dozen rows of each, is joined to that frame and
never to evidence. Frames of shards combine to the frame of the whole, so that what one machine
can't hold many can count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from include.assessment.result import Assessment
from include.checks.check import Check
from include.metrics.sums import Numbers, Runs, Sums, summed

#: What items are counted by; ``severity`` is the source's own word, '' where it has none.
COLUMNS = (
    "source",
    "keyword",
    "account",
    "region",
    "severity",
    "resource_type",
    "result",
    "known",
)
#: Columns of counts by the word they count.
RESULTS: Mapping[str, str] = {
    "PASS": "pass",
    "FAIL": "fail",
    "NOT_APPLICABLE": "not_applicable",
    "UNANSWERED": "unanswered",
    "NONE": "none",
}
KNOWN: Mapping[str, str] = {
    "CONTEMPORANEOUS": "contemporaneous",
    "RECONSTRUCTED": "reconstructed",
    "CURRENT_ONLY": "current_only",
}
#: Rows joined to controls at a time.
_JOINED_AT_ONCE = 1 << 21


def aggregate(tables: Iterable[pa.Table]) -> pd.DataFrame:
    """Count the rows of tables of :data:`include.evidence.table.SCHEMA`.

    Only :data:`COLUMNS` are looked at; others may be missing. Returns them as categoricals, with
    ``items`` (int64) beside them: one row per combination that occurs, sorted, categories sorted
    and none unused. Memory depends on the number of combinations, not of rows.
    """
    sums = Sums(COLUMNS)
    for table in tables:
        if table.num_rows:
            sums.add([_words(table[name]) for name in COLUMNS])
    return _frame(sums)


def combine(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The aggregate of several tables' rows from :func:`aggregate` of each.

    However rows are split into parts, and in whatever order those come, the result is the same.
    """
    sums = Sums(COLUMNS)
    for part in parts:
        if len(part):
            columns = [part[name].cat for name in COLUMNS]
            sums.add(
                [(list(one.categories), one.codes.to_numpy()) for one in columns],
                part["items"].to_numpy("int64"),
            )
    return _frame(sums)


def checks_by_keyword(
    assessment: Assessment, catalogue: Mapping[str, Check]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Which of the controls' checks each (source, keyword) can answer, in the controls' order."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for control in assessment.controls:
        for mapped in control.checks:
            check = catalogue.get(mapped.id)
            for source in check.sources if check else ():
                for keyword in source.all_keywords:
                    found.setdefault((source.source, keyword), {})[mapped.id] = None
    return {key: tuple(checks) for key, checks in found.items()}


def links(assessment: Assessment, catalogue: Mapping[str, Check]) -> pd.DataFrame:
    """Which controls an item speaks to, by what it comes from and is about.

    Columns ``source``, ``keyword``, ``control_set`` and ``control``; a control stands once beside
    a (source, keyword), however many of its checks that answers, and whatever their role. Manual
    evidence has its control's id for a keyword. ``control_set`` and ``control`` are categoricals
    of all there are, in the framework's order: also those without any link.
    """
    by_check: dict[str, list[tuple[str, str]]] = {}
    for control in assessment.controls:
        for mapped in control.checks:
            by_check.setdefault(mapped.id, []).append((control.set, control.id))
    rows: dict[tuple[str, str, str, str], None] = {
        ("manual", control.id, control.set, control.id): None for control in assessment.controls
    }
    for (source, keyword), checks in checks_by_keyword(assessment, catalogue).items():
        for check in checks:
            for place in by_check[check]:
                rows[(source, keyword, *place)] = None
    frame = pd.DataFrame(list(rows), columns=["source", "keyword", "control_set", "control"])
    for name, all_of in (("control_set", assessment.sets), ("control", assessment.controls)):
        ids = list(dict.fromkeys(one.id for one in all_of))
        frame[name] = pd.Categorical(frame[name], categories=ids, ordered=True)
    return frame


def status_counts(
    aggregate: pd.DataFrame,
    links: pd.DataFrame,
    by: Sequence[str] = ("control_set", "control", "severity", "account"),
) -> pd.DataFrame:
    """Items per result, by columns of ``links`` and of ``aggregate``.

    One row per combination that occurs, ordered by ``by``; then ``items`` and a column for each
    of :data:`RESULTS` (int64). An item is counted under every control it speaks to, and once under
    each control set; one that speaks to no control isn't counted at all.
    """
    return _counted(aggregate, links, tuple(by), "result", RESULTS)


def by_control(aggregate: pd.DataFrame, links: pd.DataFrame) -> list[dict[str, Any]]:
    """Items per control by what they say and how that is known, in the framework's order.

    Also controls without any. Keys: ``control``, ``items`` and those of :data:`RESULTS` and
    :data:`KNOWN`.
    """
    return _by_link(aggregate, links, "control")


def by_control_set(aggregate: pd.DataFrame, links: pd.DataFrame) -> list[dict[str, Any]]:
    """As :func:`by_control` per ``control_set``: what speaks to several of its controls is one."""
    return _by_link(aggregate, links, "control_set")


def _words(column: pa.ChunkedArray) -> tuple[list[str], Numbers]:
    """The different words of a column, and each row's place among them."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    chunks = column.unify_dictionaries().chunks
    codes = [chunk.indices.to_numpy(zero_copy_only=True) for chunk in chunks]
    return chunks[0].dictionary.to_pylist(), codes[0] if len(codes) == 1 else np.concatenate(codes)


def _frame(sums: Sums) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    words, codes, items = sums.sorted()
    for name, known, places in zip(COLUMNS, words, codes, strict=True):
        categories = pd.Index(known, dtype="str")
        columns[name] = pd.Categorical.from_codes(places, categories=categories)
    return pd.DataFrame({**columns, "items": items}, copy=False)


def _by_link(aggregate: pd.DataFrame, links: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    ids = list(links[name].cat.categories)
    said = _counted(aggregate, links, (name,), "result", RESULTS).set_index(name)
    known = _counted(aggregate, links, (name,), "known", KNOWN).set_index(name)
    both = pd.concat([said, known.drop(columns="items")], axis=1)
    both = both.reindex(ids, fill_value=0).astype("int64")
    return [
        {name: one, **{str(key): n for key, n in row.items()}}
        for one, row in zip(ids, both.to_dict("records"), strict=True)
    ]


def _counted(
    aggregate: pd.DataFrame,
    links: pd.DataFrame,
    by: tuple[str, ...],
    measure: str,
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Counts by ``by``, with a column for each word of ``measure``."""
    of_links = [name for name in by if name in ("control_set", "control")]
    of_items = [name for name in by if name not in of_links]
    place, what = _Radix(links, of_links), _Radix(aggregate, of_items)
    said = aggregate[measure].cat
    column = np.array([list(names).index(word) for word in said.categories], "int64")
    width = what.size * len(names)
    kinds = links.groupby(["source", "keyword"], sort=False).ngroup().to_numpy("int64")

    # First count by (source, keyword) and by what is asked for, ...
    kind = _kinds(aggregate, links, kinds)
    mapped = kind >= 0
    words = column[said.codes.to_numpy()[mapped]] if len(column) else np.empty(0, "int64")
    keys = kind[mapped] * width + what.codes[mapped] * len(names) + words
    keys, items = summed(keys, aggregate["items"].to_numpy("int64")[mapped])
    kind, rest = np.divmod(keys, width)

    # ... then lay the mapping over the few rows that this leaves.
    linked, places = np.divmod(np.unique(kinds * place.size + place.codes), place.size)
    sums = Runs()
    for link, row in _matches(
        np.searchsorted(kind, linked), np.searchsorted(kind, linked, "right")
    ):
        sums.add(places[link] * width + rest[row], items[row])
    keys, items = sums.total()

    groups, column = np.divmod(keys, len(names))
    found, row = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(found), len(names)), "int64")
    counts[row, column] = items
    outer, inner = np.divmod(found, what.size)
    columns = {**place.words(outer), **what.words(inner)}
    frame = pd.DataFrame({name: columns[name] for name in by}, copy=False)
    frame["items"] = counts.sum(axis=1)
    for number, name in enumerate(names.values()):
        frame[name] = counts[:, number]
    return frame.sort_values(list(by), kind="stable", ignore_index=True) if by else frame


def _kinds(aggregate: pd.DataFrame, links: pd.DataFrame, kinds: Numbers) -> Numbers:
    """The number of each row's (source, keyword) among those that have a link; -1 for others."""
    source, keyword = aggregate["source"].cat, aggregate["keyword"].cat
    table = np.full((len(source.categories), len(keyword.categories)), -1, "int64")
    rows = source.categories.get_indexer(pd.Index(links["source"]))
    columns = keyword.categories.get_indexer(pd.Index(links["keyword"]))
    there = (rows >= 0) & (columns >= 0)
    table[rows[there], columns[there]] = kinds[there]
    return np.asarray(table[source.codes.to_numpy(), keyword.codes.to_numpy()])


def _matches(starts: Numbers, ends: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs (n, row) for every row of each range ``starts[n]`` … ``ends[n]``, some at a time."""
    lengths = ends - starts
    upto = np.cumsum(lengths)
    first = 0
    while first < len(lengths):
        before = int(upto[first] - lengths[first])
        last = max(int(np.searchsorted(upto, before + _JOINED_AT_ONCE, "right")), first + 1)
        here = lengths[first:last]
        link = np.repeat(np.arange(first, last), here)
        offset = np.arange(len(link)) - np.repeat(np.cumsum(here) - here, here)
        yield link, starts[link] + offset
        first = last


class _Radix:
    """Some categorical columns of a frame as one number per row, of which ``size`` are possible."""

    def __init__(self, frame: pd.DataFrame, names: Sequence[str]) -> None:
        self._columns = {name: frame[name].cat for name in names}
        self.codes = np.zeros(len(frame), "int64")
        self.size = 1
        for one in self._columns.values():
            self.codes = self.codes * len(one.categories) + one.codes.to_numpy("int64")
            self.size *= max(len(one.categories), 1)

    def words(self, codes: Numbers) -> dict[str, pd.Categorical]:
        """The columns of rows that have these numbers."""
        out = {}
        for name, one in reversed(self._columns.items()):
            codes, places = np.divmod(codes, max(len(one.categories), 1))
            dtype = pd.CategoricalDtype(one.categories, one.ordered)
            out[name] = pd.Categorical.from_codes(places, dtype=dtype)
        return out
