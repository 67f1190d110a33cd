"""Frameworks are brought into Audit Manager once, updated in place, and never half."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.audit_manager import library as our
from include.audit_manager.account import DEFINITION_TAG, OWNER_TAG
from include.audit_manager.library import our_library
from include.audit_manager.quotas import QuotaExceeded, Quotas
from include.audit_manager.service.standard import (
    StandardControl,
    StandardFramework,
    StandardLibrary,
)
from include.audit_manager.setup import Target, ensure_assessment
from include.audit_manager.standard import _akin
from include.audit_manager.sync import SyncPlan, apply_sync, plan_sync
from include.errors import AuditError
from include.frameworks.loader import LIBRARY, Frameworks
from include.frameworks.schema import Framework
from tests.include.audit_manager.conftest import Embedded, enter
from tests.include.audit_manager.frameworks import control, framework

AUTOMATED = [
    {
        "sourceType": "AWS_Config",
        "sourceKeyword": {"keywordInputType": "SELECT_FROM_LIST", "keywordValue": "X"},
    }
]


def sync(aws: Embedded, *frameworks: Framework, **options: Any) -> SyncPlan:
    plan = plan_sync(aws.client, frameworks, **options)
    apply_sync(aws.client, plan)
    return plan


def assess(aws: Embedded, one: Framework, name: str = "october", **options: Any) -> Target:
    return ensure_assessment(
        aws.client,
        one,
        **{
            "assessment_name": name,
            "accounts": ["111111111111"],
            "destination": "s3://reports/audit-manager",
            "owner_role": "arn:aws:iam::111111111111:role/Owner",
            **options,
        },
    )


def first() -> Framework:
    return framework(
        ("People", [control("1.1"), control("1.2")]),
        ("Data", [control("2.1", "Root", "root-mfa"), control("2.2")]),
    )


def test_a_second_sync_writes_nothing(embedded: Embedded) -> None:
    assert sync(embedded, first()).writes == 5
    assert embedded.writes == ["CreateControl"] * 4 + ["CreateAssessmentFramework"]
    embedded.forget()
    assert sync(embedded, first()).writes == 0
    assert embedded.writes == []


def test_all_that_is_written_says_whose_and_which_edition_it_is(embedded: Embedded) -> None:
    plan = sync(embedded, first())
    found = embedded.framework("Our controls v1")
    assert [part["name"] for part in found["controlSets"]] == ["1 People", "2 Data"]
    definition = plan.frameworks[0].definition
    assert found["tags"] == {
        OWNER_TAG: "compliance-assessments",
        "framework": "ours",
        DEFINITION_TAG: definition.digest,
        "sources": "manual",
    }
    [root] = [c for c in found["controlSets"][1]["controls"] if c["name"].startswith("2.1")]
    assert root["name"] == "2.1 Root [ours]"
    assert root["tags"][DEFINITION_TAG] == list(definition.controls())[2].digest
    assert root["description"] == "It keeps data safe."
    assert root["testingInformation"] == "Obtain the list.\nFail what is missing."
    assert "Register an MFA device" in root["actionPlanInstructions"]
    assert [source["sourceType"] for source in root["controlMappingSources"]] == ["MANUAL"]
    assert "root-mfa" in root["controlMappingSources"][0]["sourceDescription"]


def test_changed_controls_are_updated_added_ones_created_dropped_ones_leave(
    embedded: Embedded,
) -> None:
    sync(embedded, first())
    before = {c["id"]: c["name"] for p in embedded.framework("Our controls v1")["controlSets"]
              for c in p["controls"]}  # fmt: skip
    embedded.forget()
    edited = framework(
        ("People", [control("1.1", "Reworded"), control("1.3")]),
        ("Data", [control("2.1", "Root", "root-mfa"), control("2.2")]),
    )
    plan = sync(embedded, edited)
    assert list(plan.frameworks[0].dropped.values()) == ["1.2 Title of 1.2 [ours]"]
    assert embedded.writes == [
        "UpdateControl", "TagResource", "CreateControl", "UpdateAssessmentFramework", "TagResource",
    ]  # fmt: skip
    found = embedded.framework("Our controls v1")
    after = {c["id"]: c["name"] for p in found["controlSets"] for c in p["controls"]}
    assert sorted(after.values()) == [
        "1.1 Reworded [ours]", "1.3 Title of 1.3 [ours]", "2.1 Root [ours]",
        "2.2 Title of 2.2 [ours]",
    ]  # fmt: skip
    assert len(set(after) & set(before)) == 3
    assert "1.2 Title of 1.2 [ours]" in embedded.custom()
    embedded.forget()
    sync(embedded, edited)
    assert embedded.writes == []


def test_what_somebody_edited_there_is_put_right(embedded: Embedded) -> None:
    sync(embedded, first())
    found = embedded.framework("Our controls v1")["controlSets"][0]["controls"][0]
    embedded.client.update_control(
        controlId=found["id"],
        name=found["name"],
        description="Something else",
        controlMappingSources=found["controlMappingSources"],
    )
    assert sync(embedded, first()).writes == 1
    again = embedded.client.get_control(controlId=found["id"])["control"]
    assert again["description"] == "It keeps data safe."
    assert [s["sourceId"] for s in again["controlMappingSources"]] == [
        s["sourceId"] for s in found["controlMappingSources"]
    ]


def test_a_sync_that_broke_off_is_completed_and_doubles_nothing(embedded: Embedded) -> None:
    count = 0

    def fail(**_: Any) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise ConnectionError("the network went")

    embedded.client.meta.events.register("before-call.auditmanager.CreateControl", fail)
    with pytest.raises(ConnectionError):
        sync(embedded, first())
    assert sync(embedded, first()).writes == 3
    assert len(embedded.custom()) == 4
    assert embedded.custom("frameworks") == ["Our controls v1"]


def test_a_new_version_is_the_same_framework(embedded: Embedded) -> None:
    sync(embedded, first())
    newer = framework(*[(s.title, list(s.controls)) for s in first().control_sets], version="2")
    assert sync(embedded, newer).writes == 1
    assert embedded.custom("frameworks") == ["Our controls v2"]
    assert len(embedded.custom()) == 4


def test_a_dropped_control_that_mentions_a_new_one_does_not_become_it(embedded: Embedded) -> None:
    old = framework(("People", [control("1.1"), control("1.2", "As 1.3 asks, but weaker")]))
    sync(embedded, old)
    plan = sync(embedded, framework(("People", [control("1.1"), control("1.3")])))
    assert plan.frameworks[0].count("create") == 1
    assert "1.2 As 1.3 asks, but weaker [ours]" in embedded.custom()


def test_a_framework_of_that_name_that_is_not_ours_is_never_touched(embedded: Embedded) -> None:
    made = embedded.client.create_control(
        name="Theirs", controlMappingSources=[{"sourceName": "x", "sourceType": "MANUAL"}]
    )["control"]
    embedded.client.create_assessment_framework(
        name="Our controls v1", controlSets=[{"name": "x", "controls": [{"id": made["id"]}]}]
    )
    embedded.forget()
    with pytest.raises(AuditError, match="was not made from ours"):
        sync(embedded, first())
    assert embedded.writes == []


def test_pruning_deletes_own_controls_that_nothing_uses(embedded: Embedded) -> None:
    one = first()
    sync(embedded, one)
    assess(embedded, one)
    unused = embedded.client.create_control(
        name="9.9 Theirs [ours]",
        controlMappingSources=[{"sourceName": "x", "sourceType": "MANUAL"}],
    )["control"]
    smaller = framework(("People", [control("1.1")]))
    plan = sync(embedded, smaller, prune=True)
    # The assessment still has them, whatever became of the framework.
    assert plan.frameworks[0].pruned == {}
    assert len(plan.frameworks[0].dropped) == 4
    found = embedded.client.list_assessments()["assessmentMetadata"][0]
    embedded.client.delete_assessment(assessmentId=found["id"])
    plan = sync(embedded, smaller, prune=True)
    assert len(plan.frameworks[0].pruned) == 3
    # What only looks like ours stays.
    assert sorted(embedded.custom()) == ["1.1 Title of 1.1 [ours]", unused["name"]]


def test_automated_sources_are_kept_until_told_otherwise(embedded: Embedded) -> None:
    sync(embedded, first(), automated=True)
    root = embedded.framework("Our controls v1")["controlSets"][1]["controls"][0]
    keywords = [s.get("sourceKeyword", {}).get("keywordValue") for s in
                root["controlMappingSources"]]  # fmt: skip
    assert keywords == ["ROOT_ACCOUNT_MFA_ENABLED", "IAM.9", "iam_GetAccountSummary", None]
    embedded.forget()
    assert sync(embedded, first()).writes == 0
    assess(embedded, first())
    assert embedded.writes == ["CreateAssessment"]
    assert sync(embedded, first(), automated=False).writes == 2
    assert sync(embedded, first()).writes == 0


@pytest.mark.parametrize(
    ("quotas", "said"),
    [
        (Quotas(custom_controls=3), "3 custom controls; there are 0 and 4 more are needed"),
        (Quotas(custom_frameworks=0), "0 custom frameworks; there are 0 and 1 more are needed"),
    ],
)
def test_a_quota_that_would_break_is_named_before_anything_is_written(
    embedded: Embedded, quotas: Quotas, said: str
) -> None:
    with pytest.raises(QuotaExceeded, match=said):
        sync(embedded, first(), quotas=quotas)
    with pytest.raises(QuotaExceeded, match=said):
        assess(embedded, first(), quotas=quotas)
    assert embedded.writes == []


def test_all_frameworks_together_have_to_keep_within_the_quotas(embedded: Embedded) -> None:
    other = framework(("People", [control("1.1")]), id="others", title="Other controls")
    with pytest.raises(QuotaExceeded, match="4 custom controls; there are 0 and 5"):
        sync(embedded, first(), other, quotas=Quotas(custom_controls=4))
    assert embedded.writes == []
    assert sync(embedded, first(), other, quotas=Quotas(custom_controls=5)).writes == 7


def test_the_quota_of_active_assessments_is_checked_before_the_framework_is_made(
    embedded: Embedded,
) -> None:
    with pytest.raises(QuotaExceeded, match="active assessments"):
        assess(embedded, first(), quotas=Quotas(active_assessments=0))
    assert embedded.writes == []


def test_the_whole_of_nist_800_53_does_not_fit_beside_the_quota(embedded: Embedded) -> None:
    nist = Frameworks([]).load("nist_800_53_r5")
    with pytest.raises(QuotaExceeded, match=r"500 custom controls; there are 0 and 1014 more"):
        assess(embedded, nist)
    assert embedded.writes == []


def test_an_assessment_keeps_the_controls_it_was_made_with(embedded: Embedded) -> None:
    made = assess(embedded, first())
    smaller = framework(("People", [control("1.1")]))
    sync(embedded, smaller)
    again = assess(embedded, first())
    assert again == made
    assert set(made.controls) == {"1.1", "1.2", "2.1", "2.2"}
    with pytest.raises(AuditError, match=r"lacks the controls 3\.1"):
        assess(embedded, framework(("New", [control("3.1")])))


def standard_of(one: Framework, **changes: Any) -> StandardFramework:
    return StandardFramework(
        **{
            "name": "Institute of Our Controls, Version 1",
            "description": "As AWS has it",
            "compliance_type": "Ours",
            "control_sets": {
                part.title: [
                    StandardControl(f"{each.id} - Theirs", "Text", AUTOMATED)
                    for each in part.controls
                ]
                for part in one.control_sets
            },
            **changes,
        }
    )


def of_library() -> Framework:
    sets = [(s.title, list(s.controls)) for s in first().control_sets]
    return framework(*sets, path=LIBRARY / "ours.yaml")


def test_a_standard_framework_is_used_where_it_matches_completely(
    start_service: Callable[..., str], tmp_path: Path
) -> None:
    one = of_library()
    aws = enter(start_service(tmp_path / "a.sqlite", standard_frameworks=[standard_of(one)]))
    plan = sync(aws, one)
    assert plan.frameworks[0].standard and not plan.uses and not aws.writes
    target = assess(aws, one)
    assert aws.writes == ["CreateAssessment"]
    assert {key: place[0] for key, place in target.controls.items()} == {
        "1.1": "People", "1.2": "People", "2.1": "Data", "2.2": "Data",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("title", "version", "theirs", "akin"),
    [
        ("PCI DSS", "4.0.1", "Payment Card Industry Data Security Standard (PCI DSS) v4.0", True),
        (
            "PCI DSS",
            "4.0.1",
            "Payment Card Industry Data Security Standard (PCI DSS) v3.2.1",
            False,
        ),
        ("HIPAA Security Rule", "2003", "Health Insurance (HIPAA) Security Rule: Feb 2003", True),
        ("CIS AWS Foundations Benchmark", "1.4.0", "CIS AWS Benchmark v1.4.0, Level 1 and 2", True),
        ("CIS AWS Foundations Benchmark", "1.4.0", "CIS AWS Benchmark v1.3.0, Level 1", False),
        ("AWS License Manager", "1.0", "AWS License Manager", True),
        ("AWS License Manager", "1.0", "AWS Control Tower Guardrails", False),
    ],
)
def test_names_of_standard_frameworks_are_recognised(
    title: str, version: str, theirs: str, akin: bool
) -> None:
    ours = framework(("People", [control("1.1")]), title=title, version=version)
    assert _akin(ours, theirs) is akin


@pytest.mark.parametrize("but", ["own", "other version", "other title", "one missing", "one more"])
def test_a_standard_framework_that_does_not_match_is_left_alone(
    start_service: Callable[..., str], tmp_path: Path, but: str
) -> None:
    one = of_library()
    theirs = standard_of(one)
    sets = dict(theirs.control_sets)
    if but == "own":
        one = first()
    elif but == "other version":
        theirs = standard_of(one, name="Institute of Our Controls, Version 1.2")
    elif but == "other title":
        theirs = standard_of(one, name="Something else, Version 1")
    elif but == "one missing":
        theirs = standard_of(one, control_sets={**sets, "Data": sets["Data"][:1]})
    else:
        more = StandardControl("2.3 - Theirs", "Text", AUTOMATED)
        theirs = standard_of(one, control_sets={**sets, "Data": [*sets["Data"], more]})
    aws = enter(start_service(tmp_path / "a.sqlite", standard_frameworks=[theirs]))
    assert sync(aws, one).writes == 5
    assert aws.custom("frameworks") == ["Our controls v1"]


@pytest.fixture(scope="module")
def with_library(
    start_service: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> str:
    database = tmp_path_factory.mktemp("library") / "audit_manager.sqlite"
    return start_service(database, standard_frameworks=our_library())


def test_the_embedded_audit_manager_has_our_library_and_no_quota_is_used(with_library: str) -> None:
    aws = enter(with_library)
    listed = aws.client.list_assessment_frameworks(frameworkType="Standard", maxResults=1000)
    names = {one["name"]: one["controlsCount"] for one in listed["frameworkMetadataList"]}
    assert names["NIST SP 800-53 Rev. 5 v5.2.0"] == 1014
    frameworks = Frameworks([])
    chosen = [frameworks.load(name) for name in ("cis_aws_5.0", "nist_800_53_r5", "gdpr_2016")]
    aws.forget()
    plan = sync(aws, *chosen)
    assert all(one.standard for one in plan.frameworks) and not aws.writes
    target = assess(aws, chosen[0])
    assert set(target.controls) == {each.id for each in chosen[0].controls()}
    assert aws.writes == ["CreateAssessment"]
    assert aws.custom() == []


def test_the_library_is_read_once_for_each_edition(
    start_service: Callable[..., str], tmp_path: Path
) -> None:
    read: list[str] = []

    def library(edition: str, title: str) -> StandardLibrary:
        def frameworks() -> list[StandardFramework]:
            read.append(edition)
            content = {"S": [StandardControl(f"1.1 {title}", "", AUTOMATED, key="1.1")]}
            return [StandardFramework(f"Sample {title}", "", "", content, key="sample")]

        return StandardLibrary(edition, frameworks)

    seen = []
    for edition, title in (("1", "old"), ("1", "old"), ("2", "new")):
        url = start_service(tmp_path / "a.sqlite", standard_frameworks=library(edition, title))
        aws = enter(url, "111111111111")
        [found] = aws.client.list_assessment_frameworks(frameworkType="Standard")[
            "frameworkMetadataList"
        ]
        whole = aws.framework(found["name"])
        seen.append((whole["name"], whole["controlSets"][0]["controls"][0]["name"], whole["id"]))
        if len(seen) == 1:
            aws.client.create_assessment_framework(
                name="Theirs",
                controlSets=[
                    {
                        "name": "x",
                        "controls": [{"id": whole["controlSets"][0]["controls"][0]["id"]}],
                    }
                ],
            )
            aws.client.create_assessment(
                name="running",
                assessmentReportsDestination={
                    "destinationType": "S3",
                    "destination": "s3://reports/x",
                },
                scope={"awsAccounts": [{"id": "111111111111"}]},
                roles=[
                    {"roleType": "PROCESS_OWNER", "roleArn": "arn:aws:iam::111111111111:role/R"}
                ],
                frameworkId=whole["id"],
            )
    assert read == ["1", "2"]
    assert [one[:2] for one in seen] == [("Sample old", "1.1 old")] * 2 + [
        ("Sample new", "1.1 new")
    ]
    assert len({one[2] for one in seen}) == 1
    # An assessment has a copy; a custom framework refers to the control.
    [running] = aws.client.list_assessments()["assessmentMetadata"]
    copy = aws.client.get_assessment(assessmentId=running["id"])["assessment"]["framework"]
    assert copy["metadata"]["name"] == "Sample old"
    assert copy["controlSets"][0]["controls"][0]["name"] == "1.1 old"
    assert aws.framework("Theirs")["controlSets"][0]["controls"][0]["name"] == "1.1 new"


def test_the_edition_is_that_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "library"
    shutil.copytree(LIBRARY, copy)
    monkeypatch.setattr(our, "LIBRARY", copy)
    before = our_library().digest
    assert our_library().digest == before
    (copy / "gdpr_2016.yaml").write_text((copy / "gdpr_2016.yaml").read_text() + "\n")
    assert our_library().digest != before
