"""The page as people use it, in a headless browser."""

from __future__ import annotations

import base64
import csv
import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.reports.model import percent_text, words
from tests.include.reports.html import worlds
from tests.include.reports.html.conftest import Browser

Page = Callable[[str], Path]
pytestmark = pytest.mark.slow


def shown(browser: Browser) -> list[str]:
    return list(browser.js("[...document.querySelectorAll('.control:not([hidden])')]"
                           ".map((one) => one.dataset.control)"))  # fmt: skip


def keys(browser: Browser, *pressed: str) -> None:
    from selenium.webdriver import ActionChains

    actions = ActionChains(browser.driver)
    for key in pressed:
        actions.send_keys(key)
    actions.perform()
    browser.settle()


def test_nothing_hostile_runs_and_nothing_is_asked_of_a_network(
    browser: Browser, page: Page
) -> None:
    browser.run("window.violations = 0")
    browser.open(page("hostile"))
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for name in worlds.HOSTILE[:3]:
        browser.run("change({ q: arguments[0] })", name)
    browser.run("change({ q: '' }); longTables.forEach((one) => one.open(0))")
    assert "ran" not in str(browser.js("document.title")).split()
    assert browser.js("document.title").startswith(worlds.HOSTILE[0])
    assert browser.js("performance.getEntriesByType('resource').length") == 0
    assert browser.js("document.images.length") == 0
    assert browser.complaints() == []


def test_the_policy_stops_what_would_run_or_load(browser: Browser, page: Page) -> None:
    browser.open(page("ordinary"))
    browser.run(
        "window.stopped = [];"
        "addEventListener('securitypolicyviolation', (e) => stopped.push(e.effectiveDirective));"
        "const image = new Image(); image.src = 'https://example.invalid/x.png';"
        "document.body.append(image);"
        "fetch('https://example.invalid/').catch(() => {});"
        "const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        "document.body.append(script);"
    )
    browser.wait("stopped.length >= 3")
    assert sorted(browser.js("stopped")) == ["connect-src", "img-src", "script-src-elem"]
    assert browser.js("window.ran") is None


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_hostile_text_never_makes_the_page_scroll_sideways(
    browser: Browser, page: Page, width: int
) -> None:
    browser.size(width)
    browser.open(page("hostile"))
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.run("document.getElementById('filters-button').click(); change({ q: 'e' })")
    assert browser.js("document.documentElement.scrollWidth") <= width
    browser.run("longTables[0].open(0)")
    assert browser.js("document.documentElement.scrollWidth") <= width
    cut = browser.js(
        "[...document.querySelectorAll('h1, h2, h3, h4, p, li, dd, dt, summary, .label')]"
        ".filter((one) => one.offsetParent && !one.closest('.hidden, .skip, .rows, .tools'))"
        ".filter((one) => one.getBoundingClientRect().right > innerWidth + 1"
        " && !one.closest('.scroll')).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert cut == []


def test_the_figures_shown_are_the_metrics(browser: Browser, page: Page) -> None:
    found = worlds.ordinary()
    browser.open(page("ordinary"))
    values = browser.js(
        "[...document.querySelectorAll('.figure .value')].map((one) => one.innerText)"
    )
    assert values[0] == percent_text(found.metrics.compliance["compliance_score"])
    assert values[1] == percent_text(found.metrics.coverage["controls_percent"])
    assert values[3] == f"{found.metrics.resources['failing']:,}"
    statuses = browser.js(
        "[...document.querySelectorAll('.control > summary > .label')].map((one) => one.innerText)"
    )
    assert statuses == [words(one.status) for one in found.assessment.controls]


def test_search_and_filters_keep_what_fits_and_say_how_much(browser: Browser, page: Page) -> None:
    found = worlds.ordinary().assessment
    browser.open(page("ordinary"))
    assert shown(browser) == [one.id for one in found.controls]

    browser.run("change({ status: 'COMPLIANT' })")
    wanted = [one.id for one in found.controls if one.status == "COMPLIANT"]
    assert shown(browser) == wanted
    assert f"{len(wanted)} of {len(found.controls)} controls" in browser.js(
        "document.getElementById('counts').innerText"
    )

    browser.run("change({ status: 'NON_COMPLIANT', account: arguments[0] })", found.accounts[1])
    assert shown(browser) == [
        one.id for one in found.controls if one.by_account[found.accounts[1]] == "NON_COMPLIANT"
    ]

    browser.run("change({ status: '', account: '', severity: 'CRITICAL', set: '1' })")
    wanted = [
        one.id
        for one in found.controls
        if one.set == "1"
        and any(
            found.check_by_id[m.id].severity == "CRITICAL"
            and (one.status != "NON_COMPLIANT" or found.check_by_id[m.id].failing)
            for m in one.checks
        )
    ]
    assert wanted
    assert shown(browser) == wanted

    browser.run("change({ severity: '', set: '', region: arguments[0] })", found.regions[1])
    wanted = [
        one.id
        for one in found.controls
        if any(
            cell.region == found.regions[1] and (one.status != "NON_COMPLIANT" or cell.failing)
            for m in one.checks
            for cell in found.check_by_id[m.id].cells
        )
    ]
    assert shown(browser) == wanted

    browser.run("change({ region: '' })")
    browser.search("no such thing anywhere")
    assert shown(browser) == []
    assert browser.js("document.getElementById('no-controls').checkVisibility()")
    title = found.controls[10].title
    browser.search(title)
    assert found.controls[10].id in shown(browser)
    assert browser.js("document.getElementById('counts').getAttribute('aria-live')") == "polite"


def test_resources_are_found_by_search_and_filtered_by_control(
    browser: Browser, page: Page
) -> None:
    found = worlds.ordinary()
    browser.open(page("ordinary"))
    first = found.metrics.failing_resources[0]
    browser.search(str(first["resource"]))
    assert browser.js("longTables[0].count") == 1
    browser.run("change({ q: '', control: arguments[0] })", first["controls"][0])
    assert browser.js("longTables[0].count") == sum(
        first["controls"][0] in row["controls"] for row in found.metrics.failing_resources
    )
    browser.run("change({ control: '', status: 'INCONCLUSIVE' })")
    open_ = {c.id for c in found.assessment.controls if c.status == "INCONCLUSIVE"}
    assert browser.js("longTables[0].count") == sum(
        bool(open_ & set(row["controls"])) for row in found.metrics.failing_resources
    )


def test_an_address_keeps_filters_and_leads_to_places(browser: Browser, page: Page) -> None:
    browser.open(page("ordinary"), "#status=INCONCLUSIVE&set=1&q=root")
    asked = shown(browser)
    assert 0 < len(asked) < 63
    assert browser.js("document.getElementById('q').value") == "root"
    browser.run("change({ q: '' })")
    assert browser.js("location.hash") == "#status=INCONCLUSIVE&set=1"
    again = browser.js("location.hash")
    expected = shown(browser)
    browser.open(page("ordinary"), again)
    assert shown(browser) == expected

    # A link to a control that the filters hide shows it all the same.
    hidden = min({one.id for one in worlds.ordinary().assessment.controls} - set(expected))
    hidden_id = f"control-{hidden}"
    assert not browser.js("document.getElementById(arguments[0]).checkVisibility()", hidden_id)
    browser.run("location.hash = arguments[0]", f"#{hidden_id}")
    browser.wait(f"document.getElementById({hidden_id!r}).open")
    assert browser.js("document.getElementById(arguments[0]).checkVisibility()", hidden_id)

    cited = "document.querySelector('.control .ref')"
    browser.run(f"{cited}.click()")
    browser.wait("state.q.length === 32")
    assert browser.js(f"{cited}.closest('.control').dataset.control") in shown(browser)

    browser.open(page("ordinary"), "#view=evidence&control=1.3")
    assert browser.js("longTables[2].count") == 6
    top = browser.js("document.getElementById('evidence').getBoundingClientRect().top")
    assert abs(top) < 900


def test_everything_can_be_done_from_the_keyboard(browser: Browser, page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(page("ordinary"))
    keys(browser, Keys.TAB)
    assert browser.js("document.activeElement.className") == "skip"
    assert browser.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys(browser, "/")
    assert browser.js("document.activeElement.id") == "q"
    keys(browser, "root/x")
    assert browser.js("document.getElementById('q').value") == "root/x"
    keys(browser, Keys.ESCAPE)
    assert browser.js("document.getElementById('q').value") == ""
    keys(browser, Keys.TAB)
    assert browser.js("document.activeElement.id") == "filters-button"
    keys(browser, Keys.ENTER)
    assert browser.js("document.getElementById('filters').checkVisibility()")
    assert browser.js("document.activeElement.getAttribute('aria-expanded')") == "true"

    browser.run("document.querySelector('.control > summary').focus()")
    keys(browser, Keys.ENTER)
    assert browser.js("document.querySelector('.control').open")

    browser.run("longTables[0].body.querySelector('tr[tabindex=\"0\"]').focus()")
    at = "Number(document.activeElement.dataset.at)"
    keys(browser, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert browser.js(at) == 2
    keys(browser, Keys.END)
    assert browser.js(at) == browser.js("longTables[0].count") - 1
    keys(browser, Keys.HOME, Keys.ENTER)
    assert browser.js("document.getElementById('row').open")
    assert browser.js("document.getElementById('row').contains(document.activeElement)")
    keys(browser, Keys.ESCAPE)
    assert not browser.js("document.getElementById('row').open")
    assert browser.js(at) == 0

    browser.run("longTables[0].head.querySelectorAll('button')[1].focus()")
    keys(browser, Keys.ENTER)
    assert (
        browser.js("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
    )


CONTRAST = """
const parsed = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => {
  v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = (e) => { for (; e; e = e.parentElement) {
  const c = parsed(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
  return [255, 255, 255]; };
const out = {};
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!own || !e.checkVisibility() || e.closest('script, style, svg, select')) continue;
  const a = light(parsed(getComputedStyle(e).color)), b = light(ground(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const key = `${e.tagName}.${e.className}`;
  out[key] = Math.min(out[key] ?? 99, ratio);
}
return out;
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_is_readable_in_both_colours(browser: Browser, page: Page, theme: str) -> None:
    browser.prefer(theme)
    browser.open(page("hostile"), "#q=arn")
    browser.run("change({ q: '' }); document.getElementById('filters-button').click()")
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = browser.run(CONTRAST)
    assert len(found) > 30
    assert {key: value for key, value in found.items() if value < 4.5} == {}
    dark = browser.js("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (theme == "dark")
    ticks = browser.js("getComputedStyle(document.documentElement).colorScheme")
    assert ticks == theme


def test_the_colours_can_be_switched_and_are_remembered(browser: Browser, page: Page) -> None:
    browser.open(page("ordinary"))
    button = browser.driver.find_element("id", "theme")
    button.click()
    assert browser.js("document.documentElement.dataset.theme") == "dark"
    assert button.get_attribute("aria-pressed") == "true"
    browser.open(page("ordinary"))
    assert browser.js("document.documentElement.dataset.theme") == "dark"
    browser.driver.find_element("id", "theme").click()
    assert browser.js("document.documentElement.dataset.theme") == "light"


def test_the_page_works_where_storage_is_closed(browser: Browser, page: Page) -> None:
    added = browser.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": "Object.defineProperty(window, 'sessionStorage', "
            "{ get() { throw new DOMException('closed', 'SecurityError'); } });"
        },
    )
    try:
        browser.open(page("ordinary"))
        browser.driver.find_element("id", "theme").click()
        assert browser.js("document.documentElement.dataset.theme") == "dark"
    finally:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_a_browser_that_cannot_unpack_says_so(browser: Browser, page: Page) -> None:
    added = browser.driver.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": "delete window.DecompressionStream;"}
    )
    try:
        browser.open(page("many"))
        text = browser.js("document.querySelector('[data-table=evidence]').innerText")
        assert "too old" in text
        assert "CSV" in text
        assert browser.js("document.querySelectorAll('.control').length") == 63
    finally:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_fifty_thousand_rows_are_all_there_and_few_are_drawn(browser: Browser, page: Page) -> None:
    browser.open(page("many"))
    count = "document.getElementsByTagName('tr').length"
    assert browser.js("longTables[2].count") == 50_000
    assert browser.js(count) < 2_000

    browser.run("longTables[2].box.scrollIntoView(); longTables[2].box.scrollTop = 1e9")
    browser.settle()
    last = "longTables[2].body.querySelector('tr[data-at=\"49999\"]')"
    assert browser.js(f"{last}.innerText.includes('arn:the-last-one')")
    seen = browser.js(
        f"(() => {{ const row = {last}.getBoundingClientRect(),"
        "box = longTables[2].box.getBoundingClientRect();"
        "return row.bottom <= box.bottom + 1 && row.top >= box.top; })()"
    )
    assert seen
    assert browser.js(count) < 2_000
    for part in (0.1, 0.37, 0.5, 0.93):
        browser.run(
            "const box = longTables[2].box; box.scrollTop = box.scrollHeight * arguments[0]", part
        )
        browser.settle()
        told = browser.js(
            "(() => { const box = longTables[2].box.getBoundingClientRect();"
            "const row = [...longTables[2].body.querySelectorAll('tr[data-at]')].find((one) =>"
            " one.getBoundingClientRect().top > box.top + 100);"
            "return [Number(row.dataset.at), row.innerText]; })()"
        )
        assert f"bucket-{told[0]:06d}" in told[1]
        assert abs(told[0] / 50_000 - part) < 0.01
        assert browser.js(count) < 2_000


def test_fifty_thousand_rows_are_filtered_and_sorted_right(browser: Browser, page: Page) -> None:
    browser.open(page("many"))
    browser.run("change({ account: '222222222222', region: 'us-east-1' })")
    assert browser.js("longTables[2].count") == len(
        [n for n in range(50_000) if n % 3 == 1 and n % 2 == 1]
    )
    browser.run("change({ account: '', region: '', source: 'aws_config', q: 'fail' })")
    assert browser.js("longTables[2].count") == 5_000
    browser.run("change({ q: 'the-last-one', source: '' })")
    assert browser.js("longTables[2].count") == 1
    browser.run("change({ q: '0000000000000000000000000000c34f' })")
    assert browser.js("longTables[2].count") == 1
    assert browser.js("[...longTables[2].view]") == [0xC34F]
    browser.run("change({ q: '', control: '1.3' })")
    assert browser.js("longTables[2].count") == len(range(0, 50_000, 6))
    browser.run("change({ control: '' }); longTables[2].box.scrollIntoView()")
    heads = "[...longTables[2].head.querySelectorAll('button')]"
    at = browser.js(f"{heads}.findIndex((one) => one.innerText.startsWith('Source time'))")
    for _ in range(2):
        browser.run(f"{heads.replace('[...', '[...', 1)}[arguments[0]].click()", at)
    assert browser.js("[...longTables[2].view.slice(0, 3)]") == [49_999, 49_998, 49_997]
    browser.run(f"{heads}[arguments[0]].click()", at)
    assert browser.js("[...longTables[2].view.slice(0, 3)]") == [0, 1, 2]


def test_the_filtered_rows_are_saved_as_csv_that_runs_nothing(browser: Browser, page: Page) -> None:
    browser.open(page("hostile"))
    browser.search("fail")
    text = browser.js("longTables[2].csv()")
    told = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [row["resource"].removeprefix("'") for row in told] == list(worlds.HOSTILE)
    for row in told:
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
    browser.search("hyperlink")
    assert browser.js("longTables[2].csv().trim().split('\\r\\n').length") == 2
    browser.run(
        "window.saved = null; HTMLAnchorElement.prototype.click = function () {"
        " window.saved = [this.download, this.href.slice(0, 5)]; }; longTables[2].export.click()"
    )
    assert browser.js("window.saved") == ["evidence-filtered.csv", "blob:"]


def test_printed_it_holds_every_control_opened(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    found = worlds.ordinary()
    text = printed(browser, page("ordinary"), tmp_path, script=True)
    for control in found.assessment.controls:
        library = found.control_text(control.id)
        assert library is not None
        for said in (control.title, library.objective, *library.test_procedure):
            assert squeezed(said) in text
    assert squeezed(percent_text(found.metrics.compliance["compliance_score"])) in text
    assert squeezed("isn't printed; the same rows are in evidence.csv") in text
    # Filters are for the screen: a print is whole.
    browser.run("change({ status: 'COMPLIANT' })")
    assert squeezed(found.assessment.controls[0].title) in to_text(browser, tmp_path)


def test_without_scripts_summary_and_controls_are_there_also_printed(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    found = worlds.ordinary()
    browser.open(page("ordinary"), script=False)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    names = " ".join(str(one.get("name", {}).get("value", "")) for one in tree)
    assert percent_text(found.metrics.compliance["compliance_score"]) in names
    for control in found.assessment.controls:
        assert control.title in names
    text = to_text(browser, tmp_path)
    for control in found.assessment.controls:
        library = found.control_text(control.id)
        assert library is not None
        assert squeezed(library.objective) in text
    assert squeezed("needs JavaScript, which is switched off here") in text
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def printed(browser: Browser, path: Path, folder: Path, *, script: bool) -> str:
    browser.open(path, script=script)
    return to_text(browser, folder)


def to_text(browser: Browser, folder: Path) -> str:
    """The text of the page's print, without spaces: lines break where paper ends."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    made: Any = browser.driver.execute_cdp_cmd(
        "Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True}
    )
    path = folder / "print.pdf"
    path.write_bytes(base64.b64decode(made["data"]))
    told = subprocess.run(
        ["pdftotext", "-raw", str(path), "-"], check=True, capture_output=True, text=True
    )
    return squeezed(re.sub(r"Page \d+ of \d+", "", told.stdout))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
