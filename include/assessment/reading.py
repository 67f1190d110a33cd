"""One account's evidence, streamed: what was deployed, what each row says, how many there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.assessment.coverage import HIDES, NOT_ASKED, NOT_COLLECTED, Yield
from include.assessment.inputs import Snapshot
from include.assessment.judging import Judge
from include.assessment.registers import Registers
from include.assessment.result import EvidenceCounts
from include.assessment.scope import Scope
from include.assessment.tally import Tally
from include.checks.check import Check, CheckSource
from include.evidence.item import Evidence


@dataclass
class Counts:
    """Evidence counts, and what people handed in for which control of ``framework``."""

    framework: str = ""
    total: int = 0
    mapped: int = 0
    known: Counter[tuple[str, str]] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    manual: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    #: Which account a piece of manual evidence is about; those about all have no entry.
    about: dict[str, str] = field(default_factory=dict)


def read_standing(
    here: Sequence[Snapshot],
    account: str,
    checks: Mapping[str, Check],
    scope: Scope,
    registers: Registers,
) -> Yield:
    """How each source stands in each region of one account, and what was deployed there."""
    found = Yield()
    for snapshot in here:
        receipt = snapshot.receipt
        place = (receipt.source, receipt.region)
        status = "COMPLETE" if receipt.status == "COMPLETE_EMPTY" else receipt.status
        found.standing[place] = _worse(found.standing.get(place), status)
        for deployment in snapshot.deployments:
            found.deployments.setdefault((*place, deployment.keyword), []).append(deployment)
    for source in dict.fromkeys(s.source for check in checks.values() for s in check.sources):
        for region in scope.regions:
            if (source, region) in found.standing:
                continue
            if not scope.asks(source):
                found.standing[source, region] = NOT_ASKED
            elif any(e.covers(source, account, region) for e in registers.exclusions):
                found.standing[source, region] = "EXCLUDED"
            else:
                found.standing[source, region] = NOT_COLLECTED
    return found


def _worse(one: str | None, other: str) -> str:
    """Of two receipts of one place: what hides a failure wins, then what answered at all."""
    if one is None:
        return other
    for status in (one, other):
        if status in HIDES:
            return status
    return "COMPLETE" if "COMPLETE" in (one, other) else max(one, other)


def read_evidence(
    here: Sequence[Snapshot],
    found: Yield,
    checks: Mapping[str, Check],
    judge: Judge,
    counts: Counts,
    regions: Collection[str],
) -> dict[tuple[str, str], Tally]:
    """One pass over an account's evidence (API calls: two, for what assertions relate to)."""
    asked: dict[tuple[str, str], list[tuple[Check, CheckSource]]] = defaultdict(list)
    for check in checks.values():
        for source in check.sources:
            for keyword in source.all_keywords:
                asked[source.source, keyword].append((check, source))
    tallies: dict[tuple[str, str], Tally] = {}
    beside = _related(here, found, checks)
    for snapshot in here:
        name, region = snapshot.receipt.source, snapshot.receipt.region
        by_arn = {(d.keyword, d.arn): d for d in snapshot.deployments}
        for row in snapshot.iter_evidence():
            wanting = asked.get((row.source, row.keyword), ())
            _count(counts, row, bool(wanting))
            if name == "manual":
                _note_manual(counts, row)
            for check, source in wanting:
                cell = _cell_of(check, row, region, regions)
                if cell is None:
                    continue
                uses = beside.of(region, source)
                word = judge.word(
                    check,
                    source,
                    row,
                    by_arn.get((row.keyword, row.deployment)),
                    uses,
                    beside.is_current(region, source, row),
                )
                key = (check.id, cell)
                if key not in tallies:
                    tallies[key] = Tally(tuple(check.by_source))
                tallies[key].add(row, word, region)
    return tallies


def _cell_of(check: Check, row: Evidence, region: str, regions: Collection[str]) -> str | None:
    """The region of the cell that a row of ``region`` speaks to; '' for the account's.

    None when the check is of another region.

    A resource that several regions show, such as a multi-region trail, is its own region's, which
    its ARN tells, as far as that is in the scope: one resource, whoever shows it.
    """
    if check.locality == "account":
        return ""
    if check.locality != "region":
        return check.locality if region == check.locality else None
    own = row.resource.split(":", 5)[3] if row.resource.startswith("arn:") else ""
    return own if own in regions else region


@dataclass
class _Related:
    """Configurations that assertions look at beside the judged one, by region and keyword.

    ``current``: some of them, or which there are, is known of the present only.
    """

    items: dict[tuple[str, str], list[Mapping[str, Any]]] = field(default_factory=dict)
    current: set[tuple[str, str]] = field(default_factory=set)

    def of(self, region: str, source: CheckSource) -> dict[str, list[Mapping[str, Any]]]:
        """What the source's assertion looks at in a region."""
        return {k: self.items[region, k] for k in source.uses if (region, k) in self.items}

    def is_current(self, region: str, source: CheckSource, row: Evidence) -> bool:
        """Whether the row can't be judged with them, as they aren't of the period's end.

        Beside an item out of a history, a list may lack what has gone since and left no trace in
        it: a flow log goes with its VPC, and what deletes it names neither.
        """
        if row.known == "RECONSTRUCTED" and source.uses:
            return True
        return any((region, keyword) in self.current for keyword in source.uses)


def _related(here: Sequence[Snapshot], found: Yield, checks: Mapping[str, Check]) -> _Related:
    """Everything that assertions look at beside what they judge.

    A call that was made and listed nothing is there as an empty list; one that wasn't made is
    not there, so that an assertion can't take silence for absence.
    """
    wanted = {k for check in checks.values() for source in check.sources for k in source.uses}
    related = _Related()
    if not wanted:
        return related
    for snapshot in here:
        receipt = snapshot.receipt
        if receipt.source != "api_calls":
            continue
        made = {page.operation for page in receipt.pages}
        for keyword in wanted:
            place = (receipt.region, keyword)
            deployed = found.deployments.get(("api_calls", *place), ())
            if deployed or keyword.partition("_")[2] in made:
                related.items.setdefault(place, [])
            if any(deployment.state != "ACTIVE" for deployment in deployed):
                related.current.add(place)
        for row in snapshot.iter_evidence():
            if row.keyword not in wanted or not row.in_population:
                continue
            place = (receipt.region, row.keyword)
            configuration = row.attributes.get("configuration")
            if isinstance(configuration, Mapping):
                related.items.setdefault(place, []).append(configuration)
            if row.known == "CURRENT_ONLY":
                related.current.add(place)
    return related


def _count(counts: Counts, row: Evidence, mapped: bool) -> None:
    counts.total += 1
    counts.mapped += mapped or row.source == "manual"
    counts.known[row.source, row.known] += 1
    counts.results[row.result] += 1


def _note_manual(counts: Counts, row: Evidence) -> None:
    """Manual evidence: its keyword is the control's id. What was replaced or expired is left."""
    if not row.in_population or row.attributes.get("framework", "") not in ("", counts.framework):
        return
    names = {row.evidence_id, row.resource, str(row.attributes.get("sha256", ""))} - {""}
    counts.manual[row.keyword][row.evidence_id] = names
    if account := str(row.attributes.get("account", "")):
        counts.about[row.evidence_id] = account


def count_manual_elsewhere(given: Sequence[Snapshot], scope: Scope, counts: Counts) -> None:
    """Manual evidence may speak for the whole organisation, under no account of the scope."""
    for snapshot in given:
        if snapshot.receipt.source == "manual" and snapshot.receipt.account not in scope.accounts:
            for row in snapshot.iter_evidence():
                _count(counts, row, True)
                _note_manual(counts, row)


def evidence_counts(counts: Counts) -> EvidenceCounts:
    """How many items there are, by source and by how they are known."""
    sources = sorted({source for source, _ in counts.known})
    by_both = {
        source: {known: n for (s, known), n in sorted(counts.known.items()) if s == source}
        for source in sources
    }
    known = sorted({known for _, known in counts.known})
    return EvidenceCounts(
        total=counts.total,
        mapped=counts.mapped,
        by_source={source: sum(by_both[source].values()) for source in sources},
        by_known={k: sum(n for (_, other), n in counts.known.items() if other == k) for k in known},
        by_source_and_known=by_both,
        by_result=dict(sorted(counts.results.items())),
    )
