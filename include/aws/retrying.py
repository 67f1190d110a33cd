"""What to do when a call is not answered as it should be: wait, renew, ask again, or give up.

botocore makes the attempts; here is decided whether there is another one. Calls queue for their
bucket (:mod:`include.aws.rates`) before they are signed. Throttling costs patience, of which a
cell has a budget; a lost connection, the service's own error or a broken answer costs attempts;
expired credentials are renewed once per call.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ConnectionError, HTTPClientError

from include.aws.errors import is_expired, is_throttle, is_transient
from include.aws.exchange import is_replayed
from include.aws.rates import Limiters

#: Seconds a call waits, at most, after a failure that throttling didn't make.
_LONGEST = 10.0


@dataclass
class Patience:
    """How much throttling a cell puts up with, in all its threads together."""

    refusals: int
    seconds: float
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def waited(self, seconds: float) -> None:
        """Take the time that a refused call queued again; the next refusal sees it."""
        with self._lock:
            self.seconds -= seconds

    def spend(self, seconds: float) -> bool:
        """Take one refusal and the wait after it; False when there is nothing left."""
        with self._lock:
            self.refusals -= 1
            self.seconds -= seconds
            return self.refusals >= 0 and self.seconds >= 0


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patience(refusals: int, seconds: float) -> Iterator[Patience]:
    """The budget of the calls made inside, also by threads with a copy of this context."""
    budget = Patience(refusals, seconds)
    token = _patience.set(budget)
    try:
        yield budget
    finally:
        _patience.reset(token)


@dataclass
class _Course:
    """How one call has gone so far."""

    refusals: int = 0
    failures: int = 0
    renewed: bool = False


#: Where a call's course is kept in botocore's context of the request.
_COURSE = "audit-course"


class Retrying:
    """Decides for the clients of one account; ``renew`` gets new credentials, if it can.

    ``attempts`` bounds failures in a row, and refusals in a row while the rate is unknown.
    """

    def __init__(
        self,
        account: str,
        attempts: int,
        limiters: Limiters,
        renew: Callable[[], bool],
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._account = account
        self._attempts = attempts
        self._limiters = limiters
        self._renew = renew
        self._sleep = sleep
        self._jitter = jitter

    def watch(self, client: Any) -> None:
        """Take the place of botocore's own retries for a client."""
        service = client.meta.service_model.service_id.hyphenize()
        name, region = client.meta.service_model.service_name, client.meta.region_name

        def queue(request: Any, operation_name: str, **_: Any) -> None:
            if is_replayed():
                return
            limiter = self._limiters.of(self._account, region, name, operation_name)
            again = _COURSE in request.context and request.context[_COURSE].refusals > 0
            while (wait := limiter.take()) > 0:
                self._sleep(wait)
                if again and (budget := _patience.get()) is not None:
                    budget.waited(wait)

        def decide(
            response: Any, caught_exception: Any, operation: Any, request_dict: Any, **_: Any
        ) -> float | None:
            limiter = self._limiters.of(self._account, region, name, operation.name)
            course = request_dict["context"].setdefault(_COURSE, _Course())
            return self._decide(limiter, course, response, caught_exception)

        events = client.meta.events
        events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
        events.register(f"needs-retry.{service}", decide)
        events.register_first(f"request-created.{service}", queue)

    def _decide(
        self, limiter: Any, course: _Course, response: Any, exception: Exception | None
    ) -> float | None:
        """0 for another attempt at once, None for none; the wait is over by then."""
        if response is None:
            if not isinstance(exception, (ConnectionError, HTTPClientError)):
                return None
            return self._after_failure(course)
        http, parsed = response
        code, status = str(parsed.get("Error", {}).get("Code", "")), int(http.status_code)
        if is_throttle(code, status):
            return self._after_refusal(limiter, course)
        if is_expired(code):
            if course.renewed or not self._renew():
                return None
            course.renewed = True
            return 0
        if status >= 500 or is_transient(code):
            return self._after_failure(course)
        if not is_replayed():
            limiter.passed()
        return None

    def _after_refusal(self, limiter: Any, course: _Course) -> float | None:
        limiter.refused()
        course.refusals += 1
        wait = limiter.pause(course.refusals) * (0.5 + self._jitter() / 2)
        budget = _patience.get()
        # At a measured rate whom it hits is chance, and the others are served meanwhile.
        if course.refusals >= self._attempts * (1 if wait else 3):
            return None
        if budget is not None and not budget.spend(wait):
            return None
        self._sleep(wait)
        return 0

    def _after_failure(self, course: _Course) -> float | None:
        course.failures += 1
        if course.failures >= self._attempts:
            return None
        self._sleep(self._jitter() * min(_LONGEST, 2.0 ** (course.failures - 1)))
        return 0
