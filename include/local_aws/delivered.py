"""Objects that AWS itself delivers to buckets (logs, digests, snapshots), made when asked for.

A bucket with deliveries is an ordinary bucket of moto's whose store of keys knows more keys than
were put into it. Listing, ranges, conditions, copies and versions stay moto's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from include.local_aws.estate.store import Estate

#: The prefix that is being listed, while it is: delivered keys are made for it only.
LISTED: ContextVar[str | None] = ContextVar("listed", default=None)


class Object(NamedTuple):
    """What a listing tells of an object; ``modified`` is epoch seconds by the estate's clock."""

    key: str
    size: int
    modified: int


class Body(NamedTuple):
    """An object's bytes, and the headers it is given with (``x-amz-meta-signature`` …)."""

    data: bytes
    headers: dict[str, str]


class Delivery(ABC):
    """One kind of objects delivered to one bucket of an account. To be subclassed.

    Everything follows from the estate and ``now`` (epoch seconds), so that the same object has
    the same bytes in every process. A key is asked for its body only after it was listed.
    """

    @abstractmethod
    def bucket(self, account: str) -> str:
        """The name of ``account``'s bucket that is delivered to; '' if it has none."""

    @abstractmethod
    def keys(self, account: str, prefix: str, now: int) -> Iterable[Object | tuple[str, int, int]]:
        """What has been delivered by ``now`` under keys that begin with ``prefix``, sorted."""

    @abstractmethod
    def body(self, key: str) -> Body | tuple[bytes, dict[str, str]]:
        """The bytes of an object, and its headers."""

    def may_read(self, caller: str, key: str) -> bool:
        """Whether the bucket's policy lets another account read ``key``, or list that prefix."""
        return False


class Deliveries:
    """All deliveries of an estate, by bucket."""

    def __init__(
        self,
        deliveries: Sequence[Delivery],
        accounts: Sequence[str],
        *,
        region: str,
        clock: Callable[[], int],
    ) -> None:
        self._region = region
        self._clock = clock
        self._by_bucket: dict[str, tuple[str, list[Delivery]]] = {}
        for delivery in deliveries:
            for account in accounts:
                if name := delivery.bucket(account):
                    self._by_bucket.setdefault(name, (account, []))[1].append(delivery)

    @classmethod
    def of(cls, estate: Estate, clock: Callable[[], int]) -> Deliveries:
        """Those of ``estate``; ``clock`` tells its time in epoch seconds."""
        from include.local_aws.services import deliveries

        return cls(deliveries(estate), estate.accounts, region=estate.regions[0], clock=clock)

    def seed(self) -> None:
        """Make the buckets in moto. To be called before anything is replayed."""
        from include.local_aws.delivered_keys import make_bucket

        for name, (account, delivering) in sorted(self._by_bucket.items()):
            make_bucket(account, name, self._region, delivering, self._clock)

    def delivers_to(self, bucket: str) -> bool:
        """Whether anything is delivered to the bucket."""
        return bucket in self._by_bucket

    def holder(self, bucket: str, key: str, caller: str) -> str:
        """The account in which a read of ``key`` (or a listing of it as a prefix) is answered.

        That is the bucket's own where its policy lets the caller in, else the caller's.
        """
        account, delivering = self._by_bucket.get(bucket, (caller, []))
        if account != caller and any(one.may_read(caller, key) for one in delivering):
            return account
        return caller


NO_DELIVERIES = Deliveries((), (), region="us-east-1", clock=lambda: 0)
