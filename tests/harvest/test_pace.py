"""One pace for all processes of the machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from aggregator.errors import SourceUnavailable
from aggregator.pace import SharedPace, Stopped, courtesy, machine_time, shared_folder

_ROOT = Path(__file__).resolve().parents[2]


class _Clock:
    """A clock that tests set."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def _peak(moments: list[float], window: float = 1.0) -> int:
    return max(sum(1 for other in moments if 0 <= other - moment < window) for moment in moments)


def _turns(folder: str, count: int, moments: multiprocessing.Queue[float]) -> None:
    pace = SharedPace("test", keyed=False, folder=Path(folder), per_second=20)
    for _ in range(count):
        pace.wait()
        moments.put(machine_time())


def test_turns_are_evenly_spaced_with_a_margin(tmp_path: Path) -> None:
    pace = SharedPace("test", keyed=False, folder=tmp_path, per_second=20)

    moments = []
    for _ in range(6):
        pace.wait()
        moments.append(machine_time())

    gaps = [after - before for before, after in pairwise(moments)]
    assert sum(gaps) >= 5 * 0.055 - 0.01
    assert min(gaps) >= 0.03  # a turn may be used some milliseconds late, never early


def test_the_limits_are_ncbis() -> None:
    assert SharedPace("x", keyed=False, folder=Path("unused")).per_second == 3
    assert SharedPace("x", keyed=True, folder=Path("unused")).per_second == 10


def test_three_processes_together_keep_the_pace(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    moments: multiprocessing.Queue[float] = context.Queue()
    processes = [context.Process(target=_turns, args=(str(tmp_path), 12, moments)) for _ in range(3)]

    for process in processes:
        process.start()
    taken = [moments.get(timeout=30) for _ in range(36)]
    for process in processes:
        process.join()
        process.close()
    moments.close()
    moments.join_thread()

    assert _peak(sorted(taken)) <= 20


def test_many_threads_together_keep_the_pace(tmp_path: Path) -> None:
    pace = SharedPace("test", keyed=False, folder=tmp_path, per_second=40)
    moments: list[float] = []

    def take() -> None:
        for _ in range(5):
            pace.wait()
            moments.append(machine_time())

    threads = [threading.Thread(target=take) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(moments) == 60
    assert _peak(sorted(moments)) <= 40


def test_a_killed_holder_of_the_lock_blocks_nobody(tmp_path: Path) -> None:
    pace = SharedPace("test", keyed=False, folder=tmp_path, per_second=100)
    pace.wait()
    (lock,) = tmp_path.glob("*.lock")
    code = (
        "import sys, time; from filelock import FileLock; FileLock(sys.argv[1]).acquire(); "
        "print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, cwd=_ROOT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"

        os.kill(holder.pid, signal.SIGKILL)
        began = time.monotonic()
        pace.wait()

    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "garbage",
    [b"", b"nonsense", b"\xff\xfe\x00", b"12.5", b"-3.000000\n", b"1000.00000", b"9" * 5_000, b"nan\n"],
)
def test_garbage_in_the_file_costs_one_second_and_no_more(tmp_path: Path, garbage: bytes) -> None:
    clock = _Clock()
    pace = SharedPace("test", keyed=False, folder=tmp_path, per_second=20, clock=clock)
    pace.wait()
    (file,) = tmp_path.glob("*.turn")
    file.write_bytes(garbage)

    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped):
        pace.wait(stop)
    clock.now += 1.11
    pace.wait()

    assert file.read_text() == f"{clock.now + 0.055:.6f}\n"


def test_a_machine_started_anew_does_not_wait_for_the_old_clock(tmp_path: Path) -> None:
    clock = _Clock(500_000.0)
    pace = SharedPace("test", keyed=False, folder=tmp_path, clock=clock)
    pace.wait()

    clock.now = 20.0
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped):
        pace.wait(stop)
    clock.now = 21.2
    pace.wait()


def test_after_a_hold_nobody_has_a_turn_for_a_while(tmp_path: Path) -> None:
    clock = _Clock()
    one = SharedPace("test", keyed=False, folder=tmp_path, clock=clock)
    other = SharedPace("test", keyed=False, folder=tmp_path, clock=clock)

    one.hold(5)

    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped):
        other.wait(stop)
    clock.now += 5.1
    other.wait()


def test_a_folder_that_cannot_be_used_says_so_and_how_to_help(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    pace = SharedPace("test", keyed=False, folder=tmp_path / "file" / "folder")

    with pytest.raises(SourceUnavailable, match="pace cannot be kept") as caught:
        pace.wait()

    assert "XDG_STATE_HOME" in caught.value.hint


def test_services_and_keys_have_paces_of_their_own(tmp_path: Path) -> None:
    for service, keyed in (("a.example", False), ("a.example", True), ("b.example:80", False)):
        SharedPace(service, keyed=keyed, folder=tmp_path).wait()

    assert sorted(file.name for file in tmp_path.glob("*.turn")) == [
        "a.example-with-key.turn",
        "a.example-without-key.turn",
        "b.example_80-without-key.turn",
    ]


def test_the_folder_is_the_users_state_or_else_a_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("")

    state = shared_folder({"XDG_STATE_HOME": str(tmp_path / "state")})
    home = shared_folder({"HOME": str(tmp_path)})
    neither = shared_folder({"HOME": str(tmp_path / "blocked")})

    assert state == tmp_path / "state" / "aggregator"
    assert home == tmp_path / ".local" / "state" / "aggregator"
    assert neither.name.startswith("aggregator-")


@pytest.mark.parametrize(
    ("moment", "requests", "says"),
    [
        ("2026-03-04T15:00", 1_000, "Wednesday 10:00"),  # winter time: 5 hours behind
        ("2026-07-01T15:00", 1_000, "Wednesday 11:00"),  # summer time: 4 hours behind
        ("2026-03-08T06:59", 1_000, None),  # a Sunday
        ("2026-03-09T08:59", 1_000, None),  # 04:59 on the first Monday of summer time
        ("2026-03-09T09:00", 1_000, "Monday 05:00"),
        ("2026-11-02T09:59", 1_000, None),  # 04:59 on the first Monday of winter time
        ("2026-11-02T10:00", 1_000, "Monday 05:00"),
        ("2026-03-05T02:00", 1_000, None),  # 21:00 on Wednesday
        ("2026-03-05T01:59", 1_000, "Wednesday 20:59"),
        ("2026-03-07T15:00", 1_000, None),  # a Saturday
        ("2026-03-04T15:00", 100, None),  # a small job
    ],
)
def test_advice_on_hours_is_given_when_it_applies(moment: str, requests: int, says: str | None) -> None:
    advice = courtesy(datetime.fromisoformat(moment).replace(tzinfo=UTC), requests)

    assert (advice is None) == (says is None)
    if says is not None:
        assert advice is not None
        assert says in advice
