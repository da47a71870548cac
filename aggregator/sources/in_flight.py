"""Several requests in flight at once, their answers handed over as they come."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from aggregator.pace import Stopped

J = TypeVar("J")
R = TypeVar("R")

_SPARE = 4
"""Finished results that may wait while the caller is busy, beyond one for each worker."""
_GRACE = 2.0
"""Seconds that an abandoned job waits for its requests; after that they end unheard."""


def finished(
    jobs: Iterable[J], work: Callable[[J, threading.Event], R], *, workers: int
) -> Generator[R, None, None]:
    """The result of ``work`` for each job, in the order they come.

    After a failure no new job is begun; what is on its way still arrives, and then the failure is raised.
    Leaving early (an error of the caller, Ctrl-C) sets the event that ``work`` is given.
    Jobs are drawn when there is room for them, in the caller's own thread.
    """
    crew = _Crew(work, workers)
    try:
        for job in jobs:
            crew.give(job)
            while crew.owed and (crew.is_full or crew.has_news):
                yield from crew.next_result()
            if crew.failure is not None:
                break
        while crew.owed:
            yield from crew.next_result()
    finally:
        crew.dismiss()
    if crew.failure is not None:
        raise crew.failure


class _Crew(Generic[J, R]):
    """Threads that come when there is work; they never keep the program from ending."""

    def __init__(self, work: Callable[[J, threading.Event], R], workers: int) -> None:
        self._work = work
        self._most = workers
        self._threads: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[tuple[J] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[R] | BaseException] = queue.SimpleQueue()
        self._over = threading.Event()
        self.owed = 0
        self.failure: BaseException | None = None

    @property
    def is_full(self) -> bool:
        return self.owed >= self._most + _SPARE

    @property
    def has_news(self) -> bool:
        return not self._results.empty()

    def give(self, job: J) -> None:
        self._jobs.put((job,))
        self.owed += 1
        if len(self._threads) < min(self._most, self.owed):
            thread = threading.Thread(target=self._serve, name="aggregator-request", daemon=True)
            self._threads.append(thread)
            thread.start()

    def next_result(self) -> Iterator[R]:
        """One result, or none where the work failed."""
        result = self._next()
        self.owed -= 1
        if isinstance(result, tuple):
            yield result[0]
        elif self.failure is None:
            self.failure = result
            self._over.set()

    def _next(self) -> tuple[R] | BaseException:
        while True:
            # with a limit, since waiting without one cannot be interrupted on every system
            with suppress(queue.Empty):
                return self._results.get(timeout=1.0)

    def dismiss(self) -> None:
        self._over.set()
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._results.put(self._outcome(job[0]))

    def _outcome(self, job: J) -> tuple[R] | BaseException:
        if self._over.is_set():
            return Stopped("the job is over")
        try:
            return (self._work(job, self._over),)
        except BaseException as problem:  # noqa: BLE001 - it is raised again, in the caller's thread
            return problem
