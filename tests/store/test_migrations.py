"""The schema: migrations and tables tell the same story on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from aggregator.store import HEAD, Library
from aggregator.store.migrations import KNOWN, folder
from aggregator.store.schema import Base


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
