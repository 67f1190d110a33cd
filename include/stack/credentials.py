"""Passwords and keys of a local stack: random, kept in one file only its owner can read."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from include.errors import AuditError


@dataclass(frozen=True)
class Credentials:
    """Made once per stack. The administrator's password is the only one for people."""

    fernet_key: str
    jwt_secret: str
    api_secret: str
    database_password: str
    admin_password: str


def _random() -> Credentials:
    return Credentials(
        # A Fernet key is 32 random bytes in URL-safe base64.
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        jwt_secret=secrets.token_urlsafe(48),
        api_secret=secrets.token_urlsafe(48),
        database_password=secrets.token_hex(24),
        admin_password=secrets.token_urlsafe(15),
    )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also while it is being written."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    new.replace(path)


def load_or_make(folder: Path) -> tuple[Credentials, bool]:
    """The stack's credentials, and whether they were made just now (so: show them once).

    Also writes ``passwords.json``, which Airflow's SimpleAuthManager reads.
    """
    path = folder / "credentials.json"
    if path.exists():
        try:
            return Credentials(**json.loads(path.read_text())), False
        except (ValueError, TypeError) as error:
            raise AuditError(
                f"{path} can't be read: {error}.", hint="Run ./audit reset to start afresh."
            ) from error
    made = _random()
    write_private(folder / "passwords.json", json.dumps({"admin": made.admin_password}))
    write_private(path, json.dumps(asdict(made), indent=1))
    return made, True
