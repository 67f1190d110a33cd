"""The service's database: engine, transactions, migration to the newest schema."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from include.errors import AuditError

_MIGRATIONS = Path(__file__).with_name("migrations")


class Database:
    """One database, SQLite (with a write-ahead log) or PostgreSQL, at the newest schema.

    Raises AuditError when the database can't be opened or was written by a newer release.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._sqlite = self.url.get_backend_name() == "sqlite"
        if self._sqlite:
            self._prepare_file()
        self._local_locks: dict[str, threading.Lock] = {}
        self._local_locks_guard = threading.Lock()
        try:
            self.engine: Engine = create_engine(
                self.url, pool_pre_ping=not self._sqlite, pool_size=10, max_overflow=30
            )
            if self._sqlite:
                event.listen(self.engine, "connect", _set_up_sqlite)
                event.listen(self.engine, "begin", _begin_sqlite)
            self._migrate()
        except SQLAlchemyError as error:
            raise AuditError(
                f"The Audit Manager database {self.url.render_as_string()} can't be opened: "
                f"{error}.",
                hint="Check the URL, that its folder exists and that this user may write to it.",
            ) from error
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(
            self.engine.execution_options(writes=True), expire_on_commit=False
        )

    def _prepare_file(self) -> None:
        """SQLite only: a file that only its owner can read, since it holds the signing key."""
        if not self.url.database or self.url.database == ":memory:":
            raise AuditError(
                "The Audit Manager needs a database that outlives a connection.",
                hint="Give a file: sqlite:////var/lib/audit/audit_manager.sqlite",
            )
        path = Path(self.url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            path.chmod(0o600)
        except OSError as error:
            raise AuditError(
                f"The Audit Manager database {path} can't be written: {error.strerror}.",
                hint="Choose a folder that this user may write to.",
            ) from error

    @contextmanager
    def begin(self, *, writes: bool, lock: str = "") -> Iterator[Session]:
        """A session in one transaction: committed at the end, rolled back on any error.

        Writers exclude each other, so that what a call has counted (quotas) still holds when it
        writes: SQLite has one writer anyway; on PostgreSQL those with the same ``lock`` wait.
        """
        with (self._writers if writes else self._readers).begin() as session:
            if writes and not self._sqlite:
                session.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"),
                    {"key": _lock_number(f"transaction {lock}")},
                )
            yield session

    @contextmanager
    def only_one(self, name: str) -> Iterator[bool]:
        """Whether this caller, of all threads and processes, may work on ``name`` now.

        The claim ends with the block, or with the process.
        """
        with self._local_locks_guard:
            local = self._local_locks.setdefault(name, threading.Lock())
        if not local.acquire(blocking=False):
            yield False
            return
        try:
            with self._only_one_process(name) as got:
                yield got
        finally:
            local.release()
            with self._local_locks_guard:
                self._local_locks.pop(name, None)

    @contextmanager
    def _only_one_process(self, name: str) -> Iterator[bool]:
        if self._sqlite:
            import fcntl

            path = Path(
                f"{self.url.database}.{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
            )
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                yield False
                return
            try:
                yield True
            finally:
                os.close(descriptor)
            return
        with self.engine.connect() as connection:
            # Not the locks of transactions, or the one who may work would wait for himself.
            key = {"key": _lock_number(f"only one {name}")}
            got = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key))
            connection.commit()
            try:
                yield got
            finally:
                if got:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                    connection.commit()

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory
        from alembic.util import CommandError

        configuration = Config()
        configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        configuration.attributes["head"] = ScriptDirectory.from_config(
            configuration
        ).get_current_head()
        with self.engine.execution_options(writes=True).begin() as connection:
            if not self._sqlite:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_number("migrate")}
                )
            configuration.attributes["connection"] = connection
            try:
                command.upgrade(configuration, "head")
            except CommandError as error:
                raise AuditError(
                    "The Audit Manager database was written by a newer release of this product.",
                    hint="Use that release, or another database.",
                ) from error


def _lock_number(name: str) -> int:
    """A PostgreSQL advisory lock's 64-bit number for a name."""
    return int.from_bytes(
        hashlib.sha256(f"audit-manager {name}".encode()).digest()[:8], signed=True
    )


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transaction handling begins too late for a consistent read; see
    # "Serializable isolation / Savepoints / Transactional DDL" in SQLAlchemy's SQLite pages.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 60000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
