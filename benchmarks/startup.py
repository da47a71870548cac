"""Whole commands against an empty Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from .measure import commands_in_turn, row


def lines(repeats: int = 15) -> Iterator[str]:
    """The rows of the table."""
    took = commands_in_turn(
        {
            "pass": [sys.executable, "-c", "pass"],
            "help": [sys.executable, "-m", "aggregator", "--help"],
            "topics": [sys.executable, "-m", "aggregator", "topics"],
        },
        repeats,
    )
    times = took["help"] / took["pass"]
    yield row("`aggregator --help`, against `python -c pass`", times, "≤ 18 ×", times <= 18)
