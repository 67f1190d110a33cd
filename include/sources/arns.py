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
    "AWS::IAM::Group": "iam::{a}:group/{i}",
    "AWS::CloudWatch::Alarm": "cloudwatch:{r}:{a}:alarm:{i}",
    "AWS::DirectConnect::DirectConnectGateway": "directconnect::{a}:dx-gateway/{i}",
    "AWS::DocDB::DBClusterParameterGroup": "rds:{r}:{a}:cluster-pg:{i}",
    "AWS::DynamoDB::Table": "dynamodb:{r}:{a}:table/{i}",
    "AWS::EC2::CustomerGateway": "ec2:{r}:{a}:customer-gateway/{i}",
    "AWS::EC2::EIP": "ec2:{r}:{a}:elastic-ip/{i}",
    "AWS::EC2::EgressOnlyInternetGateway": "ec2:{r}:{a}:egress-only-internet-gateway/{i}",
    "AWS::EC2::InternetGateway": "ec2:{r}:{a}:internet-gateway/{i}",
    "AWS::EC2::LocalGateway": "ec2:{r}:{a}:local-gateway/{i}",
    "AWS::EC2::NatGateway": "ec2:{r}:{a}:natgateway/{i}",
    "AWS::EC2::RouteTable": "ec2:{r}:{a}:route-table/{i}",
    "AWS::EC2::SecurityGroupRule": "ec2:{r}:{a}:security-group-rule/{i}",
    "AWS::EC2::TransitGateway": "ec2:{r}:{a}:transit-gateway/{i}",
    "AWS::EC2::VPCEndpoint": "ec2:{r}:{a}:vpc-endpoint/{i}",
    "AWS::EC2::VPCEndpointService": "ec2:{r}:{a}:vpc-endpoint-service/{i}",
    "AWS::EC2::VPCPeeringConnection": "ec2:{r}:{a}:vpc-peering-connection/{i}",
    "AWS::EC2::VPNConnection": "ec2:{r}:{a}:vpn-connection/{i}",
    "AWS::EC2::VPNGateway": "ec2:{r}:{a}:vpn-gateway/{i}",
    "AWS::ECS::Cluster": "ecs:{r}:{a}:cluster/{i}",
    "AWS::EFS::AccessPoint": "elasticfilesystem:{r}:{a}:access-point/{i}",
    "AWS::Events::EventBus": "events:{r}:{a}:event-bus/{i}",
    "AWS::GuardDuty::Detector": "guardduty:{r}:{a}:detector/{i}",
    "AWS::Kinesis::Stream": "kinesis:{r}:{a}:stream/{i}",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:{r}:{a}:deliverystream/{i}",
    "AWS::SageMaker::Endpoint": "sagemaker:{r}:{a}:endpoint/{i}",
    "AWS::SageMaker::EndpointConfig": "sagemaker:{r}:{a}:endpoint-config/{i}",
    "AWS::SageMaker::Model": "sagemaker:{r}:{a}:model/{i}",
    "AWS::Lambda::Function": "lambda:{r}:{a}:function:{i}",
    "AWS::WAF::Rule": "waf::{a}:rule/{i}",
    "AWS::WAF::RuleGroup": "waf::{a}:rulegroup/{i}",
    "AWS::WAF::WebACL": "waf::{a}:webacl/{i}",
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
