"""What is collected for one framework answers another: all of a control, a part, or nothing."""

from __future__ import annotations

from pathlib import Path

from include.checks.catalogue import load_catalogue
from include.frameworks.carry_over import COLUMNS, carry_over
from include.frameworks.loader import Frameworks
from include.frameworks.schema import Framework
from tests.include.frameworks.conftest import Write

CATALOGUE = load_catalogue()
MANUAL = "manual: {provide: The list., frequency: year}"


def control(name: str, *mappings: str, manual: bool = False) -> str:
    text = (
        f'  - id: "{name}"\n    title: T {name}\n    objective: O.\n    test_procedure: [Look.]\n'
    )
    text += f"    {MANUAL}\n" if manual else ""
    text += "    checks:\n" if mappings else ""
    for mapping in mappings:
        check, _, rest = mapping.partition(" ")
        role, _, values = rest.partition(" ")
        text += f"    - {{check: {check}, role: {role or 'required'}, basis: judgement, reason: R."
        text += f", parameters: {{{values}}}}}\n" if values else "}\n"
    return text


def framework(write: Write, name: str, *controls: str, people: bool = False) -> Framework:
    sources = "aws_config, security_hub, api_calls" + (", manual" if people else "")
    path: Path = write(name, '- id: "S"\n  title: S\n  controls:\n' + "".join(controls), sources)
    return Frameworks([path.parent]).load_file(path)


def test_controls_are_answered_fully_partly_or_not(write: Write) -> None:
    first = framework(
        write,
        "first",
        control("1", "root-mfa"),
        control("2", "root-no-access-key supporting", manual=True),
        people=True,
    )
    second = framework(
        write,
        "second",
        control("a", "root-mfa", "root-no-access-key"),
        control("b", "root-mfa", "console-users-mfa", manual=True),
        control("c", "console-users-mfa"),
        control("d", "root-mfa supporting", manual=True),
        control("e", manual=True),
        people=True,
    )
    found = carry_over(first, second, CATALOGUE)
    assert [(c.id, c.answered, c.carried, c.required, c.people) for c in found.controls] == [
        ("a", "fully", 2, 2, False),
        ("b", "partly", 1, 2, True),
        ("c", "not", 0, 1, False),
        ("d", "manual", 0, 0, True),
        ("e", "manual", 0, 0, True),
    ]
    assert found.totals == {"fully": 1, "partly": 1, "not": 1, "manual": 2}
    assert found.checks("yes") == {"root-mfa", "root-no-access-key"}
    assert found.checks("no") == {"console-users-mfa"}
    assert [c.id for c in found.controls if c.touched] == ["a", "b", "d"]
    assert found.controls[0].speakers == ("1", "2")
    assert found.controls[3].count("supporting") == (1, 1)


def test_the_same_question_with_another_value_does_not_carry_over(write: Write) -> None:
    length = "password-policy-length required MinimumPasswordLength: {}"
    first = framework(write, "first", control("1", length.format(16)))
    for value, asks in ((12, "stricter"), (20, "weaker")):
        second = framework(write, f"of_{value}", control("a", length.format(value)))
        [one] = carry_over(first, second, CATALOGUE).controls
        assert (one.answered, one.carried, one.touched) == ("not", 0, True)
        [check] = one.checks
        assert (check.check, check.carried) == (f"password-policy-length@{value}", "other_value")
        assert (check.instead, check.asks) == ("password-policy-length@16", asks)
        assert [speaker.control for speaker in check.speakers] == ["1"]
    same = framework(write, "of_16", control("a", length.format(16)))
    assert carry_over(first, same, CATALOGUE).totals["fully"] == 1


def test_only_the_controls_asked_for(write: Write) -> None:
    first = framework(write, "first", control("1", "root-mfa"))
    second = framework(write, "second", control("a", "root-mfa"), control("b", "root-mfa"))
    assert [c.id for c in carry_over(first, second, CATALOGUE, ["b"]).controls] == ["b"]


def test_a_row_for_each_check_and_for_controls_without(write: Write) -> None:
    first = framework(write, "first", control("1", "root-mfa"))
    second = framework(
        write,
        "second",
        control("a", "root-mfa", "root-no-access-key"),
        control("b", manual=True),
        people=True,
    )
    rows = list(carry_over(first, second, CATALOGUE).rows())
    assert all(len(row) == len(COLUMNS) for row in rows)
    told = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert [(one["control"], one["check"], one["carried"]) for one in told] == [
        ("a", "root-mfa", "yes"),
        ("a", "root-no-access-key", "no"),
        ("b", "", ""),
    ]
    assert told[0]["from_controls"] == "1"
