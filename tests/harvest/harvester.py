"""A topic, a library and a loopback NCBI, to be harvested in this process on a day of the test's choosing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aggregator.config import Settings, parse
from aggregator.http import Limits
from aggregator.sources.eutils import Eutils, Patience, connect
from aggregator.store import Library
from aggregator.store.harvesting import Harvests, Run, Standing, runs, standing
from aggregator.tasks.harvest import Foreseen, Watch, Wish, foreseen
from aggregator.tasks.run import Job, Outcome, run_topics
from tests.ncbi import Ncbi

TODAY = date(2026, 3, 1)
TOPIC = "kratom"


def settings(query: str = "kratom", **ncbi: Any) -> Settings:
    """One topic that takes everything on kratom, and small pages."""
    given = {"email": "tester@example.org", "records_per_request": 10, "deletion_check_days": 30, **ncbi}
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in given.items()]
    text = "[ncbi]\n" + "\n".join(lines)
    text += f'\n[[topic]]\nname = "{TOPIC}"\nintervention = "kratom"\nquery = \'{query}\'\n'
    return parse(text, source="test", environment={})


class Harvester:
    """Runs the harvest of one topic, as `aggregator fetch` does, on a given day."""

    def __init__(self, library: Library, ncbi: Ncbi, folder: Path, **ncbi_settings: Any) -> None:
        self.library = library
        self.ncbi = ncbi
        self.folder = folder
        self.settings = settings(**ncbi_settings)

    @contextmanager
    def source(self) -> Iterator[Eutils]:
        with connect(
            email="tester@example.org",
            base_url=self.ncbi.url,
            patience=Patience(tries=4, whole=10, first=0.005, longest=0.02),
            limits=Limits(connect=2, read=2, whole=10),
            pace_folder=self.folder / "pace",
            per_second=5_000.0,
        ) as eutils:
            yield eutils

    def go(self, day: date = TODAY, *, watch: Watch | None = None, **wish: Any) -> Outcome:
        """One run of the topic. Its failure is in the outcome."""
        job = Job(
            name="fetch",
            settings=self.settings,
            software="aggregator test",
            now=lambda: f"{day}T12:00:00Z",
            wish=Wish(**wish),
            watch=lambda _topic: watch or Watch(),
        )
        with self.library.writing() as writer, self.source() as eutils:
            return next(run_topics(writer, eutils, self.settings.topic, job))

    def foresee(self, day: date = TODAY, **wish: Any) -> Foreseen:
        with self.source() as eutils:
            return foreseen(
                self.library,
                eutils,
                self.settings.topic[0],
                settings=self.settings.ncbi,
                now=lambda: f"{day}T12:00:00Z",
                wish=Wish(**wish),
            )

    @property
    def standing(self) -> Standing:
        return standing(self.library, TOPIC)

    @property
    def log(self) -> list[Run]:
        return runs(self.library)

    def held(self) -> dict[int, bytes]:
        """The standing bytes of every paper of the topic's query that is not marked as deleted."""
        return held(self.library)


def held(library: Library, topic: str = TOPIC) -> dict[int, bytes]:
    """The standing bytes of every paper that the topic's query brought and that is not marked as deleted."""
    with library.reading() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT r.pmid, v.raw FROM records r JOIN revisions v ON v.id = r.revision_id "
                "JOIN memberships m ON m.record_id = r.id AND m.topic = :topic AND m.via = 'query' "
                "WHERE r.pmid NOT IN (SELECT pmid FROM deletions)"
            ),
            {"topic": topic},
        ).all()
    found = {int(row.pmid): zlib.decompress(row.raw) for row in rows}
    assert len(found) == len(rows), "a paper is there twice"
    return found


def on_server(ncbi: Ncbi) -> dict[int, bytes]:
    """What the library should hold: the server's records, byte for byte."""
    return {pmid: record.xml for pmid, record in ncbi.holding.records.items()}


__all__ = ["TODAY", "TOPIC", "Harvester", "Harvests", "held", "on_server", "settings"]
