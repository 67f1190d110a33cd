"""Whose access key it is: an account's own, a role session's, or an IAM user's in moto."""

from __future__ import annotations

import re
import secrets
import string
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from include.local_aws.journal import Journal
from include.protocol.errors import ServiceError

_ACCOUNT = re.compile(r"\d{12}")
_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Caller:
    """Who signed a request."""

    account: str
    arn: str
    user_id: str


class Credentials:
    """Known accounts and issued sessions; signatures are not verified."""

    def __init__(self, journal: Journal, accounts: Iterable[str] | None = None) -> None:
        self._journal = journal
        self._accounts = frozenset(accounts) if accounts is not None else None
        self._user_ids: dict[str, str] = {}

    def user_id(self, arn: str) -> str:
        """STS's UserId of a caller that has been recognised before."""
        return self._user_ids[arn]

    def caller(self, access_key: str) -> Caller:
        """The owner of an access key.

        A 12-digit key stands for the root of that account. Raises ServiceError
        ``ExpiredTokenException`` for an expired session, ``UnrecognizedClientException`` for a
        key that nobody has issued.
        """
        caller = self._caller(access_key)
        self._user_ids[caller.arn] = caller.user_id
        return caller

    def _caller(self, access_key: str) -> Caller:
        if _ACCOUNT.fullmatch(access_key):
            if self._accounts is not None and access_key not in self._accounts:
                raise _unknown()
            return Caller(access_key, f"arn:aws:iam::{access_key}:root", access_key)
        session = self._journal.session(access_key)
        if session is not None:
            account, arn, user_id, expires = session
            if expires <= time.time():
                raise ServiceError(
                    "ExpiredTokenException",
                    "The security token included in the request is expired",
                    status=403,
                )
            return Caller(account, arn, user_id)
        user = _iam_user(access_key)
        if user is None:
            raise _unknown()
        return user

    def issue(self, account: str, arn: str, user_id: str, seconds: int) -> dict[str, Any]:
        """New temporary credentials in the shape of STS, valid for ``seconds`` of real time."""
        access_key = "ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
        expires = int(time.time()) + seconds
        self._journal.save_session(access_key, account, arn, user_id, expires)
        return {
            "AccessKeyId": access_key,
            "SecretAccessKey": secrets.token_urlsafe(30),
            "SessionToken": secrets.token_urlsafe(120),
            "Expiration": datetime.fromtimestamp(expires, UTC),
        }


def _unknown() -> ServiceError:
    return ServiceError(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        status=403,
    )


def _iam_user(access_key: str) -> Caller | None:
    from moto.iam.models import iam_backends

    for account, partitions in list(iam_backends.items()):
        backend = partitions["aws"]
        key = backend.access_keys.get(access_key)
        if key is None:
            continue
        if key.status != "Active":
            return None
        user = backend.get_user_from_access_key_id(access_key)
        if user is not None:
            return Caller(account, user.arn, user.id)
    return None
