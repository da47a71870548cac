"""The tables. Lists of a paper live in one JSON text; only what queries need stands in columns of its own.

The search index is apart, one shape per database: see ``index.py``. Alembic makes the tables (``migrations/``); a
test holds these classes and the migrations together.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger().with_variant(Integer, "sqlite"),
    }


class ReceiptRow(Base):
    """One file read, or one fetch: where revisions came from."""

    __tablename__ = "receipts"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    name: Mapped[str]
    received: Mapped[str]
    finished: Mapped[str | None]
    counts: Mapped[str]


class RecordRow(Base):
    """A paper, as its standing revision tells it."""

    __tablename__ = "records"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pmid: Mapped[str | None] = mapped_column(unique=True)
    doi: Mapped[str | None] = mapped_column(index=True)
    pmcid: Mapped[str | None]
    title_key: Mapped[int] = mapped_column(index=True)
    """A hash of normalised title and year: finds the real record of a digest without identifiers."""
    title: Mapped[str]
    abstract: Mapped[str]
    journal: Mapped[str]
    year: Mapped[int | None]
    origin: Mapped[str]
    document: Mapped[str]
    """The rest of the article as JSON."""
    revision_id: Mapped[int]
    appraisal_id: Mapped[int | None]
    changed: Mapped[str]
    """When the standing revision arrived."""


class RevisionRow(Base):
    """The bytes of one revision as received, compressed (zlib)."""

    __tablename__ = "revisions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"), index=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"))
    received: Mapped[str]
    raw_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    same_as: Mapped[int | None]
    """Set when the content equals that of an earlier revision (other white space): then ``raw`` is empty."""
    origin: Mapped[str]
    version: Mapped[int]
    revised: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)


class UnreadableRow(Base):
    """A record that could not be read: kept and shown, never dropped."""

    __tablename__ = "unreadable"

    raw_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"))
    received: Mapped[str]
    pmid: Mapped[str]
    place: Mapped[str]
    reason: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)


class DeletionRow(Base):
    """A PMID that PubMed has withdrawn."""

    __tablename__ = "deletions"

    pmid: Mapped[str] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"))
    received: Mapped[str]


class MembershipRow(Base):
    """A paper in a topic, and what brought it there ("words", "query", "person")."""

    __tablename__ = "memberships"

    topic: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"), primary_key=True)
    via: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[str]

    __table_args__ = (Index("ix_memberships_record_id", "record_id"),)


class AppraisalRow(Base):
    """One appraisal of one revision by one rule book; old ones stay as history."""

    __tablename__ = "appraisals"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    rulebook: Mapped[str]
    made: Mapped[str]
    design: Mapped[str]
    species: Mapped[str]
    n: Mapped[int | None]
    benefit: Mapped[int | None]
    harm: Mapped[int | None]
    exposure: Mapped[int | None]
    document: Mapped[str]


class NoteRow(Base):
    """What the library remembers of itself, such as by which vocabularies its topics were filled."""

    __tablename__ = "notes"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class RunRow(Base):
    """One run of one topic, as the run log tells it (PRISMA-S)."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[str]
    topic: Mapped[str] = mapped_column(index=True)
    started: Mapped[str]
    ended: Mapped[str | None]
    outcome: Mapped[str]
    query: Mapped[str]
    query_translation: Mapped[str]
    window_from: Mapped[str | None]
    window_to: Mapped[str | None]
    counts: Mapped[str]
    requests: Mapped[int]
    notices: Mapped[str]
    error: Mapped[str]
    software: Mapped[str]
    rulebook: Mapped[str]


class HarvestRow(Base):
    """How far a topic's harvest has come: everything entered or changed before the cursor is stored."""

    __tablename__ = "harvests"

    topic: Mapped[str] = mapped_column(primary_key=True)
    query_hash: Mapped[str]
    cursor: Mapped[str | None]
    checked: Mapped[str | None]
    """When deleted papers were last looked for."""


class PlanRow(Base):
    """A harvest under way; it stays until all of it is stored, through any number of killed runs."""

    __tablename__ = "plans"

    topic: Mapped[str] = mapped_column(primary_key=True)
    query_hash: Mapped[str]
    whole: Mapped[int]
    since: Mapped[str]
    started: Mapped[str]
    moves_cursor: Mapped[int]
    checks: Mapped[int]


class PlanIdRow(Base):
    """A PMID that is stored under the open plan of a topic, and need not be fetched again."""

    __tablename__ = "plan_ids"

    topic: Mapped[str] = mapped_column(primary_key=True)
    pmid: Mapped[str] = mapped_column(primary_key=True)


class MissingRow(Base):
    """A PMID that was asked for and not received; it is asked for again by every run."""

    __tablename__ = "missing"

    topic: Mapped[str] = mapped_column(primary_key=True)
    pmid: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    first: Mapped[str]
    last: Mapped[str]
    tries: Mapped[int]


class NoticeRow(Base):
    """A stored notice (of retraction, correction, concern) and the PMID that it names."""

    __tablename__ = "notices"

    notice_id: Mapped[int] = mapped_column(ForeignKey("records.id"), primary_key=True)
    pmid: Mapped[str] = mapped_column(primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    """NLM's word: "RetractionOf" …"""
