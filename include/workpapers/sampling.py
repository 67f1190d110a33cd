"""Samples of a population that anybody draws again: method, size and seed are kept with them.

How an item gets its place: the SHA-256 of three lines, the seed, the account and the resource,
without a line end behind the last. The smallest digests are drawn. With a shell::

    printf '%s\\n%s\\n%s' "$seed" "$account" "$resource" | sha256sum

So a sample depends neither on the order of the population nor on how it was cut, nor on a random
number generator; and a larger sample of the same seed holds the smaller one. One seed ranks a
resource alike for every control: each control's sample is random, and one look serves them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from include.errors import InputError
from include.workpapers.population import words_of
from include.workpapers.strata import Stratum, share_out

#: ``all``: no sample, every item; ``stratified``: each stratum in proportion, at least one of it.
Method = Literal["random", "stratified", "all"]
METHODS: tuple[Method, ...] = ("random", "stratified", "all")
#: What a population can be stratified by.
STRATA: tuple[str, ...] = ("account", "region", "resource_type", "result")

#: The worst result of a resource over several checks comes first.
_WORST = ("FAIL", "UNANSWERED", "PASS")
_DIGEST_BYTES = 8
Tables = Callable[[], Iterable[pa.Table]]


@dataclass(frozen=True)
class Sampling:
    """How samples are drawn. ``seed`` '' means: the assessment's content digest."""

    method: Method = "random"
    size: int = 25
    seed: str = ""


@dataclass(frozen=True)
class Item:
    """One resource of a sample. ``results`` are the checks' own (check, PASS …), ``regions`` those
    of the cells it was judged in; ``result`` is the worst. ``digest`` ranks it (hex SHA-256)."""

    rank: int
    account: str
    resource: str
    resource_type: str
    regions: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    digest: str
    stratum: tuple[str, ...] = ()

    @property
    def result(self) -> str:
        """The worst of the checks' results."""
        return min((result for _, result in self.results), key=_WORST.index)


@dataclass(frozen=True)
class Sample:
    """What was drawn of one population: the distinct resources that ``checks`` judged.

    ``asked`` is the size that was asked for (0 for all). ``strata`` is empty unless stratified.
    """

    of: str
    checks: tuple[str, ...]
    method: Method
    seed: str
    asked: int
    population: int
    items: tuple[Item, ...] = ()
    by: tuple[str, ...] = ()
    strata: tuple[Stratum, ...] = ()


def item_digest(seed: str, account: str, resource: str) -> str:
    """What ranks an item: the hex SHA-256 of ``seed``, ``account`` and ``resource``, one a line."""
    return hashlib.sha256(f"{seed}\n{account}\n{resource}".encode()).hexdigest()


@dataclass
class _Rows:
    """What is remembered of one check's rows: 8 bytes of each one's digest, 4 of its stratum."""

    digests: list[Any] = field(default_factory=list)
    strata: list[Any] = field(default_factory=list)


def draw(
    tables: Tables,
    sampling: Sampling,
    groups: Mapping[str, Collection[str]],
    *,
    by: Sequence[str] = ("account",),
) -> list[Sample]:
    """One sample for each group: a name (a control's id) and the checks whose resources it has.

    ``tables`` gives the population (:data:`include.workpapers.population.SCHEMA`) from the start
    at each call, in any order. ``by`` names the columns that make the strata. Raises InputError
    for a method, size or column that there is not. ``sampling.seed`` is used as it is.
    """
    _require(sampling, by)
    stratify = tuple(by) if sampling.method == "stratified" else ()
    names, rows = _read(tables, sampling.seed, {c for g in groups.values() for c in g}, stratify)
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), "int64")
    place[order] = np.arange(len(names))
    picked: dict[str, tuple[int, Any, tuple[Stratum, ...]]] = {}
    for name, checks in groups.items():
        there = [rows[check] for check in checks if check in rows]
        if not there:
            picked[name] = (0, np.empty(0, "uint64"), ())
            continue
        digests = np.concatenate([part for one in there for part in one.digests])
        # A resource that its checks place in several strata belongs to the first of them.
        codes = place[np.concatenate([part for one in there for part in one.strata])]
        in_order = np.lexsort((codes, digests))
        digests, first = np.unique(digests[in_order], return_index=True)
        codes = codes[in_order][first]
        picked[name] = (
            len(digests),
            *_pick(digests, codes, [names[n] for n in order], sampling),
        )
    found = _details(tables, sampling.seed, groups, {n: p[1] for n, p in picked.items()})
    out = []
    for name, checks in groups.items():
        size, _, strata = picked[name]
        out.append(
            Sample(
                of=name,
                checks=tuple(checks),
                method=sampling.method,
                seed=sampling.seed,
                asked=0 if sampling.method == "all" else sampling.size,
                population=size,
                items=_items(found[name], sampling.seed, tuple(checks), stratify),
                by=stratify,
                strata=strata,
            )
        )
    return out


def _require(sampling: Sampling, by: Sequence[str]) -> None:
    if sampling.method not in METHODS:
        raise InputError(
            f"'{sampling.method}' is no way to sample.", hint=f"Use {', '.join(METHODS)}."
        )
    if sampling.method != "all" and sampling.size < 1:
        raise InputError(f"A sample of {sampling.size} is none.", hint="Take 1 or more.")
    if "\n" in sampling.seed:
        raise InputError("The seed has a line end in it.", hint="Take letters and digits.")
    if sampling.method == "stratified" and (not by or set(by) - set(STRATA)):
        raise InputError(
            f"A population has no strata by '{','.join(by)}'.", hint=f"Use {', '.join(STRATA)}."
        )


def _read(
    tables: Tables, seed: str, checks: Collection[str], by: Sequence[str]
) -> tuple[list[tuple[str, ...]], dict[str, _Rows]]:
    """The strata's names as they are met, and the rows of each check."""
    known: dict[tuple[str, ...], int] = {}
    rows: dict[str, _Rows] = {}
    for table, digests in _digested(tables(), seed):
        columns = [words_of(table, name) for name in by]
        labels = list(zip(*columns, strict=True)) if by else [()] * table.num_rows
        strata = np.fromiter(
            (known.setdefault(label, len(known)) for label in labels), "uint32", table.num_rows
        )
        names = words_of(table, "check")
        for check, places in _places(names).items():
            if check in checks:
                one = rows.setdefault(check, _Rows())
                one.digests.append(digests[places])
                one.strata.append(strata[places])
    return list(known), rows


def _pick(
    digests: Any, codes: Any, names: Sequence[tuple[str, ...]], sampling: Sampling
) -> tuple[Any, tuple[Stratum, ...]]:
    """Which digests are drawn; ``digests`` are distinct and sorted, the smallest first."""
    if sampling.method == "all":
        return digests, ()
    if sampling.method == "random":
        return digests[: sampling.size], ()
    present, sizes = np.unique(codes, return_counts=True)
    strata = share_out(
        {names[code]: int(size) for code, size in zip(present, sizes, strict=True)}, sampling.size
    )
    taken = [
        digests[codes == code][: stratum.drawn]
        for code, stratum in zip(present, strata, strict=True)
    ]
    return np.sort(np.concatenate(taken)), tuple(strata)


#: A row of what was drawn: check, then the columns of a population's row by their name.
_Row = Mapping[str, str]


def _details(
    tables: Tables, seed: str, groups: Mapping[str, Collection[str]], picked: Mapping[str, Any]
) -> dict[str, dict[tuple[str, str], list[_Row]]]:
    """The rows of what was drawn, by group, account and resource."""
    found: dict[str, dict[tuple[str, str], list[_Row]]] = {name: {} for name in groups}
    wanting: dict[str, list[str]] = {}
    for name, checks in groups.items():
        for check in checks:
            wanting.setdefault(check, []).append(name)
    for table, digests in _digested(tables(), seed):
        for check, places in _places(words_of(table, "check")).items():
            for name in wanting.get(check, ()):
                hits = places[np.isin(digests[places], picked[name])]
                for row in _rows_at(table, hits):
                    found[name].setdefault((row["account"], row["resource"]), []).append(row)
    return found


def _rows_at(table: pa.Table, places: Any) -> Iterator[_Row]:
    if not len(places):
        return
    part = table.take(pa.array(places))
    columns = [
        part[name].to_pylist() if name == "resource" else words_of(part, name)
        for name in part.column_names
    ]
    for values in zip(*columns, strict=True):
        yield dict(zip(part.column_names, values, strict=True))


def _items(
    found: Mapping[tuple[str, str], Sequence[_Row]],
    seed: str,
    checks: Sequence[str],
    by: Sequence[str],
) -> tuple[Item, ...]:
    ranked = sorted((item_digest(seed, *place), place) for place in found)
    out = []
    for rank, (digest, place) in enumerate(ranked, 1):
        rows = found[place]
        results = {(row["check"], row["result"]) for row in rows}
        out.append(
            Item(
                rank=rank,
                account=place[0],
                resource=place[1],
                resource_type=min(row["resource_type"] for row in rows),
                regions=tuple(sorted({row["region"] for row in rows} - {""})),
                results=tuple(
                    sorted(results, key=lambda one: (checks.index(one[0]), _WORST.index(one[1])))
                ),
                digest=digest,
                stratum=min(tuple(row[name] for name in by) for row in rows),
            )
        )
    return tuple(out)


def _places(names: Sequence[str]) -> dict[str, Any]:
    """Where each word stands in a column."""
    known: dict[str, list[int]] = {}
    for n, name in enumerate(names):
        known.setdefault(name, []).append(n)
    return {name: np.array(places, "int64") for name, places in known.items()}


def _digested(tables: Iterable[pa.Table], seed: str) -> Iterator[tuple[pa.Table, Any]]:
    """Each table with the first 8 bytes of its items' digests, as numbers that sort like them."""
    known: dict[str, bytes] = {}
    of = ""
    for table in tables:
        out = bytearray()
        for account, resource in zip(
            words_of(table, "account"), table["resource"].to_pylist(), strict=True
        ):
            if account != of:
                # Rows come by account, as a rule: one account's digests are all that is kept.
                known, of = {}, account
                start = f"{seed}\n{account}\n"
            digest = known.get(resource)
            if digest is None:
                digest = hashlib.sha256(f"{start}{resource}".encode()).digest()[:_DIGEST_BYTES]
                known[resource] = digest
            out += digest
        yield table, np.frombuffer(bytes(out), ">u8").astype("uint64")
