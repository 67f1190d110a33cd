"""ListBuckets in pages: moto cuts the list at MaxBuckets and keeps quiet about the rest."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from include.protocol.errors import ServiceError
from include.protocol.http import Request, Response

_PAGING = ("max-buckets", "continuation-token")
_MOST = 10_000
_BUCKETS = re.compile(rb"<Bucket>.*?</Bucket>", re.DOTALL)
_NAME = re.compile(rb"<Name>(.*?)</Name>")


def unpaged(request: Request) -> Request:
    """The request for the whole list."""
    kept = [(name, value) for name, value in _asked(request) if name not in _PAGING]
    return replace(request, query=urlencode(kept))


def page_of(request: Request, response: Response) -> Response:
    """The page that was asked for of the whole list, by name, with a token if more follow."""
    if response.status != 200:
        return response
    asked = dict(_asked(request))
    try:
        size = int(asked.get("max-buckets", _MOST))
        after = base64.urlsafe_b64decode(asked.get("continuation-token", "").encode())
    except (ValueError, binascii.Error):
        raise _invalid("The continuation token provided is incorrect") from None
    if not 1 <= size <= _MOST:
        raise _invalid(f"max-buckets must be between 1 and {_MOST}")
    buckets = sorted((_name(one), one) for one in _BUCKETS.findall(response.body))
    left = [(name, one) for name, one in buckets if name > after]
    shown = left[:size]
    body = _BUCKETS.sub(b"", response.body)
    listed = b"".join(one for _, one in shown)
    body = re.sub(
        rb"<Buckets>\s*</Buckets>|<Buckets\s*/>", lambda _: _within(listed), body, count=1
    )
    if len(left) > size:
        token = base64.urlsafe_b64encode(shown[-1][0])
        body = body.replace(
            b"</ListAllMyBucketsResult>",
            b"<ContinuationToken>" + token + b"</ContinuationToken></ListAllMyBucketsResult>",
        )
    return replace(response, body=body)


def _within(listed: bytes) -> bytes:
    return b"<Buckets>" + listed + b"</Buckets>"


def _name(bucket: bytes) -> bytes:
    found = _NAME.search(bucket)
    return found[1] if found else b""


def _asked(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query, keep_blank_values=True)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgument", message, status=400)
