"""Identifiers, properties and text as OSCAL demands them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

#: Namespace of our properties: what they mean stands in docs/reports.md.
NS = "urn:compliance-assessments:oscal"
#: All UUIDs are version 5 in this namespace: the same thing has the same one in every document.
_NAMESPACE = UUID("6f0f6f2e-6a5c-5c6e-9d53-0b8a4d6a7c11")

_NOT_IN_TOKEN = re.compile(r"[^A-Za-z0-9_.-]+")
_ENHANCEMENT = re.compile(r"\(([^()]*)\)")


def uuid_of(kind: str, *parts: str) -> str:
    """The UUID of one thing, by its kind and by what makes it that thing."""
    return str(uuid5(_NAMESPACE, "\x1f".join((kind, *parts))))


def line(text: str) -> str:
    """Text for a title or a value: one line, no white space around it; never empty."""
    return " ".join(text.split()) or "-"


def prop(name: str, value: object, *, of: str = "", remarks: str = "") -> dict[str, str]:
    """A property of our own; ``of`` tells several of one name apart (OSCAL's ``class``)."""
    made = {"name": name, "ns": NS, "value": line(str(value))}
    if of:
        made["class"] = token(of)
    if remarks:
        made["remarks"] = remarks
    return made


def label(value: str) -> dict[str, str]:
    """OSCAL's own property for an identifier as people write it."""
    return {"name": "label", "value": line(value)}


def yes(value: bool) -> str:
    """A truth value as OSCAL writes it."""
    return "true" if value else "false"


def present(**members: Any) -> dict[str, Any]:
    """Members with a value; OSCAL has no empty lists. ``related_risks`` becomes ``related-risks``.

    Iterators are kept: whoever passes one knows that it yields something.
    """
    return {
        name.rstrip("_").replace("_", "-"): value
        for name, value in members.items()
        if value not in (None, "", [], {})
    }


def token(text: str) -> str:
    """Text as an OSCAL token: begins with a letter or ``_``, without brackets and spaces."""
    made = _NOT_IN_TOKEN.sub("_", _ENHANCEMENT.sub(r".\1", text.strip()))
    return made if re.match(r"[A-Za-z_]", made) else f"c-{made}"


def control_ids(ids: Iterable[str], *, lower: bool = False) -> dict[str, str]:
    """An OSCAL control id for each of the publisher's; different ones stay different.

    ``AC-2(1)`` becomes ``AC-2.1``, or ``ac-2.1`` with ``lower``, as in NIST's own catalog; ``1.1``
    becomes ``c-1.1``.
    """
    out: dict[str, str] = {}
    taken: set[str] = set()
    for one in ids:
        made = token(one).lower() if lower else token(one)
        unique, n = made, 2
        while unique.casefold() in taken:
            unique, n = f"{made}_{n}", n + 1
        taken.add(unique.casefold())
        out[one] = unique
    return out
