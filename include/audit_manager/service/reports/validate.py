"""Whether a report's archive is still what was issued."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import PurePosixPath
from typing import IO, Any

from sqlalchemy import select

from include.audit_manager.service.models import Report, SigningKey
from include.audit_manager.service.objects import ObjectUnavailable, place_of
from include.audit_manager.service.refusals import invalid, not_found
from include.audit_manager.service.reports.build import DIGEST
from include.audit_manager.service.reports.sign import (
    ALGORITHM,
    Digest,
    DigestInvalid,
    read_digest,
)
from include.audit_manager.service.request import Request

#: Bytes of an archive: S3's own limit for one object.
_LARGEST_ARCHIVE = 5 << 40
_CHUNK = 1 << 20


def validate_assessment_report_integrity(request: Request) -> dict[str, Any]:
    """ValidateAssessmentReportIntegrity: signature, every file's hash, and the archive's own.

    ``signatureValid`` is true only when nothing at all was found wrong; ``validationErrors`` names
    altered, added and removed files.
    """
    url = request.params["s3RelativePath"]
    place = place_of(url)
    if place is None or not place.key:
        raise invalid(f"{url} doesn't name an object in a bucket.", "s3RelativePath")
    with request.begin(writes=False) as reading:
        keys = {row.id: row.public_pem for row in reading.session.scalars(select(SigningKey))}
        issued = {
            row_id: digest
            for row_id, digest in reading.session.execute(
                select(Report.id, Report.archive_sha256).where(
                    Report.bucket == place.bucket, Report.key == place.key
                )
            )
        }
    try:
        with request.objects.read(
            request.account, request.region, place, limit=_LARGEST_ARCHIVE
        ) as (file, stored):
            digest, problems = check_archive(file, keys)
    except ObjectUnavailable as error:
        if error.status == 404:
            raise not_found("ASSESSMENT_REPORT", url) from error
        raise invalid(error.message, "s3RelativePath") from error
    known = issued.get(digest.report_id) if digest else next(iter(issued.values()), None)
    if known is not None and known != stored.sha256 and not problems:
        # Every file is whole, but bytes between or around them aren't (zip headers, comments).
        problems.append("The archive's bytes aren't those that were issued.")
    answer: dict[str, Any] = {"signatureValid": not problems, "validationErrors": problems}
    if digest:
        answer["signatureAlgorithm"] = ALGORITHM
        answer["signatureDateTime"] = digest.signed_at
        answer["signatureKeyId"] = digest.key_id
    return answer


def check_archive(
    file: IO[bytes], public_pems: Mapping[str, str]
) -> tuple[Digest | None, list[str]]:
    """The archive's digest, if its signature is good, and everything that is wrong."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        return None, [f"The object isn't a readable zip archive: {error}"]
    with closing(archive):
        names = [entry.filename for entry in archive.infolist()]
        digests = [name for name in names if PurePosixPath(name).name == DIGEST]
        roots = [name for name in digests if len(PurePosixPath(name).parts) == 3]
        if len(roots) != 1:
            return None, [f"The archive has {len(roots)} digest.txt, not one."]
        root = roots[0].removesuffix(DIGEST)
        try:
            digest = read_digest(b"".join(_content(archive, roots[0])), public_pems)
        except _Unreadable:
            return None, ["digest.txt isn't readable."]
        except DigestInvalid as error:
            return None, [str(error)]
        problems = []
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.append(f"Added: {name} is in the archive more than once.")
        for path, expected in sorted(digest.files.items()):
            if root + path not in names:
                problems.append(f"Removed: {path}")
                continue
            try:
                found = hashlib.sha256()
                for chunk in _content(archive, root + path):
                    found.update(chunk)
                if found.hexdigest() != expected:
                    problems.append(f"Altered: {path}")
            except _Unreadable:
                problems.append(f"Altered: {path}")
        known = {root + path for path in (*digest.files, DIGEST)}
        problems += [f"Added: {name}" for name in sorted(set(names) - known)]
        return digest, problems


class _Unreadable(Exception):
    """An entry whose compressed bytes are damaged."""


def _content(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    import zlib

    try:
        with archive.open(name) as entry:
            while chunk := entry.read(_CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _Unreadable(name) from error
    except (RuntimeError, UnicodeDecodeError, ValueError) as error:  # encrypted, bad header
        raise _Unreadable(name) from error
