"""Evidence made up for counting and exporting: as many rows as wanted, the same each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from include.evidence.table import SCHEMA, write_tables

KEYWORDS, ACCOUNTS, CONTROLS, CONTROLS_EACH = 600, 200, 1_000, 12
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
_SOURCES = ("aws_config", "security_hub", "api_calls")
_REGIONS = ("eu-west-1", "us-east-1", "eu-central-1", "ap-southeast-2")
_AT_ONCE = 200_000
_OCTOBER = 1_790_812_800_000_000
_SECONDS = 31 * 86_400


def write_evidence_file(path: Path, rows: int, *, detailed: bool = False) -> None:
    """Rows in no order; a keyword has one source, type and severity, all else is drawn anew.

    ``detailed``: with ids, names, times and attributes that differ from row to row, as exports
    meet them; otherwise what isn't counted is empty.
    """
    with path.open("wb") as file:
        write_tables(file, _tables(rows, detailed))


def links() -> pd.DataFrame:
    """Each keyword's controls, in the form of :func:`include.metrics.evidence.links`."""
    random = Random(5)
    rows = [
        (_SOURCES[k % 3], _keyword(k), f"Set {c // 50:02d}", f"Control {c:04d}")
        for k in range(KEYWORDS)
        for c in sorted(random.sample(range(CONTROLS), CONTROLS_EACH))
    ]
    frame = pd.DataFrame(rows, columns=["source", "keyword", "control_set", "control"])
    for name in ("control_set", "control"):
        frame[name] = pd.Categorical(frame[name], sorted(set(frame[name])), ordered=True)
    return frame


def _keyword(number: int) -> str:
    return f"RULE_{number:03d}"


def _tables(rows: int, detailed: bool) -> Iterator[pa.Table]:
    random = np.random.default_rng(3)
    for start in range(0, rows, _AT_ONCE):
        count = min(_AT_ONCE, rows - start)
        kind = random.integers(0, KEYWORDS, count)
        shares = [0.8, 0.15, 0.04, 0.01]
        columns = {
            "source": _words(_SOURCES, kind % 3),
            "keyword": _words([_keyword(n) for n in range(KEYWORDS)], kind),
            "account": _words(
                [f"{n:012d}" for n in range(ACCOUNTS)], random.integers(0, ACCOUNTS, count)
            ),
            "region": _words(_REGIONS, random.integers(0, len(_REGIONS), count)),
            "severity": _words(SEVERITIES, kind % 5),
            "resource_type": _words([f"AWS::Service{n}::Thing" for n in range(40)], kind % 40),
            "result": _words(
                ["PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED"], random.choice(4, count, p=shares)
            ),
            "known": _words(
                ["CONTEMPORANEOUS", "RECONSTRUCTED", "CURRENT_ONLY"],
                random.choice(3, count, p=[0.9, 0.09, 0.01]),
            ),
        }
        columns.update(_detailed(start, count, random) if detailed else {})
        yield pa.table(
            [columns[name] if name in columns else _empty(name, count) for name in SCHEMA.names],
            schema=SCHEMA,
        )


def _detailed(start: int, count: int, random: Any) -> dict[str, pa.Array]:
    numbers = range(start, start + count)
    at = _OCTOBER + random.integers(0, _SECONDS, count) * 1_000_000
    times = pa.array(at).cast(SCHEMA.field("source_time").type)
    ids = pa.py_buffer(random.bytes(16 * count))
    page = np.arange(start, start + count) // 100
    return {
        "evidence_id": pa.Array.from_buffers(pa.binary(16), count, [None, ids]),
        "resource": pa.array(
            [f"arn:aws:ec2:eu-west-1:111111111111:instance/i-{n:017x}" for n in numbers]
        ),
        "source_time": times,
        "collected_at": times,
        "raw_status": _words(["COMPLIANT", "NON_COMPLIANT"], random.integers(0, 2, count)),
        "event_source": _words(["config.amazonaws.com"], np.zeros(count, int)),
        "event_name": _words(["GetComplianceDetailsByConfigRule"], np.zeros(count, int)),
        "deployment": _words(
            [f"arn:aws:config:eu-west-1:111111111111:config-rule/rule-{n}" for n in range(50)],
            random.integers(0, 50, count),
        ),
        "attributes": pa.array(
            [f'{{"annotation":"As it was found.","id":"{n}"}}' for n in numbers]
        ),
        "page": _words(
            [f"page-{n:06d}.json" for n in range(page[0], page[-1] + 1)], page - page[0]
        ),
    }


def _words(words: Sequence[str], codes: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype("int32")), pa.array(list(words)))


def _empty(name: str, count: int) -> pa.Array:
    kind = SCHEMA.field(name).type
    if pa.types.is_dictionary(kind):
        return _words(["{}" if name == "parameters" else ""], np.zeros(count, int))
    if name == "attributes":
        return pa.array(["{}"] * count)
    if pa.types.is_list(kind):
        offsets = pa.array(np.zeros(count + 1, "int32"))
        return pa.ListArray.from_arrays(offsets, pa.array([], kind.value_type), type=kind)
    if pa.types.is_string(kind):
        return pa.array([""] * count)
    if pa.types.is_fixed_size_binary(kind):
        return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(bytes(16 * count))])
    if pa.types.is_boolean(kind):
        return pa.array(np.ones(count, bool))
    return pa.array(np.zeros(count, "int64")).cast(kind)
