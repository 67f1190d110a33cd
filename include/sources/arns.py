"""ARNs for resources that a service names by type and id only."""

from __future__ import annotations

from include.aws.sessions import partition_of
from include.evidence.identity import ACCOUNT_TYPE, account_identity

#: ``{service}:{resource}`` after the partition; ``{r}`` region, ``{a}`` account, ``{i}`` id.
_FORMS = {
    "AWS::EC2::Instance": "ec2:{r}:{a}:instance/{i}",
    "AWS::EC2::SecurityGroup": "ec2:{r}:{a}:security-group/{i}",
    "AWS::EC2::VPC": "ec2:{r}:{a}:vpc/{i}",
    "AWS::EC2::Subnet": "ec2:{r}:{a}:subnet/{i}",
    "AWS::EC2::Volume": "ec2:{r}:{a}:volume/{i}",
    "AWS::EC2::NetworkAcl": "ec2:{r}:{a}:network-acl/{i}",
    "AWS::EC2::FlowLog": "ec2:{r}:{a}:vpc-flow-log/{i}",
    "AWS::S3::Bucket": "s3:::{i}",
    "AWS::KMS::Key": "kms:{r}:{a}:key/{i}",
    "AWS::EFS::FileSystem": "elasticfilesystem:{r}:{a}:file-system/{i}",
    "AWS::CloudTrail::Trail": "cloudtrail:{r}:{a}:trail/{i}",
    "AWS::IAM::User": "iam::{a}:user/{i}",
    "AWS::IAM::Role": "iam::{a}:role/{i}",
    "AWS::IAM::Policy": "iam::{a}:policy/{i}",
}


def arn_of(resource_type: str, resource_id: str, account: str, region: str) -> str:
    """The canonical identity; a type without a known form is ``type:account:region:id``."""
    if resource_id.startswith("arn:"):
        return resource_id
    if resource_type == ACCOUNT_TYPE:
        return account_identity(account)
    form = _FORMS.get(resource_type)
    if form is None:
        return f"{resource_type}:{account}:{region}:{resource_id}"
    return f"arn:{partition_of(region)}:" + form.format(r=region, a=account, i=resource_id)
