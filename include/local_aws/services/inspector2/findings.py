"""Inspector's findings: vulnerabilities of instances, open and recently closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.filters import matches_maps, matches_strings, sorted_by, within
from include.local_aws.services.inspector2.scans import last_scan
from include.local_aws.services.moments import DAY, epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

INVALID = "ValidationException"
#: Closed findings are deleted after 30 days, after 3 when the resource is gone.
CLOSED_KEPT, GONE_KEPT = 30 * DAY, 3 * DAY
FINDING_TYPE = "PACKAGE_VULNERABILITY"
_TYPES = {"AWS::EC2::Instance": "AWS_EC2_INSTANCE", "AWS::Lambda::Function": "AWS_LAMBDA_FUNCTION"}
_SEVERITIES = ("UNTRIAGED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_SOURCE = "NVD"


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One finding as it stands at a moment; times in epoch seconds."""

    arn: str
    account: str
    region: str
    resource_id: str
    resource_type: str
    cve: str
    severity: str
    score: float
    title: str
    fix: str
    first: int
    last: int
    updated: int
    closed: bool
    suppressed: bool
    vpc: str
    instance_type: str

    @property
    def status(self) -> str:
        """ACTIVE until it is remedied or the resource is gone, unless a rule suppresses it."""
        if self.closed:
            return "CLOSED"
        return "SUPPRESSED" if self.suppressed else "ACTIVE"

    def to_api(self) -> dict[str, Any]:
        """The finding in ListFindings' shape."""
        resource: dict[str, Any] = {
            "type": self.resource_type,
            "id": self.resource_id,
            "partition": "aws",
            "region": self.region,
            "tags": {},
        }
        if self.resource_type == "AWS_EC2_INSTANCE":
            details = {"platform": "AMAZON_LINUX_2023"}
            if self.vpc:
                details["vpcId"] = self.vpc
            if self.instance_type:
                details["type"] = self.instance_type
            resource["details"] = {"awsEc2Instance": details}
        advice = "Update the package." if self.fix == "YES" else "No fix is known yet."
        return {
            "findingArn": self.arn,
            "awsAccountId": self.account,
            "type": FINDING_TYPE,
            "title": self.title,
            "description": self.title,
            "remediation": {"recommendation": {"text": advice}},
            "severity": self.severity,
            "firstObservedAt": moment(self.first),
            "lastObservedAt": moment(self.last),
            "updatedAt": moment(self.updated),
            "status": self.status,
            "resources": [resource],
            "inspectorScore": self.score,
            "packageVulnerabilityDetails": {
                "vulnerabilityId": self.cve,
                "source": _SOURCE,
                "sourceUrl": f"https://nvd.nist.gov/vuln/detail/{self.cve}",
                "vulnerablePackages": [],
                "relatedVulnerabilities": [],
                "referenceUrls": [],
                "cvss": [],
            },
            "fixAvailable": self.fix,
            "exploitAvailable": "NO",
        }


def _suppressed(estate: Estate, account: str, region: str, at: int) -> frozenset[str]:
    """ARNs of findings, and of resources whose findings, are suppressed at ``at``."""
    rows = estate.rows(
        "SELECT arn FROM suppressions WHERE keyword = 'inspector2_ListFindings' AND account = ?"
        " AND region = ? AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
        (account, region, at, at),
    )
    return frozenset(row["arn"] for row in rows)


def _standing(row: sqlite3.Row, at: int, suppressed: frozenset[str]) -> Vulnerability | None:
    """A row as it stands at ``at``, or None once Inspector has deleted the finding."""
    gone = row["deleted"] is not None and row["deleted"] <= at
    ends = [t for t in (row["closed_t"], row["deleted"]) if t is not None and t <= at]
    if ends:
        closed_at = min(ends)
        if closed_at + CLOSED_KEPT < at or (gone and row["deleted"] + GONE_KEPT < at):
            return None
        last = min(row["last_t"] if row["last_t"] is not None else closed_at, closed_at)
        updated = closed_at
    else:
        last = updated = last_scan(at, row["first_t"])
    return Vulnerability(
        arn=row["arn"],
        account=row["account"],
        region=row["region"],
        resource_id=row["resource_id"] or row["resource"].rsplit("/", 1)[-1],
        resource_type=_TYPES.get(row["resource_type"], row["resource_type"]),
        cve=row["cve"],
        severity=row["severity"],
        score=float(row["score"]),
        title=row["title"],
        fix="YES" if row["fix_available"] else "NO",
        first=row["first_t"],
        last=max(last, row["first_t"]),
        updated=updated,
        closed=bool(ends),
        suppressed=not suppressed.isdisjoint((row["arn"], row["resource"])),
        vpc=row["vpc"] or "",
        instance_type=row["instance_type"] or "",
    )


_FACT = (
    "(SELECT json_extract(value, '$') FROM facts f WHERE f.arn = v.resource AND f.property = '{}'"
    " AND f.from_t <= ? ORDER BY f.from_t DESC LIMIT 1)"
)


@lru_cache(maxsize=32)
def vulnerabilities(
    estate: Estate, account: str, region: str, at: int
) -> tuple[Vulnerability, ...]:
    """The findings that Inspector has of one account and region at ``at``."""
    rows = estate.rows(
        f"SELECT v.*, r.resource_id, r.deleted, {_FACT.format('VpcId')} AS vpc,"
        f" {_FACT.format('InstanceType')} AS instance_type"
        " FROM vulnerabilities v LEFT JOIN resources r ON r.arn = v.resource"
        " WHERE v.account = ? AND v.region = ? AND v.first_t <= ? ORDER BY v.arn",
        (at, at, account, region, at),
    )
    suppressed = _suppressed(estate, account, region, at)
    found = (_standing(row, at, suppressed) for row in rows)
    return tuple(one for one in found if one is not None)


TEXTS: dict[str, Callable[[Vulnerability], Sequence[str]]] = {
    "findingArn": lambda v: [v.arn],
    "awsAccountId": lambda v: [v.account],
    "findingType": lambda v: [FINDING_TYPE],
    "severity": lambda v: [v.severity],
    "findingStatus": lambda v: [v.status],
    "title": lambda v: [v.title],
    "resourceType": lambda v: [v.resource_type],
    "resourceId": lambda v: [v.resource_id],
    "ec2InstanceVpcId": lambda v: [v.vpc] if v.vpc else [],
    "vulnerabilityId": lambda v: [v.cve],
    "vulnerabilitySource": lambda v: [_SOURCE],
    "fixAvailable": lambda v: [v.fix],
    "exploitAvailable": lambda v: ["NO"],
    "cloudProvider": lambda v: ["AWS"],
    "cloudProviderRegion": lambda v: [v.region],
    "cloudProviderAccountId": lambda v: [v.account],
}
TIMES: dict[str, Callable[[Vulnerability], int]] = {
    "firstObservedAt": lambda v: v.first,
    "lastObservedAt": lambda v: v.last,
    "updatedAt": lambda v: v.updated,
}
_SORTS: dict[str, Callable[[Vulnerability], Any]] = {
    "AWS_ACCOUNT_ID": lambda v: v.account,
    "FINDING_TYPE": lambda v: FINDING_TYPE,
    "SEVERITY": lambda v: _SEVERITIES.index(v.severity),
    "FIRST_OBSERVED_AT": lambda v: v.first,
    "LAST_OBSERVED_AT": lambda v: v.last,
    "FINDING_STATUS": lambda v: v.status,
    "RESOURCE_TYPE": lambda v: v.resource_type,
    "VULNERABILITY_ID": lambda v: v.cve,
    "VULNERABILITY_SOURCE": lambda v: _SOURCE,
    "INSPECTOR_SCORE": lambda v: v.score,
}


def _passes(
    vulnerability: Vulnerability, name: str, conditions: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether a finding passes one attribute's conditions; attributes it lacks have no value."""
    first = conditions[0]
    if "comparison" in first and "key" in first:
        asked = [(one["comparison"], one["key"], one.get("value")) for one in conditions]
        return matches_maps({}, asked)
    if "comparison" in first:
        read = TEXTS.get(name)
        pairs = [(one["comparison"], one["value"]) for one in conditions]
        return matches_strings(read(vulnerability) if read else (), pairs)
    if name in TIMES:
        ranges = [
            tuple(
                epoch(one[end]) if one.get(end) else None
                for end in ("startInclusive", "endInclusive")
            )
            for one in conditions
        ]
        return any(within(TIMES[name](vulnerability), low, high) for low, high in ranges)
    value = vulnerability.score if name == "inspectorScore" else None
    return any(
        within(value, one.get("lowerInclusive"), one.get("upperInclusive")) for one in conditions
    )


def handlers(estate: Estate) -> dict[str, Handler]:
    """ListFindings and BatchGetFindingDetails."""

    def list_findings(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID, member="nextToken")
        size = page_size(call, member="maxResults", default=100, most=100, error=INVALID)
        criteria = call.params.get("filterCriteria") or {}
        for name, conditions in criteria.items():
            if conditions is not None and not 1 <= len(conditions) <= 10:
                raise ServiceError(INVALID, f"{name} needs 1 to 10 values.", reason="OTHER")
        found = [
            one
            for one in vulnerabilities(estate, call.account, call.region, cursor.as_of)
            if all(_passes(one, name, asked) for name, asked in criteria.items() if asked)
        ]
        if sort := call.params.get("sortCriteria"):
            key = _SORTS.get(sort["field"])
            # Fields that none of these findings has leave the order as it is.
            if key:
                found = sorted_by(found, [(key, sort["sortOrder"] == "DESC")])
        page, token = cursor.cut(found, size)
        return with_token({"findings": [one.to_api() for one in page]}, token, "nextToken")

    def batch_get_finding_details(call: Call) -> dict[str, Any]:
        known = {
            one.arn: one
            for one in vulnerabilities(estate, call.account, call.region, epoch(call.now))
        }
        details, errors = [], []
        for arn in call.params["findingArns"]:
            one = known.get(arn)
            if one is None:
                errors.append(
                    {
                        "findingArn": arn,
                        "errorCode": "FINDING_DETAILS_NOT_FOUND",
                        "errorMessage": "No details were found for this finding.",
                    }
                )
            else:
                details.append(
                    {
                        "findingArn": arn,
                        "riskScore": round(one.score * 10),
                        "referenceUrls": [f"https://nvd.nist.gov/vuln/detail/{one.cve}"],
                        "cwes": [],
                        "evidences": [],
                        "tools": [],
                        "ttps": [],
                    }
                )
        return {"findingDetails": details, "errors": errors}

    return {"ListFindings": list_findings, "BatchGetFindingDetails": batch_get_finding_details}
