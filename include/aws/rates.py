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
#: How far above the measured rate to ask, so that nothing granted is left lying: at once, and
#: after half a minute without a new measurement, when the limit may have been lifted.
_ABOVE, _CREEP_PER_SECOND, _PROBE_AFTER_SECONDS = 1.03, 0.004, 30.0
#: How much of a request's time to wait after a refusal, when the bucket must be nearly full enough.
_EARLY = 0.15
#: Seconds that a refused call waits while no rate is known: at first, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 20.0
#: As slow as anything becomes, in requests per second.
_SLOWEST = 0.1


class Limiter:
    """One bucket, shared by all that ask. Thread-safe; times are seconds of ``clock``."""

    def __init__(self, known: Rate | None = None, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known = known
        self._cap = known.per_second * _SHARE if known and known.at_once else float("inf")
        self._burst = max(1.0, known.burst - _RESERVE) if known else 1.0
        #: What was measured while calls were refused; None while nothing is known to be slower.
        self._measured: float | None = None
        self._measured_at = self._filled = clock()
        self._tokens = self._burst
        self._crowding = 0.0
        self._streak = 0
        self._passes: deque[float] = deque(maxlen=12)

    @property
    def rate(self) -> float:
        """Requests per second allowed now; infinite while nothing is known."""
        with self._lock:
            return self._rate(self._clock())

    @property
    def spacing(self) -> float:
        """Seconds between two calls, 0 while nothing is known."""
        return 1 / self.rate

    def reserve(self) -> float:
        """Seconds to wait before sending: the caller's place in the queue."""
        with self._lock:
            now = self._clock()
            rate = self._rate(now)
            if rate == float("inf"):
                return 0.0
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * rate) - 1
            self._filled = now
            return max(0.0, -self._tokens / rate)

    def pause(self, times: int) -> float:
        """Seconds a call that was refused ``times`` times in a row waits before it queues again.

        While the rate is being found, ever longer; then the queue itself is the pause.
        """
        with self._lock:
            now = self._clock()
            if self._measured is not None:
                return 0.0
            alive = bool(self._passes) and now - self._passes[-1] < _LONGEST_PAUSE / 4
        longest = _LONGEST_PAUSE / 20 if alive else _LONGEST_PAUSE
        return float(min(longest, _FIRST_PAUSE * 2 ** (times - 1)))

    def passed(self) -> None:
        """A call was answered."""
        with self._lock:
            self._crowding -= self._crowding * _MEMORY
            self._streak = 0
            self._passes.append(self._clock())

    def refused(self) -> None:
        """A call was throttled."""
        with self._lock:
            self._crowding += (1 - self._crowding) * _MEMORY
            now = self._clock()
            if self._known:
                # It was emptied, be it by somebody else: what was left of it is gone.
                self._cap = self._known.per_second * _SHARE
                self._tokens, self._filled = min(self._tokens, 0.0), now
            rate = self._rate(now)
            if self._measured is not None:
                # It took nothing from the bucket, which will hold a whole request before long.
                self._streak += 1
                self._tokens = min(
                    self._tokens + max(0.0, 1 - _EARLY * 2 ** (self._streak - 1)), 0.0
                )
            if self._crowding < _CROWDED:
                return
            passes = len(self._passes)
            goodput = passes / max(now - self._passes[0], 0.001) if passes > 1 else 1.0
            self._measured = max(_SLOWEST, min(goodput, rate))
            self._measured_at = self._filled = now
            self._tokens = min(self._tokens, 0.0)
            self._crowding /= 2

    def _rate(self, now: float) -> float:
        if self._measured is None:
            return self._cap
        calm = now - self._measured_at
        above = _ABOVE + _CREEP_PER_SECOND * calm
        if calm > _PROBE_AFTER_SECONDS:
            above += ((calm - _PROBE_AFTER_SECONDS) / _PROBE_AFTER_SECONDS) ** 2
        return min(self._cap, self._measured * above)


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
