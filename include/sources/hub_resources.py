"""Resources as Security Hub names them, in the words of the rest of the product."""

from __future__ import annotations

from functools import cache

from include.evidence.identity import ACCOUNT_TYPE, account_identity

#: Words of ASFF types that are spelled otherwise in CloudFormation's.
_SERVICES = {
    "AmazonMq": "AmazonMQ",
    "AppSync": "AppSync",
    "AutoScaling": "AutoScaling",
    "ApiGatewayV2": "ApiGatewayV2",
    "ApiGateway": "ApiGateway",
    "Athena": "Athena",
    "Backup": "Backup",
    "CertificateManager": "CertificateManager",
    "CloudFormation": "CloudFormation",
    "CloudFront": "CloudFront",
    "CloudTrail": "CloudTrail",
    "Cloudtrail": "CloudTrail",
    "CloudWatch": "CloudWatch",
    "CodeBuild": "CodeBuild",
    "Dms": "DMS",
    "DynamoDb": "DynamoDB",
    "Ec2": "EC2",
    "Ecr": "ECR",
    "Ecs": "ECS",
    "Efs": "EFS",
    "Eks": "EKS",
    "ElasticBeanstalk": "ElasticBeanstalk",
    "Elasticsearch": "Elasticsearch",
    "Elbv2": "ElasticLoadBalancingV2",
    "Elb": "ElasticLoadBalancing",
    "EventSchemas": "EventSchemas",
    "Events": "Events",
    "GuardDuty": "GuardDuty",
    "Iam": "IAM",
    "Kinesis": "Kinesis",
    "Kms": "KMS",
    "Lambda": "Lambda",
    "Msk": "MSK",
    "NetworkFirewall": "NetworkFirewall",
    "OpenSearchService": "OpenSearchService",
    "Rds": "RDS",
    "Redshift": "Redshift",
    "Route53": "Route53",
    "S3": "S3",
    "SageMaker": "SageMaker",
    "SecretsManager": "SecretsManager",
    "Sns": "SNS",
    "Sqs": "SQS",
    "Ssm": "SSM",
    "StepFunction": "StepFunctions",
    "WafRegional": "WAFRegional",
    "Wafv2": "WAFv2",
    "Waf": "WAF",
    "Xray": "XRay",
}
_KINDS = {
    "AwsEc2Vpc": "AWS::EC2::VPC",
    "AwsEc2Eip": "AWS::EC2::EIP",
    "AwsEc2VpcEndpointService": "AWS::EC2::VPCEndpointService",
    "AwsEc2VpcPeeringConnection": "AWS::EC2::VPCPeeringConnection",
    "AwsEc2VpnConnection": "AWS::EC2::VPNConnection",
    "AwsRdsDbInstance": "AWS::RDS::DBInstance",
    "AwsRdsDbCluster": "AWS::RDS::DBCluster",
    "AwsRdsDbSnapshot": "AWS::RDS::DBSnapshot",
    "AwsRdsDbClusterSnapshot": "AWS::RDS::DBClusterSnapshot",
    "AwsRdsDbSecurityGroup": "AWS::RDS::DBSecurityGroup",
    "AwsEfsFileSystem": "AWS::EFS::FileSystem",
    "AwsElbLoadBalancer": "AWS::ElasticLoadBalancing::LoadBalancer",
    "AwsWafWebAcl": "AWS::WAF::WebACL",
    "AwsWafv2WebAcl": "AWS::WAFv2::WebACL",
    "AwsOpenSearchServiceDomain": "AWS::OpenSearchService::Domain",
}


@cache
def cloudformation_type(asff: str) -> str:
    """``AwsEc2SecurityGroup`` as ``AWS::EC2::SecurityGroup``; unknown ones stay as they are."""
    if asff == "AwsAccount":
        return ACCOUNT_TYPE
    if asff in _KINDS:
        return _KINDS[asff]
    for short, service in _SERVICES.items():
        if asff.startswith(f"Aws{short}") and len(asff) > len(short) + 3:
            return f"AWS::{service}::{asff[len(short) + 3 :]}"
    return asff


def identity(asff: str, id_: str, account: str, region: str | None) -> str:
    """The canonical identity of a finding's resource; ``region``: of an account's setting there."""
    if asff == "AwsAccount" or id_.startswith(f"{ACCOUNT_TYPE}:"):
        return account_identity(account, region)
    return id_
