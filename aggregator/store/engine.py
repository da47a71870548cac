"""Connections to the two databases, set so that nothing is lost, and their errors in our words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine
from sqlalchemy.engine.url import make_url

from ..errors import ConfigError, StoreError

_BUSY_SECONDS = 30
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit survives a power cut
    "foreign_keys=ON",
    "cache_size=-32768",
    "temp_store=MEMORY",
    "wal_autocheckpoint=8000",  # pages; fewer checkpoints while loading
)


def read_url(text: str, base: Path) -> URL:
    """The library's address; a relative SQLite path is relative to ``base``. Raises: ConfigError."""
    try:
        url = make_url(text)
    except sa.exc.ArgumentError:
        raise ConfigError(
            f"not a library address: {text!r}",
            hint="sqlite:///library.db, sqlite:////absolute/path.db or postgresql+psycopg://user@host/name",
        ) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigError(
            f"no such kind of library: {backend}", hint="use sqlite:/// or postgresql+psycopg://"
        )
    if not url.database or url.database == ":memory:":
        raise ConfigError("a library in memory would be lost", hint="give a file: sqlite:///library.db")
    return url.set(drivername="sqlite", database=str((base / Path(url.database).expanduser()).resolve()))


def shown(url: URL) -> str:
    """The address for people: a path, or a URL without its password."""
    return (
        url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    )


def connect(url: URL) -> Engine:
    """An engine on that address. Nothing is opened before the first statement."""
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        except ModuleNotFoundError:
            raise StoreError(
                "PostgreSQL needs the package psycopg", hint="pip install 'evidence-aggregator[postgres]'"
            ) from None
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that DDL is in the transaction too
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


_WORDS: tuple[tuple[str, str, str], ...] = (
    ("database or disk is full", "the disk is full", "free some space and run the command again; nothing stored was lost"),
    ("disk i/o error", "the disk refused to write", "check free space, quota and the disk itself; nothing stored was lost"),
    ("file is not a database", "the library file is not a library", "name another file, or restore a backup"),
    ("malformed", "the library file is damaged", "`aggregator db check` tells more; restore a backup: `aggregator db restore`"),
    ("readonly database", "the library cannot be written", "check the permissions of the file and its folder"),
    ("unable to open database file", "the library file cannot be opened", "check that its folder exists and its permissions"),
    ("database is locked", "the library stayed locked by another program", "close that program and try again"),
    ("connection refused", "the database server does not answer", "start it, or correct the address (--db, [library] url)"),
    ("authentication failed", "the database server refuses this user", "correct user and password in the address"),
    ("does not exist", "the server has no such database", "make it first: createdb NAME"),
    ("no space left", "the disk is full", "free some space and run the command again; nothing stored was lost"),
)  # fmt: skip


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turns the databases' errors into `StoreError` with a way out; ``where`` names the library."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error, OSError) as error:
        if isinstance(error, OSError) and error.filename is None and error.errno is None:
            raise
        raise _translated(error, where) from error


def _translated(error: Any, where: str) -> StoreError:
    original = str(getattr(error, "orig", None) or error)
    for sign, message, hint in _WORDS:
        if sign in original.lower():
            return StoreError(f"{message}: {where}", hint=hint)
    first_line = original.strip().splitlines()[0] if original.strip() else type(error).__name__
    return StoreError(
        f"the library failed ({where}): {first_line}", hint="`aggregator doctor` looks for the cause"
    )
