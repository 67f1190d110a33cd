"""Requests and responses as the protocol core sees them, and the bridge to WSGI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Request:
    """An HTTP request; ``raw_path`` and ``query`` are still percent-encoded, header names lower."""

    method: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def status_line(self) -> str:
        """``404 Not Found``, as WSGI wants it."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"

    def wsgi(self, start_response: Any) -> Iterable[bytes]:
        """Send it through a WSGI server."""
        headers = dict(self.headers)
        # the answer to HEAD tells the length of a body that it doesn't have
        if not any(name.lower() == "content-length" for name in headers):
            headers["Content-Length"] = str(len(self.body))
        start_response(self.status_line, list(headers.items()))
        return [self.body]


def read_request(environ: Mapping[str, Any]) -> Request:
    """The request of a WSGI environ, its body read whole.

    WSGI's PATH_INFO is decoded already, which makes ``a%2Fb`` two segments; cheroot and werkzeug
    give the raw target in REQUEST_URI, gunicorn in RAW_URI.
    """
    target = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "")
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if target:
        raw_path = target.partition("?")[0]
    else:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "/")
        raw_path = quote(path.encode("latin-1"), safe="/~:@!$&'()*+,;=")
    return Request(
        method=environ["REQUEST_METHOD"],
        raw_path=raw_path or "/",
        query=environ.get("QUERY_STRING", ""),
        headers=dict(_headers(environ)),
        body=_body(environ),
    )


def _headers(environ: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").lower(), str(value)
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            yield key.replace("_", "-").lower(), str(environ[key])


def _body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    if length:
        data = stream.read(int(length))
    elif "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower():
        data = stream.read()  # the server undoes Transfer-Encoding and ends the stream
    else:
        data = b""
    return bytes(data)
