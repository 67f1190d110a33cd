"""The registers: decisions people made (exceptions, not applicable, acceptances, exclusions).

One YAML file per register, each entry with who owns it, who else approved it, and until when::

    version: 1
    exceptions:
    - id: EX-7
      check: imdsv2-required
      resource: arn:aws:ec2:eu-west-1:111111111111:instance/i-0abc
      reason: The appliance's vendor supports version 2 from its next release on.
      owner: platform@example.org
      approver: security@example.org
      from: 2026-09-01
      until: 2026-12-31

An entry is in force for a period when the period's last day lies within ``from`` … ``until``
(both days included). Others don't count, and are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError, model_validator

from include.assessment.period import Period
from include.checks.located_yaml import read_located
from include.checks.validation import Strict, first_error

Text = Annotated[str, Field(min_length=1, strict=True)]
State = Literal["in force", "expired", "not yet in force"]


class Entry(Strict):
    """What every decision has: a name, a reason, two different people, and an end."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: Text
    reason: Text
    owner: Text
    approver: Text
    start: Annotated[date, Field(alias="from")]
    until: date

    @model_validator(mode="after")
    def _agree(self) -> Entry:
        if self.approver.strip().casefold() == self.owner.strip().casefold():
            raise ValueError(f"{self.id}: the approver can't be the owner ({self.owner})")
        if self.until < self.start:
            raise ValueError(f"{self.id}: it ends ({self.until}) before it begins ({self.start})")
        return self

    def state(self, period: Period) -> State:
        """Whether it counts for a period: judged on the period's last day."""
        day = (period.end - timedelta(microseconds=1)).date()
        if self.until < day:
            return "expired"
        return "in force" if self.start <= day else "not yet in force"

    @property
    def what(self) -> str:
        """What it is about, in one line."""
        named = self.model_dump(exclude=set(Entry.model_fields), exclude_defaults=True)
        return ", ".join(f"{name} {value}" for name, value in named.items())


class Exception_(Entry):
    """Excuses failing resources: all fields that are given have to fit; one must be given."""

    control: str = ""
    check: str = ""
    resource: str = ""
    account: str = ""

    @model_validator(mode="after")
    def _names_something(self) -> Exception_:
        if not (self.control or self.check or self.resource):
            raise ValueError(f"{self.id}: name a control, a check or a resource")
        return self

    def covers(self, *, control: str, check: str, resource: str, account: str) -> bool:
        """Whether it excuses ``resource`` of ``account`` failing ``check`` under ``control``."""
        return all(
            wanted in ("", found)
            for wanted, found in (
                (self.control, control),
                (self.check, check),
                (self.resource, resource),
                (self.account, account),
            )
        )


class NotApplicable(Entry):
    """Takes one control out of the denominator."""

    control: Text


class Acceptance(Entry):
    """A named reviewer accepted, or rejected, manual evidence for one period.

    ``evidence`` is its id (ME-…), its file's SHA-256 or the item's evidence id; the evidence
    itself has to be among the snapshots. The owner provided it, the approver is the reviewer. Of
    several decisions on the same evidence the last in the file counts.
    """

    control: Text
    evidence: Text
    period: Text
    decision: Literal["accepted", "rejected"] = "accepted"


class Exclusion(Entry):
    """Cells that are deliberately not collected; '*' means any. Their controls stay open."""

    source: str = "*"
    account: str = "*"
    region: str = "*"

    def covers(self, source: str, account: str, region: str) -> bool:
        """Whether the cell of ``source`` in ``account`` and ``region`` is left out by decision."""
        return all(
            wanted in ("*", found)
            for wanted, found in (
                (self.source, source),
                (self.account, account),
                (self.region, region),
            )
        )


@dataclass(frozen=True)
class Registers:
    """All decisions, in force or not; ids are unique within a register."""

    exceptions: tuple[Exception_, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()

    def in_force(self, period: Period) -> Registers:
        """Only what counts for ``period``."""
        return Registers(
            _counting(self.exceptions, period),
            _counting(self.not_applicable, period),
            tuple(
                entry
                for entry in _counting(self.acceptances, period)
                if entry.period == period.label
            ),
            _counting(self.exclusions, period),
        )

    def every(self) -> list[tuple[str, Entry]]:
        """Each entry with its register's name, in the files' order."""
        return [(name, entry) for name in REGISTERS for entry in getattr(self, name)]


E = TypeVar("E", bound=Entry)

#: What an entry of each register is, by the register's name.
REGISTERS: dict[str, type[Entry]] = {
    "exceptions": Exception_,
    "not_applicable": NotApplicable,
    "acceptances": Acceptance,
    "exclusions": Exclusion,
}


def _counting(entries: Sequence[E], period: Period) -> tuple[E, ...]:
    return tuple(entry for entry in entries if entry.state(period) == "in force")


def load_registers(folder: Path) -> Registers:
    """Read ``exceptions.yaml``, ``not_applicable.yaml``, ``acceptances.yaml``, ``exclusions.yaml``.

    A file that isn't there is an empty register. Raises InputError with file and line.
    """
    found: dict[str, Any] = {}
    for name in REGISTERS:
        path = folder / f"{name}.yaml"
        found[name] = read_register(path, name) if path.exists() else ()
    return Registers(**found)


def read_register(path: Path, name: str, text: str | None = None) -> tuple[Entry, ...]:
    """One register's entries (from ``text``, where it is given instead of the file's).

    Raises InputError with file and line.
    """
    model = REGISTERS[name]
    document = read_located(path, text)
    data = document.data
    if not isinstance(data, dict) or set(data) - {"version", name} or data.get("version") != 1:
        raise document.error((), f"expected 'version: 1' and a list '{name}', nothing else")
    if not isinstance(data.get(name) or [], list):
        raise document.error((name,), "expected a list of entries")
    entries: list[Entry] = []
    for n, raw in enumerate(data.get(name) or []):
        try:
            entry = model.model_validate(raw)
        except ValidationError as error:
            raise first_error(document, error, (name, n)) from None
        if any(entry.id == other.id for other in entries):
            raise document.error((name, n, "id"), f"there are two entries '{entry.id}'")
        entries.append(entry)
    return tuple(entries)
