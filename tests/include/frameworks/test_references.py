"""Frameworks are made of others' controls and of groups of checks; all that is wrong is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.checks.located_yaml import LocatedError
from include.errors import InputError
from include.frameworks.loader import Frameworks
from include.frameworks.schema import Framework
from tests.include.frameworks.conftest import Write

ALL = "aws_config, security_hub, api_calls, manual"
MANUAL = "manual: {provide: The list., frequency: year}"
#: A framework with two sets of two controls, one of them automated.
BASE = f"""\
- id: "A"
  title: Access
  controls:
  - id: "A.1"
    title: The root user has MFA
    objective: Nobody gets in by password alone.
    test_procedure: [Look.]
    checks:
    - {{check: root-mfa, role: required, basis: judgement, reason: It asks this.}}
  - {{id: "A.2", title: Lists, objective: Known., test_procedure: [Ask.], {MANUAL}}}
- id: "B"
  title: Beyond
  controls:
  - {{id: "B.1", title: More lists, objective: Known., test_procedure: [Ask.], {MANUAL}}}
"""
ONE = f"""\
- id: "A"
  title: Access
  controls:
  - {{id: "A.1", title: Lists, objective: Known., test_procedure: [Ask.], {MANUAL}}}
"""


def load(path: Path) -> Framework:
    return Frameworks([path.parent]).load_file(path)


def problems(path: Path) -> list[tuple[int, str]]:
    """Line and text of each problem of a framework that can't be read."""
    framework, found = Frameworks([path.parent]).examine(path)
    assert framework is None and found
    assert all(isinstance(one, LocatedError) for one in found), found
    return [(one.line, f"{one.problem} {one.hint}") for one in found]  # type: ignore[attr-defined]


def group(text: str) -> str:
    """A control with these mappings; they begin in line 18 of the file."""
    return f"""\
- id: "A"
  title: Access
  controls:
  - id: "A.1"
    title: Something
    objective: Something.
    test_procedure: [Look.]
    checks:
{text}"""


def test_a_control_of_another_framework_is_used_with_what_differs_here(write: Write) -> None:
    write("base", BASE, ALL)
    framework = load(
        write(
            "ours",
            '- id: "1"\n  title: Ours\n  controls:\n'
            '  - {use: base/A.1, id: "1.1", title: Root has MFA}\n  - use: base/A.2\n',
            ALL,
        )
    )
    root, lists = framework.controls()
    assert (root.id, root.title, root.required) == ("1.1", "Root has MFA", ("root-mfa",))
    assert root.objective == "Nobody gets in by password alone."
    assert lists.id == "A.2" and lists.manual is not None
    assert framework.origins("1.1") == ("base/A.1",)
    assert framework.where("1.1", "root-mfa") == (framework.path, 14)


def test_what_was_taken_twice_remembers_the_whole_way(write: Write) -> None:
    write("base", BASE, ALL)
    write("between", "- select: base\n", ALL)
    text = '- select: between\n  controls: ["A.1"]\n'
    framework = load(write("ours", text, "aws_config, security_hub, api_calls"))
    assert framework.origins("A.1") == ("between/A.1", "base/A.1")


def test_a_selection_keeps_the_sets_and_takes_only_what_is_named(write: Write) -> None:
    write("base", BASE, ALL)
    path = write("ours", '- select: base\n  controls: ["B.1", "A.1"]\n', ALL)
    framework = load(path)
    assert [(s.id, [c.id for c in s.controls]) for s in framework.control_sets] == [
        ("A", ["A.1"]),
        ("B", ["B.1"]),
    ]
    assert framework.where("B.1") == (path, 12)


def test_a_selection_may_leave_out_and_change_controls(write: Write) -> None:
    write("base", BASE, ALL)
    text = (
        '- select: base\n  without: ["A.2"]\n  changed:\n  - id: "A.1"\n    level: 2\n'
        "    add_checks:\n    - check: console-users-mfa\n      role: supporting\n"
        "      basis: judgement\n      reason: People, too.\n"
    )
    framework = load(write("ours", text, ALL))
    assert [control.id for control in framework.controls()] == ["A.1", "B.1"]
    changed = framework.control("A.1")
    assert (changed.level, changed.required) == (2, ("root-mfa",))
    assert changed.supporting == ("console-users-mfa",)
    assert framework.where("A.1", "console-users-mfa")[1] == 17


def test_a_check_that_is_added_replaces_the_same_check_with_other_values(write: Write) -> None:
    used = (
        '- id: "1"\n  title: Ours\n  controls:\n  - use: cis_aws_5.0/1.7\n    add_checks:\n'
        "    - check: password-policy-length\n      role: required\n      basis: judgement\n"
        "      reason: We ask for more.\n      parameters: {MinimumPasswordLength: 20}\n"
    )
    framework = load(write("ours", used, "aws_config, security_hub, api_calls"))
    assert [m.check for m in framework.control("1.7").checks] == ["password-policy-length@20"]


def test_a_set_may_stand_in_a_file_of_its_own(write: Write, tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    part = tmp_path / "ours" / "a.yaml"
    part.write_text(
        f'id: "A"\ntitle: Access\ncontrols:\n- id: "A.1"\n  title: T\n  objective: O.\n'
        f"  test_procedure: [Look.]\n  {MANUAL}\n",
        encoding="utf-8",
    )
    framework = load(write("ours", "- file: ours/a.yaml\n"))
    assert framework.where("A.1") == (part, 4)
    part.write_text(part.read_text().replace("objective", "objektive"), encoding="utf-8")
    _, [error] = Frameworks([tmp_path]).examine(framework.path)
    assert str(error) == f"{part}, line 6: unknown field 'objektive'. Did you mean 'objective'?"


def test_an_id_in_two_files_is_told_with_both(write: Write, tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "a.yaml").write_text(
        ONE.replace("- id:", "id:", 1).replace("\n  ", "\n").replace('"A"', '"B"')
    )
    [(line, text)] = problems(write("ours", "- file: ours/a.yaml\n" + ONE))
    assert line == 15
    assert f"the control 'A.1' stands in line 4 of {tmp_path / 'ours' / 'a.yaml'} already" in text


def test_a_control_that_is_a_check_speaks_with_its_words(write: Write) -> None:
    text = (
        '- id: "A"\n  title: Access\n  controls:\n'
        "  - {id: IAM.9, of_check: root-mfa, basis: aws_stated, by: [security_hub]}\n"
    )
    framework = load(write("ours", text, "aws_config, security_hub, api_calls"))
    control = framework.control("IAM.9")
    assert control.title.endswith("?") and control.required == ("root-mfa",)
    assert control.checks[0].basis == "aws_stated"


def test_rules_and_hub_controls_stand_for_the_check_they_answer(write: Write) -> None:
    text = group(
        "    - role: required\n      basis: judgement\n      reason: Both.\n"
        "      config_rules: [ROOT_ACCOUNT_MFA_ENABLED]\n      security_hub: [IAM.4]\n"
    )
    control = load(write("ours", text, "aws_config, security_hub, api_calls")).control("A.1")
    assert control.required == ("root-mfa", "root-no-access-key")


def test_a_group_gives_its_reason_to_each_of_its_checks(write: Write) -> None:
    text = group(
        "    - checks: [root-mfa, root-no-access-key]\n      role: required\n"
        "      basis: derived\n      by: [prowler, turbot]\n      reason: Both are about root.\n"
    )
    mappings = (
        load(write("ours", text, "aws_config, security_hub, api_calls")).control("A.1").checks
    )
    assert [(m.check, m.by, m.reason) for m in mappings] == [
        ("root-mfa", ("prowler", "turbot"), "Both are about root."),
        ("root-no-access-key", ("prowler", "turbot"), "Both are about root."),
    ]


def test_a_standards_own_values_make_a_check_of_its_own(write: Write) -> None:
    text = group(
        "    - check: password-policy-length\n      role: required\n      basis: judgement\n"
        "      reason: The standard says 12.\n      parameters: {MinimumPasswordLength: 12}\n"
    )
    framework = load(write("ours", text, "aws_config, security_hub, api_calls"))
    assert framework.checks_needed() == ["password-policy-length@12"]
    assert framework.where("A.1", "password-policy-length@12")[1] == 19


MAPPING = "    - {{{}, role: required, basis: judgement, reason: Why.}}\n"
LENGTH = "check: password-policy-length, parameters: "


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (MAPPING.format("check: rot-mfa"), "no check 'rot-mfa'. Did you mean root-mfa"),
        (MAPPING.format("config_rules: [ROOT_ACOUNT_MFA_ENABLED]"), "ROOT_ACCOUNT_MFA_ENABLED"),
        (MAPPING.format("security_hub: [IAM.99]"), "no Security Hub control 'IAM.99'. Did you"),
        (MAPPING.format("config_rules: [Custom_ours]"), "needs a check of your own, in the folder"),
        (MAPPING.format("config_rules: [IAM_PASSWORD_POLICY]"), "answers several checks. Name one"),
        (MAPPING.format("checks: [root-mfa, root-mfa]"), "names 'root-mfa' twice"),
        (MAPPING.format("check: activity-root-usage"), "only shows evidence and can't be required"),
        (MAPPING.format("check: password-policy-length@12"), "its values under 'parameters'"),
        (MAPPING.format("checks: []"), "'checks' is empty"),
        ("    - {role: required, basis: judgement, reason: Why.}\n", "names no check"),
        (MAPPING.format(LENGTH + "{Length: 8}"), "has no parameter 'Length'. It has: MinimumPass"),
        (
            MAPPING.format(LENGTH + "{MinimumPasswordLength: many}"),
            'can\'t be "many". Its own value',
        ),
        (MAPPING.format(LENGTH + "{MinimumPasswordLength: true}"), "can't be true"),
        (MAPPING.format("check: root-mfa, parameters: {X: 1}"), "no parameter 'X'. It has none"),
        (MAPPING.format("checks: [root-mfa, vpc-flow-logs], parameters: {X: 1}"), "a single check"),
    ],
)
def test_a_wrong_mapping_is_told_with_what_would_be_right(
    write: Write, mapping: str, words: str
) -> None:
    found = problems(write("ours", group(mapping), ALL))
    assert found[0][0] == 19
    assert words in found[0][1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("basis: aws_stated", "'aws_stated' needs 'by', and only AWS's own"),
        ("basis: aws_stated, by: [prowler]", "'aws_stated' needs 'by', and only AWS's own"),
        ("basis: aws_stated, by: [security_hub, prowler]", "'aws_stated' needs 'by'"),
        ("basis: derived, reason: Why.", "'derived' needs 'by': through which crosswalk. Known:"),
        (
            "basis: derived, by: [prowler]",
            "'root-mfa' is derived and required, and gives no reason",
        ),
        (
            "basis: derived, by: [prowlr], reason: Why.",
            "no crosswalk 'prowlr'. Did you mean prowler",
        ),
        ("basis: judgement, by: [prowler], reason: Why.", "'judgement' is our own and has no 'by'"),
        ("basis: judgement", "'root-mfa' is judgement and required, and gives no reason"),
    ],
)
def test_who_says_it_fits_the_basis(write: Write, said: str, words: str) -> None:
    mapping = f"    - {{check: root-mfa, role: required, {said}}}\n"
    [(line, text)] = problems(write("ours", group(mapping), ALL))
    assert line == 19 and words in text


@pytest.mark.parametrize("role", ["supporting", "shown"])
def test_what_aws_states_needs_a_reason_to_be_less_than_required(write: Write, role: str) -> None:
    mapping = f"    - {{check: root-mfa, role: {role}, basis: aws_stated, by: [security_hub]}}\n"
    text = group(mapping) + f"    {MANUAL}\n"
    [(_, said)] = problems(write("ours", text, ALL))
    assert f"aws_stated and {role}, and gives no reason" in said


@pytest.mark.parametrize(
    ("sets", "line", "words"),
    [
        ("- select: bas\n", 11, "the framework 'bas' can't be used: There is no framework 'bas'"),
        ('- select: base\n  controls: ["A.9"]\n', 12, "base has no control 'A.9'. Did you mean"),
        ('- select: base\n  without: ["A.9"]\n', 12, "base has no control 'A.9'"),
        ('- select: base\n  controls: ["A.1", "A.1"]\n', 12, "'A.1' stands in line 12 already"),
        ('- select: base\n  without: ["A.1", "A.2", "B.1"]\n', 11, "nothing of base is selected"),
        ('- select: base\n  changed: [{id: "A.9", level: 1}]\n', 12, "Did you mean"),
        ("- select: base\n  changed: [{level: 1}]\n", 12, "'changed' needs the id of a control"),
        ("- select: base\n- select: base\n", 12, "the control set 'A' stands in line 11 already"),
        ('- {id: "1", title: T, controls: [{use: base/A.9}]}\n', 11, "base has no control 'A.9'"),
        ('- {id: "1", title: T, controls: [{use: base}]}\n', 11, "'use'"),
        (
            '- {id: "1", title: T, controls: [{use: base/A.1, of_check: root-mfa}]}\n',
            11,
            "at once",
        ),
        (
            '- {id: "1", title: T, controls: [{use: base/A.1, role: required}]}\n',
            11,
            "Write it under 'checks'",
        ),
        (
            '- {id: "1", title: T, controls: [{use: base/A.2, add_checks: ['
            "{check: root-mfa, role: required, basis: judgement, reason: R.}]}]}\n",
            11,
            "there are no checks to add to",
        ),
        ("- file: none.yaml\n", 11, "there is no file"),
    ],
)
def test_a_wrong_reference_is_told_with_its_line(
    write: Write, sets: str, line: int, words: str
) -> None:
    write("base", BASE, ALL)
    found = problems(write("ours", sets, ALL))
    assert found[0][0] == line
    assert words in found[0][1], found


def test_a_circle_is_told_and_ends(write: Write) -> None:
    write("one", "- select: two\n")
    write("two", "- select: three\n")
    path = write("three", "- select: one\n")
    [(line, text)] = problems(path)
    assert line == 11
    assert "Frameworks refer to each other in a circle: three → one → two → three" in text


def test_a_framework_that_refers_to_itself_is_a_circle(write: Write) -> None:
    [(_, text)] = problems(write("one", "- select: one\n"))
    assert "in a circle: one → one" in text


def test_a_framework_that_cannot_be_used_is_told_once(write: Write) -> None:
    write("base", BASE.replace("root-mfa", "rot-mfa"), ALL)
    uses = "".join(f"  - use: base/{name}\n" for name in ("A.1", "A.2", "B.1"))
    [(line, text)] = problems(write("ours", f'- id: "1"\n  title: T\n  controls:\n{uses}', ALL))
    assert line == 14
    assert "'base' can't be used" in text and "there is no check 'rot-mfa'" in text


def test_all_problems_are_told_in_the_files_order(write: Write) -> None:
    path = write("ours", BASE.replace("root-mfa", "rot-mfa").replace("Ask.", ""), ALL)
    text = path.read_text().replace("schedule: month", "schedule: weekly")
    text = text.replace("publisher: We", "publisher: 5").replace('id: "B.1"', 'id: "A.1"')
    text = text.replace("title: Beyond", "titel: Beyond").replace("version", "verzion", 1)
    path.write_text(text, encoding="utf-8")
    found = problems(path)
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert [(line, words.split(".")[0]) for line, words in found] == [
        (3, "unknown field 'verzion'"),
        (4, "'publisher' has to be text, found 5"),
        (7, "'schedule' can't be 'weekly'"),
        (19, "control A"),
        (20, "'test_procedure' is empty"),
        (22, "unknown field 'titel'"),
        (24, "'test_procedure' is empty"),
        (24, "the control 'A"),
    ]


def test_a_file_may_bear_another_name_where_that_does_not_matter(write: Write) -> None:
    path = write("base", BASE, ALL)
    copy = path.rename(path.with_name("base-of-last-year.yaml"))
    with pytest.raises(InputError, match="differs from the file's name"):
        load(copy)
    assert Frameworks([]).load_file(copy, named=False).id == "base"
