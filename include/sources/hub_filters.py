"""What is asked of GetFindings: one account's own control findings, at once or in parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Filters = Mapping[str, Sequence[Mapping[str, str]]]

#: From so many open findings on, several cursors are worth the calls that their last pages cost.
MANY = 2_000
#: Resource types whose passed findings make up about equal parts of a usual hub.
_SHARES: tuple[tuple[str, ...], ...] = (("AwsEc2",), ("AwsIam", "AwsS3", "AwsLambda"))


def own_findings(account: str, region: str) -> Filters:
    """Findings that Security Hub made itself, of one account and region.

    An administrator's hub also shows those of its members, an aggregation region's those of
    other regions; each belongs to a cell of its own.
    """
    return {
        "ProductName": _values("EQUALS", "Security Hub"),
        "AwsAccountId": _values("EQUALS", account),
        "Region": _values("EQUALS", region),
    }


def partitions(base: Filters, open_findings: int = MANY) -> tuple[Filters, ...]:
    """Filters that are disjoint and together let through exactly what ``base`` does.

    Unwanted values are those that nothing else asks for, so that findings with an unknown value,
    or none, are in a part, too. (A finding about resources of several types may come twice.)
    A hub with few ``open_findings`` is asked in one piece.
    """
    if open_findings < MANY:
        return (base,)
    passed = {**base, "ComplianceStatus": _values("EQUALS", "PASSED")}
    return (
        {**base, "ComplianceStatus": _values("EQUALS", "FAILED")},
        {**base, "ComplianceStatus": _values("NOT_EQUALS", "FAILED", "PASSED")},
        *({**passed, "ResourceType": _values("PREFIX", *share)} for share in _SHARES),
        {**passed, "ResourceType": _values("PREFIX_NOT_EQUALS", *_all(_SHARES))},
    )


def _all(shares: Sequence[Sequence[str]]) -> Iterator[str]:
    for share in shares:
        yield from share


def _values(comparison: str, *values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": comparison} for value in values]
