"""A compliance lead at work: signs in, fills in the form, triggers, and watches the run end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import CHROMIUM, DRIVER, MISSING, chromium
from tests.stack.lab import PATIENCE, Lab

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
DIALOG = "//*[@role='dialog'][.//*[@id='element_period']]"


class Page:
    """Airflow's UI, found by what a person sees; every look waits."""

    def __init__(self, driver: Any) -> None:
        from selenium.common.exceptions import (
            ElementClickInterceptedException,
            StaleElementReferenceException,
        )
        from selenium.webdriver.support.ui import WebDriverWait

        self.driver = driver
        # React replaces elements while it loads: then look again.
        self._wait = WebDriverWait(
            driver,
            PATIENCE,
            ignored_exceptions=[ElementClickInterceptedException, StaleElementReferenceException],
        )

    def click(self, xpath: str) -> None:
        def clicked(driver: Any) -> bool:
            found = [one for one in driver.find_elements("xpath", xpath) if one.is_displayed()]
            if found and found[0].is_enabled():
                found[0].click()
                return True
            return False

        self._wait.until(clicked, f"nothing to click at {xpath}")

    def type(self, xpath: str, text: str) -> None:
        def typed(driver: Any) -> bool:
            found = [one for one in driver.find_elements("xpath", xpath) if one.is_displayed()]
            if not found:
                return False
            if found[0].get_attribute("value") != text:
                found[0].clear()
                found[0].send_keys(text)
            return bool(found[0].get_attribute("value") == text)

        self._wait.until(typed, f"no field at {xpath}")

    def wait_for(self, xpath: str) -> str:
        """The text of what appears there."""

        def seen(driver: Any) -> str:
            found = [one for one in driver.find_elements("xpath", xpath) if one.is_displayed()]
            return found[0].text or "-" if found else ""

        return str(self._wait.until(seen, f"nothing appears at {xpath}"))

    def wait_until_gone(self, xpath: str) -> None:
        self._wait.until(
            lambda driver: (
                not any(one.is_displayed() for one in driver.find_elements("xpath", xpath))
            ),
            f"{xpath} stays",
        )


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium("--window-size=1600,1100") as driver:
        yield Page(driver)


def test_a_run_is_triggered_by_the_form_and_watched_to_its_end(lab: Lab, page: Page) -> None:
    lab.wait_until_idle()
    known = {run.id for run in lab.runs("manual")}
    page.driver.get(f"{lab.running.ui}/dags/{lab.dag.dag_id}")
    page.type("//input[@name='username']", "admin")
    page.type("//input[@name='password']", lab.running.surroundings.credentials.admin_password)
    page.click("//button[@type='submit']")

    page.click("//button[@data-testid='trigger-dag-button' or normalize-space()='Trigger']")
    label = lab.month(3)
    page.type(f"{DIALOG}//*[@id='element_period']", label)
    assert "Audit period" in page.wait_for(DIALOG)
    page.click(f"{DIALOG}//button[normalize-space()='Trigger']")
    page.wait_until_gone(DIALOG)

    # The UI leads to the new run by itself and keeps its state up to date.
    header = "//*[@data-testid='header-card']"
    page.wait_for(f"{header}[contains(., 'manual__')]")
    page.wait_for(f"{header}[contains(., 'Success') or contains(., 'Failed')]")
    (run,) = [run for run in lab.runs("manual") if run.id not in known]
    assert run.id in page.driver.current_url
    assert "Success" in page.wait_for(header)
    assert run.facts["conf"]["period"] == label
    assert run.facts["triggering_user_name"] == "admin"

    # The backfill has assessed that month already: same inputs, same package, nothing new.
    backfilled = lab.runs("backfill")[0]
    assert run.report == backfilled.report
    assert run.package == backfilled.package

    page.click("//button[starts-with(@aria-label, 'Show Graph')]")
    drawn = "//*[contains(@class, 'react-flow__node')]"
    assert "success" in page.wait_for(f"{drawn}[@data-id='completeness']")
    page.click("//button[@data-testid='expand-all-button']")
    # The backfill collected that month, so nothing is left to; each control set has its import.
    assert "skipped" in page.wait_for(f"{drawn}[@data-id='collect.security_hub']")
    imports = f"{drawn}[@data-id='upload_to_audit_manager.import_evidence']"
    assert "[5]" in page.wait_for(imports)
