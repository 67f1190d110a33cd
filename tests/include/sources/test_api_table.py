"""Every row of the table of API calls fits the service's model, and is followed to its end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.validate import ParamValidator

from include.assessment.period import parse_period
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.local_aws.authorization import action_of
from include.sources.api_asking import Answered, Asker
from include.sources.api_calls import ApiCalls
from include.sources.api_model import faults
from include.sources.api_table import CALLS, CREDENTIAL_REPORT, ApiCall, Touches, needed_for

KEYWORDS = Path(__file__).parents[3] / "include/audit_manager/service/data/keywords.json"
CELL = Cell("api_calls", "111111111111", "eu-west-1", parse_period("2026-10"), "0" * 64)
_SESSION = botocore.session.Session()


def model(call: ApiCall) -> Any:
    return _SESSION.get_service_model(call.service)


every_call = pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: str(call.keyword))
#: Pages come from a canned client; the credential report is a file.
every_listing = pytest.mark.parametrize(
    "call",
    [call for call in CALLS.values() if call is not CREDENTIAL_REPORT],
    ids=lambda call: str(call.keyword),
)


def test_every_call_that_audit_manager_supports_has_a_row() -> None:
    supported = set(json.loads(KEYWORDS.read_text())["AWS_API_Call"])
    assert len(supported) == 106
    assert supported <= {k for k, call in CALLS.items() if not call.helper}


@every_call
def test_a_row_fits_the_services_model(call: ApiCall) -> None:
    assert faults(call, model(call)) == []


@every_call
def test_a_row_names_the_permission_that_iam_knows(call: ApiCall) -> None:
    assert call.action == action_of(call.service, call.operation)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operation": "DescribeDbInstances"}, "has no operation DescribeDbInstances"),
        ({"items": ("DBInstance",)}, "no items at DBInstance"),
        ({"id": "DBInstanceARN"}, "has no member DBInstanceARN"),
        ({"token": "NextToken"}, "no token NextToken"),
        ({"paged": False}, "the operation is paged, the row is not"),
        ({"request": {"Engine": "docdb"}}, "no member Engine"),
        ({"volatile": frozenset({"Moods"})}, "has a member Moods to be left out"),
    ],
)
def test_a_row_that_does_not_fit_is_told_apart(changes: dict[str, Any], said: str) -> None:
    call = msgspec.structs.replace(CALLS["rds_DescribeDBInstances"], **changes)
    assert said in " ".join(faults(call, model(call)))


def test_a_request_must_fill_what_the_service_requires() -> None:
    call = msgspec.structs.replace(CALLS["kms_GetKeyPolicy"], for_each=None)
    assert faults(call, model(call)) == ["the request lacks KeyId"]


# --- asking --------------------------------------------------------------------------------------


class Canned:
    """A client whose listings have two pages of two items each, made after the model."""

    def __init__(self, service: str, refuse: dict[str, str] | None = None) -> None:
        service_model = _SESSION.get_service_model(service)
        self.meta = SimpleNamespace(
            service_model=service_model, region_name="eu-west-1", endpoint_url="http://canned"
        )
        self.asked: Counter[str] = Counter()
        self.refuse = refuse or {}
        self.by_name = {xform_name(name): name for name in service_model.operation_names}

    def __getattr__(self, name: str) -> Any:
        operation = self.by_name[name]

        def answer(**request: Any) -> dict[str, Any]:
            self.asked[operation] += 1
            shape = self.meta.service_model.operation_model(operation)
            if shape.input_shape is not None:
                problems = ParamValidator().validate(request, shape.input_shape)
                assert not problems.has_errors(), problems.generate_report()
            if code := self.refuse.get(operation):
                raise ClientError({"Error": {"Code": code, "Message": code}}, operation)
            call = next(
                one
                for one in CALLS.values()
                if one.service == self.meta.service_model.service_name
                and one.operation == operation
            )
            # Pages of one listing; and other items for another item's own listing.
            token = call.next or call.token
            last = call.token in request if call.paged else True
            mark = (
                f"{'b' if last else 'a'}-{'-'.join(str(v) for v in sorted_values(request, call))}"
            )
            made = example(shape.output_shape, mark, {token.split(".")[-1], call.more})
            if call.paged and not last:
                put(made, token, "a token that is as long as those of AWS are")
            return {**made, "ResponseMetadata": {"RequestId": "r", "HTTPStatusCode": 200}}

        return answer


def sorted_values(request: dict[str, Any], call: ApiCall) -> list[str]:
    """What tells one item's listing from another's."""
    given = call.for_each.request if call.for_each else {}
    return [str(request[name]) for name in sorted(given) if name in request]


def example(shape: Any, mark: str, without: set[str], number: int = 0, depth: int = 0) -> Any:
    """A value of a shape; lists at the top have two items, and names are told apart by a mark."""
    if shape.type_name == "structure":
        return {
            # Lists side by side (kinds of alarms) don't hold the same items.
            name: example(inner, mark if depth else mark + name, without, number, depth + 1)
            for name, inner in shape.members.items()
            if name not in without and depth < 6
        }
    if shape.type_name == "list":
        size = 2 if depth < 4 else 1
        return [
            example(shape.member, mark, without, number * 2 + n, depth + 1) for n in range(size)
        ]
    if shape.type_name == "map":
        return {"key": example(shape.value, mark, without, number, depth + 1)}
    if shape.type_name == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else f"{mark}-{number}"
    return {
        "timestamp": datetime(2026, 9, 1, tzinfo=UTC),
        "boolean": False,
        "blob": b"bytes",
    }.get(shape.type_name, 7)


def put(value: dict[str, Any], path: str, what: str) -> None:
    *way, last = path.split(".")
    for name in way:
        value = value[name]
    value[last] = what


class Clients:
    """Canned clients in the place of a session's."""

    def __init__(self, refuse: dict[str, str] | None = None) -> None:
        self.made: dict[str, Canned] = {}
        self.refuse = refuse

    def client(self, service: str, region: str) -> Canned:
        return self.made.setdefault(service, Canned(service, self.refuse))


@pytest.fixture
def out() -> Iterator[SnapshotWriter]:
    with SnapshotWriter(CELL) as writer:
        yield writer


def answer(out: SnapshotWriter, call: ApiCall, clients: Clients | None = None) -> Answered:
    return Asker(out, clients or Clients(), CELL).answer(call)  # type: ignore[arg-type]


@every_listing
def test_every_page_is_read_and_every_item_has_an_identity(
    call: ApiCall, out: SnapshotWriter
) -> None:
    clients = Clients()
    answered = answer(out, call, clients)
    assert answered.error is None
    assert answered.silent == ""
    found = list(answered.items)
    pages = 2 if call.paged else 1
    asked = clients.made[call.service].asked[call.operation]
    if call.for_each is None:
        assert asked == pages
    elif call.for_each.batch:
        assert asked == 1
    else:
        parents = len({json.dumps(item.parent, sort_keys=True) for item in found})
        assert parents >= 2
        assert asked == pages * parents
    assert len(found) >= asked
    if call.identified:
        resources = [item.resource_of(call, CELL.account, CELL.region) for item in found]
        assert all(resources)
        assert len(set(resources)) == len(resources)
        assert all(item.names_of(call) for item in found)
    assert all(json.dumps(item.value) for item in found)


@every_listing
def test_a_refused_call_is_an_error_and_no_end(call: ApiCall, out: SnapshotWriter) -> None:
    answered = answer(out, call, Clients({call.operation: "AccessDeniedException"}))
    assert isinstance(answered.error, ClientError)
    assert answered.silent == ""
    assert list(answered.items) == []


@every_listing
def test_codes_that_mean_nothing_is_there_are_an_answer(call: ApiCall, out: SnapshotWriter) -> None:
    for code in sorted(call.absent | call.gone | call.inapplicable):
        answered = Asker(out, Clients({call.operation: code}), CELL).answer(call)  # type: ignore[arg-type]
        assert answered.error is None
        values = [item.value for item in answered.items]
        assert all(value == {} for value in values)
        assert bool(values) == (code in call.absent)


def test_one_refused_key_does_not_hide_the_others(out: SnapshotWriter) -> None:
    clients = Clients()
    kms = clients.client("kms", "eu-west-1")
    original = kms.get_key_policy

    def refusing(**request: Any) -> Any:
        if request["KeyId"] == "a-Keys-0":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetKeyPolicy")
        return original(**request)

    kms.get_key_policy = refusing
    answered = answer(out, CALLS["kms_GetKeyPolicy"], clients)
    assert isinstance(answered.error, ClientError)
    assert answered.items.count == 3


def test_a_service_without_subscription_is_silent(out: SnapshotWriter) -> None:
    call = CALLS["directconnect_DescribeVirtualGateways"]
    answered = answer(out, call, Clients({call.operation: "SubscriptionRequiredException"}))
    assert answered.error is None
    assert "not subscribed" in answered.silent


def test_a_service_that_the_region_lacks_is_silent_one_that_is_down_is_not(
    out: SnapshotWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = CALLS["fsx_DescribeFileSystems"]
    clients = Clients()
    fsx = clients.client("fsx", "eu-west-1")

    def unreachable(**request: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://fsx.eu-west-1.amazonaws.com")

    fsx.describe_file_systems = unreachable
    assert isinstance(answer(out, call, clients).error, EndpointConnectionError)
    monkeypatch.setattr(botocore.session.Session, "get_available_regions", lambda *_: ["us-east-1"])
    answered = Asker(out, clients, CELL).answer(call)  # type: ignore[arg-type]
    assert answered.error is None
    assert "not offered in eu-west-1" in answered.silent


def test_a_retired_call_says_so(out: SnapshotWriter) -> None:
    call = CALLS["waf_ListWebAcls"]
    refused = answer(out, call, Clients({call.operation: "WAFInvalidOperationException"}))
    assert refused.error is None
    assert "30 September 2025" in refused.silent


def test_a_call_that_this_botocore_lacks_says_so(
    out: SnapshotWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = msgspec.structs.replace(CALLS["kms_ListKeys"], operation="ListLocks")
    answered = answer(out, call)
    assert answered.error is None
    assert "kms has no operation ListLocks" in answered.silent


def test_permissions_include_those_of_the_lists_that_are_gone_through() -> None:
    asked = ["ecs_DescribeClusters", "s3_GetBucketEncryption", "iam_GenerateCredentialReport"]
    assert ApiCalls().actions({"calls": asked}) >= {
        "ecs:ListClusters",
        "ecs:DescribeClusters",
        "s3:ListAllMyBuckets",
        "s3:GetEncryptionConfiguration",
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "cloudtrail:LookupEvents",
        "config:GetResourceConfigHistory",
    }
    assert not [a for a in ApiCalls().actions({"calls": ["sqs_ListQueues"]}) if a[:3] == "ecs"]


@every_call
def test_what_is_watched_is_told_for_calls_with_items_only(call: ApiCall) -> None:
    touches = call.touches or Touches()
    if not call.identified:
        assert not touches.creates
        assert not touches.deletes
    assert [one.keyword for one in needed_for(call)][-1] == call.keyword
