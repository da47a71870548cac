"""The harvest in this process, on both databases: complete, incremental, resumable, and honest about gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import QueryError, SourceUnavailable
from aggregator.model import Integrity
from aggregator.sources.files import open_source, read_all
from aggregator.store import Library
from aggregator.store.upkeep import check
from aggregator.tasks.harvest import Watch
from aggregator.tasks.load import load
from tests.ncbi import Fault, Holding, Kind, Ncbi, Record, article, unreadable

from .harvester import TODAY, Harvester, on_server

LONG_AGO = TODAY - timedelta(days=400)
Make = Callable[..., Harvester]


@pytest.fixture
def harvester(library: Library, tmp_path: Path) -> Iterator[Make]:
    """Makes a harvester over these records; the server ends with the test."""
    servers: list[Ncbi] = []

    def make(*records: Record, wall: int = 50, **settings: Any) -> Harvester:
        ncbi = Ncbi(records, wall=wall).start()
        servers.append(ncbi)
        return Harvester(library, ncbi, tmp_path, **settings)

    yield make
    for ncbi in servers:
        ncbi.stop()


def papers(count: int, *, day: date = LONG_AGO, per_day: int = 7, first: int = 1_000) -> list[Record]:
    return [article(first + n, day=day + timedelta(days=n // per_day)) for n in range(count)]


def counts(harvester: Harvester) -> dict[str, int]:
    return {name: value for name, value in harvester.log[0].counts.items() if value}


def days_later(days: int) -> date:
    return TODAY + timedelta(days=days)


# ---------------------------------------------------------------------------------------------- first and later


def test_a_first_harvest_brings_everything_beyond_the_wall_once(harvester: Make) -> None:
    job = harvester(*papers(130))

    outcome = job.go()

    assert outcome.error is None
    assert job.held() == on_server(job.ncbi)
    assert counts(job) == {"seen": 130, "new": 130}
    assert job.standing.cursor == TODAY
    assert job.standing.plan is None
    assert check(job.library) == []


def test_a_later_harvest_asks_only_for_what_entered_or_changed(harvester: Make) -> None:
    job = harvester(*papers(60))
    job.go()
    job.ncbi.holding.put(article(5_000, day=days_later(1)))
    job.ncbi.holding.put(article(1_003, title="Kratom, revised.", day=LONG_AGO, changed=days_later(1)))
    fetched = len(job.ncbi.seen("efetch"))

    job.go(days_later(2))

    assert counts(job) == {"seen": 2, "new": 1, "changed": 1}
    assert len(job.ncbi.seen("efetch")) == fetched + 1
    assert job.held() == on_server(job.ncbi)
    assert job.library.find("1003").revisions == 2
    assert job.standing.cursor == days_later(2)


def test_the_window_looks_back_behind_the_cursor(harvester: Make) -> None:
    job = harvester(*papers(3))
    job.go()
    job.ncbi.holding.put(article(5_000, day=TODAY - timedelta(days=13)))

    job.go(days_later(1))

    assert counts(job) == {"seen": 1, "new": 1}
    assert job.log[0].window is not None
    assert job.log[0].window[0] == str(TODAY - timedelta(days=14))


def test_unchanged_records_write_no_revision(harvester: Make) -> None:
    job = harvester(*papers(25))
    job.go()
    before = job.library.sizes()

    job.go(full=True)

    assert counts(job) == {"seen": 25, "unchanged": 25}
    assert job.library.sizes() == before


def test_papers_known_from_a_file_become_members_by_the_query(harvester: Make, tmp_path: Path) -> None:
    job = harvester(*papers(12))
    file = tmp_path / "papers.xml"
    records = b"".join(record.xml for record in job.ncbi.holding.records.values())
    file.write_bytes(b"<PubmedArticleSet>" + records + b"</PubmedArticleSet>")
    with job.library.writing() as writer, open_source(file) as source:
        load(
            writer,
            "papers.xml",
            source.items(),
            read=read_all,
            topics=(),
            into=None,
            now=lambda: "2026-01-01T00:00:00Z",
        )

    job.go()

    assert counts(job) == {"seen": 12, "unchanged": 12}
    assert job.held() == on_server(job.ncbi)


def test_a_changed_query_searches_everything_again_and_lets_others_go(harvester: Make) -> None:
    apples = [article(2_000 + n, title=f"Kratom and apples {n}.", day=LONG_AGO) for n in range(5)]
    job = harvester(*papers(10), *apples)
    job.go()

    job.settings = job.settings.model_copy(
        update={"topic": (job.settings.topic[0].model_copy(update={"query": "kratom AND apples"}),)}
    )
    job.go(days_later(1))

    assert sorted(job.held()) == [2_000, 2_001, 2_002, 2_003, 2_004]
    assert job.log[0].window is not None
    assert job.log[0].window[0] == "1780-01-01"
    assert job.library.sizes()["records"] == 15


def test_since_fetches_a_window_and_moves_no_cursor_over_a_gap(harvester: Make) -> None:
    job = harvester(*papers(40), article(5_000, day=TODAY))

    first = job.go(since=TODAY - timedelta(days=1))

    assert first.harvested is not None
    assert sorted(job.held()) == [5_000]
    assert job.standing.cursor is None
    job.go(days_later(1))
    assert job.held() == on_server(job.ncbi)
    assert job.standing.cursor == days_later(1)


def test_a_dry_run_counts_and_writes_nothing(harvester: Make) -> None:
    job = harvester(*papers(30))

    before = job.foresee()

    assert (before.to_fetch, before.new) == (30, 30)
    assert not job.library.exists()
    job.go()
    kept = job.library.sizes(), job.standing, len(job.log)
    job.ncbi.holding.put(article(5_000, day=TODAY))
    after = job.foresee(days_later(1))
    assert (after.to_fetch, after.new) == (1, 1)
    assert (job.library.sizes(), job.standing, len(job.log)) == kept
    assert not [request for request in job.ncbi.seen("efetch") if "5000" in request.form["id"]]


@pytest.mark.parametrize("library_url", ["sqlite"], indirect=True)
def test_a_first_harvest_makes_hardly_more_requests_than_needed(harvester: Make) -> None:
    job = harvester(*papers(2_500, per_day=5), wall=9_999, records_per_request=200)

    job.go()

    least = 1 + -(-2_500 // 200)
    assert len(job.ncbi.seen()) <= 1.1 * least


@pytest.mark.parametrize("library_url", ["sqlite"], indirect=True)
def test_a_single_day_above_the_true_wall_comes_whole(harvester: Make) -> None:
    crowded = [article(10_000 + n, day=LONG_AGO) for n in range(10_400)]
    job = harvester(*papers(30), *crowded, wall=9_999, records_per_request=1_000)

    job.go()

    assert len(job.held()) == 10_430
    assert counts(job) == {"seen": 10_430, "new": 10_430}


# ---------------------------------------------------------------------------------------------- trouble


def test_a_failure_leaves_the_plan_open_and_the_cursor_where_it_was(harvester: Make) -> None:
    job = harvester(*papers(40))
    job.go()
    job.ncbi.holding.put(article(5_000, day=days_later(1)))
    job.ncbi.faults.add(Fault(Kind.SERVER_ERROR, "efetch", times=100))

    outcome = job.go(days_later(2))

    assert isinstance(outcome.error, SourceUnavailable)
    assert job.standing.cursor == TODAY
    assert job.standing.plan is not None
    assert job.log[0].outcome == "failed"
    job.ncbi.faults.clear()
    assert job.go(days_later(3)).error is None
    assert job.held() == on_server(job.ncbi)
    assert job.standing.cursor == days_later(2)


def test_what_is_stored_is_not_fetched_again_after_an_interruption(harvester: Make) -> None:
    job = harvester(*papers(60))

    with pytest.raises(KeyboardInterrupt):
        job.go(watch=Watch(progress=_interrupted_after(30)))
    stored = job.held()
    job.ncbi.requests.clear()
    outcome = job.go(days_later(1))

    assert len(stored) >= 30
    asked = {pmid for request in job.ncbi.seen("efetch") for pmid in request.form["id"].split(",")}
    assert asked.isdisjoint(map(str, stored))
    assert outcome.harvested is not None and outcome.harvested.resumed
    assert job.held() == on_server(job.ncbi)
    assert [run.outcome for run in job.log] == ["done", "interrupted"]


def test_what_changed_during_an_interruption_is_fetched_again(harvester: Make) -> None:
    job = harvester(*papers(60))
    with pytest.raises(KeyboardInterrupt):
        job.go(watch=Watch(progress=_interrupted_after(30)))
    stored = sorted(job.held())
    job.ncbi.holding.put(article(stored[0], title="Kratom, revised.", day=LONG_AGO, changed=days_later(1)))

    job.go(days_later(1))

    assert job.held() == on_server(job.ncbi)


def test_the_run_that_ends_an_interrupted_harvest_tells_of_what_could_not_be_read(harvester: Make) -> None:
    records = [*papers(60), *(unreadable(5_000 + n, day=LONG_AGO) for n in range(3))]
    job = harvester(*records)
    with pytest.raises(KeyboardInterrupt):
        job.go(watch=Watch(progress=_interrupted_after(60)))

    outcome = job.go()

    assert outcome.harvested is not None and outcome.harvested.resumed
    assert not outcome.harvested.is_complete


def _interrupted_after(done: int) -> Callable[[int, int], None]:
    def step(reached: int, _expected: int) -> None:
        if reached >= done:
            raise KeyboardInterrupt

    return step


def test_records_that_come_and_change_between_pages_are_right_after_one_more_run(harvester: Make) -> None:
    job = harvester(*papers(50))

    def meanwhile(holding: Holding) -> None:
        holding.put(article(9_000 + len(holding), day=TODAY))
        holding.put(article(1_001, title=f"Kratom, revision {len(holding)}.", day=LONG_AGO, changed=TODAY))

    job.ncbi.faults.add(*(Fault(Kind.CHANGE, "efetch", after=n, then=meanwhile) for n in range(4)))

    job.go()
    job.go(days_later(1))

    assert job.held() == on_server(job.ncbi)


def test_ids_that_do_not_come_are_recorded_and_asked_for_again(harvester: Make) -> None:
    job = harvester(*papers(10))
    job.ncbi.faults.add(Fault(Kind.SHORT_SET, "efetch"))

    job.go()

    lost = job.standing.missing
    assert len(lost) == 5
    assert {one.reason for one in lost.values()} == {"asked for, not received"}
    assert counts(job) == {"seen": 5, "new": 5, "missing": 5}
    assert job.log[0].outcome == "incomplete"
    job.go(days_later(60))
    assert job.standing.missing == {}
    assert job.held() == on_server(job.ncbi)
    assert job.log[0].outcome == "done"


def test_ids_that_pubmed_denies_are_let_go_after_three_tries(harvester: Make) -> None:
    job = harvester(*papers(10))
    job.ncbi.faults.add(Fault(Kind.CHANGE, "efetch", then=lambda holding: holding.delete(1_004)))

    outcomes = [job.go(days_later(n)) for n in range(4)]

    assert [o.harvested.tally.missing for o in outcomes if o.harvested] == [1, 1, 0, 0]
    assert job.standing.missing == {}


@pytest.mark.parametrize("kind", [Kind.CUT, Kind.CUT_SILENTLY, Kind.HTML, Kind.TOO_MANY, Kind.RESET])
def test_a_page_that_breaks_is_asked_for_again_and_never_half_stored(harvester: Make, kind: Kind) -> None:
    job = harvester(*papers(20))
    job.ncbi.faults.add(Fault(kind, "efetch", times=2))

    outcome = job.go()

    assert outcome.error is None
    assert job.held() == on_server(job.ncbi)
    assert counts(job) == {"seen": 20, "new": 20}


def test_a_record_that_cannot_be_read_is_kept_and_counted(harvester: Make) -> None:
    job = harvester(*papers(12), unreadable(3_000, day=LONG_AGO))

    outcome = job.go()

    assert outcome.harvested is not None and not outcome.harvested.is_complete
    assert counts(job) == {"seen": 13, "new": 12, "unreadable": 1}
    assert [record.pmid for record in job.library.unreadable()] == ["3000"]
    assert job.standing.missing == {}


def test_an_unknown_field_stops_the_topic_before_anything_is_fetched(harvester: Make) -> None:
    job = harvester(*papers(12), query="kratom[nosuchfield]")

    outcome = job.go()

    assert isinstance(outcome.error, QueryError)
    assert job.held() == {}
    assert job.ncbi.seen("efetch") == []
    assert job.standing.cursor is None


def test_other_remarks_of_pubmed_are_shown_and_kept(harvester: Make) -> None:
    job = harvester(*papers(2), query='kratom OR "no such phrase"[tiab]')
    heard: list[str] = []

    job.go(watch=Watch(notice=heard.append))

    assert heard == ['QuotedPhraseNotFound: "no such phrase"[tiab]']
    assert job.log[0].notices == tuple(heard)


# ---------------------------------------------------------------------------------------------- retractions, deletions


def test_a_stored_notice_marks_the_paper_it_retracts(harvester: Make) -> None:
    job = harvester(article(1, day=LONG_AGO), article(2, day=LONG_AGO))
    job.go()
    job.ncbi.holding.put(
        article(3, title="Retraction: kratom.", day=days_later(1), relations=(("RetractionOf", 1),))
    )

    job.go(days_later(1))

    retracted = job.library.find("1")
    assert retracted.integrity == (Integrity.RETRACTED,)
    assert retracted.appraisal is not None
    assert retracted.appraisal.integrity == (Integrity.RETRACTED,)
    assert [f.quote for f in retracted.appraisal.findings if f.rule == "integrity.marks"] == ["RetractionOf"]
    assert job.library.find("2").integrity == ()
    assert job.library.find("3").integrity == ()
    assert counts(job) == {"seen": 1, "new": 1, "retracted": 1}


def test_the_mark_goes_when_the_notice_is_withdrawn_or_names_the_paper_no_more(harvester: Make) -> None:
    notice = article(3, title="Retraction: kratom.", day=LONG_AGO, relations=(("RetractionOf", 1),))
    job = harvester(article(1, day=LONG_AGO), notice, deletion_check_days=0)
    job.go()
    assert job.library.find("1").integrity == (Integrity.RETRACTED,)

    job.ncbi.holding.delete(3)
    job.go(days_later(1))
    assert job.library.find("1").integrity == ()
    assert job.library.find("3").integrity == (Integrity.DELETED,)

    job.ncbi.holding.put(notice)
    job.go(days_later(2))
    assert job.library.find("1").integrity == (Integrity.RETRACTED,)

    job.ncbi.holding.put(article(3, title="Kratom comment.", day=LONG_AGO, changed=days_later(3)))
    job.go(days_later(3))
    assert job.library.find("1").integrity == ()


def test_papers_that_pubmed_deleted_are_noticed_by_the_periodic_check(harvester: Make) -> None:
    job = harvester(*papers(20))
    job.go()
    job.ncbi.holding.delete(1_007)

    job.go(days_later(29))
    assert job.library.deleted_pmids() == []
    job.go(days_later(30))

    assert job.library.deleted_pmids() == ["1007"]
    assert job.library.find("1007").deleted
    assert counts(job) == {"deleted": 1}
    assert job.log[0].outcome == "done"


def test_a_live_answer_lifts_the_mark_of_deletion(harvester: Make) -> None:
    job = harvester(*papers(5), deletion_check_days=0)
    job.go()
    gone = job.ncbi.holding.records[1_002]
    job.ncbi.holding.delete(1_002)
    job.go(days_later(1))
    assert job.library.deleted_pmids() == ["1002"]

    job.ncbi.holding.put(gone)
    job.go(days_later(2))

    assert job.library.deleted_pmids() == []
    assert job.held() == on_server(job.ncbi)


def test_a_short_answer_alone_deletes_nothing(harvester: Make) -> None:
    job = harvester(*papers(10), deletion_check_days=0)
    job.go()
    job.ncbi.faults.add(Fault(Kind.SHORT_SET, "efetch"))

    job.go(days_later(1), full=True)

    assert job.library.deleted_pmids() == []
    assert len(job.standing.missing) == 5


def test_changed_papers_are_appraised_again(harvester: Make) -> None:
    job = harvester(article(1, title="Kratom: a case report.", day=LONG_AGO))
    job.go()
    first = job.library.find("1").appraisal
    job.ncbi.holding.put(
        article(1, title="Kratom: a randomised controlled trial.", day=LONG_AGO, changed=days_later(1))
    )

    job.go(days_later(1))

    second = job.library.find("1").appraisal
    assert first is not None and second is not None
    assert first.design != second.design
    assert len(job.library.past_appraisals(job.library.find("1").id)) == 2
