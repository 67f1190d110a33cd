"""Canonical resource identities: one string per resource, whoever reports it.

Mostly the ARN. Resources without one, and types whose ARN differs between services, are:

- the account: ``AWS::::Account:<account>``; a regional account setting (EBS default encryption,
  an analyzer, the recorder): ``AWS::::Account:<account>:<region>``
- global resources (IAM, S3 buckets, CloudFront) have one identity whatever region reports them
- a multi-region trail is one: its home region's ARN
"""

from __future__ import annotations

ACCOUNT_TYPE = "AWS::::Account"


def account_identity(account: str, region: str | None = None) -> str:
    """Identity of an account-wide (or, with ``region``, regional) account setting."""
    return f"{ACCOUNT_TYPE}:{account}" + (f":{region}" if region else "")
