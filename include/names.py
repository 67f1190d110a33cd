"""How the things that people name may be written."""

from __future__ import annotations

#: An assessment; Audit Manager and CloudFormation take no more.
ASSESSMENT = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$"
ACCOUNT = r"^\d{12}$"
REGION = r"^[a-z]{2}(-[a-z]+)+-\d$"
