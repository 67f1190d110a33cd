"""The name of the operation that a request asks for, whatever its protocol."""

from __future__ import annotations

from functools import lru_cache

from botocore.exceptions import UnknownServiceError

from include.local_aws.moto_query import form_of
from include.protocol.app import service_model
from include.protocol.http import Request
from include.protocol.routing import RestRouter

#: S3's copies differ from the plain operations by a header alone: (without it, with it).
_COPIES = {
    "CopyObject": ("PutObject", "CopyObject"),
    "PutObject": ("PutObject", "CopyObject"),
    "UploadPart": ("UploadPart", "UploadPartCopy"),
    "UploadPartCopy": ("UploadPart", "UploadPartCopy"),
}


def operation_of(service: str, request: Request) -> str:
    """The operation by the model of ``service`` (a boto3 client's name); empty if it has none."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    is_form = "x-www-form-urlencoded" in request.headers.get("content-type", "")
    if (is_form and service != "s3") or "Action=" in request.query:
        action = form_of(request.query, request.body if is_form else b"").get("Action")
        if action:
            return action
    router = _router(service)
    if router is None:
        return ""
    path = request.raw_path
    if service == "s3" and path.count("/") == 2:
        path = path.removesuffix("/") or "/"  # /bucket/ is /bucket
    route = router.route(request.method, path, request.query, request.headers)
    if route is None:
        return ""
    if service == "s3" and route.operation in _COPIES:
        return _COPIES[route.operation]["x-amz-copy-source" in request.headers]
    return route.operation


@lru_cache(maxsize=64)
def _router(service: str) -> RestRouter | None:
    try:
        model = service_model(service)
    except UnknownServiceError:
        return None
    return RestRouter(model) if model.resolved_protocol.startswith("rest-") else None
