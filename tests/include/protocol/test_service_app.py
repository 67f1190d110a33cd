"""Routing, validation and errors of a service made of handlers."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.protocol import Call, Response, ServiceApp, ServiceError, read_request
from include.protocol.app import service_model
from include.protocol.patterns import compiled
from tests.include.protocol.contexts import CONTEXT

ID = "a1b2c3d4-1234-4abc-9def-0123456789ab"
SERVICES = (
    "accessanalyzer",
    "account",
    "auditmanager",
    "cloudtrail",
    "config",
    "inspector2",
    "license-manager",
    "organizations",
    "securityhub",
    "ssm",
)


def ask(
    service: str,
    handlers: dict[str, Any],
    method: str,
    path: str,
    query: str = "",
    body: Any = None,
    **headers: str,
) -> Response:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return ServiceApp(service, handlers).dispatch(method, path, query, named, data, CONTEXT)


def error_of(response: Response) -> tuple[int, str, dict[str, Any]]:
    return response.status, response.headers["x-amzn-errortype"], json.loads(response.body)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() and len(text) <= 300))
def test_a_label_may_hold_anything_once_it_is_encoded(control_set: str) -> None:
    seen: list[Any] = []

    def handler(call: Call) -> dict[str, Any]:
        seen.append(call.params["controlSetId"])
        return {}

    path = f"/assessments/{ID}/controlSets/{quote(control_set, safe='-._~')}/controls/{ID}"
    response = ask("auditmanager", {"UpdateAssessmentControl": handler}, "PUT", path, body={})
    pattern = service_model("auditmanager").shape_for("ControlSetId").metadata["pattern"]
    if compiled(pattern).fullmatch(control_set):
        assert seen == [control_set]
    else:
        assert response.status == 400


@pytest.mark.parametrize(
    ("raw", "meant"),
    [("IAM%2FUsers", "IAM/Users"), ("a+b", "a+b"), ("%C3%84rzte%20%26%20Co", "Ärzte & Co")],
)
def test_odd_control_set_ids_reach_the_handler(raw: str, meant: str) -> None:
    seen: list[str] = []

    def handler(call: Call) -> dict[str, Any]:
        seen.append(call.params["controlSetId"])
        return {}

    path = f"/assessments/{ID}/controlSets/{raw}/controls/{ID}"
    assert ask("auditmanager", {"UpdateAssessmentControl": handler}, "PUT", path).status == 200
    assert seen == [meant]


def test_an_encoded_slash_survives_wsgi() -> None:
    import io

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/a/b/c",
        "REQUEST_URI": "/a%2Fb/c?x=1",
        "QUERY_STRING": "x=1",
        "wsgi.input": io.BytesIO(b""),
    }
    request = read_request(environ)
    assert (request.raw_path, request.query) == ("/a%2Fb/c", "x=1")


def test_a_literal_path_wins_over_a_label() -> None:
    app = ServiceApp("auditmanager", {})
    route = app.route("GET", "/assessmentFrameworks", "frameworkType=Custom", {})
    assert route is not None
    assert route.operation == "ListAssessmentFrameworks"
    route = app.route("GET", f"/assessmentFrameworks/{ID}", "", {})
    assert route is not None
    assert (route.operation, route.labels) == ("GetAssessmentFramework", {"frameworkId": ID})


def test_a_greedy_label_takes_slashes_as_they_come() -> None:
    arn = "arn:aws:securityhub:eu-west-1:111111111111:subscription/cis/v/5.0.0"
    for path in (quote(arn, safe="/"), quote(arn, safe="")):
        route = ServiceApp("securityhub", {}).route("GET", f"/standards/controls/{path}", "", {})
        assert route is not None
        assert route.labels == {"StandardsSubscriptionArn": arn}


def test_repeated_query_keys_are_a_list() -> None:
    seen: list[Any] = []

    def handler(call: Call) -> dict[str, Any]:
        seen.append(call.params["tagKeys"])
        return {}

    arn = quote(f"arn:aws:auditmanager:eu-west-1:111111111111:control/{ID}", safe="")
    query = "tagKeys=b&tagKeys=a%2Fc"
    assert (
        ask("auditmanager", {"UntagResource": handler}, "DELETE", f"/tags/{arn}", query).status
        == 200
    )
    assert seen == [["b", "a/c"]]


def test_an_operation_without_handler_is_501_and_named() -> None:
    status, code, document = error_of(ask("auditmanager", {}, "GET", "/assessments"))
    assert (status, code) == (501, "NotImplementedException")
    assert "auditmanager:ListAssessments" in document["message"]


def test_an_unknown_path_is_404() -> None:
    assert error_of(ask("auditmanager", {}, "GET", "/nowhere"))[:2] == (
        404,
        "UnknownOperationException",
    )


def test_everything_wrong_is_told_at_once_with_the_fields() -> None:
    def handler(call: Call) -> dict[str, Any]:
        raise AssertionError("an invalid request reached the handler")

    body = {
        "description": "x" * 1001,
        "controlMappingSources": [{"sourceType": "NoSuchType"}],
    }
    status, code, document = error_of(
        ask("auditmanager", {"CreateControl": handler}, "POST", "/controls", body=body)
    )
    assert (status, code) == (400, "ValidationException")
    assert document["reason"] == "fieldValidationFailed"
    assert {field["name"] for field in document["fields"]} == {
        "name",
        "description",
        "controlMappingSources.1.sourceType",
    }
    assert document["message"].startswith("3 validation errors detected: Value null at 'name' ")
    assert "Member must satisfy enum value set: [" in document["message"]


def test_numbers_patterns_and_sizes_are_checked() -> None:
    query = "maxResults=0"
    handlers = {"ListAssessments": lambda call: {}}
    document = error_of(ask("auditmanager", handlers, "GET", "/assessments", query))[2]
    assert (
        "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value "
        in (document["message"])
    )
    path = "/controls/not-a-uuid"
    document = error_of(
        ask("auditmanager", {"GetControl": handlers["ListAssessments"]}, "GET", path)
    )[2]
    assert "regular expression pattern" in document["message"]


def test_security_hub_calls_it_invalid_input() -> None:
    handlers = {"GetFindings": lambda call: {"Findings": []}}
    status, code, document = error_of(
        ask("securityhub", handlers, "POST", "/findings", body={"MaxResults": 101})
    )
    assert (status, code) == (400, "ValidationException")
    assert "less than or equal to 100" in (document.get("Message") or document["message"])


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": 3}', b'{"roles": "x"}', b"\xff\xfe"])
def test_a_body_that_cannot_be_read_is_a_serialization_error(body: bytes) -> None:
    handlers = {"CreateAssessment": lambda call: {}}
    response = ask("auditmanager", handlers, "POST", "/assessments", body=body)
    assert error_of(response)[:2] == (400, "SerializationException")


def test_a_modelled_error_has_its_status_type_and_members() -> None:
    def handler(call: Call) -> dict[str, Any]:
        raise ServiceError(
            "ResourceNotFoundException", "Gone.", resourceId=ID, resourceType="CONTROL"
        )

    response = ask("auditmanager", {"GetControl": handler}, "GET", f"/controls/{ID}")
    assert error_of(response) == (
        404,
        "ResourceNotFoundException",
        {"message": "Gone.", "resourceId": ID, "resourceType": "CONTROL"},
    )


def test_a_json_service_names_the_error_in_the_body() -> None:
    def handler(call: Call) -> dict[str, Any]:
        raise ServiceError("NoSuchConfigRuleException", "No such rule.")

    response = ask(
        "config",
        {"DescribeConfigRules": handler},
        "POST",
        "/",
        body={},
        x_amz_target="StarlingDoveService.DescribeConfigRules",
    )
    assert response.status == 400
    assert json.loads(response.body)["__type"] == "NoSuchConfigRuleException"


@pytest.mark.parametrize(
    "answer",
    [
        {"control": {"nmae": "x"}},
        {"control": {"name": 3}},
        {"control": {"createdAt": "yesterday"}},
        {"control": {"controlMappingSources": {}}},
        {"contrl": {}},
    ],
)
def test_an_answer_that_the_model_does_not_know_never_leaves(answer: dict[str, Any]) -> None:
    response = ask("auditmanager", {"GetControl": lambda call: answer}, "GET", f"/controls/{ID}")
    assert error_of(response)[:2] == (500, "InternalFailure")


def test_an_error_member_that_the_model_does_not_know_never_leaves() -> None:
    def handler(call: Call) -> dict[str, Any]:
        raise ServiceError("ResourceNotFoundException", "Gone.", colour="red")

    response = ask("auditmanager", {"GetControl": handler}, "GET", f"/controls/{ID}")
    assert response.status == 500


def test_handlers_of_unknown_operations_are_refused() -> None:
    with pytest.raises(ValueError, match="GetNothing"):
        ServiceApp("auditmanager", {"GetNothing": lambda call: {}})


def test_a_check_comes_before_the_handler() -> None:
    def check(call: Call) -> None:
        raise ServiceError("AccessDeniedException", f"No {call.operation} for you.")

    app = ServiceApp("auditmanager", {"ListAssessments": lambda call: {}}, check=check)
    response = app.dispatch("GET", "/assessments", "", {}, b"", CONTEXT)
    assert error_of(response)[:2] == (403, "AccessDeniedException")


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_models_compiles(service: str) -> None:
    model = service_model(service)
    for name in model.shape_names:
        pattern = model.shape_for(name).metadata.get("pattern")
        if pattern:
            assert isinstance(compiled(pattern), re.Pattern), name


@settings(max_examples=200, deadline=None)
@given(st.characters())
def test_unicode_categories_mean_what_unicode_says(char: str) -> None:
    is_letter = unicodedata.category(char).startswith("L")
    assert bool(compiled(r"\p{L}").fullmatch(char)) is is_letter
    assert bool(compiled(r"[\P{L}]").fullmatch(char)) is not is_letter
