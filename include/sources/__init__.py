"""The evidence sources, by name; a source's module is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from include.sources.base import Source

_MODULES = {
    "aws_config": "include.sources.aws_config:AwsConfig",
    "security_hub": "include.sources.security_hub:SecurityHub",
    "inspector": "include.sources.inspector:Inspector",
    "cloudtrail": "include.sources.cloudtrail:CloudTrail",
    "license_manager": "include.sources.license_manager:LicenseManager",
    "api_calls": "include.sources.api_calls:ApiCalls",
    "custom": "include.sources.custom:Custom",
    "manual": "include.sources.manual:Manual",
}

#: Sources that belong to no account: they have one cell, of the account ORGANIZATION.
ORGANIZATION_WIDE = frozenset({"manual"})
ORGANIZATION = "organization"


def accounts_of(source: str, accounts: Sequence[str]) -> tuple[str, ...]:
    """In which accounts a source has cells, of those in scope."""
    return (ORGANIZATION,) if source in ORGANIZATION_WIDE else tuple(accounts)


class _Sources(Mapping[str, "Source"]):
    def __getitem__(self, name: str) -> Source:
        module, _, attribute = _MODULES[name].partition(":")
        source: Source = getattr(import_module(module), attribute)()
        return source

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


#: Every source by its name. Cheap to import: DAG files list the names.
SOURCES: Mapping[str, Source] = _Sources()
