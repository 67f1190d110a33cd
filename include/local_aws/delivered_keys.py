"""Moto's store of a bucket's keys, which also knows the objects that AWS has delivered there.

An object that was really put under a delivered key is in front of it; one that was deleted stays
away, also after a replay of the journal.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.s3.models import FakeKey, s3_backends
from moto.s3.utils import _VersionedKeyStore

from include.local_aws.delivered import LISTED, Delivery, Object


class DeliveredKey(FakeKey):
    """An object whose bytes are made when somebody asks for them."""

    def __init__(
        self, told: Object, delivery: Delivery, account: str, bucket: str, region: str
    ) -> None:
        self._delivery = delivery
        self._body: tuple[bytes, dict[str, str]] | None = None
        super().__init__(told.key, b"", account, region, bucket_name=bucket)
        self.contentsize = told.size
        self.last_modified = datetime.fromtimestamp(told.modified, UTC).replace(tzinfo=None)

    def _loaded(self) -> tuple[bytes, dict[str, str]]:
        if self._body is None:
            data, headers = self._delivery.body(self.name)
            self._body = data, headers
            self._metadata.update(headers)
        return self._body

    @property
    def value(self) -> bytes:
        """The whole object."""
        return self._loaded()[0]

    @value.setter
    def value(self, new: bytes) -> None:
        """Moto sets an empty value while it makes a key; nobody else may."""

    @property
    def etag(self) -> str:
        """MD5, in quotes."""
        if self._etag is None:
            self._etag = hashlib.md5(self.value, usedforsecurity=False).hexdigest()
        return f'"{self._etag}"'

    @property
    def metadata(self) -> Any:
        """Headers the object is given with."""
        self._loaded()
        return self._metadata


class DeliveredKeys(_VersionedKeyStore):
    """The keys of one bucket."""

    def __init__(
        self,
        account: str,
        bucket: str,
        region: str,
        deliveries: Sequence[Delivery],
        clock: Callable[[], int],
    ) -> None:
        super().__init__()
        self._where = account, bucket, region
        self._deliveries = deliveries
        self._clock = clock
        self._gone: set[str] = set()
        self._made: dict[str, DeliveredKey] = {}

    def _delivered(self, prefix: str) -> Iterator[DeliveredKey]:
        account, bucket, region = self._where
        now = self._clock()

        def of(delivery: Delivery) -> Iterator[tuple[str, int, int, Delivery]]:
            for key, size, modified in delivery.keys(account, prefix, now):
                yield key, size, modified, delivery

        told = heapq.merge(*map(of, self._deliveries), key=lambda one: one[0])
        for key, size, modified, delivery in told:
            if key in self._gone:
                continue
            if key not in self._made:
                about = Object(key, size, modified)
                self._made[key] = DeliveredKey(about, delivery, account, bucket, region)
            yield self._made[key]

    def _one(self, key: str) -> DeliveredKey | None:
        if key in self._made and key not in self._gone:
            return self._made[key]
        return next((one for one in self._delivered(key) if one.name == key), None)

    def __sgetitem__(self, key: str) -> list[Any]:
        if dict.__contains__(self, key):
            return super().__sgetitem__(key)
        found = self._one(key)
        if found is None:
            raise KeyError(key)
        return [found]

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or self._one(str(key)) is not None

    def __bool__(self) -> bool:
        return self.__len__() > 0 or next(self._delivered(""), None) is not None

    def pop(self, key: str) -> None:  # type: ignore[override]
        """Delete for good: what was delivered under the key doesn't come back."""
        if key not in self:
            raise KeyError(key)
        self._gone.add(key)
        if dict.__contains__(self, key):
            super().pop(key)

    def _self_iterable(self) -> dict[str, Any]:
        listed = super()._self_iterable()
        prefix = LISTED.get()
        if prefix is None:
            return listed
        delivered: Iterable[DeliveredKey] = self._delivered(prefix)
        return {**{one.name: [one] for one in delivered}, **listed}


def make_bucket(
    account: str,
    name: str,
    region: str,
    deliveries: Sequence[Delivery],
    clock: Callable[[], int],
) -> None:
    """A bucket of ``account`` in moto to which ``deliveries`` go."""
    backend: Any = s3_backends[account]["aws"]
    if name not in backend.buckets:
        backend.create_bucket(name, region)
    bucket = backend.buckets[name]
    bucket.keys = DeliveredKeys(account, name, region, deliveries, clock)
