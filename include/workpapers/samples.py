"""The samples of an assessment: one for each control, of the resources its verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from include.assessment.result import Assessment
from include.workpapers.sampling import Sample, Sampling, Tables, draw

#: Roles whose failures count; what is merely shown is in no population.
_COUNTING = ("required", "supporting")


def counting_checks(assessment: Assessment) -> dict[str, tuple[str, ...]]:
    """Of every control that has any, the checks whose results count for it."""
    found = {
        control.id: tuple(
            mapped.id
            for mapped in control.checks
            if mapped.role in _COUNTING and assessment.check_by_id[mapped.id].judges
        )
        for control in assessment.controls
    }
    return {control: checks for control, checks in found.items() if checks}


def seeded(assessment: Assessment, sampling: Sampling) -> Sampling:
    """With the seed that is used: where none is given, the assessment's content digest."""
    return replace(sampling, seed=sampling.seed or assessment.content_digest)


def samples_of(
    assessment: Assessment,
    population: Tables,
    sampling: Sampling,
    *,
    by: Sequence[str] = ("account", "region"),
) -> list[Sample]:
    """One sample for each control with counting checks, in the framework's order."""
    return draw(population, seeded(assessment, sampling), counting_checks(assessment), by=by)
