"""The command line: exit codes, one line for errors, nothing started on bad input."""

import errno
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from include.cli import beginning, stack_commands
from include.cli.checking import known_framework
from include.cli.main import app, main
from include.errors import AuditError
from include.settings import ROOT
from include.stack import in_process, postgres, state, supervisor
from include.stack.environment import LocalAws
from include.stack.process import Component
from include.stack.state import Record

COMMANDS = [
    *("demo", "run", "assessments", "up", "down", "status", "env", "reset"),
    *("doctor", "coverage", "permissions", "diff", "portfolio", "sample"),
]


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A state of its own for each test, and no process."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setenv("AUDIT_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    for module in (supervisor, postgres):
        monkeypatch.setattr(module, "start", refuse)
    monkeypatch.setattr(in_process, "start_local_aws", refuse)


@pytest.mark.parametrize("command", [*COMMANDS, "test"])
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    examples = re.split("Examples?:", capsys.readouterr().out)[1]
    assert f"./audit {command}" in examples


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["No such command 'nonsense'", "--help"]),
        (["up", "--bogus"], ["--bogus", "./audit up --help"]),
        (["up", "--seed", "x"], ["--seed"]),
        (["up", "--accounts", "0"], ["--accounts is 0"]),
        (["up", "--seed", "1", "--no-local-aws"], ["--no-local-aws"]),
        (["run"], ["--framework"]),
        (["run", "-f", "cis_aws_5.1"], ["no framework 'cis_aws_5.1'", "cis_aws_5.0"]),
        (["run", "-f", "cis"], ["'cis' may be any of 3 frameworks", "cis_aws_5.0?"]),
        (["demo", "-f", "zzz"], ["no framework 'zzz'", "./audit frameworks"]),
        (["run", "-f", "cis_aws_5.0", "--period", "2026-13"], ["'2026-13' is not a period"]),
        (["run", "-f", "cis_aws_5.0", "--period", "2999-01"], ["after the present"]),
        (
            ["run", "-f", "cis_aws_5.0", "--period", "2999-01", "--in-process"],
            ["after the present"],
        ),
        (["run", "-f", "cis_aws_5.0", "--sources", "foo"], ["source 'foo'", "aws_config"]),
        (
            ["run", "-f", "cis_aws_5.0", "--sources", "foo", "--in-process"],
            ["source 'foo'", "aws_config"],
        ),
        (
            ["run", "-f", "cis_aws_5.0", "--accounts", "12", "--in-process"],
            ["'12' is no account"],
        ),
        (
            ["run", "-f", "cis_aws_5.0", "--regions", "mars", "--in-process"],
            ["'mars' is no region", "eu-west-1"],
        ),
        (
            ["run", "-f", "cis_aws_5.0", "--assessment-name", "a b", "--in-process"],
            ["'a b' is no assessment name"],
        ),
    ],
)
def test_wrong_usage_is_one_sentence_and_64(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("Error: ")
    for word in words:
        assert word in said.err


def test_errors_that_are_nobodys_usage_end_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-f", "cis_aws_5.0"]) == 1
    assert "No stack is running. Start one: ./audit up" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), "The disk is full (/x/y)"),
        (ValueError("odd"), "Unexpected ValueError: odd"),
        (AuditError("It broke.", hint="Mend it."), "It broke. Mend it."),
    ],
)
def test_no_error_shows_a_traceback_unless_asked(
    error: Exception,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(supervisor, "down", broken)
    assert main(["down"]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    with pytest.raises(type(error)):
        main(["down", "--debug"])


@pytest.mark.parametrize(
    "command",
    [
        ["demo"],
        ["up"],
        ["up", "--no-local-aws"],
        ["run", "-f", "cis_aws_5.0"],
        ["run", "-f", "cis_aws_5.0", "--in-process"],
    ],
)
def test_wrong_settings_are_one_sentence_before_anything_starts(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "broken.yaml").write_text("regions: [a\n")
    monkeypatch.setenv("AUDIT_SETTINGS", str(tmp_path / "broken.yaml"))
    assert main(command) == 64
    said = capsys.readouterr()
    assert "broken.yaml, line" in said.err
    assert said.err.count("\n") == 1
    monkeypatch.delenv("AUDIT_SETTINGS")
    monkeypatch.setenv("AUDIT_REGIONS", "mars")
    assert main(command) == 64
    assert "AUDIT_REGIONS" in capsys.readouterr().err


@pytest.mark.parametrize("how", [[], ["--in-process"]])
def test_a_register_that_cant_be_read_is_told_before_anything_starts(
    how: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "exceptions.yaml").write_text("exceptions: [\n")
    monkeypatch.setenv("AUDIT_REGISTERS", str(tmp_path))
    assert main(["run", "-f", "cis_aws_5.0", *how]) == 64
    said = capsys.readouterr().err
    assert "exceptions.yaml, line" in said
    assert said.count("\n") == 1


def test_down_and_reset_without_a_stack_do_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert main(["reset"]) == 0
    assert "Nothing was running" in capsys.readouterr().out


def test_status_without_a_stack_is_1() -> None:
    assert main(["status"]) == 1


def recorded(base: Path) -> Record:
    """A stack that seems to run: its only component is this test."""
    from include.stack.parameters import EstateParameters

    parameters = EstateParameters()
    state.prepare(base / parameters.key)
    import psutil

    mine = Component("local-aws", os.getpid(), psutil.Process().create_time(), "log")
    made = Record(
        base / parameters.key,
        parameters,
        {"api": 1, "aws": 1},
        LocalAws("http://127.0.0.1:1", ("111111111111", "222222222222"), ("us-east-1",)),
        (mine,),
    )
    made.save()
    state.make_current(made)
    return made


def test_env_prints_exports_for_a_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(state.base_folder())
    assert main(["env"]) == 0
    lines = capsys.readouterr().out
    shell = subprocess.run(
        ["sh", "-c", lines + 'echo "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID [${AWS_PROFILE-}]"'],
        env={"AWS_PROFILE": "mine", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == "http://127.0.0.1:1 111111111111 []\n"


@pytest.mark.parametrize(
    ("option", "value"), [("--accounts", "333333333333"), ("--regions", "eu-west-1")]
)
@pytest.mark.parametrize("how", [[], ["--in-process"]])
def test_what_is_not_in_scope_is_refused_before_anything_starts(
    option: str, value: str, how: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    made = recorded(state.base_folder())
    if how:
        replace(made, components=()).save()  # stopped, but its accounts are known
    assert main(["run", "-f", "cis_aws_5.0", option, value, *how]) == 64
    assert f"{value} is not in scope" in capsys.readouterr().err


def test_assessments_are_listed_one_a_line_with_whole_ids(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from include.stack import mailbox

    class Manager:
        def list_assessments(self, **_: str) -> dict[str, object]:
            names = ("cis_aws_5.0_2026-10_59bd6a28", "n" * 100)
            return {
                "assessmentMetadata": [
                    {"id": f"{n}" * 36, "name": name, "status": "ACTIVE"}
                    for n, name in enumerate(names)
                ]
            }

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(mailbox, "client", lambda *_: Manager())
    recorded(state.base_folder())
    assert main(["assessments"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["0" * 36, "ACTIVE", "cis_aws_5.0_2026-10_59bd6a28"],
        ["1" * 36, "ACTIVE", "n" * 100],
    ]


def test_another_stack_is_not_started_beside_a_running_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded(state.base_folder())
    assert main(["up", "--seed", "12345"]) == 64
    assert "is running. Stop it first: ./audit down" in capsys.readouterr().err


def test_reset_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made = recorded(state.base_folder())
    Record(made.folder, made.parameters, made.ports).save()  # stopped
    monkeypatch.setattr(stack_commands.typer, "confirm", lambda _: False)
    assert main(["reset"]) == 1
    assert made.folder.exists()
    assert main(["reset", "--yes"]) == 0
    assert not made.folder.exists()


class FakeDag:
    """A DAG as the API shows it; unpausing starts ``scheduled``."""

    dag_id = "assess_cis_aws_5.0"

    def __init__(self, before: list[dict[str, str]], scheduled: dict[str, str] | None) -> None:
        self.now = before
        self.scheduled = scheduled
        self.triggered: list[object] = []

    def runs(self) -> list[dict[str, str]]:
        return self.now

    def unpause(self) -> None:
        if self.scheduled:
            self.now = [self.scheduled, *self.now]

    def trigger(self, conf: object) -> str:
        self.triggered.append(conf)
        return "manual"


OCTOBER = {
    "dag_run_id": "scheduled",
    "run_type": "scheduled",
    "data_interval_start": "2026-10-01T00:00:00Z",
    "data_interval_end": "2026-11-01T00:00:00Z",
}
PAUSED = {"is_paused": True, "timetable_description": "Every month"}
RUNNING = {"is_paused": False, "timetable_description": "Every month"}


@pytest.mark.parametrize(
    ("before", "description", "scheduled", "prefer", "run", "triggers"),
    [
        ([], PAUSED, OCTOBER, True, "scheduled", 0),  # never both
        ([OCTOBER], PAUSED, None, True, "manual", 1),
        ([OCTOBER], RUNNING, None, True, "manual", 1),
        ([], PAUSED, None, True, "manual", 1),  # the schedule started nothing
        ([], PAUSED, OCTOBER, False, "manual", 1),  # a narrowed run is not the scheduled one
        ([], {"is_paused": True, "timetable_description": None}, None, True, "manual", 1),
    ],
)
def test_the_scheduled_run_is_followed_or_one_is_triggered_never_both(
    before: list[dict[str, str]],
    description: dict[str, object],
    scheduled: dict[str, str] | None,
    prefer: bool,
    run: str,
    triggers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from include.assessment.period import parse_period

    monkeypatch.setattr(beginning, "_SCHEDULER_PATIENCE", 0.01)
    dag = FakeDag(before, scheduled)
    order = beginning.Order(known_framework("cis_aws_5.0"), parse_period("2026-10"), {})
    found = beginning.begin(dag, description, order, lambda _: None, prefer)  # type: ignore[arg-type]
    assert found == run
    assert dag.triggered == [{"period": "2026-10"}] * triggers


def test_help_imports_nothing_heavy() -> None:
    heavy = "import sys; from include.cli.main import main; main(['--help']);"
    heavy += "print([m for m in ('boto3', 'pandas', 'airflow', 'pydantic') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["demo", "up"])
def test_the_help_shows_the_defaults_of_the_estate(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from include.stack.parameters import EstateParameters

    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    for name in ("seed", "accounts", "regions", "resources", "months"):
        line = next(line for line in said.splitlines() if f"--{name}" in line)
        assert f"Default: {getattr(EstateParameters(), name)}." in line


def test_the_help_names_the_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    names = ("SETTINGS", "PYTHON", "STATE", "DATABASE_URL")
    assert all(f"AUDIT_{name}" in said for name in names)
    assert "--debug" in said


def test_paragraphs_of_the_help_flow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(["frameworks", "crosswalk", "--help"])
    [line] = [one for one in capsys.readouterr().out.splitlines() if "values is told" in one]
    assert len(line.strip()) > 60


def test_typer_knows_all_commands() -> None:
    assert len(app.registered_commands) == len(COMMANDS) + 1
    with pytest.raises(AuditError):
        supervisor.attach(state.base_folder())
