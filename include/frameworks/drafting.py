"""The first text of a framework of one's own: commented, and valid as it stands."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Iterable, Sequence

from include.checks.catalogue import Catalogue
from include.frameworks.schema import SOURCE_ORDER, Framework

_HEAD = """\
# A framework of our own. docs/frameworks.md explains the form by example;
# python -m include.frameworks.written prints it as JSON Schema, for editors.
# Check it with: ./audit frameworks validate {id}
id: {id}  # the file's name; its DAG is assess_{id}
title: {title}
version: "1"
publisher: Our organisation
compliance_type: {compliance_type}
description: >-
{description}
schedule: {schedule}  # how often it runs by itself: month, quarter or year
judge: {judge}  # or whole_period: a control has to hold all the time, not only at the end
# What the checks need; validate says what belongs here.
sources: [{sources}]
control_sets:
"""

_EXAMPLES = """\
- id: "ours"
  title: Access
  controls:
  # A control that checks decide. Their ids: ./audit frameworks checks WORD
  - id: "ours-1"
    title: The root user signs in with a second factor
    objective: A stolen root password opens nothing.
    test_procedure:
    - Obtain each account's word on whether root MFA is on.
    - Fail an account where it is off.
    checks:
    - check: root-mfa  # or checks, config_rules, security_hub: lists with the same reason
      role: required  # or supporting: only a failure counts; or shown: decides nothing
      basis: judgement  # or derived or aws_stated, both with by: [which crosswalk]
      reason: It asks exactly this.
  # A control with values of our own.
  - id: "ours-2"
    title: Passwords have at least 16 characters
    objective: Passwords can't be guessed.
    test_procedure:
    - Obtain each account's password policy.
    - Fail an account that allows less than 16 characters, or has no policy.
    checks:
    - check: password-policy-length
      role: required
      basis: judgement
      reason: Our password rule demands 16.
      parameters: {MinimumPasswordLength: 16}
  # A control that people decide. Give both, checks and manual, where both are needed.
  - id: "ours-3"
    title: Managers confirm who may get in
    objective: Nobody keeps access that is no longer needed.
    test_procedure:
    - Obtain the record of the last review of access.
    - Fail if it is older than three months, or names nobody who did it.
    manual:
      provide: The record of the review, signed by the manager, of the last three months.
      frequency: quarter  # period, month, quarter, half_year, year or change
  # A control of another framework, with what differs here (any field; add_checks adds to its own).
  - use: {framework}/{control}
    id: "ours-4"
# All controls of another framework, or some, in its own sets:
# - select: {framework}
#   controls: [{some}]
"""

_CHANGES = """\
  # without: [{example}]  # leave these out
  # changed:  # what differs here, by id: any field, or add_checks
  # - id: {example}
  #   manual:
  #     provide: The record of the last review, signed by the owner.
  #     frequency: quarter
# Controls of our own, in a set of their own:
# - id: "ours"
#   title: Our own rules
#   controls:
#   - id: "ours-1"
#     title: Somebody looked at the list of accounts
#     objective: No account is forgotten.
#     test_procedure: [Obtain the list., Fail if it is older than a year.]
#     manual: {{provide: The list with date and name., frequency: year}}
"""


def draft(framework_id: str, example: Framework, catalogue: Catalogue) -> str:
    """A framework with one control of each kind; ``example`` lends one of its controls."""
    lent = next(control for control in example.controls() if control.required)
    checks = ["root-mfa", "password-policy-length", *(m.check for m in lent.checks)]
    head = _head(
        framework_id,
        title="Our own rules",
        compliance_type="Internal",
        description="What this framework is about, in a sentence or two.",
        schedule="month",
        judge="period_end",
        sources=["manual", *_sources(checks, catalogue)],
    )
    some = ", ".join(_quoted(control.id) for control in list(example.controls())[:2])
    examples = _EXAMPLES.replace("{framework}", example.id).replace("{control}", lent.id)
    return head + examples.replace("{some}", some)


def draft_from(
    framework_id: str, source: Framework, catalogue: Catalogue, controls: Sequence[str] = ()
) -> str:
    """A framework that takes the controls of ``source``, or only some of them, from there."""
    taken = [one for one in source.controls() if not controls or one.id in controls]
    sources = _sources((m.check for one in taken for m in one.checks), catalogue)
    if any(control.manual for control in taken):
        sources = {*sources, "manual"}
    head = _head(
        framework_id,
        title=f"Ours, after {source.name}",
        compliance_type=source.compliance_type,
        description=f"What we ask of ourselves of {source.name}.",
        schedule=source.schedule,
        judge=source.judge,
        sources=sources,
    )
    text = f"- select: {source.id}  # its texts, checks and sets, also when they change\n"
    if controls:
        text += "  controls:\n"
        for part in source.control_sets:
            some = [one for one in part.controls if one.id in controls]
            text += f"  # {_one_line(part.title)}\n" if some else ""
            text += "".join(f"  - {_quoted(one.id)}  # {_one_line(one.title)}\n" for one in some)
    else:
        text += "  # controls: [...]  # only these\n"
    return head + text + _CHANGES.format(example=_quoted(taken[0].id))


def _head(
    framework_id: str,
    *,
    title: str,
    compliance_type: str,
    description: str,
    schedule: str,
    judge: str,
    sources: Collection[str],
) -> str:
    return _HEAD.format(
        id=framework_id,
        title=_quoted(title),
        compliance_type=_quoted(compliance_type),
        description=textwrap.fill(
            description, 96, initial_indent="  ", subsequent_indent="  ", break_long_words=False
        ),
        schedule=schedule,
        judge=judge,
        sources=", ".join(name for name in SOURCE_ORDER if name in sources),
    )


def _sources(checks: Iterable[str], catalogue: Catalogue) -> set[str]:
    return {source.source for check in checks for source in catalogue[check].sources}


def _quoted(text: str) -> str:
    """As a YAML string, whatever is in it: JSON's are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return textwrap.shorten(" ".join(text.split()), 80, placeholder=" …")
