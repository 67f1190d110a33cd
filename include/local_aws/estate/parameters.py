"""What an estate is made from: seed, size, history and clock, checked; and its calendar."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from include.assessment.period import Period, named
from include.clock import from_epoch, iso
from include.errors import InputError

HOUR = 3600
DAY = 24 * HOUR
#: Seconds after midnight of a month's first day in which only planned edge changes happen.
QUIET = 6 * HOUR
#: Limits of resources per account and region: with fewer, not every kind would be there.
FEWEST_RESOURCES = 30
MOST_RESOURCES = 100_000

REGIONS = (
    "us-east-1",
    "eu-west-1",
    "eu-central-1",
    "us-west-2",
    "ap-southeast-2",
    "ap-northeast-1",
    "ca-central-1",
    "eu-north-1",
    "sa-east-1",
    "us-east-2",
    "ap-south-1",
    "eu-west-2",
    "ap-southeast-1",
    "eu-west-3",
    "ap-northeast-2",
    "us-west-1",
    "ap-northeast-3",
)


@dataclass(frozen=True)
class Parameters:
    """Equal parameters make equal estates. ``resources`` counts per account and region.

    With ``idle_rules``, every rule and control is deployed, too, that is about services of which
    the estate has no resources.
    """

    seed: int
    accounts: int
    regions: int
    resources: int
    months: int
    clock: datetime
    idle_rules: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (
            ("accounts", 1, 1000),
            ("regions", 1, len(REGIONS)),
            ("resources", FEWEST_RESOURCES, MOST_RESOURCES),
            ("months", 1, 36),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    f"An estate can't have {name} = {value}.",
                    hint=f"Choose a number from {low} to {high}.",
                )
        if self.clock.tzinfo is None:
            raise InputError(
                f"The estate's clock {self.clock} has no time zone.",
                hint="Give it as ISO 8601 with a zone, such as 2026-11-01T06:00:00Z.",
            )

    def rng(self, *purpose: object) -> random.Random:
        """A generator of its own for each purpose, so that parts don't disturb each other."""
        return random.Random(":".join(map(str, (self.seed, *purpose))))

    @property
    def now(self) -> int:
        """The clock as epoch seconds."""
        return int(self.clock.timestamp())

    @property
    def months_started(self) -> list[int]:
        """Epoch seconds at which each month of history starts, then the clock's own month."""
        clock = self.clock.astimezone(UTC)
        serial = clock.year * 12 + clock.month - 1
        return [
            int(datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC).timestamp())
            for n in range(serial - self.months, serial + 1)
        ]

    @property
    def history_start(self) -> int:
        """The first second of the first month of history."""
        return self.months_started[0]

    @property
    def joined(self) -> int:
        """When all accounts came into being: before anything in them."""
        return self.history_start - 5 * 365 * DAY + 9 * HOUR

    @property
    def boundaries(self) -> list[int]:
        """The first second of each month but the first: where one period ends, the next begins."""
        return self.months_started[1:]

    @property
    def periods(self) -> list[Period]:
        """The whole months of history, oldest first."""
        starts = [from_epoch(at) for at in self.months_started]
        return [named(a, b) for a, b in pairwise(starts)]

    @property
    def region_names(self) -> list[str]:
        """Home region first."""
        return list(REGIONS[: self.regions])

    def to_json(self) -> dict[str, int | str | bool]:
        """Plain JSON values, as kept in the estate's description."""
        return {
            "seed": self.seed,
            "accounts": self.accounts,
            "regions": self.regions,
            "resources": self.resources,
            "months": self.months,
            "clock": iso(self.clock),
            "idle_rules": self.idle_rules,
        }


def month_start(at: int) -> int:
    """The first second of the month that ``at`` lies in."""
    return int(datetime(*_year_and_month(at), 1, tzinfo=UTC).timestamp())


def month_end(at: int) -> int:
    """The first second of the month after the one that ``at`` lies in."""
    year, month = _year_and_month(at)
    serial = year * 12 + month
    return int(datetime(serial // 12, serial % 12 + 1, 1, tzinfo=UTC).timestamp())


def _year_and_month(at: int) -> tuple[int, int]:
    moment = from_epoch(at)
    return moment.year, moment.month


def moment(rng: random.Random, low: int, high: int) -> int | None:
    """A second of a working day's hours (07 to 19 UTC) within [low, high), or None if none fits.

    Never within the first hours of a month, as those begin at midnight.
    """
    first, last = low // DAY, (high - 1) // DAY
    for _ in range(4):
        if last < first:
            return None
        at = rng.randint(first, last) * DAY + rng.randint(7 * HOUR, 19 * HOUR - 1)
        if low <= at < high:
            return at
    return None


def default_clock() -> datetime:
    """06:00 UTC on the first of the present month: when a scheduled run would start."""
    return datetime.now(UTC).replace(day=1, hour=6, minute=0, second=0, microsecond=0)
