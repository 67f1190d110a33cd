"""Our frameworks as the standard frameworks of an embedded Audit Manager: they cost no quota."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from include.audit_manager.account import DEFINITION_TAG, FRAMEWORK_TAG
from include.audit_manager.definition import FrameworkDefinition
from include.audit_manager.service.standard import (
    StandardControl,
    StandardFramework,
    StandardLibrary,
)
from include.checks.catalogue import CATALOGUE
from include.digests import digest_of, sha256
from include.frameworks.loader import LIBRARY

log = logging.getLogger(__name__)

#: What decides, besides the frameworks and the checks, how a framework looks in Audit Manager.
_OWN_FILES = (
    "definition.py",
    "keywords.py",
    "library.py",
    "naming.py",
    "service/data/keywords.json",
)


def our_library() -> StandardLibrary:
    """The frameworks that come with the product; the digest is of their files, so it is cheap."""
    here = Path(__file__).parent
    files = [
        *sorted(LIBRARY.rglob("*.yaml")),
        *sorted(CATALOGUE.rglob("*.yaml")),
        *(here / name for name in _OWN_FILES),
    ]
    return StandardLibrary(
        digest_of([[path.name, sha256(path.read_bytes())] for path in files]),
        lambda: list(standard_frameworks()),
    )


def standard_frameworks() -> Iterator[StandardFramework]:
    """Each framework of the library, its automated sources as AWS documents their keywords."""
    from include.audit_manager.definition import define
    from include.audit_manager.keywords import documented_keywords
    from include.checks.catalogue import load_catalogue
    from include.errors import InputError
    from include.frameworks.loader import Frameworks, readable_frameworks

    headers, broken = readable_frameworks([])
    for error in broken.values():
        log.warning("%s", error)
    frameworks, catalogue = Frameworks([], load_catalogue()), load_catalogue()
    names: set[str] = set()
    for header in headers:
        try:
            definition = define(frameworks.load(header.id), catalogue, documented_keywords())
        except InputError as error:
            log.warning("%s", error)
            continue
        yield _standard(definition, taken=names)
        names.add(definition.name)


def _standard(definition: FrameworkDefinition, taken: Iterable[str]) -> StandardFramework:
    name = definition.name
    return StandardFramework(
        name=f"{name} [{definition.id}]" if name in taken else name,
        description=definition.description,
        compliance_type=definition.compliance_type,
        control_sets={
            part.name: [
                StandardControl(
                    name=control.name,
                    description=control.description,
                    sources=control.sources,
                    testing_information=control.testing_information,
                    action_plan_title=control.action_plan_title,
                    action_plan_instructions=control.action_plan_instructions,
                    tags={FRAMEWORK_TAG: definition.id, DEFINITION_TAG: control.digest},
                    key=control.id,
                )
                for control in part.controls
            ]
            for part in definition.control_sets
        },
        tags={FRAMEWORK_TAG: definition.id, DEFINITION_TAG: definition.digest},
        key=definition.id,
    )
