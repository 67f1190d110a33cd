"""Names inside a report's archive, short enough for Windows' path limit."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePosixPath

_LONGEST_FOLDER = 40


def folder(name: str, short_id: str) -> str:
    """``name-id``: letters of any script stay, what file systems dislike becomes a dash."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-. ")[:_LONGEST_FOLDER].strip("-. ")
    return f"{plain or 'unnamed'}-{short_id}"


def manual_evidence_file(at: datetime, account: str, evidence_id: str, file_name: str) -> str:
    """``HH-MM-SS_manual_<account>_<12 characters>_<first 10 of the name><extension>``."""
    path = PurePosixPath(file_name)
    stem = re.sub(r"[^\w.-]+", "-", path.stem)[:10]
    return f"{_start(at, 'manual', account, evidence_id)}_{stem}{path.suffix[:10]}"


def automated_evidence_file(
    at: datetime, account: str, evidence_id: str, service: str | None, event: str | None
) -> str:
    """``HH-MM-SS_SERVICE_EventName_<account>_<12 characters>.pdf``; a dash for what is unknown."""
    what = f"{_plain(service)}_{_plain(event)[:20]}"
    return f"{_start(at, what, account, evidence_id)}.pdf"


def _start(at: datetime, what: str, account: str, evidence_id: str) -> str:
    return f"{at:%H-%M-%S}_{what}_{account}_{evidence_id.replace('-', '')[:12]}"


def _plain(text: str | None) -> str:
    return re.sub(r"[^\w.-]+", "-", text)[:30] if text else "-"
