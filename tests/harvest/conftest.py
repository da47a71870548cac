"""A loopback NCBI and a quick client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from aggregator.http import Limits
from aggregator.sources.eutils import Eutils, Patience, connect
from tests.harvest.zygote import Zygote
from tests.ncbi import Ncbi, Record

QUICK = Patience(tries=5, whole=20, first=0.01, longest=0.05)


class Start(Protocol):
    def __call__(self, *records: Record, **settings: Any) -> Ncbi: ...


@pytest.fixture
def served() -> Iterator[Start]:
    """Starts a loopback NCBI with these records; it ends with the test."""
    with ExitStack() as stack:

        def start(*records: Record, **settings: Any) -> Ncbi:
            return stack.enter_context(Ncbi(records, **settings))

        yield start


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Callable[..., Eutils]]:
    """Connects to a loopback NCBI, fast and impatient unless told otherwise."""
    with ExitStack() as stack:

        def connected(ncbi: Ncbi, **given: Any) -> Eutils:
            settings: dict[str, Any] = {
                "email": "tester@example.org",
                "base_url": ncbi.url,
                "wall": ncbi.wall,
                "patience": QUICK,
                "limits": Limits(connect=2, read=2, whole=10),
                "pace_folder": tmp_path / "pace",
                "per_second": 2_000.0,
            }
            return stack.enter_context(connect(**(settings | given)))

        yield connected


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Starts the real program without the second that Python needs to start."""
    home = tmp_path_factory.mktemp("home")
    with Zygote(HOME=str(home), XDG_STATE_HOME=str(home / "state"), COLUMNS="120") as running:
        yield running
