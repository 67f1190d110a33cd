"""The tables: what the service remembers, per account and region."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

#: Accounts and regions of standard objects, which belong to everybody.
EVERYBODY = ""


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps none of the zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times without zone; write UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables share: how Python types are stored."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declarative form
        datetime: UtcTime,
        str: Text,
        dict[str, Any]: JSON,
        dict[str, str]: JSON,
        list[Any]: JSON,
    }


class Account(Base):
    """An account in a region where the service was switched on at least once."""

    __tablename__ = "accounts"
    account: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    active: Mapped[bool]
    delegated_admin: Mapped[str | None]
    registered_at: Mapped[datetime]
    settings: Mapped[dict[str, Any]]


class Control(Base):
    """A control in the library."""

    __tablename__ = "controls"
    __table_args__ = (Index("controls_by_owner", "account", "region", "type", "created_at", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    region: Mapped[str]
    type: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    testing_information: Mapped[str | None]
    action_plan_title: Mapped[str | None]
    action_plan_instructions: Mapped[str | None]
    sources: Mapped[list[Any]]
    tags: Mapped[dict[str, str]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class Framework(Base):
    """A framework in the library: named control sets of library controls."""

    __tablename__ = "frameworks"
    __table_args__ = (
        Index("frameworks_by_owner", "account", "region", "type", "created_at", "id"),
        Index("frameworks_by_name", "account", "region", "type", "name", unique=True),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    region: Mapped[str]
    type: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    compliance_type: Mapped[str | None]
    tags: Mapped[dict[str, str]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
    sets: Mapped[list[FrameworkSet]] = relationship(
        order_by="FrameworkSet.position", cascade="all, delete-orphan", passive_deletes=True
    )


class FrameworkSet(Base):
    """A control set of a library framework."""

    __tablename__ = "framework_sets"
    id: Mapped[str] = mapped_column(primary_key=True)
    framework_id: Mapped[str] = mapped_column(
        ForeignKey("frameworks.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    name: Mapped[str]
    members: Mapped[list[FrameworkSetControl]] = relationship(
        order_by="FrameworkSetControl.position",
        cascade="all, delete-orphan",
        passive_deletes=True,
        lazy="selectin",
    )


class FrameworkSetControl(Base):
    """A control's place in a control set of a library framework."""

    __tablename__ = "framework_set_controls"
    set_id: Mapped[str] = mapped_column(
        ForeignKey("framework_sets.id", ondelete="CASCADE"), primary_key=True
    )
    control_id: Mapped[str] = mapped_column(
        ForeignKey("controls.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]
    control: Mapped[Control] = relationship(lazy="selectin")


class Assessment(Base):
    """An assessment; its framework is a copy made when it was created."""

    __tablename__ = "assessments"
    __table_args__ = (Index("assessments_by_owner", "account", "region", "created_at", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    region: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    destination: Mapped[dict[str, Any]]
    scope_accounts: Mapped[list[Any]]
    roles: Mapped[list[Any]]
    tags: Mapped[dict[str, str]]
    framework_id: Mapped[str]
    framework_arn: Mapped[str]
    framework_name: Mapped[str]
    framework_description: Mapped[str | None]
    compliance_type: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    sets: Mapped[list[AssessmentSet]] = relationship(
        order_by="AssessmentSet.position", cascade="all, delete-orphan", passive_deletes=True
    )


class AssessmentSet(Base):
    """A control set of an assessment; its id in the API is its name."""

    __tablename__ = "assessment_sets"
    assessment_id: Mapped[str] = mapped_column(
        ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    status: Mapped[str]
    controls: Mapped[list[AssessmentControl]] = relationship(
        order_by="AssessmentControl.position", cascade="all, delete-orphan", passive_deletes=True
    )


class AssessmentControl(Base):
    """A control as an assessment sees it, with its state of review."""

    __tablename__ = "assessment_controls"
    __table_args__ = (
        ForeignKeyConstraint(
            ["assessment_id", "set_name"],
            ["assessment_sets.assessment_id", "assessment_sets.name"],
            ondelete="CASCADE",
        ),
        Index("assessment_controls_by_control", "control_id"),
    )
    assessment_id: Mapped[str] = mapped_column(primary_key=True)
    set_name: Mapped[str] = mapped_column(primary_key=True)
    control_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    description: Mapped[str | None]
    testing_information: Mapped[str | None]
    action_plan_title: Mapped[str | None]
    action_plan_instructions: Mapped[str | None]
    sources: Mapped[list[Any]]
    status: Mapped[str]
    comments: Mapped[list[Any]]


class EvidenceFolder(Base):
    """The evidence of one control on one day (UTC)."""

    __tablename__ = "evidence_folders"
    __table_args__ = (
        Index("evidence_folders_by_assessment", "assessment_id", "day", "id"),
        Index("evidence_folders_by_control", "assessment_id", "set_name", "control_id", "day"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    set_name: Mapped[str]
    control_id: Mapped[str]
    control_name: Mapped[str]
    day: Mapped[date]
    data_source: Mapped[str]
    author: Mapped[str]


class Evidence(Base):
    """One evidence item. Apart from ``selected`` it never changes."""

    __tablename__ = "evidence"
    __table_args__ = (Index("evidence_by_folder", "folder_id", "at", "id"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    folder_id: Mapped[str] = mapped_column(ForeignKey("evidence_folders.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    data_source: Mapped[str]
    by_type: Mapped[str]
    event_source: Mapped[str | None]
    event_name: Mapped[str | None]
    account: Mapped[str]
    iam_id: Mapped[str]
    compliance_check: Mapped[str | None]
    resources: Mapped[list[Any]]
    resource_count: Mapped[int]
    attributes: Mapped[dict[str, str]]
    selected: Mapped[bool]
    #: Manual evidence: where the object is, or the text itself, and what was seen on intake.
    s3_bucket: Mapped[str | None]
    s3_key: Mapped[str | None]
    s3_version: Mapped[str | None]
    text_response: Mapped[str | None]
    file_name: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]


class Upload(Base):
    """A file name for which an upload URL was given out."""

    __tablename__ = "uploads"
    account: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    evidence_file_name: Mapped[str] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    bucket: Mapped[str]
    key: Mapped[str]
    created_at: Mapped[datetime]


class Report(Base):
    """An assessment report; what it shows was fixed when it was asked for."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("reports_by_owner", "account", "region", "created_at", "id"),
        Index("reports_by_status", "status"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    region: Mapped[str]
    assessment_id: Mapped[str] = mapped_column(
        ForeignKey("assessments.id", ondelete="CASCADE"), index=True
    )
    assessment_name: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    author: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[datetime]
    snapshot: Mapped[dict[str, Any]]
    bucket: Mapped[str]
    key: Mapped[str]
    archive_sha256: Mapped[str | None]
    failure: Mapped[str | None]


class ReportEvidence(Base):
    """An evidence item that was selected when a report was asked for."""

    __tablename__ = "report_evidence"
    report_id: Mapped[str] = mapped_column(
        ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True
    )
    evidence_id: Mapped[str] = mapped_column(
        ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Change(Base):
    """An entry of the change log. Entries outlive what they tell of."""

    __tablename__ = "changes"
    __table_args__ = (Index("changes_by_assessment", "account", "region", "assessment_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account: Mapped[str]
    region: Mapped[str]
    assessment_id: Mapped[str]
    set_name: Mapped[str | None]
    control_id: Mapped[str | None]
    object_type: Mapped[str]
    object_name: Mapped[str]
    action: Mapped[str]
    comment: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class SigningKey(Base):
    """The key pair with which this database's reports are signed."""

    __tablename__ = "signing_keys"
    id: Mapped[str] = mapped_column(primary_key=True)
    private_pem: Mapped[str]
    public_pem: Mapped[str]
    created_at: Mapped[datetime]


class StandardEdition(Base):
    """Which edition of the standard frameworks is loaded: one row, of ``EVERYBODY``."""

    __tablename__ = "standard_edition"
    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
