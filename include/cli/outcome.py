"""The end of a run on the command line: the reports copied to ``out/``, a table, the exit code."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from include.cli.ending import EVIDENCE_MISSING, FAILED, OK
from include.errors import AuditError
from include.runs.notification import FIRST, blocking
from include.stack.airflow_api import TaskState
from include.stack.environment import LocalAws

if TYPE_CHECKING:
    from include.cli.beginning import Order
    from include.cli.following import Run

#: As in include/runs/publishing.py, which takes long to import.
SUMS = "SHA256SUMS"
_SHOWN_GAPS = 12
#: Bytes of a report that are held at a time.
_PIECE = 1 << 20
_STATUS_STYLE = {"COMPLIANT": "green", "NON_COMPLIANT": "red", "INCONCLUSIVE": "yellow"}


@dataclass(frozen=True)
class Outcome:
    """What became of one run: ``summary`` and ``folder`` are None when it came to no report."""

    code: int
    summary: dict[str, Any] | None
    folder: Path | None
    paths: list[Path]
    failed: list[str]  # the red tasks


def conclude(
    one: Run,
    state: str,
    tasks: list[TaskState],
    order: Order,
    aws: LocalAws | None,
    out: Path | None,
) -> Outcome:
    """Copy what a run published that has ended, and say how it ended."""
    from include.settings import ROOT

    published = one.value("generate_reports")
    summary = published.get("summary") if isinstance(published, dict) else None
    folder, paths = None, []
    if isinstance(published, dict) and summary is not None:
        label = order.period.label.replace("/", "_").replace(":", "")
        folder = (out or ROOT / "out") / folder_name(order.framework.id, label, published)
        paths = fetch_package(published["files"], folder, aws, one.value("seal"))
    return Outcome(code_of(state, summary), summary, folder, paths, failed_names(tasks))


def folder_name(framework: str, label: str, published: dict[str, Any]) -> str:
    """The folder for a run's reports. An interim result never takes the full one's place."""
    name = f"{framework}_{label}"
    if not _is_interim(published["summary"]):
        return name
    # The package's name, which depends on the scope too: each narrowing has a folder of its own.
    return f"{name}_interim-{published['package'][:8]}"


def _place(status: str) -> int:
    known = list(_STATUS_STYLE)
    return known.index(status) if status in known else len(known)


def _is_interim(summary: dict[str, Any]) -> bool:
    return summary.get("assessment_status") == "INTERIM"


def fetch_package(
    files: dict[str, str],
    folder: Path,
    aws: LocalAws | None,
    sums: dict[str, str] | None = None,
) -> list[Path]:
    """Copy all files of a package; ``files`` refers to their list.

    ``sums`` refers to its ``SHA256SUMS``; None for a package that was not sealed. What an earlier
    package left in the same folders of it (receipts of another scope), and its sums, are removed.
    """
    # First: the sums must never stand beside files of another package.
    (folder / SUMS).unlink(missing_ok=True)
    (listing,) = fetch_reports([{**files, "name": ".files.json"}], folder, aws)
    try:
        paths = fetch_reports(json.loads(listing.read_text()), folder, aws)
    finally:
        listing.unlink()
    for inner in {path.parent for path in paths} - {folder}:
        for left in set(inner.iterdir()) - set(paths):
            if left.is_file():
                left.unlink()
    if sums:
        paths += fetch_reports([{**sums, "name": SUMS}], folder, aws)
    return paths


def fetch_reports(reports: list[dict[str, str]], folder: Path, aws: LocalAws | None) -> list[Path]:
    """Copy the reports from object storage and compare their digests.

    Raises AuditError when one is missing or not what the run wrote.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if aws is not None:
        from include.stack.mailbox import client

        s3 = client(aws, "s3")
    else:
        import boto3

        s3 = boto3.client("s3")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for report in reports:
        place = urlsplit(report["uri"])
        path = _inside(folder, report["name"])
        part = path.with_name(f".{path.name}.part")
        digest = hashlib.sha256()
        try:
            answer = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
            with part.open("wb") as file:
                for piece in answer["Body"].iter_chunks(_PIECE):
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != report["digest"]:
                raise AuditError(
                    f"The report {report['uri']} is not what the run wrote: its digest differs.",
                    hint="Somebody changed it since; run the assessment again.",
                )
            part.replace(path)
        except (ClientError, BotoCoreError) as error:
            raise AuditError(f"The report {report['uri']} can't be fetched: {error}") from error
        finally:
            part.unlink(missing_ok=True)
        paths.append(path)
    return paths


def _inside(folder: Path, name: str) -> Path:
    """Where the file ``name`` (with folders of its own) goes; nothing is written elsewhere."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise AuditError(f"The report's name '{name}' leads out of its folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def show(console: Console, title: str, summary: dict[str, Any], paths: list[Path]) -> None:
    """The table at the end."""
    if _is_interim(summary):
        title = f"INTERIM: {title} (not the final result)"
    table = Table(title=title, show_header=False, title_justify="left", min_width=60)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("Score", percent(summary.get("score")))
    table.add_row("Coverage", percent(summary.get("coverage")))
    statuses = summary.get("statuses") or {}
    # Airflow hands them on sorted by name; here they stand as in the reports.
    for status, count in sorted(statuses.items(), key=lambda one: _place(one[0])):
        style = _STATUS_STYLE.get(status, "dim")
        table.add_row("", f"[{style}]{count:>4} {status}[/]")
    table.add_row("Evidence items", str(summary.get("evidence_items", "")))
    table.add_row("Assessment", str(summary.get("assessment_status", "")))
    failing = "\n".join(_control(control) for control in summary.get("top_failing") or ())
    table.add_row("Top failing controls", failing or "none")
    gaps = [_gap(gap) for gap in summary.get("gaps") or ()]
    if len(gaps) > _SHOWN_GAPS:
        gaps[_SHOWN_GAPS:] = [f"and {len(gaps) - _SHOWN_GAPS} more, all in report.json"]
    missing = blocking(summary.get("gaps") or ())
    table.add_row("Gaps", "\n".join(gaps) or "none", style="red" if missing else "")
    console.print(table)
    first = [path for path in paths if path.name in FIRST]
    for path in first:
        console.print(f"  {path}", highlight=False, soft_wrap=True)
    if first and (more := len(paths) - len(first)):
        console.print(f"  and {more} more in {first[0].parent}", highlight=False, soft_wrap=True)


def percent(value: Any) -> str:
    """A score or a coverage, as people read it."""
    if isinstance(value, dict):
        value = value.get("percent", value.get("score"))
    return f"{float(value):.2f} %" if isinstance(value, int | float | str) else "unknown"


def _control(control: Any) -> str:
    if not isinstance(control, dict):
        return str(control)
    failing = control.get("failing", control.get("resources", ""))
    count = len(failing) if isinstance(failing, list) else failing
    return f"{control.get('id', ''):<8} {control.get('title', '')} ({count} resources)"


def _gap(gap: Any) -> str:
    if not isinstance(gap, dict):
        return str(gap)
    parts = (gap.get(name) for name in ("source", "account", "region", "status"))
    line = " ".join(str(part) for part in parts if part)
    if gap.get("blocking", True):
        return line
    return f"{line} (by decision {gap['decision']})" if gap.get("decision") else f"{line} (shown)"


def show_message(console: Console, aws: LocalAws) -> None:
    """The notification as the queue subscribed to the topic received it, long lists shortened."""
    from include.stack.mailbox import receive

    messages = receive(aws)
    if not messages:
        console.print("No notification has arrived.", style="yellow")
        return
    newest = messages[-1]
    console.print(
        f"[bold]Notification[/] as received by a queue: {newest.get('Subject', '')}",
        highlight=False,
        soft_wrap=True,
    )
    for line in message_lines(str(newest.get("Message", ""))):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def message_lines(message: str) -> list[str]:
    """A structured message, one line for each member; any other text as it is."""
    try:
        members = json.loads(message)
    except ValueError:
        return message.splitlines()
    if not isinstance(members, dict):
        return [message]
    lines = []
    for name, value in members.items():
        if isinstance(value, list):
            value = f"{len(value)} entries" if len(value) > 3 else json.dumps(value)
        elif name == "links" and isinstance(value, dict):
            lines += ["links:", *(f"  {key}: {one}" for key, one in value.items())]
            continue
        elif isinstance(value, dict):
            value = ", ".join(f"{key} {one}" for key, one in value.items())
        lines.append(f"{name}: {value}")
    return lines


def code_of(state: str, summary: dict[str, Any] | None) -> int:
    """0 when the run succeeded, 2 when it lacks evidence, 1 for every other failure.

    Only blocking gaps count: what a decision excludes is shown and is no reason to fail.
    """
    if state == "success":
        return OK
    if summary is not None and blocking(summary.get("gaps") or ()):
        return EVIDENCE_MISSING
    return FAILED


def failed_names(tasks: list[TaskState]) -> list[str]:
    """The tasks that are red, each once."""
    return sorted({task.task_id for task in tasks if task.state == "failed"})
