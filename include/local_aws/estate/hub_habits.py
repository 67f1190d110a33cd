"""What people do in Security Hub: standards on and off, controls switched, findings suppressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from include.local_aws.estate.deployments import Deployed
from include.local_aws.estate.parameters import DAY, Parameters, moment

#: Security Hub's standards and the controls they hold, as the stand-in's Security Hub knows them.
_STANDARDS = Path(__file__).parents[1] / "services" / "securityhub" / "standards.yaml"
#: A standard whose controls all stand in others too, or are answered by AWS Config.
BRIEF_STANDARD = "cis-3.0.0"
_REASONS = ("Covered by another tool.", "Not relevant for this workload.", "Noise in sandboxes.")
_NOTES = ("Accepted until the migration is done.", "False positive, ticket SEC-1042.")


@cache
def _file() -> Mapping[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Mapping[str, Any] = yaml.load(_STANDARDS.read_bytes(), Loader=loader)
    return found


def standard_rows(
    given: Parameters, account: str, region: str
) -> Iterator[tuple[str, str, str, int, int | None]]:
    """Rows of the table ``standards``: those that are always on, and one that is on for a while."""
    rng = given.rng("standards", account, region)
    for key, standard in _file()["standards"].items():
        arn = standard["arn"].format(region=region)
        if standard["enabled"]:
            yield account, region, arn, given.joined, None
        elif key == BRIEF_STANDARD:
            # Enabled before the history, and switched off in one of its earlier months.
            off = moment(rng, given.history_start, given.boundaries[0])
            yield account, region, arn, given.joined, off or given.boundaries[0] - DAY


def containing(control: str, region: str) -> list[str]:
    """ARNs of the standards that are always on and hold the control."""
    file = _file()
    return [
        file["standards"][key]["arn"].format(region=region)
        for key in file["controls"].get(control, ())
        if file["standards"][key]["enabled"]
    ]


def switch_rows(
    given: Parameters, account: str, region: str, rows: Iterable[Deployed]
) -> Iterator[tuple[str, str, str, str, str, str, int]]:
    """Rows of ``control_switches``: when a control goes off in every standard, and on again."""
    for row in rows:
        if row.source != "security_hub":
            continue
        reason = given.rng("reason", account, region, row.keyword).choice(_REASONS)
        for standard in containing(row.keyword, region):
            where = account, region, row.keyword, standard
            if row.from_t > given.history_start:
                yield *where, "ENABLED", "", row.from_t
            if row.to_t is not None:
                yield *where, "DISABLED", reason, row.to_t


def is_consolidated(given: Parameters, region: str) -> bool:
    """Whether a control has one finding whatever the number of standards; off in one region."""
    names = given.region_names
    return len(names) == 1 or region != given.rng("not consolidated").choice(names)


def suppression_rows(
    given: Parameters,
    account: str,
    region: str,
    rows: Iterable[Deployed],
    failing: Iterable[tuple[str, str, int]],
) -> Iterator[tuple[str, str, str, str, int, int | None, str, str]]:
    """Rows of ``suppressions``: some failing findings are put out of sight, some only for a while.

    ``failing`` are (check, ARN, since when), not before the history began.
    """
    controls = {row.check_id: row.keyword for row in rows if row.source == "security_hub"}
    for check, arn, since in failing:
        rng = given.rng("suppression", arn, check, since)
        if check not in controls or rng.random() >= 0.12:
            continue
        at = moment(rng, since + DAY, min(since + 20 * DAY, given.now))
        if at is None:
            continue
        until = moment(rng, at + DAY, at + 30 * DAY) if rng.random() < 0.4 else None
        who = f"arn:aws:sts::{account}:assumed-role/Developer/{rng.choice(('jdoe', 'kchen'))}"
        to_t = until if until is not None and until < given.now else None
        yield account, region, controls[check], arn, at, to_t, rng.choice(_NOTES), who
