"""The words of a control that is a check: where AWS's own list of rules is the framework.

The title is the check's question and the objective says why it matters; the procedure is composed
here, so that whoever holds paper and pen could follow it: what is obtained and from where, with
which values a rule has to be deployed, what is inspected, and what counts as failing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from include.checks.check import Check, CheckSource, Parameter, ParameterValue

_ACCOUNT = "AWS::::Account"
_WORD = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z]|\d|$)|[A-Z][a-z]+|\d+")
#: Resource types whose name doesn't fall apart into words by its capitals, or not into good ones.
_NAMED: Mapping[str, str] = {
    "AccountPublicAccessBlock": "account's public access setting",
    "AddonVersions": "add-on version",
    "AssociationCompliance": "compliance item of an association",
    "AutoScalingGroup": "Auto Scaling group",
    "ClientVpnEndpoint": "Client VPN endpoint",
    "ConfigRule": "AWS Config rule",
    "DHCPOptions": "DHCP option set",
    "DirectConnectGateway": "Direct Connect gateway",
    "EC2Fleet": "EC2 Fleet",
    "EIP": "Elastic IP address",
    "EgressOnlyInternetGateway": "egress-only internet gateway",
    "GraphQLApi": "GraphQL API",
    "KafkaVersion": "Kafka version",
    "LicenseConfiguration": "licence configuration",
    "ManagedInstanceInventory": "managed instance",
    "MultiRegionAccessPoint": "multi-region access point",
    "PatchCompliance": "compliance item of a node's patches",
    "RestApi": "REST API",
    "SnapshotBlockPublicAccess": "region's public access setting of snapshots",
    "SpotFleet": "Spot Fleet",
    "VPCBlockPublicAccessOptions": "region's public access setting of VPCs",
}
_ACRONYMS: Mapping[str, str] = {
    "Acl": "ACL",
    "Api": "API",
    "Config": "configuration",
    "Fuota": "FUOTA",
    "Nat": "NAT",
    "Ssl": "TLS",
    "Ui": "UI",
    "Vpc": "VPC",
    "Vpn": "VPN",
}
#: CloudTrail events that are a filter, not a name.
_FILTERS: Mapping[str, str] = {
    "@root-usage": "every call by the root user",
    "@unauthorized-api-call": "every call that was refused for lack of rights",
}


def procedure_of(check: Check) -> tuple[str, ...]:
    """How a check is tested, in three to six sentences."""
    steps = [_obtain(check)]
    if not check.judges:
        steps.append(f"Inspect it with one question in mind: {check.question}")
        steps.append("Fail nothing by this alone: it is evidence for a person's judgement.")
        return tuple(steps)
    judging = [source for source in check.sources if source.judges]
    steps += _deployed(check)
    steps.append(
        f"Inspect the result of each {_thing(check, with_type=True)} as it stood at the period's "
        "end, and whether it was evaluated within the period."
    )
    thing = _thing(check)
    steps.append(_fail(thing, check, judging))
    whose = "no source answered completely" if len(judging) > 1 else "the answer is incomplete"
    even = "" if check.resource_type == _ACCOUNT else f", even where no {thing} is to be seen"
    steps.append(f"Leave the question open where {whose}: silence is no pass{even}.")
    return tuple(steps)


def _obtain(check: Check) -> str:
    where = {
        "account": "for every account in scope (any one region answers for all)",
        "region": "for every account and region in scope",
    }.get(check.locality, f"for every account in scope (asked in {check.locality})")
    if "cloudtrail" in check.by_source:
        where = "for every account in scope"
    what = [_obtained(source) for source in check.sources]
    suffices = "; one complete answer suffices" if len(what) > 1 else ""
    return f"Obtain, {where}, {_and(what)}{suffices}."


def _obtained(source: CheckSource) -> str:
    names = source.all_keywords
    call = _and(_call(name) for name in (*names, *source.uses))
    said = {
        "aws_config": f"the evaluations by AWS Config's managed rule {source.keyword}",
        "security_hub": f"the findings of Security Hub's control {source.keyword}",
        "api_calls": f"what {call} returns" if not source.uses else f"what {call} return",
        "inspector": f"what Inspector returns to {call}",
        "license_manager": f"what License Manager returns to {call}",
        "cloudtrail": (
            f"CloudTrail's records of the whole period: {_and(_FILTERS.get(n, n) for n in names)}"
        ),
        "custom": (
            "Systems Manager's compliance items of the type "
            f"{_and(name.removeprefix('ssm_') for name in names)}"
            if all(name.startswith("ssm_") for name in names)
            else f"the records of {_and(names)}"
        ),
    }[source.source]
    return (
        f"{said} (retired by AWS: it answers only where it still runs)" if source.retired else said
    )


def _call(keyword: str) -> str:
    return keyword.replace("_", ":", 1)


def _deployed(check: Check) -> Iterable[str]:
    """With which values the rule has to be deployed, and which ones the organisation decides."""
    fixed = {n: p for n, p in check.parameters.items() if p.value is not None}
    demanded = _and(_demanded(name, parameter) for name, parameter in fixed.items())
    free = [name for name, parameter in check.parameters.items() if parameter.value is None]
    if demanded and "aws_config" in check.by_source:
        graded = any(parameter.stricter != "same" for parameter in fixed.values())
        yield (
            f"Inspect with which values the rule is deployed: the control asks for {demanded}; "
            + (
                "asking less proves failures only, asking more proves passes only."
                if graded
                else "a rule with others answers another question."
            )
        )
    elif demanded and "inspector" not in check.by_source:
        yield f"Hold what was obtained against {demanded}."
    if free:
        yield f"Note {_and(_notes(check, free))}: that is part of the question."


def _notes(check: Check, free: Sequence[str]) -> Iterable[str]:
    own = [name for name in free if not check.parameters[name].optional]
    may = [name for name in free if name not in own]
    if own:
        value, it = ("value", "it") if len(own) == 1 else ("values", "them")
        yield f"the organisation's own {value} of {_and(own)} (and who approved {it})"
    if may:
        yield f"what {_or(may)} was set to, if it was"


def _demanded(name: str, parameter: Parameter) -> str:
    parts = _parts(parameter.value)
    shown = _and(parts)
    if not parts:
        asked = "empty"
    elif parameter.stricter == "higher":
        asked = f"at {shown} or more"
    elif parameter.stricter == "lower":
        asked = f"at {shown} or less"
    elif parameter.stricter == "superset":
        asked = f"naming {shown}, or more than that"
    elif parameter.stricter == "subset":
        asked = f"naming {'only' if len(parts) == 1 else 'nothing but'} {shown}"
    else:
        asked = f"set to {shown}"
    if parameter.optional:
        return f"{name} (if given) {asked}"
    default = _parts(parameter.default) if parameter.default is not None else parts
    if set(default) == set(parts):
        return f"{name} {asked}"
    return f"{name} {asked} (AWS Config's own default is {_and(default) or 'empty'})"


def _parts(value: ParameterValue | None) -> Sequence[str]:
    """The single values of a list, or of the comma-separated text by which Config spells one."""
    if isinstance(value, bool):
        return (str(value).lower(),)
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return tuple(part.strip() for part in str(value).split(",") if part.strip())


def _fail(thing: str, check: Check, judging: Sequence[CheckSource]) -> str:
    if len(judging) == 1 and judging[0].source == "inspector":
        values = check.parameter_values
        return (
            f"Fail each {thing} with a finding of {str(values['severity']).lower()} severity that "
            f"can be fixed and was open for more than {values['days']} days."
        )
    words = [_failing(source) for source in judging]
    differ = "; where they differ, the failure counts" if len(words) > 1 else ""
    return f"Fail each {thing} {_or(words)}{differ}."


def _failing(source: CheckSource) -> str:
    return {
        "aws_config": "that Config evaluates as NON_COMPLIANT",
        "security_hub": "that Security Hub reports as FAILED (suppressed findings included)",
        "custom": "that Systems Manager lists as NON_COMPLIANT",
    }.get(source.source, "for which the answer that the call gives is no")


def _thing(check: Check, *, with_type: bool = False) -> str:
    """What is judged, in words: 'bucket (AWS::S3::Bucket)'."""
    if check.resource_type == _ACCOUNT:
        return "account and region" if check.locality == "region" else "account"
    name = check.resource_type.rpartition("::")[2]
    words = _NAMED.get(name) or " ".join(map(_lowered, _WORD.findall(name)))
    return f"{words} ({check.resource_type})" if with_type else words


def _lowered(word: str) -> str:
    return _ACRONYMS.get(word) or (word if word.isupper() else word.lower())


def _and(words: Iterable[str]) -> str:
    return _joined(words, "and")


def _or(words: Iterable[str]) -> str:
    return _joined(words, "or")


def _joined(words: Iterable[str], last: str) -> str:
    *first, end = tuple(words) or ("",)
    return f"{', '.join(first)} {last} {end}" if first else end
