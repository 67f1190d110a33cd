"""What moto's S3 gets wrong without saying so, put right before a request reaches it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from include.local_aws.delivered import LISTED, Deliveries
from include.local_aws.moto_checksums import refuse_wrong_checksum
from include.protocol.errors import ServiceError
from include.protocol.http import Request, Response

#: Condition keys that, with a fixed value, make a statement for everybody not public.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_NARROWING = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
}


def before(operation: str, request: Request, account: str, request_id: str) -> Response | None:
    """Refuse what AWS refuses (ServiceError), answer what moto can't, or None to go on to moto."""
    LISTED.set(_prefix(request) if operation in _LISTINGS else None)
    guard = _GUARDS.get(operation)
    if guard is None:
        return None
    bucket, _, key = request.raw_path.removeprefix("/").partition("/")
    version = parse_qs(request.query).get("versionId", [None])[0]
    return guard(request, _Place(account, unquote(bucket), unquote(key), version, request_id))


def account_of(operation: str, request: Request, caller: str, deliveries: Deliveries) -> str:
    """In which account a request is answered: a bucket policy may let others read."""
    bucket, _, key = unquote(request.raw_path).removeprefix("/").partition("/")
    if operation in _LISTINGS:
        return deliveries.holder(bucket, _prefix(request), caller)
    if operation in ("GetObject", "HeadObject"):
        return deliveries.holder(bucket, key, caller)
    return caller


def is_delivered(request: Request, deliveries: Deliveries) -> bool:
    """Whether it is about a bucket that AWS delivers to."""
    return deliveries.delivers_to(unquote(request.raw_path).removeprefix("/").partition("/")[0])


def _prefix(request: Request) -> str:
    return parse_qs(request.query).get("prefix", [""])[0]


class _Place:
    """The bucket, and maybe the object version, that a request is about."""

    def __init__(
        self, account: str, bucket: str, key: str, version: str | None, request_id: str
    ) -> None:
        self.account, self.name, self.key = account, bucket, key
        self.version, self.request_id = version, request_id

    @property
    def backend(self) -> Any:
        from moto.s3.models import s3_backends

        return s3_backends[self.account]["aws"]

    @property
    def bucket(self) -> Any:
        """Moto's bucket, or None: then moto itself says what is wrong."""
        return self.backend.buckets.get(self.name)

    @property
    def object(self) -> Any:
        """Moto's object version, or None."""
        if self.bucket is None:
            return None
        return self.backend.get_object(self.name, self.key, version_id=self.version)


def _upload(request: Request, place: _Place) -> Response | None:
    refuse_wrong_checksum(request)
    return _retained_write(request, place)


def _retained_write(request: Request, place: _Place) -> Response | None:
    until = request.headers.get("x-amz-object-lock-retain-until-date")
    if until is not None:
        _refuse_past(until)
    return None


def _refuse_past(until: str) -> None:
    try:
        is_past = _time(until) <= datetime.now(UTC)
    except ValueError:
        return  # moto's to refuse
    if is_past:
        raise ServiceError(
            "InvalidArgument", "The retain until date must be in the future!", status=400
        )


def _put_versioning(request: Request, place: _Place) -> Response | None:
    """Without versions, the next write would replace what is locked."""
    is_locking = place.bucket is not None and place.bucket.object_lock_enabled
    if is_locking and b"Suspended" in request.body:
        raise ServiceError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
            status=409,
        )
    return None


def _put_retention(request: Request, place: _Place) -> Response | None:
    found = place.object
    if found is None or not found.lock_mode or not found.lock_until:
        return None
    try:
        asked = _children(ElementTree.fromstring(request.body))
        until = _time(asked["RetainUntilDate"]) if asked.get("RetainUntilDate") else None
    except (ElementTree.ParseError, ValueError) as error:
        raise ServiceError(
            "MalformedXML", "The XML you provided was not well-formed.", status=400
        ) from error
    held_until = _time(found.lock_until)
    if held_until <= datetime.now(UTC):
        return None
    weaker = until is None or until < held_until or asked.get("Mode") != found.lock_mode
    if asked.get("Mode") == "COMPLIANCE" and until is not None and until >= held_until:
        weaker = False  # governance may be made compliance
    bypass = request.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
    if weaker and not (found.lock_mode == "GOVERNANCE" and bypass):
        raise ServiceError(
            "AccessDenied", "Access Denied because object protected by object lock.", status=403
        )
    return None


def _get_retention(request: Request, place: _Place) -> Response | None:
    """Moto breaks on an object whose retention came from its bucket's default."""
    if place.bucket is None or not place.bucket.object_lock_enabled:
        return None
    found = place.object
    if found is None:
        return None
    if not found.lock_mode or not found.lock_until:
        raise ServiceError(
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
            status=404,
        )
    text = (
        '<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Mode>{found.lock_mode}</Mode><RetainUntilDate>{found.lock_until}</RetainUntilDate>"
        "</Retention>"
    )
    headers = {"Content-Type": "application/xml", "x-amz-request-id": place.request_id}
    return Response(200, headers, text.encode())


def _put_policy(request: Request, place: _Place) -> Response | None:
    block = place.bucket.public_access_block if place.bucket is not None else None
    if block is not None and block.block_public_policy and is_public(request.body):
        raise ServiceError(
            "AccessDenied",
            f"The policy for bucket {place.name} is public, and the BlockPublicPolicy block public "
            "access setting prevents public policies.",
            status=403,
        )
    return None


def is_public(policy: bytes) -> bool:
    """Whether a bucket policy allows something to everybody; broken JSON is moto's to refuse."""
    try:
        document = json.loads(policy)
        statements = document.get("Statement", [])
    except (ValueError, AttributeError):
        return False
    if isinstance(statements, dict):
        statements = [statements]
    return any(
        statement.get("Effect") == "Allow"
        and _is_everybody(statement.get("Principal"), "NotPrincipal" in statement)
        and not _is_narrowed(statement.get("Condition") or {})
        for statement in statements
    )


def _is_everybody(principal: Any, is_negated: bool) -> bool:
    if is_negated or principal == "*":
        return True
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return "*" in ([named] if isinstance(named, str) else named)


def _is_narrowed(conditions: dict[str, Any]) -> bool:
    for operator, pairs in conditions.items():
        if "Not" in operator or "IfExists" in operator or operator.startswith("Null"):
            continue
        for key, values in pairs.items():
            listed = [values] if isinstance(values, str) else values
            fixed = all(
                "*" not in value.rpartition(":")[0] and value not in ("*", "0.0.0.0/0", "::/0")
                for value in map(str, listed)
            )
            if key.lower() in _NARROWING and fixed:
                return True
    return False


def _children(root: ElementTree.Element) -> dict[str, str]:
    return {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in root}


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_LISTINGS = frozenset({"ListObjects", "ListObjectsV2", "ListObjectVersions"})
_GUARDS: dict[str, Callable[[Request, _Place], Response | None]] = {
    "PutObject": _upload,
    "UploadPart": _upload,
    "CopyObject": _retained_write,
    "CreateMultipartUpload": _retained_write,
    "PutObjectRetention": _put_retention,
    "GetObjectRetention": _get_retention,
    "PutBucketPolicy": _put_policy,
    "PutBucketVersioning": _put_versioning,
}
