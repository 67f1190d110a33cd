"""The embedded Audit Manager: the AWS Audit Manager API spoken from a database of our own.

Use it in three ways:

* mounted beside other services, as the local AWS does for the signing name ``auditmanager``::

      service = create_app("sqlite:///state/audit_manager.sqlite", s3_endpoint="http://127.0.0.1:4566")
      service.handlers["CreateAssessment"](call)      # Call -> output members, or ServiceError
      ...
      service.close()

* as a WSGI application of its own: ``service.wsgi()``
* from the shell: ``python -m include.audit_manager.service --database URL --port N``

``create_app(database_url, *, s3_endpoint=None, s3_clients=None, standard_frameworks=())`` migrates
the database (SQLite or PostgreSQL) and goes on with assessment reports that an earlier process left
unfinished. The standard frameworks it is given (a list, or a library that is only read when its
digest isn't the one loaded last) come in with the first call that may need them. The account, the
region, the caller and the time of a request come with each ``Call``; the service keeps no clock of
its own. State is per account and region. Every call is one transaction, and calls may come from any
number of threads.

Objects (manual evidence, reports) are read and written with boto3 under the caller's account:
``s3_clients(account, region)`` gives the client; without it, ``s3_endpoint`` is asked with the
account id as access key (as the local AWS understands it), or real AWS with the default chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.audit_manager.service.app import AuditManagerService

__all__ = ["create_app"]


def create_app(database_url: str, **options: Any) -> AuditManagerService:
    """Open (and migrate) the database and return the service; see the module's docstring."""
    from include.audit_manager.service.app import AuditManagerService

    return AuditManagerService(database_url, **options)
