"""Ways in which the loopback NCBI misbehaves, on demand or by a seeded dice."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.ncbi.holding import Holding


class Kind(StrEnum):
    """What goes wrong with one answer."""

    TOO_MANY = "too-many"
    """429 with the real body."""
    TOO_MANY_WITH_200 = "too-many-with-200"
    SERVER_ERROR = "server-error"
    """500, 502 or 503 in turn."""
    BACKEND = "backend"
    """200 with "Search Backend failed"."""
    BACKEND_IN_JSON = "backend-in-json"
    HTML = "html"
    EMPTY_BODY = "empty-body"
    CUT = "cut"
    """The connection ends in the middle of the body."""
    CUT_SILENTLY = "cut-silently"
    """Half a body that claims to be whole."""
    STALL = "stall"
    """The answer comes late; see `Fault.seconds`."""
    RESET = "reset"
    LOST_HISTORY = "lost-history"
    EMPTY_SET = "empty-set"
    SHORT_SET = "short-set"
    """An article set without its last half."""
    GARBLED = "garbled"
    """200 with JSON of a shape that nobody knows, which echoes the key."""
    CHANGE = "change"
    """Nothing goes wrong, but the records change before the answer: see `Fault.then`."""


HARMLESS = frozenset({Kind.CHANGE})
EVERY_FAILURE = tuple(kind for kind in Kind if kind not in HARMLESS | {Kind.GARBLED})
"""What time can heal: a garbled answer ends the topic's run at once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of misbehaviour for the next ``times`` requests to ``call`` (to any, if empty)."""

    kind: Kind
    call: str = ""
    times: int = 1
    after: int = 0
    """This many requests to ``call`` pass before it strikes."""
    seconds: float = 0.3
    then: Callable[[Holding], None] | None = None


class Faults:
    """What is still to go wrong; each request draws at most one fault."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plan: list[Fault] = []
        self._dice: random.Random | None = None
        self._share = 0.0
        self._kinds: tuple[Kind, ...] = ()
        self._seconds = 0.0
        self.struck: list[tuple[str, Kind]] = []

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._plan.extend(faults)

    def roll(
        self, seed: int, *, share: float, kinds: Collection[Kind] = EVERY_FAILURE, seconds: float = 0.2
    ) -> None:
        """From now on a random ``share`` of the requests goes wrong."""
        with self._lock:
            self._dice, self._share = random.Random(seed), share
            self._kinds, self._seconds = tuple(kinds), seconds

    def clear(self) -> None:
        """From now on nothing goes wrong."""
        with self._lock:
            self._plan.clear()
            self._dice = None

    def draw(self, call: str) -> Fault | None:
        with self._lock:
            fault = self._planned(call) or self._rolled()
            if fault is not None:
                self.struck.append((call, fault.kind))
            return fault

    def _planned(self, call: str) -> Fault | None:
        for place, fault in enumerate(self._plan):
            if fault.call not in {"", call}:
                continue
            if fault.after:
                self._plan[place] = replace(fault, after=fault.after - 1)
                continue
            if fault.times == 1:
                del self._plan[place]
            else:
                self._plan[place] = replace(fault, times=fault.times - 1)
            return fault
        return None

    def _rolled(self) -> Fault | None:
        if self._dice is None or self._dice.random() >= self._share:
            return None
        return Fault(self._dice.choice(self._kinds), seconds=self._seconds)
