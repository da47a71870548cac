"""Storing what was read, in units: each unit is whole or not there at all.

Identity: a record is found again by PMID; by DOI where one side has no PMID; by normalised title and year where one
side is a digest. Which revision stands: the richer origin, then the higher version, then the later DateRevised,
then the later arrival. Every revision is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from isal import isal_zlib

from ..model import Article, Deletion, Integrity, Origin, Unreadable
from ..text import Folded
from .codec import article_document
from .index import Entry, Index, entry
from .schema import (
    DeletionRow,
    MembershipRow,
    NoticeRow,
    ReceiptRow,
    RecordRow,
    RevisionRow,
    UnreadableRow,
)

_ORIGIN_RANK = {Origin.PUBMED_XML: 3, Origin.MEDLINE: 2, Origin.DIGEST: 1}
_FEWEST_TITLE_WORDS = 4  # "Editorial" of one year is many papers

_RECORDS: sa.Table = RecordRow.__table__  # type: ignore[assignment]  # declared as a FromClause
_REVISIONS: sa.Table = RevisionRow.__table__  # type: ignore[assignment]
_MEMBERSHIPS: sa.Table = MembershipRow.__table__  # type: ignore[assignment]
_UNREADABLE: sa.Table = UnreadableRow.__table__  # type: ignore[assignment]
_DELETIONS: sa.Table = DeletionRow.__table__  # type: ignore[assignment]
_RECEIPTS: sa.Table = ReceiptRow.__table__  # type: ignore[assignment]
_NOTICES: sa.Table = NoticeRow.__table__  # type: ignore[assignment]

MARKS = {
    "RetractionOf": Integrity.RETRACTED,
    "RetractedandRepublishedFrom": Integrity.RETRACTED,
    "RetractedAndRepublishedFrom": Integrity.RETRACTED,
    "PartialRetractionOf": Integrity.CONCERN,
    "ExpressionOfConcernFor": Integrity.CONCERN,
    "ErratumFor": Integrity.CORRECTED,
    "CorrectedandRepublishedFrom": Integrity.CORRECTED,
    "CorrectedAndRepublishedFrom": Integrity.CORRECTED,
}
"""What a notice does to the paper that it names, by NLM's word for their relation."""


def raw_hash(raw: bytes) -> bytes:
    """The fingerprint of bytes as received: equal bytes are known without being read."""
    return blake2b(raw, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A revision that was read and is not known by its bytes."""

    raw: bytes
    raw_hash: bytes
    article: Article
    fields: Folded
    topics: tuple[tuple[str, str], ...]
    """Topics it belongs to, each with what brought it there ("words", "query", "person")."""
    document: str
    content_hash: bytes
    """Of everything read: equal when the bytes differ only in what means nothing, such as indentation."""
    title_key: int


def arrival_of(
    raw: bytes, fingerprint: bytes, article: Article, fields: Folded, topics: tuple[tuple[str, str], ...]
) -> Arrival:
    """An arrival with everything that follows from the article, worked out once."""
    document = article_document(article)
    content = blake2b(digest_size=16)
    for text in (article.title, "\0", article.abstract, "\0", document):
        content.update(text.encode())
    return Arrival(
        raw,
        fingerprint,
        article,
        fields,
        topics,
        document,
        content.digest(),
        title_key(fields.title, article.year),
    )


@dataclass(slots=True)
class Counts:
    """What became of what was seen."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    """Revisions kept as history because a newer or richer one stands."""
    unreadable: int = 0
    deleted: int = 0
    """PMIDs noted as withdrawn."""

    def add(self, other: Counts) -> None:
        """Adds another unit's counts to these."""
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class _Standing:
    """What is known of a record while a unit is written."""

    id: int
    pmid: str
    origin: Origin
    revision_id: int
    key: tuple[int, int, str]
    content: bytes
    stored: bool
    """Whether the row is in the database already."""


@dataclass(slots=True)
class Unit:
    """One transaction's worth of arrivals."""

    receipt: int
    received: str
    next_record: int
    next_revision: int
    standing: dict[int, _Standing] = field(default_factory=dict)
    by_pmid: dict[str, _Standing] = field(default_factory=dict)
    by_doi: dict[str, list[_Standing]] = field(default_factory=dict)
    by_title: dict[int, list[_Standing]] = field(default_factory=dict)
    contents: dict[tuple[int, bytes], int] = field(default_factory=dict)
    """(record, content hash) → revision, for copies that differ only in white space."""
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    entries: dict[int, Entry] = field(default_factory=dict)
    topics: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    notices: dict[int, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """(PMID named, NLM's word) for each record whose standing revision is new."""
    counts: Counts = field(default_factory=Counts)

    def take(self, arrival: Arrival) -> None:
        """Places one arrival: a new paper, a new revision that stands, or history."""
        article = arrival.article
        key = _key(article)
        known = self._find(article, arrival.title_key)
        if known is None:
            known = _Standing(
                self.next_record, article.pmid, article.origin, 0, (0, 0, ""), b"", stored=False
            )
            self.next_record += 1
            self.standing[known.id] = known
            self.counts.new += 1
            stands = True
        elif (same := self.contents.get((known.id, arrival.content_hash))) is not None:
            self._keep(arrival, known, same_as=same)
            self.counts.unchanged += 1
            return
        else:
            stands = key >= known.key
            self.counts.changed += stands
            self.counts.older += not stands
        revision = self._keep(arrival, known, same_as=None)
        if stands:
            self._let_stand(arrival, known, revision, key)

    def _find(self, article: Article, key: int) -> _Standing | None:
        if article.pmid and (known := self.by_pmid.get(article.pmid)):
            return known
        for known in self.by_doi.get(article.doi, ()) if article.doi else ():
            if not (article.pmid and known.pmid):
                return known
        for known in self.by_title.get(key, ()):
            digest = article.is_digest or known.origin is Origin.DIGEST
            if digest and not (article.pmid and known.pmid):
                return known
        return None

    def _keep(self, arrival: Arrival, known: _Standing, *, same_as: int | None) -> int:
        revision = self.next_revision
        self.next_revision += 1
        if same_as is None:
            self.contents[known.id, arrival.content_hash] = revision
        self.revisions.append(
            {
                "id": revision,
                "record_id": known.id,
                "receipt_id": self.receipt,
                "received": self.received,
                "raw_hash": arrival.raw_hash,
                "content_hash": arrival.content_hash,
                "same_as": same_as,
                "origin": arrival.article.origin.value,
                "version": arrival.article.version,
                "revised": arrival.article.revised,
                "raw": b"" if same_as is not None else isal_zlib.compress(arrival.raw, 1),
            }
        )
        return revision

    def _let_stand(
        self, arrival: Arrival, known: _Standing, revision: int, key: tuple[int, int, str]
    ) -> None:
        article = arrival.article
        known.revision_id, known.key, known.origin, known.content = (
            revision,
            key,
            article.origin,
            arrival.content_hash,
        )
        known.pmid = article.pmid or known.pmid
        self.remember(known, article.doi, arrival.title_key)
        before = self.rows.get(known.id, {})
        self.rows[known.id] = {
            "id": known.id,
            "pmid": known.pmid or None,
            "doi": article.doi or before.get("doi"),
            "pmcid": article.pmcid or before.get("pmcid"),
            "title_key": arrival.title_key,
            "title": article.title,
            "abstract": article.abstract,
            "journal": article.journal or article.book_title,
            "year": article.year,
            "origin": article.origin.value,
            "document": arrival.document,
            "revision_id": revision,
            "appraisal_id": None,
            "changed": self.received,
        }
        self.entries[known.id] = entry(known.id, arrival.fields)
        self.topics[known.id] = arrival.topics
        self.notices[known.id] = frozenset(
            (relation.pmid, relation.kind)
            for relation in article.relations
            if relation.pmid and relation.kind in MARKS
        )

    def remember(self, known: _Standing, doi: str, key: int) -> None:
        """Makes a record findable by its identifiers and title."""
        self.standing[known.id] = known
        if known.pmid:
            self.by_pmid[known.pmid] = known
        if doi and known not in self.by_doi.setdefault(doi, []):
            self.by_doi[doi].append(known)
        if key and known not in self.by_title.setdefault(key, []):
            self.by_title[key].append(known)


def _key(article: Article) -> tuple[int, int, str]:
    return (_ORIGIN_RANK[article.origin], article.version, article.revised)


def title_key(folded_title: str, year: int | None) -> int:
    """A number for a folded title and year; 0 for titles too short to tell papers apart."""
    if folded_title.count(" ") + 1 < _FEWEST_TITLE_WORDS:
        return 0
    digest = blake2b(f"{folded_title}|{year}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def open_unit(connection: sa.Connection, receipt: int, received: str, arrivals: Sequence[Arrival]) -> Unit:
    """A unit that knows every record which one of the arrivals could be."""
    unit = Unit(receipt, received, _next(connection, _RECORDS.c.id), _next(connection, _REVISIONS.c.id))
    for condition in _candidates(arrivals):
        _remember_stored(connection, unit, condition)
    ids = [known.id for known in unit.standing.values()]
    if ids:
        rows = connection.execute(
            sa.select(_REVISIONS.c.record_id, _REVISIONS.c.content_hash, _REVISIONS.c.id).where(
                _REVISIONS.c.record_id.in_(ids), _REVISIONS.c.same_as.is_(None)
            )
        )
        unit.contents = {(row.record_id, bytes(row.content_hash)): row.id for row in rows}
    return unit


def _candidates(arrivals: Sequence[Arrival]) -> Iterator[sa.ColumnElement[bool]]:
    articles = [arrival.article for arrival in arrivals]
    pmids = {article.pmid for article in articles if article.pmid}
    dois = {article.doi for article in articles if article.doi}
    without_pmid = {article.doi for article in articles if article.doi and not article.pmid}
    keys = {arrival.title_key for arrival in arrivals} - {0}
    digest_keys = {arrival.title_key for arrival in arrivals if arrival.article.is_digest} - {0}
    if pmids:
        yield _RECORDS.c.pmid.in_(pmids)
    if dois:
        yield sa.and_(_RECORDS.c.doi.in_(dois), _RECORDS.c.pmid.is_(None))
    if without_pmid:
        yield _RECORDS.c.doi.in_(without_pmid)
    if keys:
        yield sa.and_(_RECORDS.c.title_key.in_(keys), _RECORDS.c.origin == Origin.DIGEST.value)
    if digest_keys:
        yield _RECORDS.c.title_key.in_(digest_keys)


def _remember_stored(connection: sa.Connection, unit: Unit, condition: sa.ColumnElement[bool]) -> None:
    columns = (_RECORDS.c.id, _RECORDS.c.pmid, _RECORDS.c.doi, _RECORDS.c.pmcid, _RECORDS.c.title_key)
    rows = connection.execute(
        sa.select(*columns, _REVISIONS.c.origin, _REVISIONS.c.version, _REVISIONS.c.revised, _RECORDS.c.revision_id, _REVISIONS.c.content_hash)
        .join(_REVISIONS, _REVISIONS.c.id == _RECORDS.c.revision_id)
        .where(condition)
    )  # fmt: skip
    for row in rows:
        if row.id in unit.standing:
            continue
        origin = Origin(row.origin)
        key = (_ORIGIN_RANK[origin], row.version, row.revised)
        known = _Standing(
            row.id, row.pmid or "", origin, row.revision_id, key, bytes(row.content_hash), stored=True
        )
        unit.rows[row.id] = {"doi": row.doi, "pmcid": row.pmcid, "untouched": True}
        unit.remember(known, row.doi or "", row.title_key)


def _next(connection: sa.Connection, column: sa.Column[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one()) + 1


def write_unit(connection: sa.Connection, unit: Unit, index: Index) -> None:
    """Writes a unit's rows and index entries into the caller's transaction."""
    touched = {record_id: row for record_id, row in unit.rows.items() if "untouched" not in row}
    new = [row for record_id, row in touched.items() if not unit.standing[record_id].stored]
    old = [row for record_id, row in touched.items() if unit.standing[record_id].stored]
    if new:
        connection.execute(_RECORDS.insert(), new)
    if old:
        connection.execute(
            _RECORDS.update()
            .where(_RECORDS.c.id == sa.bindparam("b_id"))
            .values({name: sa.bindparam(f"b_{name}") for name in old[0] if name != "id"}),
            [{f"b_{name}": value for name, value in row.items()} for row in old],
        )
    if unit.revisions:
        connection.execute(_REVISIONS.insert(), unit.revisions)
    replaced = [row["id"] for row in old]
    index.put(connection, [unit.entries[record_id] for record_id in touched], replaced=replaced)
    _write_topics(connection, unit, replaced)
    _write_notices(connection, unit, replaced)


def put_unit(
    connection: sa.Connection,
    index: Index,
    receipt: int,
    received: str,
    arrivals: Sequence[Arrival],
    *,
    deletions: Sequence[Deletion] = (),
    unreadable: Sequence[Unreadable] = (),
    members: Iterable[tuple[str, int, str]] = (),
) -> Counts:
    """Stores a unit in the caller's transaction. ``members``: further (topic, record, via)."""
    unit = open_unit(connection, receipt, received, arrivals)
    for arrival in arrivals:
        unit.take(arrival)
    write_unit(connection, unit, index)
    put_unreadable(connection, receipt, received, unreadable)
    unit.counts.deleted = put_deletions(connection, receipt, received, deletions)
    put_memberships(connection, members, received)
    unit.counts.unreadable = len(unreadable)
    return unit.counts


def _write_notices(connection: sa.Connection, unit: Unit, replaced: Sequence[int]) -> None:
    if replaced:
        connection.execute(_NOTICES.delete().where(_NOTICES.c.notice_id.in_(replaced)))
    rows = [
        {"notice_id": record_id, "pmid": pmid, "kind": kind}
        for record_id, named in unit.notices.items()
        for pmid, kind in sorted(named)
    ]
    if rows:
        connection.execute(_NOTICES.insert(), rows)


def _write_topics(connection: sa.Connection, unit: Unit, replaced: Sequence[int]) -> None:
    if replaced:
        connection.execute(
            _MEMBERSHIPS.delete().where(_MEMBERSHIPS.c.record_id.in_(replaced), _MEMBERSHIPS.c.via == "words")
        )
    put_memberships(
        connection,
        [(topic, record_id, via) for record_id, topics in unit.topics.items() for topic, via in topics],
        unit.received,
    )


def put_memberships(connection: sa.Connection, members: Iterable[tuple[str, int, str]], since: str) -> None:
    """Notes (topic, record, via) where it is not noted yet."""
    rows = [
        {"topic": topic, "record_id": record, "via": via, "since": since} for topic, record, via in members
    ]
    if rows:
        connection.execute(insert_new(connection, _MEMBERSHIPS), rows)


def insert_new(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that leaves rows alone which are there already."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        return insert_sqlite(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.postgresql import insert as insert_postgresql

    return insert_postgresql(table).on_conflict_do_nothing()


def put_unreadable(
    connection: sa.Connection, receipt: int, received: str, records: Sequence[Unreadable]
) -> None:
    """Keeps records that could not be read, once each."""
    if records:
        connection.execute(
            insert_new(connection, _UNREADABLE),
            [
                {
                    "raw_hash": raw_hash(record.raw),
                    "receipt_id": receipt,
                    "received": received,
                    "pmid": record.pmid,
                    "place": record.place,
                    "reason": record.reason,
                    "raw": isal_zlib.compress(record.raw, 1),
                }
                for record in records
            ],
        )


def put_deletions(
    connection: sa.Connection, receipt: int, received: str, deletions: Sequence[Deletion]
) -> int:
    """Notes withdrawn PMIDs; the papers stay, marked. Returns how many PMIDs were named."""
    pmids = [pmid for deletion in deletions for pmid in deletion.pmids]
    if pmids:
        connection.execute(
            insert_new(connection, _DELETIONS),
            [{"pmid": pmid, "receipt_id": receipt, "received": received} for pmid in pmids],
        )
    return len(pmids)


def put_receipt(connection: sa.Connection, kind: str, name: str, received: str) -> int:
    """Opens a receipt for a file or a fetch."""
    receipt = _next(connection, _RECEIPTS.c.id)
    connection.execute(
        _RECEIPTS.insert(), {"id": receipt, "kind": kind, "name": name, "received": received, "counts": "{}"}
    )
    return receipt


def known_records(connection: sa.Connection, hashes: Sequence[bytes]) -> Mapping[bytes, int]:
    """Which of these bytes were received before, and the records they belong to."""
    rows = connection.execute(
        sa.select(_REVISIONS.c.raw_hash, _REVISIONS.c.record_id).where(_REVISIONS.c.raw_hash.in_(hashes))
    )
    return {bytes(row.raw_hash): row.record_id for row in rows}
