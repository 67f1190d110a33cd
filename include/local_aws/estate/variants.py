"""Rules that ask a check's question in another way: weaker, stricter, narrower, or a custom one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from include.local_aws.estate.parameters import Parameters

Way = Literal["weaker", "stricter", "narrow", "custom"]

#: Parameters that ask less or more than the check does. A set of ports must hold the check's own
#: to be stricter.
ASKED: Mapping[tuple[str, Way], Mapping[str, Any]] = {
    ("password-policy-length", "weaker"): {"MinimumPasswordLength": 8},
    ("password-policy-length", "stricter"): {"MinimumPasswordLength": 16},
    ("password-policy-reuse", "weaker"): {"PasswordReusePrevention": 5},
    ("access-keys-rotated", "weaker"): {"maxAccessKeyAge": 180},
    ("access-keys-rotated", "stricter"): {"maxAccessKeyAge": 60},
    ("unused-credentials", "weaker"): {"maxCredentialUsageAge": 90},
    ("unused-credentials", "stricter"): {"maxCredentialUsageAge": 30},
    ("sg-no-open-admin-ipv4", "weaker"): {"restrictPorts": "22", "ipType": "IPv4"},
    ("sg-no-open-admin-ipv4", "stricter"): {"restrictPorts": "22,445,3389", "ipType": "IPv4"},
    ("sg-no-open-admin-ipv6", "weaker"): {"restrictPorts": "3389", "ipType": "IPv6"},
    ("sg-no-open-admin-ipv6", "stricter"): {"restrictPorts": "22,445,3389", "ipType": "IPv6"},
}
#: Checks whose rule may be narrowed to one resource: kinds that every place has.
NARROWABLE = ("imdsv2-required", "s3-tls-only", "s3-bucket-public-access-blocked")
#: A rule of the company's own beside the managed one: check, name.
CUSTOM = ("s3-tls-only", "bucket-policy-demands-tls")


@dataclass(frozen=True)
class Chosen:
    """One variant in one place; ``instead``: there is no rule that asks what the check asks."""

    check: str
    way: Way
    instead: bool

    @property
    def key(self) -> str:
        """What its recordings go by."""
        return f"{self.check}~{self.way}"

    @property
    def parameters(self) -> str | None:
        """JSON of what it is given; None: the same as the check's own rule."""
        asked = ASKED.get((self.check, self.way))
        return None if asked is None else json.dumps(asked, sort_keys=True)


def chosen_variants(
    given: Parameters, account: str, region: str, possible: frozenset[str]
) -> tuple[Chosen, ...]:
    """The variants of one place; ``possible``: checks that both Config and the hub answer there.

    Where a variant stands instead of the rule, Security Hub is left to answer.
    """
    rng = given.rng("variants", account, region)
    asked = sorted(key for key in ASKED if key[0] in possible)
    found: dict[str, Chosen] = {}
    for instead in (True, False, False):
        free = [key for key in asked if key[0] not in found]
        if free:
            check, way = rng.choice(free)
            found[check] = Chosen(check, way, instead)
    narrowed = [check for check in NARROWABLE if check in possible]
    if narrowed:
        check = rng.choice(narrowed)
        found[check] = Chosen(check, "narrow", rng.random() < 0.5)
    if CUSTOM[0] in possible and CUSTOM[0] not in found and rng.random() < 0.5:
        found[CUSTOM[0]] = Chosen(CUSTOM[0], "custom", False)
    return tuple(found[check] for check in sorted(found))
