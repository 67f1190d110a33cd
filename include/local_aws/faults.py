"""Faults on purpose: what a caller meets when AWS throttles, denies, breaks or repeats itself."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from include.errors import InputError
from include.local_aws.refusals import protocol_of
from include.protocol.errors import ServiceError
from include.protocol.http import Response

Kind = Literal[
    "throttle",
    "access_denied",
    "expired_token",
    "server_error",
    "drop_token",
    "repeat_token",
    "delay",
]
_KINDS = get_args(Kind)
_TOKENS = ("NextToken", "nextToken", "Marker", "NextMarker")


@dataclass
class Fault:
    """One fault; fields that are None match everything.

    ``service`` is the boto3 client's name. ``calls`` are the first and the last matching call that
    it hits, counted from 1 and including the SDK's own retries; None hits all. ``seconds`` is how
    long ``delay`` waits. ``status`` may make a ``server_error`` a 503.
    """

    service: str
    kind: Kind
    operation: str | None = None
    account: str | None = None
    region: str | None = None
    calls: tuple[int, int] | None = None
    seconds: float = 0.0
    status: int = 500
    seen: int = field(default=0, compare=False)

    def matches(self, service: str, operation: str, account: str, region: str) -> bool:
        """Whether a call is one that this fault counts."""
        return (
            self.service == service
            and self.operation in (None, operation)
            and self.account in (None, account)
            and self.region in (None, region)
        )


class Faults:
    """The faults in force; thread-safe."""

    def __init__(self) -> None:
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
                if fault.calls is None or fault.calls[0] <= fault.seen <= fault.calls[1]:
                    struck.append(fault)
        return struck


def _read(document: Any) -> Fault:
    if not isinstance(document, dict):
        raise InputError("A fault is a JSON object.", hint="Send a list of objects.")
    unknown = sorted(set(document) - set(Fault.__dataclass_fields__) | {"seen"} & set(document))
    if unknown:
        raise InputError(
            f"A fault has no field {', '.join(unknown)}.",
            hint="Known: service, operation, account, region, kind, calls, seconds, status.",
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
    return None


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


def with_token_fault(fault: Fault, response: Response, asked: dict[str, Any]) -> Response:
    """The answer with its page token dropped, or with the token that was asked with again."""
    kind = {name.lower(): value for name, value in response.headers.items()}.get("content-type")
    if "json" not in (kind or ""):
        return response
    try:
        document = json.loads(response.body)
    except ValueError:
        return response
    found = next((name for name in _TOKENS if document.get(name)), None)
    if found is None:
        return response
    if fault.kind == "drop_token":
        del document[found]
    else:
        previous = next((asked[name] for name in _TOKENS if asked.get(name)), None)
        if previous is None:
            return response
        document[found] = previous
    return Response(response.status, response.headers, json.dumps(document).encode())
