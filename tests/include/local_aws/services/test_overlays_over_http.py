"""The overlays as boto3 sees them, through the local AWS's front."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from include.local_aws.estate.store import Estate

pytestmark = pytest.mark.slow
Client = Callable[..., Any]
HOME = "us-east-1"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def endpoint(state: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "include.local_aws.server", "--state", str(state)]
    size = ["--port", "0", "--accounts", "2", "--regions", "2", "--resources", "60"]
    server = subprocess.Popen(
        [*command, *size, "--months", "2", "--clock", "2026-11-01T06:00:00Z"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("READY "), line
        yield line.split()[1]
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def client(endpoint: str) -> Client:
    def make(service: str, region: str = HOME, account: str = "111111111111") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=account,
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


def test_config_pages_end_and_say_what_the_estate_says(client: Client, state: Path) -> None:
    config = client("config")
    rules = [
        rule
        for page in config.get_paginator("describe_config_rules").paginate()
        for rule in page["ConfigRules"]
    ]
    deployed = Estate(state / "estate.sqlite").rows(
        "SELECT name FROM deployments WHERE source = 'aws_config' AND account = ? AND region = ?"
        " AND from_t <= 1793512800 AND (to_t IS NULL OR to_t > 1793512800)",
        ("111111111111", HOME),
    )
    assert {rule["ConfigRuleName"] for rule in rules} == {row["name"] for row in deployed}
    details = config.get_paginator("get_compliance_details_by_config_rule")
    for rule in rules:
        pages = details.paginate(ConfigRuleName=rule["ConfigRuleName"], Limit=5)
        small = [one for page in pages for one in page["EvaluationResults"]]
        big = config.get_compliance_details_by_config_rule(
            ConfigRuleName=rule["ConfigRuleName"], Limit=100
        )["EvaluationResults"]
        assert [one["EvaluationResultIdentifier"] for one in small] == [
            one["EvaluationResultIdentifier"] for one in big
        ]
    with pytest.raises(ClientError) as error:
        config.get_compliance_details_by_config_rule(ConfigRuleName="none")
    assert error.value.response["Error"]["Code"] == "NoSuchConfigRuleException"


def test_security_hub_filters_and_history(client: Client) -> None:
    hub = client("securityhub")
    pages = hub.get_paginator("get_findings").paginate(
        Filters={"ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}]},
        PaginationConfig={"PageSize": 3},
    )
    found = [one for page in pages for one in page["Findings"]]
    assert found and {one["Compliance"]["Status"] for one in found} == {"FAILED"}
    identifier = {name: found[0][name] for name in ("Id", "ProductArn")}
    records = hub.get_finding_history(FindingIdentifier=identifier)["Records"]
    assert records[-1]["FindingCreated"] or records[-1]["Updates"]
    with pytest.raises(ClientError) as error:
        hub.get_findings(NextToken="foreign")
    assert error.value.response["Error"]["Code"] == "InvalidInputException"


def test_the_other_services(client: Client) -> None:
    events = client("cloudtrail").lookup_events(MaxResults=5)["Events"]
    assert len(events) == 5
    assert client("cloudtrail").describe_trails()["trailList"]
    assert "findings" in client("inspector2").list_findings()
    report = client("iam")
    report.generate_credential_report()
    content = report.get_credential_report()["Content"]
    assert content.startswith(b"user,arn,") and b"<root_account>" in content
    assert report.get_account_summary()["SummaryMap"]["Users"] > 0
    with pytest.raises(ClientError) as error:
        report.list_mfa_devices(UserName="nobody")
    assert error.value.response["Error"]["Code"] == "NoSuchEntity"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert "analyzers" in client("accessanalyzer").list_analyzers()
    assert client("account").list_regions()["Regions"]


def test_ec2_through_the_query_protocol(client: Client) -> None:
    ec2 = client("ec2")
    pages = ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
    groups = [one for page in pages for one in page["SecurityGroups"]]
    assert groups == ec2.describe_security_groups()["SecurityGroups"]
    assert ec2.describe_instances()["Reservations"][0]["Instances"][0]["LaunchTime"].tzinfo
    assert {one["RegionName"] for one in ec2.describe_regions()["Regions"]} == {HOME, "eu-west-1"}
    for operation in ("vpcs", "flow_logs", "network_acls", "volumes", "subnets"):
        getattr(ec2, f"describe_{operation}")()
    with pytest.raises(ClientError) as error:
        ec2.describe_vpcs(Filters=[{"Name": "colour", "Values": ["red"]}])
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_other_iam_operations_are_motos(client: Client) -> None:
    iam = client("iam")
    iam.create_role(RoleName="made-here", AssumeRolePolicyDocument="{}")
    assert iam.get_role(RoleName="made-here")["Role"]["RoleName"] == "made-here"
