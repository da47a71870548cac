"""The library: papers, revisions, topics, appraisals, search index

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INTEGER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's row id must be an INTEGER


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", INTEGER, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("received", sa.Text, nullable=False),
        sa.Column("finished", sa.Text),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
    )
    op.create_table(
        "records",
        sa.Column("id", INTEGER, nullable=False, autoincrement=False),
        sa.Column("pmid", sa.Text),
        sa.Column("doi", sa.Text),
        sa.Column("pmcid", sa.Text),
        sa.Column("title_key", INTEGER, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text, nullable=False),
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("year", INTEGER),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("revision_id", INTEGER, nullable=False),
        sa.Column("appraisal_id", INTEGER),
        sa.Column("changed", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.UniqueConstraint("pmid", name="uq_records_pmid"),
    )
    op.create_index("ix_records_doi", "records", ["doi"])
    op.create_index("ix_records_title_key", "records", ["title_key"])
    op.create_table(
        "revisions",
        sa.Column("id", INTEGER, nullable=False, autoincrement=False),
        sa.Column("record_id", INTEGER, nullable=False),
        sa.Column("receipt_id", INTEGER, nullable=False),
        sa.Column("received", sa.Text, nullable=False),
        sa.Column("raw_hash", sa.LargeBinary, nullable=False),
        sa.Column("content_hash", sa.LargeBinary, nullable=False),
        sa.Column("same_as", INTEGER),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("version", INTEGER, nullable=False),
        sa.Column("revised", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_revisions_record_id_records"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_revisions_receipt_id_receipts"),
        sa.UniqueConstraint("raw_hash", name="uq_revisions_raw_hash"),
    )
    op.create_index("ix_revisions_record_id", "revisions", ["record_id"])
    op.create_table(
        "unreadable",
        sa.Column("raw_hash", sa.LargeBinary, nullable=False),
        sa.Column("receipt_id", INTEGER, nullable=False),
        sa.Column("received", sa.Text, nullable=False),
        sa.Column("pmid", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("raw_hash", name="pk_unreadable"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_unreadable_receipt_id_receipts"),
    )
    op.create_table(
        "deletions",
        sa.Column("pmid", sa.Text, nullable=False),
        sa.Column("receipt_id", INTEGER, nullable=False),
        sa.Column("received", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("pmid", name="pk_deletions"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name="fk_deletions_receipt_id_receipts"),
    )
    op.create_table(
        "memberships",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("record_id", INTEGER, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("topic", "record_id", "via", name="pk_memberships"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_memberships_record_id_records"),
    )
    op.create_index("ix_memberships_record_id", "memberships", ["record_id"])
    op.create_table(
        "appraisals",
        sa.Column("id", INTEGER, nullable=False, autoincrement=False),
        sa.Column("record_id", INTEGER, nullable=False),
        sa.Column("revision_id", INTEGER, nullable=False),
        sa.Column("rulebook", sa.Text, nullable=False),
        sa.Column("made", sa.Text, nullable=False),
        sa.Column("design", sa.Text, nullable=False),
        sa.Column("species", sa.Text, nullable=False),
        sa.Column("n", INTEGER),
        sa.Column("benefit", INTEGER),
        sa.Column("harm", INTEGER),
        sa.Column("exposure", INTEGER),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_appraisals"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name="fk_appraisals_record_id_records"),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name="fk_appraisals_revision_id_revisions"
        ),
    )
    op.create_index("ix_appraisals_record_id", "appraisals", ["record_id"])
    op.create_table(
        "notes",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_notes"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5(title, headings, abstract, tokenize = 'ascii', "
            "columnsize = 1)"
        )
    else:
        op.execute(
            "CREATE TABLE search_index (record_id bigint PRIMARY KEY REFERENCES records(id), vector tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_search_index_vector ON search_index USING gin (vector)")


def downgrade() -> None:
    for table in (
        "search_index", "notes", "appraisals", "memberships", "deletions", "unreadable", "revisions", "records", "receipts",
    ):  # fmt: skip
        op.drop_table(table)
