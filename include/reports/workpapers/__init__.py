"""Workpapers: what an auditor needs to test the evidence itself, beside the report on it."""
