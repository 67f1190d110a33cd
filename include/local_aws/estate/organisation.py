"""The organisation's tree: its units, and in which of them each account is."""

from __future__ import annotations

from collections.abc import Mapping

ROOT = "r-demo"
#: (id, name, parent); the root comes first.
UNITS: tuple[tuple[str, str, str | None], ...] = (
    (ROOT, "Root", None),
    ("ou-demo-security", "Security", ROOT),
    ("ou-demo-workload", "Workloads", ROOT),
    ("ou-demo-prodwork", "Production", "ou-demo-workload"),
    ("ou-demo-testwork", "Staging", "ou-demo-workload"),
    ("ou-demo-sandboxs", "Sandbox", ROOT),
)
#: By the account's name; all other accounts are production workloads.
_UNIT_OF: Mapping[str, str] = {
    # The management account stays at the root, as AWS advises.
    "management": ROOT,
    "security": "ou-demo-security",
    "shared-services": "ou-demo-workload",
    "staging": "ou-demo-testwork",
    "sandbox": "ou-demo-sandboxs",
}


def unit_of(account_name: str) -> str:
    """The id of the unit (or root) that the account of this name is in."""
    return _UNIT_OF.get(account_name, "ou-demo-prodwork")
