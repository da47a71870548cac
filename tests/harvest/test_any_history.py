"""Whatever happens on the server, and however runs fail: one run in peace, and the library holds the server's set."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aggregator.errors import SourceError
from aggregator.store import Library
from aggregator.store.upkeep import check
from aggregator.tasks.harvest import Watch
from tests.ncbi import EVERY_FAILURE, Fault, Holding, Kind, Ncbi, article

from .harvester import TODAY, TOPIC, Harvester, on_server

DAYS_BEFORE = st.integers(0, 10)
"""How far back new records are dated: within the look-back of 14 days."""


class AnyHistory(RuleBasedStateMachine):
    """Records enter, change and go; requests fail; runs are cut short; days pass."""

    @initialize(
        count=st.integers(0, 40), per_page=st.sampled_from([2, 5, 11]), check_days=st.sampled_from([0, 3_650])
    )
    def begin(self, count: int, per_page: int, check_days: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aggregator-history-"))
        self.ncbi = Ncbi(wall=12).start()
        self.library = Library("sqlite:///library.db", self.folder)
        self.job = Harvester(
            self.library, self.ncbi, self.folder, records_per_request=per_page, deletion_check_days=check_days
        )
        self.checks = check_days == 0
        self.gone: set[int] = set()
        self.today: date = TODAY
        self.next = 1_000
        self.revision = 0
        for place in range(count):
            self._enter(self.ncbi.holding, 300 + place // 20)

    def teardown(self) -> None:
        """Every history ends with a run in peace."""
        if not hasattr(self, "ncbi"):
            return
        try:
            self._peace()
        finally:
            self.ncbi.stop()
            self.library.close()
            shutil.rmtree(self.folder)

    def _enter(self, holding: Holding, days_before: int) -> None:
        holding.put(article(self.next, day=self.today - timedelta(days=days_before), changed=self.today))
        self.next += 1

    def _change(self, holding: Holding, choice: int) -> None:
        if pmids := sorted(holding.pmids):
            record = holding.records[pmids[choice % len(pmids)]]
            self.revision += 1
            title = f"Kratom, revision {self.revision}."
            holding.put(article(record.pmid, title=title, day=record.edat, changed=self.today))

    @rule(days_before=DAYS_BEFORE)
    def a_record_enters(self, days_before: int) -> None:
        self._enter(self.ncbi.holding, days_before)

    @rule(choice=st.integers(0, 1_000))
    def a_record_changes(self, choice: int) -> None:
        self._change(self.ncbi.holding, choice)

    @rule(choice=st.integers(0, 1_000))
    def a_record_is_deleted(self, choice: int) -> None:
        if pmids := sorted(self.ncbi.holding.pmids):
            self.gone.add(pmids[choice % len(pmids)])
            self.ncbi.holding.delete(pmids[choice % len(pmids)])

    @rule(after=st.integers(0, 6), choice=st.integers(0, 1_000), enters=st.booleans())
    def a_record_will_come_or_change_between_two_requests(
        self, after: int, choice: int, enters: bool
    ) -> None:
        def meanwhile(holding: Holding) -> None:
            if enters:
                self._enter(holding, 0)
            else:
                self._change(holding, choice)

        self.ncbi.faults.add(Fault(Kind.CHANGE, after=after, then=meanwhile))

    @rule(kind=st.sampled_from(EVERY_FAILURE), after=st.integers(0, 6), times=st.sampled_from([1, 2, 30]))
    def requests_will_fail(self, kind: Kind, after: int, times: int) -> None:
        self.ncbi.faults.add(Fault(kind, after=after, times=times, seconds=0.01))

    @rule(days=st.integers(0, 13))
    def days_pass(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def a_run(self) -> None:
        outcome = self.job.go(self.today)
        assert outcome.error is None or isinstance(outcome.error, SourceError)

    @rule(pages=st.integers(0, 4), changes=st.booleans())
    def a_run_is_cut_short(self, pages: int, changes: bool) -> None:
        left = [pages]

        def step(_done: int, _expected: int) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            self.job.go(self.today, watch=Watch(progress=step))
        if changes and (stored := sorted(self.job.held().keys() & self.ncbi.holding.pmids)):
            self._change(self.ncbi.holding, sorted(self.ncbi.holding.pmids).index(stored[0]))

    @rule()
    def a_run_in_peace(self) -> None:
        self._peace()

    def _peace(self) -> None:
        self.ncbi.faults.clear()
        outcome = self.job.go(self.today)
        assert outcome.error is None
        held = self.job.held()
        extra = held.keys() - self.ncbi.holding.pmids
        assert {pmid: raw for pmid, raw in held.items() if pmid not in extra} == on_server(self.ncbi)
        assert extra == set() if self.checks else extra <= self.gone
        assert self.job.standing.plan is None
        assert self.job.log[0].outcome in ("done", "incomplete")
        assert check(self.library) == []

    @invariant()
    def the_cursor_stands_only_behind_what_is_stored(self) -> None:
        if not hasattr(self, "job") or not self.library.exists():
            return
        state = self.job.standing
        assert state.cursor is None or state.cursor <= self.today
        assert state.plan is None or state.plan.topic == TOPIC


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=30,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
