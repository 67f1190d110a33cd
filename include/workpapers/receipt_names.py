"""What the receipts' files are called in a package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from include.evidence.receipt import Receipt


def named(receipts: Iterable[Receipt]) -> Iterator[tuple[str, Receipt]]:
    """Each receipt with its file's name; further ones of one place are numbered from 2."""
    met: dict[str, int] = {}
    for receipt in receipts:
        place = f"{receipt.source}_{receipt.account}_{receipt.region}"
        met[place] = met.get(place, 0) + 1
        number = f"_{met[place]}" if met[place] > 1 else ""
        yield f"{place}{number}.json", receipt
