"""Which accounts and regions a scope means: by name, by unit, or the whole organisation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import classify, error_code
from include.errors import AuditError, InputError

#: In ``accounts``: every account of the organisation. In ``regions``: every enabled region.
ORGANIZATION, ENABLED = "organization", "enabled"


@dataclass(frozen=True)
class Accounts:
    """The accounts meant, and those that are meant but can't be assessed, with the reason."""

    ids: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def accounts_in_scope(selectors: Sequence[str], organizations: Callable[[], Any]) -> Accounts:
    """The accounts that ``selectors`` mean; ``organizations`` makes the client if one is needed.

    A selector is an account id, an organisational unit or root (with all units below it), or
    ``organization``. Ids named one by one come first, in their order; the others follow, sorted.
    A suspended account can't be assessed: it is left out, with the reason. Raises InputError for
    a unit that doesn't exist or holds no account.
    """
    named = [one for one in selectors if one.isdigit()]
    found: dict[str, str] = {}
    for selector in selectors:
        if selector in named:
            continue
        accounts = dict(_accounts_of(selector, organizations()))
        if not accounts:
            raise InputError(
                f"There is no account in {selector}.",
                hint="Correct 'accounts' in the settings, or name the accounts one by one.",
            )
        found |= accounts
    ids = list(dict.fromkeys(named))
    ids += [id_ for id_, state in sorted(found.items()) if state == "ACTIVE" and id_ not in ids]
    left_out = [
        (id_, f"the account is {state.lower().replace('_', ' ')}")
        for id_, state in sorted(found.items())
        if state != "ACTIVE" and id_ not in ids
    ]
    return Accounts(tuple(ids), tuple(left_out))


def _accounts_of(selector: str, organizations: Any) -> Iterator[tuple[str, str]]:
    """(id, state) of the accounts of one unit and all units below it."""
    try:
        if selector == ORGANIZATION:
            yield from _states(_listed(organizations, "list_accounts", "Accounts"))
            return
        waiting = [selector]
        while waiting:
            parent = waiting.pop()
            yield from _states(
                _listed(organizations, "list_accounts_for_parent", "Accounts", ParentId=parent)
            )
            waiting += [
                unit["Id"]
                for unit in _listed(
                    organizations,
                    "list_organizational_units_for_parent",
                    "OrganizationalUnits",
                    ParentId=parent,
                )
            ]
    except ClientError as error:
        raise _explained(error, selector) from error


def _states(accounts: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for account in accounts:
        # "State" replaces "Status", which AWS retires in September 2026.
        yield account["Id"], account.get("State") or account.get("Status") or "ACTIVE"


def _listed(client: Any, operation: str, member: str, **request: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page[member]


def _explained(error: ClientError, selector: str) -> AuditError:
    code = error_code(error)
    if code == "ParentNotFoundException":
        return InputError(
            f"The organisation has no unit {selector}.", hint="Correct 'accounts' in the settings."
        )
    if code == "AWSOrganizationsNotInUseException":
        return InputError(
            f"'{selector}' can't be resolved: the account belongs to no organisation.",
            hint="Name the accounts in the settings one by one.",
        )
    failure = classify(error, "organizations")
    if failure.status == "DENIED":
        return InputError(
            f"AWS Organizations may not be asked: {failure.missing_permission} is missing.",
            hint="Run from the management account or a delegated administrator, or name the "
            "accounts one by one.",
        )
    return AuditError(f"AWS Organizations can't be asked: {failure.code}: {failure.message}")


def regions_in_scope(selectors: Sequence[str], enabled: Collection[str]) -> tuple[str, ...]:
    """The regions that ``selectors`` mean: names, and ``enabled`` for all that are switched on.

    ``enabled`` are the home account's, as EC2 describes them. Those named come first, in their
    order, then the others, sorted. Raises InputError for a named one that isn't enabled.
    """
    named = [one for one in selectors if one != ENABLED]
    missing = [region for region in named if region not in enabled]
    if missing:
        raise InputError(
            f"The region {', '.join(missing)} is not enabled in the home account.",
            hint="Correct 'regions' in the settings.",
        )
    others = sorted(set(enabled) - set(named)) if ENABLED in selectors else []
    return (*named, *others)
