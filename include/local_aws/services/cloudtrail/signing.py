"""The RSA keys that sign digests: one per region, following from the estate's seed.

Not for secrets: whoever knows the seed has the key.
"""

from __future__ import annotations

import hashlib
import random
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.services.moments import DAY, moment

_EXPONENT = 65537
#: Small primes, which spare most candidates the slow test.
_SMALL = tuple(n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))


@lru_cache(maxsize=64)
def private_key(seed: Any, region: str) -> Any:
    """The region's 2048-bit key, as the cryptography library holds it."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    rng = random.Random(f"digest key:{seed}:{region}")
    p, q = _prime(rng), _prime(rng)
    p, q = max(p, q), min(p, q)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    )
    return numbers.private_key()


def _prime(rng: random.Random) -> int:
    """A prime of 1024 bits whose product with another has 2048."""
    while True:
        candidate = rng.getrandbits(1024) | (3 << 1022) | 1
        if any(candidate % small == 0 for small in _SMALL) or candidate % _EXPONENT == 1:
            continue
        if all(_passes(candidate, rng.randrange(2, candidate - 1)) for _ in range(8)):
            return candidate


def _passes(candidate: int, base: int) -> bool:
    """The Miller-Rabin test."""
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    x = pow(base, odd, candidate)
    if x in (1, candidate - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % candidate
        if x == candidate - 1:
            return True
    return False


@lru_cache(maxsize=64)
def public_der(seed: Any, region: str) -> bytes:
    """The public key as ListPublicKeys gives it: DER, PKCS #1."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = private_key(seed, region).public_key()
    return bytes(public.public_bytes(Encoding.DER, PublicFormat.PKCS1))


def fingerprint(seed: Any, region: str) -> str:
    """The key's name in digests."""
    return hashlib.md5(public_der(seed, region), usedforsecurity=False).hexdigest()


def sign(seed: Any, region: str, text: bytes) -> str:
    """SHA256withRSA, hexadecimal."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return str(private_key(seed, region).sign(text, PKCS1v15(), SHA256()).hex())


def public_keys(estate: Estate, region: str, start: int, end: int) -> list[dict[str, Any]]:
    """Keys that were valid within [start, end] (epoch seconds)."""
    from include.local_aws.services.cloudtrail.trail import history_start

    since = history_start(estate) - 365 * DAY
    until = since + 20 * 365 * DAY
    if end < since or start > until:
        return []
    seed = estate.meta("seed")
    return [
        {
            "Value": public_der(seed, region),
            "ValidityStartTime": moment(since),
            "ValidityEndTime": moment(until),
            "Fingerprint": fingerprint(seed, region),
        }
    ]
