"""What stands on the page, read without a browser."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from include.assessment.assess import assess
from include.assessment.registers import Registers
from include.assessment.scope import Scope
from include.checks.catalogue import load_catalogue
from include.frameworks.loader import load_framework
from include.metrics.model import Metrics
from include.reports.html import controls
from include.reports.html.columns import Head, Words, short_column
from include.reports.html.document import signed, write_html
from include.reports.html.embed import COMPRESS_ABOVE, data_element
from include.reports.html.tables import evidence
from include.reports.model import ReportModel, percent_text, words
from tests.include.assessment.estate import PERIOD
from tests.include.reports.html import worlds
from tests.include.reports.html.reading import Element, data, read, rows
from tests.include.reports.sample import ACCOUNTS, REGIONS, model, model_of

Page = Callable[[str], Path]


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_figures_are_those_of_the_metrics(page: Page) -> None:
    found = worlds.ordinary()
    text = squeezed(read(page("ordinary")).one("section", id="summary").text())
    compliance, coverage = found.metrics.compliance, found.metrics.coverage
    assert percent_text(compliance["compliance_score"]) in text
    assert percent_text(coverage["controls_percent"]) in text
    assert (
        f"{compliance['compliant_controls']} of {compliance['total_controls']} applicable" in text
    )
    table = read(page("ordinary")).one("section", id="summary").all("table", class_="status")[0]
    told = [[cell.text() for cell in tr.all("td")][1:] for tr in table.one("tbody").all("tr")]
    assert told == [
        [
            str(row["compliant_controls"]),
            str(row["non_compliant_controls"]),
            str(row["inconclusive_controls"]),
            str(row["not_applicable_controls"]),
            percent_text(row["compliance_score"]),
            str(row["failing_resources"]),
        ]
        for row in found.metrics.by_control_set
    ]


def test_every_control_has_its_block_with_status_procedure_and_counts(page: Page) -> None:
    found, root = worlds.ordinary(), read(page("ordinary"))
    blocks = root.all("details", class_="control")
    assert [one.attributes["data-control"] for one in blocks] == [
        one.id for one in found.assessment.controls
    ]
    for control, block in zip(found.assessment.controls, blocks, strict=True):
        text = squeezed(block.text())
        assert words(control.status) in block.one("summary").text()
        library = found.control_text(control.id)
        assert library is not None
        assert squeezed(library.objective) in text
        assert all(squeezed(step) in text for step in library.test_procedure)
        for mapped in control.checks:
            assert found.check(mapped.id).question in text
            check = found.check_text(mapped.id)
            assert check is not None
            assert not mapped.failing or check.remedy in text
            for resource in mapped.failing:
                assert resource in text


def test_missing_evidence_is_named_and_stands_beside_the_score(page: Page) -> None:
    found, root = worlds.ordinary(), read(page("ordinary"))
    headings = [one.text() for one in root.one("div", class_="figures").all("h3")]
    assert headings == ["Compliance score", "Coverage", "Missing evidence", "Failing resources"]
    chapter = squeezed(root.one("section", id="missing").text())
    for gap in found.assessment.gaps:
        assert gap.message in chapter
        assert all(control in chapter for control in gap.controls)
    assert root.one("p", class_="badge").text().startswith("INCOMPLETE")


def test_an_interim_result_is_badged_at_the_top_in_the_title_and_at_the_end(tmp_path: Path) -> None:
    found = model()
    changed = replace(found.assessment, status="INTERIM", interim=("1 of 3 accounts",))
    root = read(write_html(replace(found, assessment=changed), tmp_path / "a.html"))
    assert "INTERIM" in root.one("title").text()
    assert "1 of 3 accounts" in root.one("p", class_="badge").text()
    assert "INTERIM" in root.one("footer").text()
    assert "Interim" in root.one("div", id="tools").text()


def test_the_page_asks_for_nothing_and_its_policy_allows_nothing_else(page: Page) -> None:
    for name in ("ordinary", "hostile"):
        root = read(page(name))
        policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
        assert policy is not None
        assert policy.startswith("default-src 'none'; ")
        assert "img-src data:" in policy
        assert "unsafe" not in policy
        for tag, rule in (("style", "style-src"), ("script", "script-src")):
            own = [e for e in root.all(tag) if "type" not in e.attributes]
            assert len(own) == 1
            digest = base64.b64encode(hashlib.sha256(own[0].raw().encode()).digest()).decode()
            assert f"{rule} 'sha256-{digest}'" in policy
        for element in root.all():
            for attribute in ("src", "href", "action", "data", "srcset", "poster"):
                value = element.attributes.get(attribute) or "#"
                assert value.startswith(("#", "data:")), (element.tag, value)
            assert not [a for a in element.attributes if a.startswith("on") or a == "style"]
        style = root.one("style").raw()
        assert "url(" not in style
        assert "@import" not in style


def test_hostile_text_is_text(page: Page) -> None:
    root = read(page("hostile"))
    assert [e.attributes.get("type") for e in root.all("script")].count(None) == 1
    assert not root.all("img")
    text = root.text()
    for name in worlds.HOSTILE:
        assert squeezed(name.replace("\x00", "\ufffd")) in squeezed(text), name


def test_the_page_says_its_language_and_its_parts(page: Page) -> None:
    root = read(page("ordinary"))
    assert root.one("html").attributes["lang"] == "en"
    assert root.one("title").text()
    for landmark in ("header", "nav", "main", "footer"):
        assert len(root.all(landmark)) == 1
    assert root.one("a", class_="skip").attributes["href"] == "#main"
    levels = [int(e.tag[1]) for e in root.all() if re.fullmatch("h[1-6]", e.tag)]
    in_page = levels[: -1 if root.one("dialog").all("h2") else None]
    assert in_page.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(in_page))
    for table in root.all("table"):
        assert table.one("caption").text().strip()
        assert all(th.attributes.get("scope") in ("row", "col") for th in table.all("th"))
    links_lead_somewhere(root)
    for svg in root.all("svg"):
        hidden = svg.attributes.get("aria-hidden") or (svg.parent and _hidden(svg.parent))
        assert hidden or svg.attributes.get("aria-label")


def links_lead_somewhere(root: Element) -> None:
    """Ids are there once and without spaces; what refers to one finds it."""
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for link in root.all("a"):
        target = (link.attributes["href"] or "")[1:]
        assert "=" in target or target in ids, target
    assert not [one for one in ids if re.search(r"\s", one or "")]
    for element in root.all():
        for attribute in ("aria-labelledby", "aria-controls", "aria-describedby", "for"):
            named = (element.attributes.get(attribute) or "").split()
            assert set(named) <= set(ids), named


@pytest.mark.parametrize("framework", ["nist_800_53_r5_moderate", "gdpr_2016", "soc_2_2017"])
def test_other_frameworks_are_drawn_whole_also_with_nothing_collected(
    framework: str, tmp_path: Path
) -> None:
    loaded = load_framework(framework)
    found = assess(loaded, load_catalogue(), Scope(ACCOUNTS, REGIONS), PERIOD, [], Registers())
    root = read(write_html(model_of(found), tmp_path / "a.html"))
    links_lead_somewhere(root)
    blocks = root.all("details", class_="control")
    assert [one.attributes["data-control"] for one in blocks] == [c.id for c in loaded.controls()]
    assert "No item." in root.one("section", id="evidence").text()


def _hidden(element: Element) -> bool:
    own = element.attributes.get("aria-hidden") == "true"
    return own or (element.parent is not None and _hidden(element.parent))


def test_the_rows_of_the_evidence_are_all_in_the_page(page: Page) -> None:
    found, root = worlds.ordinary(), read(page("ordinary"))
    told = rows(data(root, "evidence"))
    items = [row for table in found.context.evidence() for row in table.to_pylist()]
    assert len(told) == len(items)
    for row, item in zip(told, items, strict=True):
        assert row["evidence_id"] == item["evidence_id"].hex()
        for name in ("resource", "result", "source", "keyword", "account", "region", "known"):
            assert row[name] == item[name]
        assert row["source_time"] == int(item["source_time"].timestamp())
        mapped = item["keyword"] == "IAM_ROOT_ACCESS_KEY_CHECK"
        assert row["controls"] == ("1.3" if mapped else "")


def test_failing_resources_are_the_metrics_own(page: Page) -> None:
    found = worlds.ordinary()
    told = rows(data(read(page("ordinary")), "failing"))
    assert [row["resource"] for row in told] == [
        row["resource"] for row in found.metrics.failing_resources
    ]
    assert [row["controls"].split() for row in told] == [
        list(row["controls"]) for row in found.metrics.failing_resources
    ]


def test_the_columns_do_not_depend_on_how_rows_were_cut(page: Page) -> None:
    whole = worlds.many(2_500)
    pieces = [t.slice(at, 700) for t in whole.context.evidence() for at in range(0, 2500, 700)]
    cut = replace(whole, context=replace(whole.context, evidence=lambda: pieces))
    assert evidence(whole).data == evidence(cut).data


def test_a_table_beyond_the_limit_is_left_out_as_a_whole_and_the_page_says_so(
    tmp_path: Path,
) -> None:
    found = worlds.many(1_001)
    root = read(write_html(found, tmp_path / "a.html", most_rows=1_000))
    assert not root.all("script", id="data-evidence")
    chapter = squeezed(root.one("section", id="evidence").text())
    assert "1,001 rows are more than this page holds (1,000): none of them are shown" in chapter
    assert "evidence.csv" in chapter
    at_limit = worlds.many(1_000)
    root = read(write_html(at_limit, tmp_path / "b.html", most_rows=1_000))
    assert data(root, "evidence")["rows"] == 1_000


def test_evidence_that_the_page_does_not_hold_is_told(tmp_path: Path) -> None:
    found = worlds.many(50)
    counted = {**found.metrics.evidence, "total_evidence_items": 60}
    less = replace(found, metrics=replace(found.metrics, evidence=counted))
    text = squeezed(
        read(write_html(less, tmp_path / "a.html")).one("section", id="evidence").text()
    )
    assert "holds 50 of the 60 items" in text


def test_failing_resources_beyond_those_shown_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "MOST_RESOURCES", 1)
    found = model()
    text = squeezed(read(write_html(found, tmp_path / "a.html")).text())
    several = [len(m.failing) for c in found.assessment.controls for m in c.checks]
    assert max(several) > 1
    for count in several:
        assert (
            count < 2 or f"These are the first 1 of {count}. All of them are in failing.csv" in text
        )


def test_without_scripts_the_long_tables_name_the_files(page: Page) -> None:
    text = " ".join(e.text() for e in read(page("ordinary")).all("noscript"))
    for name in ("failing.csv", "population.csv", "evidence.csv"):
        assert name in text


def test_equal_results_give_equal_bytes_whatever_the_surroundings(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.include.reports.html import worlds\n"
        "from include.reports.html.document import write_html\n"
        "write_html(worlds.many(3000), Path(sys.argv[1]))\n"
    )
    digests = set()
    for n, (zone, seed) in enumerate((("UTC", "1"), ("Asia/Tokyo", "2"))):
        path = tmp_path / f"{n}.html"
        subprocess.run(
            [sys.executable, "-c", program, str(path)],
            check=True,
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[4],
        )
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_result_with_no_more_than_the_first_metrics_is_drawn(tmp_path: Path) -> None:
    found = model()
    old = {
        name: getattr(found.metrics, name)
        for name in (
            "compliance",
            "coverage",
            "by_control_set",
            "by_account",
            "by_region",
            "by_severity",
            "resources",
            "evidence",
        )
    }
    bare = ReportModel(found.assessment, Metrics(**old), found.context)
    text = squeezed(read(write_html(bare, tmp_path / "a.html")).text())
    assert "No final result of an earlier period is on record" in text


def test_a_trend_and_changes_are_drawn_and_told(tmp_path: Path) -> None:
    found = model()
    trend = [
        {
            "period": period,
            "start": f"{period}-01T00:00:00Z",
            "end": "",
            "status": "COMPLETE",
            "score": score,
            "coverage": 80.0,
            "compliant": 1,
            "non_compliant": 2,
            "inconclusive": 3,
            "not_applicable": 0,
            "failing_resources": 4,
            "content_digest": "0" * 64,
        }
        for period, score in (("2026-08", 41.27), ("2026-09", None), ("2026-10", 55.5))
    ]
    change = {
        "previous": {"period": "2026-09", "content_digest": "0" * 64},
        "score": {"before": 41.27, "now": 55.5, "difference": 14.23},
        "coverage": {"before": 80.0, "now": 80.0, "difference": 0.0},
        "controls": [
            {
                "control": "1.3",
                "title": "A title",
                "before": "NON_COMPLIANT",
                "now": "COMPLIANT",
                "direction": "better",
            }
        ],
        "counts": {
            "new": 11,
            "reopened": 12,
            "newly_asked": 13,
            "still_failing": 14,
            "fixed": 15,
            "unknown": 16,
        },
        "items": [
            {
                "kind": "reopened",
                "check": "root-mfa",
                "question": "Is it so?",
                "resource": "the-resource",
                "account": "111111111111",
                "region": "eu-west-1",
                "severity": "HIGH",
                "controls": ["1.4"],
            }
        ],
    }
    metrics = replace(found.metrics, trend=trend, change=change)
    root = read(write_html(replace(found, metrics=metrics), tmp_path / "a.html"))
    figures = squeezed(root.one("div", class_="figures").text())
    assert "+14.23 points since 2026-09 (41.27 %)" in figures
    assert "±0.00 points since 2026-09" in figures
    assert len(root.all("circle", class_="dot")) - 1 == 2
    table = root.one("section", id="summary").one("details", class_="more")
    assert [e.text() for e in table.one("tbody").all("th")] == ["2026-08", "2026-09", "2026-10"]
    chapter = root.one("section", id="changes")
    assert [e.text() for e in chapter.one("dl", class_="counts").all("dd")] == [
        "11",
        "12",
        "13",
        "14",
        "15",
        "16",
    ]
    row = next(tr for tr in chapter.all("tr") if "the-resource" in tr.text())
    assert next(e.text() for e in row.all("td")) == "Reopened"


def test_differences_carry_their_sign() -> None:
    assert [signed(v) for v in (2.1, -0.5, 0, None)] == ["+2.10", "\u22120.50", "\u00b10.00", "-"]


def test_no_text_ends_the_element_that_holds_data() -> None:
    for text in ("</script>", "<!--<script>", "\u2028", "&"):
        for padding in (0, COMPRESS_ABOVE):
            element = str(data_element("x", [text, "y" * padding]))
            inside = element[element.index(">") + 1 : -len("</script>")]
            assert not re.search(r"[<>&\u2028]", inside)


def test_words_are_in_order_and_missing_values_come_first() -> None:
    column = short_column(Head("x", "X"), ["b", None, "a", "b"])
    assert list(column.words) == ["", "a", "b"]
    assert column.codes.tolist() == [2, 0, 1, 2]
    assert list(Words().column(Head("x", "X")).words) == []


def test_severities_and_controls_are_sorted_as_people_read_them() -> None:
    severity = Head("severity", "Severity", order=("CRITICAL", "HIGH", "LOW"))
    assert list(short_column(severity, ["LOW", "odd", "", "CRITICAL", "HIGH"]).words) == [
        "",
        "CRITICAL",
        "HIGH",
        "LOW",
        "odd",
    ]
    controls = Head("controls", "Controls", filter="controls")
    assert list(short_column(controls, ["1.10", "AC-2(1)", "1.2", "1.2 1.3", "AC-10"]).words) == [
        "1.2",
        "1.2 1.3",
        "1.10",
        "AC-2(1)",
        "AC-10",
    ]


def test_exceptions_that_end_soon_or_have_ended_are_in_the_summary(tmp_path: Path) -> None:
    found = model()
    used = next(one for one in found.assessment.registers if one.register == "exceptions")
    unused = replace(used, id="EX-9", used=False)
    ended = {**found.metrics.exceptions["applied"][0], "id": "EX-1"}
    exceptions = {**found.metrics.exceptions, "expiring": ["EX-9"], "expired": [ended]}
    shown = replace(
        found,
        assessment=replace(found.assessment, registers=(used, unused)),
        metrics=replace(found.metrics, exceptions=exceptions),
    )
    root = read(write_html(shown, tmp_path / "a.html"))
    text = squeezed(root.one("section", id="summary").text())
    soon = text[text.index("Exceptions that end soon") : text.index("By account")]
    assert "EX-9" in soon
    assert unused.until in soon
    assert used.id not in soon
    assert "1 exception has ended and counts no longer: EX-1." in soon
