"""What a new version adds, drops, renumbers and maps anew; what isn't clear is new, or gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.frameworks.differences import Differences, differences
from include.frameworks.loader import Frameworks
from include.frameworks.schema import Framework
from tests.include.frameworks.conftest import Write

CATALOGUE = load_catalogue()
ALL = "aws_config, security_hub, api_calls, manual"
MANUAL = "manual: {provide: The list., frequency: year}"


def control(name: str, title: str, check: str = "", more: str = "", role: str = "required") -> str:
    text = f'  - id: "{name}"\n    title: {title}\n    objective: O.\n'
    text += f"    test_procedure: [Look.]\n    {MANUAL}\n{more}"
    if check:
        text += (
            f"    checks:\n    - {{check: {check}, role: {role}, basis: judgement, reason: R.}}\n"
        )
    return text


FIRST = '- id: "Z"\n  title: Zero\n  controls:\n' + control("Z.1", "First", "root-mfa")


def version(write: Write, name: str, *controls: str, sets: str = "") -> Framework:
    text = FIRST + '- id: "S"\n  title: Some\n  controls:\n' + "".join(controls) + sets
    path: Path = write(name, text, ALL)
    return Frameworks([path.parent]).load_file(path)


def compared(write: Write, old: tuple[str, ...], new: tuple[str, ...]) -> Differences:
    return differences(version(write, "v1", *old), version(write, "v2", *new), CATALOGUE)


def ids(found: Differences) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Added, dropped, and the pairs of those that were renumbered."""
    pairs = [(one.before, one.after) for one in found.changed if one.before != one.after]
    return [one.id for one in found.added], [one.id for one in found.dropped], pairs


def test_nothing_differs_from_itself() -> None:
    frameworks = Frameworks([])
    for name in frameworks.files:
        framework = frameworks.load(name)
        assert differences(framework, framework, CATALOGUE).same, name


def test_what_is_added_and_what_is_dropped(write: Write) -> None:
    found = compared(
        write,
        (control("1", "Old thing", "console-users-mfa"), control("2", "Stays")),
        (control("2", "Stays"), control("3", "New thing", "root-no-access-key")),
    )
    assert ids(found) == (["3"], ["1"], [])
    assert found.unchanged == 2 and not found.changed


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (control("1", "Same words"), control("2", "Same words", "root-no-access-key"), "title"),
        (
            control("1", "Old words", "console-users-mfa"),
            control("2", "Quite another name", "console-users-mfa"),
            "mapping",
        ),
    ],
)
def test_a_control_that_only_changed_its_number_is_recognised(
    write: Write, old: str, new: str, why: str
) -> None:
    found = compared(write, (old,), (new,))
    assert ids(found) == ([], [], [("1", "2")])
    assert found.changed[0].recognised_by == f"same {why}"


def test_a_control_taken_from_the_other_version_is_that_control(write: Write) -> None:
    old = version(write, "v1", control("1", "One"), control("2", "Two", "console-users-mfa"))
    new = version(
        write,
        "v2",
        '  - {use: v1/2, id: "1", title: Another name, checks: []}\n',
        control("2", "X"),
    )
    found = differences(old, new, CATALOGUE)
    one = next(change for change in found.changed if change.after == "1")
    assert (one.before, one.recognised_by) == ("2", "same origin")
    assert {change.kind for change in one.changes} == {"renumbered", "retitled", "remapped"}


def test_two_versions_that_take_from_a_third_are_matched_by_it(write: Write) -> None:
    old = version(write, "v1", "  - {use: cis_aws_5.0/1.3, id: '1'}\n", control("9", "Nine"))
    new = version(write, "v2", "  - {use: cis_aws_5.0/1.3, id: '7'}\n", control("9", "Nine"))
    assert ids(differences(old, new, CATALOGUE)) == ([], [], [("1", "7")])


def test_what_is_not_clear_is_new_and_gone(write: Write) -> None:
    found = compared(
        write,
        (control("1", "Alpha", "console-users-mfa"), control("2", "Beta", "console-users-mfa")),
        (control("3", "Gamma", "console-users-mfa"), control("4", "Delta", "console-users-mfa")),
    )
    assert ids(found) == (["3", "4"], ["1", "2"], [])


def test_an_id_that_came_to_mean_something_else_follows_the_control(write: Write) -> None:
    found = compared(
        write,
        (
            control("2.1", "Rotate the keys", "console-users-mfa"),
            control("2.2", "Watch traffic", "root-no-access-key"),
        ),
        (
            control("2.1", "Traffic of networks is kept", "root-no-access-key"),
            control("2.2", "Something wholly new", "unused-credentials"),
        ),
    )
    assert ids(found)[2] == [("2.2", "2.1")]


def test_each_kind_of_change_is_told(write: Write) -> None:
    old = version(
        write,
        "v1",
        control("1", "The title", "password-policy-length"),
        control("2", "Roles", "console-users-mfa"),
        control("3", "People"),
        control("4", "Levels", more="    level: 1\n"),
    )
    more = '- id: "T"\n  title: Third\n  controls:\n' + control("2", "Roles", "console-users-mfa",
                                                               role="supporting")  # fmt: skip
    new = version(
        write,
        "v2",
        control("1", "The title, now longer", "password-policy-length").replace(
            "reason: R.}", "reason: Q., parameters: {MinimumPasswordLength: 12}}"
        ),
        control("3", "People").replace("year", "month"),
        control("4", "Levels", more="    level: 2\n").replace("objective: O.", "objective: P."),
        sets=more,
    )
    found = differences(old, new, CATALOGUE)
    told = {
        one.after: [(c.kind, c.what, c.before, c.after) for c in one.changes]
        for one in found.changed
    }
    assert told == {
        "1": [
            ("retitled", "title", "The title", "The title, now longer"),
            ("remapped", "password-policy-length: MinimumPasswordLength", "14", "12"),
            ("reworded", "password-policy-length: reason", "R.", "Q."),
        ],
        "2": [
            ("moved", "control set", "S Some", "T Third"),
            ("remapped", "console-users-mfa: role", "required", "supporting"),
        ],
        "3": [("manual", "how often people provide it", "year", "month")],
        "4": [("reworded", "objective", "O.", "P."), ("level", "level", "1", "2")],
    }
    assert [(c.what, c.after) for c in found.sets] == [("control set added", "T Third")]
    assert [(c.what, c.before, c.after) for c in found.header] == [
        ("title", "Rules of v1", "Rules of v2")
    ]


def test_a_control_that_its_publisher_withdrew_says_where_it_went(write: Write) -> None:
    gone = '  withdrawn:\n  - {id: "1", title: Old, moved_to: ["2"]}\n'
    old = version(write, "v1", control("1", "Old"), control("2", "Stays"))
    new = version(write, "v2", control("2", "Stays"), gone)
    [dropped] = differences(old, new, CATALOGUE).dropped
    assert dropped.withdrawn and dropped.gone_to == ("2",)


def test_the_next_benchmark_of_cis_is_told_as_its_publisher_tells_it() -> None:
    frameworks = Frameworks([])
    old, new = frameworks.load("cis_aws_3.0"), frameworks.load("cis_aws_5.0")
    added, dropped, pairs = ids(differences(old, new, CATALOGUE))
    assert (added, dropped) == (["2.2.4", "5.1.2"], ["1.3"])
    assert ("1.4", "1.3") in pairs and ("5.6", "5.7") in pairs
