"""OSCAL assessment-results of an assessment; what its choices mean stands in docs/reports.md."""
