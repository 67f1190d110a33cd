"""A check: one question about one kind of resource, with its parameters, and who can answer it.

It may be asked with other values than its own (a standard that demands 12 characters where ours
demands 14): such a variant has an id of its own, ``password-policy-length@12``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import quote, unquote

from pydantic import Field

from include.checks.validation import Strict
from include.evidence.item import SourceName

#: How a source answers: it judged itself; a named function judges its configuration; activity
#: that must not (or must) have happened; severity and age; or it only shows and never judges.
Answers = Literal["verdict", "assertion", "events", "threshold", "evidence_only"]
#: ``account``: one region's answer suffices; ``region``: each region answers for itself; or the
#: name of the one region that answers.
Locality = Annotated[str, Field(pattern=r"^(account|region|[a-z]{2}(-[a-z]+)+-\d)$")]
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
#: Which direction asks more: a larger number, a smaller one, a larger set, a smaller set, or none
#: (must agree). ``any``: the organisation decides the value, and whatever it deployed counts.
Stricter = Literal["higher", "lower", "superset", "subset", "same", "any"]
ParameterValue = bool | int | float | str | tuple[int | str, ...]
Text = Annotated[str, Field(min_length=1, strict=True)]


class Parameter(Strict):
    """What a check asks for: ``value``, and in which direction a deployed rule asks more.

    ``default`` is what AWS Config uses where the rule is deployed without it; a parameter that is
    ``optional`` asks nothing where it isn't given.
    """

    value: ParameterValue | None = None
    stricter: Stricter
    default: ParameterValue | None = None
    optional: bool = False


class CheckSource(Strict):
    """One source that can answer a check.

    ``keyword`` is Audit Manager's: a Config rule identifier, a Security Hub control id,
    ``service_Operation``; ``keywords`` are CloudTrail event names (``@…`` are filters without
    one event name). ``uses`` names further API calls that an assertion looks at. ``expected`` says
    of activity whether it must not happen in the period, or must. ``retired``: AWS no longer
    offers the rule or control; where it still runs, it answers.
    """

    source: SourceName
    keyword: str = ""
    keywords: tuple[Text, ...] = ()
    answers: Answers
    expected: Literal["absent", "present"] = "absent"
    assertion: str = ""
    uses: tuple[Text, ...] = ()
    parameters: Mapping[str, ParameterValue] = Field(default_factory=dict)
    retired: bool = False

    @property
    def all_keywords(self) -> tuple[str, ...]:
        """``keyword`` or ``keywords``, as one tuple; calls in ``uses`` are not among them."""
        return (self.keyword,) if self.keyword else self.keywords

    @property
    def judges(self) -> bool:
        """Whether its answer can be PASS or FAIL."""
        return self.answers != "evidence_only"


class Check(Strict):
    """One question, with its parameters, about one kind of resource."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(@\S+)?$")]
    question: Text
    about: Text
    remedy: Text
    resource_type: Annotated[str, Field(pattern=r"^AWS::[A-Za-z0-9]*::[A-Za-z0-9]+$")]
    locality: Locality
    severity: Severity
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    sources: Annotated[tuple[CheckSource, ...], Field(min_length=1)]

    @cached_property
    def by_source(self) -> Mapping[str, CheckSource]:
        """The check's sources by their name (a source stands in a check once)."""
        return {source.source: source for source in self.sources}

    @property
    def judges(self) -> bool:
        """Whether any source can answer PASS or FAIL; otherwise the check only shows evidence."""
        return any(source.judges for source in self.sources)

    @property
    def parameter_values(self) -> dict[str, ParameterValue]:
        """Parameter values by name, as assertions take them."""
        return {
            name: parameter.value
            for name, parameter in self.parameters.items()
            if parameter.value is not None
        }

    def variant_id(self, values: Mapping[str, ParameterValue]) -> str:
        """The id of this check with other ``values``; its own where they are its own anyway."""
        changed = {
            name: _spelt(value, self.parameters[name].value)
            for name, value in sorted(values.items())
            if self.parameters[name].value != value
        }
        if not changed:
            return self.id
        if len(self.parameters) == 1:
            return f"{self.id}@{next(iter(changed.values()))}"
        return f"{self.id}@{';'.join(f'{name}={spelt}' for name, spelt in changed.items())}"

    def takes(self, name: str, value: ParameterValue) -> bool:
        """Whether the parameter ``name`` can have ``value``: is it of the kind its own is?"""
        own = self.parameters[name].value
        if own is None:
            return str(value).strip() != ""
        if isinstance(own, float) and isinstance(value, int) and not isinstance(value, bool):
            return True
        try:
            read = _read_value(_spelt(value, own), own)
        except ValueError:
            return False
        return type(read) is type(value) and read == value

    def with_values(self, values: Mapping[str, ParameterValue]) -> Check:
        """The same question with other values. A Security Hub control keeps what it asks.

        What the organisation was free to decide has to be just that value then.
        """
        parameters = {
            name: own.model_copy(
                update={
                    "value": values.get(name, own.value),
                    "stricter": "same"
                    if name in values and own.stricter == "any"
                    else own.stricter,
                }
            )
            for name, own in self.parameters.items()
        }
        sources = []
        for source in self.sources:
            given = {n: v for n, v in {**source.parameters, **values}.items() if n in parameters}
            if source.source == "security_hub":
                given = {n: self.parameter_values[n] for n in values if n in self.parameter_values}
            elif source.source != "aws_config":
                given = dict(source.parameters)
            sources.append(source.model_copy(update={"parameters": given}))
        changed = {
            "id": self.variant_id(values),
            "parameters": parameters,
            "sources": tuple(sources),
        }
        own = {name: getattr(self, name) for name in Check.model_fields}
        return Check(**{**own, **changed})


def _spelt(value: ParameterValue, like: ParameterValue | None) -> str:
    """A value as part of an id: no spaces, and none of the characters that part ids."""
    between = "+" if isinstance(like, tuple) else ","
    text = between.join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[\s;=%]", lambda found: quote(found[0]), text)


def _read_value(text: str, like: ParameterValue | None) -> ParameterValue:
    """The inverse of :func:`_spelt`, of the kind that the check's own value is."""
    text = unquote(text)
    if isinstance(like, bool):
        if text not in ("True", "False"):
            raise ValueError(text)
        return text == "True"
    if isinstance(like, tuple):
        whole = all(isinstance(one, int) for one in like)
        return tuple(int(part) if whole else part for part in text.split("+"))
    for kind in (int, float):
        if isinstance(like, kind):
            return kind(text)
    return text


def variant_of(check: Check, spelt: str) -> Check:
    """The variant whose id ends in ``@spelt``. Raises KeyError where there can be none."""
    values: dict[str, ParameterValue] = {}
    for part in spelt.split(";"):
        name, equals, text = part.partition("=")
        if not equals:
            name, text = next(iter(check.parameters), ""), part
        try:
            values[name] = _read_value(text, check.parameters[name].value)
        except ValueError:
            raise KeyError(f"{check.id}@{spelt}") from None
    return check.with_values(values)
