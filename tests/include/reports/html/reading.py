"""Reads a page without running it: its text, elements and the data inside it."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_VOID = {"meta", "link", "input", "br", "wbr", "img", "rect", "circle", "line", "path", "polyline"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    parent: Element | None = None
    parts: list[str | Element] = field(default_factory=list)

    def text(self) -> str:
        if self.tag in ("script", "style"):
            return ""
        return "".join(p if isinstance(p, str) else p.text() for p in self.parts)

    def raw(self) -> str:
        return "".join(p for p in self.parts if isinstance(p, str))

    def all(self, tag: str = "", **wanted: str) -> list[Element]:
        """Every element below, in the page's order; ``class_`` stands for class."""
        out = []
        for part in self.parts:
            if isinstance(part, Element):
                named = not tag or part.tag == tag
                fits = all(
                    value in (part.attributes.get(key.rstrip("_")) or "").split()
                    for key, value in wanted.items()
                )
                out += [part] * (named and fits)
                out += part.all(tag, **wanted)
        return out

    def one(self, tag: str = "", **wanted: str) -> Element:
        found = self.all(tag, **wanted)
        assert found, (tag, wanted)
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, dict(attrs), self.at)
        self.at.parts.append(made)
        if tag not in _VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.parts.append(Element(tag, dict(attrs), self.at))

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.parts.append(data)


def read(path: Path) -> Element:
    """The page's elements. Fails where one isn't closed in its place."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root


def data(page: Element, name: str) -> Any:
    """The data element of that name."""
    element = page.one("script", id=f"data-{name}")
    text = element.raw()
    if element.attributes.get("data-encoding") == "gzip":
        text = gzip.decompress(base64.b64decode(text)).decode()
    return json.loads(text)


def rows(table: Any) -> list[dict[str, Any]]:
    """A data element's rows, decoded."""
    out: list[dict[str, Any]] = [{} for _ in range(table["rows"])]
    for column in table["columns"]:
        for n, made in enumerate(out):
            if column["kind"] == "id":
                made[column["key"]] = column["ids"][32 * n : 32 * n + 32]
            else:
                made[column["key"]] = column["words"][column["codes"][n]]
    return out
