"""Objects in S3, read and written with the credentials of an account."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any

#: Gives the boto3 S3 client of an account in a region.
S3Clients = Callable[[str, str], Any]

_URL = re.compile(r"[sS]3://([^/]+)(?:/(.*))?", re.DOTALL)
_CHUNK = 1 << 20


class ObjectUnavailable(Exception):
    """An object can't be had, and asking again won't help. ``status`` is S3's HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Place:
    """A bucket and a key (or prefix) in it."""

    bucket: str
    key: str = ""

    @property
    def url(self) -> str:
        """``s3://bucket/key``"""
        return f"s3://{self.bucket}/{self.key}"


def place_of(url: str) -> Place | None:
    """The place an ``s3://`` URL names; None if it names no bucket."""
    found = _URL.fullmatch(url.strip())
    return Place(found[1], found[2] or "") if found else None


@dataclass(frozen=True)
class Stored:
    """What was seen when an object was read to its end."""

    size: int
    sha256: str
    version: str | None


class Objects:
    """S3 as the accounts see it; clients are made once per account and region."""

    def __init__(self, endpoint: str | None = None, clients: S3Clients | None = None) -> None:
        self._endpoint = endpoint
        self._make = clients or self._default_client
        self._made: dict[tuple[str, str], Any] = {}
        self._guard = threading.Lock()  # making clients isn't thread-safe, using them is

    def client(self, account: str, region: str) -> Any:
        """The boto3 S3 client of ``account`` in ``region``."""
        with self._guard:
            key = (account, region)
            if key not in self._made:
                self._made[key] = self._make(account, region)
            return self._made[key]

    def _default_client(self, account: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        settings = Config(
            connect_timeout=5,
            retries={"mode": "standard", "max_attempts": 3},
            signature_version="s3v4",
            s3={"addressing_style": "path"} if self._endpoint else {},
        )
        if not self._endpoint:
            return boto3.client("s3", region_name=region, config=settings)
        return boto3.client(
            "s3",
            region_name=region,
            endpoint_url=self._endpoint,
            aws_access_key_id=account,
            aws_secret_access_key="account-id-is-the-key",
            config=settings,
        )

    @contextmanager
    def read(
        self, account: str, region: str, place: Place, *, version: str | None = None, limit: int
    ) -> Iterator[tuple[IO[bytes], Stored]]:
        """The object as a file at its start, with its size and hash.

        Raises ObjectUnavailable when S3 refuses, or the object is larger than ``limit`` bytes.
        """
        with SpooledTemporaryFile(max_size=8 * _CHUNK) as file:
            stored = self._copy(account, region, place, version, limit, file)
            file.seek(0)
            yield file, stored

    def _copy(
        self,
        account: str,
        region: str,
        place: Place,
        version: str | None,
        limit: int,
        file: IO[bytes],
    ) -> Stored:
        from botocore.exceptions import ClientError, ParamValidationError

        asked = {"Bucket": place.bucket, "Key": place.key}
        if version is not None:
            asked["VersionId"] = version
        try:
            answer = self.client(account, region).get_object(**asked)
        except ParamValidationError as error:
            raise ObjectUnavailable(400, f"{place.url} isn't a valid S3 address.") from error
        except ClientError as error:
            status = status_of(error)
            if status >= 500 or status == 429:
                raise
            raise ObjectUnavailable(status, _refusal(place, error)) from error
        body = answer["Body"]
        digest = hashlib.sha256()
        size = 0
        try:
            if int(answer["ContentLength"]) > limit:
                raise _too_large(place, limit)
            while chunk := body.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise _too_large(place, limit)
                digest.update(chunk)
                file.write(chunk)
        finally:
            body.close()
        given = answer.get("VersionId")
        return Stored(size, digest.hexdigest(), None if given in (None, "null") else given)


def status_of(error: Any) -> int:
    """The HTTP status of a botocore ClientError."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))


def _refusal(place: Place, error: Any) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "NoSuchBucket":
        return f"The bucket {place.bucket} doesn't exist."
    if code in ("NoSuchKey", "404", "NoSuchVersion"):
        return f"There is no object {place.url}."
    if status_of(error) == 403:
        return f"Access to {place.url} was denied. Allow s3:GetObject on it."
    return f"S3 refused {place.url}: {code}."


def _too_large(place: Place, limit: int) -> ObjectUnavailable:
    return ObjectUnavailable(413, f"{place.url} is larger than {limit // 1_000_000} MB.")
