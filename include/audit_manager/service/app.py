"""The service as one object: every operation it has, its database and its report builder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from include.audit_manager.service import (
    accounts,
    assessments,
    catalogue,
    changelog,
    controls,
    evidence,
    frameworks,
    manual_evidence,
    review,
    selection,
    settings,
    tags,
    uploads,
)
from include.audit_manager.service.database import Database
from include.audit_manager.service.objects import Objects, S3Clients
from include.audit_manager.service.reports import operations as reports
from include.audit_manager.service.reports import validate
from include.audit_manager.service.reports.worker import ReportWorker
from include.audit_manager.service.request import Request
from include.audit_manager.service.standard import (
    StandardFramework,
    StandardLibrary,
    load_standard,
)
from include.protocol import Call, Handler

if TYPE_CHECKING:
    from include.audit_manager.service.http import Wsgi

Operation = Callable[[Request], dict[str, Any]]

#: Operations in one reading transaction.
READS: Mapping[str, Operation] = {
    "GetAssessment": assessments.get_assessment,
    "GetAssessmentFramework": frameworks.get_assessment_framework,
    "GetAssessmentReportUrl": reports.get_assessment_report_url,
    "GetChangeLogs": changelog.get_change_logs,
    "GetControl": controls.get_control,
    "GetEvidence": evidence.get_evidence,
    "GetEvidenceByEvidenceFolder": evidence.get_evidence_by_evidence_folder,
    "GetEvidenceFolder": evidence.get_evidence_folder,
    "GetEvidenceFoldersByAssessment": evidence.get_evidence_folders_by_assessment,
    "GetEvidenceFoldersByAssessmentControl": (evidence.get_evidence_folders_by_assessment_control),
    "GetServicesInScope": catalogue.get_services_in_scope,
    "GetSettings": settings.get_settings,
    "ListAssessmentFrameworks": frameworks.list_assessment_frameworks,
    "ListAssessmentReports": reports.list_assessment_reports,
    "ListAssessments": assessments.list_assessments,
    "ListControls": controls.list_controls,
    "ListKeywordsForDataSource": catalogue.list_keywords_for_data_source,
    "ListTagsForResource": tags.list_tags_for_resource,
}
#: Operations in one writing transaction.
WRITES: Mapping[str, Operation] = {
    "AssociateAssessmentReportEvidenceFolder": (
        selection.associate_assessment_report_evidence_folder
    ),
    "BatchAssociateAssessmentReportEvidence": (
        selection.batch_associate_assessment_report_evidence
    ),
    "BatchDisassociateAssessmentReportEvidence": (
        selection.batch_disassociate_assessment_report_evidence
    ),
    "CreateAssessment": assessments.create_assessment,
    "CreateAssessmentFramework": frameworks.create_assessment_framework,
    "CreateControl": controls.create_control,
    "DeleteAssessment": assessments.delete_assessment,
    "DeleteAssessmentFramework": frameworks.delete_assessment_framework,
    "DeleteControl": controls.delete_control,
    "DeregisterAccount": accounts.deregister_account,
    "DisassociateAssessmentReportEvidenceFolder": (
        selection.disassociate_assessment_report_evidence_folder
    ),
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateAssessment": assessments.update_assessment,
    "UpdateAssessmentControl": review.update_assessment_control,
    "UpdateAssessmentControlSetStatus": review.update_assessment_control_set_status,
    "UpdateAssessmentFramework": frameworks.update_assessment_framework,
    "UpdateAssessmentStatus": assessments.update_assessment_status,
    "UpdateControl": controls.update_control,
    "UpdateSettings": settings.update_settings,
}
#: Operations that reach out to S3 or wake the builder, and begin their transactions themselves.
OUTWARD: Mapping[str, Operation] = {
    "BatchImportEvidenceToAssessmentControl": (
        manual_evidence.batch_import_evidence_to_assessment_control
    ),
    "CreateAssessmentReport": reports.create_and_wake,
    "DeleteAssessmentReport": reports.delete_assessment_report,
    "GetEvidenceFileUploadUrl": uploads.get_evidence_file_upload_url,
    "ValidateAssessmentReportIntegrity": validate.validate_assessment_report_integrity,
}
#: Operations that an account without registration may call, and whether they write.
UNREGISTERED: Mapping[str, tuple[Operation, bool]] = {
    "GetAccountStatus": (accounts.get_account_status, False),
    "RegisterAccount": (accounts.register_account, True),
}


class AuditManagerService:
    """The embedded Audit Manager. ``handlers`` answer calls by operation name, from any thread."""

    def __init__(
        self,
        database_url: str,
        *,
        s3_endpoint: str | None = None,
        s3_clients: S3Clients | None = None,
        standard_frameworks: StandardLibrary | Iterable[StandardFramework] = (),
    ) -> None:
        self._database = Database(database_url)
        self._objects = Objects(s3_endpoint, s3_clients)
        self._library = (
            standard_frameworks
            if isinstance(standard_frameworks, StandardLibrary)
            else StandardLibrary.of(standard_frameworks)
        )
        self._library_lock = threading.Lock()
        self._library_loaded = False
        self._worker = ReportWorker(self._database, self._objects)
        self.handlers: Mapping[str, Handler] = {
            **{name: self._in_transaction(run, False, True) for name, run in READS.items()},
            **{name: self._in_transaction(run, True, True) for name, run in WRITES.items()},
            **{name: self._outward(run) for name, run in OUTWARD.items()},
            **{
                name: self._in_transaction(run, writes, False)
                for name, (run, writes) in UNREGISTERED.items()
            },
        }
        self._worker.resume()

    def wsgi(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        default_account: str | None = None,
    ) -> Wsgi:
        """The service as a WSGI application; see ``include.audit_manager.service.http``."""
        from include.audit_manager.service.http import Wsgi

        return Wsgi(self.handlers, clock=clock, default_account=default_account)

    def load_library(self) -> None:
        """Bring the standard frameworks into the database, once.

        The first call that needs an account's registration does it, too: whoever starts the
        service without asking it anything doesn't wait for that.
        """
        if self._library_loaded:
            return
        with self._library_lock:
            if not self._library_loaded:
                with self._database.begin(writes=True, lock="standard") as session:
                    load_standard(session, self._library)
                self._library_loaded = True

    def close(self) -> None:
        """Stop the report builder and give back the database; unfinished reports are resumed."""
        self._worker.stop()
        self._database.close()

    def _request(self, call: Call) -> Request:
        return Request(call, self._database, self._objects, self._worker.wake)

    def _in_transaction(self, run: Operation, writes: bool, registered: bool) -> Handler:
        def handle(call: Call) -> dict[str, Any]:
            if registered:
                self.load_library()
            request = self._request(call)
            with request.begin(writes=writes, registered=registered) as inside:
                answer = run(inside)
            return answer

        return handle

    def _outward(self, run: Operation) -> Handler:
        def handle(call: Call) -> dict[str, Any]:
            return run(self._request(call))

        return handle
