"""Whether a request can be carried out: asked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from include.errors import InputError
from include.names import ACCOUNT, ASSESSMENT, REGION

if TYPE_CHECKING:
    from include.assessment.period import Period
    from include.frameworks.header import FrameworkHeader
    from include.frameworks.schema import Framework
    from include.stack.state import Record

#: What ``--framework`` takes for all that are enabled.
EVERY = "all"
#: How names in a request look, and what to say when they don't.
_FORMS = {
    "accounts": (ACCOUNT, "An account is 12 digits."),
    "regions": (REGION, "A region looks like eu-west-1."),
    "assessment_name": (
        ASSESSMENT,
        "A name has up to 127 letters, digits, '.', '_' and '-'.",
    ),
}


def known_framework(name: str) -> FrameworkHeader:
    """The header of the framework that ``name`` is the id of, or the beginning of a single one's.

    Case and punctuation make no difference: soc2 is soc_2_2017. Raises InputError with the names
    it may be, or what is wrong with it; another framework's file that can't be read is no obstacle.
    """
    from include.frameworks.loader import readable_frameworks

    found, broken = readable_frameworks()
    headers = {header.id: header for header in found}
    if name not in headers:
        from include.runs.results import framework_named

        errors = {path.stem: error for path, error in broken.items()}
        name = framework_named(name, [*headers, *errors])
        if name not in headers:
            raise errors[name]
    return headers[name]


def known_frameworks(given: Sequence[str]) -> list[FrameworkHeader]:
    """What ``--framework`` names: ids, also several separated by commas; each once, in order."""
    names = [part.strip() for one in given for part in one.split(",") if part.strip()]
    # Two names may be the same one's.
    return list({header.id: header for header in map(known_framework, names)}.values())


def loaded_frameworks(given: Sequence[str] = ()) -> list[Framework]:
    """The frameworks of ``--framework``, read whole; without it (or ``all``) the enabled ones.

    Of those that nobody named, one that can't be read is told and left out: it must not keep
    anybody from what concerns the others.
    """
    from include.frameworks.assessed import assessed_frameworks
    from include.frameworks.loader import Frameworks
    from include.settings import load_settings

    frameworks = Frameworks()
    names = [part.strip() for one in given for part in one.split(",") if part.strip()]
    if names and EVERY not in names:
        return [frameworks.load(header.id) for header in known_frameworks(given)]
    headers, problems = assessed_frameworks(load_settings())
    found = []
    for header in headers:
        try:
            found.append(frameworks.load(header.id))
        except InputError as error:
            problems.append(error)
    for problem in problems:
        typer.echo(f"Left out: {problem}", err=True)
    return found


def asked_frameworks(given: Sequence[str]) -> tuple[list[FrameworkHeader], list[InputError]]:
    """The frameworks to be assessed: those named, or with ``all`` every one that is enabled.

    Only enabled ones have a DAG. They are read whole: a run of one that is broken below its header
    would end in its first task, with the reason in that task's log only. Also returned are the
    problems of those that ``all`` means and that can't be read. Raises InputError for a named one
    that isn't there, isn't enabled or can't be read.
    """
    from include.frameworks.assessed import assessed_frameworks
    from include.frameworks.loader import Frameworks
    from include.settings import load_settings

    names = [part.strip() for one in given for part in one.split(",")]
    headers, problems = assessed_frameworks(load_settings())
    frameworks = Frameworks()
    if EVERY in names:
        sound = []
        for header in headers:
            try:
                frameworks.load(header.id)
            except InputError as error:
                problems = [*problems, error]
            else:
                sound.append(header)
        return sound, problems
    asked = known_frameworks(given)
    if not asked:
        raise InputError("No framework is named.", hint="See ./audit frameworks")
    for header in asked:
        if header not in headers:
            raise InputError(
                f"The framework {header.id} is not enabled.",
                hint="Add it to enabled_frameworks in the settings.",
            )
        frameworks.load(header.id)
    return asked, []


def period_of(text: str | None, record: Record) -> Period:
    """The period asked for, finished by the clock of what is assessed; default the last month."""
    from include.assessment.period import last_finished_month, parse_period, require_finished
    from include.clock import from_iso
    from include.stack import health

    now = datetime.now(UTC)
    if record.aws is not None and (answer := health.local_aws(record.aws.endpoint)):
        now = from_iso(answer["clock"])
    if text is None:
        return last_finished_month(now)
    period = parse_period(text)
    require_finished(period, now)
    return period


def last_months(last: Period, count: int) -> list[Period]:
    """``last`` and the ``count`` - 1 periods of its kind before it, the oldest first."""
    from include.assessment.period import previous

    found = [last]
    while len(found) < count and (before := previous(found[0])) is not None:
        found.insert(0, before)
    return found


def check_request(narrowed: dict[str, Any], headers: Sequence[FrameworkHeader]) -> None:
    """Refuse what can't be right whatever the deployment covers. Raises InputError."""
    sources = narrowed.get("sources", ())
    for header in headers:
        used = [source for source in sources if source in header.sources]
        # Of several frameworks, each is asked for those that it has.
        if sources and (not used or (len(headers) == 1 and len(used) < len(sources))):
            strange = next(source for source in sources if source not in header.sources)
            raise InputError(
                f"{header.id} uses no evidence source '{strange}'.",
                hint=f"Its sources: {', '.join(header.sources)}.",
            )
    every = {source for header in headers for source in header.sources}
    if strange := [source for source in sources if source not in every]:
        raise InputError(
            f"No framework here uses an evidence source '{strange[0]}'.",
            hint=f"Their sources: {', '.join(sorted(every))}.",
        )
    if narrowed.get("assessment_name") and len(headers) > 1:
        raise InputError(
            "One name can't name several assessments.", hint="Leave --assessment-name out."
        )
    for kind, (pattern, wish) in _FORMS.items():
        value = narrowed.get(kind, ())
        for one in [value] if isinstance(value, str) else value:
            if not re.match(pattern, one):
                raise InputError(
                    f"'{one}' is no {kind.removesuffix('s').replace('_', ' ')}.", hint=wish
                )


def check_scope(narrowed: dict[str, Any], record: Record) -> None:
    """Refuse accounts and regions that the deployment doesn't cover."""
    if record.aws is not None:
        scope = {"accounts": record.aws.accounts, "regions": record.aws.regions}
    else:
        from include.settings import load_settings

        settings = load_settings()
        # What a unit of the organisation holds, the plan finds out.
        scope = {
            kind: selectors
            for kind, selectors, form in (
                ("accounts", settings.accounts, ACCOUNT),
                ("regions", settings.regions, REGION),
            )
            if all(re.match(form, selector) for selector in selectors)
        }
    for kind, known in scope.items():
        for value in narrowed.get(kind, ()):
            if value not in known:
                raise InputError(
                    f"The {kind[:-1]} {value} is not in scope.",
                    hint=f"In scope: {', '.join(known)}.",
                )
