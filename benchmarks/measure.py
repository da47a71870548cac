"""Timing side by side: every figure is a ratio of things run in turn, in processes of their own, in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Took:
    """The best of several runs: wall and processor seconds, and the highest memory of all runs in MB."""

    wall: float
    cpu: float
    peak_mb: float


_FRAME = """
import json, resource, sys, time
sys.path.insert(0, {root!r})
{prepare}
wall, cpu = time.perf_counter(), time.process_time()
{code}
took = [time.perf_counter() - wall, time.process_time() - cpu]
print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def run_once(code: str, prepare: str = "") -> Took:
    """Runs ``code`` in a fresh process and times it without ``prepare`` and without starting up."""
    program = _FRAME.format(root=str(ROOT), prepare=prepare, code=code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Took(*json.loads(done.stdout.splitlines()[-1]))


def in_turn(programs: Mapping[str, tuple[str, str]], repeats: int) -> dict[str, Took]:
    """Runs each (prepare, code) in turn, ``repeats`` times; keeps the best times and the highest memory."""
    runs: dict[str, list[Took]] = {name: [] for name in programs}
    for _ in range(repeats):
        for name, (prepare, code) in programs.items():
            runs[name].append(run_once(code, prepare))
    return {
        name: Took(min(t.wall for t in took), min(t.cpu for t in took), max(t.peak_mb for t in took))
        for name, took in runs.items()
    }


def commands_in_turn(commands: Mapping[str, list[str]], repeats: int) -> dict[str, float]:
    """The median wall time of whole commands, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd=ROOT
            )
            times[name].append(time.perf_counter() - began)
    return {name: sorted(took)[len(took) // 2] for name, took in times.items()}


def row(goal: str, measured: float, wanted: str, held: bool, unit: str = "×") -> str:
    """One line of the table: goal, measured, reached or not."""
    return f"| {goal} | {wanted} | {measured:.2f} {unit} | {'reached' if held else 'NOT REACHED'} |"
