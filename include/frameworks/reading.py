"""Reads one framework file: references followed, groups of checks spread, everything checked.

All problems are found, not the first alone: whoever writes a framework wants the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from include.checks.catalogue import Catalogue
from include.checks.located_yaml import LocatedError, LocatedYaml, Place, read_located
from include.checks.validation import examined
from include.errors import InputError, did_you_mean
from include.frameworks.header import header_problems, load_header
from include.frameworks.of_check import procedure_of
from include.frameworks.schema import CheckMapping, Control, ControlSet, Framework, Head
from include.frameworks.spreading import Spread
from include.frameworks.written import MappingGroup, Selection, SetFile, WrittenControl

__all__ = ["Find", "read_framework"]

#: Finds another framework by its id, for references. Raises InputError.
Find = Callable[[str], Framework]
M = TypeVar("M", bound=BaseModel)
_TEXTS = ("title", "objective", "test_procedure")
_HEADER = frozenset(Head.model_fields)


def read_framework(
    path: Path, catalogue: Catalogue, find: Find, *, named: bool = True
) -> tuple[Framework | None, list[InputError]]:
    """The framework in ``path``, and what is wrong with it; None where that is anything.

    ``named``: the file has to bear the framework's id as its name.
    """
    wrong = header_problems(path, named=named)
    try:
        document = read_located(path)
        if not isinstance(document.data, dict):
            return None, wrong
    except InputError as error:
        # What can't be read at all is said once.
        return None, wrong if str(error) in map(str, wrong) else [*wrong, error]
    reader = _Reader(path, catalogue, find, wrong)
    sets = reader.sets(document)
    reader.require_unique()
    if not reader.problems:
        header = load_header(path, named=named)
        framework = Framework(
            **{name: getattr(header, name) for name in _HEADER}, control_sets=sets
        )
        framework._path = path
        framework._places, framework._origins = reader.places, reader.origins
        reader.require_sources(framework, document)
        if not reader.problems:
            return framework, []
    return None, sorted(reader.problems, key=_place_of)


def _place_of(error: InputError) -> tuple[str, int]:
    return (str(error.path), error.line) if isinstance(error, LocatedError) else ("", 0)


class _Told(InputError):
    """Something is wrong, and what it is stands among the problems already."""


@dataclass
class _Reader:
    path: Path
    catalogue: Catalogue
    find: Find
    problems: list[InputError]
    places: dict[tuple[str, str], tuple[LocatedYaml, Place]] = field(default_factory=dict)
    origins: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: (id, where) of every set and control, in the file's order
    _sets: list[tuple[str, LocatedYaml, Place]] = field(default_factory=list)
    _controls: list[tuple[str, LocatedYaml, Place]] = field(default_factory=list)
    _unusable: set[str] = field(default_factory=set)

    def sets(self, document: LocatedYaml) -> tuple[ControlSet, ...]:
        entries = document.data.get("control_sets")
        if not isinstance(entries, list) or not entries:
            said = "'control_sets' has to be a list of sets"
            self.problems.append(document.error(("control_sets",), said))
            return ()
        # Before 'control_sets', load_header sees it.
        behind = list(document.data)
        for name in behind[behind.index("control_sets") + 1 :]:
            if name not in _HEADER:
                self.problems.append(document.error((name,), f"unknown field '{name}'"))
        found: list[ControlSet] = []
        for n, entry in enumerate(entries):
            try:
                found += self._entry(document, entry, ("control_sets", n))
            except InputError as error:
                self._tell(error)
        return tuple(found)

    def require_unique(self) -> None:
        for what, entries in (("control set", self._sets), ("control", self._controls)):
            seen: dict[str, tuple[LocatedYaml, Place]] = {}
            for name, document, place in entries:
                if name not in seen:
                    seen[name] = (document, place)
                    continue
                first, at = seen[name]
                beside = "" if first.path == document.path else f" of {first.path}"
                said = f"the {what} '{name}' stands in line {first.line(at)}{beside} already"
                hint = "Each stands in a framework once."
                self.problems.append(document.error(place, said, hint=hint))

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

    def _tell(self, error: InputError) -> None:
        if not isinstance(error, _Told):
            self.problems.append(error)

    def _valid(self, model: type[M], document: LocatedYaml, data: Any, place: Place) -> M:
        found, problems = examined(model, document, data, place)
        if found is None:
            self.problems += problems
            raise _Told("")
        return found

    def _entry(self, document: LocatedYaml, entry: Any, place: Place) -> Sequence[ControlSet]:
        if isinstance(entry, dict) and "select" in entry:
            return list(self._selected(document, entry, place))
        if isinstance(entry, dict) and "file" in entry:
            named = self._valid(SetFile, document, entry, place)
            beside = self.path.parent / named.file
            if not beside.is_file():
                raise document.error((*place, "file"), f"there is no file {beside}")
            part = read_located(beside)
            return [self._set(part, part.data, ())]
        return [self._set(document, entry, place)]

    def _selected(self, document: LocatedYaml, entry: Any, place: Place) -> Iterator[ControlSet]:
        selection = self._valid(Selection, document, entry, place)
        other = self._other(selection.select, document, (*place, "select"))
        known = {control.id: control for control in other.controls()}
        where: dict[str, Place] = dict.fromkeys(known, (*place, "select"))
        for key, names in (("controls", selection.controls), ("without", selection.without)):
            for n, name in enumerate(names or ()):
                at = (*place, key, n)
                if name not in known:
                    said = f"{other.id} has no control '{name}'"
                    hint = did_you_mean(name, known) or f"See ./audit frameworks show {other.id}"
                    self.problems.append(document.error(at, said, hint=hint))
                elif key == "controls":
                    where[name] = at
                    self._controls.append((name, document, at))
        wanted = [name for name in selection.controls or known if name in known]
        taken = {name: known[name] for name in wanted if name not in (selection.without or ())}
        if wanted and not taken:
            raise document.error(place, f"nothing of {other.id} is selected")
        for name in taken:
            if selection.controls is None:
                self._controls.append((name, document, where[name]))
            self._came_from(name, other, name, document, where[name])
        for n, written in enumerate(selection.changed):
            at = (*place, "changed", n)
            try:
                if written.id not in taken or written.use or written.of_check:
                    said = f"'changed' needs the id of a control of {other.id} that is selected"
                    hint = "" if written.id is None else did_you_mean(written.id, taken)
                    raise document.error(at, said, hint=hint)
                taken[written.id] = self._completed(written, dict(taken[written.id]), document, at)
            except InputError as error:
                self._tell(error)
        for part in other.control_sets:
            controls = tuple(taken[c.id] for c in part.controls if c.id in taken)
            if controls:
                self._sets.append((part.id, document, (*place, "select")))
                yield part.model_copy(update={"controls": controls, "withdrawn": ()})

    def _set(self, document: LocatedYaml, entry: Any, place: Place) -> ControlSet:
        if not isinstance(entry, dict):
            raise document.error(place, "expected 'field: value' lines here")
        written = entry.get("controls")
        if not isinstance(written, list) or not (written or entry.get("withdrawn")):
            raise document.error((*place, "controls"), "a control set needs a list of 'controls'")
        controls = []
        for n, one in enumerate(written):
            at = (*place, "controls", n)
            try:
                controls.append(self._control(document, one, at))
            except InputError as error:
                self._tell(error)
        shell = self._valid(ControlSet, document, {**entry, "controls": ()}, place)
        self._sets.append((shell.id, document, (*place, "id")))
        for n, gone in enumerate(shell.withdrawn):
            self._controls.append((gone.id, document, (*place, "withdrawn", n)))
        return shell.model_copy(update={"controls": tuple(controls)})

    def _control(self, document: LocatedYaml, data: Any, place: Place) -> Control:
        own_id = data.get("id") if isinstance(data, dict) else None
        if isinstance(own_id, str):
            self._controls.append((own_id, document, (*place, "id")))
        written = self._valid(WrittenControl, document, data, place)
        for name in ("role", "basis", "by", "reason", "parameters"):
            if name in written.model_fields_set and not written.of_check:
                said = f"'{name}' is said of a mapping, or of a control with 'of_check'"
                raise document.error((*place, name), said, hint="Write it under 'checks'.")
        if written.use and written.of_check:
            said = "a control can't be another's ('use') and a check ('of_check') at once"
            raise document.error((*place, "of_check"), said, hint="Remove one of them.")
        fields: dict[str, Any] = {}
        if written.use:
            name, _, control_id = written.use.partition("/")
            other = self._other(name, document, (*place, "use"))
            try:
                used = other.control(control_id)
            except KeyError:
                said = f"{name} has no control '{control_id}'"
                hint = did_you_mean(control_id, [control.id for control in other.controls()])
                raise document.error((*place, "use"), said, hint=hint) from None
            fields = dict(used)
            self._came_from(written.id or used.id, other, used.id, document, (*place, "use"))
        elif written.of_check:
            fields = self._as_check(written, document, place)
        control = self._completed(written, fields, document, place)
        if own_id is None:
            self._controls.append((control.id, document, place))
        return control

    def _completed(
        self,
        written: WrittenControl,
        fields: dict[str, Any],
        document: LocatedYaml,
        place: Place,
    ) -> Control:
        """The control of ``fields``, with what is written here in their place."""
        given = written.model_fields_set
        for name in ("id", *_TEXTS, "level", "manual"):
            if name in given:
                fields[name] = getattr(written, name)
        lacking = [name for name in ("id", *_TEXTS) if not fields.get(name)]
        for name in lacking:
            empty = name in given
            said = f"'{name}' is empty" if empty else f"the field '{name}' is missing"
            at = (*place, name) if empty else place
            self.problems.append(document.error(at, said, hint="Fill it." if empty else "Add it."))
        if lacking:
            raise _Told("")
        name = str(fields["id"])
        self.places[name, ""] = (document, (*place, "id"))
        wrong = len(self.problems)
        if written.checks is not None:
            fields["checks"] = self._spread(name, written.checks, document, (*place, "checks"))
        if written.add_checks:
            at = (*place, "add_checks")
            if written.checks is not None or not fields.get("checks"):
                raise document.error(at, "there are no checks to add to", hint="Use 'checks'.")
            added = self._spread(name, written.add_checks, document, at)
            fields["checks"] = _laid_over(fields["checks"], added)
        if len(self.problems) > wrong:
            raise _Told("")
        control = Control(**fields)
        _require_decidable(control, document, place)
        return control

    def _spread(
        self, control: str, groups: Sequence[MappingGroup], document: LocatedYaml, place: Place
    ) -> tuple[CheckMapping, ...]:
        spread = Spread(self.catalogue, document, control)
        mappings = spread.mappings(groups, place)
        self.problems += spread.problems
        for check, at in spread.places.items():
            self.places[control, check] = (document, at)
        return mappings

    def _came_from(
        self, control: str, other: Framework, used: str, document: LocatedYaml, place: Place
    ) -> None:
        self.places[control, ""] = (document, place)
        self.origins[control] = (f"{other.id}/{used}", *other.origins(used))

    def _other(self, name: str, document: LocatedYaml, place: Place) -> Framework:
        if name in self._unusable:
            raise _Told("")
        try:
            return self.find(name)
        except InputError as error:
            self._unusable.add(name)
            raise document.error(
                place, f"the framework '{name}' can't be used: {error.message}", hint=error.hint
            ) from None

    def _as_check(
        self, written: WrittenControl, document: LocatedYaml, place: Place
    ) -> dict[str, Any]:
        group = MappingGroup(
            check=written.of_check,
            role=written.role,
            basis=written.basis or "judgement",
            by=written.by,
            reason=written.reason,
            parameters=written.parameters,
        )
        spread = Spread(self.catalogue, document, written.id or written.of_check or "")
        mappings = spread.mappings((group,), (*place, "of_check"))
        self.problems += spread.problems
        if spread.problems:
            raise _Told("")
        check = self.catalogue[mappings[0].check]
        return {
            "id": written.of_check,
            "title": check.question,
            "objective": check.about,
            "test_procedure": procedure_of(check),
            "checks": mappings,
        }


def _laid_over(
    own: Sequence[CheckMapping], added: Sequence[CheckMapping]
) -> tuple[CheckMapping, ...]:
    """Both; where they name the same check, with whatever values, what is added counts."""
    replaced = {mapping.check.partition("@")[0] for mapping in added}
    kept = [mapping for mapping in own if mapping.check.partition("@")[0] not in replaced]
    return (*kept, *added)


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
