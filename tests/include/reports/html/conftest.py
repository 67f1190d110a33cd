"""A headless browser for the tests of the page, and pages to open in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.reports.html.document import write_html
from include.reports.model import ReportModel
from tests.browser import CHROMIUM, DRIVER, MISSING, chromium
from tests.include.reports.html import worlds

_PATIENCE = 60.0


class Browser:
    """A page in a browser of a given size; looks wait until the page says it is ready."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, fragment: str = "", *, script: bool = True) -> None:
        # Another fragment alone would not load the page again.
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        self.driver.get(f"{path.as_uri()}{fragment}")
        if script:
            self.wait("document.documentElement.dataset.ready === 'true'")

    def js(self, expression: str, *arguments: Any) -> Any:
        return self.driver.execute_script(f"return ({expression})", *arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not self.js(condition):
            assert time.monotonic() < end, f"never so: {condition}; {self.complaints()}"
            time.sleep(0.02)

    def settle(self) -> None:
        """Until what a scroll or a key asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        )

    def search(self, text: str) -> None:
        box = self.driver.find_element("id", "q")
        box.clear()
        box.send_keys(text)
        self.wait(f"state.q === {text!r}")

    def size(self, width: int, height: int = 900) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700},
        )

    def prefer(self, theme: str) -> None:
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def complaints(self) -> list[Any]:
        return [one for one in self.driver.get_log("browser") if one["level"] != "INFO"]


@pytest.fixture(scope="session")
def _driver() -> Iterator[Any]:
    if not (CHROMIUM and DRIVER):
        pytest.skip(MISSING)
    with chromium(console=True) as driver:
        yield driver


@pytest.fixture
def browser(_driver: Any) -> Browser:
    made = Browser(_driver)
    made.size(1280)
    made.prefer("light")
    made.driver.get("about:blank")
    made.complaints()
    return made


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The path of a page by its world's name, written once."""
    folder = tmp_path_factory.mktemp("pages")
    made: dict[str, Callable[[], ReportModel]] = {
        "ordinary": worlds.ordinary,
        "hostile": worlds.hostile,
        "many": lambda: worlds.many(50_000),
    }

    def path_of(name: str) -> Path:
        path = folder / f"{name}.html"
        return path if path.exists() else write_html(made[name](), path)

    return path_of
