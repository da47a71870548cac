"""The harvest: runs, plans and cursors, missing ids, retraction notices

Revision ID: 0002
Revises: 0001
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INTEGER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

MARKS = {
    "RetractionOf": "retracted",
    "RetractedandRepublishedFrom": "retracted",
    "RetractedAndRepublishedFrom": "retracted",
    "PartialRetractionOf": "concern",
    "ExpressionOfConcernFor": "concern",
    "ErratumFor": "corrected",
    "CorrectedandRepublishedFrom": "corrected",
    "CorrectedAndRepublishedFrom": "corrected",
}


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", INTEGER, nullable=False, autoincrement=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("ended", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("query_translation", sa.Text, nullable=False),
        sa.Column("window_from", sa.Text),
        sa.Column("window_to", sa.Text),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("requests", INTEGER, nullable=False),
        sa.Column("notices", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("software", sa.Text, nullable=False),
        sa.Column("rulebook", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_topic", "runs", ["topic"])
    op.create_table(
        "harvests",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("query_hash", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("checked", sa.Text),
        sa.PrimaryKeyConstraint("topic", name="pk_harvests"),
    )
    op.create_table(
        "plans",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("query_hash", sa.Text, nullable=False),
        sa.Column("whole", INTEGER, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("started", sa.Text, nullable=False),
        sa.Column("moves_cursor", INTEGER, nullable=False),
        sa.Column("checks", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("topic", name="pk_plans"),
    )
    op.create_table(
        "plan_ids",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("pmid", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("topic", "pmid", name="pk_plan_ids"),
    )
    op.create_table(
        "missing",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("pmid", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("first", sa.Text, nullable=False),
        sa.Column("last", sa.Text, nullable=False),
        sa.Column("tries", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("topic", "pmid", name="pk_missing"),
    )
    op.create_table(
        "notices",
        sa.Column("notice_id", INTEGER, nullable=False),
        sa.Column("pmid", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "pmid", "kind", name="pk_notices"),
        sa.ForeignKeyConstraint(["notice_id"], ["records.id"], name="fk_notices_notice_id_records"),
    )
    op.create_index("ix_notices_pmid", "notices", ["pmid"])
    _read_notices(op.get_bind())


def _read_notices(connection: sa.Connection) -> None:
    """Notices that are in the library already name their papers too."""
    records = sa.table("records", sa.column("id"), sa.column("document"))
    notices = sa.table("notices", sa.column("notice_id"), sa.column("pmid"), sa.column("kind"))
    rows = set()
    for record_id, document in connection.execute(
        sa.select(records.c.id, records.c.document).where(records.c.document.like('%"relations":%'))
    ):
        for kind, _source, pmid, *_rest in json.loads(document).get("relations", ()):
            if kind in MARKS and pmid:
                rows.add((record_id, pmid, kind))
    if rows:
        connection.execute(
            notices.insert(),
            [{"notice_id": record, "pmid": pmid, "kind": kind} for record, pmid, kind in sorted(rows)],
        )


def downgrade() -> None:
    for table in ("notices", "missing", "plan_ids", "plans", "harvests", "runs"):
        op.drop_table(table)
