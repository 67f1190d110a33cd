"""AWS services answered from botocore's public service models, for rest-json and json protocols.

A service is a mapping of operation names to handlers. The core routes a request to its operation,
parses it by the model's shapes, validates all that the model states, calls the handler with a
:class:`Call`, and writes the answer (or the modelled error) by the shapes again. No handler sees
an invalid request, and no answer that the model doesn't know can leave.

Example::

    def get_account_status(call: Call) -> dict[str, Any]:
        return {"status": "ACTIVE"}

    def get_control(call: Call) -> dict[str, Any]:
        control = find(call.account, call.params["controlId"])    # the API's own member names
        if control is None:
            raise ServiceError("ResourceNotFoundException", "The control wasn't found.",
                               resourceId=call.params["controlId"], resourceType="CONTROL")
        return {"control": control}                               # datetimes or epoch seconds

    app = ServiceApp("auditmanager", {"GetAccountStatus": get_account_status,
                                      "GetControl": get_control})
    answer = app.dispatch("GET", "/account/status", "", {}, b"", Context(
        account="111111111111", region="eu-west-1",
        caller_arn="arn:aws:iam::111111111111:root", now=datetime.now(UTC), request_id="r-1"))
    assert answer.status == 200 and answer.body == b'{"status":"ACTIVE"}'

In a WSGI app: ``request = read_request(environ)``, ``scope = credential_scope(request)`` (access
key, region and service from the SigV4 header or a presigned URL), then
``app.dispatch(request.method, request.raw_path, request.query, request.headers, request.body,
context).wsgi(start_response)``.

- ``app.route(method, raw_path, query, headers)`` names the operation without running it.
- An operation of the model without handler answers 501 ``NotImplementedException`` naming it
  (which SDKs don't retry); a path that the model doesn't know 404 ``UnknownOperationException``.
- Invalid input answers ``ValidationException`` (members ``reason`` and ``fields``/``fieldList``
  filled where the service's model has them), a body that isn't JSON or has a member of the wrong
  type ``SerializationException``, both 400.
- ``ServiceError(code, message, status=…, **members)``: status from the model's error shape unless
  given; members that the shape doesn't have are refused.
- Any other exception of a handler, and an answer that doesn't fit the model, is logged with its
  traceback and answers 500 ``InternalFailure``.
- Input timestamps arrive as aware UTC datetimes, blobs as bytes, documents as plain JSON.
"""

from include.protocol.app import ServiceApp
from include.protocol.call import Call, Context, Handler
from include.protocol.errors import ServiceError
from include.protocol.http import Request, Response, read_request
from include.protocol.signature import CredentialScope, credential_scope

__all__ = [
    "Call",
    "Context",
    "CredentialScope",
    "Handler",
    "Request",
    "Response",
    "ServiceApp",
    "ServiceError",
    "credential_scope",
    "read_request",
]
