"""Overlays for the query and ec2 protocols, on moto's own parser and serialiser.

The protocol core writes JSON only; for IAM, EC2 and STS moto has the XML. What the model states is
validated here as there, and answers that the model doesn't know are refused alike.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from include.local_aws.refusals import not_implemented, refusal
from include.protocol.call import Call, Context, Handler
from include.protocol.errors import ServiceError
from include.protocol.http import Response
from include.protocol.routing import Route
from include.protocol.serialising import MisshapenAnswer, check_answer
from include.protocol.validation import NOT_NULL, sentence, violations

log = logging.getLogger(__name__)


class QueryApp:
    """A service of the query or ec2 protocol, made of handlers per operation."""

    def __init__(self, service: str, handlers: Mapping[str, Handler]) -> None:
        from moto.core.parse import PROTOCOL_PARSERS
        from moto.core.serialize import get_serializer_class
        from moto.core.utils import get_service_model

        self.service = service
        self.model: Any = get_service_model(service)
        unknown = sorted(set(handlers) - set(self.model.operation_names))
        if unknown:
            raise ValueError(f"{service} has no operation {', '.join(unknown)}")
        self.handlers = dict(handlers)
        self.protocol = str(self.model.protocol)
        self._parser: Any = PROTOCOL_PARSERS[self.protocol]
        self._serializer: Any = get_serializer_class(service, self.protocol)

    def route(
        self, method: str, raw_path: str, query: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Route | None:
        """The operation that the form's ``Action`` names."""
        name = form_of(query, body).get("Action", "")
        return Route(name) if name in self.model.operation_names else None

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
        form = form_of(query, body)
        name = form.get("Action", "")
        try:
            return self._answer(name, form, context)
        except ServiceError as error:
            return refusal(self.service, error, context.request_id)
        except MisshapenAnswer as fault:
            log.error("%s.%s: %s", self.service, name, fault)
        except Exception:
            log.exception("%s.%s failed", self.service, name)
        failure = ServiceError(
            "InternalFailure", "The service failed; its log says why.", status=500
        )
        return refusal(self.service, failure, context.request_id)

    def _answer(self, name: str, form: Mapping[str, str], context: Context) -> Response:
        handler = self.handlers.get(name)
        if handler is None:
            raise not_implemented(self.service, name)
        operation = self.model.operation_model(name)
        try:
            parsed = self._parser(operation).parse({"values": form})
        except ValueError as error:
            raise self._invalid(f"A value can't be read as the model's type: {error}.") from error
        params = _aware(parsed)
        found = violations(operation.input_shape, params)
        if found:
            if self.protocol == "ec2" and any(v.constraint == NOT_NULL for v in found):
                missing = next(v.field for v in found if v.constraint == NOT_NULL)
                raise ServiceError(
                    "MissingParameter",
                    f"The request must contain the parameter {missing}",
                    status=400,
                )
            raise self._invalid(sentence(found))
        answer = handler(
            Call(
                service=self.service,
                operation=name,
                account=context.account,
                region=context.region,
                caller_arn=context.caller_arn,
                params=params,
                now=context.now,
                request_id=context.request_id,
            )
        )
        check_answer(operation.output_shape, answer)
        from moto.core.serialize import SerializationContext

        written = self._serializer(
            operation, context=SerializationContext(request_id=context.request_id)
        ).serialize(_times(operation.output_shape, answer))
        return Response(
            int(written["status_code"]),
            {"Content-Type": "text/xml", "x-amzn-RequestId": context.request_id},
            written["body"].encode(),
        )

    def _invalid(self, message: str) -> ServiceError:
        code = "InvalidParameterValue" if self.protocol == "ec2" else "ValidationError"
        return ServiceError(code, message, status=400)


def form_of(query: str, body: bytes) -> dict[str, str]:
    """The fields of a query-protocol request, whether in the body or in the URL."""
    text = body.decode("utf-8", "replace") if body else query
    return dict(parse_qsl(text, keep_blank_values=True))


def _aware(value: Any) -> Any:
    """Moto's naive UTC times made aware, at any depth."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, dict):
        return {key: _aware(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_aware(item) for item in value]
    return value


def _times(shape: Any, value: Any) -> Any:
    """Epoch seconds and aware times as the naive UTC that moto's serialiser wants."""
    if shape is None or value is None:
        return value
    if shape.type_name == "timestamp":
        at = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value
        return at.astimezone(UTC).replace(tzinfo=None)
    if shape.type_name == "structure":
        return {key: _times(shape.members[key], item) for key, item in value.items()}
    if shape.type_name == "list":
        return [_times(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _times(shape.value, item) for key, item in value.items()}
    return value
