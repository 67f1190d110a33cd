"""SelectResourceConfig: the advanced query over what Config recorded last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.inventory import BAD_LIMIT
from include.local_aws.services.config.items import (
    COMPLIANCE_TYPE,
    configuration_items,
    current_compliance,
    recorded,
)
from include.local_aws.services.config.query import InvalidExpression, Query, parse
from include.local_aws.services.config.recorder import recording_group, records
from include.local_aws.services.config.rules import BAD_TOKEN
from include.local_aws.services.paging import Cursor, page_size, with_token

#: Rows per page where no limit is given: of properties, and of groups.
ROWS, GROUPS, MOST = 25, 500, 100


@lru_cache(maxsize=16)
def rows_of(
    estate: Estate, account: str, region: str, at: int, types: frozenset[str] | None
) -> tuple[dict[str, Any], ...]:
    """The newest items of what exists at ``at``, as the query sees them: times as text."""
    found: list[dict[str, Any]] = []
    judged = records(recording_group(estate, account, region, at), COMPLIANCE_TYPE)
    if judged and (types is None or COMPLIANCE_TYPE in types):
        found += current_compliance(estate, account, region, at)
    others = None if types is None else sorted(types - {COMPLIANCE_TYPE})
    if others is None or others:
        for resource in recorded(estate, account, region, at, types=others):
            if resource.exists(at):
                found.append(configuration_items(estate, account, region, resource, at)[-1])
    return tuple(
        _queryable(one) for one in found if one["configurationItemStatus"] != "ResourceDeleted"
    )


def _queryable(item: dict[str, Any]) -> dict[str, Any]:
    row = {
        name: f"{value:%Y-%m-%dT%H:%M:%S}.000Z" if isinstance(value, datetime) else value
        for name, value in item.items()
    }
    row["configuration"] = json.loads(row.get("configuration") or "{}")
    return row


def answer(
    call: Call, query: Query, rows: Iterator[dict[str, Any]], cursor: Cursor, size: int
) -> dict[str, Any]:
    """One page of a query's answer."""
    try:
        found = query.run(rows)
    except InvalidExpression as error:
        raise refused(error) from None
    page, token = cursor.cut(found, size)
    answers = {
        "Results": [json.dumps(row, separators=(",", ":")) for row in page],
        "QueryInfo": {"SelectFields": [{"Name": field.name} for field in query.fields]},
    }
    return with_token(answers, token)


def parsed(call: Call) -> Query:
    """The request's query; InvalidExpressionException for one that Config can't read."""
    try:
        return parse(call.params["Expression"])
    except InvalidExpression as error:
        raise refused(error) from None


def refused(error: InvalidExpression) -> ServiceError:
    """An expression's error as Config answers it."""
    return ServiceError(
        "InvalidExpressionException", f"The syntax of the query is incorrect: {error}."
    )


def default_size(query: Query) -> int:
    """Rows per page where the request says nothing."""
    return GROUPS if query.aggregated else ROWS


def handlers(estate: Estate) -> dict[str, Handler]:
    """SelectResourceConfig."""

    def select_resource_config(call: Call) -> dict[str, Any]:
        query = parsed(call)
        cursor = Cursor.of(call, BAD_TOKEN)
        size = page_size(
            call, member="Limit", default=default_size(query), most=MOST, least=0, error=BAD_LIMIT
        )
        rows = rows_of(estate, call.account, call.region, cursor.as_of, query.types)
        return answer(call, query, iter(rows), cursor, size)

    return {"SelectResourceConfig": select_resource_config}
