"""Names, ids and ARNs that look like AWS's own, made from a random generator."""

from __future__ import annotations

import random
import string
from collections import Counter
from uuid import UUID

_SYSTEMS = [
    "payments",
    "orders",
    "ledger",
    "catalog",
    "billing",
    "identity",
    "search",
    "reports",
    "ingest",
    "mailer",
    "fraud",
    "onboarding",
    "loyalty",
    "pricing",
    "shipping",
    "returns",
    "support",
    "analytics",
    "inventory",
    "checkout",
]
_PARTS = [
    "api",
    "worker",
    "batch",
    "web",
    "cache",
    "export",
    "archive",
    "events",
    "gateway",
    "scheduler",
    "store",
    "sync",
    "importer",
    "admin",
    "ledger",
    "index",
    "feed",
    "queue",
    "audit",
    "jobs",
]
_FIRST = "abcdefghjklmnprstw"
_LAST = [
    "doe",
    "smith",
    "garcia",
    "mueller",
    "rossi",
    "tanaka",
    "silva",
    "novak",
    "kowalski",
    "larsen",
    "dubois",
    "okafor",
    "patel",
    "chen",
    "kim",
    "ivanova",
    "haddad",
    "lopez",
    "martin",
    "weber",
    "jansen",
    "nielsen",
    "moreau",
    "ferrari",
    "sato",
    "khan",
    "costa",
    "horvat",
]
_BASE32 = string.ascii_uppercase + "234567"
_UPPER = string.ascii_uppercase + string.digits
_LOWER = string.ascii_lowercase + string.digits


def account_ids(count: int) -> list[str]:
    """111111111111, 222222222222 … 999999999999, then made-up ones; all different."""
    ids = [str(digit) * 12 for digit in range(1, 10)][:count]
    made_up = (100_000_000_000 + 7_654_321_987 * n % 899_999_999_999 for n in range(1, count - 8))
    return ids + [str(number) for number in made_up]


def hex17(rng: random.Random) -> str:
    """The 17 hexadecimal digits of EC2's ids, which start with 0."""
    return f"0{rng.getrandbits(64):016x}"


def uuid4(rng: random.Random) -> str:
    """A version 4 UUID."""
    return str(UUID(int=rng.getrandbits(128), version=4))


def letters(rng: random.Random, count: int, alphabet: str = _UPPER) -> str:
    """``count`` characters of an alphabet (capital letters and digits unless told)."""
    return "".join(rng.choices(alphabet, k=count))


def principal_id(rng: random.Random, prefix: str) -> str:
    """IAM's unique ids: AIDA (user), AROA (role), ANPA (policy), ASCA (certificate), AKIA (key)."""
    return prefix + letters(rng, 17 if prefix != "AKIA" else 16, _BASE32)


def lower_id(rng: random.Random, count: int) -> str:
    """``count`` lower-case letters and digits."""
    return letters(rng, count, _LOWER)


class Namer:
    """Names for one account and region; a name is given out once per use (type)."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._given: Counter[tuple[str, str]] = Counter()

    def _once(self, use: str, name: str) -> str:
        self._given[use, name] += 1
        count = self._given[use, name]
        return name if count == 1 else f"{name}-{count}"

    def system(self, use: str) -> str:
        """Such as ``payments-ledger``."""
        first, second = self._rng.choice(_SYSTEMS), self._rng.choice(_PARTS)
        return self._once(use, first if first == second else f"{first}-{second}")

    def person(self) -> str:
        """Such as ``jdoe``."""
        return self._once("person", self._rng.choice(_FIRST) + self._rng.choice(_LAST))
