"""What the enabled frameworks ask for together, so that evidence collected once serves all."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.errors import InputError
from include.frameworks.loader import Frameworks, readable_frameworks
from include.frameworks.schema import Framework
from include.sources import SOURCES

log = logging.getLogger(__name__)


def enabled_frameworks(
    frameworks: Frameworks, names: Sequence[str] = (), *, own: Framework | None = None
) -> list[Framework]:
    """The frameworks of ``names`` (none: all there are) and ``own``, ordered by id.

    One that can't be read is left out, and said: it must not keep the others from running.
    """
    headers, broken = readable_frameworks(frameworks.directories)
    found = {own.id: own} if own else {}
    for error in broken.values():
        log.warning("%s", error)
    for header in headers:
        if header.id in found or (names and header.id not in names):
            continue
        try:
            found[header.id] = frameworks.load(header.id)
        except InputError as error:
            log.warning("%s", error)
    return [found[name] for name in sorted(found)]


def selections_of(
    frameworks: Frameworks, own: Framework, names: Sequence[str] = ()
) -> dict[str, Mapping[str, Any]]:
    """By source of ``own``, what all enabled frameworks ask it for."""
    catalogue = load_catalogue()
    needed: dict[str, Check] = {
        name: catalogue[name]
        for framework in enabled_frameworks(frameworks, names, own=own)
        for name in framework.checks_needed()
    }
    checks = [needed[name] for name in sorted(needed)]
    return {source: SOURCES[source].selection(checks) for source in own.sources}
