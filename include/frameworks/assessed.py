"""Which frameworks a deployment assesses, by their headers, and what is wrong with the others."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from include.errors import InputError
from include.frameworks.header import FrameworkHeader
from include.frameworks.loader import readable_frameworks

if TYPE_CHECKING:
    from include.settings import Settings


def assessed_frameworks(settings: Settings) -> tuple[list[FrameworkHeader], list[InputError]]:
    """The headers of the frameworks that are enabled (none named: all there are), and problems.

    A file that can't be read, stands there twice or isn't there at all is a problem of its own
    and keeps none of the others from being assessed.
    """
    own, enabled = settings.own_frameworks, settings.enabled_frameworks
    headers, broken = readable_frameworks((own,) if own else ())
    problems = [
        error
        for path, error in sorted(broken.items())
        # A folder that can't be read may have held anything.
        if not enabled or path == own or path.stem in enabled
    ]
    known = [header.id for header in headers]
    unreadable = {path.stem for path in broken}
    for name in dict.fromkeys([*enabled, *(one.id for one in settings.frameworks)]):
        if name not in known and name not in unreadable:
            near = difflib.get_close_matches(name, known, n=1)
            problems.append(
                InputError(
                    f"The settings name a framework '{name}', which does not exist.",
                    hint=f"Did you mean '{near[0]}'?" if near else "Take it out of the settings.",
                )
            )
    return [header for header in headers if not enabled or header.id in enabled], problems
