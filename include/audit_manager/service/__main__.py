"""Runs the embedded Audit Manager alone, on 127.0.0.1."""

from __future__ import annotations

import argparse
import logging
import re
import signal
import sys
from types import FrameType

from include.errors import AuditError

_EPILOG = """\
The account of a request is its access key id when that has 12 digits, else the one of --account.
Signatures (SigV4) are read but not verified yet, and roles aren't looked at: whoever reaches the
port may do everything. It is therefore bound to 127.0.0.1 only.

Example:
  python -m include.audit_manager.service --database sqlite:///state/audit_manager.sqlite \\
      --port 4600 --s3-endpoint http://127.0.0.1:4566
  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=any \\
      aws --endpoint-url http://127.0.0.1:4600 --region eu-west-1 auditmanager get-account-status
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0 then, 1 when it can't start, 64 on wrong usage."""
    asked = _parse(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    from cheroot.wsgi import Server

    from include.audit_manager.library import our_library
    from include.audit_manager.service import create_app

    try:
        service = create_app(
            asked.database, s3_endpoint=asked.s3_endpoint, standard_frameworks=our_library()
        )
        service.load_library()
    except AuditError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    server = Server(("127.0.0.1", asked.port), service.wsgi(default_account=asked.account))
    try:
        server.prepare()
    except OSError as error:
        print(
            f"Error: port {asked.port} on 127.0.0.1 can't be used: {error}. Choose another.",
            file=sys.stderr,
        )
        service.close()
        return 1

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print(f"READY http://127.0.0.1:{server.bind_addr[1]}", flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
        service.close()
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(64, f"Error: {message}\n")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m include.audit_manager.service",
        description="The embedded Audit Manager: the AWS Audit Manager API on 127.0.0.1.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--database", required=True, help="SQLAlchemy URL: sqlite:///file or postgresql://…"
    )
    parser.add_argument("--port", required=True, type=int, help="0 takes a free one")
    parser.add_argument("--s3-endpoint", help="where S3 is, unless it is AWS's own")
    parser.add_argument("--account", type=_account, help="of access key ids that aren't accounts")
    return parser.parse_args(arguments)


def _account(text: str) -> str:
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError("an account id has 12 digits")
    return text


if __name__ == "__main__":
    sys.exit(main())
