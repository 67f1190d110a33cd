"""The local AWS as one process on 127.0.0.1: ``python -m include.local_aws.server --state DIR``."""

from __future__ import annotations

import argparse
import logging
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cheroot import wsgi

from include.clock import from_epoch, from_iso
from include.errors import AuditError, InputError
from include.local_aws.clock import EstateClock
from include.local_aws.credentials import Credentials
from include.local_aws.delivered import Deliveries
from include.local_aws.estate.store import Estate
from include.local_aws.faults import EXPLAINED
from include.local_aws.front import Dispatcher, Front
from include.local_aws.journal import Journal
from include.local_aws.moto_seed import seed_estate
from include.local_aws.moto_services import MotoServices
from include.local_aws.residents import Residents
from include.protocol import ServiceApp

HOST = "127.0.0.1"
_PARAMETERS = ("seed", "accounts", "regions", "resources", "months", "clock", "idle_rules")


@contextmanager
def opened(state: Path, endpoint: str) -> Iterator[Front]:
    """The front over the estate in ``state``, which must hold an ``estate.sqlite``.

    ``endpoint`` is where the front will be reached, so that its own services find each other.
    What it opens is closed in the end.
    """
    from include.audit_manager.library import our_library
    from include.audit_manager.service import create_app
    from include.local_aws.services import OWNED, overlays

    estate = Estate(state / "estate.sqlite")
    accounts, regions = estate.accounts, estate.regions
    with ExitStack() as stack:
        journal = stack.enter_context(closing(Journal(state / "journal.sqlite")))
        clock = EstateClock(from_epoch(estate.meta("clock")))
        deliveries = Deliveries.of(estate, lambda: int(clock.now().timestamp()))

        def seed() -> None:
            seed_estate(estate)
            deliveries.seed()

        residents = Residents(estate, lambda: int(clock.now().timestamp()))
        moto = MotoServices(journal, seed, residents.move_in)
        database = (state / "audit_manager.sqlite").absolute()
        audit_manager = stack.enter_context(
            closing(
                create_app(
                    f"sqlite:///{database}",
                    s3_endpoint=endpoint,
                    standard_frameworks=our_library(),
                )
            )
        )
        mounted: dict[str, Dispatcher] = {
            "auditmanager": ServiceApp("auditmanager", audit_manager.handlers)
        }
        yield Front(
            clock=clock,
            moto=moto,
            credentials=Credentials(journal, accounts),
            overlays=overlays(estate),
            owned=OWNED,
            mounted=mounted,
            about={"seed": estate.meta("seed"), "accounts": accounts, "regions": regions},
            deliveries=deliveries,
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
    state: Path = asked.state
    with _bound(asked.port) as server, ExitStack() as stack:
        endpoint = f"http://{HOST}:{server.bind_addr[1]}"
        try:
            state.mkdir(parents=True, exist_ok=True)
            _make_estate(state, asked)
            server.wsgi_app = stack.enter_context(opened(state, endpoint))
        except (OSError, sqlite3.Error) as error:
            raise AuditError(
                f"The state in {state} can't be used: {error}.",
                hint="Check that the folder can be written to and that the disk is not full.",
            ) from error
        serving = threading.Thread(target=server.serve, name="serve", daemon=True)
        serving.start()
        print(f"READY {endpoint}", flush=True)
        while serving.is_alive() and not stop.wait(1):
            pass
        server.stop()
        return 0 if stop.is_set() else 1


@contextmanager
def _bound(port: int) -> Iterator[Any]:
    """A server that holds its port but doesn't answer yet."""
    # More threads than cores: a request may wait for another one (a report that is written to S3)
    server = wsgi.Server((HOST, port), None, numthreads=16, request_queue_size=128, timeout=60)
    server.shutdown_timeout = 2
    try:
        server.prepare()
    except OSError as error:
        raise InputError(
            f"Port {port} on {HOST} is taken or not allowed.",
            hint="Choose another one with --port, or 0 for a free one.",
        ) from error
    try:
        yield server
    finally:
        server.stop()


def _make_estate(state: Path, asked: argparse.Namespace) -> None:
    """Make the estate, or check that the one that is there is the one that was asked for."""
    from include.local_aws.estate.make import make_estate

    given = {name: getattr(asked, name) for name in _PARAMETERS if getattr(asked, name) is not None}
    if (state / "estate.sqlite").exists():
        if not given:
            return
        there = Estate(state / "estate.sqlite").meta("parameters")
        given = {**{name: there[name] for name in _PARAMETERS if name != "clock"}, **given}
    make_estate(state, **given)


def _faults_explained() -> str:
    kinds = "\n".join(f"  {kind:14} {text}" for kind, text in EXPLAINED.items())
    return f"""example: python -m include.local_aws.server --state state --port 4566

Faults are injected by POST /_local/faults with a JSON list, listed by GET, removed by DELETE:
  [{{"service": "securityhub", "operation": "GetFindings", "kind": "throttle", "calls": [1, 3]}}]
  [{{"service": "*", "kind": "throttle", "probability": 0.2, "seed": 1}}]
Besides service and kind, each may name operation, account, region, calls (first and last),
probability and seed, seconds, status. The kinds:
{kinds}"""


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m include.local_aws.server",
        description="A stand-in for AWS on 127.0.0.1, with a deterministic estate.",
        epilog=_faults_explained(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--state", type=Path, required=True, help="folder that holds everything")
    parser.add_argument("--port", type=int, default=4566, help="0 picks a free one")
    estate = parser.add_argument_group("a new estate (one that is there has to agree)")
    estate.add_argument("--seed", type=int, help="7 if not given")
    estate.add_argument("--accounts", type=int, help="3")
    estate.add_argument("--regions", type=int, help="2")
    estate.add_argument("--resources", type=int, help="per account and region, about; 100")
    estate.add_argument("--months", type=int, help="of history; 4")
    estate.add_argument("--clock", type=_time, help="ISO time; this month's first, 06:00 UTC")
    estate.add_argument(
        "--idle-rules",
        action="store_true",
        default=None,
        help="also the rules and controls of services that the estate has no resources of",
    )
    return parser.parse_args(arguments)


def _time(text: str) -> datetime:
    try:
        return from_iso(text).astimezone(UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no ISO time with zone") from error


if __name__ == "__main__":
    sys.exit(main())
