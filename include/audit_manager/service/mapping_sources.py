"""Control mapping sources: which of them a control may have, and how they are completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.audit_manager.service.names import new_id
from include.audit_manager.service.refusals import invalid

MOST_COMMON_CONTROLS = 5
MOST_CORE_CONTROLS = 50
MOST_CUSTOMER_SOURCES = 100

_SHOWN = {
    "AWS_Cloudtrail": "AWS CloudTrail",
    "AWS_Config": "AWS Config",
    "AWS_Security_Hub": "AWS Security Hub",
    "AWS_API_Call": "AWS API calls",
    "MANUAL": "Manual",
    "Common_Control": "Common control",
    "Core_Control": "Core control",
}
_AUTOMATED = "System_Controls_Mapping"
_MANUAL = "Procedural_Controls_Mapping"


def evidence_sources(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    """The kinds of source, as people read them, each once."""
    return list(dict.fromkeys(_SHOWN[source["sourceType"]] for source in sources))


def completed(sources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Checked sources with ids (kept where given) and set-up options (inferred from the type)."""
    for kinds, most in (
        ({"Common_Control"}, MOST_COMMON_CONTROLS),
        ({"Core_Control"}, MOST_CORE_CONTROLS),
        (set(_SHOWN) - {"Common_Control", "Core_Control"}, MOST_CUSTOMER_SOURCES),
    ):
        count = sum(source.get("sourceType", "MANUAL") in kinds for source in sources)
        if count > most:
            what = "customer data" if len(kinds) > 1 else _SHOWN[kinds.copy().pop()].lower()
            raise invalid(
                f"A control has at most {most} {what} sources; these are {count}.",
                "controlMappingSources",
            )
    return [_complete(source, f"controlMappingSources[{at}]") for at, source in enumerate(sources)]


def _complete(source: Mapping[str, Any], field: str) -> dict[str, Any]:
    kind = source.get("sourceType")
    if kind is None:
        if source.get("sourceSetUpOption") != _MANUAL:
            raise invalid("A source needs a sourceType.", f"{field}.sourceType")
        kind = "MANUAL"
    option = _MANUAL if kind == "MANUAL" else _AUTOMATED
    if source.get("sourceSetUpOption", option) != option:
        raise invalid(f"The sourceSetUpOption of {kind} is {option}.", f"{field}.sourceSetUpOption")
    _check_keyword(source.get("sourceKeyword"), kind, f"{field}.sourceKeyword")
    if "sourceFrequency" in source and kind != "AWS_API_Call":
        raise invalid(
            f"Only AWS_API_Call has a sourceFrequency; {kind} decides by itself.",
            f"{field}.sourceFrequency",
        )
    return {
        "sourceId": new_id(),
        "sourceName": _SHOWN[kind],
        **source,
        "sourceType": kind,
        "sourceSetUpOption": option,
    }


def _check_keyword(keyword: Mapping[str, str] | None, kind: str, field: str) -> None:
    if kind == "MANUAL":
        if keyword and keyword.get("keywordInputType") == "SELECT_FROM_LIST":
            raise invalid("A MANUAL source takes UPLOAD_FILE or INPUT_TEXT.", field)
        return
    if (
        not keyword
        or keyword.get("keywordInputType") != "SELECT_FROM_LIST"
        or not keyword.get("keywordValue")
    ):
        raise invalid(f"{kind} needs a keyword, chosen with SELECT_FROM_LIST.", field)
