"""What is remembered of a stream of evidence: a few bits per resource, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from include.assessment.judging import Word
from include.assessment.result import Disagreement, FailingResource, Finding, Shown
from include.clock import iso
from include.evidence.item import Evidence

_BIT = {"PASS": 1, "FAIL": 2, "UNANSWERED": 4}


@dataclass
class Tally:
    """All rows of one check in one cell.

    Bits of a resource: three for each of the sources, and above them which of the kinds it is.
    """

    sources: tuple[str, ...]
    words: dict[str, int] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    types: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Of every resource, which kinds there are; their number stands above the sources' bits.
    kinds: dict[str, int] = field(default_factory=dict)
    gone: set[Shown] = field(default_factory=set)
    fixed: set[Shown] = field(default_factory=set)
    current: set[tuple[str, str]] = field(default_factory=set)
    rows: int = 0
    not_applicable: int = 0

    def add(self, row: Evidence, word: Word, region: str) -> None:
        """Take in one row; ``region`` is the one that was asked."""
        self.rows += 1
        failed = tuple((start, end) for start, end in row.failed)
        if word == "SILENT":
            self.not_applicable += row.result == "NOT_APPLICABLE"
            return
        if word == "CURRENT":
            self.current.add((row.source, region))
            return
        if word == "GONE":
            if failed:
                self.gone.add(Shown(row.resource, row.source, failed))
            else:
                self.not_applicable += 1
            return
        shift = 3 * self.sources.index(row.source)
        bits = self.words.get(row.resource)
        if bits is None:
            kind = self.kinds.setdefault(row.resource_type, len(self.kinds))
            bits = kind << 3 * len(self.sources)
        self.words[row.resource] = bits | (_BIT[word] << shift)
        if word == "FAIL":
            self.types.setdefault(row.resource, (row.resource_type, row.region))
            self.findings.setdefault(row.resource, []).append(_finding(row, region))
        elif word == "PASS" and failed:
            self.fixed.add(Shown(row.resource, row.source, failed))

    def _said(self, bits: int) -> dict[str, str]:
        """Each source's own answer: any failure, else any pass, else unanswered."""
        out = {}
        for n, source in enumerate(self.sources):
            own = bits >> (3 * n) & 7
            if own:
                out[source] = "FAIL" if own & 2 else "PASS" if own & 1 else "UNANSWERED"
        return out

    def said_by(self) -> frozenset[str]:
        """The sources that had a word on any resource."""
        return frozenset(source for bits in self.words.values() for source in self._said(bits))

    def failing(self, account: str) -> tuple[FailingResource, ...]:
        """Resources that fail, ordered by identity; each with all that say so."""
        return tuple(
            FailingResource(
                resource=resource,
                resource_type=self.types[resource][0],
                account=account,
                region=self.types[resource][1],
                findings=tuple(sorted(self.findings[resource], key=_order)),
            )
            for resource in sorted(self.findings)
        )

    def passing(self) -> int:
        """How many resources pass by every source that judged them."""
        return sum(
            bool(words & {"PASS"}) and "FAIL" not in words
            for words in (set(self._said(bits).values()) for bits in self.words.values())
        )

    def unanswered(self) -> tuple[str, ...]:
        """Resources in the population of which no source says PASS or FAIL."""
        return tuple(
            sorted(
                resource
                for resource, bits in self.words.items()
                if set(self._said(bits).values()) == {"UNANSWERED"}
            )
        )

    def population(self) -> Iterator[tuple[str, str, str, str]]:
        """Every resource that a source had a word on: (identity, type, result, sources' words).

        Ordered by identity. ``result`` is FAIL, PASS or UNANSWERED, the worst of what the sources
        said; as many of each as :meth:`failing`, :meth:`passing` and :meth:`unanswered` say.
        """
        kinds = list(self.kinds)
        shift = 3 * len(self.sources)
        known: dict[int, tuple[str, str]] = {}
        for resource in sorted(self.words):
            bits = self.words[resource]
            own = bits & ((1 << shift) - 1)
            if own not in known:
                said = self._said(own)
                result = next(w for w in ("FAIL", "PASS", "UNANSWERED") if w in said.values())
                known[own] = result, " ".join(f"{name}={word}" for name, word in said.items())
            kind = self.types[resource][0] if resource in self.types else kinds[bits >> shift]
            yield resource, kind, *known[own]

    def disagreements(self) -> tuple[Disagreement, ...]:
        """Resources that one source passes and another fails."""
        return tuple(
            Disagreement(resource, said)
            for resource in sorted(self.findings)
            if {"PASS", "FAIL"} <= set((said := self._said(self.words[resource])).values())
        )

    def shown_fixed(self) -> tuple[Shown, ...]:
        """Failed within the period, passing at its end (and failing by nobody's word)."""
        return _ordered([shown for shown in self.fixed if shown.resource not in self.findings])

    def shown_gone(self) -> tuple[Shown, ...]:
        """Failed within the period, gone before its end."""
        return _ordered(list(self.gone))


def _finding(row: Evidence, region: str) -> Finding:
    return Finding(
        source=row.source,
        region=region,
        deployment=row.deployment,
        raw_status=row.raw_status,
        known=row.known,
        source_time=iso(row.source_time),
        evidence_id=row.evidence_id,
        since=row.failed[-1][0] if row.failed else "",
        failed=tuple((start, end) for start, end in row.failed),
    )


def _order(finding: Finding) -> tuple[str, ...]:
    return (finding.source, finding.region, finding.deployment, finding.evidence_id)


def _ordered(shown: Sequence[Shown]) -> tuple[Shown, ...]:
    return tuple(sorted(shown, key=lambda s: (s.resource, s.source, s.failed)))
