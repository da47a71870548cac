"""One writer at a time for each library; readers never wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

import filelock
import sqlalchemy as sa

from ..errors import LibraryBusy, StoreError

_HINT = "wait for it to end, or look for it with your system's process list"


@contextmanager
def writer_lock(engine: sa.Engine, where: str) -> Iterator[None]:
    """Holds the library for writing. Raises: LibraryBusy at once when another process holds it.

    The lock goes with its process, however that ends.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(where):
            yield
        return
    with engine.connect() as connection:
        key = crc32(b"aggregator library")
        if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
            raise LibraryBusy(f"another run is writing to {where}", hint=_HINT)
        connection.commit()
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key})
            connection.commit()


@contextmanager
def _file_lock(path: str) -> Iterator[None]:
    lock = filelock.FileLock(path + ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise LibraryBusy(f"another run is writing to {path}", hint=_HINT) from None
    except OSError as error:
        raise StoreError(
            f"the library's folder cannot be written: {error.strerror or error} ({path}.lock)",
            hint="check that the folder exists, its permissions and its free space",
        ) from error
    try:
        yield
    finally:
        lock.release()
