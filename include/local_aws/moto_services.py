"""Moto as a whole: one request at a time, each change journalled, all of it replayed at start."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from include.clock import from_epoch
from include.local_aws import moto_state
from include.local_aws.journal import Journal
from include.local_aws.moto_dispatch import dispatch
from include.protocol.errors import ServiceError
from include.protocol.http import Request, Response

log = logging.getLogger(__name__)

#: Operations that begin so change nothing worth remembering.
_READING = (
    "BatchGet",
    "Check",
    "Decrypt",
    "Describe",
    "Encrypt",
    "Estimate",
    "Filter",
    "GenerateDataKey",
    "GenerateMac",
    "GenerateRandom",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Preview",
    "Query",
    "ReEncrypt",
    "Scan",
    "Search",
    "Select",
    "Sign",
    "Simulate",
    "Test",
    "Validate",
    "Verify",
)


class MotoServices:
    """All that moto holds; there is one per process, because moto's state is global.

    ``seed`` puts in what exists before the first request; it runs before the replay. ``move_in``
    (service, account, region) does the same before the first request to each place of a service.
    """

    def __init__(
        self,
        journal: Journal,
        seed: Callable[[], None] | None = None,
        move_in: Callable[[str, str, str], None] = lambda service, account, region: None,
    ) -> None:
        self._journal = journal
        self._move_in = move_in
        # Moto isn't made for threads, and the order of changes is the order of the journal
        self._lock = threading.RLock()
        moto_state.install()
        moto_state.reset()
        moto_state.keep_keys_with(journal.keep_key)
        moto_state.seed(0)
        if seed is not None:
            seed()
        self._replay()

    def answer(
        self, service: str, operation: str, request: Request, account: str, region: str
    ) -> Response:
        """Moto's answer; what changed something is on disk when this returns.

        ``service`` is the signing name. Raises ServiceError as :func:`moto_dispatch.dispatch`.
        """
        if changes_nothing(operation, request):
            with self._lock:
                self._move_in(service, account, region)
                return dispatch(service, operation, request, account, region)
        with self._lock:
            self._move_in(service, account, region)
            seq = self._journal.next_seq
            self._journal.begin(seq)
            moto_state.seed(seq)
            at = time.time()
            moto_state.set_time(from_epoch(at))  # as it will be in a replay
            try:
                response = dispatch(service, operation, request, account, region)
            finally:
                moto_state.set_time(None)
            empty_receive = operation == "ReceiveMessage" and b"ReceiptHandle" not in response.body
            if response.status < 400 and not empty_receive:
                self._journal.record(at, service, operation, account, region, request)
            return response

    def _replay(self) -> None:
        try:
            for entry in self._journal.entries():
                self._move_in(entry.service, entry.account, entry.region)
                self._journal.begin(entry.seq)
                moto_state.seed(entry.seq)
                moto_state.set_time(entry.at)
                try:
                    dispatch(
                        entry.service, entry.operation, entry.request, entry.account, entry.region
                    )
                except ServiceError as error:
                    log.error("replay of request %s failed: %s", entry.seq, error)
        finally:
            moto_state.set_time(None)


def changes_nothing(operation: str, request: Request) -> bool:
    """Whether a request only reads."""
    if request.method in ("GET", "HEAD", "OPTIONS") and "Action=" not in request.query:
        return True
    return operation.startswith(_READING)
