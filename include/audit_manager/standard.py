"""Standard frameworks: used in place of a custom one, but only where they match completely."""

from __future__ import annotations

import re
from typing import Any

from include.audit_manager.account import AuditManagerAccount
from include.audit_manager.naming import named_by
from include.frameworks.schema import Framework

_PLAIN = frozenset(
    {"and", "the", "for", "aws", "amazon", "web", "services", "framework", "security", "controls"}
)


def matching_standard(account: AuditManagerAccount, framework: Framework) -> dict[str, Any] | None:
    """The account's standard framework that is this one; None where there is none.

    It has to bear our name or title, or our version and a word of our title, and hold each of our
    controls once and no other. Of a user's own framework there is no standard one: what it changes
    in controls that it takes from the library would be lost.
    """
    ids = {control.id for control in framework.controls()}
    standing = sorted(account.standard_frameworks, key=lambda one: one["name"] != framework.name)
    for one in standing:
        if one["name"] != framework.name and not _akin(framework, one["name"]):
            continue
        if one.get("controlsCount", len(ids)) != len(ids):
            continue
        found = account.framework(one["id"])
        names = {
            str(control["id"]): str(control["name"])
            for part in found["controlSets"]
            for control in part["controls"]
        }
        bearers = named_by(ids, names)
        bearing = [keys for keys in bearers.values() if len(keys) == 1]
        different = {keys[0] for keys in bearing}
        if len(names) == len(ids) == len(bearing) == len(different):
            return found
    return None


def _akin(framework: Framework, name: str) -> bool:
    """Whether a standard framework's name may be a longer or shorter form of ours."""
    if name.casefold() == framework.title.casefold():
        return True
    version = framework.version.split()[0].strip(",").lower()
    parts = version.split(".")
    versions = {version, ".".join(parts[:-1])} if len(parts) > 2 else {version}
    words = set(re.findall(r"[a-z]{3,}", framework.title.lower())) - _PLAIN
    theirs = name.lower()
    said = set(re.findall(r"[a-z]{3,}", theirs))
    return bool(words & said) and any(
        re.search(rf"(?<![\d.]){re.escape(one)}(?!\.?\d)", theirs) for one in versions
    )
