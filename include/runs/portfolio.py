"""The portfolio of a period: the frameworks' results gathered, and its package written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.assessment.period import Period
from include.digests import digest_of
from include.errors import InputError
from include.frameworks.header import FrameworkHeader
from include.metrics.portfolio import NotAssessed, Portfolio, Result, portfolio_of
from include.runs import results
from include.runs.plan import slug_of
from include.runs.published import published_of
from include.runs.publishing import content_type, renderer
from include.runs.workspace import Workspace

_EVERY = {"month": "every month", "quarter": "every quarter", "year": "every year"}


@dataclass(frozen=True)
class Gathered:
    """A portfolio and the objects (``s3://…``) it was put together from."""

    portfolio: Portfolio
    read: tuple[str, ...]


def gather(
    runs: Workspace,
    period: Period,
    environment: str,
    headers: Sequence[FrameworkHeader],
    schedule_of: Callable[[FrameworkHeader], str],
) -> Gathered:
    """The newest final result of every framework, with the figures it was published with.

    ``headers`` are the enabled frameworks: those without a final result are named with the
    reason, and any other framework that has one is part of it as well. Raises AuditError for a
    result or figures that are not what their name says.
    """
    known = {header.id: header for header in headers}
    slug = slug_of(period.label)
    others = {framework for framework, label in results.known_results(runs) if label == slug}
    found: list[Result] = []
    missing: list[NotAssessed] = []
    read: list[str] = []
    for framework in sorted({*known, *others}):
        title = known[framework].name if framework in known else framework
        there = results.find_results(runs, framework, period.label)
        final = [one for one in there if one.final]
        published = published_of(runs, final[0]) if final else None
        if published is not None:
            read.append(final[0].reference.uri)
            passed_over = [
                {
                    "scope": one.scope,
                    "accounts": len(one.assessment.accounts),
                    "regions": len(one.assessment.regions),
                    "content_digest": one.assessment.content_digest,
                }
                for one in final[1:]
            ]
            found.append(
                Result(final[0].assessment, published.metrics, published.package, passed_over)
            )
            continue
        if final:
            why = "It was judged, and its reports were not written: see its DAG's last run."
        elif there:
            why = f"Only an INTERIM result ({'; '.join(there[0].assessment.interim)})."
        else:
            schedule = schedule_of(known[framework])
            often = f"It is assessed {_EVERY.get(schedule, 'by hand only')}."
            why = f"No result for {period.label}. {often}"
        missing.append(NotAssessed(framework, title, why))
    return Gathered(portfolio_of(environment, period, found, missing), tuple(read))


def package_name(portfolio: Portfolio) -> str:
    """``portfolio_<period>_<digest of the frameworks>/<digest>``: equal ones have the same.

    The last part is a digest of all figures and of what draws them, as of any package.
    """
    ids = sorted(row["framework"] for row in (*portfolio.frameworks, *portfolio.missing))
    of = digest_of([portfolio.environment, ids])[:8]
    digest = digest_of([portfolio.to_json(), renderer()])[:16]
    return f"portfolio_{slug_of(portfolio.period['label'])}_{of}/{digest}"


def write_portfolio(portfolio: Portfolio, folder: Path) -> list[Path]:
    """All faces of the portfolio, in ``folder``, which is made."""
    from include.reports.portfolio.html import write_portfolio_html
    from include.reports.portfolio.json_file import write_portfolio_json
    from include.reports.portfolio.pdf import write_portfolio_pdf

    folder.mkdir(parents=True, exist_ok=True)
    package = package_name(portfolio).rpartition("/")[2]
    return [
        write_portfolio_pdf(portfolio, folder / "portfolio.pdf", package),
        write_portfolio_html(portfolio, folder / "portfolio.html", package),
        write_portfolio_json(portfolio, folder / "portfolio.json"),
    ]


def publish_portfolio(portfolio: Portfolio, packages: Workspace) -> dict[str, Any]:
    """Write every face below ``packages``; returns the package's name, references and figures."""
    name = package_name(portfolio)
    inside = packages.below(name)
    with tempfile.TemporaryDirectory(prefix="portfolio-") as folder:
        written = [
            {
                "name": path.name,
                **inside.put_file(path.name, path, content_type=content_type(path)).to_json(),
            }
            for path in write_portfolio(portfolio, Path(folder))
        ]
    return {"package": name, "reports": written, "summary": summary_of(portfolio)}


def summary_of(portfolio: Portfolio) -> dict[str, Any]:
    """The few figures that a command line, a message and the UI show."""
    return {
        "period": portfolio.period["label"],
        "totals": dict(portfolio.totals),
        "frameworks": [
            {key: row[key] for key in ("framework", "title", "status", "score", "coverage")}
            for row in portfolio.frameworks
        ],
        "missing": [dict(row) for row in portfolio.missing],
        "gaps": [
            {key: row[key] for key in ("source", "account", "region", "status", "blocking")}
            for row in portfolio.gaps
        ],
    }


def require_results(portfolio: Portfolio) -> None:
    """Refuse a portfolio of nothing: raises InputError, for it is the period that is wrong."""
    if not portfolio.frameworks:
        raise InputError(
            f"No framework has a final result for {portfolio.period['label']} "
            f"(up to {portfolio.period['end']}).",
            hint="Run the assessments of that period first: ./audit run.",
        )
