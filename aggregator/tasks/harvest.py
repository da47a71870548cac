"""Asking PubMed for what is new or changed in a topic, so that no paper is ever lost.

A harvest is a plan: a window of days, opened in the library before anything is asked. Every page of records is
stored in one transaction with the plan's progress. Whatever ends the program, the next run finds the plan and
goes on. The plan is closed, and the cursor moved, when everything it covers is stored, and not before.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b

from ..config import NcbiSettings, Topic
from ..errors import AggregatorError, InputError, SourceGarbled
from ..model import Article, Unreadable
from ..pace import courtesy
from ..sources.envelope import Raw, raw_records
from ..sources.eutils import BEGINNING, DateType, Eutils, Page, SearchResult
from ..sources.pubmed_xml import read_articles
from ..store import Library, Receipt
from ..store.harvesting import Fetched, Harvests, Plan, Standing, Tally, held, standing
from ..store.library import Writer
from ..store.writing import Counts, raw_hash
from .load import arrival
from .topics import TopicWords

_AHEAD = timedelta(days=30)
"""Windows reach this far into the future, since clocks differ and records are dated ahead."""
_BEHIND = timedelta(days=1)
"""A day at NCBI may be the day before at home."""
_TRIES = 3
"""An id that was never received, and that PubMed itself denies, is let go after being asked for so often."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for beyond the usual."""

    full: bool = False
    """Everything again, whenever it entered."""
    since: date | None = None
    """What entered or changed from this day on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvested:
    """What became of a topic's harvest."""

    topic: str
    tally: Tally
    window: tuple[date, date]
    query_translation: str
    notices: tuple[str, ...]
    """Remarks of PubMed on the search: what it did not search as written."""
    unreadable: tuple[Unreadable, ...]
    resumed: bool

    @property
    def is_complete(self) -> bool:
        """Whether everything asked for came and could be read."""
        return not (self.tally.missing or self.tally.unreadable)


@dataclass(slots=True)
class Watch:
    """Who wants to know how far it is; every part may be left out."""

    progress: Callable[[int, int], None] = lambda _done, _expected: None
    """Records stored, and how many are expected."""
    notice: Callable[[str], None] = lambda _text: None


def query_of(topic: Topic) -> str:
    """The query as it is sent: on one line."""
    return " ".join(topic.query.split())


def harvest(
    writer: Writer,
    eutils: Eutils,
    topic: Topic,
    *,
    run_id: int,
    topics: Sequence[TopicWords],
    settings: NcbiSettings,
    now: Callable[[], str],
    wish: Wish | None = None,
    watch: Watch | None = None,
) -> Harvested:
    """Stores everything that PubMed has for a topic and the library does not have yet.

    Raises: QueryError for a field that PubMed does not know; SourceError when PubMed did not give everything (what
    came is stored, and the next run goes on from there); StoreError.
    """
    store = Harvests(writer)
    before = store.standing(topic.name)
    plan = _plan(topic, before, settings, now(), wish or Wish())
    resumed = plan is before.plan
    if not resumed:
        store.open_plan(plan)
        before = store.standing(topic.name)
    receipt = writer.open_receipt("fetch", topic.name, now())
    watch = watch or Watch()
    asking = _Asking(eutils, topic, plan, before, resumed=resumed, now=now())
    asking.on_search = lambda: _describe(store, run_id, asking, settings, watch, now())
    work = _Work(store, eutils, asking, plan, before, receipt, run_id, topics, settings, watch)
    work.fetch()
    work.settle()
    store.close_plan(
        plan,
        run_id,
        found=asking.found if plan.whole else None,
        checked=plan.started if plan.checks else "",
    )
    writer.close_receipt(receipt, now(), _counts(work.tally))
    return Harvested(
        topic=topic.name,
        tally=work.tally,
        window=(plan.since, asking.until),
        query_translation=asking.translation,
        notices=tuple(asking.notices),
        unreadable=tuple(work.unreadable),
        resumed=resumed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a harvest would do."""

    topic: str
    window: tuple[date, date]
    to_fetch: int
    new: int
    """Those of them that the library does not hold."""
    query_translation: str
    notices: tuple[str, ...]


def foreseen(
    library: Library,
    eutils: Eutils,
    topic: Topic,
    *,
    settings: NcbiSettings,
    now: Callable[[], str],
    wish: Wish | None = None,
) -> Foreseen:
    """What a harvest would fetch; writes nothing."""
    before = standing(library, topic.name)
    plan = _plan(topic, before, settings, now(), wish or Wish())
    asking = _Asking(eutils, topic, plan, before, resumed=plan is before.plan, now=now())
    ids = set(asking)
    return Foreseen(
        topic=topic.name,
        window=(plan.since, asking.until),
        to_fetch=len(ids),
        new=len(ids) - len(held(library, ids)),
        query_translation=asking.translation,
        notices=tuple(asking.notices),
    )


def _describe(
    store: Harvests, run_id: int, asking: _Asking, settings: NcbiSettings, watch: Watch, now: str
) -> None:
    store.describe_run(
        run_id,
        translation=asking.translation,
        window=(asking.plan.since.isoformat(), asking.until.isoformat()),
        notices=asking.notices,
    )
    advice = courtesy(datetime.fromisoformat(now), asking.announced // settings.records_per_request)
    for text in (*asking.notices, *filter(None, [advice])):
        watch.notice(text)


# ---------------------------------------------------------------------------------------------- the plan


def _plan(topic: Topic, before: Standing, settings: NcbiSettings, now: str, wish: Wish) -> Plan:
    """The harvest that was cut short, when it serves; else a new one."""
    query_hash = blake2b(query_of(topic).encode(), digest_size=12).hexdigest()
    same_query = before.query_hash == query_hash
    whole = wish.full or (wish.since is None and (before.cursor is None or not same_query))
    left = before.plan
    if left and left.query_hash == query_hash and wish.since is None and (left.whole or not whole):
        return left
    since = BEGINNING
    if not whole:
        assert wish.since or before.cursor
        since = wish.since or (before.cursor or BEGINNING) - timedelta(days=settings.lookback_days)
    leaves_gap = not whole and (not same_query or before.cursor is None or since > before.cursor)
    return Plan(
        topic=topic.name,
        query_hash=query_hash,
        whole=whole,
        since=since,
        started=now,
        moves_cursor=not leaves_gap,
        checks=whole
        or (wish.since is None and _check_is_due(before.checked, now, settings.deletion_check_days)),
    )


def _check_is_due(checked: str, now: str, days: int) -> bool:
    return not checked or _day(now) - _day(checked) >= timedelta(days=days)


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])


class _Asking:
    """The ids of a plan, each once, drawn as there is room for them: searching goes on while pages arrive."""

    def __init__(
        self, eutils: Eutils, topic: Topic, plan: Plan, before: Standing, *, resumed: bool, now: str
    ) -> None:
        self._eutils = eutils
        self._query = query_of(topic)
        self._before = before
        self._resumed = resumed
        self._asked: set[str] = set()
        self.plan = plan
        self.until = max(plan.day, _day(now)) + _AHEAD
        self.found: set[str] = set()
        """Everything the query returns, where all of it is searched."""
        self.expected = 0
        self.announced = 0
        """Records that the first search counts."""
        self.translation = ""
        self.notices: list[str] = []
        self.on_search: Callable[[], None] = lambda: None
        """Called once, after the first search has been answered."""

    def __iter__(self) -> Iterator[str]:
        plan, before = self.plan, self._before
        if plan.whole:
            yield from self._listed(before.done)
        else:
            yield from self._searched(DateType.ENTERED, plan.since, before.done)
            yield from self._searched(DateType.CHANGED, plan.since, before.done)
        if self._resumed:
            # What is stored under the plan may have changed since it was opened.
            yield from self._searched(DateType.CHANGED, plan.day - _BEHIND, frozenset())
        yield from self._fresh(before.missing, frozenset())
        if plan.checks:
            if not plan.whole:
                yield from self._listed(before.by_query | before.done)
            yield from self._fresh(sorted(before.live - self.found, key=int), frozenset())

    def _listed(self, known: Collection[str]) -> Iterator[str]:
        for ids in self._windows(DateType.ENTERED, BEGINNING):
            self.found.update(ids)
            yield from self._fresh(ids, known)

    def _searched(self, by: DateType, since: date, known: Collection[str]) -> Iterator[str]:
        for ids in self._windows(by, since):
            yield from self._fresh(ids, known)

    def _windows(self, by: DateType, since: date) -> Iterator[tuple[str, ...]]:
        for window in self._eutils.search_windows(self._query, by=by, since=since, until=self.until):
            if window.whole:
                self._hear(window.whole)
            yield window.ids

    def _hear(self, result: SearchResult) -> None:
        remarks = [str(notice) for notice in result.notices if notice.changes_the_search]
        self.notices += [remark for remark in dict.fromkeys(remarks) if remark not in self.notices]
        if not self.translation:
            self.translation, self.announced = result.query_translation, result.count
            self.on_search()
            self.on_search = lambda: None

    def _fresh(self, ids: Collection[str], known: Collection[str]) -> Iterator[str]:
        fresh = [pmid for pmid in ids if pmid not in self._asked and pmid not in known]
        self._asked.update(fresh)
        self.expected += len(fresh)
        yield from fresh


# ---------------------------------------------------------------------------------------------- the work


@dataclass(slots=True)
class _Work:
    """Fetching what is asked for, page by page, each stored before the next is looked at."""

    store: Harvests
    eutils: Eutils
    asking: _Asking
    plan: Plan
    before: Standing
    receipt: Receipt
    run_id: int
    topics: Sequence[TopicWords]
    settings: NcbiSettings
    watch: Watch
    tally: Tally = field(default_factory=Tally)
    unreadable: list[Unreadable] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    """Ids that were asked for in this run and did not come."""

    def fetch(self) -> None:
        pages = self.eutils.pages(self.asking, per_request=self.settings.records_per_request)
        with closing(pages):  # at once, whatever happens: its threads end with it
            for page in pages:
                for part in self._readable(page):
                    self._store(part)

    def _store(self, page: Fetched) -> None:
        self.tally.add(self.store.store_page(self.run_id, self.plan, self.receipt, page))
        self.unreadable += page.unreadable
        self.absent.update(page.missing)
        self.watch.progress(self.tally.seen + len(self.absent), self.asking.expected)

    def settle(self) -> None:
        """Asks PubMed whether it has what did not come; papers that it denies are marked as deleted."""
        if not self.absent:
            return
        denied = {
            pmid
            for summaries in self.eutils.summary_pages(sorted(self.absent, key=int))
            for pmid in summaries.missing
        }
        held_here = self.store.held(denied)
        gone = {pmid for pmid in denied if pmid in held_here or self._tries(pmid) >= _TRIES}
        if gone:
            self.tally.deleted += self.store.note_deleted(self.run_id, self.receipt, self.plan.topic, gone)
            self.tally.missing -= len(gone)

    def _tries(self, pmid: str) -> int:
        known = self.before.missing.get(pmid)
        return 1 + (known.tries if known else 0)

    # ------------------------------------------------------------------ reading a page

    def _readable(self, page: Page) -> Iterator[Fetched]:
        """The page as it can be stored; one that cannot be cut into records is asked for in smaller ones."""
        try:
            raws = [raw for raw in raw_records(io.BytesIO(page.body)) if raw.kind != "delete"]
        except (InputError, SourceGarbled) as problem:
            yield from self._smaller(page, problem)
        else:
            yield self._read(page, raws)

    def _smaller(self, page: Page, problem: AggregatorError) -> Iterator[Fetched]:
        if len(page.asked) == 1:
            record = Unreadable(reason=problem.message, raw=page.body, pmid=page.asked[0])
            yield Fetched(
                arrivals=(),
                known=(),
                unreadable=(record,),
                received=(),
                unread=page.asked,
                missing={},
                count=1,
            )
            return
        middle = len(page.asked) // 2
        for half in (page.asked[:middle], page.asked[middle:]):
            yield from self._readable(Page(half, self.eutils.fetched(half)))

    def _read(self, page: Page, raws: Sequence[Raw]) -> Fetched:
        by_hash = {raw_hash(raw.data): raw for raw in raws}
        known = self.store.known(list(by_hash))
        unknown = {fingerprint: raw for fingerprint, raw in by_hash.items() if fingerprint not in known}
        asked = set(page.asked)
        received, unread = {pmid for _, pmid in known.values()}, set[str]()
        arrivals, unreadable = [], []
        also = ((self.plan.topic, "query"),)
        for (fingerprint, raw), found in zip(
            unknown.items(), read_articles(list(unknown.values())), strict=True
        ):
            (received if isinstance(found, Article) else unread).add(found.pmid)
            if isinstance(found, Article):
                by_query = also if found.pmid in asked else ()
                arrivals.append(arrival(raw.data, fingerprint, found, self.topics, also=by_query))
            else:
                unreadable.append(found)
        return Fetched(
            arrivals=arrivals,
            known=[record for record, pmid in known.values() if pmid in asked],
            unreadable=unreadable,
            received=[pmid for pmid in page.asked if pmid in received],
            unread=[pmid for pmid in page.asked if pmid in unread - received],
            missing={pmid: _NOT_RECEIVED for pmid in page.asked if pmid not in received | unread},
            count=len(by_hash),
        )


_NOT_RECEIVED = "asked for, not received"


def _counts(tally: Tally) -> Counts:
    return Counts(
        seen=tally.seen,
        new=tally.new,
        changed=tally.changed,
        unchanged=tally.unchanged,
        unreadable=tally.unreadable,
        deleted=tally.deleted,
    )
