"""An error as each of AWS's protocols writes it, for requests that never reach a service."""

from __future__ import annotations

import json
from functools import lru_cache
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError

from include.protocol.app import service_model
from include.protocol.errors import ServiceError
from include.protocol.http import Response

#: Signing names that differ from the name of the boto3 client.
CLIENT_NAMES = {
    "access-analyzer": "accessanalyzer",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}


@lru_cache(maxsize=128)
def protocol_of(service: str) -> str:
    """``json``, ``rest-json``, ``query``, ``ec2`` or ``rest-xml``; json for an unknown service."""
    try:
        return str(service_model(service).resolved_protocol)
    except UnknownServiceError:
        return "json"


def refusal(service: str, error: ServiceError, request_id: str) -> Response:
    """``error`` on the wire, in the protocol of ``service`` (a boto3 client's name)."""
    protocol = protocol_of(service)
    status = error.status or 400
    code, message = escape(error.code), escape(error.message)
    if protocol in ("json", "rest-json"):
        document: dict[str, object] = {"message": error.message, **error.members}
        if protocol == "json":
            document = {"__type": error.code, **document}
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        headers = {
            "Content-Type": kind,
            "x-amzn-RequestId": request_id,
            "x-amzn-errortype": error.code,
        }
        return Response(status, headers, json.dumps(document).encode())
    if protocol == "query":
        fault = "Receiver" if status >= 500 else "Sender"
        text = (
            f"<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code>"
            f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId>"
            "</ErrorResponse>"
        )
    elif protocol == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
    else:
        text = (
            f"<Error><Code>{code}</Code><Message>{message}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    return Response(
        status,
        {
            "Content-Type": "application/xml",
            "x-amzn-RequestId": request_id,
            "x-amz-request-id": request_id,
        },
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode(),
    )


def not_implemented(service: str, operation: str) -> ServiceError:
    """What nobody here can answer; 501, because SDKs retry a 500."""
    return ServiceError(
        "NotImplementedException",
        f"{service}:{operation} isn't implemented by the local AWS.",
        status=501,
    )
