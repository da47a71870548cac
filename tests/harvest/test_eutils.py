"""The E-utilities client against the loopback NCBI: nothing lost, nothing asked too fast, nothing told."""

from __future__ import annotations

import logging
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ConfigError, QueryError, SourceRefused, SourceUnavailable
from aggregator.sources.answers import BeyondWall
from aggregator.sources.eutils import (
    BEGINNING,
    DateType,
    Eutils,
    HistoryLost,
    Page,
    Patience,
    connect,
    reachable,
)
from aggregator.sources.windows import windows
from tests.harvest.conftest import Start
from tests.ncbi import EVERY_FAILURE, FIRST_DAY, Fault, Holding, Kind, Ncbi, Record, article, unreadable

Client = Callable[..., Eutils]
KEY = "0123456789abcdef0123456789abcdef0123"
_ROOT = Path(__file__).resolve().parents[2]
LAST_DAY = FIRST_DAY + timedelta(days=400)


def papers(count: int, *, per_day: int = 10, first: int = 1_000) -> list[Record]:
    return [article(first + n, day=FIRST_DAY + timedelta(days=n // per_day)) for n in range(count)]


def received(pages: Iterator[Page]) -> list[int]:
    return sorted(
        int(pmid) for page in pages for pmid in re.findall(rb'<PMID Version="1">(\d+)</PMID>', page.body)
    )


# ------------------------------------------------------------------------------------------------ searching


def test_a_search_gives_count_ids_and_translation(served: Start, client: Client) -> None:
    ncbi = served(*papers(30), article(7, title="Coffee"))

    result = client(ncbi).search("kratom[tiab]")

    assert result.count == 30
    assert len(result.ids) == 30  # and not the 20 that PubMed gives when it is not told how many
    assert result.query_translation == "kratom[tiab]"
    assert result.complete


def test_every_request_says_who_asks_and_goes_by_post(served: Start, client: Client) -> None:
    ncbi = served(article(1))

    client(ncbi, api_key=KEY, tool="my-tool").search("kratom " * 2_000)

    (request,) = ncbi.seen()
    assert (request.method, request.path) == ("POST", "/entrez/eutils/esearch.fcgi")
    assert {name: request.form[name] for name in ("db", "tool", "email", "api_key")} == {
        "db": "pubmed", "tool": "my-tool", "email": "tester@example.org", "api_key": KEY,
    }  # fmt: skip


def test_an_unknown_field_stops_and_names_itself(served: Start, client: Client) -> None:
    ncbi = served(*papers(3))

    with pytest.raises(QueryError, match=r"no field \[nosuchfield\]"):
        client(ncbi).search("kratom[nosuchfield]")

    assert len(ncbi.seen()) == 1


def test_dropped_words_are_told(served: Start, client: Client) -> None:
    ncbi = served(*papers(3))

    result = client(ncbi).search('kratom AND "purple whale"')

    assert [str(notice) for notice in result.notices] == ['QuotedPhraseNotFound: "purple whale"']


@pytest.mark.parametrize("query", ["kratom[dp]x[", "(kratom"])
def test_a_query_that_the_engine_gives_up_on_is_an_error(query: str, served: Start, client: Client) -> None:
    ncbi = served(*papers(3))

    with pytest.raises(SourceUnavailable, match="Search Backend failed"):
        client(ncbi, patience=Patience(tries=1)).search(query)


def test_starting_beyond_the_wall_is_refused_and_not_tried_again(served: Start, client: Client) -> None:
    ncbi = served(*papers(30), wall=20)

    with pytest.raises(BeyondWall):
        client(ncbi).search("kratom", start=20)

    assert len(ncbi.seen()) == 1


def test_half_a_date_window_is_refused(served: Start, client: Client) -> None:
    ncbi = served(article(1))

    with pytest.raises(SourceRefused):
        client(ncbi).search("kratom", by=DateType.ENTERED, since=FIRST_DAY)

    assert ncbi.seen() == []


def test_fewer_ids_than_counted_is_tried_again(served: Start, client: Client) -> None:
    ncbi = served(*papers(9))
    whole = ncbi._esearch
    answers = iter([True, False])

    def forgetful(form: dict[str, str]) -> Any:
        return whole({**form, "retmax": "4"} if next(answers) else form)

    ncbi._esearch = forgetful  # type: ignore[method-assign]

    assert client(ncbi).search("kratom").complete
    assert len(ncbi.seen()) == 2


# -------------------------------------------------------------------------------------------- above the wall


def test_a_search_above_the_wall_is_cut_by_dates_and_comes_whole(served: Start, client: Client) -> None:
    ncbi = served(*papers(1_000, per_day=3), wall=50)

    found = client(ncbi).search_all("kratom", by=DateType.ENTERED, since=FIRST_DAY, until=LAST_DAY)

    assert sorted(map(int, found.ids)) == sorted(ncbi.holding.pmids)
    assert len(found.ids) == 1_000
    assert sum(count for _, _, count in found.windows) == 1_000
    assert found.query_translation == "kratom"
    assert [since for since, _, _ in found.windows] == sorted(since for since, _, _ in found.windows)
    assert all(count <= 50 for _, _, count in found.windows)


def test_a_single_day_above_the_wall_is_cut_by_pmids(served: Start, client: Client) -> None:
    ncbi = served(*papers(700, per_day=700), *papers(20, first=90_000), wall=50)

    parts = list(client(ncbi).search_windows("kratom", by=DateType.ENTERED, since=BEGINNING, until=LAST_DAY))

    assert sorted(int(pmid) for part in parts for pmid in part.ids) == sorted(ncbi.holding.pmids)
    assert any(part.pmids is not None for part in parts)


def test_a_search_below_the_wall_takes_one_request(served: Start, client: Client) -> None:
    ncbi = served(*papers(50), wall=50)

    found = client(ncbi).search_all("kratom", by=DateType.CHANGED, since=FIRST_DAY, until=LAST_DAY)

    assert len(found.ids) == 50
    assert len(ncbi.seen()) == 1


def test_a_search_that_finds_nothing_is_one_empty_part(served: Start, client: Client) -> None:
    ncbi = served(*papers(3))

    (part,) = client(ncbi).search_windows("coffee", by=DateType.ENTERED, since=FIRST_DAY, until=LAST_DAY)

    assert part.ids == ()
    assert part.whole is not None
    assert [str(notice) for notice in part.whole.notices] == [
        "PhraseNotFound: coffee",
        "OutputMessage: No items found.",
    ]


def test_the_true_wall_and_a_day_above_it(served: Start, client: Client) -> None:
    ncbi = served(*papers(12_000, per_day=11_000))

    found = client(ncbi, per_second=5_000).search_all(
        "kratom", by=DateType.ENTERED, since=date(2019, 1, 1), until=LAST_DAY
    )

    assert ncbi.wall == 9_999
    assert len(set(found.ids)) == 12_000
    assert len(ncbi.seen()) <= 6


def test_a_record_that_changes_while_windows_are_searched_is_not_lost(served: Start, client: Client) -> None:
    ncbi = served(*papers(200, per_day=2), wall=30)

    def touch(holding: Holding) -> None:
        holding.put(article(1_000, day=FIRST_DAY, changed=LAST_DAY))
        holding.put(article(1_150, day=FIRST_DAY, changed=LAST_DAY))

    ncbi.faults.add(Fault(Kind.CHANGE, call="esearch", after=6, then=touch))

    found = client(ncbi).search_all("kratom", by=DateType.CHANGED, since=FIRST_DAY, until=LAST_DAY)

    assert set(map(int, found.ids)) == ncbi.holding.pmids


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=12),
    wall=st.integers(2, 30),
)
def test_windows_find_every_record_once(days: list[tuple[int, int]], wall: int) -> None:
    holding = Holding(
        article(1 + n, day=FIRST_DAY + timedelta(days=day))
        for n, day in enumerate(d for d, k in days for _ in range(k))
    )
    ncbi = Ncbi(wall=wall)
    ncbi.holding = holding
    asked: list[tuple[str, date, date]] = []

    def ask(query: str, since: date, until: date) -> Any:
        from aggregator.sources import answers

        asked.append((query, since, until))
        form = {"term": query, "retmax": str(wall), "datetype": "edat"}
        reply = ncbi._esearch(form | {"mindate": f"{since:%Y/%m/%d}", "maxdate": f"{until:%Y/%m/%d}"})
        return answers.search_result(reply.body)

    parts = list(windows(ask, "kratom", FIRST_DAY, FIRST_DAY + timedelta(days=40)))

    ids = [int(pmid) for part in parts for pmid in part.ids]
    assert sorted(ids) == sorted(holding.pmids)
    assert len(set(asked)) == len(asked)


def test_windows_that_hold_less_than_the_search_are_an_error() -> None:
    from aggregator.sources.answers import SearchResult

    def ask(_query: str, since: date, until: date) -> SearchResult:
        if (until - since).days > 5:
            return SearchResult(count=10, ids=("1", "2"))
        return SearchResult(count=1, ids=("1",))

    with pytest.raises(SourceUnavailable, match=r"counts 10 records .* hold 1"):
        list(windows(ask, "kratom", FIRST_DAY, FIRST_DAY + timedelta(days=10)))


# ------------------------------------------------------------------------------------------------- fetching


def test_pages_bring_every_record_with_the_least_requests(served: Start, client: Client) -> None:
    ncbi = served(*papers(2_050))
    source = client(ncbi)

    found = source.search_all("kratom", by=DateType.ENTERED, since=FIRST_DAY, until=LAST_DAY)
    pmids = received(source.pages(found.ids))

    assert pmids == sorted(ncbi.holding.pmids)
    assert source.requests == len(ncbi.seen()) == 1 + 11


@pytest.mark.parametrize(
    ("count", "per_day"), [(2_000, 10), (9_999, 50), (12_000, 11_000), (20_500, 80), (31_000, 31_000)]
)
def test_a_harvest_takes_at_most_a_tenth_more_requests_than_the_least(
    count: int, per_day: int, served: Start, client: Client
) -> None:
    ncbi = served(*papers(count, per_day=per_day))

    found = client(ncbi, per_second=5_000).search_all(
        "kratom", by=DateType.ENTERED, since=date(2018, 1, 1), until=LAST_DAY
    )

    fetches = -(-count // 200)
    assert len(found.ids) == count
    assert len(ncbi.seen()) + fetches <= 1.1 * (-(-count // ncbi.wall) + fetches)


def test_a_page_says_what_was_asked_so_that_missing_records_show(served: Start, client: Client) -> None:
    ncbi = served(article(1), article(3))

    (page,) = client(ncbi).pages(["1", "2", "3"])

    assert page.asked == ("1", "2", "3")
    assert received(iter([page])) == [1, 3]


def test_an_empty_set_for_several_ids_is_asked_for_once_more(served: Start, client: Client) -> None:
    ncbi = served(*papers(10))
    ncbi.faults.add(Fault(Kind.EMPTY_SET))

    pages = client(ncbi).pages([str(pmid) for pmid in ncbi.holding.pmids])

    assert received(pages) == sorted(ncbi.holding.pmids)


def test_an_empty_set_that_stays_empty_is_handed_over(served: Start, client: Client) -> None:
    ncbi = served(article(1))

    pages = list(client(ncbi).pages(["5", "6"]))

    assert [page.asked for page in pages] == [("5", "6")]
    assert len(ncbi.seen()) == 2


def test_a_record_that_cannot_be_parsed_comes_as_it_is(served: Start, client: Client) -> None:
    ncbi = served(article(1), unreadable(2))

    (page,) = client(ncbi).pages(["1", "2"])

    assert b"&nosuchentity;" in page.body


def test_history_keeps_a_set_and_its_wall(served: Start, client: Client) -> None:
    ncbi = served(*papers(30), wall=20)
    source = client(ncbi)
    kept = source.search("kratom", keep=True).history
    assert kept is not None

    body = source.fetched_from(kept, start=10, most=10)

    assert received(iter([Page((), body)])) == list(range(1_010, 1_020))
    with pytest.raises(BeyondWall):
        source.fetched_from(kept, start=15, most=10)  # PubMed would send 5 records and say nothing


def test_a_lost_history_is_told_at_once(served: Start, client: Client) -> None:
    ncbi = served(*papers(3))
    source = client(ncbi)
    kept = source.kept(["1000", "1001"])
    assert source.kept_ids(kept).ids == ("1001", "1000")

    ncbi.forget()

    with pytest.raises(HistoryLost):
        source.fetched_from(kept, start=0, most=2)
    with pytest.raises(HistoryLost):
        source.kept_ids(kept)
    assert len(ncbi.seen()) == 4


def test_summaries_find_deleted_records(served: Start, client: Client) -> None:
    ncbi = served(*papers(3))
    ncbi.holding.delete(1_001)

    result = client(ncbi).summaries(["1000", "1001", "1002"])

    assert [one.pmid for one in result.found] == ["1000", "1002"]
    assert result.missing == ("1001",)


def test_any_number_of_summaries_comes_in_pages(served: Start, client: Client) -> None:
    ncbi = served(*papers(45))

    pages = list(client(ncbi).summary_pages([str(n) for n in range(1_000, 1_050)], per_request=20))

    assert sorted(int(one.pmid) for page in pages for one in page.found) == sorted(ncbi.holding.pmids)
    assert sorted(pmid for page in pages for pmid in page.missing) == [str(n) for n in range(1_045, 1_050)]


def test_links_and_databases_are_read(served: Start, client: Client) -> None:
    ncbi = served(article(1), article(2, relations=(("RetractionOf", 1),)))
    source = client(ncbi)

    assert [links.to for links in source.links(["2"], name="pubmed_pubmed_refs")] == [("1",)]
    assert source.databases() == ("pubmed",)
    assert source.about().count == 2
    assert ("TIAB", "Title/Abstract") in source.about().fields


def test_reachable_tells_how_the_source_answers(served: Start, tmp_path: Path) -> None:
    ncbi = served(*papers(4))

    reach = reachable(email="tester@example.org", base_url=ncbi.url, pace_folder=tmp_path)

    assert reach.database.count == 4
    assert reach.host == f"127.0.0.1:{ncbi.port}"


def test_an_unreachable_source_says_so(tmp_path: Path) -> None:
    with Ncbi() as ncbi:
        url = ncbi.url

    with pytest.raises(SourceUnavailable, match="cannot be reached") as caught:
        reachable(email="tester@example.org", base_url=url, pace_folder=tmp_path)

    assert "base_url" in caught.value.hint


def test_without_an_email_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="email"):
        connect(email="", pace_folder=tmp_path)


# ------------------------------------------------------------------------------------------------ misfortune


@pytest.mark.parametrize(
    "kind", [kind for kind in EVERY_FAILURE if kind not in {Kind.LOST_HISTORY, Kind.SHORT_SET}]
)
def test_what_time_can_heal_is_tried_again(kind: Kind, served: Start, client: Client) -> None:
    ncbi = served(*papers(25))
    ncbi.faults.add(Fault(kind, call="esearch", times=2), Fault(kind, call="efetch", times=1))
    source = client(ncbi)

    found = source.search_all("kratom", by=DateType.ENTERED, since=FIRST_DAY, until=LAST_DAY)
    pmids = received(source.pages(found.ids, per_request=10))

    assert pmids == sorted(ncbi.holding.pmids)


@pytest.mark.parametrize("kind", [Kind.SERVER_ERROR, Kind.TOO_MANY, Kind.BACKEND, Kind.HTML, Kind.RESET])
def test_patience_ends_after_its_tries(kind: Kind, served: Start, client: Client) -> None:
    ncbi = served(*papers(3))
    ncbi.faults.add(Fault(kind, times=100))

    with pytest.raises(SourceUnavailable):
        client(ncbi, patience=Patience(tries=3, first=0.01, longest=0.02)).search("kratom")

    assert len(ncbi.seen()) == 3


def test_patience_ends_after_its_time(served: Start, client: Client) -> None:
    ncbi = served(*papers(3))
    ncbi.faults.add(Fault(Kind.SERVER_ERROR, times=1_000))

    began = time.monotonic()
    with pytest.raises(SourceUnavailable):
        client(ncbi, patience=Patience(tries=1_000, whole=0.5, first=0.05, longest=0.1)).search("kratom")

    assert time.monotonic() - began < 2


def test_a_refused_key_is_not_tried_again_and_not_shown(
    served: Start, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    ncbi = served(article(1), keys=frozenset({"the-right-one"}))
    caplog.set_level(logging.DEBUG)

    with pytest.raises(SourceRefused, match="API key invalid") as caught:
        client(ncbi, api_key=KEY).search("kratom")

    assert len(ncbi.seen()) == 1
    assert "NCBI_API_KEY" in caught.value.hint
    assert KEY not in f"{caught.value!r}{caught.getrepr(showlocals=False)}{caplog.text}"


def test_log_lines_of_failures_show_no_address(
    served: Start, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    ncbi = served(article(1))
    ncbi.faults.add(Fault(Kind.TOO_MANY), Fault(Kind.TOO_MANY_WITH_200))
    caplog.set_level(logging.DEBUG)

    client(ncbi).search("kratom")

    assert "API rate limit exceeded" in caplog.text
    assert "203.0.113.7" not in caplog.text


def test_too_many_requests_hold_everyone(served: Start, client: Client, tmp_path: Path) -> None:
    ncbi = served(article(1))
    ncbi.faults.add(Fault(Kind.TOO_MANY))

    patience = Patience(tries=2, first=0.4)
    client(ncbi, patience=patience).search("kratom")

    first, second = (request.moment for request in ncbi.seen())
    assert second - first >= 0.2


def test_pages_that_arrived_before_a_failure_are_kept(served: Start, client: Client) -> None:
    ncbi = served(*papers(100))
    ncbi.faults.add(Fault(Kind.SERVER_ERROR, call="efetch", after=4, times=100))
    pages = client(ncbi, patience=Patience(tries=2, first=0.01)).pages(
        sorted(map(str, ncbi.holding.pmids)), per_request=10
    )

    kept: list[Page] = []
    with pytest.raises(SourceUnavailable):
        kept.extend(pages)  # what was yielded before the error stays

    assert len(kept) == 4


def test_leaving_early_ends_the_threads(served: Start, client: Client) -> None:
    ncbi = served(*papers(400))
    pages = client(ncbi).pages(sorted(map(str, ncbi.holding.pmids)), per_request=10)

    next(pages)
    assert isinstance(pages, Iterator)
    pages.close()  # type: ignore[attr-defined]  # it is a generator

    assert not [thread for thread in threading.enumerate() if thread.name == "aggregator-request"]
    assert len(ncbi.seen()) < 40


def test_leaving_early_does_not_wait_for_a_stalled_answer(served: Start, client: Client) -> None:
    ncbi = served(*papers(40))
    ncbi.faults.add(Fault(Kind.STALL, call="efetch", after=1, times=9, seconds=1.5))
    pages = client(ncbi).pages(sorted(map(str, ncbi.holding.pmids)), per_request=10)

    next(pages)
    began = time.monotonic()
    pages.close()  # type: ignore[attr-defined]  # it is a generator

    assert time.monotonic() - began < 3


def test_ids_are_drawn_as_there_is_room(served: Start, client: Client) -> None:
    ncbi = served(*papers(1))
    drawn = 0

    def endless() -> Iterator[str]:
        nonlocal drawn
        while True:
            drawn += 1
            yield "1000"

    pages = client(ncbi, per_second=300.0).pages(endless(), per_request=1)
    for _ in range(5):
        next(pages)
    pages.close()  # type: ignore[attr-defined]  # it is a generator

    assert drawn < 60


@pytest.mark.parametrize("seed", range(8))
def test_a_harvest_through_random_faults_brings_the_whole_set(
    seed: int, served: Start, client: Client
) -> None:
    ncbi = served(*papers(600, per_day=5), wall=90)
    kinds = [kind for kind in EVERY_FAILURE if kind not in {Kind.SHORT_SET, Kind.EMPTY_SET}]
    ncbi.faults.roll(seed, share=0.25, kinds=kinds, seconds=0.05)
    source = client(ncbi, patience=Patience(tries=30, whole=30, first=0.002, longest=0.01))

    found = source.search_all("kratom", by=DateType.ENTERED, since=FIRST_DAY, until=LAST_DAY)
    pmids = received(source.pages(found.ids, per_request=20))

    assert pmids == sorted(ncbi.holding.pmids)
    assert ncbi.faults.struck


# ------------------------------------------------------------------------------------------------------ pace


@pytest.mark.parametrize(("key", "limit"), [("", 3), (KEY, 10)])
def test_the_server_never_sees_more_than_the_limit(
    key: str, limit: int, served: Start, client: Client
) -> None:
    ncbi = served(*papers(limit * 25), per_ip=3, per_key=10)
    source = client(ncbi, api_key=key, per_second=None)

    list(source.pages(sorted(map(str, ncbi.holding.pmids)), per_request=10))

    assert ncbi.peak() <= limit
    assert len(ncbi.seen()) == source.requests == -(-limit * 25 // 10)


_FETCHING = """
import sys
from pathlib import Path
from aggregator.sources.eutils import connect

url, folder, key, last, size = sys.argv[1:]
with connect(email="t@example.org", api_key=key, base_url=url, pace_folder=Path(folder)) as source:
    try:
        for page in source.pages((str(n) for n in range(1_000, int(last))), per_request=int(size)):
            print(len(page.asked), flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


def _fetching(ncbi: Ncbi, folder: Path, *, last: int, size: int) -> subprocess.Popen[bytes]:
    """A process that fetches the records from 1000 to ``last``, and prints the size of each page."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-c",
        _FETCHING,
        ncbi.url,
        str(folder),
        KEY,
        str(last),
        str(size),
    ]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_two_processes_together_never_show_the_server_more_than_the_limit(
    served: Start, tmp_path: Path
) -> None:
    ncbi = served(*papers(60), per_key=10)

    with (
        _fetching(ncbi, tmp_path, last=1_060, size=3) as one,
        _fetching(ncbi, tmp_path, last=1_060, size=3) as other,
    ):
        said = [process.communicate(timeout=60)[0] for process in (one, other)]

    assert said == [b"3\n" * 20] * 2
    assert len(ncbi.seen()) == 40  # nothing had to be tried again
    assert ncbi.peak() <= 10


def test_a_killed_client_leaves_the_pace_to_the_others(served: Start, client: Client, tmp_path: Path) -> None:
    ncbi = served(*papers(60), latency=0.05)
    with _fetching(ncbi, tmp_path / "pace", last=10**9, size=1) as process:
        _first_line(process)
        process.kill()

    began = time.monotonic()
    result = client(ncbi, api_key=KEY, per_second=None).search("kratom")

    assert result.complete
    assert time.monotonic() - began < 2


def test_ctrl_c_ends_a_fetch_at_once(served: Start, tmp_path: Path) -> None:
    ncbi = served(*papers(60), latency=0.5)
    with _fetching(ncbi, tmp_path, last=10**9, size=1) as process:
        _first_line(process)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        rest = process.communicate(timeout=20)[0]

    assert rest.endswith(b"stopped\n")
    assert process.returncode == 0
    assert time.monotonic() - began < 5


def test_slow_answers_do_not_starve_the_allowed_rate(served: Start, client: Client) -> None:
    ncbi = served(*papers(600), latency=0.15)
    ids = sorted(map(str, ncbi.holding.pmids))

    began = time.monotonic()
    pages = list(client(ncbi, per_second=100.0).pages(ids, per_request=10))
    together = time.monotonic() - began

    one_at_a_time = 60 * 0.15
    assert len(pages) == 60
    assert one_at_a_time / together > 5  # 8 and more on a quiet machine: see benchmarks/harvesting.py
