"""The package of a run: reports written, stored under a name that follows from their content."""

from __future__ import annotations

import tempfile
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from include import reports
from include.assessment.result import Assessment
from include.checks.catalogue import load_catalogue
from include.clock import iso
from include.digests import canonical_json, digest_of, sha256
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.evidence.table import SCHEMA, read_tables, write_tables
from include.metrics.model import Metrics
from include.reports.model import ReportContext
from include.reports.write import write_reports
from include.runs.plan import Plan
from include.runs.populations import stored_population
from include.runs.snapshots import judged_snapshots
from include.runs.workspace import Reference, Workspace
from include.workpapers.population import read_population
from include.workpapers.sampling import Sampling

#: What the file with the package's digests is called.
SUMS = "SHA256SUMS"
#: How many failing controls a summary names.
_TOP = 5
#: Our own code and texts that stand in the reports or shape them, below ``include``.
_OURS = (
    "assessment",
    "checks",
    "clock.py",
    "digests.py",
    "evidence",
    "frameworks",
    "metrics",
    "reports",
    "workpapers",
)
#: What the reports' bytes depend on besides.
_LIBRARIES = (
    "arabic-reshaper",
    "botocore",
    "jinja2",
    "manimgx-fonts",
    "markupsafe",
    "msgspec",
    "numpy",
    "pandas",
    "paperang-p2-fonts-cjk",
    "pyarrow",
    "pymupdf-fonts",
    "reportlab",
    "xlsxwriter",
)
_TYPES: Mapping[str, str] = {
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def publish_reports(
    plan: Plan,
    assessment: Assessment,
    metrics: Mapping[str, Any],
    target: Mapping[str, Any],
    store: SnapshotStore,
    workspace: Workspace,
    environment: str,
    *,
    population: Mapping[str, str] | None = None,
    sampling: Sampling | None = None,
) -> dict[str, Any]:
    """Write every report into ``<workspace>/<package>/``; returns references and a summary.

    What is returned goes through XCom: ``reports`` names the files that people open, ``files`` the
    list of all of them (a receipt for each cell is thousands in a large organisation).
    ``population`` names the file of what was judged (see populations.py). Evidence and receipts
    are those of the snapshots that the result was judged by, whatever was collected since; raises
    AuditError when one of them isn't what the result promises.

    The package's name is a digest of what the reports are made from, and by which code: the same
    inputs find the package there already, a recomputed result gets one of its own beside it.
    """
    name = plan.assessment_name or plan.key
    about = [
        assessment.to_json(),
        dict(metrics),
        plan.framework_digest,
        name,
        target.get("assessment_id", ""),
        environment,
        (population or {}).get("digest", ""),
        asdict(sampling or Sampling()),
        # Also of the user's own checks, whose remedies stand in the reports.
        load_catalogue().digest,
        renderer(),
    ]
    package = digest_of(about)[:16]
    figures = Metrics.from_json(metrics)
    inside = workspace.below(package)

    with ExitStack() as kept:
        folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="reports-"))
        given = list(judged_snapshots(assessment, plan, store))
        spool = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="evidence-")))
        evidence = _spooled(given, spool / "evidence.parquet")
        judged = (
            kept.enter_context(stored_population(workspace.s3, population)) if population else None
        )
        context = ReportContext(
            environment=environment,
            assessment_name=name,
            assessment_id=target.get("assessment_id", ""),
            s3_location=inside.uri,
            package=package,
            evidence=evidence,
            population=lambda: read_population(judged) if judged else (),
            receipts=lambda: (snapshot.receipt for snapshot in given),
            sampling=sampling or Sampling(),
        )
        written = [
            {
                "name": inner,
                **inside.put_file(inner, path, content_type=content_type(path)).to_json(),
            }
            for path in write_reports(assessment, figures, context, Path(folder))
            for inner in [path.relative_to(folder).as_posix()]
        ]
    return {
        "package": package,
        "reports": [one for one in written if "/" not in one["name"]],
        "files": workspace.put_json("files", written).to_json(),
        "summary": summary_of(assessment, metrics, str(target.get("unavailable", ""))),
    }


def _spooled(snapshots: Sequence[LoadedSnapshot], path: Path) -> Callable[[], Iterator[pa.Table]]:
    """All their evidence in a local file, which several reports read, each from its start."""
    with path.open("wb") as file:
        tables = (table for one in snapshots for table in one.iter_columns(SCHEMA.names))
        write_tables(file, tables)

    def read() -> Iterator[pa.Table]:
        with path.open("rb") as file:
            yield from read_tables(file)

    return read


@cache
def renderer() -> str:
    """A digest of what draws the reports, so that an upgrade doesn't meet its older packages."""
    top = Path(reports.__file__).parent.parent
    code = {
        file.relative_to(top).as_posix(): sha256(file.read_bytes())
        for ours in _OURS
        for file in sorted([top / ours, *(top / ours).rglob("*")])
        if file.suffix != ".pyc" and file.is_file()
    }
    libraries = [version(library) for library in _LIBRARIES]
    # What deflates PDF, XLSX and HTML's tables, and what tells letters apart.
    beside = [zlib.ZLIB_RUNTIME_VERSION, unicodedata.unidata_version]
    return digest_of([code, libraries, beside])


def content_type(path: Path) -> str:
    """The media type of one of a package's files."""
    return _TYPES.get(path.suffix, "application/octet-stream")


def summary_of(
    assessment: Assessment, metrics: Mapping[str, Any], unavailable: str = ""
) -> dict[str, Any]:
    """The few figures that a command line, a message and the UI show."""
    by_id = assessment.check_by_id
    failing: list[dict[str, Any]] = [
        {
            "id": control.id,
            "title": control.title,
            "failing": sum(len(by_id[check.id].failing) for check in control.checks),
        }
        for control in assessment.controls
        if control.status == "NON_COMPLIANT"
    ]
    statuses = {
        status: sum(control.status == status for control in assessment.controls)
        for status in ("COMPLIANT", "NON_COMPLIANT", "INCONCLUSIVE", "NOT_APPLICABLE")
    }
    return {
        "assessment_status": assessment.status,
        "score": metrics["compliance_metrics"]["compliance_score"],
        "coverage": metrics["coverage"]["controls_percent"],
        "statuses": {status: n for status, n in statuses.items() if n},
        "top_failing": sorted(failing, key=lambda one: -one["failing"])[:_TOP],
        "gaps": [
            {
                "source": gap.source,
                "account": gap.account,
                "region": gap.region,
                "status": gap.status,
                "blocking": gap.blocking,
                "decision": gap.decision,
            }
            for gap in assessment.gaps
        ],
        "evidence_items": assessment.evidence.total,
        "audit_manager": unavailable or "imported",
    }


def sums_text(files: Iterable[Mapping[str, str]]) -> str:
    """The lines of ``SHA256SUMS`` for files with ``name`` and ``digest``, sorted by name."""
    ordered = sorted(files, key=lambda file: file["name"])
    return "".join(f"{file['digest']}  {file['name']}\n" for file in ordered)


def seal_package(
    package: Workspace,
    files: Sequence[Mapping[str, str]],
    *,
    dag_id: str,
    run_id: str,
    started: datetime | None,
) -> dict[str, str]:
    """Write ``SHA256SUMS`` (for ``sha256sum -c``) and ``runs/<run>.json``; the sums' reference.

    The sums depend on the content alone; who made it when stands in the run's own file.
    """
    sums: Reference = package.put(SUMS, sums_text(files).encode(), content_type="text/plain")
    began = iso(started) if started else ""
    run = {"dag_id": dag_id, "run_id": run_id, "started": began, "sums": sums.digest}
    name = digest_of([dag_id, run_id, began])[:16]
    package.put(f"runs/{name}.json", canonical_json(run), content_type="application/json")
    return sums.to_json()
