"""The words of a control that is a check: where AWS's own list of rules is the framework."""

from __future__ import annotations

from collections.abc import Mapping

from include.checks.catalogue import Check, CheckSource

_ASKED: Mapping[str, str] = {
    "aws_config": "AWS Config's evaluations by the rule {keyword}",
    "security_hub": "Security Hub's findings of the control {keyword}",
    "api_calls": "the answer of {keyword}",
    "inspector": "Inspector's findings",
    "cloudtrail": "CloudTrail's events {keyword}",
    "license_manager": "what License Manager tells through {keyword}",
    "custom": "the records of {keyword}",
}
_ACCOUNT = "AWS::::Account"


def procedure_of(check: Check) -> tuple[str, ...]:
    """How a check is tested: what is obtained, what is inspected, what counts as failing."""
    where = {
        "account": "for every account in scope",
        "region": "for every account and region in scope",
    }.get(check.locality, f"for every account in scope, from {check.locality}")
    of_account = check.resource_type == _ACCOUNT
    thing = "account" if of_account else check.resource_type
    steps = [
        f"Obtain {' and '.join(_obtained(source) for source in check.sources)} {where}.",
        f"Inspect the result of each {thing} at the period's end, and that it was evaluated "
        f"within the period{_with_values(check)}.",
    ]
    if check.judges:
        steps.append(f'Fail each {thing} for which the answer to "{check.question}" is no.')
    else:
        steps.append("The evidence is shown; it decides nothing by itself.")
    return tuple(steps)


def _obtained(source: CheckSource) -> str:
    return _ASKED[source.source].format(keyword=", ".join(source.all_keywords))


def _with_values(check: Check) -> str:
    values = [
        f"{name} {_shown(parameter.value)}"
        for name, parameter in check.parameters.items()
        if parameter.value is not None
    ]
    return f", with {', '.join(values)} or stricter" if values else ""


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
