"""What is switched on where: Config rules, Security Hub controls, API calls, with some variety."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.local_aws.estate.checks import Check, deployable_checks
from include.local_aws.estate.names import lower_id
from include.local_aws.estate.parameters import DAY, Parameters, moment

#: One of these, chosen by the seed, nobody can answer in one place.
BLIND_CANDIDATES = ("efs-encrypted", "macie-enabled", "rds-cluster-multi-az")


@dataclass(frozen=True)
class Blind:
    """The check that neither source answers in one account and region."""

    check: str
    account: str
    region: str


def blind_spot(given: Parameters, places: list[tuple[str, str]]) -> Blind:
    """Where nobody looks, and at what."""
    rng = given.rng("blind spot")
    account, region = rng.choice(places)
    return Blind(rng.choice(BLIND_CANDIDATES), account, region)


def deployments(
    given: Parameters, account: str, region: str, blind: Blind
) -> Iterator[dict[str, Any]]:
    """Rows of the deployments table for one place.

    Where a source is left out or comes late, another one answers the check in its stead.
    """
    rng = given.rng("deployments", account, region)
    home = region == given.region_names[0]
    checks = [check for check in deployable_checks() if home or not check.account_wide]
    both = [c.id for c in checks if {"aws_config", "security_hub"} <= c.keywords.keys()]
    chosen = rng.sample(both, k=min(6, len(both)))
    without_config, without_hub, late = chosen[:2], chosen[2:4], chosen[4:]
    start = given.history_start
    middle = moment(rng, start + 10 * DAY, given.now - 3 * DAY) or start
    names = _rule_names(checks)
    for check in checks:
        for source, keyword in check.keywords.items():
            missing = (
                (source == "aws_config" and check.id in without_config)
                or (source == "security_hub" and check.id in without_hub)
                or (check.id, account, region) == (blind.check, blind.account, blind.region)
            )
            rule_id = lower_id(rng, 6)
            if missing:
                continue
            comes_late = source == "aws_config" and check.id in late
            yield {
                "check_id": check.id,
                "source": source,
                "keyword": keyword,
                "parameters": check.parameters(source),
                "account": account,
                "region": region,
                "name": names[check.id] if source == "aws_config" else keyword,
                "arn": _arn(source, account, region, keyword, rule_id),
                "from_t": middle if comes_late else start,
                "to_t": None,
            }


def _rule_names(checks: list[Check]) -> dict[str, str]:
    """A name per check, distinct where several checks deploy the same rule identifier."""
    uses = Counter(check.keywords.get("aws_config") for check in checks)
    names = {}
    for check in checks:
        keyword = check.keywords.get("aws_config")
        if keyword is not None:
            name = keyword.lower().replace("_", "-")
            names[check.id] = name if uses[keyword] == 1 else f"{name}-{check.id.split('-')[-1]}"
    return names


def _arn(source: str, account: str, region: str, keyword: str, rule_id: str) -> str:
    if source == "aws_config":
        return f"arn:aws:config:{region}:{account}:config-rule/config-rule-{rule_id}"
    if source == "security_hub":
        return f"arn:aws:securityhub:{region}:{account}:security-control/{keyword}"
    return ""
