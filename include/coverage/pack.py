"""Conformance packs: what a framework wants of AWS Config, as templates that AWS takes.

Form and limits: AWS Config developer guide, "Creating Templates for Custom Conformance Packs" and
"Service Limits for AWS Config"; API reference of PutConformancePack and PutConfigRule.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from include.assessment.answers import cell_regions
from include.checks.check import Check
from include.coverage.coverage import Coverage
from include.coverage.rules import NoRule, Rule, rule_of

#: Most rules that one pack may hold, and most bytes that PutConformancePack takes as TemplateBody
#: (from S3 it takes 300 KB; what fits here fits there, too).
MOST_RULES, MOST_BYTES = 130, 51_200
#: Most rules that an account may have in a region.
MOST_IN_REGION = 1_000
#: Config adds "-conformance-pack-" and an id to a rule's name, which may have 128 letters.
LONGEST_NAME = 128 - len("-conformance-pack-123456789")
_LONGEST_VALUES = 48


@dataclass(frozen=True)
class Wanted:
    """A rule, the checks that want it, and the regions in which it is to be deployed."""

    rule: Rule
    checks: tuple[str, ...]
    regions: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name: AWS's, with the values that tell several deployments of it apart."""
        name = self.rule.managed.name
        values = "-".join(f"{n}-{v}" for n, v in self.rule.inputs)
        slug = re.sub(r"[^a-z0-9]+", "-", values.lower()).strip("-")
        if len(slug) > _LONGEST_VALUES or len(name) + len(slug) >= LONGEST_NAME:
            slug = hashlib.sha256(values.encode()).hexdigest()[:10]
        return f"{name}-{slug}" if slug else name

    @property
    def logical_id(self) -> str:
        """Its name within a template: letters and digits."""
        return "".join(
            part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", self.name)
        )

    def parameters(self) -> dict[str, tuple[str, str]]:
        """What the organisation decides: pack parameter -> (the rule's parameter, its default)."""
        return {
            f"{self.logical_id}{name[:1].upper()}{name[1:]}": (name, default)
            for name, default in self.rule.left_open
        }

    def resource(self) -> dict[str, Any]:
        """The rule as a template's resource."""
        managed = self.rule.managed
        given: dict[str, Any] = dict(self.rule.inputs)
        given |= {name: {"Ref": pack} for pack, (name, _) in self.parameters().items()}
        properties: dict[str, Any] = {"ConfigRuleName": self.name}
        if given:
            properties["InputParameters"] = dict(sorted(given.items()))
        if managed.trigger == "periodic":
            properties["MaximumExecutionFrequency"] = "TwentyFour_Hours"
        elif managed.trigger and managed.resource_types:
            properties["Scope"] = {"ComplianceResourceTypes": list(managed.resource_types)}
        properties["Source"] = {"Owner": "AWS", "SourceIdentifier": managed.identifier}
        return {"Type": "AWS::Config::ConfigRule", "Properties": properties}


@dataclass(frozen=True)
class Pack:
    """One template; to be deployed in ``regions`` of every account of the scope."""

    rules: tuple[Wanted, ...]
    regions: tuple[str, ...]
    body: str

    @property
    def bytes(self) -> int:
        """Its size as PutConformancePack counts it."""
        return len(self.body.encode())

    @property
    def undecided(self) -> dict[str, str]:
        """Parameters without a default, that have to be given: name -> rule and parameter."""
        return {
            pack: f"{wanted.name}: {name}"
            for wanted in self.rules
            for pack, (name, default) in wanted.parameters().items()
            if not default
        }


@dataclass(frozen=True)
class Packs:
    """The templates, and what is not in them: rule -> why.

    ``answered``: rules whose checks another source answers. ``shown``: rules that are missing, but
    whose checks the frameworks only show.
    """

    packs: tuple[Pack, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    answered: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()


def all_rules(coverage: Coverage) -> Packs:
    """Everything that the frameworks map to AWS Config, wherever it belongs."""
    wanted: dict[Rule, tuple[list[str], set[str]]] = defaultdict(lambda: ([], set()))
    left_out: dict[str, str] = {}
    for check in _judging(coverage):
        rule = rule_of(check)
        if isinstance(rule, NoRule):
            left_out[rule.keyword] = rule.why
        elif rule is not None:
            checks, regions = wanted[rule]
            checks.append(check.id)
            regions |= _where(check, coverage)
    return _packs(wanted, left_out)


def missing_rules(coverage: Coverage) -> Packs:
    """The rules without which some check that decides stays open; not those whose checks others
    answer."""
    wanted: dict[Rule, tuple[list[str], set[str]]] = defaultdict(lambda: ([], set()))
    left_out: dict[str, str] = {}
    answered: set[str] = set()
    shown: set[str] = set()
    for name, one in coverage.checks.items():
        rule = rule_of(one.check)
        if rule is None or not one.check.judges:
            continue
        ways = [
            (outcome, way, cells)
            for outcome, cells in one.outcomes.items()
            for way in outcome.ways
            if way.source == "aws_config"
        ]
        for outcome, way, cells in ways:
            if not any(kind == "rule" for kind, _ in way.needs or ()):
                if isinstance(rule, NoRule) and one.decides and not outcome.decided:
                    left_out[rule.keyword] = rule.why
                continue
            if outcome.decided:
                answered.add(str(rule))
            elif not one.decides:
                shown.add(str(rule))
            elif isinstance(rule, Rule):
                checks, regions = wanted[rule]
                if name not in checks:
                    checks.append(name)
                regions |= {way.region} if cells else set()
    written = {str(rule) for rule in wanted}
    return _packs(wanted, left_out, answered - written - shown, shown - written)


def _judging(coverage: Coverage) -> Iterable[Check]:
    return (one.check for one in coverage.checks.values() if one.check.judges)


def _where(check: Check, coverage: Coverage) -> set[str]:
    """Where a check's rule belongs: an account-wide question is asked in the home region."""
    scope = coverage.found.scope
    if check.locality == "account":
        return {scope.home_region}
    return {region for region, _ in cell_regions(check, scope.regions) if region in scope.regions}


def _packs(
    wanted: Mapping[Rule, tuple[Sequence[str], set[str]]],
    left_out: Mapping[str, str],
    answered: Iterable[str] = (),
    shown: Iterable[str] = (),
) -> Packs:
    """Group rules by where they belong (one region, or the regions that lack any of the others)
    and cut each group where AWS's limits are."""
    rules = [
        Wanted(rule, tuple(checks), tuple(sorted(regions)))
        for rule, (checks, regions) in wanted.items()
        if regions
    ]
    several = [one for one in rules if len(one.regions) > 1]
    groups: dict[tuple[str, ...], list[Wanted]] = defaultdict(list)
    union = tuple(sorted({region for one in several for region in one.regions}))
    for one in rules:
        groups[union if len(one.regions) > 1 else one.regions].append(one)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[0]), group[0]))
    packs = [
        Pack(tuple(part), regions, template(part, regions))
        for regions, group in ordered
        for part in _parts(sorted(group, key=lambda one: one.name), regions)
    ]
    return Packs(
        tuple(packs), dict(sorted(left_out.items())), tuple(sorted(answered)), tuple(sorted(shown))
    )


def _parts(rules: Sequence[Wanted], regions: Sequence[str]) -> Iterable[list[Wanted]]:
    part: list[Wanted] = []
    size = empty = len(template([], regions).encode()) - len(" {}")
    for one in rules:
        # Alone, it costs at least what it costs among others.
        added = len(template([one], regions).encode()) - empty
        if part and (len(part) == MOST_RULES or size + added > MOST_BYTES):
            yield part
            part, size = [], empty
        part.append(one)
        size += added
    if part:
        yield part


def template(rules: Sequence[Wanted], regions: Sequence[str]) -> str:
    """The template's YAML, with where to deploy it said above."""
    data: dict[str, Any] = {}
    parameters = {
        pack: {"Type": "String", **({"Default": default} if default else {})}
        for one in rules
        for pack, (_, default) in one.parameters().items()
    }
    if parameters:
        data["Parameters"] = dict(sorted(parameters.items()))
    data["Resources"] = {one.logical_id: one.resource() for one in rules}
    body = yaml.safe_dump(data, sort_keys=False, width=100)
    return f"# Deploy in: {', '.join(regions)}\n{body}"


def files_of(packs: Packs, name: str) -> dict[str, Pack]:
    """The templates by file name: ``name`` alone, or told apart by region and number."""
    stem, dot, suffix = name.rpartition(".")
    stem, ending = (stem, dot + suffix) if stem else (name, "")
    if len(packs.packs) == 1:
        return {name: packs.packs[0]}
    several = len({pack.regions for pack in packs.packs}) > 1
    found: dict[str, Pack] = {}
    for pack in packs.packs:
        where = f"-{pack.regions[0]}" if several and len(pack.regions) == 1 else ""
        number = sum(other.regions == pack.regions for other in found.values()) + 1
        alike = sum(other.regions == pack.regions for other in packs.packs)
        found[f"{stem}{where}{f'-{number}' if alike > 1 else ''}{ending}"] = pack
    return found
