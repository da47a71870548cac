"""Any number of search results, though PubMed gives only the first 9,999 of a search.

A search that is too large is cut in two by date, again and again, and by PMID where dates do not help: within
a single day, or where nearly all records sit on few days. The oldest window is searched first: a record that
changes meanwhile moves to a newer window, so it may be met twice but not missed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from aggregator.errors import SourceGarbled, SourceUnavailable
from aggregator.sources.answers import SearchResult

HIGHEST_PMID = 99_999_999
BEGINNING = date(1780, 1, 1)
"""Before the oldest record."""
_LOPSIDED = 0.8
"""A cut by date that leaves more than this share on one side was in vain …"""
_CUTS_IN_VAIN = 2
"""… and after so many in a row the records sit on few days, where a cut by PMID needs fewer requests …"""
_FEW_PARTS = 4
"""… provided that so many parts may be enough; for more, a few requests in vain hardly count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a search that came whole: all its ids in one answer."""

    since: date
    until: date
    """Both days belong to the window."""
    pmids: tuple[int, int] | None = None
    """Lowest and highest PMID of this part, where dates did not help; ``None`` for all."""
    result: SearchResult
    whole: SearchResult | None = None
    """The search before it was cut: its count, its translation, its notices."""

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
        yield Window(since=since, until=until, result=first, whole=first)
        return
    ids: set[str] = set()
    for window in cut.parts(since, until, first):
        ids.update(window.ids)
        yield replace(window, whole=first)
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

    def parts(self, since: date, until: date, whole: SearchResult) -> Iterator[Window]:
        """The parts of a window that is too large."""
        return self._cut(since, until, whole.count, whole, 0)

    def _cut(
        self, since: date, until: date, count: int, sample: SearchResult, in_vain: int
    ) -> Generator[Window, None, None]:
        """The parts of a window of ``count`` records; ``sample`` is an answer that covers all of it."""
        few_parts = count <= _FEW_PARTS * len(sample.ids)
        if since == until or (in_vain >= _CUTS_IN_VAIN and few_parts):
            yield from self._pmids(since, until, (1, HIGHEST_PMID), sample)
            return
        middle = since + (until - since) // 2
        later = middle + timedelta(days=1)
        left = self.asked(since, middle)
        rest = count - left.count
        in_vain = in_vain + 1 if max(left.count, rest) > _LOPSIDED * count else 0
        yield from self._whole_or_cut(since, middle, left, in_vain)
        if rest > len(sample.ids) and later < until:
            yield from self._cut(later, until, rest, sample, in_vain)  # asking would only tell what is known
        elif rest > 0 or until == self._newest:
            yield from self._whole_or_cut(later, until, self.asked(later, until), in_vain)

    def _whole_or_cut(
        self, since: date, until: date, result: SearchResult, in_vain: int
    ) -> Generator[Window, None, None]:
        if not result.complete:
            yield from self._cut(since, until, result.count, result, in_vain)
        elif result.count:
            yield Window(since=since, until=until, result=result)

    def _pmids(
        self, since: date, until: date, pmids: tuple[int, int], sample: SearchResult
    ) -> Generator[Window, None, None]:
        """The records of a window by ranges of PMIDs, cut in the middle of the ids that did come."""
        low, high = pmids
        if low >= high:
            raise SourceGarbled(f"PubMed gives {len(sample.ids)} of {sample.count} records with PMID {low}")
        cut = _median(sample.ids, low, high)
        for lower, upper in ((low, cut), (cut + 1, high)):
            result = self._ask(f"({self._query}) AND {lower}:{upper}[uid]", since, until)
            if not result.complete:
                yield from self._pmids(since, until, (lower, upper), result)
            elif result.count:
                yield Window(since=since, until=until, pmids=(lower, upper), result=result)


def _median(ids: tuple[str, ...], low: int, high: int) -> int:
    inside = sorted(number for number in map(int, ids) if low <= number <= high)
    if len(inside) < 2:
        return (low + high) // 2
    return min(inside[(len(inside) - 1) // 2], high - 1)
