"""The local AWS's front door: whose request it is, what goes wrong on purpose, and who answers."""

from __future__ import annotations

import errno
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import parse_qs

from include.clock import iso
from include.errors import InputError
from include.local_aws import moto_s3, moto_s3_buckets, moto_sts, residents
from include.local_aws.authorization import Policies
from include.local_aws.clock import EstateClock
from include.local_aws.credentials import Caller, Credentials
from include.local_aws.delivered import NO_DELIVERIES, Deliveries
from include.local_aws.faults import Fault, Faults, bent, error_of, expired
from include.local_aws.moto_query import QueryApp
from include.local_aws.moto_services import MotoServices
from include.local_aws.operations import operation_of
from include.local_aws.overlay import Handler
from include.local_aws.refusals import CLIENT_NAMES, not_implemented, protocol_of, refusal
from include.protocol import (
    Context,
    CredentialScope,
    Request,
    Response,
    ServiceApp,
    ServiceError,
    credential_scope,
    read_request,
)

log = logging.getLogger(__name__)


class Dispatcher(Protocol):
    """Anything that answers a service's requests as ServiceApp does."""

    def dispatch(
        self,
        method: str,
        raw_path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        context: Context,
    ) -> Response:
        """Answer one request; never raises."""


@dataclass(frozen=True)
class _Asked:
    """A request of which it is known who asks whom for what."""

    request: Request
    scope: CredentialScope
    service: str
    operation: str
    caller: Caller
    request_id: str


class Front:
    """The WSGI app of the local AWS.

    ``overlays`` are handlers by service (a boto3 client's name) and operation; ``owned`` services
    have no other answers, of all others moto answers the rest. ``mounted`` services answer all of
    their requests themselves. ``about`` is what the health check tells besides the clock.
    """

    def __init__(
        self,
        *,
        clock: EstateClock,
        moto: MotoServices,
        credentials: Credentials,
        overlays: Mapping[str, Mapping[str, Handler]],
        owned: frozenset[str] = frozenset(),
        mounted: Mapping[str, Dispatcher] | None = None,
        about: Mapping[str, Any] | None = None,
        deliveries: Deliveries = NO_DELIVERIES,
    ) -> None:
        self.clock = clock
        self.faults = Faults()
        self.policies = Policies()
        self._moto = moto
        self._credentials = credentials
        self._overlays = {name: dict(handlers) for name, handlers in overlays.items()}
        self._overlays["sts"] = {
            **self._overlays.get("sts", {}),
            **moto_sts.handlers(credentials),
        }
        self._owned = owned
        self._mounted = dict(mounted or {})
        self._about = dict(about or {})
        self._deliveries = deliveries
        self._apps: dict[str, Dispatcher] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        try:
            response = self.answer(read_request(environ))
        except ConnectionResetError:
            raise  # a fault that was asked for: the server closes the connection
        except Exception:
            log.exception("the front failed on %s", environ.get("PATH_INFO"))
            response = Response(500, {"Content-Type": "text/plain"}, b"The local AWS failed.")
        return response.wsgi(start_response)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.raw_path.startswith("/_local/"):
            return self._local(request)
        request_id = str(uuid.uuid4())
        scope = credential_scope(request)
        if scope is None:
            error = ServiceError(
                "AccessDenied", "The request isn't signed: no credential scope.", status=403
            )
            return refusal("s3", error, request_id)
        service = CLIENT_NAMES.get(scope.service, scope.service)
        if service == "s3" and request.raw_path.startswith("/v20180820/"):
            service = "s3control"
        request = _path_style(request) if service == "s3" else request
        operation = operation_of(service, request)
        try:
            caller = self._credentials.caller(scope.access_key)
            _refuse_stale_url(request)
        except ServiceError as error:
            if error.code == "ExpiredTokenException":
                error = expired(protocol_of(service))
            return refusal(service, error, request_id)
        struck = self.faults.hit(service, operation, caller.account, scope.region)
        request, given = self.faults.listings.restored(request)
        asked = _Asked(request, scope, service, operation, caller, request_id)
        try:
            self._strike(struck, asked)
            self.policies.check(caller.arn, service, operation, request)
            response = self._route(asked)
        except ServiceError as error:
            response = self._dated(asked, refusal(service, error, request_id))
        if not struck and given is None:
            return response
        return bent(
            struck,
            self.faults.listings,
            response,
            service=service,
            operation=operation,
            place=f"{service} {operation} {caller.account} {scope.region}",
            request=request,
            given=given,
        )

    def _strike(self, struck: list[Fault], asked: _Asked) -> None:
        action = f"{asked.scope.service}:{asked.operation}"
        for fault in struck:
            if fault.kind == "delay":
                time.sleep(fault.seconds)
            if fault.kind == "reset":
                # Of this errno the server takes note by closing the connection, no more.
                raise ConnectionResetError(errno.ECONNRESET, "a fault that was asked for")
            error = error_of(fault, asked.service, asked.operation, action, asked.caller.arn)
            if error is not None:
                raise error

    def _route(self, asked: _Asked) -> Response:
        service, operation, request = asked.service, asked.operation, asked.request
        own = self._mounted.get(service) or self._overlay(service, operation)
        if own is not None:
            context = Context(
                account=asked.caller.account,
                region=asked.scope.region,
                caller_arn=asked.caller.arn,
                now=self.clock.now(),
                request_id=asked.request_id,
            )
            response = own.dispatch(
                request.method,
                request.raw_path,
                request.query,
                request.headers,
                request.body,
                context,
            )
            return self._dated(asked, response)
        if service == "sts" and operation in moto_sts.REFUSED:
            raise not_implemented(service, operation)
        return self._from_moto(asked)

    def _overlay(self, service: str, operation: str) -> Dispatcher | None:
        handlers = self._overlays.get(service)
        if service not in self._owned and (handlers is None or operation not in handlers):
            return None
        if service not in self._apps:
            make: Callable[..., Dispatcher] = (
                QueryApp if protocol_of(service) in ("query", "ec2") else ServiceApp
            )
            self._apps[service] = make(service, handlers or {})
        return self._apps[service]

    def _from_moto(self, asked: _Asked) -> Response:
        account = asked.caller.account
        if asked.service == "s3":
            answer = moto_s3.before(asked.operation, asked.request, account, asked.request_id)
            if answer is not None:
                return answer
            account = moto_s3.account_of(asked.operation, asked.request, account, self._deliveries)
        name = asked.service if asked.service == "s3control" else asked.scope.service

        def ask(request: Request) -> Response:
            return self._moto.answer(name, asked.operation, request, account, asked.scope.region)

        if asked.service == "sqs" and asked.operation == "ReceiveMessage":
            return _poll(asked.request, ask)
        if asked.service == "s3" and asked.operation == "ListBuckets":
            whole = ask(moto_s3_buckets.unpaged(asked.request))
            return self._dated(asked, moto_s3_buckets.page_of(asked.request, whole))
        response = ask(asked.request)
        if asked.service == "sqs":
            # SDKs other than boto3 send to the URL of the queue, so it has to lead here
            there = f"https://sqs.{asked.scope.region}.amazonaws.com/"
            here = f"http://{asked.request.headers.get('host', '127.0.0.1')}/"
            body = response.body.replace(there.encode(), here.encode())
            response = replace(response, body=body)
        if (
            asked.operation == "GetObject"
            and response.headers.get("x-amz-server-side-encryption") == "aws:kms"
            and moto_s3.is_delivered(asked.request, self._deliveries)
        ):
            self._decrypt(asked)
        return self._dated(asked, response)

    def _decrypt(self, asked: _Asked) -> None:
        """S3 decrypts for the caller, who needs the permission for the key."""
        with_kms = replace(
            asked, scope=replace(asked.scope, service="kms"), operation="Decrypt", service="s3"
        )
        self._strike(
            self.faults.hit("kms", "Decrypt", asked.caller.account, asked.scope.region), with_kms
        )
        try:
            self.policies.check(asked.caller.arn, "kms", "Decrypt", asked.request)
        except ServiceError as error:
            raise ServiceError("AccessDenied", error.message, status=403) from error

    def _dated(self, asked: _Asked, response: Response) -> Response:
        """What tells of the estate carries its date; what people keep in S3 or KMS doesn't."""
        is_estate = residents.tells_of_estate(asked.service, asked.operation)
        if asked.service == "s3" and moto_s3.is_delivered(asked.request, self._deliveries):
            is_estate = True
        if not is_estate:
            return response
        date = format_datetime(self.clock.now(), usegmt=True)
        return replace(response, headers={**response.headers, "Date": date})

    def _local(self, request: Request) -> Response:
        if request.raw_path == "/_local/health":
            return _json(200, {"clock": iso(self.clock.now()), **self._about})
        kept: dict[str, Faults | Policies] = {
            "/_local/faults": self.faults,
            "/_local/policies": self.policies,
        }
        held = kept.get(request.raw_path)
        if held is None:
            return _json(404, {"message": f"There is no {request.raw_path}."})
        if request.method == "POST":
            try:
                held.add(json.loads(request.body or b"null"))
            except (ValueError, InputError) as error:
                return _json(400, {"message": str(error)})
        elif request.method == "DELETE":
            held.clear()
        elif request.method != "GET":
            return _json(405, {"message": "Only GET, POST and DELETE."})
        return _json(200, held.in_force())


def _json(status: int, document: Any) -> Response:
    return Response(
        status, {"Content-Type": "application/json"}, json.dumps(document).encode() + b"\n"
    )


def _path_style(request: Request) -> Request:
    """``bucket.localhost/key`` as ``/bucket/key``, which SDKs write unless told otherwise."""
    host = request.headers.get("host", "").partition(":")[0]
    bucket = host.removesuffix(".localhost")
    if bucket == host or not bucket:
        return request
    return replace(request, raw_path=f"/{bucket}{request.raw_path}")


def _refuse_stale_url(request: Request) -> None:
    if "X-Amz-Expires" not in request.query:
        return
    asked = {key: values[-1] for key, values in parse_qs(request.query).items()}
    try:
        signed = datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        until = signed + timedelta(seconds=int(asked["X-Amz-Expires"]))
    except (KeyError, ValueError) as error:
        raise ServiceError(
            "AuthorizationQueryParametersError",
            "Query-string authentication requires X-Amz-Date and X-Amz-Expires.",
            status=400,
        ) from error
    if until < datetime.now(UTC):
        raise ServiceError("AccessDenied", "Request has expired", status=403)


def _poll(request: Request, ask: Callable[[Request], Response]) -> Response:
    """Long polling without holding moto's lock: ask without waiting, again and again."""
    try:
        document = json.loads(request.body)
        wait = float(document.get("WaitTimeSeconds") or 0)
    except (ValueError, TypeError, AttributeError):
        return ask(request)
    once = replace(request, body=json.dumps({**document, "WaitTimeSeconds": 0}).encode())
    until = time.monotonic() + min(wait, 20)
    while True:
        response = ask(once)
        left = until - time.monotonic()
        if response.status != 200 or b"ReceiptHandle" in response.body or left <= 0:
            return response
        time.sleep(min(0.2, left))
