"""One call on its way through the service: who asks, in which transaction, with which S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from include.audit_manager.service.database import Database
from include.audit_manager.service.models import Account
from include.audit_manager.service.objects import Objects
from include.audit_manager.service.refusals import not_registered
from include.protocol import Call


@dataclass(frozen=True)
class Request:
    """A validated call with what is needed to answer it. ``now`` is aware UTC, never the host's."""

    call: Call
    database: Database
    objects: Objects
    wake_reports: Callable[[], None]
    _session: Session | None = None

    @property
    def params(self) -> Mapping[str, Any]:
        """The input, by the API's member names."""
        return self.call.params

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.call.account

    @property
    def region(self) -> str:
        """The region asked."""
        return self.call.region

    @property
    def caller(self) -> str:
        """The caller's ARN."""
        return self.call.caller_arn

    @property
    def now(self) -> datetime:
        """The time of the call on the service's clock."""
        return self.call.now

    @property
    def session(self) -> Session:
        """The call's transaction."""
        if self._session is None:
            raise RuntimeError(f"{self.call.operation} has not begun a transaction")
        return self._session

    @contextmanager
    def begin(self, *, writes: bool, registered: bool = True) -> Iterator[Request]:
        """This request inside a transaction; refuses an account that isn't registered."""
        lock = f"{self.account} {self.region}"
        with self.database.begin(writes=writes, lock=lock) as session:
            inside = replace(self, _session=session)
            if registered and not inside.is_registered():
                raise not_registered()
            yield inside

    def is_registered(self) -> bool:
        """Whether the service is on for this account in this region."""
        row = self.session.get(Account, (self.account, self.region))
        return row is not None and row.active

    def registration(self) -> Account:
        """The account's row, with its settings."""
        row = self.session.get(Account, (self.account, self.region))
        if row is None:
            raise not_registered()
        return row
