"""What docs/workpapers.md tells people to run does what it says."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from include.evidence.archive import FRAME_BYTES, PageArchive
from include.settings import ROOT
from include.workpapers.sampling import item_digest

DOCUMENT = (ROOT / "docs" / "workpapers.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(next(one for one in found if containing in one))


@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd is not here")
@pytest.mark.parametrize(
    "pages",
    [[b"{}"], [b"", b'{"a": 1}', b"<x/>"], [bytes([n % 251]) * 300_000 for n in range(23)]],
    ids=["one", "an empty one", "several frames"],
)
def test_the_script_prints_the_digest_of_every_page(pages: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "pages.zst"
    archive = PageArchive(path)
    for body in pages:
        archive.add(body)
    archive.close()
    assert len(pages) < 23 or sum(map(len, pages)) > 3 * FRAME_BYTES
    said = subprocess.run(
        [sys.executable, "-c", block("python", "seekable"), str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said.splitlines() == [
        f"{n} {hashlib.sha256(body).hexdigest()}" for n, body in enumerate(pages, 1)
    ]


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not here")
def test_the_shell_s_digest_is_the_one_that_ranks() -> None:
    resource = "arn:aws:iam::111111111111:user/Ärger mit %s und $x"
    said = subprocess.run(
        ["bash", "-c", block("bash", "sha256sum")],
        env={"seed": "7", "account": "111111111111", "resource": resource, "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert said.split()[0] == item_digest("7", "111111111111", resource)


def test_the_settings_that_are_shown_are_the_defaults() -> None:
    import yaml

    from include.settings import SamplingSettings

    shown = yaml.safe_load(block("yaml", "sampling:"))["sampling"]
    assert SamplingSettings(**shown) == SamplingSettings()
