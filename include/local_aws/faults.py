"""Faults on purpose: what a caller meets when AWS throttles, denies, breaks or repeats itself."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from include.errors import InputError
from include.local_aws.page_faults import (
    Listings,
    asked_of,
    malformed,
    reordered,
    rewritten,
    shifted,
    with_dropped_token,
    with_repeated_token,
)
from include.local_aws.refusals import protocol_of
from include.protocol.errors import ServiceError
from include.protocol.http import Request, Response

Kind = Literal[
    "throttle",
    "access_denied",
    "expired_token",
    "server_error",
    "drop_token",
    "repeat_token",
    "delay",
    "malformed",
    "reset",
    "duplicate",
    "short_page",
    "reorder",
    "clock_skew",
    "not_enabled",
    "rewrite",
]
_KINDS = get_args(Kind)
#: What each kind does, for ``--help``.
EXPLAINED: dict[Kind, str] = {
    "throttle": "refused for coming too fast, as the service's protocol says it",
    "access_denied": "refused for want of a permission",
    "expired_token": "refused because the credentials are over",
    "server_error": "500, or the status given",
    "drop_token": "the page token is left out: the listing ends early",
    "repeat_token": "the page token is the one that was asked with",
    "delay": "answered after so many seconds",
    "malformed": "half of the body is missing (JSON and XML)",
    "reset": "the connection is closed without an answer",
    "duplicate": "the items of the page before come again (JSON listings)",
    "short_page": "a third of the page or nothing, with a token; nothing is lost (JSON listings)",
    "reorder": "the items of a page come the other way round (JSON listings)",
    "clock_skew": "the Date header is off by so many seconds (may be negative)",
    "not_enabled": "the service's own answer for being switched off",
    "rewrite": "every text of one member is another: an unknown word, a huge one",
}


@dataclass
class Fault:
    """One fault; fields that are None match everything.

    ``service`` is the boto3 client's name, or ``*`` for all. ``calls`` are the first and the last
    matching call that it hits, counted from 1 and including the SDK's own retries; None hits all.
    Of these, each is hit by the chance of ``probability``, which is the same for the same ``seed``
    and number of the call. ``seconds`` is how long ``delay`` waits, and by how much ``clock_skew``
    is off. ``status`` may make a ``server_error`` a 503. ``rewrite`` puts ``value`` where
    ``member`` stands in an answer.
    """

    service: str
    kind: Kind
    operation: str | None = None
    account: str | None = None
    region: str | None = None
    calls: tuple[int, int] | None = None
    seconds: float = 0.0
    status: int = 500
    probability: float = 1.0
    seed: int = 0
    member: str = ""
    value: str = ""
    seen: int = field(default=0, compare=False)

    def matches(self, service: str, operation: str, account: str, region: str) -> bool:
        """Whether a call is one that this fault counts."""
        return (
            self.service in ("*", service)
            and self.operation in (None, operation)
            and self.account in (None, account)
            and self.region in (None, region)
        )

    def strikes(self) -> bool:
        """Whether the call that was counted last is one that it hits."""
        if self.calls is not None and not self.calls[0] <= self.seen <= self.calls[1]:
            return False
        chance = random.Random(f"{self.seed} {self.seen}").random()
        return self.probability >= 1 or chance < self.probability


class Faults:
    """The faults in force; thread-safe. ``listings`` is what some of them have to remember."""

    def __init__(self) -> None:
        self.listings = Listings()
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, documents: Any) -> None:
        """Add faults from their JSON form; raises InputError before adding any if one is wrong."""
        if not isinstance(documents, list):
            raise InputError("Faults are sent as a JSON list.")
        faults = [_read(document) for document in documents]
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()
        self.listings.forget()

    def in_force(self) -> list[dict[str, Any]]:
        """The faults in force, with how many calls each has seen."""
        with self._lock:
            return [
                {key: value for key, value in vars(fault).items() if value is not None}
                for fault in self._faults
            ]

    def hit(self, service: str, operation: str, account: str, region: str) -> list[Fault]:
        """Count a call, and name the faults that strike it."""
        struck = []
        with self._lock:
            for fault in self._faults:
                if not fault.matches(service, operation, account, region):
                    continue
                fault.seen += 1
                if fault.strikes():
                    struck.append(fault)
        return struck


def _read(document: Any) -> Fault:
    if not isinstance(document, dict):
        raise InputError("A fault is a JSON object.", hint="Send a list of objects.")
    unknown = sorted(set(document) - set(Fault.__dataclass_fields__) | {"seen"} & set(document))
    if unknown:
        raise InputError(
            f"A fault has no field {', '.join(unknown)}.",
            hint="Known: service, operation, account, region, kind, calls, seconds, status, "
            "probability, seed, member, value.",
        )
    if not isinstance(document.get("service"), str):
        raise InputError("A fault names its service.", hint='For example "securityhub".')
    if document.get("kind") not in _KINDS:
        raise InputError(
            f"{document.get('kind')!r} is no kind of fault.", hint=f"Known: {', '.join(_KINDS)}."
        )
    calls = document.get("calls")
    if calls is not None and not (
        isinstance(calls, list)
        and len(calls) == 2
        and all(isinstance(n, int) and n >= 1 for n in calls)
    ):
        raise InputError(
            "calls are the first and the last call that the fault hits.", hint="For example [1, 3]."
        )
    if document["kind"] == "not_enabled" and document["service"] not in _NOT_ENABLED:
        raise InputError(
            f"{document['service']} is never switched off.",
            hint=f"These can be: {', '.join(_NOT_ENABLED)}.",
        )
    chance = document.get("probability", 1.0)
    if not isinstance(chance, int | float) or not 0 <= chance <= 1:
        raise InputError("probability is a number from 0 to 1.", hint="For example 0.2.")
    return Fault(**{**document, "calls": tuple(calls) if calls else None})


def error_of(
    fault: Fault, service: str, operation: str, action: str, caller: str
) -> ServiceError | None:
    """The error that a fault makes of a call, or None for the kinds that let it through.

    ``action`` is the IAM action, ``securityhub:GetFindings``.
    """
    protocol = protocol_of(service)
    in_json = protocol in ("json", "rest-json")
    if fault.kind == "throttle":
        code, status = {
            "json": ("ThrottlingException", 400),
            "rest-json": ("ThrottlingException", 429),
            "query": ("Throttling", 400),
            "ec2": ("RequestLimitExceeded", 503),
        }.get(protocol, ("SlowDown", 503))
        return ServiceError(code, "Rate exceeded", status=status)
    if fault.kind == "access_denied":
        return denied(service, action, caller)
    if fault.kind == "expired_token":
        return expired(protocol)
    if fault.kind == "server_error":
        code = "InternalServerException" if in_json else "InternalError"
        if fault.status == 503:
            code = "ServiceUnavailable"
        return ServiceError(code, f"{operation} failed.", status=fault.status)
    if fault.kind == "not_enabled":
        code, message, status = _NOT_ENABLED[service]
        account = caller.split(":")[4] if caller.count(":") >= 5 else ""
        return ServiceError(code, message.format(account=account), status=status)
    return None


#: (code, message, status) by which a service says that it is switched off in an account.
_NOT_ENABLED = {
    "securityhub": (
        "InvalidAccessException",
        "Account {account} is not subscribed to AWS Security Hub",
        401,
    ),
    "config": (
        "NoAvailableConfigurationRecorderException",
        "Configuration recorder is not available to put delivery channel.",
        400,
    ),
    "inspector2": (
        "AccessDeniedException",
        "Invoking account does not have access to this resource: Amazon Inspector is not enabled "
        "in this account.",
        403,
    ),
    "auditmanager": (
        "AccessDeniedException",
        "Please complete AWS Audit Manager setup from home page to enable this action in this "
        "account.",
        403,
    ),
    "license-manager": (
        "AccessDeniedException",
        "Service role not found. Consult setup procedures in the AWS License Manager user guide "
        "to create the required role.",
        400,
    ),
}


def denied(service: str, action: str, caller: str) -> ServiceError:
    """The refusal of an action that a caller has no permission for, as each protocol names it."""
    protocol = protocol_of(service)
    code = "AccessDeniedException" if protocol in ("json", "rest-json") else "AccessDenied"
    return ServiceError(
        "UnauthorizedOperation" if protocol == "ec2" else code,
        f"User: {caller} is not authorized to perform: {action}",
        status=400 if protocol == "json" else 403,
    )


def expired(protocol: str) -> ServiceError:
    """The error for a session that is over, as each protocol names it."""
    code, status = {
        "json": ("ExpiredTokenException", 400),
        "rest-json": ("ExpiredTokenException", 403),
        "query": ("ExpiredToken", 403),
        "ec2": ("RequestExpired", 400),
    }.get(protocol, ("ExpiredToken", 400))
    return ServiceError(
        code, "The security token included in the request is expired", status=status
    )


def bent(
    struck: Iterable[Fault],
    listings: Listings,
    response: Response,
    *,
    service: str,
    operation: str,
    place: str,
    request: Request,
    given: int | None = None,
) -> Response:
    """The answer as the faults that struck make it; ``given`` items of the page were given before.

    ``place`` tells the same listing of different accounts and Regions apart.
    """
    response = listings.without(response, given)
    for fault in struck:
        if fault.kind == "drop_token":
            response = with_dropped_token(response)
        elif fault.kind == "repeat_token":
            response = with_repeated_token(response, asked_of(request))
        elif fault.kind == "reorder":
            response = reordered(response)
        elif fault.kind == "duplicate":
            response = listings.duplicated(response, place, request)
        elif fault.kind == "short_page":
            response = listings.short(response, service, operation, request, given)
        elif fault.kind == "clock_skew":
            response = shifted(response, fault.seconds)
        elif fault.kind == "rewrite":
            response = rewritten(response, fault.member, fault.value)
    if any(fault.kind == "malformed" for fault in struck):
        response = malformed(response)
    return response
