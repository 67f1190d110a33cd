"""What an item of evidence speaks to, by what it comes from: the same answer in all faces."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from include.checks.catalogue import load_catalogue
from include.metrics.evidence import checks_by_keyword
from include.reports.model import ReportModel

#: The checks and the controls that a (source, keyword) speaks to, with spaces between.
Links = Callable[[str, str], tuple[str, str]]


def links_of(model: ReportModel) -> Links:
    """What items speak to, in the framework's order; manual evidence to its own control."""
    checks = checks_by_keyword(model.assessment, load_catalogue())
    controls = {control.id for control in model.assessment.controls}

    @cache
    def links(source: str, keyword: str) -> tuple[str, str]:
        found = checks.get((source, keyword), ())
        if source == "manual" and keyword in controls:
            return " ".join(found), keyword
        mapped = (control for check in found for control in model.controls_by_check[check])
        return " ".join(found), " ".join(dict.fromkeys(mapped))

    return links
