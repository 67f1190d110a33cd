"""Answers read with msgspec are the answers that botocore reads."""

from __future__ import annotations

import json
import random
from typing import Any

import botocore.parsers
import botocore.session
import msgspec
import pytest
from botocore.exceptions import ClientError

from include.aws.decoding import UNREADABLE, ParserFactory, decoded_as
from include.aws.sessions import RetryPolicy, SessionFactory
from include.protocol.app import service_model
from include.protocol.serialising import write_output
from tests.include.aws.test_sessions import _respond
from tests.include.protocol.shapes import CannotFit, make

#: Services, and how many of their outputs (three for each operation at most) must be exercised.
SERVICES = {
    "config": 250,
    "securityhub": 280,
    "inspector2": 180,
    "cloudtrail": 130,
    "ssm": 350,
    "license-manager": 120,
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment, as a deployment has them."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def disturbed(value: Any, rng: random.Random) -> Any:
    """The same document with what services slip in: nulls, unknown members, whole floats."""
    if isinstance(value, dict):
        out = {
            key: None if rng.random() < 0.08 else disturbed(inner, rng)
            for key, inner in value.items()
        }
        return {**out, "notInTheModel": [1, {"a": "b"}]} if rng.random() < 0.2 else out
    if isinstance(value, list):
        return [disturbed(inner, rng) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.2:
        return float(value)
    return value


def outcome(parser: Any, response: dict[str, Any], shape: Any) -> Any:
    """What a parser makes of an answer, or the kind of error it ends with."""
    try:
        return parser.parse({**response}, shape)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("service", SERVICES)
def test_every_output_is_read_as_botocore_reads_it(service: str) -> None:
    model = service_model(service)
    theirs = botocore.parsers.create_parser(model.resolved_protocol)
    ours = ParserFactory().create_parser(model.resolved_protocol)
    assert type(ours) is not type(theirs)
    rng = random.Random(service)
    exercised = 0
    for name in model.operation_names:
        shape = model.operation_model(name).output_shape
        for _ in range(3):
            try:
                written = write_output(shape, make(shape, rng) if shape else {})
            except CannotFit:
                continue
            headers = {"x-amzn-requestid": "r-1", **written.headers}
            bodies = [written.body]
            if written.body[:1] == b"{":
                mixed = disturbed(json.loads(written.body), rng)
                bodies.append(json.dumps(mixed, ensure_ascii=rng.random() < 0.5).encode())
            for body in bodies:
                response = {"status_code": 200, "headers": headers, "body": body}
                expected = outcome(theirs, response, shape)
                found = outcome(ours, response, shape)
                if expected is dict or isinstance(expected, dict):
                    assert found == expected, (name, body)
                else:
                    # What botocore can't read is asked for again instead of crashing.
                    assert found is expected or found["Error"]["Code"] == UNREADABLE, (name, body)
            exercised += 1
    assert exercised >= SERVICES[service]


FINDINGS = service_model("securityhub").operation_model("GetFindings").output_shape
EVENTS = service_model("cloudtrail").operation_model("LookupEvents").output_shape


@pytest.mark.parametrize(
    "wire",
    [
        b'{"Findings": [{"Id": "\\ud800 half", "Confidence": 3}]}',
        b'{"Findings": [{"Criticality": NaN, "Confidence": 1e400}]}',
        b'{"Findings": [{"Confidence": 123456789012345678901234567890}]}',
        b'{"Findings": [{"Confidence": 3.7, "Sample": "true"}]}',
        b'{"Findings": [{"Title": 5, "Id": ["not", "a", "string"]}]}',
        b'{"Findings": [null, {}]}',
        b'{"Findings": null, "NextToken": null}',
        '{"Findings": [{"Title": "Zürich 漢字 😀 \\u0000 \\" \\\\ "}]}'.encode(),
        b"{}",
        b"",
        b'{"Findings": [{"Title": "first", "Title": "second"}]}',
    ],
)
def test_what_is_unusual_is_read_as_botocore_reads_it(wire: bytes) -> None:
    response = {"status_code": 200, "headers": {}, "body": wire}
    expected = outcome(botocore.parsers.create_parser("rest-json"), response, FINDINGS)
    found = outcome(ParserFactory().create_parser("rest-json"), response, FINDINGS)
    if isinstance(expected, dict):
        assert repr(found) == repr(expected)  # NaN is not equal to itself
    else:
        assert found["Error"]["Code"] == UNREADABLE


@pytest.mark.parametrize(
    "time",
    [
        "1793512800",
        "1793512800.123456",
        "-1",
        '"2026-11-01T06:00:00Z"',
        '"2026-11-01T06:00:00.123456789Z"',
        '"2026-11-01T06:00:00+02:00"',
        '"2026-11-01T06:00:00"',
        '"2026-11-01"',
        '"Sun, 01 Nov 2026 06:00:05 GMT"',
        '"1793512800"',
        "99999999999",
    ],
)
def test_times_are_the_same_moments_in_every_spelling(time: str) -> None:
    wire = f'{{"Events": [{{"EventTime": {time}}}]}}'.encode()
    response = {"status_code": 200, "headers": {}, "body": wire}
    expected = outcome(botocore.parsers.create_parser("json"), response, EVENTS)
    found = outcome(ParserFactory().create_parser("json"), response, EVENTS)
    assert found == expected
    there, here = (read["Events"][0]["EventTime"].tzinfo for read in (expected, found))
    assert (here is None) == (there is None)


@pytest.mark.parametrize("protocol", ["json", "rest-json", "query", "ec2", "rest-xml"])
def test_errors_and_other_protocols_are_botocores_own(protocol: str) -> None:
    body = b'{"__type": "a.b#ThrottlingException:http", "message": "Rate exceeded"}'
    if "json" not in protocol:
        body = (
            b"<ErrorResponse><Error><Code>Throttling</Code><Message>slow</Message></Error>"
            b"<RequestId>r</RequestId></ErrorResponse>"
        )
    response = {"status_code": 400, "headers": {}, "body": body}
    theirs = botocore.parsers.create_parser(protocol)
    ours = ParserFactory().create_parser(protocol)
    assert outcome(ours, response, FINDINGS) == outcome(theirs, response, FINDINGS)


class Named(msgspec.Struct):
    """What a caller wants of one finding."""

    Id: str
    Severity: dict[str, Any] = {}


class FindingsPage(msgspec.Struct):
    """What a caller wants of a page."""

    items: list[Named] = msgspec.field(name="Findings", default_factory=list)
    NextToken: str | None = None


def test_a_caller_may_ask_for_less() -> None:
    client = SessionFactory().base().client("securityhub")
    body = (
        b'{"Findings": [{"Id": "1", "Title": "?", "Severity": {"Label": "LOW"}}],"NextToken":"n"}'
    )
    _respond(client, [(200, body), (200, body)])
    with decoded_as(FindingsPage):
        page = client.get_findings()
    assert page["items"] == [Named("1", {"Label": "LOW"})]
    assert page["NextToken"] == "n"
    assert page["ResponseMetadata"]["RequestId"] == "r-1"
    assert client.get_findings()["Findings"][0]["Title"] == "?"


def test_another_services_answer_is_not_read_as_what_was_asked_of_this_one() -> None:
    client = SessionFactory().base().client("config")
    _respond(client, [(200, b'{"ConfigRules": [{"ConfigRuleName": "a"}]}')])
    with decoded_as(FindingsPage):
        assert client.describe_config_rules()["ConfigRules"] == [{"ConfigRuleName": "a"}]


@pytest.mark.parametrize("service", ["config", "securityhub"])
def test_a_page_that_cannot_be_read_is_asked_for_again(service: str) -> None:
    client = SessionFactory(retry=RetryPolicy(attempts=3)).base().client(service)
    cut = b'{"ConfigRules": [], "Findings": [{"Id": "1", "Ti'
    whole = b'{"ConfigRules": [], "Findings": []}'
    call = client.describe_config_rules if service == "config" else client.get_findings
    _respond(client, [(200, cut), (200, whole)])
    answer = call()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    _respond(client, [])


def test_a_page_that_stays_unreadable_is_an_error_not_an_empty_page() -> None:
    client = SessionFactory(retry=RetryPolicy(attempts=2)).base().client("securityhub")
    _respond(client, [(200, b"<html>busy</html>")] * 2)
    with pytest.raises(ClientError) as error:
        client.get_findings()
    assert error.value.response["Error"]["Code"] == UNREADABLE
