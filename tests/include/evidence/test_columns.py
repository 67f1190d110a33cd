"""Columns made without pandas are those that Arrow itself would make."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pytest

from include.evidence import columns
from tests.local_stack import ROOT

TEXTS = ["", "b", "ü漢😀", "b", "\0"]


@pytest.mark.parametrize("count", [0, 1, 5, 9, 17])
def test_columns_hold_what_was_put_in(count: int) -> None:
    texts = (TEXTS * 4)[:count]
    data = [text.encode() for text in texts]
    pairs = [((text, "z"),) * (n % 3) for n, text in enumerate(texts)]
    bits = [n % 3 == 0 for n in range(count)]
    made = {
        "texts": (columns.texts(texts), pa.array(texts, pa.string())),
        "binaries": (columns.binaries(data), pa.array(data, pa.binary())),
        "fixed": (columns.fixed([b"ab"] * count, 2), pa.array([b"ab"] * count, pa.binary(2))),
        "flags": (columns.flags(bits), pa.array(bits, pa.bool_())),
        "small": (columns.small(range(count)), pa.array(range(count), pa.int32())),
        "moments": (
            columns.moments([-n for n in range(count)]),
            pa.array([-n for n in range(count)], pa.timestamp("us", tz="UTC")),
        ),
        "intervals": (
            columns.intervals(pairs),
            pa.array(
                [[{"start": s, "end": e} for s, e in some] for some in pairs], columns.INTERVALS
            ),
        ),
    }
    for name, (ours, theirs) in made.items():
        ours.validate(full=True)
        assert ours.equals(theirs), name
    words = columns.words(texts)
    words.validate(full=True)
    assert words.to_pylist() == texts
    assert len(words.dictionary) == len(set(texts))


def test_writing_and_reading_evidence_never_imports_pandas() -> None:
    program = (
        "import sys; from tests.include.evidence.test_snapshot import item, merged\n"
        "read, _, _ = merged([item(n) for n in range(60)] * 2, batch_rows=9, run_bytes=1)\n"
        "assert len(read) == 60 and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
