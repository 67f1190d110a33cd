"""Judges an estate from its ground truth alone, by the roll-up rules of the design.

It imports nothing of the product. It reads the ground truth, the catalogue of checks and the
framework as data, and says for each control its status and for each check what fails, at the
end of a period. What the product reports must be the same.

What can't be known of a period any more is told, too: Security Hub forgets after 90 days, a rule
that was deleted since leaves its failures behind but proves nothing, an API call shows the
present. So there are three ways to stand for each check in each place: it must be settled, it
must not be, or it may be, because a source may or may not have a way to look back. Whatever the
product settles has to be right to the resource.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

#: A cell: account, and region ('' where the check is the account's).
Cell = tuple[str, str]
#: Which sources covered a check in a cell for certain.
Covered = dict[tuple[str, str, str], frozenset[str]]

_HUB_DAYS = 90
#: How long Security Hub keeps the findings of resources that were deleted.
_HUB_ARCHIVE_DAYS = 30
_ACCOUNT = "AWS::::Account"


@dataclass(frozen=True)
class Place:
    """One check in one cell. ``settled``: None where it may be, or may not be, settled.

    ``must_fail`` is what some source knows to fail, ``fails`` what truly does.
    """

    settled: bool | None
    must_fail: frozenset[str]
    fails: frozenset[str]
    blocked: bool = False


@dataclass(frozen=True)
class Verdict:
    """What is true at the period's end, and what of it can be known."""

    allowed: dict[str, frozenset[str]]
    places: dict[str, dict[Cell, Place]]
    covered: Covered

    @property
    def controls(self) -> dict[str, str]:
        """The status of each control; several, where more than one is right."""
        return {control: " or ".join(sorted(status)) for control, status in self.allowed.items()}

    @property
    def failing(self) -> dict[str, list[str]]:
        """What is known to fail, by check."""
        return {
            check: sorted(set().union(*(place.must_fail for place in places.values())))
            for check, places in self.places.items()
        }

    @property
    def answered(self) -> dict[str, bool]:
        """Which checks have to be settled everywhere."""
        return {
            check: all(place.settled is True for place in places.values())
            for check, places in self.places.items()
        }


def judge(
    truth_file: Path,
    framework_file: Path,
    catalogue_folder: Path,
    *,
    start: str,
    end: str,
    accounts: list[str] | None = None,
    regions: list[str] | None = None,
    before: Covered | None = None,
) -> Verdict:
    """``start`` and ``end`` bound the half-open period as ``2026-10-01T00:00:00Z``.

    ``before``: what was covered in the period before, if that was assessed first. Times in that
    form order as text, so they are compared as text.
    """
    truth = json.loads(truth_file.read_text())
    framework = yaml.safe_load(framework_file.read_text())
    catalogue = {
        check["id"]: check
        for path in sorted(catalogue_folder.glob("*.yaml"))
        for check in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["checks"]
    }
    accounts = accounts or [_id(account) for account in truth["accounts"]]
    regions = regions or [_id(region) for region in truth["regions"]]
    court = _Court(truth, end, regions)
    places: dict[str, dict[Cell, Place]] = {}
    covered: Covered = {}
    mapped = {
        mapping["check"]
        for control_set in framework["control_sets"]
        for control in control_set["controls"]
        for mapping in control.get("checks", ())
    }
    for check_id in sorted(mapped):
        check = catalogue[check_id]
        wide = check["locality"] == "account"
        places[check_id] = {}
        for account in accounts:
            for region in [""] if wide else regions:
                place, sure = court.place(check, account, region, before or {})
                places[check_id][account, region] = place
                covered[check_id, account, region] = sure
    return Verdict(
        {c["id"]: _allowed(c, places) for s in framework["control_sets"] for c in s["controls"]},
        places,
        covered,
    )


class _Court:
    """Looks at one estate at one moment."""

    def __init__(self, truth: dict[str, Any], end: str, regions: list[str]) -> None:
        self.end = end
        self.regions = regions
        self.there = defaultdict(list)
        for r in truth["resources"]:
            if r["created"] < end and (r["deleted"] is None or r["deleted"] >= end):
                self.there[r["account"], r["type"]].append(r)
        self.default_groups = {
            f["arn"]
            for f in truth["facts"]
            if f["property"] == "GroupName" and f["value"] == "default"
        }
        self.rules = defaultdict(list)
        for rule in truth["rules"]:
            if rule["deployed_from"] < end and (
                rule["deployed_to"] is None or rule["deployed_to"] >= end
            ):
                self.rules[rule["check"], rule["source"], rule["account"]].append(rule)
        self.failing = defaultdict(set)
        for violation in truth["violations"]:
            if self._now(violation):
                self.failing[violation["check"]].add(violation["arn"])
        self.said = {
            (v["check"], v["variant"], v["source"], v["arn"])
            for v in truth["variant_failures"]
            if self._now(v)
        }
        self.silent = {
            (s["source"], s["check"], s["arn"]) for s in truth["silences"] if self._now(s)
        }
        self.stopped = {(o["account"], o["region"]) for o in truth["outages"] if self._now(o)}
        self.recent = end >= _days_before(truth["clock"], _HUB_DAYS)
        forgets = _days_before(truth["clock"], _HUB_ARCHIVE_DAYS)
        self.archived = end >= forgets
        self.forgotten = {
            r["arn"] for r in truth["resources"] if r["deleted"] and end <= r["deleted"] < forgets
        }
        # Within a day of the present, what an API call shows still stands for the end.
        self.just_now = end >= _days_before(truth["clock"], 1)
        self.hub_restarted = {
            (f["arn"].split(":")[-2], f["arn"].split(":")[-1])
            for f in truth["facts"]
            if f["property"] == "SecurityHub" and f["value"] is True and f["from"] >= end
        }

    def _now(self, span: dict[str, Any]) -> bool:
        return span["from"] < self.end and (span["to"] is None or span["to"] >= self.end)

    def place(
        self, check: dict[str, Any], account: str, region: str, before: Covered
    ) -> tuple[Place, frozenset[str]]:
        """How a check stands in a cell, and by which sources for certain."""
        name = check["id"]
        asked = {s["source"]: s for s in check["sources"]}
        population = self._population(check, account, region)
        fails = frozenset(self.failing[name]) & population
        if not any(s["answers"] != "evidence_only" for s in check["sources"]):
            return Place(None, frozenset(), frozenset()), frozenset()
        words: dict[str, set[str]] = {arn: set() for arn in population}
        maybe: set[str] = set()
        sure: set[str] = set()
        possible: set[str] = set()
        if "aws_config" in asked:
            covers = self._config(name, account, region, words, maybe)
            sure |= {"aws_config"} if covers else set()
        if "security_hub" in asked and self.recent:
            covers, may = self._hub(check, account, region, words)
            sure |= {"security_hub"} if covers else set()
            possible |= {"security_hub"} if may else set()
        if "api_calls" in asked:
            if self.just_now and self.rules[name, "api_calls", account]:
                # Where others watch too, things may have been touched since.
                if set(asked) == {"api_calls"}:
                    sure.add("api_calls")
                    for arn in population:
                        words[arn].add("FAIL" if arn in fails else "PASS")
                else:
                    possible.add("api_calls")
            else:
                possible.add("api_calls")
        if "inspector" in asked:
            possible.add("inspector")
        gone = {
            source
            for source in before.get((name, account, region), frozenset()) - sure
            if self._gone(source, name, account, region)
        }
        blocked = bool(gone)
        must = frozenset(arn for arn, said in words.items() if "FAIL" in said)
        known = all(said & {"PASS", "FAIL"} for said in words.values())
        settled: bool | None
        if blocked:
            settled = False
        elif sure and known and population | (set() if self._is_account(check) else {"-"}):
            settled = True
        elif possible:
            settled = None
        else:
            settled = False
        assert must <= fails, (name, must - fails)
        return Place(settled, must, fails, blocked), frozenset(sure)

    def _gone(self, source: str, check: str, account: str, region: str) -> bool:
        """Whether a source that doesn't cover the check is not there, rather than forgetful."""
        there = [
            rule["region"]
            for rule in self.rules[check, source, account]
            if rule["region"] in ([region] if region else self.regions)
            and rule["variant"] != "custom"
        ]
        if source == "security_hub":
            return self.recent and not there
        return source == "aws_config" and all((account, one) in self.stopped for one in there)

    def _is_account(self, check: dict[str, Any]) -> bool:
        return bool(check["resource_type"] == _ACCOUNT)

    def _population(self, check: dict[str, Any], account: str, region: str) -> frozenset[str]:
        wide = check["locality"] == "account"
        found = set()
        for r in self.there[account, check["resource_type"]]:
            if r["type"] == _ACCOUNT and (r["region"] is None) is not wide:
                continue
            if not wide and r["region"] != region:
                continue
            if wide and r["region"] is not None and r["region"] not in self.regions:
                continue
            if check["id"] == "default-sg-closed" and r["arn"] not in self.default_groups:
                continue
            found.add(r["arn"])
        return frozenset(found)

    def _config(
        self,
        check: str,
        account: str,
        region: str,
        words: dict[str, set[str]],
        maybe: set[str],
    ) -> bool:
        """What Config's rules say of each resource; whether they cover the check."""
        covers = False
        for rule in self.rules[check, "aws_config", account]:
            if rule["region"] not in ([region] if region else self.regions):
                continue
            if (account, rule["region"]) in self.stopped or rule["variant"] == "custom":
                continue
            former = rule["deployed_to"] is not None
            only = (rule["scope"] or {}).get("ComplianceResourceId")
            for arn, said in words.items():
                if only is not None and only not in (arn.split("/")[-1], arn.split(":")[-1]):
                    continue
                failed = (
                    (check, rule["variant"], "aws_config", arn) in self.said
                    if rule["variant"]
                    else arn in self.failing[check]
                )
                if not rule["variant"] and ("aws_config", check, arn) in self.silent:
                    continue
                if former:
                    # Its failures may still be told, though nobody is sure what it asked.
                    if failed:
                        maybe.add(arn)
                elif failed and rule["variant"] != "stricter":
                    said.add("FAIL")
                elif not failed and rule["variant"] != "weaker":
                    said.add("PASS")
            covers = covers or (not former and only is None)
        return covers

    def _hub(
        self, asked: dict[str, Any], account: str, region: str, words: dict[str, set[str]]
    ) -> tuple[bool, bool]:
        """Whether the control covers the check for certain, and whether it may."""
        covers = may = False
        check = asked["id"]
        for rule in self.rules[check, "security_hub", account]:
            if rule["region"] not in ([region] if region else self.regions):
                continue
            for arn, said in words.items():
                if ("security_hub", check, arn) not in self.silent and arn not in self.forgotten:
                    said.add("FAIL" if arn in self.failing[check] else "PASS")
            # What was deleted since left nothing behind: the population isn't known then. The
            # account itself is always there.
            if not self.archived and not self._is_account(asked):
                continue
            # Switched off or restarted since, it is known to have run by what it found only.
            interrupted = (
                rule["deployed_to"] is not None or (account, rule["region"]) in self.hub_restarted
            )
            if words or not interrupted:
                covers = True
            may = True
        return covers, may


def _allowed(control: dict[str, Any], places: dict[str, dict[Cell, Place]]) -> frozenset[str]:
    """The statuses that are right for a control."""
    # What is shown beside a control decides nothing: neither its silence nor its failure.
    mapped = [entry for entry in control.get("checks") or [] if entry["role"] != "shown"]
    cells = [(entry, place) for entry in mapped for place in places[entry["check"]].values()]
    if any(place.must_fail for _, place in cells):
        return frozenset({"NON_COMPLIANT"})
    required = [place for entry, place in cells if entry["role"] == "required"]
    allowed = {"NON_COMPLIANT"} if any(place.fails for _, place in cells) else set()
    open_ = (
        not required or control.get("manual") or any(place.settled is False for place in required)
    )
    if open_ or any(place.blocked for _, place in cells):
        return frozenset(allowed | {"INCONCLUSIVE"})
    sure = all(place.settled for place in required)
    if any(place.fails for place in required):
        # Whoever settles it finds what fails.
        return frozenset(allowed | {"INCONCLUSIVE"})
    return frozenset(allowed | {"COMPLIANT"} | (set() if sure else {"INCONCLUSIVE"}))


def _days_before(time: str, days: int) -> str:
    moment = datetime.fromisoformat(time).astimezone(UTC) - timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _id(entry: Any) -> str:
    """Accounts and regions may be plain strings or objects with an id or name."""
    return entry if isinstance(entry, str) else str(entry.get("id") or entry.get("name"))
