"""Puts the page together: templates, style, script and data in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from include.assessment.result import STATUSES
from include.reports.glossary import GLOSSARY
from include.reports.html import charts, tables
from include.reports.html.controls import blocks
from include.reports.html.embed import data_element
from include.reports.html.index import control_index
from include.reports.html.missing import missing
from include.reports.model import LIMITATIONS, ReportModel, percent_text, source_name, words
from include.reports.wording import listed, number, plain_time

_HERE = Path(__file__).parent
_STYLE = ("style.css", "print.css")
_SCRIPTS = ("data.js", "table.js", "filters.js", "page.js")
#: What HTML doesn't allow in text: controls other than tab and line feed, half surrogates,
#: non-characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TOP = 10


def write_html(model: ReportModel, path: Path, *, most_rows: int = tables.MOST_ROWS) -> Path:
    """Write the page; equal models give equal bytes.

    A table of more than ``most_rows`` rows is left out as a whole, and the page says so.
    """
    path.write_bytes(_NO_TEXT.sub("\ufffd", _page(model, most_rows)).encode())
    return path


def _page(model: ReportModel, most_rows: int) -> str:
    style, script = _joined(_STYLE), _joined(_SCRIPTS)
    found = {
        "failing": tables.failing(model, most_rows),
        "population": tables.population(model, most_rows),
        "evidence": tables.evidence(model, most_rows),
    }
    data = [data_element("controls", control_index(model))]
    data += [data_element(name, one.data) for name, one in found.items() if one.data is not None]
    a, metrics = model.assessment, model.metrics
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            model=model,
            a=a,
            metrics=metrics,
            context=model.context,
            blocks=blocks(model),
            missing=missing(model),
            tables=found,
            data=data,
            top=_TOP,
            most_rows=most_rows,
            trend=charts.trend(metrics.trend),
            segments=charts.segments,
            since_text=tables.since_text,
            statuses=STATUSES,
            severities=list(tables.SEVERITIES),
            sources=sorted({source for check in a.checks for source in check.sources}),
            limitations=LIMITATIONS,
            glossary=GLOSSARY,
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
        )
    )


def _joined(names: tuple[str, ...]) -> str:
    return "\n" + "\n".join((_HERE / name).read_text("utf-8") for name in names)


def _policy(style: str, script: str) -> str:
    """What the page may do: its own style and script, pictures inside it; nothing of a network.

    https://www.w3.org/TR/CSP3/#meta-element
    """
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        words=words,
        percent=percent_text,
        number=number,
        source=source_name,
        time=plain_time,
        name=name,
        listed=listed,
        signed=signed,
        set_anchor=set_anchor,
    )
    return made


def set_anchor(set_id: str) -> str:
    """The id of a control set's heading in the page; an id has no spaces."""
    return "set-" + re.sub(r"\s", "-", set_id)


def name(value: Any) -> Markup:
    """A text from outside: its direction is its own and doesn't reach what stands around it."""
    return Markup("<bdi>{}</bdi>").format(escape(value))


def signed(value: float | None) -> str:
    """A difference with its sign: ``+2.10``, ``\u22120.50``, ``\u00b10.00``; a dash for none."""
    if value is None:
        return "-"
    sign = "\u00b1" if value == 0 else "+" if value > 0 else "\u2212"
    return f"{sign}{abs(value):.2f}"
