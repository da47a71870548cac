"""The schema: migrations and tables tell the same story on both databases."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from aggregator.model import Integrity
from aggregator.store import HEAD, Library
from aggregator.store.migrations import KNOWN, folder
from aggregator.store.schema import Base
from aggregator.store.upkeep import check


def test_the_program_knows_every_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(folder()))
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_current_head() == HEAD
    assert sorted(script.revision for script in scripts.walk_revisions()) == sorted(KNOWN)


def test_migrations_make_the_tables_that_the_classes_describe(library: Library) -> None:
    library.upgrade()

    with library._engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (
                    not (kind == "table" and name.startswith("search_index"))
                )
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(library: Library) -> None:
    assert library.upgrade() == (None, HEAD)
    assert library.upgrade() == (HEAD, HEAD)


def _config(library: Library, connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder()))
    config.attributes["connection"] = connection
    return config


_PAPERS = (
    (1, "11", "Kratom and the liver, a study", {"pmid": "11"}),
    (
        2,
        "12",
        "Retraction notice on kratom here",
        {"pmid": "12", "relations": [["RetractionOf", "J", "11", ""]]},
    ),
)


def test_a_library_of_0001_comes_up_with_its_papers_and_its_notices_read(library: Library) -> None:
    with library._engine.begin() as connection:
        command.upgrade(_config(library, connection), "0001")
        connection.execute(
            sa.text("INSERT INTO receipts VALUES (1, 'file', 'old.xml', '2026-01-01', NULL, '{}')")
        )
        for number, pmid, title, document in _PAPERS:
            values = {
                "id": number,
                "pmid": pmid,
                "title": title,
                "document": json.dumps(document, separators=(",", ":")),
            }
            connection.execute(_OLD_RECORD, values)
            connection.execute(_OLD_REVISION, {"id": number, "hash": bytes([number]) * 16})
    assert library.upgrade() == ("0001", HEAD)

    assert library.find("11").integrity == (Integrity.RETRACTED,)
    assert library.find("12").integrity == ()
    assert library.sizes()["records"] == 2
    assert not [line for line in check(library) if "table" in line]


_OLD_RECORD = sa.text(
    "INSERT INTO records (id, pmid, title_key, title, abstract, journal, origin, document, revision_id, changed) "
    "VALUES (:id, :pmid, :id, :title, '', 'J', 'pubmed-xml', :document, :id, '2026-01-01')"
)
_OLD_REVISION = sa.text(
    "INSERT INTO revisions (id, record_id, receipt_id, received, raw_hash, content_hash, origin, version, revised, raw) "
    "VALUES (:id, :id, 1, '2026-01-01', :hash, :hash, 'pubmed-xml', 1, '', :hash)"
)
