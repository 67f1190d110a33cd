"""Switching the service on and off for an account in a region."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from include.audit_manager.service.models import (
    Account,
    Assessment,
    Change,
    Control,
    Framework,
    Upload,
)
from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request
from include.audit_manager.service.settings import check_kms_key, fresh_settings


def register_account(request: Request) -> dict[str, Any]:
    """RegisterAccount: again is no error; kept data comes back; the delegate can't be changed."""
    check_kms_key(request.params.get("kmsKey"))
    row = request.session.get(Account, (request.account, request.region))
    delegate = request.params.get("delegatedAdminAccount")
    if row is None:
        row = Account(
            account=request.account,
            region=request.region,
            active=False,
            delegated_admin=None,
            registered_at=request.now,
            settings=fresh_settings(),
        )
        request.session.add(row)
    if delegate is not None and delegate != row.delegated_admin:
        if row.active:
            raise invalid(
                f"Cannot change delegated Admin for an active account {request.account} "
                f"from {row.delegated_admin or 'null'} to {delegate}",
                "delegatedAdminAccount",
            )
        row.delegated_admin = delegate
    if not row.active:
        row.active = True
        row.registered_at = request.now
    if "kmsKey" in request.params:
        row.settings = {**row.settings, "kmsKey": request.params["kmsKey"]}
    return {"status": "ACTIVE"}


def get_account_status(request: Request) -> dict[str, Any]:
    """GetAccountStatus: INACTIVE also for an account that never registered."""
    return {"status": "ACTIVE" if request.is_registered() else "INACTIVE"}


def deregister_account(request: Request) -> dict[str, Any]:
    """DeregisterAccount: data is kept unless the deregistration policy says to delete ALL."""
    row = request.registration()
    row.active = False
    row.delegated_admin = None
    if row.settings["deregistrationPolicy"]["deleteResources"] == "ALL":
        # Evidence, reports and control sets go with their assessments and frameworks.
        for table in (Assessment, Framework, Control, Upload, Change):
            request.session.execute(
                delete(table).where(
                    table.account == request.account, table.region == request.region
                )
            )
        row.settings = fresh_settings()
    return {"status": "INACTIVE"}
