"""Checks and Audit Manager's own words for data sources: source types and keywords, both ways.

The forms of keywords are those of the user guide ("Supported data source types for automated
evidence"): a Config rule's identifier, a Security Hub control's id, ``service_Operation``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from include.audit_manager.paging import listed
from include.checks.catalogue import Catalogue
from include.checks.check import Check, CheckSource

#: Our sources that Audit Manager can collect from by itself, in the order of preference.
SOURCE_TYPES: Mapping[str, str] = {
    "aws_config": "AWS_Config",
    "security_hub": "AWS_Security_Hub",
    "api_calls": "AWS_API_Call",
    "cloudtrail": "AWS_Cloudtrail",
}
SHOWN: Mapping[str, str] = {
    "AWS_Config": "AWS Config",
    "AWS_Security_Hub": "AWS Security Hub",
    "AWS_API_Call": "AWS API calls",
    "AWS_Cloudtrail": "AWS CloudTrail",
}
_OURS = {kind: source for source, kind in SOURCE_TYPES.items()}

#: Source type to the keywords that can be chosen for it.
Keywords = Mapping[str, frozenset[str]]


@dataclass(frozen=True, order=True)
class Keyword:
    """One automated mapping source: its type and its keyword."""

    type: str
    value: str

    def __str__(self) -> str:
        return f"{SHOWN.get(self.type, self.type)} {self.value}"


@cache
def documented_keywords() -> Keywords:
    """Those that the embedded Audit Manager knows, as AWS documents them."""
    path = Path(__file__).parent / "service" / "data" / "keywords.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    return {kind: frozenset(values) for kind, values in found.items()}


def offered_keywords(client: Any) -> Keywords:
    """Those that this Audit Manager offers now."""
    return {
        kind: frozenset(
            str(value)
            for value in listed(
                client.list_keywords_for_data_source, "keywords", source=kind, maxResults=1000
            )
        )
        for kind in SOURCE_TYPES.values()
    }


def keywords_of(check: Check, keywords: Keywords) -> tuple[list[Keyword], list[str]]:
    """A check's automated sources, and what of it Audit Manager can't collect, in words."""
    found: list[Keyword] = []
    left: list[str] = []
    ordered = [check.by_source[name] for name in SOURCE_TYPES if name in check.by_source]
    for source in ordered:
        kind = SOURCE_TYPES[source.source]
        spelt = _events(source, keywords[kind]) if source.source == "cloudtrail" else None
        for word in source.all_keywords:
            values = [word] if spelt is None else spelt.get(word, [])
            known = [Keyword(kind, value) for value in values if value in keywords[kind]]
            found += known
            if not known:
                left.append(f"{SHOWN[kind]} {word}")
    left += [
        f"{source.source} {word}"
        for source in check.sources
        if source.source not in SOURCE_TYPES
        for word in source.all_keywords
    ]
    return list(dict.fromkeys(found)), left


def _events(source: CheckSource, known: Iterable[str]) -> dict[str, list[str]]:
    """CloudTrail's event names with their services before them, as keywords have them.

    An event that several services have is the one of those that the check's other events are of.
    """
    by_event = _by_event(frozenset(known))
    candidates = {word: by_event.get(word, []) for word in source.all_keywords}
    services = {
        options[0].partition("_")[0] for options in candidates.values() if len(options) == 1
    }
    return {
        word: [one for one in options if len(options) == 1 or one.partition("_")[0] in services]
        for word, options in candidates.items()
    }


@cache
def _by_event(known: frozenset[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for keyword in sorted(known):
        found.setdefault(keyword.partition("_")[2], []).append(keyword)
    return found


def checks_of(
    keywords: Iterable[Keyword], catalogue: Catalogue
) -> tuple[dict[str, list[Keyword]], list[Keyword], dict[str, list[str]]]:
    """The checks that a control's keywords ask for.

    Returns the checks with the keywords they answer, the keywords that no check knows, and for
    each check chosen among several that answer the same keyword, the others. Of several, the one
    is taken that explains most of the control's keywords; then the one that asks what AWS Config
    asks when a rule is deployed without parameters; then the catalogue's first.
    """
    wanted = list(dict.fromkeys(keywords))
    chosen: dict[str, list[Keyword]] = {}
    unknown: list[Keyword] = []
    others: dict[str, list[str]] = {}
    for keyword in wanted:
        answering = list(_answering(keyword, catalogue))
        if not answering:
            unknown.append(keyword)
            continue
        best = max(answering, key=lambda check: _fit(check, wanted))
        chosen.setdefault(best.id, []).append(keyword)
        rest = [check.id for check in answering if check is not best]
        others.setdefault(best.id, []).extend(one for one in rest if one not in others[best.id])
    return chosen, unknown, {name: rest for name, rest in others.items() if rest}


def _answering(keyword: Keyword, catalogue: Catalogue) -> Iterator[Check]:
    source = _OURS.get(keyword.type)
    if source is None:
        return
    word = keyword.value.partition("_")[2] if source == "cloudtrail" else keyword.value
    for check in catalogue.answered_by(source, word):
        if source != "cloudtrail" or keyword in keywords_of(check, documented_keywords())[0]:
            yield check


def _fit(check: Check, wanted: list[Keyword]) -> tuple[int, int, int]:
    own, _ = keywords_of(check, documented_keywords())
    present = sum(keyword in wanted for keyword in own)
    as_deployed = all(
        parameter.value is None or parameter.default in (None, parameter.value)
        for parameter in check.parameters.values()
    )
    return present - sum(keyword not in wanted for keyword in own), present, int(as_deployed)
