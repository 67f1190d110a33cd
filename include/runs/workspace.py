"""A run's working files and its package in S3: content-addressed, so nothing is ever replaced."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from include.aws.errors import is_condition_failed, is_no_object
from include.digests import canonical_json, sha256
from include.errors import AuditError

#: What S3 takes in one request.
_MOST_BYTES = 5 * 1024**3


@dataclass(frozen=True)
class Reference:
    """Where an object lies (``s3://bucket/key``) and the SHA-256 of its bytes."""

    uri: str
    digest: str

    def to_json(self) -> dict[str, str]:
        """Plain JSON values, for XCom."""
        return {"uri": self.uri, "digest": self.digest}


class Workspace:
    """Reads and writes objects of one bucket below one prefix."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.prefix = prefix.strip("/")

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self.bucket}/{self.prefix}"

    def below(self, name: str) -> Workspace:
        """The same bucket, one folder further down."""
        return Workspace(self.s3, self.bucket, f"{self.prefix}/{name}")

    def put(
        self, name: str, body: bytes, *, content_type: str = "application/octet-stream"
    ) -> Reference:
        """Write once. The same bytes again are fine, other bytes under the same name refused."""
        return self._write(name, body, sha256(body), content_type)

    def put_file(self, name: str, path: Path, *, content_type: str) -> Reference:
        """Write a local file like :meth:`put`, without holding it in memory."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if file.tell() > _MOST_BYTES:
                raise AuditError(
                    f"{name} is larger than the 5 GiB that S3 takes in one request.",
                    hint="Assess fewer accounts at once.",
                )
            file.seek(0)
            return self._write(name, file, digest, content_type)

    def _write(
        self, name: str, body: bytes | BinaryIO, digest: str, content_type: str
    ) -> Reference:
        key = f"{self.prefix}/{name}"
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
                Metadata={"sha256": digest},
            )
        except ClientError as error:
            if not is_condition_failed(error):
                raise
            there = hashlib.sha256()
            for piece in self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].iter_chunks():
                there.update(piece)
            if there.hexdigest() != digest:
                raise AuditError(
                    f"s3://{self.bucket}/{key} already holds other content.",
                    hint="Results are never replaced; look for a second run of the same period.",
                ) from None
        return Reference(f"s3://{self.bucket}/{key}", digest)

    def put_json(self, kind: str, value: Any) -> Reference:
        """Write canonical JSON under the name ``<kind>-<digest>.json``."""
        body = canonical_json(value)
        return self.put(f"{kind}-{sha256(body)[:16]}.json", body, content_type="application/json")

    def newest(self, kind: str) -> list[tuple[str, datetime]]:
        """What :meth:`put_json` wrote of one kind, the last written first: names and times (UTC).

        Within S3's second, the name decides.
        """
        found: list[tuple[datetime, str]] = []
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/{kind}-"):
            found += [(one["LastModified"], one["Key"]) for one in page.get("Contents", ())]
        return [
            (key.removeprefix(f"{self.prefix}/"), at)
            for at, key in sorted(found, key=lambda one: (-one[0].timestamp(), one[1]))
        ]

    def newest_first(self, kind: str) -> list[str]:
        """The names of :meth:`newest`."""
        return [name for name, _ in self.newest(kind)]

    def folders(self, beginning: str = "") -> list[str]:
        """The names of the folders just below that begin so, sorted."""
        found: list[str] = []
        pages = self.s3.get_paginator("list_objects_v2")
        prefix = f"{self.prefix}/"
        for page in pages.paginate(
            Bucket=self.bucket, Prefix=f"{prefix}{beginning}", Delimiter="/"
        ):
            found += [
                one["Prefix"].removeprefix(prefix).removesuffix("/")
                for one in page.get("CommonPrefixes", ())
            ]
        return sorted(found)

    def get_json(self, name: str) -> tuple[Any, Reference]:
        """What :meth:`put_json` wrote under ``name``; AuditError when it isn't what that says."""
        key = f"{self.prefix}/{name}"
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        reference = Reference(f"s3://{self.bucket}/{key}", sha256(body))
        if not name.endswith(f"-{reference.digest[:16]}.json"):
            raise _changed(reference.uri)
        return json.loads(body), reference

    def exists(self, name: str) -> bool:
        """Whether an object of that name is there."""
        try:
            self.s3.head_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
        except ClientError as error:
            if is_no_object(error):
                return False
            raise
        return True


def fetch(s3: Any, reference: dict[str, str]) -> bytes:
    """The bytes a reference names; AuditError when they are not the ones it was made for."""
    bucket, _, key = reference["uri"].removeprefix("s3://").partition("/")
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if sha256(body) != reference["digest"]:
        raise _changed(reference["uri"])
    return body


def _changed(uri: str) -> AuditError:
    return AuditError(
        f"{uri} is not what this run wrote (its SHA-256 differs).",
        hint="Somebody changed it: clear the task that writes it, and read the bucket's log.",
    )


def fetch_json(s3: Any, reference: dict[str, str]) -> Any:
    """The JSON value a reference names."""
    return json.loads(fetch(s3, reference))
