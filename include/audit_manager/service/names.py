"""Ids, ARNs and the names of people, as the API shows them."""

from __future__ import annotations

import re
import uuid

#: The namespace of name-based ids; standard objects and evidence folders have such ids (version 3).
_NAMESPACE = uuid.UUID("5f0c7a52-6a0e-4d0e-9f0b-2f6f3c1f4a11")


def new_id() -> str:
    """A random id, as custom objects have."""
    return str(uuid.uuid4())


def id_of(*parts: str) -> str:
    """The same id for the same parts, on every machine."""
    return str(uuid.uuid3(_NAMESPACE, "\n".join(parts)))


def arn(region: str, account: str, kind: str, resource_id: str) -> str:
    """``kind`` is assessment, assessmentFramework or control; ``account`` is empty for standard."""
    return f"arn:aws:auditmanager:{region}:{account}:{kind}/{resource_id}"


def person(caller_arn: str) -> str:
    """A caller's name for ``createdBy``: what the API allows there has no colons or slashes."""
    last = caller_arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return re.sub(r"[^a-zA-Z0-9\s_()\[\]-]", "-", last)[:100] or "unknown"
