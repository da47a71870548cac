"""A PostgreSQL server for the tests: the one that is named, or a cluster of our own for as long as the tests run."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMED = "AGGREGATOR_TEST_POSTGRES"
REQUIRED = "AGGREGATOR_TEST_POSTGRES_REQUIRED"


class NoServer(Exception):
    """Why there is none."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server where databases may be made. Raises: NoServer."""
    if url := os.environ.get(NAMED):
        yield url
        return
    folder = _programs()
    if folder is None:
        raise NoServer("PostgreSQL is not installed (on Debian: apt install postgresql)")
    if os.getuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        raise NoServer("PostgreSQL does not run as root, and there is no user postgres")
    place = Path(tempfile.mkdtemp(prefix="aggregator-pg-"))
    if os.getuid() == 0:
        shutil.chown(place, "postgres")
    try:
        port = _free_port()
        _as_server(
            [
                folder / "initdb",
                "-D",
                place / "data",
                "-A",
                "trust",
                "-U",
                "postgres",
                "--encoding=UTF8",
                "--locale=C",
            ]
        )
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
        _as_server(
            [folder / "pg_ctl", "-D", place / "data", "-w", "-l", place / "log", "-o", options, "start"]
        )
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _as_server([folder / "pg_ctl", "-D", place / "data", "-m", "immediate", "stop"], check=False)
        shutil.rmtree(place, ignore_errors=True)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _as_server(command: list[object], *, check: bool = True) -> None:
    words = [str(word) for word in command]
    if os.getuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL
    )
    if check and done.returncode:
        raise NoServer(f"{Path(words[-1]).name}: {done.stderr.strip() or done.stdout.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
