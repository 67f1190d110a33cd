"""Finds the results that lie in the runs' folders: ``soc2@2026-09`` is a framework and a period."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.assessment.period import parse_period
from include.assessment.result import Assessment
from include.aws.errors import is_no_bucket
from include.errors import AuditError, InputError, did_you_mean
from include.runs.plan import slug_of
from include.runs.workspace import Reference, Workspace

if TYPE_CHECKING:
    from include.settings import Settings

#: A run's folder: framework, period and the digest of its scope; see Plan.key.
#: Ids may end in what looks like a period (gdpr_2016): the last one in the name is meant.
_MOMENT = r"\d{4}-\d{2}-\d{2}T[0-9_]+Z"
_FOLDER = re.compile(
    rf"(?P<framework>.+)_(?P<period>\d{{4}}(?:-\d{{2}}|-Q[1-4])?|{_MOMENT}_{_MOMENT})"
    r"_(?P<scope>[0-9a-f]{8})"
)


@dataclass(frozen=True)
class Result:
    """The result in force of one framework, period and scope (accounts, regions, sources).

    ``scope`` is the digest that keeps scopes apart in the folders' names; ``written`` is when the
    bucket took it (UTC). ``population`` names the Parquet file of what was judged; None where it
    was not kept.
    """

    scope: str
    written: datetime
    assessment: Assessment
    reference: Reference
    population: Reference | None = None

    @property
    def name(self) -> str:
        """``cis_aws_5.0@2026-10``."""
        return f"{self.assessment.framework}@{self.assessment.period}"

    @property
    def final(self) -> bool:
        """Whether it counts as the period's result: not INTERIM."""
        return self.assessment.status != "INTERIM"


def record_judged(
    folder: Workspace, assessment: Reference, population: Reference | None
) -> Reference:
    """Note in a run's folder that a result is in force now, and its population.

    Objects are named by their content and written once, so the time of one says nothing of a
    result that is reached again (an exception comes and goes): the notes are numbered.
    """
    noted = {
        "assessment": assessment.to_json(),
        "population": population.to_json() if population else None,
    }
    before = _notes(folder)
    if before and {**before[0].value, **noted} == before[0].value:
        return before[0].reference
    number = before[0].number + 1 if before else 1
    return folder.put_json("judged", {"number": number, **noted})


@dataclass(frozen=True)
class _Note:
    number: int
    written: datetime
    value: dict[str, Any]
    reference: Reference


def _notes(folder: Workspace) -> list[_Note]:
    """The notes of :func:`record_judged`, the last first; of two runs at once, the later one."""
    found = []
    for name, written in folder.newest("judged"):
        value, reference = folder.get_json(name)
        found.append(_Note(value.get("number", 0), written, value, reference))
    return sorted(found, key=lambda note: -note.number)


def _in_order(folder: Workspace) -> list[tuple[str, datetime, Reference | None]]:
    """Names of a folder's results, the one in force first: when (UTC), with which population.

    Those that were never noted (by an older edition, or whose run was ended between the two) come
    last, by their time.
    """
    found: dict[str, tuple[str, datetime, Reference | None]] = {}
    for note in _notes(folder):
        name = note.value["assessment"]["uri"].rpartition("/")[2]
        population = note.value["population"]
        found.setdefault(
            name, (name, note.written, Reference(**population) if population else None)
        )
    for name, written in folder.newest("assessment"):
        found.setdefault(name, (name, written, None))
    return list(found.values())


def find_results(runs: Workspace, framework: str, period: str) -> list[Result]:
    """The results of a framework (its id) and a period, one for each scope it was assessed in.

    Of a scope, the final result that is in force counts; an INTERIM one only where there is
    no other. Final ones come first, the newest first. Raises AuditError for a result that is not
    what its name says.
    """
    slug = slug_of(parse_period(period).label)
    found = []
    for name in _folders(runs, f"{framework}_{slug}_"):
        match = _FOLDER.fullmatch(name)
        if match is None or match["framework"] != framework or match["period"] != slug:
            continue
        result = _result_in(runs.below(name), match["scope"])
        if result is not None:
            found.append(result)
    # Within S3's second, the name decides.
    found.sort(key=lambda one: (one.final, one.written, one.scope), reverse=True)
    return found


def final_results(folder: Workspace) -> Iterator[tuple[Assessment, Reference]]:
    """The final results in a run's folder, the one in force first; INTERIM ones are none.

    Raises AuditError for one that is not what its name says.
    """
    for name, _, _ in _in_order(folder):
        value, reference = folder.get_json(name)
        found = Assessment.from_json(value)
        if found.status != "INTERIM":
            yield found, reference


def known_results(runs: Workspace) -> list[tuple[str, str]]:
    """(framework, period as folders spell it) of all runs, sorted."""
    matches = (_FOLDER.fullmatch(name) for name in _folders(runs))
    return sorted({(match["framework"], match["period"]) for match in matches if match})


def resolve(text: str, runs: Workspace, frameworks: Iterable[str], scope: str = "") -> Result:
    """The result that ``framework@period`` names, of the ``scope`` that begins so.

    ``frameworks`` are the ids there are; a part of one will do where no other has it
    (:func:`framework_named`). Of several scopes, the newest full result is meant. Raises
    InputError when nothing is there, and says what is.
    """
    named, _, period = text.rpartition("@")
    if not named or not period:
        raise InputError(
            f"'{text}' is not a framework and a period.", hint="Write cis_aws_5.0@2026-10."
        )
    label = parse_period(period).label
    there = known_results(runs)
    framework = framework_named(named, [*frameworks, *(one for one, _ in there)])
    results = find_results(runs, framework, label)
    fitting = [one for one in results if one.scope.startswith(scope)]
    if fitting:
        return fitting[0]
    if results:
        raise InputError(
            f"{framework} was not assessed for {label} in a scope '{scope}'.",
            hint=f"Its scopes: {', '.join(one.scope for one in results)}.",
        )
    periods = [when for one, when in there if one == framework]
    others = ", ".join(sorted({one for one, _ in there}))
    if periods:
        hint = f"There are results for: {', '.join(periods)}."
    elif others:
        hint = f"There are results of: {others}."
    else:
        hint = "There are none at all yet: run an assessment first."
    raise InputError(f"{framework} has no result for {label}.", hint=hint)


def framework_named(text: str, known: Iterable[str]) -> str:
    """The framework of which ``text`` is the id, or the beginning of a single one's.

    Case and punctuation make no difference: soc2 is soc_2_2017. Raises InputError when several
    begin so, or none.
    """
    ids = sorted(set(known))
    if text in ids:
        return text
    plain = _plain(text)
    near = [one for one in ids if plain and _plain(one) == plain]
    near = near or [one for one in ids if plain and _plain(one).startswith(plain)]
    if len(near) == 1:
        return near[0]
    if near:
        raise InputError(
            f"'{text}' may be any of {len(near)} frameworks.",
            hint=f"Did you mean {', '.join(near[:-1])} or {near[-1]}?",
        )
    raise InputError(
        f"There is no framework '{text}'.",
        hint=did_you_mean(text, ids) or "See ./audit frameworks.",
    )


def framework_ids(settings: Settings) -> list[str]:
    """The ids of all frameworks that can be read, the deployment's own ones among them."""
    from include.frameworks.loader import readable_frameworks

    own = settings.own_frameworks
    return [header.id for header in readable_frameworks((own,) if own else ())[0]]


def _plain(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.casefold())


def _result_in(folder: Workspace, scope: str) -> Result | None:
    interim: Result | None = None
    for name, written, population in _in_order(folder):
        value, reference = folder.get_json(name)
        result = Result(scope, written, Assessment.from_json(value), reference, population)
        if result.final:
            return result
        interim = interim or result
    return interim


def _folders(runs: Workspace, beginning: str = "") -> list[str]:
    try:
        return runs.folders(beginning)
    except ClientError as error:
        if not is_no_bucket(error):
            raise
        raise AuditError(
            f"There is no bucket {runs.bucket}.",
            hint="Results lie in the setting reports_bucket; the first run makes it.",
        ) from None
