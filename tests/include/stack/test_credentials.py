"""Passwords and keys: random, owner-only, made once."""

import base64
import json
import os
import stat
from dataclasses import astuple
from pathlib import Path

import pytest

from include.errors import AuditError
from include.stack.credentials import load_or_make, write_private


def test_they_are_made_once_and_kept(tmp_path: Path) -> None:
    first, made = load_or_make(tmp_path)
    again, made_again = load_or_make(tmp_path)
    assert (made, made_again) == (True, False)
    assert first == again


def test_two_stacks_share_none_of_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    a, b = (load_or_make(tmp_path / name)[0] for name in ("a", "b"))
    assert not set(astuple(a)) & set(astuple(b))
    assert all(len(secret) >= 20 for secret in astuple(a))
    assert len(base64.urlsafe_b64decode(a.fernet_key)) == 32


def test_only_the_owner_can_read_them_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        credentials, _ = load_or_make(tmp_path)
    finally:
        os.umask(before)
    for name in ("credentials.json", "passwords.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert json.loads((tmp_path / "passwords.json").read_text()) == {
        "admin": credentials.admin_password
    }


def test_a_private_file_replaces_a_readable_one(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{")
    with pytest.raises(AuditError, match=r"credentials.json can't be read.*\./audit reset"):
        load_or_make(tmp_path)
