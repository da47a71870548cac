"""One pace for all processes of this machine: a request starts only when its turn has come.

NCBI counts the requests of an IP address, whoever sends them: two scheduled jobs and a person at the terminal
share one allowance. The moment of the next turn therefore lies in a small file, under a lock that the system
takes back when its holder dies. Turns are handed out when they are due, never ahead: a killed process takes
none with it, and a process that wakes late pushes the others back instead of crowding them.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from aggregator.errors import AggregatorError, SourceUnavailable

WITHOUT_KEY = 3.0
"""Requests a second that NCBI allows one IP address."""
WITH_KEY = 10.0
"""Requests a second that NCBI allows one API key."""
MARGIN = 0.10
"""Turns lie this much further apart than the limit asks, for requests that overtake each other on the way."""
LONGEST_HOLD = 30.0
"""No turn lies further ahead than this, so that one that does is garbage, or from before the last start."""
_LOCK_WAIT = 15.0


class Stopped(AggregatorError):
    """The wait was given up because the work is over; not for people."""


class Pace(Protocol):
    """When the next request may start."""

    def wait(self, stop: threading.Event | None = None) -> None:
        """Returns when it is this caller's turn; raises `Stopped` when ``stop`` is set first."""

    def hold(self, pause: float) -> None:
        """Nobody's turn comes within the next ``pause`` seconds: the server has had too much."""


def machine_time() -> float:
    """Seconds on a clock that all processes of this machine share and nobody can set."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def shared_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where the turns of this user are kept: the folder for state, or the one for temporary files."""
    env = os.environ if environment is None else environment
    for folder in _state_folders(env):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
    who = os.getuid() if hasattr(os, "getuid") else env.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"aggregator-{who}"


def _state_folders(env: Mapping[str, str]) -> list[Path]:
    given = [env["XDG_STATE_HOME"]] if env.get("XDG_STATE_HOME") else []
    local = [env["LOCALAPPDATA"]] if os.name == "nt" and env.get("LOCALAPPDATA") else []
    home = [os.path.join(env["HOME"], ".local", "state")] if env.get("HOME") else []  # noqa: PTH118 (may be "")
    return [Path(folder) / "aggregator" for folder in [*given, *local, *home] if Path(folder).is_absolute()]


class SharedPace:
    """Evenly spaced turns, shared by every process that names the same service and uses the same folder."""

    def __init__(
        self,
        service: str,
        *,
        keyed: bool,
        folder: Path | None = None,
        per_second: float | None = None,
        clock: Callable[[], float] = machine_time,
    ) -> None:
        self.per_second = per_second or (WITH_KEY if keyed else WITHOUT_KEY)
        self._interval = (1 + MARGIN) / self.per_second
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", service) + ("-with-key" if keyed else "-without-key")
        self._file = (folder or shared_folder()) / f"{name}.turn"
        self._clock = clock
        self._queue = threading.Lock()

    def wait(self, stop: threading.Event | None = None) -> None:
        """Returns when it is this caller's turn.

        Raises:
            Stopped: ``stop`` was set first.
            SourceUnavailable: the file of turns cannot be used.
        """
        stop = stop or threading.Event()
        while not self._queue.acquire(timeout=0.2):
            _unless(stop)
        try:
            while (ahead := self._take()) > 0:
                stop.wait(ahead)
                _unless(stop)
            _unless(stop)
        finally:
            self._queue.release()

    def hold(self, pause: float) -> None:
        """Nobody's turn comes within the next ``pause`` seconds."""
        with self._locked():
            now = self._clock()
            self._write(max(self._next(now), now + min(pause, LONGEST_HOLD)))

    def _take(self) -> float:
        """Seconds until the next turn; at 0 the turn is taken."""
        with self._locked():
            now = self._clock()
            ahead = self._next(now) - now
            if ahead <= 0:
                self._write(now + self._interval)
            return max(0.0, ahead)

    def _next(self, now: float) -> float:
        try:
            text = self._file.read_text("ascii")
        except FileNotFoundError:
            return now
        except ValueError:
            text = ""
        if (moment := _moment(text)) is not None and moment <= now + LONGEST_HOLD + self._interval:
            return moment
        # Unreadable, or written before the machine was started anew: someone may have sent just now.
        self._write(now + 1 + MARGIN)
        return now + 1 + MARGIN

    def _write(self, moment: float) -> None:
        # In place, not by renaming: one short write under the lock; half of one is garbage, which is handled.
        self._file.write_text(f"{moment:.6f}\n", "ascii")

    def _locked(self) -> _Locked:
        return _Locked(self._file)


class _Locked:
    """The lock of the file of turns, with failures put into words."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = FileLock(file.with_suffix(".lock"), timeout=_LOCK_WAIT, poll_interval=0.004)

    def __enter__(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire()
        except Timeout:
            raise SourceUnavailable(
                f"another process holds the request pace for more than {_LOCK_WAIT:g} s",
                hint=f"look for a stopped process that uses {self._file}",
            ) from None
        except OSError as problem:
            raise _unusable(self._file, problem) from problem

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._lock.release()
        if isinstance(error, OSError):
            raise _unusable(self._file, error) from error


def _unusable(file: Path, problem: OSError) -> SourceUnavailable:
    return SourceUnavailable(
        f"the request pace cannot be kept in {file.parent} ({problem.strerror or problem})",
        hint="make that folder writable, or set XDG_STATE_HOME to one that is",
    )


def _moment(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}\.\d{6}\n", text) else None


def _unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped("stopped while waiting for a turn")


LARGE_JOB = 100
"""From this many requests on, NCBI asks for night hours."""


def courtesy(now: datetime, requests: int) -> str | None:
    """NCBI's advice for a job of this size at this (UTC) time; ``None`` when there is nothing to say."""
    local = _eastern(now)
    if requests <= LARGE_JOB or local.weekday() >= 5 or local.hour >= 21 or local.hour < 5:
        return None
    return (
        f"about {requests} requests: NCBI asks to run jobs this large on weekends, or between 21:00 "
        f"and 05:00 US Eastern time on weekdays (it is {local:%A %H:%M} there)"
    )


def _eastern(now: datetime) -> datetime:
    """US Eastern time by the rule in force since 2007, since not every system has a time zone database."""
    utc = now.astimezone(UTC)
    begins = _sunday(utc.year, 3, 2).replace(hour=7)
    ends = _sunday(utc.year, 11, 1).replace(hour=6)
    return (utc - timedelta(hours=4 if begins <= utc < ends else 5)).replace(tzinfo=None)


def _sunday(year: int, month: int, which: int) -> datetime:
    first = datetime(year, month, 1, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))
