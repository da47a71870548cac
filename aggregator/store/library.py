"""The library as the rest of the program sees it: open, write in units, read, search."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..errors import InputError
from ..model import Appraisal, Article, Deletion, Finding, Integrity, Unreadable
from ..query import Query
from . import engine as engines
from . import migrations
from .codec import appraisal_document, appraisal_from, article_from
from .index import Index, index_for
from .lock import writer_lock
from .schema import (
    AppraisalRow,
    DeletionRow,
    MembershipRow,
    NoteRow,
    NoticeRow,
    ReceiptRow,
    RecordRow,
    RevisionRow,
    UnreadableRow,
)
from .writing import (
    MARKS,
    Arrival,
    Counts,
    known_records,
    put_memberships,
    put_receipt,
    put_unit,
)

_RECORDS: sa.Table = RecordRow.__table__  # type: ignore[assignment]  # declared as a FromClause
_REVISIONS: sa.Table = RevisionRow.__table__  # type: ignore[assignment]
_MEMBERSHIPS: sa.Table = MembershipRow.__table__  # type: ignore[assignment]
_APPRAISALS: sa.Table = AppraisalRow.__table__  # type: ignore[assignment]
_DELETIONS: sa.Table = DeletionRow.__table__  # type: ignore[assignment]
_RECEIPTS: sa.Table = ReceiptRow.__table__  # type: ignore[assignment]
_UNREADABLE: sa.Table = UnreadableRow.__table__  # type: ignore[assignment]
_NOTES: sa.Table = NoteRow.__table__  # type: ignore[assignment]
_NOTICES: sa.Table = NoticeRow.__table__  # type: ignore[assignment]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Receipt:
    """An open receipt: what arrives is noted under it."""

    id: int
    received: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One file or fetch as the library remembers it."""

    id: int
    kind: str
    name: str
    received: str
    finished: str
    """"" when it was cut short."""
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NamedBy:
    """A notice in the library that names a paper: of its retraction, a correction, a concern."""

    mark: Integrity
    kind: str
    """NLM's word: "RetractionOf" …"""
    notice: str
    """The notice's PMID, or its own id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A paper in the library with its standing appraisal."""

    id: str
    """The library's own id: "a17"."""
    article: Article
    appraisal: Appraisal | None
    """``None`` when it has not been appraised yet."""
    deleted: bool
    topics: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Its topics, each with what brought it there."""
    revisions: int = 1
    changed: str = ""
    named_by: tuple[NamedBy, ...] = ()

    @property
    def integrity(self) -> tuple[Integrity, ...]:
        """All its marks: those that its own record gives (once it is appraised), and those that others do."""
        own = self.appraisal.integrity if self.appraisal else ()
        marks = {*own, *(notice.mark for notice in self.named_by)} | (
            {Integrity.DELETED} if self.deleted else set()
        )
        return tuple(mark for mark in Integrity if mark in marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A paper that has no appraisal by the current rule book."""

    record_id: int
    revision_id: int
    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A found paper; ``score`` is comparable within one answer only, higher is better."""

    stored: Stored
    score: float


def own_id(record_id: int) -> str:
    """The library's own id for people and machines: "a17"."""
    return f"a{record_id}"


class Library:
    """Papers on one address. Opens nothing before it is asked; writing needs `writing()`."""

    def __init__(self, url: str, base: Path) -> None:
        """``base``: the folder that a relative SQLite path starts from. Raises: ConfigError."""
        self.url = engines.read_url(url, base)
        self.where = engines.shown(self.url)

    @cached_property
    def _engine(self) -> sa.Engine:
        return engines.connect(self.url)

    @cached_property
    def _index(self) -> Index:
        return index_for(self._engine)

    def close(self) -> None:
        """Gives the connections back."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    # ------------------------------------------------------------------ opening

    @property
    def is_file(self) -> bool:
        """Whether the library is one SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    def exists(self) -> bool:
        """Whether there is a library at the address. Raises: StoreError where the address cannot be reached."""
        return self.version() is not None

    def version(self) -> str | None:
        """The schema version, ``None`` where there is no library yet."""
        if self.is_file and not Path(self.where).exists():
            return None
        with self._connection() as connection:
            return migrations.version(connection)

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        with engines.store_errors(self.where), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to a library that fits this program. Raises: InputError, StoreOutdated, StoreError."""
        if self.is_file and not Path(self.where).exists():
            raise InputError(f"there is no library at {self.where}", hint=_NO_LIBRARY)
        with self._connection() as connection:
            found = migrations.version(connection)
            if found is None:
                raise InputError(f"there is no library at {self.where}", hint=_NO_LIBRARY)
            migrations.require_head(found, self.where)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Holds the library for writing, making it first where there is none.

        Raises: LibraryBusy when another run holds it, StoreOutdated, StoreError.
        """
        with writer_lock_errors(self), engines.store_errors(self.where):
            found = self.version()
            if found is None:
                self._make()
            else:
                migrations.require_head(found, self.where)
            yield Writer(self._engine, self._index, self.where)

    def _make(self) -> None:
        with self._engine.begin() as connection:
            migrations.upgrade(connection)

    def upgrade(self) -> tuple[str | None, str]:
        """Brings the library to this program's version, or makes it. Returns (before, after)."""
        with writer_lock_errors(self):
            found = self.version()
            if found is not None and found not in migrations.KNOWN:
                migrations.require_head(found, self.where)
            if found != migrations.HEAD:
                with engines.store_errors(self.where):
                    self._make()
            return found, migrations.HEAD

    # ------------------------------------------------------------------ reading

    def find(self, text: str) -> Stored:
        """The paper with that PMID, DOI, PMCID or own id. Raises: InputError when there is none."""
        with self.reading() as connection:
            for condition in _identifier_conditions(text.strip()):
                row = connection.execute(
                    sa.select(_RECORDS.c.id).where(condition).order_by(_RECORDS.c.id)
                ).first()
                if row:
                    return next(self._stored(connection, [row.id]))
            withdrawn = connection.execute(
                sa.select(_DELETIONS.c.received).where(
                    _DELETIONS.c.pmid == text.strip().lower().removeprefix("pmid:")
                )
            ).scalar()
        if withdrawn:
            raise InputError(
                f"the library holds no paper “{text}”: PubMed has withdrawn this PMID (noted {withdrawn[:10]})",
                hint="it may have been merged into another record; search for its title",
            )
        raise InputError(
            f"the library holds no paper “{text}”",
            hint="give a PMID, a DOI or the library's own id (a17); `aggregator search` finds them",
        )

    def _stored(self, connection: sa.Connection, ids: Sequence[int]) -> Iterator[Stored]:
        """Papers by their ids, in the order given."""
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            topics = _topics_of(connection, some)
            counts = _revision_counts(connection, some)
            rows = connection.execute(_STORED.where(_RECORDS.c.id.in_(some)))
            by_id = {row.id: row for row in rows}
            named = named_by(connection, [row.pmid for row in by_id.values() if row.pmid])
            for record_id in some:
                if row := by_id.get(record_id):
                    notices = named.get(row.pmid, ())
                    yield _stored_from(row, topics.get(record_id, {}), counts.get(record_id, 1), notices)

    def topic(self, name: str) -> list[Stored]:
        """All papers of a topic, by id."""
        with self.reading() as connection:
            ids = connection.execute(
                sa.select(_MEMBERSHIPS.c.record_id)
                .where(_MEMBERSHIPS.c.topic == name)
                .distinct()
                .order_by(_MEMBERSHIPS.c.record_id)
            ).scalars()
            return list(self._stored(connection, list(ids)))

    def topic_counts(self) -> dict[str, int]:
        """How many papers each topic holds."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(
                    _MEMBERSHIPS.c.topic, sa.func.count(sa.distinct(_MEMBERSHIPS.c.record_id))
                ).group_by(_MEMBERSHIPS.c.topic)
            )
            return {row[0]: row[1] for row in rows}

    def search(
        self, query: Query, *, topic: str | None = None, limit: int = 20, offset: int = 0
    ) -> tuple[int, list[SearchHit]]:
        """How many papers match, and a page of them, best first."""
        with self.reading() as connection:
            total, found = self._index.search(connection, query, topic=topic, limit=limit, offset=offset)
            stored = self._stored(connection, [record_id for record_id, _ in found])
            return total, [
                SearchHit(stored=paper, score=score) for paper, (_, score) in zip(stored, found, strict=True)
            ]

    def raw(self, paper_id: str) -> bytes:
        """The bytes of the revision that stands, as received."""
        with self.reading() as connection:
            standing = (
                sa.select(_RECORDS.c.revision_id).where(_RECORDS.c.id == int(paper_id[1:])).scalar_subquery()
            )
            return zlib.decompress(
                connection.execute(
                    sa.select(_REVISIONS.c.raw).where(_REVISIONS.c.id == standing)
                ).scalar_one()
            )

    def waiting(self, rulebook: str, *, topic: str | None = None) -> int:
        """How many papers (of a topic) have no appraisal by this rule book."""
        stale = sa.or_(_RECORDS.c.appraisal_id.is_(None), _APPRAISALS.c.rulebook != rulebook)
        count = (
            sa.select(sa.func.count())
            .select_from(_RECORDS.outerjoin(_APPRAISALS, _APPRAISALS.c.id == _RECORDS.c.appraisal_id))
            .where(stale)
        )
        if topic is not None:
            members = sa.select(_MEMBERSHIPS.c.record_id).where(_MEMBERSHIPS.c.topic == topic)
            count = count.where(_RECORDS.c.id.in_(members))
        with self.reading() as connection:
            return int(connection.execute(count).scalar_one())

    def sources_of(self, topic: str) -> list[tuple[str, str, str]]:
        """Where the standing revisions of a topic's papers came from: (kind, name, received), oldest first."""
        members = sa.select(_MEMBERSHIPS.c.record_id).where(_MEMBERSHIPS.c.topic == topic)
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(
                    _RECEIPTS.c.kind, _RECEIPTS.c.name, sa.func.min(_RECEIPTS.c.received).label("first")
                )
                .join(_REVISIONS, _REVISIONS.c.receipt_id == _RECEIPTS.c.id)
                .join(_RECORDS, _RECORDS.c.revision_id == _REVISIONS.c.id)
                .where(_RECORDS.c.id.in_(members))
                .group_by(_RECEIPTS.c.kind, _RECEIPTS.c.name)
                .order_by("first", _RECEIPTS.c.name)
            )
            return [(row.kind, row.name, row.first) for row in rows]

    def raw_revisions(self, paper_id: str) -> list[tuple[str, str, str, bytes]]:
        """Every revision of a paper, oldest first: (received, origin, from which file or fetch, bytes)."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(_REVISIONS.c.received, _REVISIONS.c.origin, _RECEIPTS.c.name, _REVISIONS.c.raw)
                .join(_RECEIPTS, _RECEIPTS.c.id == _REVISIONS.c.receipt_id)
                .where(_REVISIONS.c.record_id == int(paper_id[1:]), _REVISIONS.c.same_as.is_(None))
                .order_by(_REVISIONS.c.id)
            )
            return [(row.received, row.origin, row.name, zlib.decompress(row.raw)) for row in rows]

    def past_appraisals(self, paper_id: str) -> list[tuple[str, Appraisal]]:
        """Every appraisal of a paper with when it was made, oldest first; the last stands."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(_APPRAISALS.c.made, _APPRAISALS.c.document)
                .where(_APPRAISALS.c.record_id == int(paper_id[1:]))
                .order_by(_APPRAISALS.c.id)
            )
            return [(row.made, appraisal_from(row.document)) for row in rows]

    def receipts(self) -> list[Loaded]:
        """Every file and fetch, oldest first."""
        with self.reading() as connection:
            return [
                Loaded(
                    id=row.id,
                    kind=row.kind,
                    name=row.name,
                    received=row.received,
                    finished=row.finished or "",
                    counts=json.loads(row.counts),
                )
                for row in connection.execute(sa.select(_RECEIPTS).order_by(_RECEIPTS.c.id))
            ]

    def unreadable(self) -> list[Unreadable]:
        """Records that could not be read, with their bytes."""
        with self.reading() as connection:
            return [
                Unreadable(reason=row.reason, raw=zlib.decompress(row.raw), pmid=row.pmid, place=row.place)
                for row in connection.execute(
                    sa.select(_UNREADABLE).order_by(_UNREADABLE.c.received, _UNREADABLE.c.raw_hash)
                )
            ]

    def deleted_pmids(self) -> list[str]:
        """PMIDs noted as withdrawn by PubMed, whether or not the library holds them."""
        with self.reading() as connection:
            return list(
                connection.execute(sa.select(_DELETIONS.c.pmid).order_by(_DELETIONS.c.pmid)).scalars()
            )

    def sizes(self) -> dict[str, int]:
        """How many of each thing the library holds."""
        with self.reading() as connection:
            return {
                table.name: int(
                    connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                )
                for table in (_RECORDS, _REVISIONS, _APPRAISALS, _DELETIONS, _UNREADABLE)
            }

    def last_change(self) -> str:
        """When the newest revision arrived (UTC, ISO); "" for an empty library."""
        with self.reading() as connection:
            return connection.execute(sa.select(sa.func.max(_RECORDS.c.changed))).scalar() or ""

    def origins(self, topic: str) -> dict[str, int]:
        """How many papers of a topic stand by a digest, a PubMed record …"""
        with self.reading() as connection:
            members = sa.select(_MEMBERSHIPS.c.record_id).where(_MEMBERSHIPS.c.topic == topic)
            rows = connection.execute(
                sa.select(_RECORDS.c.origin, sa.func.count())
                .where(_RECORDS.c.id.in_(members))
                .group_by(_RECORDS.c.origin)
            )
            return {row[0]: row[1] for row in rows}


_NO_LIBRARY = "`aggregator load FILE` makes one and fills it; `aggregator init` writes a configuration first"


@contextmanager
def writer_lock_errors(library: Library) -> Iterator[None]:
    """The writer's lock, with the database's errors in our words."""
    with engines.store_errors(library.where), writer_lock(library._engine, library.where):
        yield


class Writer:
    """What can be done while the library is held for writing. Every method is one transaction."""

    def __init__(self, engine: sa.Engine, index: Index, where: str) -> None:
        self._engine = engine
        self._index = index
        self._where = where

    def open_receipt(self, kind: str, name: str, received: str) -> Receipt:
        """Opens a receipt for a file or a fetch; ``received`` is UTC, ISO."""
        with self._transaction() as connection:
            return Receipt(put_receipt(connection, kind, name, received), received)

    def close_receipt(self, receipt: Receipt, finished: str, counts: Counts) -> None:
        """Notes the end and the counts."""
        with self._transaction() as connection:
            connection.execute(
                _RECEIPTS.update()
                .where(_RECEIPTS.c.id == receipt.id)
                .values(finished=finished, counts=json.dumps(asdict(counts)))
            )

    def known(self, hashes: Sequence[bytes]) -> Mapping[bytes, int]:
        """Which of these raw hashes are stored, and for which record."""
        with self._transaction() as connection:
            return known_records(connection, hashes)

    def store(
        self,
        receipt: Receipt,
        arrivals: Sequence[Arrival],
        *,
        deletions: Sequence[Deletion] = (),
        unreadable: Sequence[Unreadable] = (),
        members: Iterable[tuple[str, int, str]] = (),
    ) -> Counts:
        """Stores one unit, whole or not at all. ``members``: further (topic, record, via)."""
        with self._transaction() as connection:
            return self._fill(connection, receipt, arrivals, deletions, unreadable, members)

    def store_behind(
        self,
        committing: Executor,
        receipt: Receipt,
        arrivals: Sequence[Arrival],
        *,
        deletions: Sequence[Deletion] = (),
        unreadable: Sequence[Unreadable] = (),
        members: Iterable[tuple[str, int, str]] = (),
    ) -> Future[Counts]:
        """As `store`, with the commit left to ``committing``: its time passes outside the interpreter's lock.

        The next unit may be read meanwhile; it must not be stored before this one's future is done.
        """
        with engines.store_errors(self._where), ExitStack() as undo:
            connection = undo.enter_context(self._engine.connect())
            transaction = connection.begin()
            counts = self._fill(connection, receipt, arrivals, deletions, unreadable, members)
            undo.pop_all()  # from here on the commit closes the connection
            return committing.submit(self._commit, connection, transaction, counts)

    def _commit(self, connection: sa.Connection, transaction: sa.RootTransaction, counts: Counts) -> Counts:
        with engines.store_errors(self._where), connection, transaction:
            return counts

    def _fill(
        self,
        connection: sa.Connection,
        receipt: Receipt,
        arrivals: Sequence[Arrival],
        deletions: Sequence[Deletion],
        unreadable: Sequence[Unreadable],
        members: Iterable[tuple[str, int, str]],
    ) -> Counts:
        return put_unit(
            connection,
            self._index,
            receipt.id,
            receipt.received,
            arrivals,
            deletions=deletions,
            unreadable=unreadable,
            members=members,
        )

    def pending(
        self, rulebook: str, *, after: int = 0, members_only: bool = False, limit: int = _BATCH
    ) -> list[Pending]:
        """Papers whose standing revision has no appraisal by this rule book, by id, from ``after`` on.

        ``members_only``: only those that belong to a topic.
        """
        stale: sa.ColumnElement[bool] = sa.or_(
            _RECORDS.c.appraisal_id.is_(None), _APPRAISALS.c.rulebook != rulebook
        )
        if members_only:
            stale = sa.and_(stale, _RECORDS.c.id.in_(sa.select(_MEMBERSHIPS.c.record_id)))
        return self._papers(stale, after, limit)

    def every(self, *, after: int = 0, limit: int = _BATCH) -> list[Pending]:
        """All papers, by id, from ``after`` on."""
        return self._papers(sa.true(), after, limit)

    def _papers(self, condition: sa.ColumnElement[bool], after: int, limit: int) -> list[Pending]:
        columns = (
            _RECORDS.c.id,
            _RECORDS.c.revision_id,
            _RECORDS.c.title,
            _RECORDS.c.abstract,
            _RECORDS.c.document,
        )
        with self._transaction() as connection:
            rows = connection.execute(
                sa.select(*columns)
                .outerjoin(_APPRAISALS, _APPRAISALS.c.id == _RECORDS.c.appraisal_id)
                .where(condition, _RECORDS.c.id > after)
                .order_by(_RECORDS.c.id)
                .limit(limit)
            )
            return [
                Pending(
                    record_id=row.id,
                    revision_id=row.revision_id,
                    article=article_from(row.title, row.abstract, row.document),
                )
                for row in rows
            ]

    def note(self, key: str) -> str:
        """What was noted under that key, or ""."""
        with self._transaction() as connection:
            return connection.execute(sa.select(_NOTES.c.value).where(_NOTES.c.key == key)).scalar() or ""

    def set_note(self, key: str, value: str) -> None:
        """Notes a value under a key."""
        with self._transaction() as connection:
            connection.execute(_NOTES.delete().where(_NOTES.c.key == key))
            connection.execute(_NOTES.insert(), {"key": key, "value": value})

    def drop_word_topics_except(self, topics: Sequence[str]) -> None:
        """Forgets memberships by words in topics that are configured no more."""
        with self._transaction() as connection:
            connection.execute(
                _MEMBERSHIPS.delete().where(
                    _MEMBERSHIPS.c.topic.not_in(topics), _MEMBERSHIPS.c.via == "words"
                )
            )

    def save_appraisals(self, made: str, appraisals: Sequence[tuple[Pending, Appraisal]]) -> None:
        """Stores appraisals and lets them stand; earlier ones stay as history."""
        if not appraisals:
            return
        with self._transaction() as connection:
            first = (
                int(
                    connection.execute(
                        sa.select(sa.func.coalesce(sa.func.max(_APPRAISALS.c.id), 0))
                    ).scalar_one()
                )
                + 1
            )
            rows = [
                {
                    "id": first + place,
                    "record_id": paper.record_id,
                    "revision_id": paper.revision_id,
                    "rulebook": appraisal.rulebook,
                    "made": made,
                    "design": appraisal.design.value,
                    "species": appraisal.species.value,
                    "n": appraisal.n,
                    "benefit": appraisal.levels.get("benefit"),
                    "harm": appraisal.levels.get("harm"),
                    "exposure": appraisal.levels.get("exposure"),
                    "document": appraisal_document(appraisal),
                }
                for place, (paper, appraisal) in enumerate(appraisals)
            ]
            connection.execute(_APPRAISALS.insert(), rows)
            connection.execute(
                _RECORDS.update()
                .where(_RECORDS.c.id == sa.bindparam("b_record"))
                .values(appraisal_id=sa.bindparam("b_appraisal")),
                [{"b_record": row["record_id"], "b_appraisal": row["id"]} for row in rows],
            )

    def replace_word_topics(
        self, record_ids: Sequence[int], members: Iterable[tuple[str, int, str]], now: str
    ) -> None:
        """Sets anew which topics these papers belong to by their words."""
        with self._transaction() as connection:
            connection.execute(
                _MEMBERSHIPS.delete().where(
                    _MEMBERSHIPS.c.record_id.in_(record_ids), _MEMBERSHIPS.c.via == "words"
                )
            )
            put_memberships(connection, members, now)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        with engines.store_errors(self._where), self._engine.begin() as connection:
            yield connection


_STORED = (
    sa.select(
        _RECORDS.c.id,
        _RECORDS.c.pmid,
        _RECORDS.c.title,
        _RECORDS.c.abstract,
        _RECORDS.c.document,
        _RECORDS.c.changed,
        _APPRAISALS.c.document.label("appraisal"),
        _DELETIONS.c.pmid.label("deleted"),
    )
    .outerjoin(_APPRAISALS, _APPRAISALS.c.id == _RECORDS.c.appraisal_id)
    .outerjoin(_DELETIONS, _DELETIONS.c.pmid == _RECORDS.c.pmid)
)


def _stored_from(
    row: Any, topics: Mapping[str, list[str]], revisions: int, notices: Sequence[NamedBy]
) -> Stored:
    stored = Stored(
        id=own_id(row.id),
        article=article_from(row.title, row.abstract, row.document),
        appraisal=appraisal_from(row.appraisal) if row.appraisal else None,
        deleted=row.deleted is not None,
        topics=tuple((topic, tuple(via)) for topic, via in topics.items()),
        revisions=revisions,
        changed=row.changed,
        named_by=tuple(notices),
    )
    if stored.appraisal is None or not (stored.deleted or stored.named_by):
        return stored
    findings = (*stored.appraisal.findings, *(_finding(notice) for notice in notices))
    return replace(stored, appraisal=replace(stored.appraisal, integrity=stored.integrity, findings=findings))


def _finding(notice: NamedBy) -> Finding:
    because = f"PMID {notice.notice} in the library names this paper ({notice.kind}): {notice.mark}."
    return Finding("integrity.marks", because, "relation", 0, len(notice.kind), notice.kind)


def named_by(connection: sa.Connection, pmids: Sequence[str]) -> dict[str, list[NamedBy]]:
    """The notices that name these papers; those that PubMed has withdrawn count no more."""
    rows = connection.execute(
        sa.select(_NOTICES.c.pmid, _NOTICES.c.kind, _NOTICES.c.notice_id, _RECORDS.c.pmid.label("notice"))
        .join(_RECORDS, _RECORDS.c.id == _NOTICES.c.notice_id)
        .outerjoin(_DELETIONS, _DELETIONS.c.pmid == _RECORDS.c.pmid)
        .where(_NOTICES.c.pmid.in_(pmids), _DELETIONS.c.pmid.is_(None))
        .order_by(_NOTICES.c.notice_id, _NOTICES.c.kind)
    )
    found: dict[str, list[NamedBy]] = {}
    for row in rows:
        notice = NamedBy(MARKS[row.kind], row.kind, row.notice or own_id(row.notice_id))
        found.setdefault(row.pmid, []).append(notice)
    return found


def _topics_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    rows = connection.execute(
        sa.select(_MEMBERSHIPS.c.record_id, _MEMBERSHIPS.c.topic, _MEMBERSHIPS.c.via)
        .where(_MEMBERSHIPS.c.record_id.in_(ids))
        .order_by(_MEMBERSHIPS.c.topic, _MEMBERSHIPS.c.via)
    )
    topics: dict[int, dict[str, list[str]]] = {}
    for row in rows:
        topics.setdefault(row.record_id, {}).setdefault(row.topic, []).append(row.via)
    return topics


def _revision_counts(connection: sa.Connection, ids: Sequence[int]) -> dict[int, int]:
    rows = connection.execute(
        sa.select(_REVISIONS.c.record_id, sa.func.count())
        .where(_REVISIONS.c.record_id.in_(ids), _REVISIONS.c.same_as.is_(None))
        .group_by(_REVISIONS.c.record_id)
    )
    return {row[0]: row[1] for row in rows}


def _identifier_conditions(text: str) -> Iterator[sa.ColumnElement[bool]]:
    """What an identifier may be, likeliest first."""
    if text.isascii() and text.isdigit():
        yield _RECORDS.c.pmid == (text.lstrip("0") or "0")
    if text[:1].lower() == "a" and text[1:].isdigit() and len(text) < 18:
        yield _RECORDS.c.id == int(text[1:])
    if text[:3].upper() == "PMC":
        yield _RECORDS.c.pmcid == text.upper()
    if text[:5].lower() == "pmid:":
        yield _RECORDS.c.pmid == text[5:].strip()
    doi = text.lower().removeprefix("https://doi.org/").removeprefix("doi:").strip()
    if doi.startswith("10."):
        yield _RECORDS.c.doi == doi
