"""Any number of search results, though PubMed gives only the first 9,999 of a search.

A search that is too large is cut in two by date, again and again, and a single day that is still too large
by PMID. The oldest window is searched first: a record that changes meanwhile moves to a newer window, so it
may be met twice but not missed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from aggregator.errors import SourceGarbled, SourceUnavailable
from aggregator.sources.answers import SearchResult

HIGHEST_PMID = 99_999_999
BEGINNING = date(1780, 1, 1)
"""Before the oldest record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a search that came whole: all its ids in one answer."""

    since: date
    until: date
    """Both days belong to the window."""
    pmids: tuple[int, int] | None = None
    """Lowest and highest PMID, where a single day had to be cut; ``None`` for all."""
    result: SearchResult

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids of this window."""
        return self.result.ids


Ask = Callable[[str, date, date], SearchResult]
"""Asks for a query between two days, for as many ids as one answer may hold."""


def windows(ask: Ask, query: str, since: date, until: date) -> Iterator[Window]:
    """The search, cut into windows that are each whole, oldest first.

    Raises:
        SourceUnavailable: the windows together hold fewer records than the search.
    """
    cut = _Cut(ask, query, until)
    first = cut.asked(since, until)
    if first.complete:
        yield Window(since=since, until=until, result=first)
        return
    ids: set[str] = set()
    for window in cut.parts(since, until, first):
        ids.update(window.ids)
        yield window
    _compare(len(ids), first.count, lambda: ask(query, since, until).count)


def _compare(got: int, before: int, count_now: Callable[[], int]) -> None:
    """Fewer records than there were at the start must have left meanwhile, or something was lost."""
    if got < before and got < count_now():
        raise SourceUnavailable(
            f"PubMed counts {before} records for this search but its date windows together hold {got}",
            hint="nothing is lost: the next run asks again",
        )


class _Cut:
    """One search on its way through smaller and smaller windows."""

    def __init__(self, ask: Ask, query: str, newest: date) -> None:
        self._ask = ask
        self._query = query
        self._newest = newest

    def asked(self, since: date, until: date) -> SearchResult:
        return self._ask(self._query, since, until)

    def _window(self, since: date, until: date) -> Generator[Window, None, int]:
        """The parts of one window; returns how many records it has."""
        result = self.asked(since, until)
        if result.complete:
            if result.count:
                yield Window(since=since, until=until, result=result)
        else:
            yield from self.parts(since, until, result)
        return result.count

    def parts(self, since: date, until: date, whole: SearchResult) -> Generator[Window, None, None]:
        """The parts of a window that is too large."""
        if since == until:
            yield from self._pmids(since, 1, HIGHEST_PMID, whole)
        else:
            yield from self._halves(since, until, whole.count, len(whole.ids))

    def _halves(self, since: date, until: date, count: int, most: int) -> Generator[Window, None, None]:
        middle = since + (until - since) // 2
        rest = count - (yield from self._window(since, middle))
        later = middle + timedelta(days=1)
        if rest > most and later < until:
            yield from self._halves(later, until, rest, most)  # known to be too large: asking tells nothing
        elif rest > 0 or until == self._newest:
            yield from self._window(later, until)

    def _pmids(self, day: date, low: int, high: int, sample: SearchResult) -> Generator[Window, None, None]:
        """The records of one day by ranges of PMIDs, cut in the middle of the ids that did come."""
        if low >= high:
            raise SourceGarbled(f"PubMed gives {len(sample.ids)} of {sample.count} records with PMID {low}")
        cut = _median(sample.ids, low, high)
        for lower, upper in ((low, cut), (cut + 1, high)):
            result = self._ask(f"({self._query}) AND {lower}:{upper}[uid]", day, day)
            if not result.complete:
                yield from self._pmids(day, lower, upper, result)
            elif result.count:
                yield Window(since=day, until=day, pmids=(lower, upper), result=result)


def _median(ids: tuple[str, ...], low: int, high: int) -> int:
    inside = sorted(number for number in map(int, ids) if low <= number <= high)
    if len(inside) < 2:
        return (low + high) // 2
    return min(inside[(len(inside) - 1) // 2], high - 1)
