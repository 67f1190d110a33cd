"""Raw pages come back byte for byte: one alone, all in turn, and with the standard tool."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from include.errors import AuditError
from include.evidence.archive import ArchivedPages, PageArchive, page_number

BODIES = [
    b'{"Findings": []}',
    "<ListUsersResponse>Zürich</ListUsersResponse>".encode(),
    b"",
    random.Random(1).randbytes(300_000),
    b'{"a": "' + b"x" * 3_000_000 + b'"}',
    b"",
    b'{"last": true}',
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive of these bodies."""
    archive = PageArchive(tmp_path / "pages.zst")
    names = [archive.add(body) for body in BODIES]
    archive.close()
    assert names[:2] == ["page-00001.json", "page-00002.xml"]
    assert [page_number(name) for name in names] == [1, 2, 3, 4, 5, 6, 7]
    return tmp_path / "pages.zst"


def test_pages_come_back_as_they_were(path: Path) -> None:
    with path.open("rb") as file:
        pages = ArchivedPages(file)
        assert pages.page(7) == BODIES[6]
        assert pages.page(4) == BODIES[3]
        assert pages.page(1) == BODIES[0]
        assert [body for _, body in pages] == BODIES
        for number in (0, 8):
            with pytest.raises(AuditError, match=f"no raw page {number}"):
                pages.page(number)


@pytest.mark.skipif(not shutil.which("zstd"), reason="the zstd tool is not installed")
def test_the_standard_tool_reads_all_pages(path: Path) -> None:
    shown = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
    assert shown == b"".join(BODIES)


def test_an_archive_without_its_table_is_refused(path: Path) -> None:
    for cut in (1, 20, path.stat().st_size):
        short = path.with_suffix(f".{cut}")
        short.write_bytes(path.read_bytes()[:-cut])
        with short.open("rb") as file, pytest.raises(AuditError, match="no table at its end"):
            ArchivedPages(file)


def test_a_page_that_cannot_be_unpacked_is_named(path: Path) -> None:
    path.write_bytes(b"\0" * 8 + path.read_bytes()[8:])
    with path.open("rb") as file, pytest.raises(AuditError, match="raw page 1 can't be unpacked"):
        ArchivedPages(file).page(1)


def test_an_archive_of_nothing_has_no_pages(tmp_path: Path) -> None:
    PageArchive(tmp_path / "none.zst").close()
    with (tmp_path / "none.zst").open("rb") as file:
        assert list(ArchivedPages(file)) == []
