"""The schema's versions: which one a library has, and the way up."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from ..errors import StoreOutdated

HEAD = "0002"
"""The version this program writes: the newest file in ``migrations/versions``."""
KNOWN = ("0001", "0002")


def folder() -> Path:
    """Where the migrations lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def version(connection: sa.Connection) -> str | None:
    """The schema version of the library; ``None`` when there is no library in the database yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def require_head(found: str | None, where: str) -> None:
    """Raises: StoreOutdated when the library's version is not this program's."""
    if found != HEAD:
        raise outdated_error(found, where)


def outdated_error(found: str | None, where: str) -> StoreOutdated:
    """What is wrong with a library of another version, and the way out."""
    if found in KNOWN:
        return StoreOutdated(
            f"the library is of an older version ({found}): {where}", hint="run `aggregator db upgrade`"
        )
    return StoreOutdated(
        f"the library was written by a newer program (schema {found}): {where}",
        hint="install the newest version of aggregator; the library is left as it is",
    )


def upgrade(connection: sa.Connection) -> None:
    """Brings the library to `HEAD`, or makes it; inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
