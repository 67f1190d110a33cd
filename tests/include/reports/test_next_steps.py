"""Advice on what is open: never to collect again what was collected completely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from include.assessment.result import Assessment
from include.reports.next_steps import NextSteps
from tests.include.assessment.estate import (
    config,
    deployment,
    hub,
    hub_row,
    judged,
    row,
)
from tests.include.reports.sample import model_of


def step_of(found: Assessment) -> str:
    [one] = NextSteps(model_of(found)).of(found.controls[0])
    return one.step


def noted(*notes: str, **more: Any) -> Assessment:
    """A cell that is incomplete for what these notes say; every receipt is complete."""
    found = judged(config(row("PASS")), hub(hub_row("PASS")))
    [check] = found.checks
    cell = replace(check.cells[0], answer="INCOMPLETE", notes=notes, **more)
    return replace(found, checks=(replace(check, cells=(cell,), answer="INCOMPLETE"),))


@pytest.mark.parametrize(
    ("notes", "step"),
    [
        (
            (
                "AWS Config in eu-west-1: not recorded",
                "AWS Security Hub in eu-west-1: disabled",
                "no source has a verdict on 3 of the resources",
            ),
            "Have a source judge the resources without a verdict, or have AWS Config record this "
            "type of resource, or enable the rule or control of AWS Security Hub again.",
        ),
        (
            ("AWS Config in eu-west-1 looks at part of the resources only",),
            "Deploy the AWS Config rule without narrowing it to some resources.",
        ),
        (
            ("AWS Config in eu-west-1: never evaluated",),
            "Have AWS Config evaluate it in every period.",
        ),
        (
            (
                "AWS Config in eu-west-1: not recorded",
                "AWS Security Hub in eu-west-1: disabled",
                "AWS Security Hub answered last period and is gone now",
            ),
            "Bring AWS Security Hub back, which answered last period: enable the rule or control "
            "of AWS Security Hub again.",
        ),
        (
            ("AWS Config answered last period and is gone now",),
            "Bring AWS Config back, which answered last period: deploy its rule or enable its "
            "control again.",
        ),
        ((), "Have a source answer the check there."),
    ],
)
def test_where_all_was_collected_the_notes_say_what_to_do(
    notes: tuple[str, ...], step: str
) -> None:
    assert step_of(noted(*notes)) == step


def test_a_rule_that_looks_at_part_is_not_collected_again() -> None:
    found = judged(
        config(row("PASS"), deployments=[deployment(narrowed=True)]),
        hub(deployments=[]),
    )
    assert {line.status for line in found.receipts} <= {"COMPLETE", "COMPLETE_EMPTY"}
    assert "without narrowing" in step_of(found)


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("PARTIAL", "Clear the failed task: it collects what is missing."),
        ("DENIED", "Grant the permission to the collecting role and clear the failed task."),
    ],
)
def test_only_what_was_not_collected_completely_is_to_be_collected(status: str, step: str) -> None:
    assert step_of(judged(config(row("PASS")), hub(status=status))) == step


def test_a_receipt_of_another_place_changes_no_advice() -> None:
    found = noted("AWS Config in eu-west-1: not recorded", blocked=False)
    elsewhere = replace(found.receipts[0], region="us-east-1", status="PARTIAL")
    found = replace(found, receipts=(*found.receipts, elsewhere))
    assert step_of(found) == "Have AWS Config record this type of resource."
