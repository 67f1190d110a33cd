"""Evidence bundles: all evidence of one control for one run, as deterministic JSON files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from include.digests import canonical_json, sha256

#: Audit Manager takes files of up to 100 MB; some room is left for the frame.
MAX_BYTES = 95_000_000


def bundle_parts(
    head: Mapping[str, Any], evidence: Iterable[Mapping[str, Any]], *, max_bytes: int = MAX_BYTES
) -> Iterator[tuple[str, bytes]]:
    """Yield ``(digest, bytes)`` of each part; equal evidence gives equal bytes.

    ``head`` says what the bundle is about (framework, control, period, status); ``evidence`` are
    JSON values in a fixed order. A part holds ``{**head, "part": n, "evidence": […]}``.
    """
    part = 1
    lines: list[bytes] = []
    size = 0
    for item in evidence:
        line = canonical_json(item)
        if lines and size + len(line) > max_bytes:
            yield _part(head, part, lines)
            part, lines, size = part + 1, [], 0
        lines.append(line)
        size += len(line) + 1
    yield _part(head, part, lines)


def _part(head: Mapping[str, Any], part: int, lines: list[bytes]) -> tuple[str, bytes]:
    frame = canonical_json({**head, "part": part})
    body = frame[:-1] + b',"evidence":[' + b",\n".join(lines) + b"]}\n"
    return sha256(body), body
