"""Evidence counted: the same whoever counts it, in however many parts, in flat memory."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.assessment.result import Assessment
from include.checks.catalogue import load_catalogue
from include.errors import AuditError
from include.evidence.item import Evidence
from include.metrics import evidence, sums
from include.metrics.evidence import COLUMNS, KNOWN, RESULTS
from tests.include.assessment.estate import BOTH, check, config, control, judged, row, source
from tests.include.reports.sample import assessment, table_of

ITEMS = st.builds(
    row,
    st.sampled_from(["PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED", "NONE"]),
    name=st.sampled_from(["aws_config", "security_hub", "manual"]),
    keyword=st.sampled_from(["RULE", "EC2.8", "OTHER", "1.1", "1.2", "ünïcode", "nobody's"]),
    account=st.sampled_from(["111111111111", "222222222222", "333333333333"]),
    region=st.sampled_from(["", "eu-west-1", "us-east-1"]),
    severity=st.sampled_from(["", "HIGH", "LOW"]),
    known=st.sampled_from(list(KNOWN)),
)


def world() -> Assessment:
    """Two sets of controls; three checks, two of which one keyword answers; one control empty."""
    other = check("other", source("aws_config", "OTHER"), source("security_hub", "EC2.8"))
    third = check("third", source("aws_config", "RULE"))
    found = judged(
        config(),
        checks=(BOTH, other, third),
        controls=[
            control("1.1", "both", "third"),
            control("1.2", "both", supporting=["other"]),
            control("2.1", shown=["other"]),
            control("2.2", manual="A policy."),
        ],
    )
    controls = [replace(one, set=one.id.partition(".")[0]) for one in found.controls]
    sets = [replace(found.sets[0], id=name) for name in ("1", "2")]
    return replace(found, controls=tuple(controls), sets=tuple(sets))


CHECKS = {
    "both": BOTH,
    "other": check("other", source("aws_config", "OTHER"), source("security_hub", "EC2.8")),
    "third": check("third", source("aws_config", "RULE")),
}
#: What is to come out, said plainly.
CONTROLS = {
    ("aws_config", "RULE"): ("1.1", "1.2"),
    ("security_hub", "EC2.8"): ("1.1", "1.2", "2.1"),
    ("aws_config", "OTHER"): ("1.2", "2.1"),
    ("manual", "1.1"): ("1.1",),
    ("manual", "1.2"): ("1.2",),
}


def counted(items: Sequence[Evidence]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(getattr(item, name) for name in COLUMNS) for item in items)


def as_counter(frame: pd.DataFrame) -> Counter[tuple[str, ...]]:
    return Counter(
        {
            tuple(str(value) for value in line[:-1]): line[-1]
            for line in frame.itertuples(index=False, name=None)
        }
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEMS, max_size=30), st.data())
def test_any_split_into_shards_gives_the_aggregate_of_the_whole(
    items: list[Evidence], data: st.DataObject
) -> None:
    whole = evidence.aggregate([table_of(items)])
    assert as_counter(whole) == counted(items)
    shards: list[list[Evidence]] = [[], [], [], []]
    for item in items:
        shards[data.draw(st.integers(0, 3))].append(item)
    parts = [evidence.aggregate([table_of(shard)]) for shard in shards]
    combined = evidence.combine(data.draw(st.permutations(parts)))
    pd.testing.assert_frame_equal(combined, whole)
    pd.testing.assert_frame_equal(evidence.combine([combined]), whole)


@settings(max_examples=40, deadline=None)
@given(st.lists(ITEMS, max_size=30), st.data())
def test_how_rows_are_cut_into_tables_and_ordered_does_not_matter(
    items: list[Evidence], data: st.DataObject
) -> None:
    whole = evidence.aggregate([table_of(items)])
    shuffled = data.draw(st.permutations(items))
    tables = [table_of([item]) for item in shuffled]
    pd.testing.assert_frame_equal(evidence.aggregate(tables), whole)
    if tables:  # several chunks with dictionaries of their own in one table
        joined = pa.concat_tables(tables).select(list(COLUMNS))
        pd.testing.assert_frame_equal(evidence.aggregate([joined]), whole)


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEMS, max_size=40))
def test_counts_per_control_are_those_of_a_plain_count(items: list[Evidence]) -> None:
    found = evidence.aggregate([table_of(items)])
    links = evidence.links(world(), CHECKS)
    plain: dict[str, list[Evidence]] = {name: [] for name in ("1.1", "1.2", "2.1", "2.2")}
    per_set: dict[str, list[Evidence]] = {"1": [], "2": []}
    for item in items:
        controls = CONTROLS.get((item.source, item.keyword), ())
        for name in controls:
            plain[name].append(item)
        for name in {one.partition(".")[0] for one in controls}:
            per_set[name].append(item)
    for name, expected, rows in (
        ("control", plain, evidence.by_control(found, links)),
        ("control_set", per_set, evidence.by_control_set(found, links)),
    ):
        assert [line[name] for line in rows] == list(expected)
        for line in rows:
            its = expected[line[name]]
            assert line["items"] == len(its)
            for word, column in RESULTS.items():
                assert line[column] == sum(item.result == word for item in its)
            for word, column in KNOWN.items():
                assert line[column] == sum(item.known == word for item in its)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(ITEMS, max_size=40),
    st.lists(
        st.sampled_from(["control_set", "control", "severity", "account", "region", "known"]),
        unique=True,
    ),
)
def test_counts_by_any_columns_are_those_of_merging_first(
    items: list[Evidence], by: list[str]
) -> None:
    links = evidence.links(world(), CHECKS)
    found = evidence.status_counts(evidence.aggregate([table_of(items)]), links, by)
    wanted = [name for name in by if name in ("control_set", "control")]
    lines: Counter[tuple[str, ...]] = Counter()
    for item in items:
        mapped = links[(links["source"] == item.source) & (links["keyword"] == item.keyword)]
        for place in {tuple(line) for line in mapped[wanted].to_numpy().tolist()}:
            values = dict(zip(wanted, place, strict=True))
            lines[(*(str(values.get(n) or getattr(item, n, "")) for n in by), item.result)] += 1
    told = {
        (*map(str, (line[name] for name in by)), word): line[column]
        for line in found.to_dict("records")
        for word, column in RESULTS.items()
        if line[column]
    }
    assert told == dict(lines)
    assert list(found["items"]) == [
        sum(line[column] for column in RESULTS.values()) for line in found.to_dict("records")
    ]


def test_every_control_has_its_line_also_with_no_evidence_at_all() -> None:
    nothing = evidence.aggregate([])
    assert list(nothing.columns) == [*COLUMNS, "items"] and len(nothing) == 0
    pd.testing.assert_frame_equal(evidence.combine([nothing, nothing]), nothing)
    rows = evidence.by_control(nothing, evidence.links(world(), CHECKS))
    assert [line["control"] for line in rows] == ["1.1", "1.2", "2.1", "2.2"]
    assert {line["items"] for line in rows} == {0}


def test_a_control_stands_once_beside_a_keyword_that_answers_several_of_its_checks() -> None:
    links = evidence.links(world(), CHECKS)
    assert not links.duplicated().any()
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for source_, keyword, _, control_ in links.to_numpy().tolist():
        key = (source_, keyword)
        found[key] = (*found.get(key, ()), control_)
    assert {key: found[key] for key in CONTROLS} == CONTROLS
    assert found[("manual", "2.2")] == ("2.2",)


def test_variants_of_checks_are_linked_and_checks_of_the_past_are_left_alone() -> None:
    found, catalogue = assessment(), load_catalogue()
    known = evidence.checks_by_keyword(found, catalogue)
    linked = {check for checks in known.values() for check in checks}
    assert linked == {check.id for check in found.checks}
    assert evidence.checks_by_keyword(found, {}) == {}


@pytest.mark.parametrize("held", [1, 3, 1 << 22])
def test_sums_are_right_however_much_is_held(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "_HELD", held)
    words = [f"w{n % 37}" for n in range(400)]
    sum_ = sums.Sums(["word", "other"])
    for start in range(0, 400, 7):
        some = words[start : start + 7]
        columns = sorted(set(some))
        codes = np.array([columns.index(word) for word in some])
        sum_.add([(columns, codes), (["x"], codes * 0)])
    (known, other), (places, _), counts = sum_.sorted()
    assert other == ["x"]
    assert {known[p]: n for p, n in zip(places, counts, strict=True)} == Counter(words)
    assert list(places) == sorted(places)


def test_more_words_than_a_key_holds_are_refused_and_not_miscounted() -> None:
    many = sums.Sums([str(n) for n in range(8)])
    words = [str(n) for n in range(300)]
    with pytest.raises(AuditError, match="counted together"):
        many.add([(words, np.arange(300))] * 8)


MEMORY = """
import sys, tracemalloc
import numpy as np, pyarrow as pa
from include.metrics.evidence import COLUMNS, aggregate
rows, each = int(sys.argv[1]), 10_000
SIZES = (3, 50, 20, 2, 5, 9, 4, 3)
def tables():
    random = np.random.default_rng(7)
    for _ in range(rows // each):
        arrays = []
        kind = random.integers(0, 50, each)
        for name, size in zip(COLUMNS, SIZES):
            codes = random.integers(0, 20, each) if name == "account" else kind % size
            words = pa.array([f"{name}{n}" for n in range(size)])
            arrays.append(pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32")), words))
        yield pa.table(arrays, names=list(COLUMNS))
tracemalloc.start()
assert aggregate(tables())["items"].sum() == rows
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.slow
def test_memory_of_counting_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(rows)], capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert peak(20_000_000) < 1.1 * peak(5_000_000)
