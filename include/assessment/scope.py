"""The scope of an assessment: accounts, regions, and which sources were asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from include.errors import InputError


@dataclass(frozen=True)
class Scope:
    """Accounts and regions as they are assessed; the first region is home unless one is named.

    ``sources`` empty means all. A source left out on purpose makes the result INTERIM, and what
    it could have said stays open. What is excluded for a reason stands in the register of
    exclusions (see registers.py).
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    sources: tuple[str, ...] = ()
    home: str = ""

    def __post_init__(self) -> None:
        for what, given in (("account", self.accounts), ("region", self.regions)):
            if not given:
                raise InputError(f"The scope has no {what}.", hint=f"Name at least one {what}.")
            if len(set(given)) < len(given):
                raise InputError(f"The scope names an {what} twice: {', '.join(given)}.")
        for account in self.accounts:
            if not re.fullmatch(r"\d{12}", account):
                raise InputError(f"'{account}' is not an AWS account id.", hint="Use 12 digits.")

    @property
    def home_region(self) -> str:
        """Where global resources are recorded."""
        return self.home or self.regions[0]

    def asks(self, source: str) -> bool:
        """Whether ``source`` belongs to the assessment."""
        return not self.sources or source in self.sources

    def has(self, account: str, region: str) -> bool:
        """Whether a cell of this account and region is within the scope."""
        return account in self.accounts and region in self.regions
