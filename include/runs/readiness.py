"""Whether a run would find what it needs: asked before any run, changing nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from include.aws.errors import classify, is_no_bucket
from include.aws.organization import accounts_in_scope, regions_in_scope
from include.aws.sessions import SessionFactory
from include.errors import AuditError
from include.settings import Settings
from include.sources.probes import PROBES

#: ``missing`` stops a run or leaves a gap in it; ``warning`` may.
State = Literal["ok", "warning", "missing"]
_WORKERS = 8


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``remedy`` says what to do about it ('' if it is well)."""

    what: str
    where: str
    state: State
    said: str = ""
    remedy: str = ""


def examine(
    settings: Settings,
    sessions: SessionFactory,
    sources: Sequence[str],
    audit_manager: Callable[[], Any],
) -> Iterator[Finding]:
    """Look at everything a run would use; findings come as they are known.

    ``sources`` are those that the frameworks ask; ``audit_manager`` makes a client of Audit
    Manager. Nothing is written anywhere.
    """
    base = sessions.base()
    try:
        caller = base.caller_arn()
    except (ClientError, BotoCoreError) as error:
        yield _failed("credentials", "here", error, "sts")
        return
    yield Finding("credentials", caller, "ok")
    try:
        answer = base.client("ec2").describe_regions()
        regions = regions_in_scope(
            settings.regions, [region["RegionName"] for region in answer["Regions"]]
        )
        accounts = accounts_in_scope(settings.accounts, lambda: base.client("organizations"))
    except AuditError as error:
        yield Finding("scope", "settings", "missing", error.message, error.hint)
        return
    except (ClientError, BotoCoreError) as error:
        yield _failed("scope", "settings", error, "ec2")
        return
    if not accounts.ids:
        yield Finding("scope", "settings", "missing", "No accounts are named.", "Name accounts.")
        return
    yield Finding("scope", f"{len(accounts.ids)} accounts, {len(regions)} regions", "ok")
    for account, why in accounts.left_out:
        yield Finding("scope", account, "warning", f"It is left out: {why}.")
    own = dict.fromkeys([settings.evidence_bucket, settings.reports_bucket])
    for bucket in own:
        yield _bucket(base.client("s3"), bucket)
    for bucket in dict.fromkeys([settings.custom_bucket, settings.manual_bucket]):
        if bucket not in own:
            yield _bucket(base.client("s3"), bucket, made=False)
    if settings.audit_manager.enabled:
        yield _audit_manager(audit_manager)
    with ThreadPoolExecutor(_WORKERS) as pool:
        for found in pool.map(
            lambda account: list(_account(sessions, account, regions, sources)), accounts.ids
        ):
            yield from found


def _bucket(s3: Any, name: str, *, made: bool = True) -> Finding:
    """Whether a bucket can be used; ``made``: a run makes it when it isn't there."""
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if is_no_bucket(error) and made:
            return Finding("bucket", name, "ok", "The first run will make it.")
        if is_no_bucket(error):
            return Finding(
                "bucket", name, "missing", "It does not exist.", "Make it, or correct the settings."
            )
        return Finding(
            "bucket",
            name,
            "missing",
            "It exists, but may not be used: it is another account's, or a permission is missing.",
            "Choose another name in the settings, or grant what ./audit permissions runner prints.",
        )
    except BotoCoreError as error:
        return _failed("bucket", name, error, "s3")
    return Finding("bucket", name, "ok")


def _audit_manager(client: Callable[[], Any]) -> Finding:
    try:
        status = str(client().get_account_status()["status"])
    except (ClientError, BotoCoreError) as error:
        found = _failed("Audit Manager", "home region", error, "auditmanager")
        return Finding(
            found.what,
            found.where,
            "warning",
            found.said,
            "AWS takes no new customers: use the embedded one (audit_manager.endpoint), or switch "
            "audit_manager.enabled off.",
        )
    if status == "ACTIVE":
        return Finding("Audit Manager", "home region", "ok")
    return Finding(
        "Audit Manager",
        "home region",
        "warning",
        f"Its status is {status}; the first run tries to register.",
        "AWS takes no new customers: use the embedded one (audit_manager.endpoint).",
    )


def _account(
    sessions: SessionFactory, account: str, regions: Sequence[str], sources: Sequence[str]
) -> Iterator[Finding]:
    clients = sessions.account(account)
    try:
        role = clients.caller_arn()
    except (ClientError, BotoCoreError) as error:
        failed = _failed("role", account, error, "sts")
        yield Finding(
            failed.what,
            failed.where,
            "missing",
            failed.said,
            f"Make the role {sessions.role_name} there, with what ./audit permissions prints.",
        )
        return
    yield Finding("role", account, "ok", role)
    for source in sources:
        probe = PROBES.get(source)
        if probe is None:
            continue
        for region in regions[:1] if probe.home_only else regions:
            place = f"{account} {region}"
            try:
                lacks = probe.ask(clients, region)
            except (ClientError, BotoCoreError) as error:
                yield _failed(source, place, error, probe.service)
                continue
            yield Finding(source, place, "warning" if lacks else "ok", lacks)


def _failed(what: str, where: str, error: Exception, service: str) -> Finding:
    failure = classify(error, service)
    if failure.status == "NOT_ENABLED":
        return Finding(what, where, "warning", "It is not enabled here.", "Enable it.")
    if failure.missing_permission:
        return Finding(
            what,
            where,
            "missing",
            f"{failure.code}: {failure.missing_permission} is missing.",
            "Grant it; ./audit permissions prints the whole policy.",
        )
    return Finding(what, where, "missing", f"{failure.code}: {failure.message}")
