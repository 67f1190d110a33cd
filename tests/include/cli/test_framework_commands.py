"""``./audit frameworks …``: lists, shows, compares, writes and validates; exit codes; whole ids."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from include.cli import framework_validate
from include.cli.ending import Ended
from include.cli.main import main
from include.frameworks.loader import LIBRARY, Frameworks, list_frameworks
from include.frameworks.problems import missing_in_scope

COMMANDS = ("list", "show", "checks", "crosswalk", "diff", "new", "validate")
IDS = [path.stem for path in LIBRARY.glob("*.yaml")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of one's own frameworks; it isn't there yet."""
    monkeypatch.setenv("AUDIT_FRAMEWORK_FOLDER", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "own"


@pytest.fixture
def own(folder: Path) -> Path:
    folder.mkdir()
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints, both ways; it has to end with ``code``."""
    capsys.readouterr()
    ended = main(["frameworks", *arguments])
    found = capsys.readouterr()
    assert ended == code, found
    return found.out + found.err


def flat(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"./audit frameworks {command}" in said(capsys, command, "--help").split("Example:")[1]


@pytest.mark.parametrize("width", ["80", "140"])
def test_the_list_never_cuts_an_id(
    width: str, own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    out = said(capsys)
    assert out == said(capsys, "list")
    first = [line.split(" ")[0] for line in out.splitlines()]
    assert set(IDS) <= set(first)
    assert all(len(line) <= int(width) for line in out.splitlines())


def test_the_list_as_json(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "new", "ours_1")
    for arguments in (["--json"], ["list", "--json"]):
        found = {one["id"]: one for one in json.loads(said(capsys, *arguments))}
        assert found["ours_1"]["own"] and not found["cis_aws_5.0"]["own"]
        assert found["ours_1"]["dag"] == "assess_ours_1"
        assert found["cis_aws_5.0"]["sources"]


def test_a_broken_framework_does_not_hide_the_others(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "ours.yaml").write_text("id: other\n")
    out = said(capsys)
    assert "cis_aws_5.0" in out and f"Left out: {own}/ours.yaml, line 1:" in flat(out)


def test_show_counts_what_is_automated_and_who_says_so(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = flat(said(capsys, "show", "cis_aws_5.0"))
    assert "CIS AWS Foundations Benchmark v5.0.0" in out and "assess_cis_aws_5.0" in out
    values = json.loads(said(capsys, "show", "cis_aws_5.0", "--json"))
    framework = Frameworks([]).load("cis_aws_5.0")
    controls = list(framework.controls())
    assert values["controls"] == sum(values["decided"].values()) == len(controls) == 63
    assert values["decided"]["manual"] == sum(not control.required for control in controls)
    counted = sum(sum(by_basis.values()) for by_basis in values["mappings"].values())
    assert counted == sum(len(control.checks) for control in controls)
    assert [one["id"] for one in values["control_sets"]] == ["1", "2", "3", "4", "5"]
    for number in values["decided"].values():
        assert str(number) in out


def test_show_tells_everything_about_a_control(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = flat(said(capsys, "show", "pci_dss_4.0.1", "8.3.6"))
    control = Frameworks([]).load("pci_dss_4.0.1").control("8.3.6")
    for text in (
        control.title,
        control.objective,
        *control.test_procedure,
        control.manual.provide if control.manual else "",
        "password-policy-length@12",
        "MinimumPasswordLength: 12 or more",
        "stated by AWS:",
        "AWS Config IAM_PASSWORD_POLICY",
        *(mapping.reason for mapping in control.checks),
    ):
        assert flat(text) in out, text
    values = json.loads(said(capsys, "show", "pci_dss_4.0.1", "8.3.6", "--json"))
    assert values["id"] == "8.3.6" and values["line"] > 1
    assert [one["check"] for one in values["checks"]] == [one.check for one in control.checks]
    assert all(by["title"] for one in values["checks"] for by in one["by"])


def test_show_a_set_a_withdrawn_control_and_another_spelling(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = said(capsys, "show", "cis_aws_5.0", "5")
    assert "5.1.1" in out and "5.7" in out and "1.3" not in out
    assert "Now part of: AC-2" in said(capsys, "show", "nist_800_53_r5", "AC-2(10)")
    assert "AC-2(1) " in said(capsys, "show", "nist_800_53_r5", "ac-2 (1)")
    assert json.loads(said(capsys, "show", "nist_800_53_r5", "ac-2 (10)", "--json"))["moved_to"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "cis_aws_5"], "There is no framework 'cis_aws_5'. Known here: cis_aws_5.0"),
        (["show", "cis_aws_5.0", "1.77"], "no control or control set '1.77'. Did you mean 1.7"),
        (["show", "none.yaml"], "There is no file none.yaml."),
        (["crosswalk", "cis_aws_5.0", "cis_aws_5.0"], "Both are the same framework."),
        (["crosswalk", "cis_aws_5.0", "soc_2_2017", "--json", "--csv"], "exclude each other"),
        (["crosswalk", "cis_aws_5.0", "soc_2_2017", "-c", "CC6.11"], "Did you mean CC6.1"),
        (["diff", "cis_aws_3.0", "cis"], "There is no framework 'cis'."),
        (["new", "Ours 1"], "such as ours_1."),
        (["new", "cis_aws_5.0"], "There is a framework 'cis_aws_5.0' already"),
        (["new", "ours", "--from", "cis"], "There is no framework 'cis'."),
        (["new", "ours", "--from", "cis_aws_5.0", "--controls", "1.1,1.77"], "control '1.77'"),
        (["new", "ours", "--controls", "1.1"], "--controls needs --from."),
        (["validate", "cis"], "There is no framework 'cis'."),
        (["validate", "none.yaml"], "There is no file none.yaml."),
    ],
)
def test_wrong_usage_says_what_would_be_right(
    own: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in flat(said(capsys, *arguments, code=64))
    assert not list(own.iterdir())


def test_checks_are_found_by_words_and_keywords(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "root-mfa" in said(capsys, "checks", "IAM.9")
    out = said(capsys, "checks", "bucket", "ENCRYPT")
    assert "s3-" in out and "root-mfa" not in out
    assert [one["id"] for one in json.loads(said(capsys, "checks", "root-mfa", "--json"))]


@pytest.mark.parametrize("width", ["80", "160"])
def test_ids_of_checks_are_whole(
    width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    words = said(capsys, "checks").split()
    assert {check["id"] for check in json.loads(said(capsys, "checks", "--json"))} <= set(words)


def test_crosswalk_tells_what_carries_over(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pair = ("pci_dss_4.0.1", "iso_27001_2022")
    values = json.loads(said(capsys, "crosswalk", *pair, "--json"))
    answered = values["controls_answered"]
    assert sum(answered.values()) == len(values["controls"]) == 93
    out = flat(said(capsys, "crosswalk", *pair))
    assert f"{answered['fully']} fully answered by checks of pci_dss_4.0.1" in out
    assert f"{answered['partly']} partly, {answered['not']} not" in out
    shown = said(capsys, "crosswalk", *pair, "--all")
    assert all(one["id"] in shown for one in values["controls"])
    rows = list(csv.DictReader(io.StringIO(said(capsys, "crosswalk", *pair, "--csv"))))
    assert {row["control"] for row in rows} == {one["id"] for one in values["controls"]}
    fully = {row["control"] for row in rows if row["answered"] == "fully"}
    assert len(fully) == answered["fully"]


def test_crosswalk_shows_a_control_check_by_check(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out = flat(said(capsys, "crosswalk", "cis_aws_5.0", "pci_dss_4.0.1", "--control", "8.3.6"))
    assert "same question, other value: password-policy-length (stricter: its passes hold)" in out
    assert "of 2 required checks are answered for cis_aws_5.0" in out


def test_diff_tells_added_dropped_and_renumbered(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = flat(said(capsys, "diff", "cis_aws_3.0", "cis_aws_5.0"))
    assert "2 added, 1 dropped, 30 renumbered" in out and "1.4 → 1.3" in out
    values = json.loads(said(capsys, "diff", "cis_aws_3.0", "cis_aws_5.0", "--json"))
    assert values["totals"]["added"] == len(values["added"]) == 2
    assert "in common" in flat(said(capsys, "diff", "soc_2_2017", "iso_27001_2022"))
    assert "Nothing differs." in said(capsys, "diff", "soc_2_2017", "soc_2_2017")


def test_diff_compares_files_of_any_name(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "new", "ours")
    before = tmp_path / "before.yaml"
    before.write_text((own / "ours.yaml").read_text().replace("Passwords have", "Passwords need"))
    out = flat(said(capsys, "diff", str(before), "ours"))
    assert "was: Passwords need at least 16 characters is: Passwords have" in out
    assert f"{before} → {own}/ours.yaml".replace(" ", "") in out.replace(" ", "")


@pytest.mark.parametrize(
    "more",
    [
        [],
        *([["--from", name] for name in ("cis_aws_5.0", "gdpr_2016", "nist_800_53_r5")]),
        ["--from", "pci_dss_4.0.1", "--controls", "1.2.5,8.3.6", "--controls", "12.1.1"],
        ["--from", "nist_800_53_r5", "--controls", "AC-2(1)"],
    ],
    ids=lambda more: " ".join(more[1:]) or "alone",
)
def test_what_new_writes_is_valid(
    more: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = flat(said(capsys, "new", "ours-1", *more))
    assert f"Wrote {folder}/ours-1.yaml:" in out
    assert "1 framework in order." in said(capsys, "validate")
    assert "ours-1" in [header.id for header in list_frameworks()]
    text = (folder / "ours-1.yaml").read_text()
    assert all(len(line) <= 100 or "select" in line for line in text.splitlines())
    if "--controls" in more:
        named = ",".join(more[3::2]).split(",")
        assert [c.id for c in Frameworks().load("ours-1").controls()] == named
    elif more:
        wanted = [c.id for c in Frameworks().load(more[1]).controls()]
        assert [c.id for c in Frameworks().load("ours-1").controls()] == wanted


@pytest.mark.parametrize("more", [[], ["--from", "cis_aws_5.0"]], ids=["alone", "from"])
def test_the_examples_in_the_comments_of_new_are_valid(
    more: list[str], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "new", "ours", *more)
    path = own / "ours.yaml"
    head, _, below = path.read_text().partition("control_sets:\n")
    lines = below.splitlines()
    first = next(n for n, line in enumerate(lines) if re.match(r" *# (- select|changed)", line))
    bare = [re.sub(r"^( *)# ", r"\1", line) for line in lines[first:]]
    titles = ("All controls", "Controls of our own")
    kept = [line for line in bare if not line.startswith(titles)]
    path.write_text(head + "control_sets:\n" + "\n".join([*lines[:first], *kept, ""]))
    assert "1 framework in order." in said(capsys, "validate")
    before = len(list(Frameworks([]).load("cis_aws_5.0").controls())) if more else 4
    assert len(list(Frameworks().load("ours").controls())) > before


def test_new_never_overwrites(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "new", "ours")
    before = (own / "ours.yaml").read_bytes()
    assert "already" in said(capsys, "new", "ours", "--from", "cis_aws_5.0", code=64)
    assert (own / "ours.yaml").read_bytes() == before
    assert [path.name for path in own.iterdir()] == ["ours.yaml"]


def test_validate_tells_every_problem_with_file_and_line(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "new", "ours")
    path = own / "ours.yaml"
    text = path.read_text()
    line = {word: text[: text.index(word)].count("\n") + 1 for word in ("root-mfa ", "quarter  #")}
    path.write_text(text.replace("root-mfa ", "rot-mfa ").replace("quarter  #", "weekly  #"))
    (own / "checks").mkdir()
    (own / "checks" / "a.yaml").write_text("checks:\n- id: x\n")
    out = said(capsys, "validate", code=64)
    assert f"{path}:{line['root-mfa ']}: error: control ours-1: there is no check 'rot-mfa'." in out
    assert "Did you mean root-mfa" in out
    assert f"{path}:{line['quarter  #']}: error: 'frequency' can't be 'weekly'." in out
    assert f"{own}/checks/a.yaml:2: error: the field 'question' is missing." in out
    assert "errors in 2 files." in out
    found = json.loads(said(capsys, "validate", "ours", "--json", code=64).split("\nError")[0])
    assert found["errors"] == len(found["problems"]) and found["files"] == [str(path)]


def test_validate_takes_files_from_anywhere(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "new", "ours")
    elsewhere = tmp_path / "review"
    elsewhere.mkdir()
    (own / "ours.yaml").rename(elsewhere / "ours.yaml")
    (elsewhere / "next.yaml").write_text(
        (elsewhere / "ours.yaml").read_text().replace("id: ours ", "id: next ")
    )
    files = [str(elsewhere / name) for name in ("ours.yaml", "next.yaml")]
    assert "2 frameworks in order." in said(capsys, "validate", *files)


def test_validate_tells_what_cannot_stand_beside_the_others(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own / "cis_aws_5.0.yaml").write_text("id: cis_aws_5.0\n")
    out = said(capsys, "validate", code=64)
    assert f"{own}/cis_aws_5.0.yaml: error: There are two frameworks 'cis_aws_5.0'" in out


def test_a_named_file_that_is_left_out_is_not_in_order(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = own / "cis_aws_5.0.yaml"
    copy.write_text((LIBRARY / "cis_aws_5.0.yaml").read_text())
    (own / "lost.yaml").symlink_to("nowhere.yaml")
    for name in ("cis_aws_5.0", str(copy)):
        out = said(capsys, "validate", name, code=64)
        assert f"{copy}: error: There are two frameworks 'cis_aws_5.0'" in out
        assert "in order" not in out
    for names in ((), ("lost",)):
        assert "lost.yaml leads to no file" in said(capsys, "validate", *names, code=64)
    assert "lost.yaml leads to no file" in said(capsys)


def test_validate_without_frameworks_of_ones_own(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "There are no frameworks of your own." in said(capsys, "validate")


def test_the_whole_library_is_in_order(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{len(IDS)} frameworks in order." in said(capsys, "validate", "--all")


def test_what_a_scope_cannot_answer_is_told_where_the_check_is_required(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "new", "ours")
    framework = Frameworks().load("ours")
    where = "not deployed in 111111111111 eu-west-1."
    problems = missing_in_scope(framework, [("root-mfa", where, "Deploy the rule.")])
    capsys.readouterr()
    with pytest.raises(Ended) as ended:
        framework_validate.report(problems, [framework.path], as_json=False)
    assert ended.value.code == 2
    line = framework.path.read_text().split("- check: root-mfa")[0].count("\n") + 1
    found = capsys.readouterr()
    assert found.out == (
        f"{framework.path}:{line}: missing: control ours-1: root-mfa: {where} Deploy the rule.\n"
    )
    assert "In order, but 1 missing" in found.err
