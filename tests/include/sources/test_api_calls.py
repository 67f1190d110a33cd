"""API calls: each answers, none hides another, and what can be known of the past is told."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.evidence.cell import Cell, selection_digest
from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot, SnapshotWriter
from include.evidence.store import SnapshotStore
from include.sources.api_asking import ApiItem, Spool
from include.sources.api_calls import ApiCalls
from include.sources.api_evidence import Teller
from include.sources.api_model import item_shape
from include.sources.api_past import in_api_shape
from include.sources.api_table import CALLS, ApiCall
from include.sources.api_watch import Watch
from include.sources.collect import collect_cell
from include.sources.earlier import Earlier
from include.sources.trail_events import TrailEvent
from tests.include.sources.conftest import ROLE, World

ACCOUNT = "111111111111"
_SESSION = botocore.session.Session()
Collect = Callable[..., LoadedSnapshot]
#: Calls of which the account has something, by the estate or because it is made for the test.
PRESENT = frozenset(
    [
        "account_GetAlternateContact",
        "acm_GetAccountConfiguration",
        "acm_ListCertificates",
        "accessanalyzer_ListAnalyzers",
        "autoscaling_DescribeAutoScalingGroups",
        "backup_ListBackupPlans",
        "bedrock_GetModelInvocationLoggingConfiguration",
        "cloudtrail_DescribeTrails",
        "cloudtrail_ListTrails",
        "cloudwatch_DescribeAlarms",
        "config_DescribeConfigRules",
        "config_DescribeDeliveryChannels",
        "directconnect_DescribeVirtualGateways",
        "docdb_DescribeCertificates",
        "dynamodb_DescribeTable",
        "dynamodb_ListTables",
        "ec2_DescribeAddresses",
        "ec2_DescribeCustomerGateways",
        "ec2_DescribeFlowLogs",
        "ec2_DescribeInstances",
        "ec2_DescribeInternetGateways",
        "ec2_DescribeNetworkAcls",
        "ec2_DescribeRouteTables",
        "ec2_DescribeSecurityGroupRules",
        "ec2_DescribeSecurityGroups",
        "ec2_DescribeTransitGateways",
        "ec2_DescribeVolumes",
        "ec2_DescribeVpcEndpoints",
        "ec2_DescribeVpcs",
        "ec2_DescribeVpnGateways",
        "ec2_GetEbsDefaultKmsKeyId",
        "ec2_GetEbsEncryptionByDefault",
        "ecs_DescribeClusters",
        "eks_DescribeAddonVersions",
        "elasticache_DescribeServiceUpdates",
        "elasticfilesystem_DescribeFileSystems",
        "elasticloadbalancingv2_DescribeSSLPolicies",
        "elasticloadbalancingv2_DescribeTargetGroups",
        "elasticmapreduce_ListSecurityConfigurations",
        "events_ListEventBuses",
        "events_ListRules",
        "firehose_ListDeliveryStreams",
        "guardduty_ListDetectors",
        "iam_GenerateCredentialReport",
        "iam_GetAccountPasswordPolicy",
        "iam_GetAccountSummary",
        "iam_ListGroups",
        "iam_ListOpenIDConnectProviders",
        "iam_ListPolicies",
        "iam_ListRoles",
        "iam_ListUsers",
        "iam_ListVirtualMFADevices",
        "kafka_ListKafkaVersions",
        "kinesis_ListStreams",
        "kms_GetKeyPolicy",
        "kms_GetKeyRotationStatus",
        "kms_ListKeys",
        "lambda_ListFunctions",
        "rds_DescribeDBClusters",
        "rds_DescribeDBInstances",
        "s3_GetBucketEncryption",
        "s3_ListBuckets",
        "sagemaker_ListModels",
        "secretsmanager_ListSecrets",
        "sns_ListTopics",
        "sqs_ListQueues",
    ]
)


@pytest.fixture
def collect(world: World, sessions: SessionFactory, store: SnapshotStore) -> Collect:
    """Ask some calls for a period, and read what was stored."""

    def run(*calls: str, period: str = "2026-10", region: str = "us-east-1") -> LoadedSnapshot:
        asked = ApiCalls().in_region({"calls": sorted(calls)}, home=region == "us-east-1")
        cell = Cell("api_calls", ACCOUNT, region, parse_period(period), selection_digest(asked))
        clients = sessions.account(ACCOUNT)
        context = {**asked, "home_region": "us-east-1", "regional_account_keywords": []}
        ref, _ = collect_cell(ApiCalls(), cell, context, clients, store)
        return store.load(ref)

    return run


def made(world: World) -> None:
    """What the estate lacks, made as people make it."""

    def client(service: str) -> Any:
        return _SESSION.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=world.endpoint,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
        )

    ec2 = client("ec2")
    if client("guardduty").list_detectors()["DetectorIds"]:
        return
    client("guardduty").create_detector(Enable=True)
    client("acm").request_certificate(DomainName="example.com")
    client("events").create_event_bus(Name="orders")
    pattern = '{"source": ["orders"]}'
    client("events").put_rule(Name="paid", EventPattern=pattern, EventBusName="orders")
    client("events").put_rule(Name="daily", ScheduleExpression="rate(1 day)")
    client("ecs").create_cluster(clusterName="web")
    client("ecs").create_cluster(clusterName="batch")
    client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    client("firehose").create_delivery_stream(
        DeliveryStreamName="clicks",
        S3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose",
            "BucketARN": "arn:aws:s3:::clicks",
        },
    )
    client("cloudwatch").put_metric_alarm(
        AlarmName="root-login",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="root",
        Namespace="audit",
        Period=300,
        Statistic="Sum",
        Threshold=0,
    )
    client("emr").create_security_configuration(Name="encrypted", SecurityConfiguration="{}")
    client("sagemaker").create_model(ModelName="ranking", ExecutionRoleArn="arn:aws:iam::1:role/m")
    client("iam").create_group(GroupName="auditors")
    client("iam").create_open_id_connect_provider(
        Url="https://example.com", ThumbprintList=["0" * 40]
    )
    client("backup").create_backup_plan(
        BackupPlan={
            "BackupPlanName": "daily",
            "Rules": [{"RuleName": "r", "TargetBackupVaultName": "Default"}],
        }
    )
    client("efs").create_file_system(CreationToken="shared", Encrypted=True)
    client("secretsmanager").create_secret(Name="token", SecretString="not-a-secret")
    client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("rds").create_db_instance(
        DBInstanceIdentifier="orders", DBInstanceClass="db.t4g.micro", Engine="postgres"
    )
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    client("elbv2").create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
    ec2.create_internet_gateway()
    ec2.allocate_address(Domain="vpc")
    ec2.create_customer_gateway(Type="ipsec.1", PublicIp="203.0.113.7", BgpAsn=65000)
    ec2.create_vpn_gateway(Type="ipsec.1")
    ec2.create_transit_gateway()
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")
    client("autoscaling").create_launch_configuration(
        LaunchConfigurationName="web", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=["us-east-1a"],
    )


@contextmanager
def only_allowed(world: World, actions: Iterable[str]) -> Iterator[None]:
    """The collecting role may do ``actions`` and nothing else."""
    url = f"{world.endpoint}/_local/policies"
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    policy = {f"*:assumed-role/{ROLE}/*": {"Statement": [statement]}}
    urllib.request.urlopen(url, data=json.dumps(policy).encode()).close()
    try:
        yield
    finally:
        request = urllib.request.Request(url, method="DELETE")
        urllib.request.urlopen(request).close()


def by_keyword(loaded: LoadedSnapshot) -> Counter[str]:
    return Counter(item.keyword for item in loaded.iter_evidence())


def test_every_call_is_answered_by_the_local_aws(world: World, collect: Collect) -> None:
    made(world)
    calls = [call for call in CALLS.values() if not call.helper]
    # Nothing is allowed but what the source says it needs.
    with only_allowed(world, ApiCalls().actions({"calls": [call.keyword for call in calls]})):
        loaded = collect(*(call.keyword for call in calls), period="2026-11")
    assert loaded.ref.status == "COMPLETE", loaded.receipt.message
    assert loaded.receipt.retries == 0
    silent = {call.keyword for call in calls if f"{call.keyword}: " in loaded.receipt.message}
    assert silent == {k for k, call in CALLS.items() if call.retired}
    assert {d.keyword for d in loaded.deployments} == {c.keyword for c in calls} - silent
    found = by_keyword(loaded)
    assert PRESENT - set(found) == set()
    assert found["ecs_DescribeClusters"] == 2
    assert found["events_ListRules"] == 2
    assert found["kms_GetKeyPolicy"] == found["kms_ListKeys"]
    # One item per resource, and each is told apart from all others of its call.
    items = list(loaded.iter_evidence())
    assert len({(item.keyword, item.resource) for item in items}) == len(items)
    assert {item.known for item in items} == {"CONTEMPORANEOUS"}
    assert {item.collected_at.date().isoformat() for item in items} == {"2026-11-01"}


def test_a_denied_call_hides_no_other(world: World, collect: Collect) -> None:
    world.fault(service="kms", operation="GetKeyPolicy", kind="access_denied")
    world.fault(service="s3", operation="ListBuckets", kind="access_denied")
    loaded = collect("kms_GetKeyPolicy", "kms_ListKeys", "s3_ListBuckets", "iam_GetAccountSummary")
    assert loaded.ref.status == "DENIED"
    assert set(by_keyword(loaded)) == {"kms_ListKeys", "iam_GetAccountSummary"}
    assert {d.keyword for d in loaded.deployments} == {"kms_ListKeys", "iam_GetAccountSummary"}
    assert loaded.receipt.missing_permission == "kms:GetKeyPolicy"
    assert "kms:GetKeyPolicy" in loaded.receipt.message
    assert "s3_ListBuckets: s3:ListAllMyBuckets" in loaded.receipt.message


def test_a_broken_call_is_tried_again_and_the_rest_is_kept(world: World, collect: Collect) -> None:
    world.fault(service="kms", operation="ListKeys", kind="server_error")
    loaded = collect("kms_ListKeys", "iam_GetAccountSummary")
    assert loaded.ref.status == "PARTIAL"
    assert set(by_keyword(loaded)) == {"iam_GetAccountSummary"}


def groups_in_truth(world: World, region: str, end: str) -> dict[str, dict[str, Any]]:
    """The rules of every security group that existed just before ``end``, by ARN."""
    there = {
        r["arn"]
        for r in world.truth["resources"]
        if r["type"] == "AWS::EC2::SecurityGroup"
        and (r["account"], r["region"]) == (ACCOUNT, region)
        and r["created"] < end
        and (r["deleted"] is None or r["deleted"] >= end)
    }
    found: dict[str, dict[str, Any]] = {arn: {} for arn in there}
    for fact in world.truth["facts"]:
        if (
            fact["arn"] in there
            and fact["from"] < end
            and (fact["to"] is None or fact["to"] >= end)
        ):
            found[fact["arn"]][fact["property"]] = fact["value"]
    return found


def told(loaded: LoadedSnapshot, keyword: str) -> dict[str, Evidence]:
    return {i.resource: i for i in loaded.iter_evidence() if i.keyword == keyword}


@pytest.mark.parametrize("period", ["2026-06", "2026-08", "2026-09"])
def test_configs_history_tells_what_cloudtrail_no_longer_does(
    period: str, world: World, collect: Collect
) -> None:
    if period != "2026-06":
        world.fault(service="cloudtrail", operation="LookupEvents", kind="access_denied")
    loaded = collect("ec2_DescribeSecurityGroups", "ec2_GetEbsEncryptionByDefault", period=period)
    assert loaded.ref.status == ("COMPLETE" if period == "2026-06" else "DENIED")
    states = {d.keyword: d.state for d in loaded.deployments}
    assert states == {
        "ec2_DescribeSecurityGroups": "ACTIVE",
        "ec2_GetEbsEncryptionByDefault": "BEYOND_REACH",
    }
    groups = told(loaded, "ec2_DescribeSecurityGroups")
    end = f"{parse_period(period).end:%Y-%m-%dT%H:%M:%SZ}"
    truth = groups_in_truth(world, "us-east-1", end)
    assert set(groups) == set(truth)
    assert truth
    for arn, item in groups.items():
        assert item.known == "RECONSTRUCTED"
        assert item.source_time == parse_period(period).end
        assert item.attributes["captured"] < end
        assert item.attributes["configuration"]["IpPermissions"] == truth[arn]["IpPermissions"]
        assert item.page in dict(loaded.iter_pages())
    settings = told(loaded, "ec2_GetEbsEncryptionByDefault")
    assert {item.known for item in settings.values()} == {"CURRENT_ONLY"}


def test_without_config_and_cloudtrail_a_past_period_speaks_of_the_present_only(
    world: World, collect: Collect
) -> None:
    world.fault(service="config", kind="access_denied")
    loaded = collect("ec2_DescribeSecurityGroups", period="2026-06")
    assert loaded.ref.status == "DENIED"
    assert loaded.receipt.missing_permission == "config:DescribeConfigurationRecorders"
    assert {d.state for d in loaded.deployments} == {"BEYOND_REACH"}
    assert {item.known for item in loaded.iter_evidence()} == {"CURRENT_ONLY"}
    assert "config:DescribeConfigurationRecorders" in loaded.receipt.message


def test_what_config_does_not_keep_that_long_is_beyond_reach(
    world: World, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.sources.config_recorder._KEPT", timedelta(days=31))
    loaded = collect("ec2_DescribeSecurityGroups", period="2026-06")
    assert loaded.ref.status == "BEYOND_REACH"


@pytest.mark.parametrize(
    ("service", "operation"),
    [("cloudtrail", "LookupEvents"), ("config", "ListDiscoveredResources")],
)
def test_a_denied_look_back_is_a_gap_and_is_made_good_once_allowed(
    service: str, operation: str, world: World, collect: Collect
) -> None:
    period = "2026-10" if service == "cloudtrail" else "2026-06"
    undisturbed = collect("ec2_DescribeSecurityGroups", period=period)
    world.fault(service=service, operation=operation, kind="access_denied")
    denied = collect("ec2_DescribeSecurityGroups", period=period)
    assert denied.ref.status == "DENIED"
    assert denied.receipt.missing_permission == f"{service}:{operation}"
    world.heal()
    again = collect("ec2_DescribeSecurityGroups", period=period)
    assert again.ref.content_digest == undisturbed.ref.content_digest


def test_a_list_that_was_refused_does_not_say_that_the_account_has_nothing(
    world: World, collect: Collect
) -> None:
    world.fault(service="accessanalyzer", operation="ListAnalyzers", kind="access_denied")
    loaded = collect("accessanalyzer_ListAnalyzers")
    assert loaded.ref.status == "DENIED"
    assert list(loaded.iter_evidence()) == []


def test_what_was_known_at_the_time_stays_known(world: World, collect: Collect) -> None:
    calls = ("iam_GetAccountPasswordPolicy", "ec2_DescribeVpcs", "iam_GenerateCredentialReport")
    then = collect(*calls)
    known = {(i.keyword, i.resource): i for i in then.iter_evidence() if i.known != "CURRENT_ONLY"}
    assert {keyword for keyword, _ in known} == set(calls)
    # Later, nobody can say any more what has changed.
    world.fault(service="cloudtrail", operation="LookupEvents", kind="access_denied")
    world.fault(service="config", kind="access_denied")
    later = collect(*calls)
    assert later.ref.status == "DENIED"
    assert [i.content() for i in later.iter_evidence()] == [
        i.content() for i in then.iter_evidence()
    ]
    assert later.deployments == then.deployments
    # Another framework's cell asks for more; what it can't know is as it was known then.
    more = collect(*calls, "ec2_DescribeFlowLogs")
    assert {d.keyword for d in more.deployments if d.state == "ACTIVE"} == set(calls)
    seen = {(i.keyword, i.resource): i for i in more.iter_evidence()}
    for about, item in known.items():
        assert seen[about].known == "CONTEMPORANEOUS"
        assert seen[about].content() == item.content()
        assert seen[about].page == f"{then.ref.uri}/{item.page}"


class Asked:
    """Config that isn't there."""

    def knows(self, call: ApiCall) -> bool:
        return False


def test_an_instance_that_was_terminated_since_is_not_forgotten_while_ec2_still_shows_it() -> None:
    cell = Cell("api_calls", ACCOUNT, "eu-west-1", parse_period("2026-10"), "0" * 64)
    call = CALLS["ec2_DescribeInstances"]
    now = datetime(2026, 11, 1, 6, tzinfo=UTC)
    record = {"requestParameters": {"instancesSet": {"items": [{"instanceId": "i-1"}]}}}
    entry = {
        "EventId": "e-1",
        "EventName": "TerminateInstances",
        "EventTime": datetime(2026, 11, 1, 3, tzinfo=UTC),
        "CloudTrailEvent": json.dumps(record),
    }
    watch = Watch((TrailEvent(entry, "page-00001.json", 0, now),))
    with SnapshotWriter(cell) as out:
        items = Spool(out, call.keyword)
        for id_, state in (("i-1", "terminated"), ("i-2", "running")):
            value = {"InstanceId": id_, "State": {"Name": state}}
            items.add(ApiItem(value, "page-00001.xml", 0, now, {}))
        items.close()
        teller = Teller(cell, now, watch, Asked(), Earlier)  # type: ignore[arg-type]
        found = {i.resource.rsplit("/", 1)[-1]: i for i in teller.evidence(call, items)}
    assert set(found) == {"i-1", "i-2"}
    assert found["i-2"].known == "CONTEMPORANEOUS"
    assert found["i-1"].known == "CURRENT_ONLY"
    assert found["i-1"].attributes["configuration"] is None


# --- Config's shapes -------------------------------------------------------------------------


def config_item(type_: str, configuration: Any, **members: Any) -> dict[str, Any]:
    return {
        "resourceType": type_,
        "resourceId": "sg-1",
        "resourceName": "web",
        "arn": "arn:aws:kms:eu-west-1:111111111111:key/k-1",
        "configuration": configuration,
        "supplementaryConfiguration": {},
        "configurationItemCaptureTime": datetime(2026, 10, 1, tzinfo=UTC),
        **members,
    }


def shaped(keyword: str, item: dict[str, Any]) -> Any:
    call = CALLS[keyword]
    model = _SESSION.get_service_model(call.service)
    return in_api_shape(call, item_shape(call, model), item)


def test_a_security_group_as_config_writes_it_is_one_as_ec2_answers_it() -> None:
    # Config's shape by awslabs/aws-config-resource-schema, AWS::EC2::SecurityGroup.
    permission = {
        "fromPort": 22,
        "ipProtocol": "tcp",
        "ipv6Ranges": [{"cidrIpv6": "::/0"}],
        "prefixListIds": [],
        "toPort": 22,
        "userIdGroupPairs": [{"groupId": "sg-2", "userId": "111111111111"}],
        "ipv4Ranges": [{"cidrIp": "0.0.0.0/0", "description": "all"}],
        "ipRanges": ["0.0.0.0/0"],
    }
    configuration = {
        "description": "web",
        "groupName": "web",
        "ipPermissions": [permission],
        "ownerId": "111111111111",
        "groupId": "sg-1",
        "ipPermissionsEgress": [],
        "vpcId": "vpc-1",
    }
    item = config_item("AWS::EC2::SecurityGroup", configuration)
    found = shaped("ec2_DescribeSecurityGroups", item)
    assert found["GroupId"] == "sg-1"
    assert found["IpPermissionsEgress"] == []
    assert found["IpPermissions"] == [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "UserIdGroupPairs": [{"UserId": "111111111111", "GroupId": "sg-2"}],
            "IpRanges": [{"Description": "all", "CidrIp": "0.0.0.0/0"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            "PrefixListIds": [],
        }
    ]
    del permission["ipv4Ranges"]
    older = shaped("ec2_DescribeSecurityGroups", item)
    assert older["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]


def test_keys_and_buckets_are_found_beside_configs_configuration() -> None:
    beside = {
        "KeyRotationStatus": True,
        "ServerSideEncryptionConfiguration": {
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyID": "k-1",
                    },
                    "bucketKeyEnabled": True,
                }
            ]
        },
    }
    key = config_item("AWS::KMS::Key", {}, resourceId="k-1", supplementaryConfiguration=beside)
    assert shaped("kms_GetKeyRotationStatus", key) == {"KeyId": "k-1", "KeyRotationEnabled": True}
    assert shaped("kms_GetKeyPolicy", key) is None  # Config has not recorded it
    bucket = config_item("AWS::S3::Bucket", {}, supplementaryConfiguration=beside)
    assert shaped("s3_GetBucketEncryption", bucket) == {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms",
                    "KMSMasterKeyID": "k-1",
                },
                "BucketKeyEnabled": True,
            }
        ]
    }


def test_a_resource_that_config_shows_nothing_of_is_not_mapped() -> None:
    assert shaped("ec2_DescribeVolumes", config_item("AWS::EC2::Volume", {})) is None
    assert shaped("ec2_DescribeVolumes", config_item("AWS::EC2::Volume", {"other": 1})) is None
