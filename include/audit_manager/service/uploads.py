"""Upload URLs: where a client puts a file before it is imported as manual evidence."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from include.audit_manager.service.manual_evidence import supported
from include.audit_manager.service.models import Upload
from include.audit_manager.service.names import new_id
from include.audit_manager.service.objects import status_of
from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request

#: Seconds for which an upload URL can be used.
UPLOAD_WITHIN = 15 * 60

_LONGEST_NAME = 300


def get_evidence_file_upload_url(request: Request) -> dict[str, Any]:
    """GetEvidenceFileUploadUrl: a presigned PUT into a bucket of the account.

    The client must send the header ``x-amz-server-side-encryption: aws:kms``, which is signed.
    """
    name = request.params["fileName"]
    if not supported(name):
        raise invalid(
            f"Files of the type {PurePosixPath(name).suffix or '(none)'} aren't supported.",
            "fileName",
        )
    upload_id = new_id()
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    room = _LONGEST_NAME - len(upload_id) - len(suffix) - 1
    given = f"{stem[:room]}-{upload_id}{suffix}"
    bucket = f"audit-manager-uploads-{request.account}-{request.region}"
    key = f"{upload_id}{suffix.lower()}"
    with request.begin(writes=False) as reading:
        kms_key = reading.registration().settings["kmsKey"]
    client = request.objects.client(request.account, request.region)
    _ensure_bucket(client, bucket, request.region)
    encryption = {"ServerSideEncryption": "aws:kms"}
    if kms_key != "DEFAULT":
        encryption["SSEKMSKeyId"] = kms_key
    url = client.generate_presigned_url(
        "put_object",
        Params={"Bucket": bucket, "Key": key, **encryption},
        ExpiresIn=UPLOAD_WITHIN,
    )
    with request.begin(writes=True) as writing:
        writing.session.add(
            Upload(
                account=request.account,
                region=request.region,
                evidence_file_name=given,
                file_name=name,
                bucket=bucket,
                key=key,
                created_at=request.now,
            )
        )
    return {"evidenceFileName": given, "uploadUrl": url}


def _ensure_bucket(client: Any, bucket: str, region: str) -> None:
    from botocore.exceptions import ClientError

    try:
        client.head_bucket(Bucket=bucket)
        return
    except ClientError as error:
        if status_of(error) != 404:
            raise
    where = {} if region == "us-east-1" else {"LocationConstraint": region}
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):  # another call was faster
        client.create_bucket(
            Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {})
        )
    client.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
