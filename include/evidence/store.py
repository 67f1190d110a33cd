"""Where snapshots are kept: immutable objects in S3 and one small pointer per cell."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, cast

import pyarrow as pa
from botocore.exceptions import ClientError

from include.aws.errors import is_condition_failed, is_no_object
from include.clock import from_iso
from include.digests import canonical_json, sha256
from include.errors import AuditError
from include.evidence.archive import ArchivedPages
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.evidence.lease import Lease
from include.evidence.page_log import read_receipt
from include.evidence.ranges import RangedObject
from include.evidence.resume import AnswerJournal, Sealing
from include.evidence.snapshot import FORMAT, FinishedSnapshot, LoadedSnapshot, SnapshotRef
from include.evidence.table import read_evidence, read_tables

#: Evidence up to this size (bytes) is read in memory, larger from a temporary file.
_IN_MEMORY = 8 * 1024 * 1024


class SnapshotStore:
    """Snapshots in a bucket, laid out as ``<prefix>/<cell>/<format>/<content digest>/…``.

    A snapshot's files are written first, each never replaced; its ``snapshot.json`` after them;
    the cell's ``current.json``, which names the snapshot in force, last. A collection killed in
    between leaves nothing that looks whole. The first snapshot of some content stays: collecting
    the same past again adds nothing.
    """

    def __init__(self, bucket: str, s3: Any, prefix: str = "snapshots") -> None:
        self.bucket = bucket
        self.s3 = s3
        self.prefix = prefix.strip("/")

    def find(self, cell: Cell) -> SnapshotRef | None:
        """The snapshot in force for a cell, whatever its status; None when there is none.

        One that another version of the product wrote in another format counts as none.
        """
        found = self._get(f"{self._folder(cell)}/current.json")
        ref = SnapshotRef.from_json(json.loads(found)) if found is not None else None
        return ref if ref is not None and ref.format == FORMAT else None

    def save(self, snapshot: FinishedSnapshot) -> SnapshotRef:
        """Store a snapshot and point the cell at it.

        A snapshot that is not filled doesn't take the place of a filled one: what was collected
        completely stays in force when a later refresh fails.
        """
        folder = f"{self._folder(snapshot.cell)}/v{FORMAT}/{snapshot.content_digest}"
        manifest = self._get(f"{folder}/snapshot.json")
        if manifest is None:
            described = json.loads(snapshot.manifest)["files"]
            for name, path in sorted(snapshot.files.items()):
                with path.open("rb") as file:
                    self._put_once(
                        _object_name(folder, name, described[name]["sha256"]),
                        file,
                        described[name]["sha256"],
                    )
            self._put_once(f"{folder}/snapshot.json", snapshot.manifest, sha256(snapshot.manifest))
            # Someone else may have been faster with the same content: then theirs counts.
            manifest = self._get(f"{folder}/snapshot.json") or snapshot.manifest
        ref = self._ref(folder, manifest)
        before = self.find(snapshot.cell)
        if before is None or ref.filled or not before.filled:
            pointer = canonical_json(ref.to_json())
            self.s3.put_object(
                Bucket=self.bucket,
                Key=f"{self._folder(snapshot.cell)}/current.json",
                Body=pointer,
                ContentType="application/json",
                ChecksumSHA256=_checksum(sha256(pointer)),
            )
        return ref

    def remember(self, cell: Cell, asked: Mapping[str, Any]) -> None:
        """Keep what a cell's selection says beside its snapshots, for :meth:`filled_selections`."""
        body = canonical_json(dict(asked))
        self._put_once(f"{self._folder(cell)}/asked.json", body, sha256(body))

    def filled_selections(self, cell: Cell) -> list[tuple[SnapshotRef, dict[str, Any]]]:
        """The filled snapshots in force of the same source, place and period, and what they asked.

        Ordered by selection. Those of sources that are asked for all they have are not among them.
        """
        found = []
        place = self._folder(cell).rpartition("/")[0]
        for folder in self._listed(f"{place}/", "CommonPrefixes", "Prefix", Delimiter="/"):
            pointer = self._get(f"{folder}current.json")
            ref = SnapshotRef.from_json(json.loads(pointer)) if pointer is not None else None
            if ref is None or not ref.filled or ref.format != FORMAT:
                continue
            asked = self._get(f"{folder}asked.json")
            if asked is not None:
                found.append((ref, json.loads(asked)))
        return found

    def taken_between(
        self, source: str, account: str, region: str, start: datetime, end: datetime
    ) -> list[SnapshotRef]:
        """Our snapshots of a source in one region, of whatever period and selection and status.

        Those whose as-of time lies in [start, end), UTC, the oldest first.
        """
        found = []
        for period in self._listed(f"{self.prefix}/", "CommonPrefixes", "Prefix", Delimiter="/"):
            below = f"{period}{source}/{account}/{region}/"
            for key in self._listed(below, "Contents", "Key"):
                folder, _, name = key.rpartition("/")
                if name != "snapshot.json" or f"/v{FORMAT}/" not in folder:
                    continue
                ref = self._ref(folder, self._require(key))
                if start <= from_iso(ref.as_of) < end:
                    found.append(ref)
        return sorted(found, key=lambda ref: (from_iso(ref.as_of), ref.uri))

    def lease(self, cell: Cell, holder: str = "") -> Lease:
        """The right to collect a cell, for one run (``holder``) at a time; not yet acquired."""
        return Lease(self.s3, self.bucket, f"{self._folder(cell)}/lease", cell, holder=holder)

    def journal(self, cell: Cell, resume_key: str, sealing: Sealing | None = None) -> AnswerJournal:
        """The answers that an earlier attempt with the same key had got; the caller closes it."""
        return AnswerJournal(
            self.s3, self.bucket, self._sealed_answers(cell, resume_key), cell, sealing
        )

    def tidy(self, cell: Cell, resume_key: str) -> None:
        """Remove answers that were sealed for a cell that is filled by now."""
        folder = self._sealed_answers(cell, resume_key)
        for key in list(self._listed(f"{folder}/", "Contents", "Key")):
            self.s3.delete_object(Bucket=self.bucket, Key=key)

    def _sealed_answers(self, cell: Cell, resume_key: str) -> str:
        return f"{self._folder(cell)}/resume/{sha256(resume_key.encode())[:16]}"

    def load(self, ref: SnapshotRef) -> LoadedSnapshot:
        """Read a snapshot; raises AuditError when anything isn't what the reference promises."""
        folder = self._key(ref.uri)
        manifest = self._require(f"{folder}/snapshot.json")
        _check(manifest, ref.digest, f"{ref.uri}/snapshot.json")
        described = json.loads(manifest)
        if described["format"] != FORMAT:
            raise AuditError(
                f"{ref.uri} was written in format {described['format']}; this version of the "
                f"product reads format {FORMAT}.",
                hint="Collect the cell again (refresh), or read it with the version that wrote it.",
            )
        files = described["files"]

        def small(name: str) -> bytes:
            digest = files[name]["sha256"]
            body = self._require(_object_name(folder, name, digest))
            _check(body, digest, f"{ref.uri}/{name}")
            return body

        def evidence() -> Iterator[Evidence]:
            with self._open(folder, "evidence.parquet", files) as file:
                yield from read_evidence(file)

        def columns(names: Sequence[str]) -> Iterator[pa.Table]:
            with self._open(folder, "evidence.parquet", files) as file:
                yield from read_tables(file, names)

        def pages() -> Iterator[tuple[str, bytes]]:
            with self._open(folder, "pages.zst", files) as file:
                yield from ArchivedPages(file)

        def page(number: int) -> bytes:
            key = _object_name(folder, "pages.zst", files["pages.zst"]["sha256"])
            size = files["pages.zst"]["bytes"]
            packed = RangedObject(self.s3, self.bucket, key, size)
            body = ArchivedPages(cast(IO[bytes], packed)).page(number)
            _check(body, receipt.pages[number - 1].sha256, f"Page {number} of {ref.uri}")
            return body

        receipt = read_receipt(small("receipt.json"))
        return LoadedSnapshot(
            ref=ref,
            receipt=receipt,
            deployments=tuple(
                Deployment.from_json(d) for d in json.loads(small("deployments.json"))
            ),
            read_evidence=evidence,
            read_pages=pages,
            read_page=page,
            read_columns=columns,
        )

    def evidence(self, ref: SnapshotRef, keywords: Collection[str]) -> Iterator[Evidence]:
        """The items of some keywords, without loading the rest; raises like :meth:`load`."""
        folder = self._key(ref.uri)
        manifest = self._require(f"{folder}/snapshot.json")
        _check(manifest, ref.digest, f"{ref.uri}/snapshot.json")
        with self._open(folder, "evidence.parquet", json.loads(manifest)["files"]) as file:
            yield from read_evidence(file, keywords)

    def _folder(self, cell: Cell) -> str:
        return f"{self.prefix}/{cell.key}"

    def _key(self, uri: str) -> str:
        start = f"s3://{self.bucket}/"
        if not uri.startswith(start):
            raise AuditError(
                f"The snapshot {uri} is not in the bucket {self.bucket}.",
                hint="Check the setting of the evidence bucket.",
            )
        return uri[len(start) :]

    def _ref(self, folder: str, manifest: bytes) -> SnapshotRef:
        data = json.loads(manifest)
        return SnapshotRef(
            uri=f"s3://{self.bucket}/{folder}",
            digest=sha256(manifest),
            content_digest=data["content_digest"],
            status=data["status"],
            items=data["items"],
            as_of=data["as_of"],
            cell=Cell.from_json(data["cell"]),
        )

    def _listed(self, prefix: str, member: str, name: str, **options: str) -> Iterator[str]:
        pages = self.s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, **options):
            yield from (str(entry[name]) for entry in page.get(member, ()))

    def _get(self, key: str) -> bytes | None:
        try:
            body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if is_no_object(error):
                return None
            raise
        return body

    def _require(self, key: str) -> bytes:
        body = self._get(key)
        if body is None:
            raise AuditError(
                f"The object s3://{self.bucket}/{key} is missing.",
                hint="It was removed after it had been written: collect the cell again.",
            )
        return body

    def _open(self, folder: str, name: str, files: dict[str, Any]) -> IO[bytes]:
        """A verified copy of one file, rewound; the caller closes it."""
        digest = files[name]["sha256"]
        key = _object_name(folder, name, digest)
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
        except ClientError as error:
            if is_no_object(error):
                self._require(key)
            raise
        file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        shutil.copyfileobj(body, file, 1024 * 1024)
        file.seek(0)
        found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        if found != digest:
            file.close()
            raise _altered(f"s3://{self.bucket}/{key}", found, digest)
        file.seek(0)
        return file

    def _put_once(self, key: str, body: Any, digest: str) -> None:
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ChecksumSHA256=_checksum(digest),
            )
        except ClientError as error:
            # The key holds the content's digest, so what is there is what would be written.
            if not is_condition_failed(error):
                raise


def _object_name(folder: str, name: str, digest: str) -> str:
    # Files of equal evidence may still differ (collection time, request ids), and a killed
    # collection may have left some: the digest in the name keeps them apart.
    stem, _, suffix = name.partition(".")
    return f"{folder}/{stem}-{digest[:16]}.{suffix}"


def _checksum(hexdigest: str) -> str:
    return base64.b64encode(bytes.fromhex(hexdigest)).decode()


def _check(body: bytes, digest: str, what: str) -> None:
    found = sha256(body)
    if found != digest:
        raise _altered(what, found, digest)


def _altered(what: str, found: str, expected: str) -> AuditError:
    return AuditError(
        f"{what} was changed after it had been written: its SHA-256 is {found[:16]}…, "
        f"not {expected[:16]}….",
        hint="Restore the earlier version of the object, or collect the cell again.",
    )
