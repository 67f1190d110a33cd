"""GetFindings: filters, sorting and pages over control findings."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.filters import (
    contradiction,
    matches_maps,
    matches_strings,
    sorted_by,
    within,
)
from include.local_aws.services.moments import DAY, epoch
from include.local_aws.services.paging import Cursor, with_token
from include.local_aws.services.securityhub.asff import (
    NORMALIZED,
    TYPES,
    asff_type,
    product_fields,
    to_asff,
)
from include.local_aws.services.securityhub.findings import Finding, product_arn
from include.local_aws.services.securityhub.hub import BAD_INPUT, asked_size, enabled_since
from include.local_aws.services.securityhub.organisation import seen_from

#: GetFindings takes at most 20 values for one attribute.
VALUES_PER_ATTRIBUTE = 20
#: Listings whose findings are held for their next pages.
LISTINGS = 16

#: String attributes that control findings have, by filter name; all others have no value.
TEXTS: dict[str, Callable[[Finding], Sequence[str]]] = {
    "ProductArn": lambda f: [product_arn(f.region)],
    "AwsAccountId": lambda f: [f.account],
    "Id": lambda f: [f.id],
    "GeneratorId": lambda f: [f.generator],
    "Region": lambda f: [f.region],
    "Type": lambda f: TYPES,
    "Title": lambda f: [f.asks.text],
    "Description": lambda f: [f.asks.text],
    "ProductName": lambda f: ["Security Hub"],
    "CompanyName": lambda f: ["AWS"],
    "SeverityLabel": lambda f: [f.severity],
    "ResourceType": lambda f: [asff_type(f.type)],
    "ResourceId": lambda f: [f.resource_id],
    "ResourcePartition": lambda f: ["aws"],
    "ResourceRegion": lambda f: [f.region],
    "ComplianceStatus": lambda f: [f.status],
    "ComplianceSecurityControlId": lambda f: [] if f.old_form else [f.control],
    "ComplianceAssociatedStandardsId": lambda f: [] if f.old_form else f.associated,
    "WorkflowState": lambda f: ["NEW"],
    "WorkflowStatus": lambda f: [f.workflow],
    "NoteText": lambda f: [f.state.note] if f.state.note else [],
    "NoteUpdatedBy": lambda f: [f.state.by] if f.state.note and f.state.by else [],
    "RecordState": lambda f: [f.record_state],
    "FindingProviderFieldsSeverityLabel": lambda f: [f.severity],
    "FindingProviderFieldsSeverityOriginal": lambda f: [f.severity],
    "FindingProviderFieldsTypes": lambda f: TYPES,
}
TIMES: dict[str, Callable[[Finding], int]] = {
    "FirstObservedAt": lambda f: f.created,
    "LastObservedAt": lambda f: f.observed,
    "CreatedAt": lambda f: f.created,
    "UpdatedAt": lambda f: f.updated,
}
NUMBERS: dict[str, Callable[[Finding], float]] = {
    "SeverityNormalized": lambda f: NORMALIZED[f.severity],
}
MAPS: dict[str, Callable[[Finding], Mapping[str, str]]] = {
    "ProductFields": product_fields,
}

Test = Callable[[Finding], bool]


def _string_test(name: str, values: Sequence[Mapping[str, Any]]) -> Test:
    conditions = [(v.get("Comparison", "EQUALS"), v.get("Value", "")) for v in values]
    reason = contradiction(comparison for comparison, _ in conditions)
    if reason:
        raise ServiceError(BAD_INPUT, f"Invalid filter for {name}: {reason}.")
    read = TEXTS.get(name)
    return lambda finding: matches_strings(read(finding) if read else (), conditions)


def _date_test(name: str, values: Sequence[Mapping[str, Any]], now: int) -> Test:
    ranges: list[tuple[int | None, int | None]] = []
    for value in values:
        if span := value.get("DateRange"):
            edge = now - span["Value"] * DAY
            older = span.get("Comparison") == "OLDER_THAN"
            ranges.append((None, edge) if older else (edge, now))
            continue
        try:
            ends = [epoch(value[end]) if value.get(end) else None for end in ("Start", "End")]
        except ValueError:
            raise ServiceError(BAD_INPUT, f"Invalid date in the filter for {name}.") from None
        ranges.append((ends[0], ends[1]))
    read = TIMES.get(name)
    return lambda finding: any(
        within(read(finding) if read else None, low, high) for low, high in ranges
    )


def _number_holds(number: float | None, value: Mapping[str, Any]) -> bool:
    if number is None or not within(number, value.get("Gte"), value.get("Lte")):
        return False
    equal, above, below = value.get("Eq"), value.get("Gt"), value.get("Lt")
    return (
        (equal is None or number == equal)
        and (above is None or number > above)
        and (below is None or number < below)
    )


def _number_test(name: str, values: Sequence[Mapping[str, Any]]) -> Test:
    read = NUMBERS.get(name)
    return lambda finding: any(
        _number_holds(read(finding) if read else None, value) for value in values
    )


def _map_test(name: str, values: Sequence[Mapping[str, Any]]) -> Test:
    conditions = [(v.get("Comparison", "EQUALS"), v.get("Key", ""), v.get("Value")) for v in values]
    read = MAPS.get(name)
    return lambda finding: matches_maps(read(finding) if read else {}, conditions)


def _keyword_test(values: Sequence[Mapping[str, Any]]) -> Test:
    words = [str(value["Value"]).lower() for value in values]

    def test(finding: Finding) -> bool:
        texts = [text.lower() for read in TEXTS.values() for text in read(finding)]
        return any(word in text for word in words for text in texts)

    return test


#: Filters whose values are neither strings nor named in the tables above.
_DATE_SUFFIXES = ("At",)
_NUMBER_FILTERS = frozenset(
    {
        "SeverityProduct",
        "SeverityNormalized",
        "Confidence",
        "Criticality",
        "NetworkSourcePort",
        "NetworkDestinationPort",
        "ProcessPid",
        "ProcessParentPid",
        "FindingProviderFieldsConfidence",
        "FindingProviderFieldsCriticality",
    }
)
_MAP_FILTERS = frozenset(
    {"ProductFields", "UserDefinedFields", "ResourceTags", "ResourceDetailsOther"}
)


def tests_of(filters: Mapping[str, Any], now: int) -> list[Test]:
    """One test per filtered attribute; a finding must pass them all. InvalidInputException."""
    tests: list[Test] = []
    for name, values in filters.items():
        if not values:
            continue
        if len(values) > VALUES_PER_ATTRIBUTE:
            raise ServiceError(
                BAD_INPUT, f"{name} has more than {VALUES_PER_ATTRIBUTE} filter values."
            )
        if name.endswith(_DATE_SUFFIXES):
            tests.append(_date_test(name, values, now))
        elif name in _NUMBER_FILTERS:
            tests.append(_number_test(name, values))
        elif name in _MAP_FILTERS:
            tests.append(_map_test(name, values))
        elif name == "Keyword":
            tests.append(_keyword_test(values))
        elif name == "Sample":
            # Control findings are never samples.
            wanted = {bool(value.get("Value")) for value in values}
            tests.append(lambda finding, wanted=wanted: False in wanted)  # type: ignore[misc]
        elif "IpV4" in name or "IpV6" in name:
            tests.append(lambda finding: False)
        else:
            tests.append(_string_test(name, values))
    return tests


def only_in(filters: Mapping[str, Any]) -> dict[str, str]:
    """The one account and the one region that filters leave, as far as they leave but one."""
    found: dict[str, str] = {}
    for name in ("AwsAccountId", "Region"):
        values: Sequence[Mapping[str, Any]] = filters.get(name) or ()
        if len(values) == 1 and values[0].get("Comparison", "EQUALS") == "EQUALS":
            found[name] = values[0]["Value"]
    return found


def _sort_keys(criteria: Iterable[Mapping[str, Any]]) -> list[tuple[Any, bool]]:
    keys: list[tuple[Any, bool]] = []
    for one in criteria:
        field, descending = one.get("Field"), one.get("SortOrder") == "desc"
        if field in TIMES:
            keys.append((TIMES[field], descending))
        elif field in NUMBERS:
            keys.append((NUMBERS[field], descending))
        elif field in TEXTS:
            read = TEXTS[field]
            keys.append((lambda finding, read=read: tuple(read(finding)), descending))
        else:
            raise ServiceError(BAD_INPUT, f"Findings can't be sorted by {field}.")
    return keys


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetFindings."""

    # The findings of the last listings: their pages come one after the other.
    listed: OrderedDict[tuple[str, int], list[Finding]] = OrderedDict()
    lock = threading.Lock()

    def findings_of(call: Call, cursor: Cursor) -> list[Finding]:
        key = (cursor.request, cursor.as_of)
        with lock:
            if key in listed:
                listed.move_to_end(key)
                return listed[key]
        filters = call.params.get("Filters") or {}
        tests = tests_of(filters, cursor.as_of)
        keys = _sort_keys(call.params.get("SortCriteria") or ())
        shown = seen_from(estate, call.account, call.region, cursor.as_of, only_in(filters))
        found = [finding for finding in shown if all(test(finding) for test in tests)]
        found = sorted_by(found, keys) if keys else found
        with lock:
            listed[key] = found
            while len(listed) > LISTINGS:
                listed.popitem(last=False)
        return found

    def get_findings(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        page, token = cursor.cut(findings_of(call, cursor), asked_size(call))
        return with_token({"Findings": [to_asff(finding) for finding in page]}, token)

    return {"GetFindings": get_findings}
