"""How small pages are drawn: templates, what they call, and the style sheet inside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from include.reports.model import percent_text, source_name, words
from include.reports.visible import visible
from include.reports.wording import number as number
from include.reports.wording import plain_time

_HERE = Path(__file__).parent


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader([_HERE, *(_HERE.parent / name for name in _FOLDERS)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "percent": percent_text,
        "words": words,
        "source": source_name,
        "number": number,
        "points": points,
        "signed": signed,
        "moment": moment,
        "visible": visible,
        "day": lambda at: moment(at)[:10],
    }
    made.globals |= {
        "style": Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        "sparkline": sparkline,
    }
    return made


#: The folders of faces whose templates are drawn by this module.
_FOLDERS = ("comparison", "portfolio")


def write_page(template: str, path: Path, values: Mapping[str, Any]) -> Path:
    """Draw a template into ``path``. Everything in ``values`` is escaped; equal ones, equal bytes.

    An undefined name is an error, never an empty place.
    """
    text = _environment().get_template(template).render(values)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def signed(value: float | None) -> str:
    """A difference of counts with its sign (a minus, not a hyphen), ``=`` for none."""
    return _minus("-" if value is None else "=" if not value else f"{value:+,}")


def points(value: float | None) -> str:
    """A difference of percentages, in points."""
    return _minus("-" if value is None else "=" if not value else f"{value:+.2f}")


def _minus(text: str) -> str:
    return text if text == "-" else text.replace("-", "\u2212")


def moment(at: str) -> str:
    """An ISO time (UTC) to the second, without its marks; a dash for none."""
    return plain_time(at) or "-"


def sparkline(values: Sequence[float | None], width: int = 96, height: int = 26) -> Markup:
    """A line over percentages, the last one marked; '' for fewer than two that are known.

    The figures stand beside it in words: the picture is left out for those who can't see it.
    """
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return Markup("")
    low, high = (f(value for _, value in known) for f in (min, max))
    # At least ten points high, so that a tenth of a point is not drawn as a cliff.
    middle, span = (low + high) / 2, max(high - low, 10.0)
    places = [
        (
            4 + n * (width - 8) / (len(values) - 1),
            height / 2 - (value - middle) / span * (height - 8),
        )
        for n, value in known
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return Markup(  # numbers only
        f'<svg class="spark" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'aria-hidden="true"><polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        "</svg>"
    )
