"""The buckets that hold evidence and reports: made right, or checked, before the first write."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import error_code, is_no_bucket
from include.errors import AuditError

_BLOCK_ALL = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_LIFECYCLE = {
    "Rules": [
        {
            "ID": "abort-unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
        {
            "ID": "archive-old-evidence",
            "Status": "Enabled",
            "Filter": {"Prefix": "snapshots/"},
            "Transitions": [{"Days": 180, "StorageClass": "STANDARD_IA"}],
        },
    ]
}
_EVERYONE = "http://acs.amazonaws.com/groups/global/AllUsers"
_ANY_CUSTOMER = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"


def ensure_bucket(s3: Any, name: str, *, region: str, kms_key: str | None = None) -> None:
    """Create the bucket, or check it: private, versioned, encrypted with KMS, with a lifecycle.

    What is missing is switched on. A bucket that is public is refused (AuditError), and nothing
    in it is changed. ``kms_key`` is a key id or ARN; without it, the account's S3 key is used.
    """
    if not _exists(s3, name):
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        try:
            s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        except ClientError as error:
            # Two runs may create it at the same moment.
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise
    if why := _public(s3, name):
        raise AuditError(
            f"The bucket {name} is public ({why}); evidence is not written there.",
            hint="Remove the public grant, or name another bucket in the settings.",
        )
    if _ask(s3.get_public_access_block, name).get("PublicAccessBlockConfiguration") != _BLOCK_ALL:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_BLOCK_ALL)
    if _ask(s3.get_bucket_versioning, name).get("Status") != "Enabled":
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if not _kms_encrypted(s3, name, kms_key):
        default: dict[str, Any] = {"SSEAlgorithm": "aws:kms"}
        if kms_key:
            default["KMSMasterKeyID"] = kms_key
        s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
            },
        )
    if not _ask(s3.get_bucket_lifecycle_configuration, name).get("Rules"):
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=_LIFECYCLE)


def _exists(s3: Any, name: str) -> bool:
    try:
        s3.head_bucket(Bucket=name)
    except ClientError as error:
        if is_no_bucket(error):
            return False
        raise AuditError(
            f"The bucket {name} can't be used: S3 answered {error_code(error)}.",
            hint="Check that it belongs to this account and that s3:ListBucket is allowed.",
        ) from error
    return True


def _ask(operation: Any, name: str) -> dict[str, Any]:
    """The answer, or {} where S3 says that nothing of the kind is configured."""
    try:
        answer: dict[str, Any] = operation(Bucket=name)
    except ClientError as error:
        code = error_code(error)
        if code.startswith("NoSuch") or code.endswith(("NotFoundError", "NotFound")):
            return {}
        raise
    return answer


def _public(s3: Any, name: str) -> str:
    """Why the bucket is public, or ''."""
    if _ask(s3.get_bucket_policy_status, name).get("PolicyStatus", {}).get("IsPublic"):
        return "by its policy"
    for grant in _ask(s3.get_bucket_acl, name).get("Grants", []):
        if grant.get("Grantee", {}).get("URI") in (_EVERYONE, _ANY_CUSTOMER):
            return "by its access control list"
    return ""


def _kms_encrypted(s3: Any, name: str, kms_key: str | None) -> bool:
    rules = (
        _ask(s3.get_bucket_encryption, name)
        .get("ServerSideEncryptionConfiguration", {})
        .get("Rules", [])
    )
    for rule in rules:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if default.get("SSEAlgorithm", "").startswith("aws:kms"):
            return kms_key is None or default.get("KMSMasterKeyID") == kms_key
    return False
