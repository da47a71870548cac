"""Looking after a library: is everything in it whole, and copies for the day it is not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from ..errors import InputError, StoreError
from ..text import folded_article
from .codec import article_from
from .engine import store_errors
from .index import entry
from .library import _BATCH, Library, own_id, writer_lock_errors
from .schema import RecordRow, RevisionRow
from .writing import raw_hash

_RECORDS: sa.Table = RecordRow.__table__  # type: ignore[assignment]  # declared as a FromClause
_REVISIONS: sa.Table = RevisionRow.__table__  # type: ignore[assignment]


def check(library: Library, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """What is wrong with a library, a sentence each; empty when all is well.

    Looks at the database itself, at every stored revision against its fingerprint, and at every paper against the
    search index.
    """
    with library.reading() as connection:
        try:
            return [
                *_database(connection),
                *_revisions(connection, progress),
                *_index(library, connection, progress),
            ]
        except sa.exc.DatabaseError as error:
            return [f"the database cannot be read: {error.orig}"]


def _database(connection: sa.Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"database: {row[0]}"
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"table {row[0]}, row {row[1]}: points to nothing in {row[2]}"


def _revisions(connection: sa.Connection, progress: Callable[[int], None]) -> Iterator[str]:
    last = 0
    while True:
        rows = connection.execute(
            sa.select(_REVISIONS.c.id, _REVISIONS.c.record_id, _REVISIONS.c.raw_hash, _REVISIONS.c.raw)
            .where(_REVISIONS.c.id > last, _REVISIONS.c.same_as.is_(None))
            .order_by(_REVISIONS.c.id)
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            if not _whole(row.raw, row.raw_hash):
                yield f"paper {own_id(row.record_id)}: the bytes of revision {row.id} are damaged"
        last = rows[-1].id
        progress(len(rows))


def _whole(raw: bytes, fingerprint: bytes) -> bool:
    try:
        return raw_hash(zlib.decompress(raw)) == bytes(fingerprint)
    except zlib.error:
        return False


def _index(library: Library, connection: sa.Connection, progress: Callable[[int], None]) -> Iterator[str]:
    index, last, total = library._index, 0, 0
    while True:
        rows = connection.execute(
            sa.select(_RECORDS.c.id, _RECORDS.c.title, _RECORDS.c.abstract, _RECORDS.c.document)
            .where(_RECORDS.c.id > last)
            .order_by(_RECORDS.c.id)
            .limit(_BATCH)
        ).all()
        if not rows:
            break
        entries = [
            entry(row.id, folded_article(article_from(row.title, row.abstract, row.document))) for row in rows
        ]
        for record_id in index.disagreements(connection, entries):
            yield f"paper {own_id(record_id)}: the search index does not agree with it"
        last, total = rows[-1].id, total + len(rows)
        progress(len(rows))
    for record_id in index.strays(connection):
        yield f"the search index holds a paper that the library does not: {own_id(record_id)}"
    if total != (size := index.size(connection)):
        yield f"the search index holds {size} papers, the library {total}"


def backup(library: Library, to: Path) -> Path:
    """Copies a library while it may be in use, to a new file. Raises: InputError, StoreError."""
    if to.exists():
        raise InputError(f"there is a file already: {to}", hint="name a new one")
    with library.reading():
        pass
    if library.is_file:
        _backup_sqlite(Path(library.where), to)
    else:
        _pg("pg_dump", "--format=custom", f"--file={to}", f"--dbname={_pg_url(library)}", library=library)
    return to


def _backup_sqlite(source: Path, to: Path) -> None:
    part = to.with_name(to.name + ".part")
    with store_errors(str(to)):
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(part)) as there:
            here.backup(there)
        os.replace(part, to)  # noqa: PTH105  # atomic on one file system


def restore(library: Library, source: Path) -> None:
    """Puts a backup in the place of the library; a library that is there must be moved away first."""
    if not source.is_file():
        raise InputError(
            f"there is no such file: {source}", hint="name a file made by `aggregator db backup`"
        )
    if library.exists():
        raise InputError(
            f"there is a library at {library.where}",
            hint="move it away or name another with --db; nothing was touched",
        )
    with writer_lock_errors(library):
        if library.is_file:
            _restore_sqlite(source, Path(library.where))
        else:
            _pg("pg_restore", "--no-owner", f"--dbname={_pg_url(library)}", str(source), library=library)


def _restore_sqlite(source: Path, to: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as there:
            whole = there.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        whole = False
    if not whole:
        raise StoreError(f"the backup is damaged: {source}", hint="use another backup")
    part = to.with_name(to.name + ".part")
    with store_errors(str(to)):
        shutil.copyfile(source, part)
        os.replace(part, to)  # noqa: PTH105  # atomic on one file system


def _pg_url(library: Library) -> str:
    return library.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _pg(program: str, *arguments: str, library: Library) -> None:
    path = shutil.which(program)
    if path is None:
        raise StoreError(f"{program} is not installed", hint="install PostgreSQL's client programs")
    environment = {
        **os.environ,
        **({"PGPASSWORD": str(library.url.password)} if library.url.password else {}),
    }
    done = subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # a fixed program, no shell
    if done.returncode:
        raise StoreError(
            f"{program} failed: {done.stderr.strip().splitlines()[0] if done.stderr else done.returncode}"
        )
