"""Who is in scope: accounts by id, by organisational unit, or the whole organisation."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.aws.organization import accounts_in_scope, regions_in_scope
from include.errors import InputError


@pytest.fixture
def organizations() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "organizations",
            region_name="us-east-1",
            aws_access_key_id="111111111111",
            aws_secret_access_key="x",
        )


@pytest.fixture
def tree(organizations: Any) -> dict[str, str]:
    """A root with the unit ``work`` and, below it, ``team``; one account in each, one suspended."""
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    work = organizations.create_organizational_unit(ParentId=root, Name="work")
    team = organizations.create_organizational_unit(
        ParentId=work["OrganizationalUnit"]["Id"], Name="team"
    )
    units = {
        "root": root,
        "work": work["OrganizationalUnit"]["Id"],
        "team": team["OrganizationalUnit"]["Id"],
    }
    for name, unit in (("builds", "work"), ("shop", "team"), ("old", "team")):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.org")
        id_ = made["CreateAccountStatus"]["AccountId"]
        organizations.move_account(
            AccountId=id_, SourceParentId=root, DestinationParentId=units[unit]
        )
        units[name] = id_
    organizations.close_account(AccountId=units["old"])
    return units


def nobody() -> Any:
    raise AssertionError("AWS Organizations was asked")


def test_accounts_named_one_by_one_need_nobody_to_be_asked() -> None:
    named = ("222222222222", "111111111111")
    assert accounts_in_scope(named, nobody).ids == named


def test_a_unit_means_its_accounts_and_those_of_the_units_below(
    organizations: Any, tree: dict[str, str]
) -> None:
    found = accounts_in_scope([tree["work"]], lambda: organizations)
    assert found.ids == tuple(sorted([tree["builds"], tree["shop"]]))
    assert accounts_in_scope([tree["team"]], lambda: organizations).ids == (tree["shop"],)


def test_a_closed_account_is_left_out_with_the_reason(
    organizations: Any, tree: dict[str, str]
) -> None:
    found = accounts_in_scope(["organization"], lambda: organizations)
    assert tree["old"] not in found.ids
    assert len(found.ids) == 3
    [(account, why)] = found.left_out
    assert account == tree["old"]
    assert why.startswith("the account is ")


def test_what_is_named_comes_first_and_only_once(organizations: Any, tree: dict[str, str]) -> None:
    found = accounts_in_scope(["999999999999", tree["shop"], "organization"], lambda: organizations)
    assert found.ids[:2] == ("999999999999", tree["shop"])
    assert len(set(found.ids)) == len(found.ids) == 4


def test_an_unknown_unit_is_named(organizations: Any, tree: dict[str, str]) -> None:
    with pytest.raises(InputError, match="ou-abcd-12345678"):
        accounts_in_scope(["ou-abcd-12345678"], lambda: organizations)


def test_without_an_organisation_the_error_says_what_to_do(organizations: Any) -> None:
    with pytest.raises(InputError, match="one by one"):
        accounts_in_scope(["organization"], lambda: organizations)


def test_enabled_regions_follow_those_named() -> None:
    enabled = ["us-east-1", "eu-west-1", "ap-south-1"]
    assert regions_in_scope(["eu-west-1"], enabled) == ("eu-west-1",)
    assert regions_in_scope(["us-east-1", "enabled"], enabled) == (
        "us-east-1",
        "ap-south-1",
        "eu-west-1",
    )


def test_a_region_that_is_not_enabled_is_named() -> None:
    with pytest.raises(InputError, match="me-south-1"):
        regions_in_scope(["us-east-1", "me-south-1"], ["us-east-1"])
