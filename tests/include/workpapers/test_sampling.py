"""A sample is drawn again by anybody who has the population, the method, the size and the seed."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import InputError
from include.workpapers.population import SCHEMA, table_of
from include.workpapers.sampling import Sample, Sampling, draw, item_digest
from include.workpapers.strata import share_out

Row = tuple[str, str, str, str, str, str, str]
GROUPS = {"1.1": ["a"], "1.2": ["a", "b"], "1.3": ["c"], "1.4": ["absent"]}
SEEDED = Sampling("random", 5, "7")

rows_strategy = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["111111111111", "222222222222"]),
        st.sampled_from(["eu-west-1", "us-east-1"]),
        st.integers(0, 30).map(lambda n: f"arn:aws:thing/{n}"),
        st.just("AWS::EC2::Instance"),
        st.sampled_from(["PASS", "FAIL", "UNANSWERED"]),
        st.just("aws_config=PASS"),
    ),
    max_size=120,
    unique_by=lambda row: row[:4],
)


def tables(rows: list[Row], cuts: int = 1) -> list[pa.Table]:
    size = -(-len(rows) // cuts) or 1
    return [
        table_of({name: [r[n] for r in part] for n, name in enumerate(SCHEMA.names)})
        for part in (rows[at : at + size] for at in range(0, len(rows), size))
    ]


def drawn(
    rows: list[Row], sampling: Sampling = SEEDED, cuts: int = 1, **more: object
) -> list[Sample]:
    return draw(lambda: tables(rows, cuts), sampling, GROUPS, **more)  # type: ignore[arg-type]


def many(n: int, check: str = "a") -> list[Row]:
    accounts = ["111111111111", "222222222222", "333333333333"]
    return [
        (
            check,
            accounts[i % 10 // 8],
            "eu-west-1",
            f"arn:aws:thing/{i}",
            "AWS::EC2::Instance",
            "PASS",
            "",
        )
        for i in range(n)
    ]


@settings(max_examples=60, deadline=None)
@given(rows_strategy, st.sampled_from(["random", "stratified", "all"]), st.randoms())
def test_a_sample_depends_neither_on_the_order_of_rows_nor_on_how_they_are_cut(
    rows: list[Row], method: str, rng: random.Random
) -> None:
    sampling = Sampling(method, 6, "s")  # type: ignore[arg-type]
    by = ("account", "region", "result")
    first = drawn(rows, sampling, by=by)
    mixed = list(rows)
    rng.shuffle(mixed)
    assert drawn(mixed, sampling, cuts=rng.randint(1, 7), by=by) == first


@settings(max_examples=60, deadline=None)
@given(rows_strategy, st.integers(1, 40))
def test_of_each_control_as_many_are_drawn_as_were_asked_for_or_as_there_are(
    rows: list[Row], size: int
) -> None:
    for sample in drawn(rows, Sampling("random", size, "s")):
        there = {(r[1], r[3]) for r in rows if r[0] in GROUPS[sample.of]}
        assert sample.population == len(there)
        assert len(sample.items) == min(size, len(there))
        assert {(i.account, i.resource) for i in sample.items} <= there
        assert [i.rank for i in sample.items] == list(range(1, len(sample.items) + 1))


@settings(max_examples=60, deadline=None)
@given(rows_strategy, st.integers(1, 40))
def test_strata_add_up_and_each_has_one_at_least(rows: list[Row], size: int) -> None:
    for sample in drawn(rows, Sampling("stratified", size, "s"), by=("account", "region")):
        assert sum(s.population for s in sample.strata) == sample.population
        assert sum(s.drawn for s in sample.strata) == len(sample.items)
        assert len(sample.items) == max(min(size, sample.population), len(sample.strata))
        assert all(1 <= s.drawn <= s.population for s in sample.strata)
        assert Counter(i.stratum for i in sample.items) == {s.name: s.drawn for s in sample.strata}


@settings(max_examples=60, deadline=None)
@given(
    rows_strategy, st.integers(1, 20), st.integers(0, 20), st.sampled_from(["random", "stratified"])
)
def test_a_larger_sample_holds_the_smaller_one(
    rows: list[Row], size: int, more: int, method: str
) -> None:
    small = drawn(rows, Sampling(method, size, "s"), by=("account", "region"))  # type: ignore[arg-type]
    large = drawn(rows, Sampling(method, size + more, "s"), by=("account", "region"))  # type: ignore[arg-type]
    for one, other in zip(small, large, strict=True):
        assert {i.digest for i in one.items} <= {i.digest for i in other.items}


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text("ab", max_size=4).map(lambda t: (t,)), st.integers(1, 500), max_size=12
    ),
    st.integers(1, 300),
)
def test_shares_are_in_proportion(sizes: dict[tuple[str, ...], int], wanted: int) -> None:
    shares = share_out(sizes, wanted)
    total = sum(sizes.values())
    assert sum(s.drawn for s in shares) == max(min(wanted, total), len(sizes))
    for share in shares:
        fair = wanted * share.population / total
        assert share.drawn <= max(1, fair + 1), "no stratum has more than its share, rounded up"


def test_all_is_every_item_and_another_seed_is_another_sample() -> None:
    rows = many(200)
    whole = drawn(rows, Sampling("all"))[0]
    assert len(whole.items) == whole.population == 200 and whole.asked == 0
    samples = {
        tuple(i.resource for i in drawn(rows, Sampling("random", 10, str(n)))[0].items)
        for n in range(20)
    }
    assert len(samples) == 20


def test_every_resource_has_the_same_chance() -> None:
    rows = many(40)
    met = Counter(
        item.resource
        for n in range(400)
        for item in drawn(rows, Sampling("random", 10, f"seed {n}"))[0].items
    )
    assert len(met) == 40
    assert all(60 < n < 140 for n in met.values()), "100 expected, 8.7 standard deviation"


def test_a_resource_of_several_checks_is_one_item_with_each_ones_result() -> None:
    rows = [
        ("a", "111111111111", "", "user/eva", "AWS::IAM::User", "PASS", ""),
        ("b", "111111111111", "eu-west-1", "user/eva", "AWS::IAM::User", "FAIL", ""),
        ("b", "222222222222", "eu-west-1", "user/eva", "AWS::IAM::User", "PASS", ""),
    ]
    both = drawn(rows)[1]
    assert both.population == 2
    (one,) = [item for item in both.items if item.account == "111111111111"]
    assert one.results == (("a", "PASS"), ("b", "FAIL")) and one.result == "FAIL"
    assert one.regions == ("eu-west-1",)


def test_the_rank_is_a_digest_that_standard_tools_compute() -> None:
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("sha256sum is not here")
    sample = drawn(many(30))[0]
    computed = []
    for account, resource in {(r[1], r[3]) for r in many(30)}:
        said = subprocess.run(
            [tool], input=f"{sample.seed}\n{account}\n{resource}".encode(), stdout=-1, check=True
        )
        computed.append((said.stdout.decode().split()[0], resource))
    assert [(i.digest, i.resource) for i in sample.items] == sorted(computed)[:5]


def test_the_recipe_never_changes() -> None:
    """Samples that were drawn before have to come out again."""
    assert item_digest("7", "111111111111", "arn:aws:iam::111111111111:user/eva") == (
        hashlib.sha256(b"7\n111111111111\narn:aws:iam::111111111111:user/eva").hexdigest()
    )
    assert [i.resource.rpartition("/")[2] for i in drawn(many(100))[0].items] == KNOWN


KNOWN = ["45", "41", "52", "10", "32"]


def test_a_population_of_nothing_gives_an_empty_sample() -> None:
    for sampling in (SEEDED, replace(SEEDED, method="stratified"), Sampling("all")):
        for sample in drawn([], sampling):
            assert (sample.population, sample.items, sample.strata) == (0, (), ())


@pytest.mark.parametrize(
    ("sampling", "by", "said"),
    [
        (Sampling("some"), ("account",), "no way to sample"),  # type: ignore[arg-type]
        (Sampling("random", 0), ("account",), "a sample of 0"),
        (Sampling("stratified"), ("colour",), "no strata by 'colour'"),
        (Sampling("stratified"), (), "no strata"),
        (Sampling(seed="a\nb"), ("account",), "line end"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    sampling: Sampling, by: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InputError, match=f"(?i){said}"):
        drawn(many(3), sampling, by=by)
