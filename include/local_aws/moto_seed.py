"""What moto holds before the first request: the organisation and the role that audits assume."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from include.local_aws.estate.store import Estate

#: The role in each account that product code assumes from the management account.
AUDIT_ROLE = "ComplianceAuditRole"


def seed_estate(estate: Estate) -> None:
    """Make the estate's organisation and its audit roles in moto."""
    rows = estate.rows("SELECT id, name, email, joined, ou FROM accounts ORDER BY rowid")
    units = estate.rows("SELECT id, name, parent FROM organization_units ORDER BY rowid")
    seed_accounts([dict(row) for row in rows], [dict(unit) for unit in units])


def seed_accounts(accounts: Sequence[dict[str, Any]], units: Sequence[dict[str, Any]] = ()) -> None:
    """``accounts`` have id, name, email and joined (epoch seconds); the first one manages.

    ``units`` have id, name and parent, the root first; an account's ``ou`` is the id of one.
    """
    if not accounts:
        return
    management = accounts[0]["id"]
    for account in accounts:
        _audit_role(account["id"], management)
    _organisation(accounts, units)


def _audit_role(account: str, management: str) -> None:
    from moto.iam.models import iam_backends

    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{management}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam_backends[account]["aws"].create_role(
        role_name=AUDIT_ROLE,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="Read-only access for compliance assessments",
        tags=[],
        max_session_duration="3600",
    )


def _organisation(accounts: Sequence[dict[str, Any]], units: Sequence[dict[str, Any]]) -> None:
    from datetime import UTC, datetime

    from moto.organizations.models import (
        FakeAccount,
        FakeOrganizationalUnit,
        organizations_backends,
    )

    first = accounts[0]
    backend = organizations_backends[first["id"]]["aws"]
    backend.create_organization(region="us-east-1", FeatureSet="ALL")
    organisation = backend.org
    assert organisation is not None
    for unit in units:
        if unit["parent"] is None:
            root = backend.ou[0]
            organisation.root_id = root.id = backend.accounts[0].parent_id = unit["id"]
            continue
        made_unit = FakeOrganizationalUnit(organisation, Name=unit["name"], ParentId=unit["parent"])
        made_unit.id = unit["id"]
        backend.ou.append(made_unit)
    organisation.master_account_email = first["email"] or organisation.master_account_email
    for account in accounts:
        if account is first:
            made = backend.accounts[0]
        else:
            made = FakeAccount(organisation, AccountName=account["name"], Email=account["email"])
            made.id = account["id"]
            backend.accounts.append(made)
            organizations_backends.master_accounts[made.id] = (first["id"], "aws")
        made.parent_id = account.get("ou") or made.parent_id
        made.name = account["name"] or made.name
        made.email = account["email"] or made.email
        if account["joined"] is not None:
            made.create_time = datetime.fromtimestamp(account["joined"], UTC).replace(tzinfo=None)
