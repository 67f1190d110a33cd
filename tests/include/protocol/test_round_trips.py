"""What botocore writes arrives as it was meant; what we answer, botocore reads as it was said."""

from __future__ import annotations

import random
from typing import Any

import botocore.parsers
import botocore.serialize
import pytest
from botocore.awsrequest import AWSRequest, prepare_request_dict

from include.protocol import Response, ServiceApp
from include.protocol.app import service_model
from tests.include.protocol.contexts import CONTEXT
from tests.include.protocol.shapes import CannotFit, make

#: Services, and how many cases (two for each operation at most) the generator must come up with.
SERVICES = {
    "accessanalyzer": 40,
    "account": 36,
    "auditmanager": 120,
    "cloudtrail": 110,
    "config": 200,
    "inspector2": 100,
    "securityhub": 240,
}


def sent(model: Any, operation: Any, params: dict[str, Any]) -> Any:
    """The HTTP request that boto3 would send."""
    serializer = botocore.serialize.create_serializer(model.resolved_protocol, False)
    request = serializer.serialize_to_request(params, operation)
    prepare_request_dict(request, "http://127.0.0.1")
    wanted = {key: request[key] for key in ("method", "url", "headers")}
    return AWSRequest(data=request["body"], **wanted).prepare()


def read(model: Any, operation: Any, response: Response) -> dict[str, Any]:
    """What boto3 would return."""
    parser = botocore.parsers.create_parser(model.resolved_protocol)
    parsed = parser.parse(
        {
            "status_code": response.status,
            "headers": {key.lower(): value for key, value in response.headers.items()},
            "body": response.body,
        },
        operation.output_shape,
    )
    parsed.pop("ResponseMetadata", None)
    return dict(parsed)


def ask(app: ServiceApp, http: Any) -> Response:
    path, _, query = http.url.removeprefix("http://127.0.0.1").partition("?")
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in http.headers.items()
    }
    body = http.body or b""
    body = body.encode() if isinstance(body, str) else body
    return app.dispatch(http.method, path or "/", query, headers, body, CONTEXT)


@pytest.mark.parametrize("service", SERVICES)
def test_input_and_output_survive_the_wire(service: str) -> None:
    model = service_model(service)
    rng = random.Random(service)
    exercised = 0
    for name in model.operation_names:
        operation = model.operation_model(name)
        for _ in range(2):
            try:
                asked = make(operation.input_shape, rng) if operation.input_shape else {}
                answer = make(operation.output_shape, rng) if operation.output_shape else {}
            except CannotFit:
                continue
            received: list[Any] = []

            def handler(call: Any, answer: Any = answer, received: Any = received) -> Any:
                received.append((call.operation, call.params))
                return answer

            app = ServiceApp(service, {name: handler})
            response = ask(app, sent(model, operation, asked))
            assert received, (name, asked, response)
            assert received == [(name, asked)]
            assert read(model, operation, response) == answer, name
            exercised += 1
    assert exercised >= SERVICES[service]
