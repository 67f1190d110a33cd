"""The back matter: what the results cite, each file with its SHA-256 and a relative address."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.reports.files import PACKAGE_FILES
from include.reports.oscal.names import label, line, present, prop, uuid_of

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
_TITLES = {path: holds.rstrip(".") for path, holds in PACKAGE_FILES}


@dataclass(frozen=True)
class Cited:
    """A file of the package; ``href`` is relative to the OSCAL document."""

    name: str
    href: str
    sha256: str

    @property
    def uuid(self) -> str:
        """Stands for these very bytes at this place."""
        return uuid_of("resource", self.href, self.sha256)

    @property
    def reference(self) -> str:
        """How the document itself refers to it."""
        return f"#{self.uuid}"

    def to_oscal(self) -> dict[str, Any]:
        """A back-matter resource."""
        return present(
            uuid=self.uuid,
            title=line(_TITLES.get(self.name, self.name)),
            props=[label(self.name)],
            rlinks=[
                present(
                    href=self.href,
                    media_type=_MEDIA_TYPES.get(Path(self.name).suffix),
                    hashes=[{"algorithm": "SHA-256", "value": self.sha256}],
                )
            ],
        )


class Citations:
    """The cited files, by name. The plan, which is no file, is a resource of its own."""

    def __init__(self, files: Sequence[Path], document: Path) -> None:
        self.files = sorted((_cited(file, document) for file in files), key=lambda one: one.href)
        self._by_name: dict[str, Cited] = {}
        for one in self.files:
            self._by_name.setdefault(one.name, one)

    def of(self, *names: str) -> Cited | None:
        """The first of these that is cited."""
        return next((self._by_name[name] for name in names if name in self._by_name), None)

    @property
    def digest_parts(self) -> tuple[str, ...]:
        """What the citations add to the identity of the document."""
        return tuple(f"{one.href} {one.sha256}" for one in self.files)


def plan_resource(uuid: str, framework: str, described: str) -> dict[str, Any]:
    """Stands where OSCAL wants an assessment plan, and says that there is none."""
    return {
        "uuid": uuid,
        "title": "How the assessment was planned",
        "description": described,
        "props": [prop("framework", framework), prop("assessment-plan", "none")],
    }


def _cited(file: Path, document: Path) -> Cited:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    href = Path(os.path.relpath(file, document.parent)).as_posix()
    return Cited(file.name, href, digest)
