"""CSV: every value comes back as it was, none is run, nothing is left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.clock import iso
from include.reports.model import ReportModel
from include.reports.tables import arrow_text, csv_files, definitions, rows
from include.reports.tables.columns import Table
from tests.include.assessment.estate import row
from tests.include.reports.tables.world import HOSTILE, LONG, items_with, report, small

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("=+-@\t\r\n\",;' a1＝＋－＠"), max_size=6),  # noqa: RUF001
    st.sampled_from(HOSTILE),
)


def read(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(STARTS) else text


def test_hostile_values_come_back_as_they_were_and_none_is_a_formula(tmp_path: Path) -> None:
    texts = [*HOSTILE, LONG]
    path = csv_files.write_evidence(report(small(), items_with(texts)), tmp_path / "e.csv")
    header, *lines = read(path)
    assert tuple(header) == definitions.EVIDENCE.names
    assert len(lines) == len(texts)
    for line, text in zip(lines, texts, strict=True):
        assert not any(value.startswith(STARTS) for value in line)
        found = dict(zip(header, line, strict=True))
        for name in ("resource", "resource_type", "event_name", "deployment", "raw_status", "page"):
            assert unguarded(found[name]) == text


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, max_size=8))
def test_arrow_writes_what_the_row_writer_writes(texts: list[str]) -> None:
    plain = io.StringIO(newline="")
    csv.writer(plain, lineterminator="\r\n").writerows([csv_files.safe(t), "x"] for t in texts)
    column = pa.array(texts, pa.string())
    for one in (column, column.dictionary_encode(), pa.array(["-", *texts], pa.string())[1:]):
        written = arrow_text.content(arrow_text.joined([csv_files._text(one), ",", "x", "\r\n"]))
        assert written.to_pybytes().decode() == plain.getvalue()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),
            st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2)).map(
                lambda at: at.replace(microsecond=0)
            ),
        ),
        max_size=8,
    )
)
def test_times_are_written_as_everywhere_else(moments: list[datetime]) -> None:
    aware = [at.replace(tzinfo=UTC) for at in moments]
    column = pa.array(aware, pa.timestamp("us", tz="UTC"))
    assert arrow_text.moments(column).to_pylist() == [iso(at) for at in aware]


@pytest.mark.parametrize("count", [0, 1, 4_999, 5_000, 25_000])
def test_every_item_has_its_row(tmp_path: Path, count: int) -> None:
    items = [row("PASS", resource=f"r-{n}", offset=n) for n in range(count)]
    path = csv_files.write_evidence(report(small(), items), tmp_path / "e.csv")
    header, *lines = read(path)
    assert [line[header.index("resource")] for line in lines] == [f"r-{n}" for n in range(count)]
    assert path.read_bytes().count(b"\r\n") == count + 1


def test_evidence_names_its_id_and_the_checks_and_controls_it_speaks_to(tmp_path: Path) -> None:
    items = [row("PASS", keyword="IAM_ROOT_ACCESS_KEY_CHECK"), row("NONE", "manual", "1.2")]
    from tests.include.reports.sample import model as cis

    found = cis().assessment
    path = csv_files.write_evidence(report(found, items), tmp_path / "e.csv")
    header, first, second = read(path)
    assert [first[header.index(n)] for n in ("evidence_id", "checks", "controls")] == [
        items[0].evidence_id,
        "root-no-access-key",
        "1.3",
    ]
    assert second[header.index("controls")] == "1.2"
    assert [first[header.index(n)] for n in ("source_time", "in_population")] == [
        "2026-10-20T08:00:00Z",
        "yes",
    ]


def test_population_has_every_row_with_the_controls_of_its_check(tmp_path: Path) -> None:
    lines = [
        ("both", "111111111111", "eu-west-1", text, "AWS::EC2::Instance", "PASS", text)
        for text in HOSTILE
    ]
    model = report(small(), population=lines)
    header, *found = read(csv_files.write_population(model, tmp_path / "p.csv"))
    assert tuple(header) == definitions.POPULATION.names
    assert [tuple(map(unguarded, line)) for line in found] == [(*line, "1.1") for line in lines]


SMALL = [
    (csv_files.write_controls, definitions.CONTROLS, rows.control_rows),
    (csv_files.write_failing, definitions.FAILING, rows.failing_rows),
    (csv_files.write_exceptions, definitions.EXCEPTIONS, rows.exception_rows),
    (csv_files.write_receipts, definitions.RECEIPTS, rows.receipt_rows),
]


@pytest.mark.parametrize("write, table, lines", SMALL)
@pytest.mark.parametrize("text", HOSTILE)
def test_the_other_tables_hold_their_rows_whatever_is_written_in_them(
    tmp_path: Path,
    write: Callable[[ReportModel, Path], Path],
    table: Table,
    lines: Callable[[ReportModel], object],
    text: str,
) -> None:
    model = report(small(text or "x"), text=text)
    header, *found = read(write(model, tmp_path / "t.csv"))
    assert tuple(header) == table.names
    expected = list(lines(model))  # type: ignore[call-overload]
    assert found and len(found) == len(expected)
    for line, values in zip(found, expected, strict=True):
        for value, told, column in zip(line, values, table.columns, strict=True):
            if column.type == "text":
                assert not value.startswith(STARTS)
                assert unguarded(value) == told
            else:
                assert value == csv_files.cell(told)


@pytest.mark.parametrize(
    "value, text",
    [
        (-3, "-3"),
        (-1.25, "-1.25"),
        (True, "yes"),
        (False, "no"),
        (None, ""),
        (date(2026, 10, 31), "2026-10-31"),
        (datetime(2026, 10, 31, 1, 2, 3, tzinfo=UTC), "2026-10-31T01:02:03Z"),
        ("-3", "'-3"),
    ],
)
def test_only_text_is_guarded(value: object, text: str) -> None:
    assert csv_files.cell(value) == text  # type: ignore[arg-type]


def test_every_row_is_as_wide_and_of_the_types_that_its_table_says() -> None:
    model = report(small(), text="x")
    kinds = {
        "text": str,
        "integer": int,
        "number": float,
        "boolean": bool,
        "time": datetime,
        "date": date,
    }
    for _, table, lines in SMALL:
        for values in lines(model):
            for value, column in zip(values, table.columns, strict=True):
                assert value is None or type(value) is kinds[column.type], column.name


def test_receipts_say_what_the_whole_receipt_knows_and_stand_alone_without_it() -> None:
    found = small()
    whole = report(found, text="x")
    names = definitions.RECEIPTS.names
    (line, *_) = [dict(zip(names, one, strict=True)) for one in rows.receipt_rows(whole)]
    assert line["counts"] == "rules: 3 expected, 2 collected (one is retired)\n" + (
        "items: 5 expected, 5 collected"
    )
    assert line["excluded"] == "a: x\nb: 2"
    assert line["failed_call"] == "GetFindings, asked 3 times: 403 AccessDenied"
    assert line["snapshot_digest"] == found.receipts[0].digest
    from dataclasses import replace

    alone = replace(whole, context=replace(whole.context, receipts=lambda: ()))
    assert len(list(rows.receipt_rows(alone))) == len(found.receipts)
    second = replace(
        whole, context=replace(whole.context, receipts=lambda: list(whole.context.receipts())[1:])
    )
    told = [dict(zip(names, one, strict=True))["duplicates"] for one in rows.receipt_rows(second)]
    assert told == [None, 3]


def test_exceptions_say_what_they_were_applied_to_and_how_long_they_last() -> None:
    applied = [
        {
            "id": "EX-1",
            "days_left": 10,
            "expires_soon": True,
            "controls": ["1.1"],
            "resources": ["a", "b"],
        }
    ]
    model = report(small(), exceptions={"applied": applied, "expiring": ["EX-1"]})
    (line,) = rows.exception_rows(model)
    told = dict(zip(definitions.EXCEPTIONS.names, line, strict=True))
    assert told["days_left"] == 10 and told["expires_soon"] is True
    assert (told["controls"], told["resource_count"], told["resources"]) == ("1.1", 2, "a\nb")
    assert told["until"] == date(2026, 11, 10) and told["state"] == "in force"
