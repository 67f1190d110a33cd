"""Inspector's findings on instances: flaws that appear, and are patched sooner or later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.local_aws.estate.parameters import DAY, Parameters, moment
from include.local_aws.estate.plan import Planned, Span, clipped, union
from include.local_aws.estate.store import Resource

#: The check whose violations follow from the findings: critical, fixable, open for longer.
CHECK, OLD_DAYS = "no-old-critical-vulnerabilities", 30
#: id, severity, CVSS base score, package. Public identifiers of the CVE programme.
_FLAWS = (
    ("CVE-2021-44228", "CRITICAL", 10.0, "log4j-core"),
    ("CVE-2023-38408", "CRITICAL", 9.8, "openssh"),
    ("CVE-2022-37434", "CRITICAL", 9.8, "zlib"),
    ("CVE-2021-3711", "CRITICAL", 9.8, "openssl"),
    ("CVE-2023-38545", "CRITICAL", 9.8, "curl"),
    ("CVE-2024-6387", "HIGH", 8.1, "openssh"),
    ("CVE-2023-4911", "HIGH", 7.8, "glibc"),
    ("CVE-2022-0778", "HIGH", 7.5, "openssl"),
    ("CVE-2023-44487", "HIGH", 7.5, "nghttp2"),
    ("CVE-2023-5363", "HIGH", 7.5, "openssl"),
    ("CVE-2020-14145", "MEDIUM", 5.9, "openssh"),
    ("CVE-2019-1551", "MEDIUM", 5.3, "openssl"),
    ("CVE-2023-29383", "LOW", 3.3, "shadow-utils"),
)
_WEIGHTS = (2, 2, 2, 2, 2, 6, 6, 6, 6, 6, 8, 8, 4)


@dataclass(frozen=True)
class Vulnerability:
    """One finding; ``closed``: when it was no longer found, or the instance was gone."""

    arn: str
    resource: str
    cve: str
    severity: str
    score: float
    title: str
    fix_available: bool
    first: int
    last: int
    closed: int | None


def find_vulnerabilities(
    given: Parameters, instance: Planned, *, lasting: frozenset[str]
) -> Iterator[Vulnerability]:
    """The findings on one instance, each flaw at most once."""
    r = instance.resource
    rng = given.rng("vulnerabilities", r.arn)
    end = r.deleted or given.now
    calm = given.boundaries[-1] - DAY
    for flaw in sorted(set(rng.choices(_FLAWS, _WEIGHTS, k=rng.choice((0, 0, 1, 2, 3))))):
        cve, severity, score, package = flaw
        critical = severity == "CRITICAL"
        first = moment(rng, max(r.created, given.history_start - 60 * DAY), end)
        if first is None:
            continue
        # Most critical flaws are patched within the month, a few are forgotten.
        slow = rng.random() < (0.2 if critical else 0.5)
        days = rng.randint(32, 100) if slow else rng.randint(2, 27)
        limit = end
        if critical and slow and CHECK not in lasting:
            limit = min(end, calm)
            days = min(days, max(5, (calm - first) // DAY - 1))
        closed = moment(rng, first + days * DAY, min(first + (days + 2) * DAY, limit))
        if r.deleted is not None:
            closed = r.deleted if closed is None else min(closed, r.deleted)
        yield Vulnerability(
            arn=f"arn:aws:inspector2:{r.region}:{r.account}:finding/{rng.getrandbits(128):032x}",
            resource=r.arn,
            cve=cve,
            severity=severity,
            score=score,
            title=f"{cve} - {package}",
            fix_available=rng.random() < 0.85,
            first=first,
            last=closed or max(first, given.now - given.now % DAY),
            closed=closed,
        )


#: Why Inspector doesn't scan an instance, in its own reason codes.
_REASONS = ("UNMANAGED_EC2_INSTANCE", "STALE_INVENTORY", "NO_INVENTORY")


def unscanned_rows(
    given: Parameters, resource: Resource
) -> Iterator[tuple[str, str, str, str, int, int | None]]:
    """Rows of the table ``unscanned``: some instances have no agent for some weeks, or never."""
    if resource.type != "AWS::EC2::Instance" or resource.region is None:
        return
    rng = given.rng("unscanned", resource.arn)
    if rng.random() >= 0.15:
        return
    start = moment(rng, max(resource.created, given.history_start), given.now)
    if start is None:
        return
    end = moment(rng, start + 3 * DAY, start + 30 * DAY) if rng.random() < 0.7 else None
    to_t = end if end is not None and end < given.now else None
    yield resource.account, resource.region, resource.arn, rng.choice(_REASONS), start, to_t


def violations(found: list[Vulnerability], until: int) -> list[Span]:
    """When the instance had a critical, fixable flaw open for more than the allowed days."""
    spans: list[Span] = []
    for flaw in found:
        if flaw.severity == "CRITICAL" and flaw.fix_available:
            spans += clipped([(flaw.first + OLD_DAYS * DAY + 1, None)], flaw.closed)
    return [(start, end) for start, end in union(spans) if start <= until]
