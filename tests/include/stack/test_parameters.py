"""Parameters of a local estate: their limits, their key, their clock."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.errors import InputError
from include.local_aws.estate.parameters import Parameters
from include.stack.parameters import EstateParameters, demo_clock

CLOCK = datetime(2026, 11, 1, 6, tzinfo=UTC)
USUAL = EstateParameters(clock=CLOCK)


def test_equal_parameters_share_a_state_directory_and_different_ones_do_not() -> None:
    assert EstateParameters(clock=CLOCK).key == USUAL.key
    others = [
        replace(USUAL, seed=8),
        replace(USUAL, accounts=4),
        replace(USUAL, regions=3),
        replace(USUAL, resources=101),
        replace(USUAL, months=5),
        replace(USUAL, clock=datetime(2026, 12, 1, 6, tzinfo=UTC)),
        replace(USUAL, idle_rules=False),
    ]
    assert len({USUAL.key, *(other.key for other in others)}) == 8


def test_parameters_survive_being_written_down() -> None:
    assert EstateParameters.from_json(USUAL.to_json()) == USUAL


def test_the_local_aws_gets_every_parameter() -> None:
    assert " ".join(USUAL.arguments()) == (
        "--seed 7 --accounts 3 --regions 2 --resources 100 --months 4 --clock 2026-11-01T06:00:00Z"
        " --idle-rules"
    )
    assert "--idle-rules" not in replace(USUAL, idle_rules=False).arguments()


@pytest.mark.parametrize(
    ("now", "clock"),
    [
        (datetime(2026, 11, 21, 10, tzinfo=UTC), CLOCK),
        (datetime(2026, 11, 1, 6, tzinfo=UTC), CLOCK),
        # Not settled yet: the schedule would still run September's.
        (datetime(2026, 11, 1, 5, 59, tzinfo=UTC), datetime(2026, 10, 1, 6, tzinfo=UTC)),
    ],
)
def test_the_clock_is_when_the_last_scheduled_run_started(now: datetime, clock: datetime) -> None:
    assert demo_clock(now) == clock


def test_an_impossible_number_is_named() -> None:
    with pytest.raises(InputError, match=r"--accounts is 0\. .* 1 and 200"):
        USUAL.changed(accounts=0)


def test_the_estate_accepts_every_number_of_resources_that_the_stack_accepts() -> None:
    with pytest.raises(InputError, match=r"--resources is 29\. .* 30 and 100000"):
        USUAL.changed(resources=29)
    fewest = USUAL.changed(resources=30)
    Parameters(**vars(fewest))


def test_values_not_given_stay() -> None:
    assert USUAL.changed(seed=9, accounts=None) == replace(USUAL, seed=9)
