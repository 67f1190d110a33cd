"""The advanced query language is read as Config reads it, and refused where Config refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from include.local_aws.services.config.query import InvalidExpression, parse

ROWS: list[dict[str, Any]] = [
    {
        "resourceType": kind,
        "resourceId": f"r-{number}",
        "configuration": {
            "size": number,
            "on": number % 2 == 0,
            "rules": [{"name": "a", "says": "yes"}, {"name": "b", "says": "no" * (number % 2)}],
        },
    }
    for number, kind in enumerate(["X::A", "X::A", "X::B", "X::B", "Y::A"])
]


def ids(where: str) -> list[str]:
    found = parse(f"SELECT resourceId WHERE {where}").run(ROWS)
    return [row["resourceId"][-1] for row in found]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("resourceType = 'X::A'", "01"),
        ("resourceType IN ('X::A', 'Y::A')", "014"),
        ("resourceType NOT IN ('X::A', 'Y::A')", "23"),
        ("NOT resourceType = 'X::A' AND configuration.size < 4", "23"),
        ("configuration.size BETWEEN 1 AND 3", "123"),
        ("configuration.size >= 3 OR resourceId = 'r-0'", "034"),
        ("(configuration.size = 0 OR configuration.size = 3) AND resourceType = 'X::B'", "3"),
        ("resourceType LIKE 'X::%'", "0123"),
        ("configuration.on = true", "024"),
        # Any element of a list may match.
        ("configuration.rules.says = 'no'", "13"),
        ("configuration.rules.name = 'c'", ""),
        # Text isn't a number.
        ("configuration.size = '3'", ""),
    ],
)
def test_where(where: str, expected: str) -> None:
    assert "".join(ids(where)) == expected


def test_only_what_is_selected_is_shown_in_its_place() -> None:
    query = parse(
        "SELECT resourceId, configuration.rules.name, configuration.rules.says, configuration.size"
        " WHERE resourceId = 'r-1' ORDER BY resourceId"
    )
    assert query.run(ROWS) == [
        {
            "resourceId": "r-1",
            "configuration": {
                "rules": [{"name": "a", "says": "yes"}, {"name": "b", "says": "no"}],
                "size": 1,
            },
        }
    ]
    assert ROWS[1]["configuration"]["size"] == 1
    assert [field.name for field in query.fields][1] == "configuration.rules.name"


def test_groups_are_counted_and_ordered() -> None:
    query = parse(
        "SELECT resourceType, COUNT(*), MAX(configuration.size)"
        " GROUP BY resourceType ORDER BY COUNT(*) DESC"
    )
    assert query.aggregated
    assert query.run(ROWS) == [
        {"resourceType": "X::A", "COUNT(*)": 2, "MAX(configuration.size)": 1},
        {"resourceType": "X::B", "COUNT(*)": 2, "MAX(configuration.size)": 3},
        {"resourceType": "Y::A", "COUNT(*)": 1, "MAX(configuration.size)": 4},
    ]
    assert parse("SELECT COUNT(*) WHERE resourceType = 'none'").run(ROWS) == [{"COUNT(*)": 0}]


@pytest.mark.parametrize(
    ("where", "types"),
    [
        ("resourceType = 'X'", {"X"}),
        ("resourceType IN ('X', 'Y') AND configuration.size = 1", {"X", "Y"}),
        ("resourceType = 'X' OR resourceType = 'Y'", {"X", "Y"}),
        ("resourceType = 'X' OR configuration.size = 1", None),
        ("NOT resourceType = 'X'", None),
        ("resourceType <> 'X'", None),
    ],
)
def test_the_types_a_query_is_limited_to(where: str, types: set[str] | None) -> None:
    assert parse(f"SELECT resourceId WHERE {where}").types == types


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "SELECT",
        "resourceId",
        "SELECT resourceId FROM everything",
        "SELECT DISTINCT resourceId",
        "SELECT resourceId WHERE",
        "SELECT resourceId WHERE resourceType",
        "SELECT resourceId WHERE resourceType = X",
        "SELECT resourceId WHERE resourceType = 'X",
        "SELECT resourceId WHERE resourceType IN ()",
        "SELECT resourceId WHERE resourceId LIKE '%abc'",
        "SELECT resourceId WHERE resourceId LIKE 'ab%'",
        "SELECT resourceId WHERE resourceId = NULL",
        "SELECT resourceId, COUNT(*)",
        "SELECT resourceId WHERE (resourceType = 'X'",
        "SELECT resourceId WHERE resourceType = 'X' resourceId",
    ],
)
def test_what_config_does_not_understand_is_refused(expression: str) -> None:
    with pytest.raises(InvalidExpression):
        parse(expression)
