"""The API calls that configuration is read with: one row per call in ``api_rows/``, no code.

Each row says what to call, where the items are, how an item is identified, which CloudTrail events
change what the call answers, and under which type Config remembers it. The last two are what tells
whether today's answer still is the one of the period's end, and what it was if not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from include.evidence.identity import ACCOUNT_TYPE

_ROWS = Path(__file__).parent / "api_rows"
_NONE: frozenset[str] = frozenset()
#: Tags change by calls of their own, which most rows don't watch.
_TAGS = frozenset({"Tags", "tags", "TagSet", "TagList", "TagsList"})


class Touches(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """CloudTrail events by what they do to a call's items.

    ``changes`` change items they name, ``creates`` make them; ``deletes`` maps the events that
    remove one to the member that holds its id. Events in ``blind`` don't always name the item:
    then they may have changed any of them. ``by_root``: only the root user's own events matter.
    ``sources`` are event sources besides the service's own.
    """

    changes: frozenset[str] = _NONE
    creates: frozenset[str] = _NONE
    deletes: dict[str, str] = msgspec.field(default_factory=dict)
    blind: frozenset[str] = _NONE
    by_root: bool = False
    sources: frozenset[str] = _NONE

    @property
    def names(self) -> frozenset[str]:
        """All event names that matter."""
        return self.changes | self.creates | self.deletes.keys() | self.blind


class ForEach(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call that is made once for each item of another one.

    ``request`` maps its members to members of that call's items; with ``batch``, up to so many
    items are asked for at once, and the members are lists.
    """

    call: str
    request: dict[str, str]
    batch: int = 0


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where Config remembers a call's items: the resource type, and the shape if it is its own.

    Without ``members`` Config's ``configuration`` has the API's members, in other letters. With
    it, each member is found at the first of the paths (in Config's item) that has a value;
    ``=text`` is that text itself. A resource of which any is missing is not mapped.
    """

    type: str
    members: dict[str, list[str]] = msgspec.field(default_factory=dict)


class ApiCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One call. ``keyword`` is Audit Manager's: ``service_Operation``.

    ``service`` is the boto3 client, ``prefix`` IAM's; ``action`` and ``also`` are the permissions
    it takes, where they aren't ``prefix:operation``. ``items``: dotted paths of the items in an
    answer (none: the answer is the item); strings become ``{named: text}``. ``type`` and ``id``
    identify an item (an ARN or an id, ``arn`` makes the one of the other), together with
    ``parent_id`` of the item it was asked for. Account settings have no ``id``: all pages make one
    item, under ``whole`` if it is a list. ``names`` are further members by which events may name
    an item. Error codes: ``absent`` means there is none (the item is ``{}``), ``gone`` that the
    resource is no longer there, ``inapplicable`` that the question doesn't arise for it,
    ``unoffered`` that the region doesn't have the call. ``volatile`` members say nothing of the
    period (last use, run state) and are left out. ``helper``: only made for other calls, no
    keyword of Audit Manager's.
    """

    keyword: str
    service: str
    operation: str
    prefix: str
    event_source: str
    action: str
    also: frozenset[str] = _NONE
    is_global: bool = msgspec.field(default=False, name="global")
    request: dict[str, Any] = msgspec.field(default_factory=dict)
    for_each: ForEach | None = None
    items: tuple[str, ...] = ()
    named: str = ""
    paged: bool = True
    token: str = "NextToken"
    next: str = ""
    more: str = ""
    type: str = ACCOUNT_TYPE
    id: str = ""
    parent_id: str = ""
    arn: str = ""
    names: tuple[str, ...] = ()
    whole: str = ""
    created: str = ""
    ended: dict[str, frozenset[str]] = msgspec.field(default_factory=dict)
    absent: frozenset[str] = _NONE
    gone: frozenset[str] = _NONE
    inapplicable: frozenset[str] = _NONE
    unoffered: frozenset[str] = _NONE
    keep: frozenset[str] = _NONE
    volatile: frozenset[str] = _NONE
    touches: Touches | None = None
    past: Past | None = None
    retired: str = ""
    helper: bool = False

    @property
    def identified(self) -> bool:
        """Whether its items are resources of their own, not one setting of the account."""
        return bool(self.id or self.parent_id)

    @property
    def left_out(self) -> frozenset[str]:
        """Members that don't belong to the evidence."""
        return self.volatile | _TAGS if self.touches is not None else self.volatile

    @property
    def watched(self) -> frozenset[str]:
        """The CloudTrail events that matter for it; none where it isn't known which do."""
        return self.touches.names if self.touches is not None else _NONE

    @property
    def actions(self) -> frozenset[str]:
        """The IAM permissions it takes by itself."""
        return self.also | {self.action}


def _read() -> Iterator[ApiCall]:
    for path in sorted(_ROWS.glob("*.yaml")):
        # libyaml where it is there: the rows are read by every collector.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        file = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        client = file["client"]
        prefix = file.get("prefix", client)
        for name, given in file["calls"].items():
            row: dict[str, Any] = {
                "keyword": f"{path.stem}_{name}",
                "service": client,
                "operation": name,
                "prefix": prefix,
                "event_source": file.get("event_source", f"{prefix}.amazonaws.com"),
                "global": file.get("global", False),
                **(given or {}),
            }
            row.setdefault("action", f"{prefix}:{row['operation']}")
            if isinstance(row.get("items"), str):
                row["items"] = [row["items"]]
            yield msgspec.convert(row, ApiCall)


#: Every known call by its keyword.
CALLS: Mapping[str, ApiCall] = {call.keyword: call for call in _read()}
#: IAM's credential report is made by one call, fetched by another and a file: see api_asking.py.
CREDENTIAL_REPORT = CALLS["iam_GenerateCredentialReport"]


def needed_for(call: ApiCall) -> tuple[ApiCall, ...]:
    """The calls that are made to answer ``call``: those whose items it is made for, then itself."""
    if call.for_each is None:
        return (call,)
    return (*needed_for(CALLS[call.for_each.call]), call)
