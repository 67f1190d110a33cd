"""The catalogue of checks as the estate needs it: which sources can answer what, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).parents[2] / "checks" / "catalogue.yaml"


@dataclass(frozen=True)
class Check:
    """One check; ``keywords`` and ``given`` (deployed parameters) are by source."""

    id: str
    resource_type: str
    account_wide: bool
    keywords: Mapping[str, str]
    given: Mapping[str, Mapping[str, Any]]

    @property
    def judged_by_aws(self) -> bool:
        """Whether a Config rule or a Security Hub control exists for it."""
        return "aws_config" in self.keywords or "security_hub" in self.keywords

    def parameters(self, source: str) -> str:
        """JSON of the parameters with which ``source`` is set up."""
        return json.dumps(self.given.get(source, {}), sort_keys=True)


@cache
def deployable_checks() -> tuple[Check, ...]:
    """Every check that Config, Security Hub or an API call can answer, in catalogue order."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(CATALOGUE.read_bytes(), Loader=loader)["checks"]
    found = []
    for entry in entries:
        sources = {
            s["source"]: s
            for s in entry["sources"]
            if s["source"] in ("aws_config", "security_hub", "api_calls")
        }
        if not sources:
            continue
        own = {name: given["value"] for name, given in entry.get("parameters", {}).items()}
        found.append(
            Check(
                id=entry["id"],
                resource_type=entry["resource_type"],
                account_wide=entry["locality"] == "account",
                keywords={name: s["keyword"] for name, s in sources.items()},
                given={
                    "aws_config": sources.get("aws_config", {}).get("parameters", {}),
                    "security_hub": own,
                },
            )
        )
    return tuple(found)
