"""How fast papers are appraised: `python benchmarks/appraising.py FILE [COUNT]` on a PubMed file, one core.

Prints microseconds a paper (processor time) for the first COUNT papers with an abstract (2000), each appraised once
before the clock runs, and the slowest one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from aggregator.appraise import RULEBOOK, appraise
from aggregator.model import Article
from aggregator.sources.files import open_source, read_all


def papers(path: Path) -> Iterator[Article]:
    """The papers of a file that have an abstract."""
    with open_source(path) as source:
        items = source.items()
        while batch := list(islice(items, 500)):
            yield from (read for read in read_all(batch) if isinstance(read, Article) and read.abstract)


def seconds(article: Article) -> float:
    """Processor time of one appraisal."""
    began = time.process_time()
    appraise(article)
    return time.process_time() - began


def main(path: str, count: str = "2000") -> None:
    articles = list(islice(papers(Path(path)), int(count)))
    for article in articles:
        appraise(article)
    times = [seconds(article) for article in articles]
    print(f"rule book {RULEBOOK}, {len(articles)} papers")
    print(f"mean {1e6 * sum(times) / len(times):.0f} µs, slowest {1e6 * max(times):.0f} µs a paper")


if __name__ == "__main__":
    main(*sys.argv[1:])
