"""PubMed through NCBI's E-utilities: paced, patient with what time can heal, never short without saying so.

The rules kept here, each learnt from papers that others lost:

- every request goes by POST, with ``tool``, ``email`` and the key, and takes its turn (`aggregator.pace`);
- every answer passes `answers.content`, which knows the failures that come with status 200;
- ids received are compared with the count, and searches above the wall are cut (`windows`);
- what time can heal is tried again, with growing random pauses, within a limit of tries and of time.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from aggregator.errors import ConfigError, SourceGarbled, SourceRefused, SourceUnavailable
from aggregator.http import Answer, Door, Limits, seconds
from aggregator.pace import Pace, SharedPace, Stopped
from aggregator.sources import answers
from aggregator.sources.answers import (
    Database,
    History,
    HistoryLost,
    Links,
    Notice,
    SearchResult,
    Summaries,
    TooFast,
)
from aggregator.sources.in_flight import finished
from aggregator.sources.windows import BEGINNING, Window, windows

__all__ = [
    "BASE_URL", "BEGINNING", "Database", "DateType", "Eutils", "Found", "History", "HistoryLost", "Links",
    "Notice", "Page", "Patience", "Reach", "SearchResult", "Summaries", "Window", "connect", "reachable",
]  # fmt: skip

log = logging.getLogger(__name__)
T = TypeVar("T")

BASE_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
WALL = 9_999
"""PubMed gives no more records of one search or stored set than this."""
RECORDS_PER_REQUEST = 200
_KEPT = 1 << 20
"""Bytes of an answer of unknown shape that are kept."""
SLOW_ANSWER = 2.4
"""Seconds: as many requests may be in flight as fit the pace when every answer takes this long."""


class DateType(StrEnum):
    """Which date a window is about."""

    ENTERED = "edat"
    """When PubMed got the record."""
    CHANGED = "mdat"
    """When the record was last changed."""
    CREATED = "crdt"
    PUBLISHED = "pdat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a failing request is tried again."""

    tries: int = 7
    whole: float = 300.0
    """Seconds after which no further try begins."""
    first: float = 1.0
    """The first pause; each further one is twice as long; each is drawn from 0.5 to 1.5 of that."""
    longest: float = 60.0

    def pause(self, failed: int, chance: random.Random) -> float:
        """Seconds to wait after this many failed tries."""
        return min(self.longest, self.first * 2.0 ** (failed - 1)) * chance.uniform(0.5, 1.5)


@dataclass(frozen=True, slots=True)
class Page:
    """One whole answer of EFetch. Records may be missing from it: compare ``asked`` with what it holds."""

    asked: tuple[str, ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All ids of a search, however many."""

    ids: tuple[str, ...]
    query_translation: str
    notices: tuple[Notice, ...]
    windows: tuple[tuple[date, date, int], ...]
    """First day, last day and records of each part that was searched."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The source answers: how fast, and what it says of itself."""

    host: str
    seconds: float
    database: Database


class Eutils:
    """The calls of the E-utilities for one database. Make it with `connect`."""

    def __init__(
        self,
        door: Door,
        pace: Pace,
        *,
        tool: str,
        email: str,
        database: str = "pubmed",
        wall: int = WALL,
        patience: Patience | None = None,
        in_flight: int = 8,
        chance: random.Random | None = None,
    ) -> None:
        if "@" not in email:
            raise ConfigError(
                "[ncbi] email is missing: NCBI asks who is calling", hint="write yours in config.toml"
            )
        self._door = door
        self._pace = pace
        self._identity = {"tool": tool, "email": email}
        self._database = database
        self._wall = wall
        self._patience = patience or Patience()
        self._in_flight = in_flight
        self._chance = chance or random.Random()  # noqa: S311 - it spreads pauses, it guards nothing
        self._counting = threading.Lock()
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Eutils({self._door.host!r}, {self._database!r})"

    def close(self) -> None:
        """Gives the connections back."""
        self._door.close()

    @property
    def requests(self) -> int:
        """How many requests were sent so far, failed ones among them."""
        return self._requests

    @property
    def host(self) -> str:
        """Whom it asks."""
        return self._door.host

    # ------------------------------------------------------------------------------------------ searching

    def search(
        self,
        query: str,
        *,
        by: DateType | None = None,
        since: date | None = None,
        until: date | None = None,
        most: int | None = None,
        start: int = 0,
        keep: bool = False,
    ) -> SearchResult:
        """One ESearch: the count, and at most ``most`` ids (by default as many as PubMed gives at once).

        ``keep`` leaves the set on the history server.

        Raises:
            QueryError: a field tag that does not exist; PubMed would answer a wider search.
            BeyondWall: ``start`` is above what PubMed gives.
        """
        asked = self._wall if most is None else most
        form = {"term": query, "retmax": str(asked), "retstart": str(start), **_dates(by, since, until)}
        if keep:
            form["usehistory"] = "y"

        def read(body: bytes) -> SearchResult:
            result = answers.checked_fields(answers.search_result(body), query)
            return _all_announced(result, min(asked, self._wall))

        return self._ask("esearch", form, read)

    def search_windows(self, query: str, *, by: DateType, since: date, until: date) -> Iterator[Window]:
        """A search of any size, in parts that each came whole, oldest first.

        Each part's ``whole`` carries count, translation and notices of the whole search. A part is a unit of
        work: before one with a later first day comes, everything older has come. There is always at
        least one part; it may be empty.

        Raises:
            SourceUnavailable: the parts together hold fewer records than the search counts.
        """
        return windows(
            lambda term, first, last: self.search(term, by=by, since=first, until=last), query, since, until
        )

    def search_all(self, query: str, *, by: DateType, since: date, until: date) -> Found:
        """All ids of a search of any size, each once."""
        parts = list(self.search_windows(query, by=by, since=since, until=until))
        whole = parts[0].whole or parts[0].result
        return Found(
            ids=tuple(dict.fromkeys(pmid for part in parts for pmid in part.ids)),
            query_translation=whole.query_translation,
            notices=whole.notices,
            windows=tuple((part.since, part.until, len(part.ids)) for part in parts),
        )

    def kept(self, ids: Sequence[str]) -> History:
        """A set left on the history server (EPost)."""
        return self._ask("epost", {"id": ",".join(ids)}, answers.history)

    def kept_ids(self, kept: History, *, start: int = 0, most: int | None = None) -> SearchResult:
        """The ids of a set on the history server.

        Raises:
            HistoryLost: the server has forgotten it; search again.
        """
        asked = self._wall if most is None else most
        form = {"term": f"#{kept.query_key}", "WebEnv": kept.webenv, "usehistory": "y"}
        form |= {"retmax": str(asked), "retstart": str(start)}
        return self._ask(
            "esearch", form, lambda body: _all_announced(answers.search_result(body), min(asked, self._wall))
        )

    # ------------------------------------------------------------------------------------------- fetching

    def pages(
        self, ids: Iterable[str], *, per_request: int = RECORDS_PER_REQUEST
    ) -> Generator[Page, None, None]:
        """The records with these ids, page by page, in the order the answers come.

        Several requests are in flight at a time, and at most that many pages are held. Ids are drawn as there
        is room. When a page fails for good, those on their way still arrive before the error is raised.
        """
        return finished(_batches(ids, per_request), self._page, workers=self._in_flight)

    def _page(self, asked: tuple[str, ...], stop: threading.Event) -> Page:
        body = self.fetched(asked, stop=stop)
        if len(asked) > 1 and answers.is_empty_set(body):
            # Nothing at all for many ids is more often a hiccup of the server than the truth: ask once more.
            log.warning("eutils: an empty set for %d ids, asking once more", len(asked))
            body = self.fetched(asked, stop=stop)
        return Page(asked, body)

    def fetched(self, ids: Sequence[str], *, stop: threading.Event | None = None) -> bytes:
        """The article set with these records, whole, as PubMed XML (EFetch)."""
        form = {"id": ",".join(ids), "retmode": "xml"}
        return self._ask("efetch", form, answers.article_set, stop=stop)

    def fetched_from(self, kept: History, *, start: int, most: int) -> bytes:
        """Records of a set on the history server, as PubMed XML.

        Raises:
            BeyondWall: the page would cross the wall, where PubMed shortens it without a word.
            HistoryLost: search again.
        """
        if start + most > self._wall:
            raise answers.BeyondWall(f"PubMed gives only the first {self._wall} records of a stored set")
        form = {"WebEnv": kept.webenv, "query_key": kept.query_key, "retmode": "xml"}
        return self._ask("efetch", {**form, "retstart": str(start), "retmax": str(most)}, answers.article_set)

    def summary_pages(
        self, ids: Iterable[str], *, per_request: int = RECORDS_PER_REQUEST
    ) -> Iterator[Summaries]:
        """`summaries` of any number of ids, several requests in flight at a time."""
        return finished(_batches(ids, per_request), self._summaries, workers=self._in_flight)

    def summaries(self, ids: Sequence[str]) -> Summaries:
        """Records in short, and the ids that PubMed does not (any more) have (ESummary).

        Raises:
            SourceUnavailable: an id was neither answered nor named as missing.
        """
        return self._summaries(ids, None)

    def _summaries(self, ids: Sequence[str], stop: threading.Event | None) -> Summaries:
        def read(body: bytes) -> Summaries:
            result = answers.summaries(body)
            answered = {summary.pmid for summary in result.found}.union(result.missing)
            if unanswered := [pmid for pmid in ids if pmid not in answered]:
                raise SourceUnavailable(f"NCBI left out {len(unanswered)} of {len(ids)} summaries")
            return result

        return self._ask("esummary", {"id": ",".join(ids), "version": "1.0"}, read, stop=stop)

    def links(self, ids: Sequence[str], *, name: str) -> tuple[Links, ...]:
        """Where a link such as "pubmed_pubmed_refs" leads from these records (ELink)."""
        form = {"dbfrom": self._database, "id": ",".join(ids), "linkname": name, "cmd": "neighbor"}
        return self._ask("elink", form, answers.links)

    # -------------------------------------------------------------------------------------- about the source

    def databases(self) -> tuple[str, ...]:
        """The names of all databases (EInfo)."""
        return self._ask("einfo", {"db": ""}, answers.databases)

    def about(self) -> Database:
        """What NCBI says of this database: its size, its last update, its search fields (EInfo)."""
        return self._ask("einfo", {}, answers.database)

    # --------------------------------------------------------------------------------------------- asking

    def _ask(
        self,
        call: str,
        form: Mapping[str, str],
        read: Callable[[bytes], T],
        *,
        stop: threading.Event | None = None,
    ) -> T:
        """The answer, read; tried again while time may heal it."""
        stop = stop or threading.Event()
        began = time.monotonic()
        for failed in range(1, self._patience.tries + 1):
            try:
                return self._once(call, form, read, stop)
            except HistoryLost:
                raise
            except SourceUnavailable as problem:
                pause = self._patience.pause(failed, self._chance)
                late = time.monotonic() - began + pause > self._patience.whole
                if failed == self._patience.tries or late:
                    raise
                self._rest(call, problem, failed, pause, stop)
        raise AssertionError("a last try either answers or raises")

    def _rest(
        self, call: str, problem: SourceUnavailable, failed: int, pause: float, stop: threading.Event
    ) -> None:
        log.warning("eutils: %s: %s; try %d failed, next in %s", call, problem, failed, seconds(pause))
        if isinstance(problem, TooFast):
            self._pace.hold(pause)
        if stop.wait(pause):
            raise Stopped("stopped between two tries")

    def _once(
        self, call: str, form: Mapping[str, str], read: Callable[[bytes], T], stop: threading.Event
    ) -> T:
        answer = self._answer(call, form, stop)
        try:
            return read(answers.content(answer, show=self._door.redacted))
        except SourceGarbled as problem:
            shown = self._door.redacted(answer.body[:_KEPT].decode("utf-8", "replace")).encode()
            raise SourceGarbled(f"{call}: {problem.message}", hint=problem.hint, body=shown) from None

    def _answer(self, call: str, form: Mapping[str, str], stop: threading.Event) -> Answer:
        with self._counting:
            self._requests += 1
        everything = {"db": self._database, **form, **self._identity}
        said = {name: value for name, value in everything.items() if value}
        return self._door.post(f"{call}.fcgi", said, before_sending=lambda: self._pace.wait(stop))


def connect(
    *,
    email: str,
    api_key: str = "",
    tool: str = "aggregator",
    base_url: str = BASE_URL,
    version: str = "",
    wall: int = WALL,
    patience: Patience | None = None,
    limits: Limits | None = None,
    pace_folder: Path | None = None,
    per_second: float | None = None,
) -> Eutils:
    """PubMed, ready to be asked; nothing is sent yet. Use it in a ``with``.

    Raises:
        ConfigError: an e-mail or base URL that cannot be right.
    """
    agent = f"{tool}/{version}" if version else tool
    door = Door(base_url, agent=agent, secrets={"api_key": api_key}, limits=limits)
    try:
        pace = SharedPace(door.host, keyed=bool(api_key), folder=pace_folder, per_second=per_second)
        in_flight = min(32, max(2, math.ceil(pace.per_second * SLOW_ANSWER)))
        return Eutils(door, pace, tool=tool, email=email, wall=wall, patience=patience, in_flight=in_flight)
    except ConfigError:
        door.close()
        raise


def reachable(
    *,
    email: str,
    api_key: str = "",
    base_url: str = BASE_URL,
    tool: str = "aggregator",
    pace_folder: Path | None = None,
) -> Reach:
    """How PubMed answers right now: one try, not patient.

    Raises:
        SourceError: it does not; the message and hint say why.
        ConfigError: an e-mail or base URL that cannot be right.
    """
    limits = Limits(connect=10, read=20, whole=30)
    once = Patience(tries=1)
    with connect(
        email=email,
        api_key=api_key,
        base_url=base_url,
        tool=tool,
        limits=limits,
        patience=once,
        pace_folder=pace_folder,
    ) as source:
        began = time.monotonic()
        about = source.about()
        return Reach(source.host, time.monotonic() - began, about)


def _dates(by: DateType | None, since: date | None, until: date | None) -> dict[str, str]:
    if by is None or since is None or until is None:
        if any(part is not None for part in (by, since, until)):
            raise SourceRefused("a date window needs its kind of date and both its days")
        return {}
    return {"datetype": by.value, "mindate": f"{since:%Y/%m/%d}", "maxdate": f"{until:%Y/%m/%d}"}


def _all_announced(result: SearchResult, most: int) -> SearchResult:
    """The same result when it holds as many ids as its count promises; a short one has lost some."""
    promised = max(0, min(result.count - result.start, most))
    if len(set(result.ids)) < promised and not result.clamped:
        raise SourceUnavailable(
            f"NCBI counts {result.count} records but gave {len(set(result.ids))} of {promised} ids"
        )
    return result


def _batches(ids: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    iterator = iter(ids)
    while batch := tuple(islice(iterator, size)):
        yield batch
