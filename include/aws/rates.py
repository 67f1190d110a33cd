"""How fast AWS may be asked: documented rates as token buckets, all others learned from refusals.

AWS limits each operation per account and Region by a token bucket. Where its rate is documented,
waiting here costs nothing and nothing is refused; retries alone lose pages. Most rates are not
published: then the first refusals tell. A call that is refused once may have met a passing
shortage; one that is refused again at once has met the limit, and what passed between two such
moments, when the bucket was empty, is the rate itself.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Clock = Callable[[], float]


@dataclass(frozen=True)
class Rate:
    """A token bucket: requests per second, and how many may come at once after a rest.

    One that is shared by many operations, and that one chain of calls hardly ever empties, is
    kept to from the first refusal on only (``at_once`` False).
    """

    per_second: float
    burst: float
    at_once: bool = True


#: Documented rates per account and Region by (boto3's service name, operation); '' is all the
#: service's other operations together. Sources: the services' API references ("Throttling"),
#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
DOCUMENTED: Mapping[tuple[str, str], Rate] = {
    ("securityhub", "GetFindings"): Rate(3, 6),
    ("securityhub", ""): Rate(10, 30, at_once=False),
    ("cloudtrail", "LookupEvents"): Rate(2, 2),
    ("cloudtrail", ""): Rate(10, 10, at_once=False),
}
#: What is left of a documented rate for clocks that differ and packets that come early.
_SHARE, _RESERVE = 0.99, 0.5
#: The share of refused calls (of about the last 20) that shows a limit, not a passing shortage.
_CROWDED, _MEMORY = 0.45, 0.05
#: By how much a measured rate moves with each call: it comes to rest where the bucket is empty
#: now and then, which is where nothing that is granted is left lying.
_FASTER, _SLOWER = 1.003, 0.988
#: After how many calm seconds to look whether the limit was lifted, in ever larger steps.
_PROBE_AFTER_SECONDS = 10.0
#: How much of a request's time to wait after a refusal: the bucket was nearly full enough. Twice
#: as long after the second in a row, and so on.
_EARLY = 0.15
#: Seconds that a refused call waits while no rate is known: at first, at most, and at most while
#: other calls pass.
_FIRST_PAUSE, _LONGEST_PAUSE, _LIVELY_PAUSE = 0.05, 20.0, 1.0
#: As slow as anything becomes: in requests per second, and as a share of a documented rate. What
#: is refused altogether for a while must not stay slow for long after.
_SLOWEST, _SLOWEST_SHARE = 0.5, 0.25


class Limiter:
    """One bucket, shared by all that ask. Thread-safe; times are seconds of ``clock``."""

    def __init__(self, known: Rate | None = None, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known = known
        self._cap = known.per_second * _SHARE if known and known.at_once else float("inf")
        self._slowest = known.per_second * _SLOWEST_SHARE if known else _SLOWEST
        self._burst = max(1.0, known.burst - _RESERVE) if known else 1.0
        #: What was measured while calls were refused; None while nothing is known to be slower.
        self._measured: float | None = None
        self._refused_at = self._filled = clock()
        self._tokens = self._burst
        self._crowding = 0.0
        self._in_a_row = 0
        self._passes: deque[float] = deque(maxlen=12)

    @property
    def rate(self) -> float:
        """Requests per second allowed now; infinite while nothing is known."""
        with self._lock:
            return self._rate(self._clock())

    def take(self) -> float:
        """0.0: send now. Else the seconds after which to come again; nothing was taken then."""
        with self._lock:
            now = self._clock()
            rate = self._rate(now)
            if rate == float("inf"):
                return 0.0
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * rate)
            self._filled = now
            # What is left to rounding would have the caller come again for nothing.
            if self._tokens < 1 - 1e-6:
                return (1 - self._tokens) / rate
            self._tokens -= 1
            return 0.0

    def pause(self, times: int) -> float:
        """Seconds to wait, before queueing again, after ``times`` refusals of a call in a row.

        While the rate is being found, ever longer; then the queue itself is the wait.
        """
        with self._lock:
            if self._measured is not None:
                return 0.0
            calm = self._clock() - self._passes[-1] if self._passes else float("inf")
        longest = _LIVELY_PAUSE if calm < _LONGEST_PAUSE / 4 else _LONGEST_PAUSE
        return float(min(longest, _FIRST_PAUSE * 2 ** (times - 1)))

    def passed(self) -> None:
        """A call was answered."""
        with self._lock:
            self._crowding -= self._crowding * _MEMORY
            self._in_a_row = 0
            self._passes.append(self._clock())
            if self._measured is not None:
                self._measured *= _FASTER

    def refused(self) -> None:
        """A call was throttled."""
        with self._lock:
            self._crowding += (1 - self._crowding) * _MEMORY
            self._in_a_row += 1
            now = self._clock()
            if self._known:
                self._cap = self._known.per_second * _SHARE
            if self._measured is not None:
                self._measured = max(
                    self._slowest, min(self._rate(now), self._measured * 1.5) * _SLOWER
                )
            self._refused_at = now
            if self._crowding >= _CROWDED:
                self._measured = max(self._slowest, min(self._granted(now), self._rate(now)))
                self._crowding /= 2
            if self._known or self._measured is not None:
                # Our own bucket is wrong: there was not quite one request in AWS's.
                self._tokens = 1 - min(1.0, _EARLY * 2 ** (self._in_a_row - 1))
                self._filled = now

    def _granted(self, now: float) -> float:
        """Requests per second that passed of late."""
        if len(self._passes) < 2:
            return 1.0
        return len(self._passes) / max(now - self._passes[0], 0.001)

    def _rate(self, now: float) -> float:
        if self._measured is None:
            return self._cap
        calm = max(0.0, (now - self._refused_at) / _PROBE_AFTER_SECONDS - 1)
        return min(self._cap, self._measured * (1 + calm**2))


class Limiters:
    """The process's limiters, by account, Region, service and operation (or class of them)."""

    def __init__(
        self,
        documented: Mapping[tuple[str, str], Rate] = DOCUMENTED,
        clock: Clock = time.monotonic,
    ) -> None:
        self._documented = documented
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, str, str], Limiter] = {}

    def of(self, account: str, region: str, service: str, operation: str) -> Limiter:
        """The limiter that a call shares; made at its first use, with a full bucket."""
        known = self._documented.get((service, operation))
        if known is None and (known := self._documented.get((service, ""))) is not None:
            operation = ""
        key = (account, region, service, operation)
        with self._lock:
            if key not in self._made:
                self._made[key] = Limiter(known, self._clock)
            return self._made[key]


#: Shared by all sessions of the process: AWS counts them together.
SHARED = Limiters()
