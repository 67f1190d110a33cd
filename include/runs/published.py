"""Which figures and which package belong to a result: noted in the run's folder beside it."""

from __future__ import annotations

from dataclasses import dataclass

from include.metrics.model import Metrics
from include.runs.results import Result
from include.runs.workspace import Reference, Workspace


@dataclass(frozen=True)
class Published:
    """What was published of a result; ``package`` is the folder of its reports (``s3://…``)."""

    metrics: Metrics
    package: str


def record_published(
    folder: Workspace, assessment: Reference, metrics: Reference, package: str
) -> Reference:
    """Note in a run's folder which metrics and package were made of a result."""
    return folder.put_json(
        "published",
        {"assessment": assessment.to_json(), "metrics": metrics.to_json(), "package": package},
    )


def published_of(runs: Workspace, result: Result) -> Published | None:
    """What was published of a result last; None of one that never came to its reports.

    Raises AuditError for metrics that are not what their name says.
    """
    folder = runs.below(folder_of(result))
    for name in folder.newest_first("published"):
        noted, _ = folder.get_json(name)
        if noted["assessment"] == result.reference.to_json():
            figures, _ = folder.get_json(noted["metrics"]["uri"].rpartition("/")[2])
            return Published(Metrics.from_json(figures), noted["package"])
    return None


def folder_of(result: Result) -> str:
    """The name of the run's folder in which a result lies."""
    return result.reference.uri.rsplit("/", 2)[-2]
