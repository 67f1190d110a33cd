"""What AWS knows of each check: resource type, title, severity, and what makes it run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from include.local_aws.estate.checks import catalogue_entries

#: Checks that run when a resource's configuration changes; all others run once a day.
CHANGE_TRIGGERED = frozenset(
    {
        "users-no-direct-policies",
        "no-admin-policies",
        "instance-profile-attached",
        "cloudshell-full-access-unused",
        "s3-tls-only",
        "s3-mfa-delete",
        "s3-bucket-public-access-blocked",
        "rds-storage-encrypted",
        "rds-minor-upgrades",
        "rds-not-public",
        "rds-cluster-multi-az",
        "rds-instance-multi-az",
        "efs-encrypted",
        "nacl-no-open-admin-ports",
        "default-sg-closed",
        "imdsv2-required",
    }
)


@dataclass(frozen=True)
class Question:
    """One check as the services show it; ``severity`` in Security Hub's words."""

    check_id: str
    text: str
    resource_type: str
    severity: str

    @property
    def periodic(self) -> bool:
        """Whether it runs every day, rather than on a change."""
        return self.check_id not in CHANGE_TRIGGERED


@cache
def questions() -> dict[str, Question]:
    """The questions by check id, from the catalogue."""
    return {
        check["id"]: Question(
            check["id"], check["question"], check["resource_type"], check["severity"]
        )
        for check in catalogue_entries().values()
    }


def question(check_id: str) -> Question:
    """A check's question, also of its variants; one the catalogue does not name speaks for itself.

    ``check_id`` may be ``<check>~<variant>`` (see estate/store.py): the same question, asked by a
    second rule.
    """
    check_id = check_id.partition("~")[0]
    known = questions().get(check_id)
    return known or Question(check_id, check_id.replace("-", " "), "AWS::::Account", "MEDIUM")
