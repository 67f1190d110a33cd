"""Faults in answers that look right: pages and their tokens, bodies, dates."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError

from include.protocol.app import service_model
from include.protocol.http import Request, Response

TOKENS = ("NextToken", "nextToken", "Marker", "NextMarker")
_SHORT = "short-page-"


def asked_of(request: Request) -> dict[str, Any]:
    """What a request asks for, as far as query and JSON body say it."""
    asked: dict[str, Any] = {key: values[-1] for key, values in parse_qs(request.query).items()}
    try:
        document = json.loads(request.body or b"{}")
    except ValueError:
        return asked
    return {**asked, **document} if isinstance(document, dict) else asked


def with_dropped_token(response: Response) -> Response:
    """The answer without its page token."""
    document, found = _listing(response)
    if found is None:
        return response
    del document[found]
    return _json(response, document)


def with_repeated_token(response: Response, asked: Mapping[str, Any]) -> Response:
    """The answer with the token that it was asked with."""
    document, found = _listing(response)
    previous = next((asked[name] for name in TOKENS if asked.get(name)), None)
    if found is None or previous is None:
        return response
    document[found] = previous
    return _json(response, document)


def malformed(response: Response) -> Response:
    """The first half of the body, under headers that say it is whole."""
    if response.status >= 300 or not response.body or not _is_text(response):
        return response
    body = response.body[: max(1, len(response.body) // 2)]
    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
    return Response(response.status, headers, body)


def reordered(response: Response) -> Response:
    """The page's items the other way round."""
    document, _ = _listing(response)
    items = _items(document)
    if items is None or response.status >= 300:
        return response
    document[items].reverse()
    return _json(response, document)


def rewritten(response: Response, member: str, value: str) -> Response:
    """The answer with ``value`` as every text of a member: in JSON, JSON inside JSON, and XML."""
    if response.status >= 300 or not member or not _is_text(response):
        return response
    text = response.body.decode()
    if text.lstrip().startswith("<"):
        name = re.escape(member)
        text = re.sub(
            f"<{name}>[^<]*</{name}>", lambda _: f"<{member}>{escape(value)}</{member}>", text
        )
    else:
        plain = json.dumps(value)[1:-1]
        inside = json.dumps(plain)[1:-1]
        pattern = rf'(?P<q>\\?"){re.escape(member)}(?P=q)\s*:\s*(?P=q)(?:(?!(?P=q)).)*?(?P=q)'

        def written(found: re.Match[str]) -> str:
            q = found["q"]
            return f"{q}{member}{q}:{q}{plain if q == chr(34) else inside}{q}"

        text = re.sub(pattern, written, text, flags=re.DOTALL)
    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
    return Response(response.status, headers, text.encode())


def shifted(response: Response, seconds: float) -> Response:
    """The answer with another time in its Date header (now, if it has none)."""
    dates = [value for name, value in response.headers.items() if name.lower() == "date"]
    headers = {name: value for name, value in response.headers.items() if name.lower() != "date"}
    at = parsedate_to_datetime(
        dates[0] if dates else format_datetime(datetime.now(UTC), usegmt=True)
    )
    date = format_datetime(at + timedelta(seconds=seconds), usegmt=True)
    return replace(response, headers={**headers, "Date": date})


@dataclass(frozen=True)
class _Rest:
    """Where a page that was cut short goes on: the token of its request, the items given."""

    token: str | None
    given: int


class Listings:
    """What faults have to remember of listings: the page before, and where a page was cut."""

    def __init__(self) -> None:
        self._before: dict[str, list[Any]] = {}
        self._rests: dict[str, _Rest] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Forget all pages; a listing under way then ends with an invalid token."""
        with self._lock:
            self._before.clear()
            self._rests.clear()

    def restored(self, request: Request) -> tuple[Request, int | None]:
        """The request without our own token, and how many items were given; None if not ours."""
        if _SHORT not in request.query and _SHORT.encode() not in request.body:
            return request, None
        asked = asked_of(request)
        name = next((n for n in asked if str(asked[n]).startswith(_SHORT)), None)
        with self._lock:
            rest = self._rests.get(str(asked[name])) if name else None
        if name is None or rest is None:
            return request, None
        query = [
            (key, rest.token if key == name else value)
            for key, value in parse_qsl(request.query, keep_blank_values=True)
            if key != name or rest.token is not None
        ]
        body = request.body
        if body.startswith(b"{"):
            document = json.loads(body)
            if name in document:
                document.pop(name)
                if rest.token is not None:
                    document[name] = rest.token
                body = json.dumps(document).encode()
        text = urlencode([(key, str(value)) for key, value in query])
        headers = {**request.headers, "content-length": str(len(body))}
        return replace(request, query=text, body=body, headers=headers), rest.given

    def without(self, response: Response, given: int | None) -> Response:
        """The answer without the first items, which were given already."""
        document, _ = _listing(response)
        items = _items(document)
        if not given or items is None:
            return response
        document[items] = document[items][given:]
        return _json(response, document)

    def short(
        self,
        response: Response,
        service: str,
        operation: str,
        request: Request,
        given: int | None,
    ) -> Response:
        """A third of the page, or nothing of a small one, and a token that leads to the rest."""
        token = token_of(service, operation)
        document, _ = _listing(response)
        items = _items(document)
        if given is not None or token is None or items is None or response.status >= 300:
            return response
        asked = asked_of(request)
        ours = _SHORT + uuid.uuid4().hex
        kept = len(document[items]) // 3
        with self._lock:
            self._rests[ours] = _Rest(asked.get(token[0]), kept)
        document[items] = document[items][:kept]
        document[token[1]] = ours
        return _json(response, document)

    def duplicated(self, response: Response, place: str, request: Request) -> Response:
        """The page with the items of the one before it in front; ``place`` tells listings apart."""
        document, _ = _listing(response)
        items = _items(document)
        if items is None or response.status >= 300:
            return response
        asked = asked_of(request)
        goes_on = any(asked.get(name) for name in TOKENS)
        rest = {key: value for key, value in asked.items() if key not in TOKENS}
        key = f"{place} {json.dumps(rest, sort_keys=True)}"
        with self._lock:
            before = self._before.get(key, []) if goes_on else []
            self._before[key] = list(document[items])
        if not before:
            return response
        document[items] = before + document[items]
        return _json(response, document)


@lru_cache(maxsize=512)
def token_of(service: str, operation: str) -> tuple[str, str] | None:
    """(the request's token member, the answer's) of a listing; None for other operations."""
    try:
        model = service_model(service).operation_model(operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None
    asked = model.input_shape.members if model.input_shape else {}
    told = model.output_shape.members if model.output_shape else {}
    into = next((name for name in TOKENS if name in asked), None)
    out = next((name for name in TOKENS if name in told), None)
    return (into, out) if into and out else None


def _is_text(response: Response) -> bool:
    kinds = [value for name, value in response.headers.items() if name.lower() == "content-type"]
    return any("json" in kind or "xml" in kind for kind in kinds)


def _listing(response: Response) -> tuple[dict[str, Any], str | None]:
    """(the JSON document, the name of its page token if it has one); {} for anything else."""
    kinds = [value for name, value in response.headers.items() if name.lower() == "content-type"]
    if not any("json" in kind for kind in kinds):
        return {}, None
    try:
        document = json.loads(response.body)
    except ValueError:
        return {}, None
    if not isinstance(document, dict):
        return {}, None
    return document, next((name for name in TOKENS if document.get(name)), None)


def _items(document: Mapping[str, Any]) -> str | None:
    """The name of the page's items: its longest list."""
    lists = [(len(value), name) for name, value in document.items() if isinstance(value, list)]
    return max(lists)[1] if lists else None


def _json(response: Response, document: Any) -> Response:
    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-length"}
    return Response(response.status, headers, json.dumps(document).encode())
