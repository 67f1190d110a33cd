"""Pages of a list, and the tokens that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request
from include.clock import from_iso, iso
from include.digests import digest_of
from include.protocol import ServiceError

Row = TypeVar("Row")
Item = TypeVar("Item")

#: Items on a page when the caller doesn't say; the API's own default isn't documented.
DEFAULT_PAGE = 100


def page(
    request: Request,
    query: Select[Row],
    order: Sequence[InstrumentedAttribute[Any]],
    *,
    newest_first: bool = False,
) -> tuple[list[Row], str | None]:
    """One page of ``query`` and the token of the next, None on the last.

    ``order`` are columns of the selected class that together are unique. The token holds the last
    row's values of them, so rows added or removed meanwhile shift nothing.
    """
    size = int(request.params.get("maxResults", DEFAULT_PAGE))
    columns = tuple_(*order)
    last = _read(request)
    if last is not None:
        if len(last) != len(order):
            raise _bad_token()
        values = [_from_json(value) for value in last]
        query = query.where(columns < values if newest_first else columns > values)
    query = query.order_by(*(column.desc() if newest_first else column for column in order))
    rows = list(request.session.scalars(query.limit(size + 1)))
    if len(rows) <= size:
        return rows, None
    end = rows[size - 1]
    return rows[:size], _write(request, [_to_json(getattr(end, c.key)) for c in order])


def page_of(request: Request, items: Sequence[Item]) -> tuple[list[Item], str | None]:
    """One page of a list that doesn't change, and the token of the next."""
    size = int(request.params.get("maxResults", DEFAULT_PAGE))
    last = _read(request)
    start = 0
    if last is not None:
        if len(last) != 1 or not isinstance(last[0], int) or not 0 < last[0] < len(items):
            raise _bad_token()
        start = last[0]
    end = start + size
    return list(items[start:end]), _write(request, [end]) if end < len(items) else None


def with_token(answer: dict[str, Any], token: str | None) -> dict[str, Any]:
    """``answer`` with ``nextToken`` when there is a next page."""
    return {**answer, "nextToken": token} if token else answer


def _list(request: Request) -> str:
    """Which list a token belongs to: the operation, its filters, the account and the region."""
    filters = {k: v for k, v in request.params.items() if k not in ("nextToken", "maxResults")}
    return digest_of([request.call.operation, request.account, request.region, filters])[:16]


def _write(request: Request, values: list[Any]) -> str:
    return base64.b64encode(json.dumps([_list(request), values]).encode()).decode()


def _read(request: Request) -> list[Any] | None:
    token = request.params.get("nextToken")
    if token is None:
        return None
    try:
        which, values = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise _bad_token() from error
    if which != _list(request) or not isinstance(values, list):
        raise _bad_token()
    return values


def _bad_token() -> ServiceError:
    return invalid(
        "The nextToken isn't one that this operation gave out for these filters.", "nextToken"
    )


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"time": iso(value)}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value


def _from_json(value: Any) -> Any:
    try:
        if isinstance(value, dict):
            if "time" in value:
                return from_iso(value["time"])
            return date.fromisoformat(value["day"])
    except (ValueError, KeyError, TypeError) as error:
        raise _bad_token() from error
    if isinstance(value, str | int):
        return value
    raise _bad_token()
