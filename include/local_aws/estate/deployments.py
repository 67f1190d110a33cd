"""What is switched on where: Config rules, Security Hub controls, API calls, with some variety."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from include.digests import sha256
from include.local_aws.estate.checks import Check, deployable_checks, idle_checks
from include.local_aws.estate.names import lower_id
from include.local_aws.estate.parameters import DAY, Parameters, moment
from include.local_aws.estate.variants import CUSTOM, Chosen, chosen_variants

#: One of these, chosen by the seed, nobody can answer in one place.
BLIND_CANDIDATES = ("efs-encrypted", "macie-enabled", "rds-cluster-multi-az")
#: These stay as they are: their rules are the organisation's, the same in all accounts.
_OF_ORGANISATION = ("rds-not-public", "vpc-flow-logs")
_JUDGED = frozenset({"aws_config", "security_hub"})


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


@dataclass(frozen=True)
class Deployed:
    """One row of the table ``deployments``, its columns in order."""

    check_id: str
    source: str
    keyword: str
    parameters: str
    account: str
    region: str
    name: str
    arn: str
    from_t: int
    to_t: int | None
    owner: str = "managed"
    scope: str | None = None

    def row(self) -> list[Any]:
        """The values of its columns."""
        return [getattr(self, name) for name in self.__match_args__]


@dataclass(frozen=True)
class Plan:
    """Which checks are special in one place: who does not answer them, from when, until when."""

    without_config: frozenset[str]
    without_hub: frozenset[str]
    late: frozenset[str]
    middle: int
    #: (check, source) -> when it is switched off, and on again (None: for good)
    interrupted: Mapping[tuple[str, str], tuple[int, int | None]]
    in_pack: frozenset[str]
    variants: tuple[Chosen, ...]


def deployments(
    given: Parameters,
    account: str,
    region: str,
    blind: Blind,
    lasting: Mapping[str, str],
) -> Iterator[Deployed]:
    """The rows of one place.

    Where a source is left out, comes late or goes, another one answers the check in its stead.
    ``lasting`` names, by resource type, the id of one that exists all the time.
    """
    rng = given.rng("deployments", account, region)
    home = region == given.region_names[0]
    checks = [check for check in deployable_checks() if home or not check.account_wide]
    plan = _plan(given, account, region, checks, blind)
    names = _rule_names(checks)
    for check in checks:
        for source in check.keywords:
            rule_id = lower_id(rng, 6)
            if (
                (source == "aws_config" and check.id in plan.without_config)
                or (source == "security_hub" and check.id in plan.without_hub)
                or (check.id, account, region) == (blind.check, blind.account, blind.region)
            ):
                continue
            comes_late = source == "aws_config" and check.id in plan.late
            since = plan.middle if comes_late else given.history_start
            rule = _deployed(check, source, account, region, names, rule_id, since)
            if source == "aws_config":
                yield from _rules(given, plan, check, rule, lasting)
            else:
                yield from _spans(plan, rule)
    if given.idle_rules:
        yield from _idle(given, account, region)


def _idle(given: Parameters, account: str, region: str) -> Iterator[Deployed]:
    """Rules and controls that find nothing, as the estate has no resources of their services."""
    home = region == given.region_names[0]
    checks = [check for check in idle_checks() if home or not check.account_wide]
    names = _rule_names(checks)
    for check in checks:
        for source in check.keywords:
            rule_id = sha256(f"{account}{region}{check.id}".encode())[:6]
            yield _deployed(check, source, account, region, names, rule_id, given.history_start)


def _deployed(
    check: Check,
    source: str,
    account: str,
    region: str,
    names: Mapping[str, str],
    rule_id: str,
    since: int,
) -> Deployed:
    """The check's plain rule or control; ``names`` are those of the rules."""
    keyword = check.keywords[source]
    return Deployed(
        check.id,
        source,
        keyword,
        check.parameters(source),
        account,
        region,
        names[check.id] if source == "aws_config" else keyword,
        _arn(source, account, region, keyword, rule_id),
        since,
        None,
    )


def _plan(
    given: Parameters, account: str, region: str, checks: Sequence[Check], blind: Blind
) -> Plan:
    rng = given.rng("special checks", account, region)
    both = [c.id for c in checks if c.keywords.keys() >= _JUDGED and c.id != blind.check]
    chosen = rng.sample(both, k=min(10, len(both)))
    start = given.history_start
    middle = moment(rng, start + 10 * DAY, given.now - 3 * DAY) or start
    ordinary = frozenset(both) - frozenset(chosen) - frozenset(_OF_ORGANISATION)
    variants = chosen_variants(given, account, region, ordinary)
    plain = sorted(ordinary - {variant.check for variant in variants})
    return Plan(
        without_config=frozenset(chosen[:2]),
        without_hub=frozenset(chosen[2:4]),
        late=frozenset(chosen[4:6]),
        middle=middle,
        interrupted=_interruptions(given, rng, chosen[6:10]),
        in_pack=frozenset(rng.sample(plain, k=min(2, len(plain)))),
        variants=variants,
    )


def _interruptions(
    given: Parameters, rng: Any, chosen: Sequence[str]
) -> dict[tuple[str, str], tuple[int, int | None]]:
    """Rules and controls that are switched off in earlier months: for good, or for some weeks."""
    earlier = given.boundaries[:-1]
    found: dict[tuple[str, str], tuple[int, int | None]] = {}
    ways = (("aws_config", False), ("aws_config", True), ("security_hub", True))
    for check, (source, back) in zip(chosen, ways, strict=False):
        if not earlier:
            break
        boundary = rng.choice(earlier)
        off = moment(rng, boundary - 20 * DAY, boundary - 3 * DAY) or boundary - 5 * DAY
        on = moment(rng, boundary + 2 * DAY, boundary + 20 * DAY) or boundary + 5 * DAY
        found[check, source] = (off, on if back else None)
    return found


def _spans(plan: Plan, rule: Deployed) -> Iterator[Deployed]:
    """The rule, or what there is of it before and after it is switched off."""
    off, on = plan.interrupted.get((rule.check_id, rule.source), (None, None))
    if off is None:
        yield rule
        return
    yield replace(rule, to_t=off)
    if on is not None:
        # A rule made anew has an ARN of its own; a control stays what it is.
        again = f"{rule.arn}b" if rule.source == "aws_config" else rule.arn
        yield replace(rule, arn=again, from_t=on)


def _rules(
    given: Parameters, plan: Plan, check: Check, rule: Deployed, lasting: Mapping[str, str]
) -> Iterator[Deployed]:
    """Config's rules for a check: the plain one, or a variant instead, or beside it."""
    variant = next((one for one in plan.variants if one.check == check.id), None)
    rng = given.rng("rule", rule.arn)
    if check.id in plan.in_pack:
        name = f"{rule.name}-conformance-pack-{lower_id(rng, 9)}"
        rule = replace(rule, owner="conformance-pack", name=name)
    elif check.id in _OF_ORGANISATION:
        name = f"OrgConfigRule-{rule.name}-{lower_id(rng, 8)}"
        rule = replace(rule, owner="organization", name=name)
    narrowable = variant and (variant.way != "narrow" or check.resource_type in lasting)
    if variant is None or not variant.instead or not narrowable:
        yield from _spans(plan, rule)
    if variant is None or not narrowable:
        return
    other = replace(
        rule,
        check_id=variant.key,
        name=f"{rule.name}-{variant.way}",
        arn=f"{rule.arn}v",
        parameters=variant.parameters or rule.parameters,
    )
    if variant.way == "narrow":
        only = {
            "ComplianceResourceTypes": [check.resource_type],
            "ComplianceResourceId": lasting[check.resource_type],
        }
        other = replace(other, scope=json.dumps(only))
    elif variant.way == "custom":
        other = replace(other, owner="custom", name=CUSTOM[1], keyword=f"Custom_{CUSTOM[1]}")
    yield other


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
