"""Registers the product's extensions with Airflow."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from plugins.timetables.audit_period import AuditPeriodTimetable


class AuditPlugin(AirflowPlugin):
    """Compliance assessments: the timetable by which DAGs run per audit period."""

    name = "compliance_assessments"
    timetables = [AuditPeriodTimetable]  # noqa: RUF012 - Airflow reads a plain list
