"""JSON written piece by piece, in bytes that depend on the values alone.

Members come sorted by name. An :class:`Open` mapping has each of its members on a line of its own,
an iterator each of its elements; everything else is compact. So a report of half a million
findings is written in the memory of one of them, can be read with ``less`` and ``grep``, and two
of them can be compared line by line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

_STEP = "  "
#: Written at once, in characters.
_BUFFER = 1 << 16


class Open(dict[str, Any]):
    """A mapping that is spread over lines; only here may values be iterators, at any depth."""


def write_streamed(value: Any, path: Path) -> Path:
    """Write one JSON value as UTF-8 with a final line feed. Iterators in it are used up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n", buffering=_BUFFER) as file:
        _write(file, value, "\n")
        file.write("\n")
    return path


def plain(value: Any) -> Any:
    """The same value without iterators: dicts and lists only, as a reader gets it."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, Iterator)):
        return [plain(inner) for inner in value]
    return value


def _write(file: IO[str], value: Any, line: str) -> None:
    """``line`` is a line feed and the indentation in force."""
    if isinstance(value, Open):
        inner, first = line + _STEP, True
        file.write("{")
        for name in sorted(value):
            file.write(f"{'' if first else ','}{inner}{_compact(name)}: ")
            _write(file, value[name], inner)
            first = False
        file.write("}" if first else line + "}")
    elif isinstance(value, Iterator):
        inner, first = line + _STEP, True
        file.write("[")
        for element in value:
            file.write(inner if first else "," + inner)
            _write(file, element, inner)
            first = False
        file.write("]" if first else line + "]")
    else:
        file.write(_compact(value))


def _compact(value: Any) -> str:
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False)
