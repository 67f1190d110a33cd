"""A report's archive: evidence files, summary, read-me and signed digest in one zip."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import datetime
from typing import IO, Any

from include.audit_manager.service.manual_evidence import LARGEST_FILE
from include.audit_manager.service.models import SigningKey
from include.audit_manager.service.objects import Objects, ObjectUnavailable, Place
from include.audit_manager.service.reports import archive_names
from include.audit_manager.service.reports.content import Content, ControlPart, Item
from include.audit_manager.service.reports.sign import signed_digest

DIGEST = "digest.txt"
SUMMARY = "AssessmentReportSummary.pdf"

_CHUNK = 1 << 20
_README = """\
Assessment report {name}
of the assessment {assessment}
made on {made} (UTC) for the account {account} in {region}

{summary}
    The report: start here. Links in it lead to the files below.
<control>-<id>/<data source>/<YYYY-MM-DD>/
    The evidence of a control, by where it came from and the day it was collected (UTC).
    Manual evidence     HH-MM-SS_manual_<account>_<id>_<start of the file name><extension>
    Automated evidence  HH-MM-SS_<SERVICE>_<event>_<account>_<id>.pdf
    A dash stands for what isn't known.
{digest}
    SHA-256 of every other file, and a signature ({algorithm}) over the canonical JSON (sorted
    keys, no white space, UTF-8) of all its members but "signature". The operation
    ValidateAssessmentReportIntegrity checks it and the whole archive.

The report doesn't judge the evidence: it shows what was selected for it.
"""


class _Archive:
    """A zip whose entries all carry one time, hashed as they are written."""

    def __init__(self, file: IO[bytes], made: datetime, root: str) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._time = made.timetuple()[:6]
        self._root = root
        self.hashes: dict[str, str] = {}

    def add(self, path: str, source: IO[bytes]) -> None:
        entry = zipfile.ZipInfo(f"{self._root}/{path}", self._time)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        digest = hashlib.sha256()
        with self._zip.open(entry, "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        self.hashes[path] = digest.hexdigest()

    def close(self) -> None:
        self._zip.close()


def build(content: Content, key: SigningKey, objects: Objects, file: IO[bytes]) -> None:
    """Write the archive into ``file``.

    Manual evidence that S3 no longer has, or that isn't what was imported, is left out and the
    summary says so. Errors that may pass (a connection refused, a 5xx) are raised.
    """
    from include.audit_manager.service.reports.pdf import summary_pdf
    from include.audit_manager.service.reports.sign import ALGORITHM

    root = "/".join(
        (
            archive_names.folder(content.assessment_name, content.assessment_id[:8]),
            archive_names.folder(content.name, content.id[:8]),
        )
    )
    archive = _Archive(file, content.created_at, root)
    for control in content.controls:
        for item in control.items:
            _add_evidence(archive, content, control, item, objects)
    archive.add(SUMMARY, io.BytesIO(summary_pdf(content)))
    read_me = _README.format(
        name=content.name,
        assessment=content.assessment_name,
        made=content.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        account=content.account,
        region=content.region,
        summary=SUMMARY,
        digest=DIGEST,
        algorithm=ALGORITHM,
    )
    archive.add("README.txt", io.BytesIO(read_me.encode()))
    digest = signed_digest(key, content.id, archive.hashes, content.created_at)
    archive.add(DIGEST, io.BytesIO(digest))
    archive.close()


def _add_evidence(
    archive: _Archive, content: Content, control: ControlPart, item: Item, objects: Objects
) -> None:
    from include.audit_manager.service.reports.pdf import evidence_pdf

    row: Any = item.row
    where = "/".join(
        (
            archive_names.folder(control.name, control.id[:8]),
            row.data_source.replace("/", "-"),
            item.day.isoformat(),
        )
    )
    if row.by_type != "Manual":
        name = archive_names.automated_evidence_file(
            row.at, row.account, row.id, row.event_source, row.event_name
        )
        item.path = f"{where}/{name}"
        archive.add(item.path, io.BytesIO(evidence_pdf(content, control, item)))
        return
    name = archive_names.manual_evidence_file(row.at, row.account, row.id, row.file_name)
    path = f"{where}/{name}"
    if row.text_response is not None:
        archive.add(path, io.BytesIO(row.text_response.encode()))
        item.path = path
        return
    place = Place(row.s3_bucket, row.s3_key)
    try:
        with objects.read(
            content.account, content.region, place, version=row.s3_version, limit=LARGEST_FILE
        ) as (source, stored):
            if stored.sha256 != row.sha256:
                item.problem = "Not included: the object was changed after it was imported."
                return
            archive.add(path, source)
            item.path = path
    except ObjectUnavailable as error:
        item.problem = f"Not included: {error.message}"
