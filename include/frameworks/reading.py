"""Reads one framework file: references followed, groups of checks spread, everything checked.

All problems are found, not the first alone: whoever writes a framework wants the list.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.checks.catalogue import Catalogue, Check
from include.checks.located_yaml import LocatedYaml, Place, read_located
from include.checks.validation import validated
from include.digests import digest_of
from include.errors import InputError
from include.frameworks.crosswalks import load_crosswalks
from include.frameworks.header import load_header
from include.frameworks.of_check import procedure_of
from include.frameworks.schema import (
    CheckMapping,
    Control,
    ControlSet,
    Framework,
    Withdrawn,
)
from include.frameworks.written import MappingGroup, Selection, SetFile, WrittenControl

#: Finds another framework by its id, for references. Raises InputError.
Find = Callable[[str], Framework]
_TEXTS = ("title", "objective", "test_procedure")


def read_framework(
    path: Path, catalogue: Catalogue, find: Find
) -> tuple[Framework | None, list[InputError]]:
    """The framework in ``path``, and what is wrong with it; None where that is anything."""
    try:
        header = load_header(path)  # its errors are about the header alone, and say more
        document = read_located(path)
    except InputError as error:
        return None, [error]
    reader = _Reader(path, catalogue, find)
    sets = reader.sets(document)
    reader.require_unique()
    if not reader.problems:
        framework = Framework(
            **{name: getattr(header, name) for name in Framework.model_fields if name in _HEADER},
            control_sets=sets,
        )
        framework._path = path
        framework._digest = digest_of(framework.model_dump(mode="json", exclude={"sources"}))
        reader.require_sources(framework, document)
        if not reader.problems:
            return framework, []
    return None, reader.problems


_HEADER = frozenset(
    {
        *("id", "title", "version", "publisher", "compliance_type", "description"),
        *("schedule", "judge", "sources", "tags"),
    }
)


@dataclass
class _Reader:
    path: Path
    catalogue: Catalogue
    find: Find
    problems: list[InputError] = field(default_factory=list)
    #: (id, where) of every set and control, in the file's order
    _sets: list[tuple[str, LocatedYaml, Place]] = field(default_factory=list)
    _controls: list[tuple[str, LocatedYaml, Place]] = field(default_factory=list)

    def sets(self, document: LocatedYaml) -> tuple[ControlSet, ...]:
        data = document.data
        for name in data:
            if name not in _HEADER and name != "control_sets":
                self.problems.append(document.error((name,), f"unknown field '{name}'"))
        entries = data.get("control_sets")
        if not isinstance(entries, list) or not entries:
            self.problems.append(
                document.error(("control_sets",), "'control_sets' has to be a list of sets")
            )
            return ()
        found: list[ControlSet] = []
        for n, entry in enumerate(entries):
            try:
                found += self._entry(document, entry, ("control_sets", n))
            except InputError as error:
                self.problems.append(error)
        return tuple(found)

    def _entry(self, document: LocatedYaml, entry: Any, place: Place) -> Iterable[ControlSet]:
        if isinstance(entry, dict) and "select" in entry:
            return self._selected(document, entry, place)
        if isinstance(entry, dict) and "file" in entry:
            named = validated(SetFile, document, entry, place)
            beside = self.path.parent / named.file
            if not beside.is_file():
                raise document.error((*place, "file"), f"there is no file {beside}")
            part = read_located(beside)
            return [self._set(part, part.data, ())]
        return [self._set(document, entry, place)]

    def _selected(self, document: LocatedYaml, entry: Any, place: Place) -> Iterator[ControlSet]:
        selection = validated(Selection, document, entry, place)
        other = self._other(selection.select, document, (*place, "select"))
        wanted = set(selection.controls)
        known = {control.id for control in other.controls()}
        for n, name in enumerate(selection.controls):
            if name not in known:
                self.problems.append(
                    document.error(
                        (*place, "controls", n),
                        f"{other.id} has no control '{name}'",
                        hint=_near(name, known),
                    )
                )
            self._controls.append((name, document, (*place, "controls", n)))
        for part in other.control_sets:
            controls = tuple(control for control in part.controls if control.id in wanted)
            if controls:
                self._sets.append((part.id, document, place))
                yield part.model_copy(update={"controls": controls, "withdrawn": ()})

    def _set(self, document: LocatedYaml, entry: Any, place: Place) -> ControlSet:
        if not isinstance(entry, dict):
            raise document.error(place, "expected 'field: value' lines here")
        written = entry.get("controls")
        if not isinstance(written, list) or not (written or entry.get("withdrawn")):
            raise document.error((*place, "controls"), "a control set needs a list of 'controls'")
        shell = validated(ControlSet, document, {**entry, "controls": ()}, place)
        self._sets.append((shell.id, document, (*place, "id")))
        controls = []
        for n, one in enumerate(written):
            at = (*place, "controls", n)
            try:
                controls.append(self._control(document, one, at))
            except InputError as error:
                self.problems.append(error)
        for n, gone in enumerate(shell.withdrawn):
            self._controls.append((gone.id, document, (*place, "withdrawn", n)))
        return shell.model_copy(update={"controls": tuple(controls)})

    def _control(self, document: LocatedYaml, data: Any, place: Place) -> Control:
        written = validated(WrittenControl, document, data, place)
        given = written.model_fields_set
        fields: dict[str, Any] = {}
        if written.use:
            fields = dict(self._used(written.use, document, (*place, "use")))
        if written.of_check:
            fields = self._as_check(written, document, place)
        for name in ("id", *_TEXTS, "level", "manual"):
            if name in given:
                fields[name] = getattr(written, name)
        for name in ("id", *_TEXTS):
            if not fields.get(name):
                if name in given:
                    raise document.error((*place, name), f"'{name}' is empty", hint="Fill it.")
                raise document.error(place, f"the field '{name}' is missing", hint="Add it.")
        self._controls.append((fields["id"], document, (*place, "id")))
        if written.checks is not None:
            spread = _Spread(self.catalogue, document, str(fields["id"]))
            fields["checks"] = spread.mappings(written.checks, (*place, "checks"))
            self.problems += spread.problems
            if spread.problems:
                return Control(**fields)
        control = Control(**fields)
        _require_decidable(control, document, place)
        return control

    def _used(
        self, reference: str, document: LocatedYaml, place: Place
    ) -> Iterator[tuple[str, Any]]:
        name, _, control_id = reference.partition("/")
        other = self._other(name, document, place)
        try:
            return iter(other.control(control_id))
        except KeyError:
            raise document.error(
                place,
                f"{name} has no control '{control_id}'",
                hint=_near(control_id, [control.id for control in other.controls()]),
            ) from None

    def _other(self, name: str, document: LocatedYaml, place: Place) -> Framework:
        try:
            return self.find(name)
        except InputError as error:
            raise document.error(
                place, f"the framework '{name}' can't be used: {error.message}", hint=error.hint
            ) from None

    def _as_check(
        self, written: WrittenControl, document: LocatedYaml, place: Place
    ) -> dict[str, Any]:
        check = _known(self.catalogue, written.of_check or "", document, (*place, "of_check"))
        group = MappingGroup(
            check=check.id,
            role=written.role,
            basis=written.basis or "judgement",
            by=written.by,
            reason=written.reason,
        )
        spread = _Spread(self.catalogue, document, written.id or check.id)
        mappings = spread.mappings((group,), place)
        self.problems += spread.problems
        return {
            "id": check.id,
            "title": check.question,
            "objective": check.about,
            "test_procedure": procedure_of(check),
            "checks": mappings,
        }

    def require_unique(self) -> None:
        for what, entries in (("control set", self._sets), ("control", self._controls)):
            seen: dict[str, int] = {}
            for name, document, place in entries:
                line = document.line(place)
                if name in seen:
                    self.problems.append(
                        document.error(
                            place,
                            f"the {what} '{name}' stands in line {seen[name]} already",
                            hint="Each stands in a framework once.",
                        )
                    )
                seen.setdefault(name, line)

    def require_sources(self, framework: Framework, document: LocatedYaml) -> None:
        """The header repeats which sources the controls use, so that a DAG can be made of it."""
        needed = framework.sources_needed(self.catalogue)
        if set(framework.sources) != set(needed):
            self.problems.append(
                document.error(
                    ("sources",),
                    f"'sources' is {', '.join(framework.sources)}, but the controls use "
                    f"{', '.join(needed) or 'none'}",
                    hint=f"Write sources: [{', '.join(needed)}].",
                )
            )


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def _known(catalogue: Catalogue, check_id: str, document: LocatedYaml, place: Place) -> Check:
    if check_id not in catalogue:
        raise document.error(
            place, f"there is no check '{check_id}'", hint=catalogue.suggestion(check_id)
        )
    return catalogue[check_id]


def _require_decidable(control: Control, document: LocatedYaml, place: Place) -> None:
    """A control needs something that can decide it, or words on what people have to provide."""
    if control.manual is None and not control.required:
        what = "only supporting checks" if control.checks else "neither checks"
        joint = "and no" if control.checks else "nor"
        raise document.error(
            place,
            f"control {control.id} has {what} {joint} manual evidence, so nothing can decide it",
            hint="Add a required check, or 'manual' with what to provide.",
        )


@dataclass
class _Spread:
    """Spreads the groups of one control into single mappings."""

    catalogue: Catalogue
    document: LocatedYaml
    control: str
    problems: list[InputError] = field(default_factory=list)

    def mappings(self, groups: Sequence[MappingGroup], place: Place) -> tuple[CheckMapping, ...]:
        found: dict[str, CheckMapping] = {}
        for g, group in enumerate(groups):
            at = (*place, g)
            try:
                _require_basis(group, self.document, at, f"control {self.control}: ")
                for check, where in self._checks(group, at):
                    if check.id in found:
                        raise self._wrong(where, f"names '{check.id}' twice")
                    if group.role == "required" and not check.judges:
                        raise self._wrong(
                            where,
                            f"'{check.id}' only shows evidence and can't be required",
                            "Make it supporting.",
                        )
                    found[check.id] = CheckMapping(
                        check=check.id,
                        role=group.role,
                        basis=group.basis,
                        by=group.by,
                        reason=group.reason,
                    )
            except InputError as error:
                self.problems.append(error)
        return tuple(found.values())

    def _wrong(self, place: Place, problem: str, hint: str = "") -> InputError:
        return self.document.error(place, f"control {self.control}: {problem}", hint=hint)

    def _checks(self, group: MappingGroup, place: Place) -> Iterator[tuple[Check, Place]]:
        """The group's checks, each with where it is named."""
        named: list[tuple[str, Place]] = (
            [] if group.check is None else [(group.check, (*place, "check"))]
        )
        named += [(one, (*place, "checks", n)) for n, one in enumerate(group.checks or ())]
        for source, keywords, key in (
            ("aws_config", group.config_rules or (), "config_rules"),
            ("security_hub", group.security_hub or (), "security_hub"),
        ):
            for n, keyword in enumerate(keywords):
                at = (*place, key, n)
                named.append((self._answering(source, keyword, at), at))
        if not named:
            raise self._wrong(place, "a mapping names no check", "Add 'check' or 'checks'.")
        if group.parameters and len(named) != 1:
            raise self._wrong(
                (*place, "parameters"), "'parameters' belong to a single check", "Split the group."
            )
        for check_id, at in named:
            if check_id not in self.catalogue:
                raise self._wrong(
                    at, f"there is no check '{check_id}'", self.catalogue.suggestion(check_id)
                )
            check = self.catalogue[check_id]
            yield self._with_values(check, group, place), at

    def _answering(self, source: str, keyword: str, place: Place) -> str:
        checks = self.catalogue.answered_by(source, keyword)
        if len(checks) == 1:
            return checks[0].id
        if checks:
            raise self._wrong(
                place,
                f"{keyword} answers several checks",
                f"Name one of them under 'checks': {', '.join(c.id for c in checks)}.",
            )
        known = {
            one
            for check in self.catalogue.values()
            for answering in check.sources
            if answering.source == source
            for one in answering.all_keywords
        }
        what = "Config rule" if source == "aws_config" else "Security Hub control"
        raise self._wrong(place, f"there is no {what} '{keyword}'", _near(keyword, known))

    def _with_values(self, check: Check, group: MappingGroup, place: Place) -> Check:
        if not group.parameters:
            return check
        for name in group.parameters:
            if name not in check.parameters:
                raise self._wrong(
                    (*place, "parameters", name),
                    f"'{check.id}' has no parameter '{name}'",
                    f"It has: {', '.join(check.parameters) or 'none'}.",
                )
        return self.catalogue[check.variant_id(group.parameters)]


def _require_basis(group: MappingGroup, document: LocatedYaml, place: Place, named: str) -> None:
    """Who says it has to be named and to fit the basis, and what isn't AWS's word has a reason."""
    crosswalks = load_crosswalks()
    for n, name in enumerate(group.by):
        if name not in crosswalks:
            raise document.error(
                (*place, "by", n),
                f"{named}there is no crosswalk '{name}'",
                hint=_near(name, crosswalks) or f"Known: {', '.join(crosswalks)}.",
            )
    stated = [crosswalks[name].stated for name in group.by]
    wrong, hint = "", ""
    if group.basis == "aws_stated" and (not stated or not all(stated)):
        wrong, hint = "'aws_stated' needs 'by', and only AWS's own", "Or make it 'derived'."
    elif group.basis == "derived" and not stated:
        wrong, hint = "'derived' needs 'by': through which crosswalk", "See crosswalks.yaml."
    elif group.basis == "judgement" and stated:
        wrong, hint = "'judgement' is our own and has no 'by'", "Make it 'derived'."
    elif not group.reason and (group.basis != "aws_stated" or group.role == "supporting"):
        what = group.check or (group.checks or group.config_rules or group.security_hub or ("",))[0]
        wrong = f"'{what}' is {group.basis} and {group.role}, and gives no reason"
        hint = "Say in 'reason' why it fits, or why it can't decide."
    if wrong:
        raise document.error(place, f"{named}{wrong}", hint=hint)


__all__ = ["Find", "Withdrawn", "read_framework"]
