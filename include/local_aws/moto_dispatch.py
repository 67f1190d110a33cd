"""Requests into moto, in this process and without a web framework between."""

from __future__ import annotations

import importlib
import logging
import os
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

# Read by moto at each call: a bucket of another account is not one's own.
os.environ["MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS"] = "false"

from include.local_aws.refusals import not_implemented
from include.protocol.errors import ServiceError
from include.protocol.http import Request, Response

log = logging.getLogger(__name__)

#: Signing names whose moto host is called otherwise; all others are `<name>.<region>`.
_HOSTS = {
    "s3": "s3.{region}",
    "s3control": "{account}.s3-control.{region}",
    "sagemaker": "api.sagemaker.{region}",
}


def dispatch(service: str, operation: str, request: Request, account: str, region: str) -> Response:
    """Let moto answer ``request`` for ``service`` (a signing name) in ``account`` and ``region``.

    Raises ServiceError 501 for what moto doesn't have, 500 for what it breaks on.
    """
    from moto.core.request import Request as MotoRequest
    from werkzeug.datastructures import MultiDict
    from werkzeug.exceptions import HTTPException

    host = _HOSTS.get(service, service + ".{region}").format(account=account, region=region)
    url = f"https://{host}.amazonaws.com{request.raw_path}"
    handler = _handler(service, url)
    if handler is None:
        raise not_implemented(service, operation)
    headers = {
        key: value for key, value in request.headers.items() if key not in ("host", "expect")
    }
    headers["x-moto-account-id"] = account
    asked = MotoRequest.from_primitives(
        request.method, f"{url}?{request.query}" if request.query else url, headers, request.body
    )
    if service == "s3" and request.method == "PUT":
        # an object may well be of type x-www-form-urlencoded; it isn't a form for that
        asked.get_data()
        asked.__dict__.update(form=MultiDict(), files=MultiDict())
    try:
        status, told, body = handler(asked, asked.raw_url, asked.headers)
    except HTTPException as error:
        status, told, body = error.code or 500, dict(error.get_headers()), error.get_body()
    except NotImplementedError as error:
        raise not_implemented(service, operation) from error
    except Exception as error:
        log.exception("moto failed on %s:%s", service, operation)
        raise ServiceError(
            "InternalError", f"{service}:{operation} failed inside moto: {error!r}.", status=500
        ) from error
    if int(status) == 404 and not body and service != "s3":
        raise not_implemented(service, operation)
    return Response(int(status), _headers(told, request.method), _bytes(body))


def _headers(told: Any, method: str) -> dict[str, str]:
    """Moto's headers without those that are ours or the server's to write."""
    dropped = {"status", "server", "date", "connection", "transfer-encoding"}
    if method != "HEAD":
        dropped.add("content-length")
    return {
        str(key): str(value)
        for key, value in dict(told).items()
        if str(key).lower() not in dropped and value is not None
    }


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return b"".join(part.encode() if isinstance(part, str) else part for part in body)


def _handler(service: str, url: str) -> Callable[..., Any] | None:
    for pattern, handler in _urls(_module(url)):
        if pattern.match(url):
            return handler
    return None


def _module(url: str) -> str:
    """Moto's own name for the service behind a URL; empty if it has none."""
    from moto.backend_index import backend_url_patterns

    host = re.match(r"https://[^/]+/", url)
    bare = host[0] if host else url
    for name, pattern in backend_url_patterns:
        if pattern.match(bare) or pattern.match(url):
            return str(name)
    return ""


@lru_cache(maxsize=64)
def _urls(name: str) -> tuple[tuple[re.Pattern[str], Callable[..., Any]], ...]:
    if not name:
        return ()
    from moto.backends import get_backend
    from moto.core.base_backend import BackendDict

    importlib.import_module("moto.core")
    backends: Any = get_backend(name)  # type: ignore[call-overload]
    if isinstance(backends, BackendDict):
        places: Any = backends["123456789012"]
        backend = places["us-east-1"] if "us-east-1" in places else places["aws"]
    else:
        backend = backends["global"]
    return tuple((re.compile(url), handler) for url, handler in backend.urls.items())
