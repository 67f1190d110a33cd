"""What makes moto's state the same again when its requests are replayed.

Three things in moto differ from run to run: its random source (which can be seeded), the time
(moto asks one function for it), and keys made by the cryptography library (which can't be seeded,
so they are kept beside the journal).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

#: Keeps a private key (PEM) that is made now, or gives back the one made when this request was
#: first answered.
KeyKeeper = Callable[[Callable[[], bytes]], bytes]


class _Moment:
    """The time that moto believes it is: real time, or that of the request being replayed."""

    frozen: datetime | None = None


_moment = _Moment()
_keeper: list[KeyKeeper] = []


def utcnow() -> datetime:
    """Naive UTC, as moto wants it."""
    at = _moment.frozen or datetime.now(UTC)
    return at.replace(tzinfo=None)


def set_time(at: datetime | None) -> None:
    """Freeze moto's time at ``at`` (aware), or let it run again with None."""
    _moment.frozen = at


def seed(number: int) -> None:
    """Make moto's random ids of the next request a function of ``number``."""
    from moto.moto_api._internal import mock_random

    mock_random.seed(number)


def keep_keys_with(keeper: KeyKeeper) -> None:
    """Where private keys made by KMS are kept."""
    _keeper[:] = [keeper]


def reset() -> None:
    """Forget everything moto holds, in all accounts and regions."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()


def install() -> None:
    """Point moto at our time, seeded bytes and kept keys; harmless when called again."""
    import moto.core.utils
    import moto.kms.models
    import moto.s3.models

    original = moto.core.utils.utcnow
    if original is not utcnow:
        # modules that are loaded already hold the function under their own name
        for name, module in list(sys.modules.items()):
            if name.startswith("moto.") and getattr(module, "utcnow", None) is original:
                module.utcnow = utcnow  # type: ignore[attr-defined]
    kms: Any = moto.kms.models
    if not getattr(kms.generate_private_key, "kept", False):
        kms.generate_private_key = _kept(kms.generate_private_key)
        kms.generate_master_key = lambda: _random_bytes(32)
    s3: Any = moto.s3.models
    if not isinstance(s3.os, types.SimpleNamespace):
        # upload ids are os.urandom: a replayed CompleteMultipartUpload would not find its upload
        s3.os = types.SimpleNamespace(**{**vars(s3.os), "urandom": _random_bytes})
        s3.datetime = types.SimpleNamespace(**{**vars(s3.datetime), "datetime": _Datetime})


class _Datetime(datetime):
    """``datetime`` for moto's S3, whose bucket creation dates don't ask ``utcnow``."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        at = _moment.frozen or datetime.now(UTC)
        return at.astimezone(tz) if tz is not None else at.replace(tzinfo=None)

    @classmethod
    def strptime(cls, text: str, form: str) -> Any:
        return datetime.strptime(text, form)


def _random_bytes(count: int) -> bytes:
    from moto.moto_api._internal import mock_random

    return mock_random.randbytes(count)


def _kept(make: Callable[[str], Any]) -> Callable[[str], Any]:
    def generate_private_key(key_spec: str) -> Any:
        made: list[Any] = []

        def pem() -> bytes:
            made.append(make(key_spec))
            return bytes(
                made[0].private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )

        if not _keeper:
            return make(key_spec)
        kept = _keeper[0](pem)
        if made:
            return made[0]
        key = _shell(key_spec)
        key.private_key = load_pem_private_key(kept, password=None)
        return key

    generate_private_key.kept = True  # type: ignore[attr-defined]
    return generate_private_key


def _shell(key_spec: str) -> Any:
    """Moto's key object without the seconds it takes to find an RSA key that is then replaced."""
    from moto.kms.utils import ECDSAPrivateKey, KeySpec, RSAPrivateKey

    if key_spec in KeySpec.ecc_key_specs():
        return ECDSAPrivateKey(key_spec)
    key = RSAPrivateKey.__new__(RSAPrivateKey)
    key.key_size = {"RSA_3072": 3072, "RSA_4096": 4096}.get(key_spec, 2048)
    return key
