"""Seeded schedules of faults and kills against the real program, and what must be true after them.

::

    python -m tests.harvest.campaign --schedules 200 [--first 0]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aggregator.store import Library
from aggregator.store.harvesting import runs, standing
from aggregator.store.upkeep import check
from tests.harvest.harvester import TOPIC, held, on_server
from tests.harvest.zygote import Zygote
from tests.ncbi import Holding, Ncbi, Record, article, unreadable

WALL = 30


def today() -> date:
    return datetime.now(UTC).date()


@dataclass
class Campaign:
    """One schedule: runs that are killed while the server misbehaves and changes, then one more run in peace."""

    seed: int
    zygote: Zygote
    folder: Path
    happened: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Raises AssertionError, with the seed, when the library is not what it must be."""
        dice = random.Random(self.seed)
        with Ncbi(self._records(dice), wall=WALL) as ncbi:
            self._configure(ncbi, dice)
            for _ in range(dice.randint(2, 4)):
                self._one_run(ncbi, dice)
            ncbi.faults.clear()
            code = self.zygote.run("run", folder=self.folder)
            self._judge(ncbi, code)

    def _records(self, dice: random.Random) -> list[Record]:
        start = today() - timedelta(days=dice.randint(60, 900))
        spread = [
            article(1_000 + n, day=start + timedelta(days=dice.randint(0, 50)))
            for n in range(dice.randint(20, 90))
        ]
        crowded = [article(3_000 + n, day=start) for n in range(dice.choice((0, WALL + 5, 2 * WALL)))]
        broken = [unreadable(5_000, day=start)] if dice.random() < 0.2 else []
        return spread + crowded + broken

    def _configure(self, ncbi: Ncbi, dice: random.Random) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "config.toml").write_text(
            f"""
[ncbi]
email = "campaign@example.org"
base_url = "{ncbi.url}"
records_per_request = {dice.choice((3, 7, 20))}
deletion_check_days = 0
patience_seconds = 1.5
requests_per_second = 2000
[[topic]]
name = "{TOPIC}"
intervention = "kratom"
query = "kratom"
"""
        )

    # ------------------------------------------------------------------ the war

    def _one_run(self, ncbi: Ncbi, dice: random.Random) -> None:
        ncbi.faults.roll(dice.randrange(1 << 30), share=dice.choice((0.0, 0.1, 0.3, 0.5)), seconds=0.02)
        _change(ncbi.holding, dice)
        over = threading.Event()
        busy = threading.Thread(target=_change_until, args=(over, ncbi.holding, random.Random(dice.random())))
        pid = self.zygote.start("run", folder=self.folder)
        busy.start()
        match dice.choice(("by the clock", "by the clock", "in a commit", "never")):
            case "by the clock":
                self._wait_for_requests(ncbi, dice.randint(0, 60))
                time.sleep(dice.expovariate(30.0))
                self._kill(pid)
            case "in a commit":
                self._kill_in_commit(pid, which=dice.randint(1, 12))
        code = self.zygote.ended()
        over.set()
        busy.join()
        self.happened["killed" if code == -signal.SIGKILL else f"exit {code}"] += 1
        assert code in (0, 3, 6, -signal.SIGKILL), self._said(f"an exit code of {code}")

    def _wait_for_requests(self, ncbi: Ncbi, count: int) -> None:
        count += len(ncbi.seen())
        deadline = time.monotonic() + 2
        while len(ncbi.seen()) < count and time.monotonic() < deadline:
            time.sleep(0.001)

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _kill_in_commit(self, pid: int, *, which: int) -> None:
        """Kills the process as soon as it has begun to write its nth transaction into the log."""
        log, before, deadline = self.folder / "library.db-wal", -1, time.monotonic() + 2
        while which and time.monotonic() < deadline:
            with suppress(OSError):
                now = log.stat().st_mtime_ns
                which -= now != before
                before = now
            time.sleep(0.0002)
        self._kill(pid)

    # ------------------------------------------------------------------ the peace

    def _judge(self, ncbi: Ncbi, code: int) -> None:
        library = Library(f"sqlite:///{self.folder / 'library.db'}", self.folder)
        try:
            broken = {pmid for pmid in ncbi.holding.pmids if pmid >= 5_000 and pmid < 6_000}
            expected = {pmid: xml for pmid, xml in on_server(ncbi).items() if pmid not in broken}
            found = held(library)
            lost = sorted(expected.keys() - found.keys())
            extra = sorted(found.keys() - expected.keys())
            old = sorted(pmid for pmid in expected.keys() & found.keys() if expected[pmid] != found[pmid])
            assert not lost, self._said(f"lost {lost}")
            assert not extra, self._said(f"not on the server, yet not marked: {extra}")
            assert not old, self._said(f"not the newest revision: {old}")
            assert check(library) == [], self._said(f"damage: {check(library)}")
            halfway = [run for run in runs(library) if run.outcome == "interrupted" and run.counts["seen"]]
            self.happened["killed with pages stored"] += len(halfway)
            state = standing(library, TOPIC)
            assert state.plan is None, self._said("the plan is open")
            assert state.cursor and state.cursor >= today() - timedelta(days=1), self._said(str(state.cursor))
            assert not state.missing or code == 6, self._said(f"still missing: {state.missing}")
            assert code == (6 if broken or state.missing else 0), self._said(f"exit code {code} in peace")
        finally:
            library.close()

    def _said(self, what: str) -> str:
        said = (self.folder / "err.txt").read_text()[-3_000:]
        return f"seed {self.seed}: {what}\n{said}"


def _change(holding: Holding, dice: random.Random) -> None:
    """Records enter, change and are deleted."""
    for _ in range(dice.randint(0, 4)):
        pmids = sorted(pmid for pmid in holding.pmids if pmid < 5_000)
        match dice.choice(("enter", "change", "change", "delete")):
            case "enter":
                holding.put(article(max(pmids) + 1 if max(pmids) < 4_999 else 2_999, day=today()))
            case "change":
                pmid = dice.choice(pmids)
                record = holding.records[pmid]
                title = f"Kratom, revision {dice.randrange(1 << 40)}."
                holding.put(article(pmid, title=title, day=record.edat, changed=today()))
            case "delete" if len(pmids) > 10:
                holding.delete(dice.choice(pmids))


def _change_until(over: threading.Event, holding: Holding, dice: random.Random) -> None:
    while not over.wait(0.05):
        _change(holding, dice)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    wish = parser.parse_args()
    happened: Counter[str] = Counter()
    failed: list[int] = []
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Zygote(HOME=folder, XDG_STATE_HOME=f"{folder}/state") as zygote,
    ):
        for seed in range(wish.first, wish.first + wish.schedules):
            campaign = Campaign(seed, zygote, Path(folder) / str(seed))
            try:
                campaign.run()
            except AssertionError as problem:
                failed.append(seed)
                print(problem, flush=True)
            happened += campaign.happened
    took = time.monotonic() - began
    print(
        f"{wish.schedules} schedules in {took:.0f} s; runs: {dict(happened)}; failed seeds: {failed or 'none'}"
    )
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
