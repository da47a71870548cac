"""The search index, filled from the same tokens on both databases.

SQLite: an FTS5 table whose columns hold folded tokens (the ``ascii`` tokenizer then only splits at blanks).
PostgreSQL: a ``tsvector`` with positions and weights, written by us, so that its own parser has no say. A mark
between headings keeps phrases from running over their borders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from ..query import Phrase, Query
from ..text import BORDER, Folded

_LONGEST_TOKEN = 200
_LAST_POSITION, _MOST_POSITIONS = 16383, 255  # PostgreSQL's limits for a tsvector
_WEIGHTS = (10.0, 5.0, 1.0)  # title, headings and keywords, abstract


class Entry(NamedTuple):
    """A paper's folded tokens by field."""

    record_id: int
    title: str
    headings: str
    abstract: str


def entry(record_id: int, fields: Folded) -> Entry:
    """What the index holds of an article."""
    return Entry(record_id, _bounded(fields.title), _bounded(fields.headings), _bounded(fields.abstract))


def _bounded(tokens: str) -> str:
    """Without tokens that no database should have to hold; a look at every 200th stretch finds those of 400 and more."""
    if all(
        " " in tokens[at : at + _LONGEST_TOKEN]
        for at in range(0, len(tokens) - _LONGEST_TOKEN, _LONGEST_TOKEN)
    ):
        return tokens
    return " ".join(token for token in tokens.split() if len(token) <= _LONGEST_TOKEN)


class Index(Protocol):
    """What both shapes of the index can do, inside the caller's transaction."""

    def put(
        self, connection: sa.Connection, entries: Sequence[Entry], *, replaced: Iterable[int]
    ) -> None: ...

    def search(
        self, connection: sa.Connection, query: Query, *, topic: str | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, float]]]: ...

    def disagreements(self, connection: sa.Connection, entries: Sequence[Entry]) -> list[int]: ...

    def size(self, connection: sa.Connection) -> int: ...

    def strays(self, connection: sa.Connection) -> list[int]: ...


_IN_TOPIC = " AND {id} IN (SELECT record_id FROM memberships WHERE topic = :topic)"


class Fts5:
    """The index on SQLite."""

    def put(self, connection: sa.Connection, entries: Sequence[Entry], *, replaced: Iterable[int]) -> None:
        """Writes entries; those of ``replaced`` stood there before."""
        connection.exec_driver_sql(
            "INSERT INTO search_index(search_index, rank) VALUES ('hashsize', 67108864)"
        )
        for record_id in replaced:
            connection.exec_driver_sql("DELETE FROM search_index WHERE rowid = ?", (record_id,))
        if entries:
            connection.exec_driver_sql(
                "INSERT INTO search_index(rowid, title, headings, abstract) VALUES (?, ?, ?, ?)",
                [tuple(item) for item in entries],
            )

    def search(
        self, connection: sa.Connection, query: Query, *, topic: str | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, float]]]:
        """How many match, and ids with scores (higher is better), best first; ties by newest id."""
        where = "search_index MATCH :match" + (_IN_TOPIC.format(id="search_index.rowid") if topic else "")
        values: dict[str, object] = {"match": " AND ".join(map(self._phrase, query.phrases))}
        if topic:
            values["topic"] = topic
        counting = sa.text(f"SELECT count(*) FROM search_index WHERE {where}")  # noqa: S608  # only bound values
        total = connection.execute(counting, values).scalar_one()
        rows = connection.execute(
            sa.text(
                f"SELECT rowid, -bm25(search_index, {_WEIGHTS[0]}, {_WEIGHTS[1]}, {_WEIGHTS[2]}) AS score "  # noqa: S608  # only bound values
                f"FROM search_index WHERE {where} ORDER BY score DESC, rowid DESC LIMIT :limit OFFSET :offset"
            ),
            {**values, "limit": limit, "offset": offset},
        )
        return int(total), [(int(record_id), float(score)) for record_id, score in rows]

    @staticmethod
    def _phrase(phrase: Phrase) -> str:
        return '"' + " ".join(phrase.tokens) + '"'

    def disagreements(self, connection: sa.Connection, entries: Sequence[Entry]) -> list[int]:
        """Ids whose entry in the index is not the one given."""
        wrong = []
        for item in entries:
            held = connection.exec_driver_sql(
                "SELECT title, headings, abstract FROM search_index WHERE rowid = ?", (item.record_id,)
            ).first()
            if held is None or tuple(held) != tuple(item)[1:]:
                wrong.append(item.record_id)
        return wrong

    def size(self, connection: sa.Connection) -> int:
        """How many papers are in the index. Raises the database's error where the index itself is damaged."""
        connection.exec_driver_sql("INSERT INTO search_index(search_index) VALUES ('integrity-check')")
        return int(connection.exec_driver_sql("SELECT count(*) FROM search_index").scalar_one())

    def strays(self, connection: sa.Connection) -> list[int]:
        """Ids in the index that no record has."""
        rows = connection.exec_driver_sql(
            "SELECT rowid FROM search_index WHERE rowid NOT IN (SELECT id FROM records)"
        )
        return [int(row[0]) for row in rows]


class Tsvector:
    """The index on PostgreSQL."""

    def put(self, connection: sa.Connection, entries: Sequence[Entry], *, replaced: Iterable[int]) -> None:
        """Writes entries; those of ``replaced`` stood there before."""
        gone = [{"id": record_id} for record_id in replaced]
        if gone:
            connection.execute(sa.text("DELETE FROM search_index WHERE record_id = :id"), gone)
        if entries:
            connection.execute(
                sa.text(
                    "INSERT INTO search_index(record_id, vector) VALUES (:id, CAST(:vector AS tsvector))"
                ),
                [{"id": item.record_id, "vector": self._vector(item)} for item in entries],
            )

    @staticmethod
    def _vector(item: Entry) -> str:
        places: dict[str, list[str]] = {}
        position = 1
        for weight, tokens in (("A", item.title), ("B", item.headings), ("C", item.abstract)):
            for token in tokens.split():
                if token != BORDER:
                    at = places.setdefault(token, [])
                    if position < _LAST_POSITION and len(at) < _MOST_POSITIONS:
                        at.append(f"{position}{weight}")
                position += 1
            position += 10  # no phrase runs from one field into the next
        # a token beyond PostgreSQL's limits has no place: found as a word, not in a phrase
        return " ".join(f"'{token}':{','.join(at)}" if at else f"'{token}'" for token, at in places.items())

    def search(
        self, connection: sa.Connection, query: Query, *, topic: str | None, limit: int, offset: int
    ) -> tuple[int, list[tuple[int, float]]]:
        """How many match, and ids with scores (higher is better), best first; ties by newest id."""
        where = "vector @@ CAST(:match AS tsquery)" + (
            _IN_TOPIC.format(id="search_index.record_id") if topic else ""
        )
        values: dict[str, object] = {"match": " & ".join(self._phrase(phrase) for phrase in query.phrases)}
        if topic:
            values["topic"] = topic
        counting = sa.text(f"SELECT count(*) FROM search_index WHERE {where}")  # noqa: S608  # only bound values
        total = connection.execute(counting, values).scalar_one()
        rows = connection.execute(
            sa.text(
                "SELECT record_id, ts_rank('{0.1, 0.1, 0.5, 1.0}', vector, CAST(:match AS tsquery), 1) AS score "  # noqa: S608  # only bound values
                f"FROM search_index WHERE {where} ORDER BY score DESC, record_id DESC LIMIT :limit OFFSET :offset"
            ),
            {**values, "limit": limit, "offset": offset},
        )
        return int(total), [(int(record_id), float(score)) for record_id, score in rows]

    @staticmethod
    def _phrase(phrase: Phrase) -> str:
        return "(" + " <-> ".join(f"'{token}'" for token in phrase.tokens) + ")"

    def disagreements(self, connection: sa.Connection, entries: Sequence[Entry]) -> list[int]:
        """Ids whose entry in the index is not the one given."""
        wrong = []
        for item in entries:
            same = connection.execute(
                sa.text("SELECT vector = CAST(:vector AS tsvector) FROM search_index WHERE record_id = :id"),
                {"id": item.record_id, "vector": self._vector(item)},
            ).scalar()
            if not same:
                wrong.append(item.record_id)
        return wrong

    def size(self, connection: sa.Connection) -> int:
        """How many papers are in the index."""
        return int(connection.execute(sa.text("SELECT count(*) FROM search_index")).scalar_one())

    def strays(self, connection: sa.Connection) -> list[int]:
        """Ids in the index that no record has: its foreign key makes that impossible here."""
        return []


def index_for(engine: sa.Engine) -> Index:
    """The index of that database."""
    return Fts5() if engine.dialect.name == "sqlite" else Tsvector()
