"""Spreads the groups of checks that a control names into single mappings, each examined."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from include.checks.catalogue import Catalogue
from include.checks.check import Check, ParameterValue
from include.checks.located_yaml import LocatedError, LocatedYaml, Place
from include.errors import InputError, did_you_mean
from include.frameworks.crosswalks import load_crosswalks
from include.frameworks.schema import CheckMapping
from include.frameworks.written import MappingGroup

_KINDS = {"aws_config": "Config rule", "security_hub": "Security Hub control"}


@dataclass
class Spread:
    """The mappings of one control; what is wrong with them is gathered in ``problems``."""

    catalogue: Catalogue
    document: LocatedYaml
    control: str
    problems: list[InputError] = field(default_factory=list)
    #: Where each check is named, by its id.
    places: dict[str, Place] = field(default_factory=dict)

    def mappings(self, groups: Sequence[MappingGroup], place: Place) -> tuple[CheckMapping, ...]:
        """The single mappings of ``groups``, in the file's order."""
        found: dict[str, CheckMapping] = {}
        for g, group in enumerate(groups):
            at = (*place, g)
            self._require_basis(group, at)
            for check, where in self._checks(group, at):
                if check.id in found:
                    self._tell(where, f"names '{check.id}' twice", "Remove one of them.")
                    continue
                if group.role == "required" and not check.judges:
                    said = f"'{check.id}' only shows evidence and can't be required"
                    self._tell(where, said, "Make it shown.")
                self.places[check.id] = where
                found[check.id] = CheckMapping(
                    check=check.id,
                    role=group.role,
                    basis=group.basis,
                    by=group.by,
                    reason=group.reason,
                )
        return tuple(found.values())

    def _tell(self, place: Place, problem: str, hint: str = "") -> None:
        self.problems.append(self._wrong(place, problem, hint))

    def _wrong(self, place: Place, problem: str, hint: str = "") -> LocatedError:
        return self.document.error(place, f"control {self.control}: {problem}", hint=hint)

    def _checks(self, group: MappingGroup, place: Place) -> Iterator[tuple[Check, Place]]:
        """The group's checks, each with where it is named."""
        named: list[tuple[str, Place]] = []
        if group.check is not None:
            named.append((group.check, (*place, "check")))
        named += [(one, (*place, "checks", n)) for n, one in enumerate(group.checks or ())]
        known = [one for one in named if self._is_known(*one)]
        for source, keywords, key in (
            ("aws_config", group.config_rules or (), "config_rules"),
            ("security_hub", group.security_hub or (), "security_hub"),
        ):
            for n, keyword in enumerate(keywords):
                at = (*place, key, n)
                named.append((keyword, at))
                if check_id := self._answering(source, keyword, at):
                    known.append((check_id, at))
        if not named:
            self._tell(place, "a mapping names no check", "Add 'check' or 'checks'.")
        if group.parameters and len(named) > 1:
            at = (*place, "parameters")
            self._tell(at, "'parameters' belong to a single check", "Split the group.")
            return
        for check_id, at in known:
            check = self.catalogue[check_id]
            if group.parameters:
                changed = self._with_values(check, group.parameters, (*place, "parameters"))
                if changed is None:
                    continue
                check = changed
            yield check, at

    def _is_known(self, check_id: str, place: Place) -> bool:
        if "@" in check_id:
            said = f"'{check_id}' names values behind '@'"
            self._tell(place, said, "Name the check alone, and its values under 'parameters'.")
            return False
        if check_id not in self.catalogue:
            self._tell(
                place, f"there is no check '{check_id}'", self.catalogue.suggestion(check_id)
            )
            return False
        return True

    def _answering(self, source: str, keyword: str, place: Place) -> str:
        """The id of the one check that a keyword answers; '' where that isn't clear."""
        checks = self.catalogue.answered_by(source, keyword)
        if len(checks) == 1:
            return checks[0].id
        if checks:
            hint = f"Name one of them under 'checks': {', '.join(c.id for c in checks)}."
            self._tell(place, f"{keyword} answers several checks", hint)
            return ""
        known = {
            one
            for check in self.catalogue.values()
            for answering in check.sources
            if answering.source == source
            for one in answering.all_keywords
        }
        hint = did_you_mean(keyword, known)
        if not hint and keyword.startswith("Custom_"):
            hint = "A rule of your own needs a check of your own, in the folder 'checks'."
        self._tell(place, f"there is no {_KINDS[source]} '{keyword}'", hint)
        return ""

    def _with_values(
        self, check: Check, values: Mapping[str, ParameterValue], place: Place
    ) -> Check | None:
        """The check with the values that this control demands."""
        right = True
        for name, value in values.items():
            if name not in check.parameters:
                has = f"It has: {', '.join(check.parameters)}." if check.parameters else ""
                said = f"'{check.id}' has no parameter '{name}'"
                self._tell((*place, name), said, has or "It has none.")
                right = False
            elif not check.takes(name, value):
                own = check.parameters[name].value
                said = f"the parameter {name} of '{check.id}' can't be {_shown(value)}"
                self._tell((*place, name), said, f"Its own value is {_shown(own)}.")
                right = False
        return self.catalogue[check.variant_id(values)] if right else None

    def _require_basis(self, group: MappingGroup, place: Place) -> None:
        """Who says it has to be named and to fit the basis; what isn't AWS's word has a reason."""
        crosswalks = load_crosswalks()
        unknown = [(n, name) for n, name in enumerate(group.by) if name not in crosswalks]
        for n, name in unknown:
            hint = did_you_mean(name, crosswalks) or f"Known: {', '.join(crosswalks)}."
            self._tell((*place, "by", n), f"there is no crosswalk '{name}'", hint)
        if unknown:
            return
        stated = [crosswalks[name].stated for name in group.by]
        if group.basis == "aws_stated" and (not stated or not all(stated)):
            said = "'aws_stated' needs 'by', and only AWS's own"
            self._tell(place, said, "Or make it 'derived'.")
        elif group.basis == "derived" and not stated:
            said = "'derived' needs 'by': through which crosswalk"
            self._tell(place, said, f"Known: {', '.join(crosswalks)}.")
        elif group.basis == "judgement" and stated:
            self._tell(place, "'judgement' is our own and has no 'by'", "Make it 'derived'.")
        elif not group.reason and (group.basis != "aws_stated" or group.role != "required"):
            named = group.checks or group.config_rules or group.security_hub or ("",)
            what = group.check or named[0]
            said = f"'{what}' is {group.basis} and {group.role}, and gives no reason"
            self._tell(place, said, "Say in 'reason' why it fits, or why it can't decide.")


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
