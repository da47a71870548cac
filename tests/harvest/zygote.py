"""Starts the real program in milliseconds, as a process of its own that can be killed at any moment.

``python -m tests.harvest.zygote`` loads the program's modules and then forks: each line of JSON on its input is a
command; it answers with the process id, and later with how that process ended. The children are processes like
any other; only the second that Python needs to start is saved, so that a campaign kills them at work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
_LOADED = (
    "aggregator.cli.app", "aggregator.tasks.run", "aggregator.tasks.report", "aggregator.store.upkeep",
    "aggregator.report.html", "aggregator.appraise", "aggregator.sources.files", "sqlalchemy.dialects.sqlite",
    "rich.table", "typer.main", "httpx", "alembic.command", "alembic.config", "Bio.Entrez", "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
)  # fmt: skip


class Zygote:
    """Forks the program on demand."""

    def __init__(self, **environment: str) -> None:
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("AGGREGATOR_", "NCBI_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harvest.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**clean, **environment, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
        )
        assert self._told()["ready"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stdin, stdout = self._pipes()
        stdin.close()
        self._process.wait(30)
        stdout.close()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin and self._process.stdout
        return self._process.stdin, self._process.stdout

    def _told(self) -> dict[str, Any]:
        return dict(json.loads(self._pipes()[1].readline()))

    def start(self, *arguments: str, folder: Path, **environment: str) -> int:
        """Starts the program in that folder; what it prints goes to ``out.txt`` and ``err.txt`` there.

        Returns its process id.
        """
        stdin, _ = self._pipes()
        wish = {"arguments": arguments, "folder": str(folder), "environment": environment}
        stdin.write(json.dumps(wish) + "\n")
        stdin.flush()
        return int(self._told()["pid"])

    def ended(self) -> int:
        """Waits for the program that was started last. Returns its exit code; negative for a signal."""
        stdin, _ = self._pipes()
        stdin.write("{}\n")
        stdin.flush()
        return int(self._told()["code"])

    def run(self, *arguments: str, folder: Path, **environment: str) -> int:
        """Runs the program to its end. Returns its exit code."""
        self.start(*arguments, folder=folder, **environment)
        return self.ended()


def _serve() -> None:
    import importlib

    for module in _LOADED:
        importlib.import_module(module)
    print(json.dumps({"ready": True}), flush=True)
    pid = 0
    for line in sys.stdin:
        if wish := json.loads(line):
            pid = os.fork()
            if pid == 0:
                _become(wish)
            print(json.dumps({"pid": pid}), flush=True)
        else:
            _, status = os.waitpid(pid, 0)
            print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


def _become(wish: dict[str, Any]) -> None:
    from aggregator.cli import main

    os.chdir(wish["folder"])
    os.environ.update(wish["environment"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    code: object = 1
    try:
        main(wish["arguments"])
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve()
