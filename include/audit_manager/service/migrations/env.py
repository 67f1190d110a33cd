"""Runs the migrations over the connection that ``Database`` hands in."""

from __future__ import annotations

from alembic import context

from include.audit_manager.service.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table="audit_manager_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
