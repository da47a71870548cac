"""The commands `fetch`, `run`, `runs` and `schedule` as real processes against a loopback NCBI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import __version__
from aggregator.store import Library
from aggregator.store.harvesting import runs
from tests.conftest import ROOT, Run
from tests.harvest.harvester import held, on_server
from tests.harvest.zygote import Zygote
from tests.ncbi import Fault, Kind, Ncbi, article, unreadable

TODAY = datetime.now(UTC).date()
KEY = "0123456789abcdef-never-to-be-seen-99"
_TOPIC = """
[[topic]]
name = "{name}"
intervention = "kratom"
query = '''{query}'''
"""


@pytest.fixture
def run(zygote: Zygote, tmp_path: Path) -> Run:
    """Runs the program as a process of its own in an empty folder, without the time that Python needs to start."""
    folder = tmp_path / "cwd"
    folder.mkdir()

    def runs_it(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        code = zygote.run(*arguments, folder=folder, **(env or {}))
        said = [(folder / name).read_text() for name in ("out.txt", "err.txt")]
        return subprocess.CompletedProcess(arguments, code, *said)

    runs_it.folder = folder  # type: ignore[attr-defined]
    return runs_it


@pytest.fixture
def ncbi() -> Iterator[Ncbi]:
    records = [article(1_000 + n, day=TODAY - timedelta(days=100 + n // 5)) for n in range(60)]
    with Ncbi(records, wall=25) as running:
        yield running


def configure(
    folder: Path, ncbi: Ncbi, *, queries: dict[str, str] | None = None, more: str = "", **given: Any
) -> Path:
    """Writes a configuration with quick manners."""
    values = {
        "email": "tester@example.org",
        "base_url": ncbi.url,
        "records_per_request": 10,
        "patience_seconds": 1.0,
        "requests_per_second": 2_000,
        **given,
    }
    text = "[ncbi]\n" + "\n".join(f"{n} = {json.dumps(v)}" for n, v in values.items() if v is not None) + "\n"
    for name, query in (queries or {"kratom": "kratom"}).items():
        text += _TOPIC.format(name=name, query=query)
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text + more)
    return folder


@pytest.fixture
def folder(run: Run, ncbi: Ncbi) -> Path:
    place: Path = run.folder  # type: ignore[attr-defined]
    return configure(place, ncbi)


def log_of(folder: Path) -> list[tuple[str, str, dict[str, int]]]:
    library = Library("sqlite:///library.db", folder)
    try:
        return [(r.topic, r.outcome, {n: c for n, c in r.counts.items() if c}) for r in runs(library)]
    finally:
        library.close()


def held_in(folder: Path) -> dict[int, bytes]:
    library = Library("sqlite:///library.db", folder)
    try:
        return held(library)
    finally:
        library.close()


# ---------------------------------------------------------------------------------------------- fetch


def test_fetch_brings_everything_and_says_so(run: Run, folder: Path, ncbi: Ncbi) -> None:
    done = run("fetch")

    assert (done.returncode, done.stdout) == (0, "kratom: 60 received, 60 new\n")
    assert held_in(folder) == on_server(ncbi)
    assert run("fetch", "kratom").stdout == "kratom: nothing new\n"


def test_fetch_refuses_without_an_email(run: Run, folder: Path, ncbi: Ncbi) -> None:
    configure(folder, ncbi, email="")

    done = run("fetch")

    assert done.returncode == 2
    assert "ncbi.email is not set" in done.stderr
    assert "hint:" in done.stderr
    assert ncbi.seen() == []
    assert not (folder / "library.db").exists()


def test_a_dry_run_makes_no_library(run: Run, folder: Path) -> None:
    done = run("fetch", "--dry-run", "--format", "json")

    told = json.loads(done.stdout)
    assert (done.returncode, told[0]["to_fetch"], told[0]["new"]) == (0, 60, 60)
    assert not (folder / "library.db").exists()


@pytest.mark.parametrize(
    "wrong", [("--since", "yesterday"), ("--since", "2026-01-01", "--full"), ("nosuchtopic",)]
)
def test_wrong_wishes_are_refused(run: Run, folder: Path, wrong: tuple[str, ...]) -> None:
    done = run("fetch", *wrong)

    assert done.returncode == 2
    assert "hint:" in done.stderr


def test_an_unknown_field_stops_its_topic_and_no_other(run: Run, folder: Path, ncbi: Ncbi) -> None:
    configure(folder, ncbi, queries={"wrong": "kratom[nosuchfield]", "right": "kratom"})

    done = run("run")

    assert done.returncode == 2
    assert "PubMed knows no field [nosuchfield]" in done.stderr
    assert done.stdout == "right: 60 received, 60 new\n"
    assert log_of(folder) == [("right", "done", {"seen": 60, "new": 60}), ("wrong", "failed", {})]


def test_a_source_that_fails_is_exit_3_and_what_came_is_kept(run: Run, folder: Path, ncbi: Ncbi) -> None:
    ncbi.faults.add(Fault(Kind.SERVER_ERROR, "efetch", after=3, times=500))

    failed = run("fetch")
    stored = len(held_in(folder))
    ncbi.faults.clear()
    healed = run("fetch")

    assert failed.returncode == 3
    assert 10 <= stored < 60
    assert healed.returncode == 0
    assert "went on where an earlier run was cut short" in healed.stderr
    assert held_in(folder) == on_server(ncbi)


def test_an_answer_of_unknown_shape_is_kept_without_the_key(run: Run, folder: Path, ncbi: Ncbi) -> None:
    ncbi.faults.add(Fault(Kind.GARBLED))

    done = run("fetch", env={"NCBI_API_KEY": KEY})

    assert done.returncode == 3, done.stderr
    library = Library(f"sqlite:///{folder / 'library.db'}", folder)
    (kept,) = library.unreadable()
    library.close()
    assert kept.place == "an answer of PubMed"
    assert b'"weather"' in kept.raw
    assert KEY.encode() not in kept.raw
    assert KEY not in done.stdout + done.stderr


def test_a_record_that_cannot_be_read_is_exit_6(run: Run, folder: Path, ncbi: Ncbi) -> None:
    ncbi.holding.put(unreadable(5_000, day=TODAY))

    done = run("fetch")

    assert done.returncode == 6
    assert done.stdout == "kratom: 61 received, 60 new, 1 unreadable\n"
    assert "could not read PMID 5000" in done.stderr


def test_ids_that_do_not_come_are_exit_6_and_listed(run: Run, folder: Path, ncbi: Ncbi) -> None:
    ncbi.faults.add(Fault(Kind.SHORT_SET, "efetch"))

    done = run("fetch")
    shown = run("runs", "1")

    assert done.returncode == 6
    assert shown.stdout.count("asked for, not received (1 times") == 5
    assert run("fetch").returncode == 0
    assert held_in(folder) == on_server(ncbi)


# ---------------------------------------------------------------------------------------------- run


def test_run_fetches_appraises_and_writes_the_reports(run: Run, folder: Path, ncbi: Ncbi) -> None:
    report = '[[report]]\nname = "weekly"\ntopics = ["kratom"]\nformats = ["html", "json"]\nto = "out"\n'
    configure(folder, ncbi, more=report)

    done = run("run", "--due")

    assert done.returncode == 0
    assert "60 papers of your topics appraised" in done.stderr
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["kratom.html", "kratom.json"]
    again = run("run", "--due")
    assert (again.returncode, again.stdout) == (0, "")
    assert "no topic is due" in again.stderr
    assert len(log_of(folder)) == 1


def test_a_report_in_an_unknown_format_is_refused_before_anything_is_done(
    run: Run, folder: Path, ncbi: Ncbi
) -> None:
    configure(folder, ncbi, more='[[report]]\nname = "weekly"\nformats = ["wordperfect"]\n')

    done = run("run")

    assert done.returncode == 2
    assert "wordperfect" in done.stderr
    assert ncbi.seen() == []


def test_a_second_run_ends_at_once_with_exit_5(run: Run, folder: Path, ncbi: Ncbi) -> None:
    library = Library("sqlite:///library.db", folder)

    with library.writing():
        second = run("run")

    library.close()
    assert second.returncode == 5
    assert "another run is writing" in second.stderr
    assert ncbi.seen() == []


def test_events_are_one_line_of_json_each(run: Run, folder: Path) -> None:
    done = run("run", "--log-json")

    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["done"] for event in events if event["event"] == "stored"] == [10, 20, 30, 40, 50, 60]
    harvested = next(event for event in events if event["event"] == "harvested")
    assert harvested["counts"]["new"] == 60
    assert harvested["run"] == 1


# ---------------------------------------------------------------------------------------------- ended from outside


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    clean = {n: v for n, v in os.environ.items() if not n.startswith(("AGGREGATOR_", "NCBI_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "aggregator", *arguments],
        cwd=folder,
        env={
            **clean,
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder.parent / "state"),
            "PYTHONPATH": str(ROOT),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_told_to_stop_does_and_the_next_one_goes_on(
    run: Run, folder: Path, ncbi: Ncbi, sent: signal.Signals, code: int
) -> None:
    ncbi.wall, ncbi.latency = 9_999, 0.15
    configure(folder, ncbi, requests_per_second=12)
    running = start(folder, "run")
    _wait_until(lambda: len(ncbi.seen("efetch")) >= 3)

    running.send_signal(sent)
    _, said = running.communicate(timeout=20)

    assert (running.returncode, "Traceback" in said) == (code, False)
    assert "everything finished so far is kept" in said
    assert log_of(folder)[0][1] == "interrupted"
    ncbi.latency = 0
    assert run("run").returncode == 0
    assert held_in(folder) == on_server(ncbi)
    assert [outcome for _, outcome, _ in log_of(folder)] == ["done", "interrupted"]


def test_the_record_of_a_killed_run_is_closed_by_the_next(run: Run, folder: Path, ncbi: Ncbi) -> None:
    ncbi.wall, ncbi.latency = 9_999, 0.15
    configure(folder, ncbi, requests_per_second=12)
    running = start(folder, "run")
    _wait_until(lambda: len(ncbi.seen("efetch")) >= 2)

    running.kill()
    running.communicate(timeout=20)
    ncbi.latency = 0

    assert log_of(folder)[0][1] == "running"
    assert run("run", "--due").returncode == 0
    assert [outcome for _, outcome, _ in log_of(folder)] == ["done", "interrupted"]
    assert held_in(folder) == on_server(ncbi)


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.01)


def test_two_jobs_at_once_keep_the_pace_and_both_finish(tmp_path: Path) -> None:
    records = [article(1_000 + n, day=TODAY - timedelta(days=100)) for n in range(110)]
    with Ncbi(records, per_key=10) as ncbi:
        folders = [configure(tmp_path / name, ncbi, requests_per_second=None) for name in ("one", "two")]

        jobs = [start(folder, "fetch", NCBI_API_KEY=KEY) for folder in folders]
        ends = [job.communicate(timeout=100) for job in jobs]

        assert [job.returncode for job in jobs] == [0, 0], ends
        assert ncbi.peak() <= 10
        assert len(ncbi.seen()) >= 24
        assert [held_in(folder) for folder in folders] == [on_server(ncbi), on_server(ncbi)]


# ---------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize("by_file", [False, True])
def test_the_key_is_sent_and_shown_nowhere(run: Run, folder: Path, ncbi: Ncbi, by_file: bool) -> None:
    environment = {} if by_file else {"NCBI_API_KEY": KEY}
    if by_file:
        (folder.parent / "secret").mkdir()
        (folder.parent / "secret" / "key").write_text(KEY + "\n")
        configure(folder, ncbi, api_key_file="../secret/key")
    good = run("run", "-v", "--log-json", env=environment)
    ncbi._keys = frozenset()  # from now on no key is valid; the refusal echoes it
    refused = run("fetch", "-v", env=environment)
    listed = run("runs", "--format", "json", env=environment)
    ncbi._keys = None
    ncbi.faults.add(Fault(Kind.TOO_MANY, times=500))
    limited = run("fetch", "-v", env=environment)

    assert (good.returncode, refused.returncode, limited.returncode) == (0, 3, 3)
    assert {request.form.get("api_key") for request in ncbi.seen()} == {KEY}
    assert not any(KEY in request.path for request in ncbi.seen())
    said = "".join(done.stdout + done.stderr for done in (good, refused, listed, limited))
    assert KEY not in said
    assert "203.0.113.7" not in said
    places = [p for p in folder.parent.rglob("*") if p.is_file() and p.parent.name != "secret"]
    assert any(place.name == "library.db" for place in places)
    assert not [place for place in places if KEY.encode() in place.read_bytes()]


def test_a_key_file_that_is_not_there_is_a_mistake_in_the_configuration(
    run: Run, folder: Path, ncbi: Ncbi
) -> None:
    configure(folder, ncbi, api_key_file="nowhere")

    done = run("fetch")

    assert done.returncode == 2
    assert "ncbi.api_key_file cannot be read" in done.stderr


# ---------------------------------------------------------------------------------------------- the run log


def test_the_run_log_is_the_record_of_the_search(run: Run, folder: Path, ncbi: Ncbi) -> None:
    query = 'kratom AND ("no such phrase"[tiab] OR paper)'
    configure(folder, ncbi, queries={"kratom": query})
    run("fetch")

    (entry,) = json.loads(run("runs", "--format", "json").stdout)

    started, ended, rulebook = entry.pop("started"), entry.pop("ended"), entry.pop("rulebook")
    assert TODAY.isoformat() <= started[:10] <= ended[:10]
    assert rulebook.startswith("20")
    assert entry == {
        "id": 1,
        "job": "fetch",
        "topic": "kratom",
        "outcome": "done",
        "query": query,
        "query_translation": query,
        "window": ["1780-01-01", (TODAY + timedelta(days=30)).isoformat()],
        "counts": {"seen": 60, "new": 60, "changed": 0, "unchanged": 0, "missing": 0, "unreadable": 0, "deleted": 0, "retracted": 0},
        "requests": len(ncbi.seen()),
        "notices": ['QuotedPhraseNotFound: "no such phrase"[tiab]'],
        "error": None,
        "software": f"aggregator {__version__}",
    }  # fmt: skip
    shown = run("runs", "1").stdout
    assert query in shown
    assert "QuotedPhraseNotFound" in shown
    assert run("runs", "7").returncode == 2


def test_an_empty_log_says_how_to_begin(run: Run, folder: Path) -> None:
    run("db", "upgrade")

    done = run("runs")

    assert (done.returncode, done.stdout) == (0, "no run yet: `aggregator fetch` makes the first\n")


# ---------------------------------------------------------------------------------------------- schedule


def test_schedule_prints_this_very_installation(run: Run, folder: Path) -> None:
    done = run("schedule", "cron")

    assert done.returncode == 0
    assert str(folder / "config.toml") in done.stdout
    assert str(Path(sys.executable).parent) in done.stdout
    assert "run --due" in done.stdout
    assert run("schedule", "cron").stdout == done.stdout
    assert run("schedule", "sundial").returncode == 2


def test_what_schedule_prints_for_cron_runs(run: Run, folder: Path, ncbi: Ncbi) -> None:
    line = run("schedule", "cron").stdout.strip().splitlines()[-1]
    command = line.split(" ", 5)[5].replace(r"\%", "%")

    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder.parent), "PYTHONPATH": str(ROOT)},
        check=False,
    )

    assert done.returncode == 0
    assert held_in(folder) == on_server(ncbi)
