"""Where a SigV4 request says it belongs: access key, region and service. Nothing is verified."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from include.protocol.http import Request

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")


@dataclass(frozen=True)
class CredentialScope:
    """The credential scope of a signed request; ``region`` is the signing region."""

    access_key: str
    date: str
    region: str
    service: str


def credential_scope(request: Request) -> CredentialScope | None:
    """From the Authorization header, else from a presigned URL; None for an unsigned request."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if found:
        text = found[1]
    elif "X-Amz-Credential" in request.query:
        text = parse_qs(request.query).get("X-Amz-Credential", [""])[0]
    else:
        return None
    # an access key holds no slash, so counting from the right is safe
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        return None
    return CredentialScope(access_key=parts[0], date=parts[1], region=parts[2], service=parts[3])
