"""Following a run: it ends with the run, and counts what the collecting tasks brought."""

from typing import Any

import pytest
from rich.console import Console

from include.cli.following import follow
from include.errors import AuditError
from include.stack.airflow_api import TaskState


class Scripted:
    """A run that shows one picture after another."""

    def __init__(self, pictures: list[tuple[str, list[TaskState]]], values: dict[Any, Any]) -> None:
        self.pictures = pictures
        self.values = values
        self.asked: list[Any] = []

    def state(self) -> str:
        return self.pictures[0][0]

    def tasks(self) -> list[TaskState]:
        return self.pictures.pop(0)[1] if len(self.pictures) > 1 else self.pictures[0][1]

    def value(self, task_id: str, map_index: int = -1) -> Any:
        self.asked.append((task_id, map_index))
        return self.values.get((task_id, map_index))


def tasks(plan: str | None, *collected: str | None) -> list[TaskState]:
    return [
        TaskState("plan", -1, plan),
        *(TaskState("collect.aws_config", n, state) for n, state in enumerate(collected)),
    ]


def test_each_task_is_told_once_when_it_is_done_with_the_evidence_it_brought() -> None:
    run = Scripted(
        [
            ("running", tasks("running", None)),
            ("running", tasks("success", "running", "success")),
            ("running", tasks("success", "success", "success")),
            ("success", tasks("success", "success", "success")),
        ],
        {
            ("collect.aws_config", 0): [{"items": 4}, {"items": 1}],
            ("collect.aws_config", 1): [{"items": 10}],
        },
    )
    console = Console(record=True, width=100)
    state, last = follow(run, console, interval=0)
    said = console.export_text()
    assert state == "success"
    assert [task.state for task in last] == ["success"] * 3
    assert said.count("plan done") == 1
    assert said.count("collect.aws_config done (2 accounts, 15 items)") == 1
    assert len(run.asked) == 2  # one look at each, not one at every turn


def test_a_failed_task_is_told_as_failed() -> None:
    run = Scripted([("failed", tasks("success", "failed", "success"))], {})
    console = Console(record=True, width=100)
    assert follow(run, console, interval=0)[0] == "failed"
    assert "collect.aws_config failed" in console.export_text()


def test_a_run_whose_stack_died_is_not_followed_for_ever() -> None:
    def check() -> None:
        raise AuditError("The stack is broken: scheduler stopped.")

    with pytest.raises(AuditError, match="scheduler stopped"):
        follow(Scripted([("running", tasks("running"))], {}), Console(), check=check, interval=0)


def test_on_a_terminal_the_picture_names_tasks_and_counts() -> None:
    run = Scripted(
        [("running", tasks("success", "running")), ("success", tasks("success", "success"))],
        {("collect.aws_config", 0): [{"items": 7}]},
    )
    console = Console(record=True, width=100, force_terminal=True)
    follow(run, console, interval=0)
    said = console.export_text()
    assert "1 of 2 tasks, 0 evidence items" in said
    assert "2 of 2 tasks, 7 evidence items" in said
