"""The thread that builds reports, one after another, also those an earlier process left."""

from __future__ import annotations

import hashlib
import logging
import threading
from tempfile import TemporaryFile
from typing import IO

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from include.audit_manager.service.database import Database
from include.audit_manager.service.models import Report
from include.audit_manager.service.objects import Objects, status_of

log = logging.getLogger(__name__)

#: Seconds to wait before each further attempt, when S3 can't be reached or fails itself.
PAUSES = (0.5, 2.0, 5.0, 15.0, 30.0)
#: Evidence items beyond which the bucket must be in the assessment's own region.
MOST_TO_ANOTHER_REGION = 3_500


class ReportWorker:
    """Builds reports that are IN_PROGRESS; ``wake`` when there may be one, ``stop`` at the end."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There may be a report to build."""
        with self._guard:
            if self._stopping.is_set():
                return
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="audit-manager-reports", daemon=True
                )
                self._thread.start()
        self._awake.set()

    def resume(self) -> None:
        """Go on with what an earlier process left unfinished, if there is any."""
        if self._unfinished():
            self.wake()

    def stop(self) -> None:
        """Finish the attempt that is running and end; unfinished reports stay IN_PROGRESS."""
        with self._guard:
            self._stopping.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(timeout=60)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.wait()
            self._awake.clear()
            try:
                self._drain()
            except Exception:
                log.exception("Audit Manager reports: the builder failed and will try again")
                if not self._stopping.wait(5):
                    self._awake.set()

    def _drain(self) -> None:
        while not self._stopping.is_set():
            with self._database.only_one("reports") as mine:
                waiting = self._unfinished()
                if mine:
                    for report_id in waiting:
                        self._finish(report_id)
                    continue_now = bool(waiting)
                else:
                    # Another process builds; if it dies, its reports fall to this one.
                    continue_now = False
                    if waiting and not self._stopping.wait(1):
                        continue_now = True
            if not continue_now:
                return

    def _unfinished(self) -> list[str]:
        with self._database.begin(writes=False) as session:
            return list(
                session.scalars(
                    select(Report.id)
                    .where(Report.status == "IN_PROGRESS")
                    .order_by(Report.created_at, Report.id)
                )
            )

    def _finish(self, report_id: str) -> None:
        """Build until it works, fails for good, or failed too often."""
        from botocore.exceptions import BotoCoreError, ClientError

        for pause in (*PAUSES, None):
            if self._stopping.is_set():
                return
            try:
                digest = self._build(report_id)
            except _Impossible as error:
                return self._settle(report_id, "FAILED", failure=str(error))
            except (BotoCoreError, ClientError) as error:
                final = isinstance(error, ClientError) and status_of(error) < 500
                if final or pause is None:
                    return self._settle(report_id, "FAILED", failure=f"S3: {error}")
                if self._stopping.wait(pause):
                    return
            except SQLAlchemyError:
                raise  # the database's trouble says nothing about the report
            except Exception as error:
                log.exception("Audit Manager report %s can't be built", report_id)
                return self._settle(report_id, "FAILED", failure=f"{error}")
            else:
                if digest is not None:
                    self._settle(report_id, "COMPLETE", archive_sha256=digest)
                return

    def _build(self, report_id: str) -> str | None:
        """Build and store the archive; its SHA-256, or None when the report is gone."""
        from include.audit_manager.service.reports.build import build
        from include.audit_manager.service.reports.content import read_content
        from include.audit_manager.service.reports.sign import signing_key

        with self._database.begin(writes=True, lock="signing-key") as session:
            report = session.get(Report, report_id)
            if report is None:
                return None
            key = signing_key(session, report.created_at)
        with self._database.begin(writes=False) as session:
            report = session.get(Report, report_id)
            if report is None:
                return None
            content = read_content(session, report)
        self._check_region(report, len(content.items))
        with TemporaryFile() as file:
            build(content, key, self._objects, file)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            self._store(report, file)
        return digest

    def _check_region(self, report: Report, items: int) -> None:
        if items <= MOST_TO_ANOTHER_REGION:
            return
        client = self._objects.client(report.account, report.region)
        where = client.get_bucket_location(Bucket=report.bucket).get("LocationConstraint")
        if (where or "us-east-1") != report.region:
            raise _Impossible(
                f"{items} evidence items can't go to a bucket in {where or 'us-east-1'}; at most "
                f"{MOST_TO_ANOTHER_REGION} leave {report.region}."
            )

    def _store(self, report: Report, file: IO[bytes]) -> None:
        self._objects.client(report.account, report.region).upload_fileobj(
            file, report.bucket, report.key, ExtraArgs={"ContentType": "application/zip"}
        )

    def _settle(
        self,
        report_id: str,
        status: str,
        *,
        archive_sha256: str | None = None,
        failure: str | None = None,
    ) -> None:
        if failure:
            log.error("Audit Manager report %s failed: %s", report_id, failure)
        with self._database.begin(writes=True, lock="reports") as session:
            report = session.get(Report, report_id)
            if report is not None:
                report.status = status
                report.archive_sha256 = archive_sha256
                report.failure = failure


class _Impossible(Exception):
    """A report that can't be made however often it is tried."""
