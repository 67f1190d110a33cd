"""What is switched on in one hub: standards, controls, and each control in each standard."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from include.clock import from_iso
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, pages

#: Most control ids, and most associations, that one call takes.
_BATCH = 100
#: Before anything: a switch without a time of change is as it was from the beginning.
_EVER = datetime.min.replace(tzinfo=UTC)
#: ``EC2.53``, as the consolidated view calls controls; ``CIS.2.5``, ``PCI.IAM.1`` are standards'.
_CONTROL_ID = re.compile(r"(?!CIS\.|PCI\.)[A-Za-z][A-Za-z0-9]*\.\d+")


@dataclass(frozen=True)
class Subscription:
    """A standard that is enabled; ``status`` other than READY: not all its controls run."""

    arn: str
    status: str
    reason: str

    @property
    def path(self) -> str:
        """What names it in findings: ``cis-aws-foundations-benchmark/v/5.0.0``."""
        return path_of(self.arn)


@dataclass(frozen=True)
class Association:
    """A control's place in an enabled standard."""

    standard: str
    enabled: bool
    since: datetime


@dataclass
class Switches:
    """The hub as it is set up now; ``subscribed``: since when it is on (UTC)."""

    subscribed: datetime
    consolidated: bool
    standards: tuple[Subscription, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    controls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    associations: Mapping[str, Sequence[Association]] = field(default_factory=dict)
    #: A standard's own rule (``<standard's path>/<rule>``) -> the control that it is.
    rules: Mapping[str, str] = field(default_factory=dict)

    def subscription(self, path: str) -> Subscription | None:
        """The enabled standard with this path."""
        return next((one for one in self.standards if one.path == path), None)

    def control_of(self, rule: str, control_id: str) -> str:
        """The control behind a standard's own rule; '' when nothing tells.

        ``rule`` is the path of the rule, ``control_id`` what the finding calls it.
        """
        if known := self.rules.get(rule):
            return known
        for name in (control_id, rule.rpartition("/")[2]):
            if name in self.severities or _CONTROL_ID.fullmatch(name):
                return name
        return ""


def path_of(arn: str) -> str:
    """The part of a standard's ARN or id that is the same in all places."""
    return arn.partition("/")[2]


def rule_of(finding_id: str) -> str:
    """``<standard's path>/<rule>`` of a standard's own finding; '' of a consolidated one."""
    resource = finding_id.split(":", 5)[-1]
    if not resource.startswith("subscription/"):
        return ""
    return resource.removeprefix("subscription/").partition("/finding/")[0]


def read_switches(out: SnapshotWriter, hub: Any) -> Switches:
    """Ask the hub how it is set up. Raises what AWS answers when it is not enabled."""
    described = ask_once(out, hub, "DescribeHub").answer.output
    switches = Switches(
        subscribed=from_iso(described["SubscribedAt"]) if "SubscribedAt" in described else _EVER,
        consolidated=described.get("ControlFindingGenerator") != "STANDARD_CONTROL",
    )
    switches.severities = {
        item["SecurityControlId"]: str(item.get("SeverityRating", ""))
        for item in _definitions(out, hub)
    }
    switches.standards = tuple(_standards(out, hub))
    switches.controls = dict(_controls(out, hub, sorted(switches.severities)))
    associations: dict[str, list[Association]] = defaultdict(list)
    rules: dict[str, str] = {}
    for standard in switches.standards:
        for item in _associations(out, hub, standard.arn):
            control = item["SecurityControlId"]
            associations[control].append(
                Association(
                    standard.path,
                    item.get("AssociationStatus") == "ENABLED",
                    item.get("UpdatedAt", _EVER),
                )
            )
            for arn in item.get("StandardsControlArns", ()):
                rules[path_of(arn)] = control
    out.count(
        "controls of the enabled standards that Security Hub describes",
        len(associations),
        len(associations.keys() & switches.severities.keys()),
    )
    switches.associations, switches.rules = associations, rules
    return switches


def offered_standards(out: SnapshotWriter, hub: Any) -> dict[str, tuple[str, frozenset[str]]]:
    """Every standard that can be enabled there, by path: its name, and the controls it holds."""
    return {
        path_of(item["StandardsArn"]): (
            str(item.get("Name", "")),
            frozenset(
                one["SecurityControlId"] for one in _definitions(out, hub, item["StandardsArn"])
            ),
        )
        for listing in pages(out, hub, "DescribeStandards", "Standards", {"MaxResults": 100})
        for item in listing.items
    }


def _definitions(out: SnapshotWriter, hub: Any, standard: str = "") -> Iterator[Mapping[str, Any]]:
    request = {"MaxResults": 100, **({"StandardsArn": standard} if standard else {})}
    for listing in pages(
        out, hub, "ListSecurityControlDefinitions", "SecurityControlDefinitions", request
    ):
        yield from listing.items


def _standards(out: SnapshotWriter, hub: Any) -> Iterator[Subscription]:
    for listing in pages(out, hub, "GetEnabledStandards", "StandardsSubscriptions"):
        for item in listing.items:
            one = Subscription(
                item["StandardsArn"],
                str(item.get("StandardsStatus", "")),
                str(item.get("StandardsStatusReason", {}).get("StatusReasonCode", "")),
            )
            if one.status != "READY":
                because = f" ({one.reason})" if one.reason else ""
                out.note(
                    f"The standard {one.path} is {one.status}{because}: controls of it that made "
                    "no finding can't be said to have run."
                )
            yield one


def _controls(
    out: SnapshotWriter, hub: Any, controls: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for start in range(0, len(controls), _BATCH):
        ids = controls[start : start + _BATCH]
        listing = ask_once(
            out,
            hub,
            "BatchGetSecurityControls",
            {"SecurityControlIds": ids},
            items_at="SecurityControls",
        )
        _say_unprocessed(out, listing.answer.output.get("UnprocessedIds", ()))
        for item in listing.items:
            yield item["SecurityControlId"], item


def _associations(out: SnapshotWriter, hub: Any, standard: str) -> Iterator[Mapping[str, Any]]:
    held = [item["SecurityControlId"] for item in _definitions(out, hub, standard)]
    for start in range(0, len(held), _BATCH):
        ids = [
            {"SecurityControlId": control, "StandardsArn": standard}
            for control in held[start : start + _BATCH]
        ]
        listing = ask_once(
            out,
            hub,
            "BatchGetStandardsControlAssociations",
            {"StandardsControlAssociationIds": ids},
            items_at="StandardsControlAssociationDetails",
        )
        _say_unprocessed(out, listing.answer.output.get("UnprocessedAssociations", ()))
        yield from listing.items


def _say_unprocessed(out: SnapshotWriter, items: Sequence[Mapping[str, Any]]) -> None:
    codes = sorted({str(item.get("ErrorCode", "")) for item in items})
    if codes:
        out.note(
            f"Security Hub left out {len(items)} of the controls that were asked about "
            f"({', '.join(codes)}); they don't count as enabled."
        )
