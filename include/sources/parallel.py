"""Several listings followed at the same time, where one chain of pages waits for its answers."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator, Mapping, Sequence
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from include.sources.base import Cursor, Fetched, Listing

if TYPE_CHECKING:
    from include.evidence.snapshot import SnapshotWriter

#: Seconds after which a thread looks whether anybody still wants its pages.
_GLANCE = 0.2


def parallel_pages(
    out: SnapshotWriter,
    client: Any,
    operation: str,
    items_at: str,
    requests: Sequence[Mapping[str, Any]],
    *,
    token: str = "NextToken",
    next_token: str = "",
    decode: type[Struct] | None = None,
    ahead: int = 2,
) -> Iterator[Listing]:
    """Follow one listing per request to its end, all at the same time, as ``pages`` follows one.

    ``requests`` differ by filters that exclude each other and leave nothing out: that is the
    caller's to see to. A page of a chain can only be asked for when the one before it has come,
    so at most one page per answer time comes from each; with as many chains as the rate times
    the answer time (GetFindings: 3 per second) the rate is used up.

    The pages come in an order that depends on nothing but the answers: the first of every
    listing, by request, then the second of every listing that has one, and so on. At most
    ``ahead`` pages of each are held. The first error in that order is raised when its turn comes;
    what came before it has been handed over by then.
    """
    if len(requests) == 1:
        cursor = Cursor(client, operation, items_at, dict(requests[0]), token, next_token, decode)
        while not cursor.ended:
            yield cursor.fetch().told_to(out)
        return
    stop = threading.Event()
    chains = [
        _Chain(
            Cursor(client, operation, items_at, dict(request), token, next_token, decode),
            stop,
            ahead,
        )
        for request in requests
    ]
    try:
        live = chains
        while live:
            for chain in live:
                yield chain.next().told_to(out)
            live = [chain for chain in live if not chain.drained]
    finally:
        stop.set()
        for chain in chains:
            chain.thread.join()


class _Chain:
    """One listing, fetched by a thread of its own."""

    def __init__(self, cursor: Cursor, stop: threading.Event, ahead: int) -> None:
        self._cursor, self._stop = cursor, stop
        self._pages: Queue[tuple[Fetched, bool]] = Queue(ahead)
        self.drained = False
        # The budget of the cell and its journal are found in the context.
        run = contextvars.copy_context().run
        self.thread = threading.Thread(target=run, args=(self._follow,), daemon=True)
        self.thread.start()

    def _follow(self) -> None:
        while not self._cursor.ended and not self._stop.is_set():
            fetched = self._cursor.fetch()
            while not self._stop.is_set():
                try:
                    self._pages.put((fetched, self._cursor.ended), timeout=_GLANCE)
                    break
                except Full:
                    continue

    def next(self) -> Fetched:
        """The next page, as soon as it is there."""
        while True:
            try:
                fetched, self.drained = self._pages.get(timeout=_GLANCE)
                return fetched
            except Empty:
                if not self.thread.is_alive() and self._pages.empty():
                    raise RuntimeError("the thread of a listing ended without a page") from None
