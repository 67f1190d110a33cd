"""What a table is: named columns, each of one type, the same in CSV, JSON Lines and XLSX."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

#: ``time`` is aware UTC, ``date`` a day; None stands for no value, '' for no text.
Type = Literal["text", "integer", "number", "boolean", "time", "date"]
Value: TypeAlias = str | int | float | bool | datetime | date | None


@dataclass(frozen=True)
class Column:
    """One column. ``width`` is about how many characters a reader needs to see of it."""

    name: str
    type: Type = "text"
    width: int = 16
    wrap: bool = False

    @property
    def heading(self) -> str:
        """The name as people read it; times say that they are UTC."""
        words = self.name.replace("_", " ")
        for short in ("id", "uri", "arn", "api"):
            words = " ".join(w.upper() if w == short else w for w in words.split(" "))
        words = words[:1].upper() + words[1:]
        return f"{words} (UTC)" if self.type == "time" else words


@dataclass(frozen=True)
class Table:
    """A table: ``name`` is its file's without ending, ``sheet`` its sheet's in the workbook.

    ``about`` says what one row is; ``source`` names the file that has all of it, where that is
    not its own CSV file.
    """

    name: str
    sheet: str
    about: str
    columns: tuple[Column, ...]
    source: str = ""

    @property
    def file(self) -> str:
        """The file of the package that has the table whole."""
        return self.source or f"{self.name}.csv"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)
