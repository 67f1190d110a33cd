"""How EC2 lists: by ids, by filters with wildcards, in pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate, Resource
from include.local_aws.overlay import Call, ServiceError
from include.local_aws.services.configuration import facts_of
from include.local_aws.services.paging import Cursor, page_size, with_token

#: The values an item has for each filter it can be filtered by.
Values = Mapping[str, Sequence[str]]


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """EC2's wildcards: ``*`` any characters, ``?`` one; a backslash takes either as it is."""
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    made = "".join(".*" if p == "*" else "." if p == "?" else re.escape(p[-1]) for p in parts)
    return re.compile(made, re.DOTALL)


def passes(values: Values, filters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an item passes every filter; InvalidParameterValue for one that does not exist."""
    for one in filters:
        name, wanted = one.get("Name", ""), one.get("Values") or []
        if name not in values:
            if name == "tag-key" or name.startswith("tag:"):
                return False  # Nothing in the estate has tags.
            raise ServiceError(
                "InvalidParameterValue", f"The filter '{name}' is invalid", status=400
            )
        if not any(_pattern(text).fullmatch(value) for text in wanted for value in values[name]):
            return False
    return True


@dataclass(frozen=True)
class Listing:
    """One Describe operation: what it lists, how, and its error for unknown ids."""

    member: str
    type: str
    ids: str
    unknown: str
    describe: Callable[[Resource, dict[str, Any]], dict[str, Any]]
    values: Callable[[dict[str, Any]], Values]


def require_known(call: Call, listing_ids: str, unknown: str, known: set[str]) -> set[str] | None:
    """The ids asked for, or None for all; ``unknown`` is the error for ids that don't exist."""
    asked = call.params.get(listing_ids)
    if not asked:
        return None
    missing = [one for one in asked if one not in known]
    if missing:
        kind = listing_ids.removesuffix("s")
        raise ServiceError(unknown, f"The {kind} '{', '.join(missing)}' does not exist", status=400)
    return set(asked)


def paged(
    call: Call, cursor: Cursor, member: str, items: Sequence[Any], *, most: int = 1000
) -> dict[str, Any]:
    """One page: everything without MaxResults, which must be at least 5."""
    size = page_size(
        call,
        member="MaxResults",
        default=max(len(items), 1),
        most=most,
        least=5,
        error="InvalidParameterValue",
    )
    page, token = cursor.cut(items, size)
    return with_token({member: page}, token)


def cursor_of(call: Call) -> Cursor:
    """Where an EC2 listing stands."""
    return Cursor.of(call, "InvalidNextToken")


def listed(estate: Estate, call: Call, listing: Listing, at: int) -> list[dict[str, Any]]:
    """The described resources of the place that a call asks for, by id."""
    resources = estate.resources(call.account, [listing.type], region=call.region, at=at)
    known = {one.resource_id for one in resources}
    asked = require_known(call, listing.ids, listing.unknown, known)
    filters = call.params.get("Filters") or []
    shown = [one for one in resources if asked is None or one.resource_id in asked]
    configurations = facts_of(estate, (one.arn for one in shown), at)
    found = []
    for one in shown:
        item = listing.describe(one, configurations[one.arn])
        if passes(listing.values(item), filters):
            found.append(item)
    return found
