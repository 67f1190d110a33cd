"""What the plan knows of resources: the states each part of their configuration can be in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.local_aws.estate.account_states import ACCOUNT, ACCOUNT_REGION
from include.local_aws.estate.aspects import (
    Aspect,
    ec2_call,
    fixed,
    iam_call,
    rds_call,
    s3_call,
    state,
    switch,
    trail_call,
)
from include.local_aws.estate.plan import Act, State
from include.local_aws.estate.rules import (
    DEFAULT_GROUP_STATES,
    GROUP_STATES,
    NETWORK_ACL_STATES,
)

SUPPORT_POLICY = "arn:aws:iam::aws:policy/AWSSupportAccess"
CLOUDSHELL_POLICY = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
_READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_S3_READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

#: Parts of the account that live on as another resource's configuration: the account's own
#: timeline is used there too, so that both always say the same. aspect on the resource -> account's
TOLD_BY_ACCOUNT = {"main-trail": "trail-multi-region", "support-policy": "support-role"}


def _metadata(tokens: str, hops: int, violates: str = "") -> State:
    options = {
        "State": "applied",
        "HttpTokens": tokens,
        "HttpPutResponseHopLimit": hops,
        "HttpEndpoint": "enabled",
    }
    call = ec2_call("ModifyInstanceMetadataOptions", instanceId="{id}", httpTokens=tokens)
    return state({"MetadataOptions": options}, violates, call)


_DIRECT_POLICIES = switch(
    "users-no-direct-policies",
    "DirectPolicies",
    iam_call("DetachUserPolicy", userName="{name}", policyArn=_S3_READ),
    iam_call("AttachUserPolicy", userName="{name}", policyArn=_S3_READ),
    good=(),
    bad=(_S3_READ,),
    edges=False,
)

_TRAIL = (
    switch(
        "trail-log-validation",
        "LogFileValidationEnabled",
        trail_call("UpdateTrail", enableLogFileValidation=True),
        trail_call("UpdateTrail", enableLogFileValidation=False),
        rate=0.2,
    ),
    switch(
        "trail-encrypted",
        "KmsKeyId",
        trail_call("UpdateTrail", kmsKeyId="{key}"),
        trail_call("UpdateTrail", kmsKeyId=""),
        good="{key}",
        bad=None,
        rate=0.2,
    ),
    switch(
        "trail-bucket-logging",
        "BucketLogging",
        Act("PutBucketLogging", "s3.amazonaws.com", {"bucketName": "{trail_bucket}"}),
        Act("PutBucketLogging", "s3.amazonaws.com", {"bucketName": "{trail_bucket}"}),
        rate=0.2,
    ),
    fixed("trail-place", {"HomeRegion": "{region}", "S3BucketName": "{trail_bucket}"}),
)

#: kind -> its aspects. Kinds are resource types, or refinements of them with a slash.
ASPECTS: Mapping[str, Sequence[Aspect]] = {
    "Account": ACCOUNT,
    "Account/region": ACCOUNT_REGION,
    "User/person": (
        fixed("console", {"Console": True}),
        switch(
            "console-users-mfa",
            "Mfa",
            iam_call("EnableMFADevice", userName="{name}"),
            iam_call("DeactivateMFADevice", userName="{name}"),
            edges=False,
        ),
        _DIRECT_POLICIES,
    ),
    "User/service": (
        fixed("console", {"Console": False, "Mfa": False}),
        _DIRECT_POLICIES,
    ),
    "Policy": (
        switch(
            "no-admin-policies",
            "Admin",
            iam_call("CreatePolicyVersion", policyArn="{arn}", setAsDefault=True),
            iam_call("CreatePolicyVersion", policyArn="{arn}", setAsDefault=True),
            good=False,
            bad=True,
        ),
    ),
    "Role": (
        Aspect(
            "cloudshell-full-access-unused",
            tuple(
                state(
                    {"AttachedPolicies": attached},
                    "",
                    iam_call("DetachRolePolicy", roleName="{name}", policyArn=CLOUDSHELL_POLICY),
                )
                for attached in ([], [_READ_ONLY], [_S3_READ])
            ),
            (
                state(
                    {"AttachedPolicies": [_READ_ONLY, CLOUDSHELL_POLICY]},
                    "cloudshell-full-access-unused",
                    iam_call("AttachRolePolicy", roleName="{name}", policyArn=CLOUDSHELL_POLICY),
                ),
            ),
            0.08,
        ),
    ),
    "Role/support": (
        Aspect(
            "support-policy",
            (
                state(
                    {"AttachedPolicies": [SUPPORT_POLICY]},
                    "",
                    iam_call("AttachRolePolicy", roleName="{name}", policyArn=SUPPORT_POLICY),
                ),
            ),
            (
                state(
                    {"AttachedPolicies": []},
                    "",
                    iam_call("DetachRolePolicy", roleName="{name}", policyArn=SUPPORT_POLICY),
                ),
            ),
        ),
    ),
    "Instance": (
        switch(
            "instance-profile-attached",
            "IamInstanceProfile",
            ec2_call("AssociateIamInstanceProfile", instanceId="{id}"),
            ec2_call("DisassociateIamInstanceProfile", instanceId="{id}"),
            good={
                "Arn": "arn:aws:iam::{account}:instance-profile/application",
                "Id": "AIPA2222222222APPLICA",
            },
            bad=None,
        ),
        Aspect(
            "imdsv2-required",
            (_metadata("required", hops=1),),
            (_metadata("optional", hops=2, violates="imdsv2-required"),),
            0.1,
        ),
        fixed(
            "instance-place",
            *(
                {"InstanceType": t, "VpcId": "{vpc}"}
                for t in ("t3.medium", "m6i.large", "c7g.xlarge")
            ),
        ),
    ),
    "SecurityGroup": (
        Aspect("security-group-rules", *GROUP_STATES, 0.1, edges=False),
        fixed("group-place", {"GroupName": "{name}", "VpcId": "{vpc}"}),
    ),
    "SecurityGroup/default": (
        Aspect("default-group-rules", *DEFAULT_GROUP_STATES, 0.2, edges=False),
        fixed("group-place", {"GroupName": "{name}", "VpcId": "{vpc}"}),
    ),
    "NetworkAcl": (
        Aspect("nacl-no-open-admin-ports", *NETWORK_ACL_STATES, 0.12),
        fixed("acl-place", {"VpcId": "{vpc}"}),
    ),
    "VPC": (
        switch(
            "vpc-flow-logs",
            "FlowLog",
            ec2_call("CreateFlowLogs", resourceIds=["{id}"], trafficType="ALL"),
            ec2_call("DeleteFlowLogs", resourceIds=["{id}"]),
            rate=0.2,
        ),
        fixed("vpc-place", *({"CidrBlock": f"10.{n}.0.0/16"} for n in range(0, 250, 10))),
    ),
    "Volume": (
        fixed("volume-encryption", {"Encrypted": True}, {"Encrypted": True}, {"Encrypted": False}),
    ),
    "Subnet": (fixed("subnet-place", {"VpcId": "{vpc}", "MapPublicIpOnLaunch": False}),),
    "Bucket": (
        switch(
            "s3-tls-only",
            "TlsOnly",
            s3_call("PutBucketPolicy"),
            s3_call("DeleteBucketPolicy"),
            rate=0.08,
        ),
        switch(
            "s3-mfa-delete",
            "MfaDelete",
            s3_call("PutBucketVersioning", by_root=True),
            s3_call("PutBucketVersioning", by_root=True),
            rate=0.08,
        ),
        switch(
            "s3-bucket-public-access-blocked",
            "PublicAccessBlock",
            s3_call("PutBucketPublicAccessBlock"),
            s3_call("DeleteBucketPublicAccessBlock"),
            rate=0.08,
        ),
    ),
    "Key": (
        switch(
            "kms-rotation",
            "KeyRotationEnabled",
            Act("EnableKeyRotation", "kms.amazonaws.com", {"keyId": "{id}"}),
            Act("DisableKeyRotation", "kms.amazonaws.com", {"keyId": "{id}"}),
            rate=0.12,
        ),
    ),
    "DBInstance": (
        switch("rds-storage-encrypted", "StorageEncrypted", rate=0.25, mutable=False),
        switch(
            "rds-minor-upgrades",
            "AutoMinorVersionUpgrade",
            rds_call(autoMinorVersionUpgrade=True),
            rds_call(autoMinorVersionUpgrade=False),
            rate=0.08,
        ),
        switch(
            "rds-not-public",
            "PubliclyAccessible",
            rds_call(publiclyAccessible=False),
            rds_call(publiclyAccessible=True),
            good=False,
            bad=True,
            rate=0.08,
        ),
        switch("rds-instance-multi-az", "MultiAZ", rds_call(multiAZ=True), rds_call(multiAZ=False)),
    ),
    "DBCluster": (
        switch(
            "rds-cluster-multi-az",
            "MultiAZ",
            Act("CreateDBInstance", "rds.amazonaws.com", {"dBClusterIdentifier": "{name}"}),
            Act("DeleteDBInstance", "rds.amazonaws.com", {"dBClusterIdentifier": "{name}"}),
            rate=0.12,
        ),
    ),
    "FileSystem": (
        Aspect(
            "efs-encryption",
            (state({"Encrypted": True, "KmsKeyId": "{key}"}),),
            (
                state({"Encrypted": True, "KmsKeyId": None}, "efs-encrypted-with-key"),
                state(
                    {"Encrypted": False, "KmsKeyId": None}, "efs-encrypted efs-encrypted-with-key"
                ),
            ),
            0.25,
            mutable=False,
        ),
    ),
    "Trail": (fixed("trail-scope", {"IsMultiRegionTrail": False}), *_TRAIL),
    "Trail/main": (
        Aspect(
            "main-trail",
            (
                state(
                    {"IsMultiRegionTrail": True},
                    "",
                    trail_call("UpdateTrail", isMultiRegionTrail=True),
                ),
            ),
            (
                state(
                    {"IsMultiRegionTrail": False},
                    "",
                    trail_call("UpdateTrail", isMultiRegionTrail=False),
                ),
            ),
        ),
        *_TRAIL,
    ),
    "Function": (fixed("runtime", {"Runtime": "python3.12"}, {"Runtime": "nodejs22.x"}),),
    "Table": (fixed("billing", {"BillingMode": "PAY_PER_REQUEST"}),),
    "Topic": (fixed("topic", {"KmsMasterKeyId": "alias/aws/sns"}),),
    "Queue": (fixed("queue", {"VisibilityTimeout": 30}),),
    "Secret": (fixed("secret", {"RotationEnabled": True}, {"RotationEnabled": False}),),
    "LogGroup": (fixed("retention", {"RetentionInDays": 90}, {"RetentionInDays": 365}),),
}
