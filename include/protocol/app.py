"""One AWS service: from an HTTP request through its handler to an HTTP response."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import botocore.session

from include.protocol.call import Call, Context, Handler
from include.protocol.errors import ServiceError
from include.protocol.http import Response
from include.protocol.parsing import parse_input
from include.protocol.routing import RestRouter, Route, TargetRouter
from include.protocol.serialising import MisshapenAnswer, write_output
from include.protocol.validation import sentence, violations

log = logging.getLogger(__name__)

#: Statuses of errors that services share without modelling them; everything else is 400.
_STATUS = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "InternalFailure": 500,
    "InternalServerException": 500,
    "NotImplementedException": 501,
    "ServiceUnavailableException": 503,
    "UnknownOperationException": 404,
}


@lru_cache(maxsize=32)
def service_model(service: str) -> Any:
    """botocore's public model of a service, by the name of its boto3 client."""
    return botocore.session.get_session().get_service_model(service)


class ServiceApp:
    """A service of the rest-json or json protocol, made of handlers per operation.

    ``service`` is the boto3 client's name. ``check``, when given, is called before each handler
    with the validated call, and may raise ServiceError (authorisation, registration …).
    """

    def __init__(
        self,
        service: str,
        handlers: Mapping[str, Handler],
        *,
        check: Callable[[Call], None] | None = None,
    ) -> None:
        self.service = service
        self.model = service_model(service)
        unknown = sorted(set(handlers) - set(self.model.operation_names))
        if unknown:
            raise ValueError(f"{service} has no operation {', '.join(unknown)}")
        self.handlers = dict(handlers)
        self._check = check
        protocol = self.model.resolved_protocol
        if protocol not in ("json", "rest-json"):
            raise ValueError(f"{service} speaks {protocol}; only json and rest-json are known here")
        self.rest = protocol == "rest-json"
        self._router: RestRouter | TargetRouter = (
            RestRouter(self.model) if self.rest else TargetRouter(self.model)
        )

    def route(
        self, method: str, raw_path: str, query: str, headers: Mapping[str, str]
    ) -> Route | None:
        """The operation that a request asks for, with its path's labels; None if there's none."""
        return self._router.route(method, raw_path, query, headers)

    def dispatch(
        self,
        method: str,
        raw_path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        context: Context,
    ) -> Response:
        """Answer one request; never raises.

        ``raw_path`` and ``query`` are percent-encoded as received; header names are lower case.
        """
        route = self.route(method, raw_path, query, headers)
        try:
            if route is None:
                raise ServiceError(
                    "UnknownOperationException", f"{self.service} has no {method} {raw_path}."
                )
            return self._answer(route, query, headers, body, context)
        except ServiceError as error:
            try:
                return self.error(error, context.request_id)
            except MisshapenAnswer:
                log.exception("%s: an error that the model doesn't know", self.service)
        except MisshapenAnswer as fault:
            log.error("%s.%s: %s", self.service, route and route.operation, fault)
        except Exception:
            log.exception("%s.%s failed", self.service, route and route.operation)
        failure = ServiceError("InternalFailure", "The service failed; its log says why.")
        return self.error(failure, context.request_id)

    def _answer(
        self, route: Route, query: str, headers: Mapping[str, str], body: bytes, context: Context
    ) -> Response:
        handler = self.handlers.get(route.operation)
        if handler is None:
            raise ServiceError(
                "NotImplementedException",
                f"{self.service}:{route.operation} isn't implemented here.",
                status=501,
            )
        operation = self.model.operation_model(route.operation)
        params = parse_input(operation.input_shape, route.labels, query, headers, body)
        self._validate(operation.input_shape, params)
        call = Call(
            service=self.service,
            operation=route.operation,
            account=context.account,
            region=context.region,
            caller_arn=context.caller_arn,
            params=params,
            now=context.now,
            request_id=context.request_id,
        )
        if self._check is not None:
            self._check(call)
        written = write_output(operation.output_shape, handler(call))
        status = written.status or int(operation.http.get("responseCode", 200))
        return Response(
            status, {**self._headers(context.request_id), **written.headers}, written.body
        )

    def _validate(self, shape: Any, params: dict[str, Any]) -> None:
        found = violations(shape, params)
        if not found:
            return
        names = self.model.shape_names
        code = "ValidationException"
        if code not in names and "InvalidInputException" in names and self.rest:
            code = "InvalidInputException"
        members: dict[str, Any] = {}
        if code in names:
            known = self.model.shape_for(code).members
            if "reason" in known:
                reasons = known["reason"].enum
                field_failed = [r for r in reasons if r.lower().startswith("fieldvalidation")]
                members["reason"] = field_failed[0] if field_failed else reasons[0]
            for key in ("fields", "fieldList"):
                if key in known:
                    members[key] = [{"name": v.field, "message": v.text} for v in found]
        raise ServiceError(code, sentence(found), status=400, **members)

    def error(self, error: ServiceError, request_id: str) -> Response:
        """The response for an error: modelled status and members, type in header or body."""
        shape = self._error_shape(error.code)
        members = dict(error.members)
        status = error.status
        code = error.code
        if shape is None:
            document: dict[str, Any] = {"message": error.message, **members}
            headers: dict[str, str] = {}
        else:
            told = shape.metadata.get("error", {})
            code = told.get("code", shape.name)
            status = status or told.get("httpStatusCode")
            for name in ("message", "Message", "errorMessage"):
                if name in shape.members:
                    members.setdefault(name, error.message)
                    break
            if "Code" in shape.members:
                members.setdefault("Code", code)
            written = write_output(shape, members)
            document, headers = json.loads(written.body), written.headers
        status = status or _STATUS.get(code, 400)
        if not self.rest and status in (403, 404, 429):
            status = 400  # json services put the kind of error in the type alone
        headers = {**self._headers(request_id), **headers, "x-amzn-errortype": code}
        if not self.rest:
            document = {"__type": code, **document}
        return Response(status, headers, json.dumps(document, ensure_ascii=False).encode())

    def _error_shape(self, code: str) -> Any:
        if code in self.model.shape_names:
            shape = self.model.shape_for(code)
            return shape if shape.metadata.get("exception") else None
        for shape in self.model.error_shapes:
            if shape.metadata.get("error", {}).get("code") == code:
                return shape
        return None

    def _headers(self, request_id: str) -> dict[str, str]:
        version = self.model.metadata.get("jsonVersion", "1.1")
        kind = "application/json" if self.rest else f"application/x-amz-json-{version}"
        return {"Content-Type": kind, "x-amzn-RequestId": request_id}
