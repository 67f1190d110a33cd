"""The local AWS as one process on 127.0.0.1: ``python -m include.local_aws.server --state DIR``."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cheroot import wsgi

from include.clock import from_epoch, from_iso
from include.errors import AuditError, InputError
from include.local_aws.clock import EstateClock
from include.local_aws.credentials import Credentials
from include.local_aws.estate.store import Estate
from include.local_aws.front import Dispatcher, Front
from include.local_aws.journal import Journal
from include.local_aws.moto_seed import seed_estate
from include.local_aws.moto_services import MotoServices
from include.protocol import ServiceApp

HOST = "127.0.0.1"


def make_front(state: Path, endpoint: str) -> Front:
    """The front over the estate in ``state``, which must hold an ``estate.sqlite``.

    ``endpoint`` is where the front will be reached, so that its own services find each other.
    """
    from include.audit_manager.service import create_app
    from include.local_aws.services import OWNED, overlays

    estate = Estate(state / "estate.sqlite")
    accounts, regions = estate.accounts, estate.regions
    journal = Journal(state / "journal.sqlite")
    audit_manager = create_app(
        f"sqlite:///{(state / 'audit_manager.sqlite').absolute()}", s3_endpoint=endpoint
    )
    mounted: dict[str, Dispatcher] = {
        "auditmanager": ServiceApp("auditmanager", audit_manager.handlers)
    }
    return Front(
        clock=EstateClock(from_epoch(estate.meta("clock"))),
        moto=MotoServices(journal, lambda: seed_estate(estate)),
        credentials=Credentials(journal, accounts),
        overlays=overlays(estate),
        owned=OWNED,
        mounted=mounted,
        about={"seed": estate.meta("seed"), "accounts": accounts, "regions": regions},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the estate if there is none, serve until SIGTERM or SIGINT; 1 on an error."""
    asked = _arguments(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return _serve(asked)
    except AuditError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _serve(asked: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = _bind(asked.port)
    try:
        endpoint = f"http://{HOST}:{server.bind_addr[1]}"
        state: Path = asked.state
        state.mkdir(parents=True, exist_ok=True)
        if not (state / "estate.sqlite").exists():
            _make_estate(asked)
        server.wsgi_app = make_front(state, endpoint)
        serving = threading.Thread(target=server.serve, name="serve", daemon=True)
        serving.start()
        print(f"READY {endpoint}", flush=True)
        while serving.is_alive() and not stop.wait(1):
            pass
        return 0 if stop.is_set() else 1
    finally:
        server.stop()


def _bind(port: int) -> Any:
    # More threads than cores: a request may wait for another one (a report that is written to S3)
    server = wsgi.Server((HOST, port), None, numthreads=16, request_queue_size=128, timeout=60)
    server.shutdown_timeout = 2
    try:
        server.prepare()
    except OSError as error:
        raise InputError(
            f"Port {port} on {HOST} can't be used: {error.strerror or error}.",
            hint="Choose another one with --port, or 0 for a free one.",
        ) from error
    return server


def _make_estate(asked: argparse.Namespace) -> None:
    from include.local_aws.estate.make import make_estate

    make_estate(
        asked.state,
        seed=asked.seed,
        accounts=asked.accounts,
        regions=asked.regions,
        resources=asked.resources,
        months=asked.months,
        clock=asked.clock,
    )


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m include.local_aws.server",
        description="A stand-in for AWS on 127.0.0.1, with a deterministic estate.",
        epilog="example: python -m include.local_aws.server --state state --port 4566",
    )
    parser.add_argument("--state", type=Path, required=True, help="folder that holds everything")
    parser.add_argument("--port", type=int, default=4566, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=7, help="the estate's seed")
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--regions", type=int, default=2)
    parser.add_argument("--resources", type=int, default=100, help="per account, about")
    parser.add_argument("--months", type=int, default=4, help="of history")
    parser.add_argument(
        "--clock", type=_time, default=None, help="ISO time; the first of this month, 06:00 UTC"
    )
    return parser.parse_args(arguments)


def _time(text: str) -> datetime:
    try:
        return from_iso(text).astimezone(UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO time with zone") from error


if __name__ == "__main__":
    sys.exit(main())
