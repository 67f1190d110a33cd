"""A lease per cell: of two runs that want the same evidence at once, one collects, one waits.

It is an object in the store, made and taken over by S3's conditional writes and timed by S3's own
clock, so nobody's local one matters. Whoever holds it renews it; a holder that died doesn't, and
after a while the next one takes over. Losing it harms nothing: snapshots are content-addressed,
two collections of the same past give the same one.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from include.aws.errors import is_condition_failed, is_no_object
from include.digests import sha256

log = logging.getLogger(__name__)

#: A lease that was not renewed for so many seconds is over.
SECONDS = 120.0
#: Seconds between two looks at a lease that somebody else holds: at first, and at most.
_FIRST_LOOK, _LONGEST_LOOK, _LOG_EVERY = 0.5, 5.0, 30.0

T = TypeVar("T")


class Lease:
    """The right to collect a cell. ``what`` names the cell for people; times are seconds.

    ``holder`` names the run, if it has a name: its next attempt doesn't wait for the one before,
    which was killed (or soon finds that it lost the lease).
    """

    def __init__(
        self,
        s3: Any,
        bucket: str,
        key: str,
        what: object,
        *,
        holder: str = "",
        seconds: float = SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._s3, self._bucket, self._key, self._what = s3, bucket, key, what
        self._seconds, self._sleep = seconds, sleep
        self._holder = (sha256(holder.encode())[:32] if holder else uuid.uuid4().hex).encode()
        self._etag = ""
        self._ended = threading.Event()
        self._renewing: threading.Thread | None = None

    def acquire(self) -> bool:
        """Take the lease if it is free or over. Not being able to ask counts as having it."""
        try:
            etag = self._put(IfNoneMatch="*") or self._taken_over()
        except (ClientError, BotoCoreError) as error:
            log.warning("%s is collected without a lease: %s", self._what, error)
            return True
        if not etag:
            return False
        self._etag = etag
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()
        return True

    def wait(self, done: Callable[[], T | None]) -> T | None:
        """Wait for one's turn. Returns what ``done`` found, if the holder's work is enough."""
        look, waited, said = _FIRST_LOOK, 0.0, -_LOG_EVERY
        while not self.acquire():
            if waited - said >= _LOG_EVERY:
                said = waited
                log.info(
                    "%s is being collected by another run; waiting since %.0f s", self._what, waited
                )
            self._sleep(look)
            waited += look
            look = min(_LONGEST_LOOK, look * 1.5)
            if (found := done()) is not None:
                return found
        # Only who had to wait looks again: else nothing can have come since the caller looked.
        return done() if waited else None

    def release(self) -> None:
        """Give it back, so that nobody has to wait for its end."""
        self._ended.set()
        if self._renewing is not None:
            self._renewing.join()
        if self._etag:
            with suppress(ClientError, BotoCoreError):
                self._s3.delete_object(Bucket=self._bucket, Key=self._key)
            self._etag = ""

    def _taken_over(self) -> str:
        """The new ETag if the lease that is there is over and we got it, else ''."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        except ClientError as error:
            if is_no_object(error):
                return ""  # given back this moment: the next look will find it free
            raise
        now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
        ours = found["Body"].read().startswith(self._holder)
        if not ours and (now - found["LastModified"]).total_seconds() <= self._seconds:
            return ""
        log.info("%s: the lease of a run that is gone is taken over", self._what)
        return self._put(IfMatch=found["ETag"])

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds / 4):
            try:
                self._etag = self._put(IfMatch=self._etag)
            except (ClientError, BotoCoreError) as error:
                log.warning("The lease of %s can't be renewed: %s", self._what, error)
                continue
            if not self._etag:
                log.info("%s: somebody else took the lease over", self._what)
                return

    def _put(self, **condition: str) -> str:
        """The object's ETag, or '' when the condition doesn't hold."""
        try:
            put = self._s3.put_object(
                Bucket=self._bucket,
                Key=self._key,
                # Other bytes each time: an ETag that was seen before must not hold again.
                Body=self._holder + uuid.uuid4().hex.encode(),
                **condition,
            )
        except ClientError as error:
            if is_condition_failed(error) or is_no_object(error):
                return ""
            raise
        return str(put["ETag"])
