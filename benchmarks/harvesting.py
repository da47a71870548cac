"""How fast, frugal and light the E-utilities client is, as ratios: ``python -m benchmarks.harvesting``.

Everything runs against the loopback NCBI of the tests, which answers late on purpose, at NCBI's own limits.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from aggregator.sources.eutils import RECORDS_PER_REQUEST, DateType, Eutils, connect
from benchmarks.measure import row
from tests.ncbi import FIRST_DAY, Ncbi, Record, article

KEY = "k" * 36


def papers(count: int, *, per_day: int) -> list[Record]:
    return [article(1_000 + n, day=FIRST_DAY + timedelta(days=n // per_day)) for n in range(count)]


def client(ncbi: Ncbi, folder: str, *, per_second: float | None = None) -> Eutils:
    return connect(
        email="bench@example.org",
        api_key=KEY,
        base_url=ncbi.url,
        pace_folder=Path(folder),
        per_second=per_second,
    )


def throughput(requests: int, latency: float) -> dict[str, float]:
    """Requests a second at NCBI's limit with a key, against one at a time, when answers take this long."""
    with (
        Ncbi(papers(requests, per_day=10), latency=latency, per_key=10) as ncbi,
        tempfile.TemporaryDirectory() as folder,
        client(ncbi, folder) as source,
    ):
        began = time.perf_counter()
        pages = sum(1 for _ in source.pages(sorted(map(str, ncbi.holding.pmids)), per_request=1))
        together = time.perf_counter() - began
        began = time.perf_counter()
        for pmid in sorted(ncbi.holding.pmids)[:4]:
            source.fetched([str(pmid)])
        alone = (time.perf_counter() - began) / 4
        return {
            "requests": pages,
            "latency_s": latency,
            "per_second": round(pages / together, 2),
            "ratio_to_one_at_a_time": round(alone * pages / together, 1),
            "peak_in_a_sliding_second": ncbi.peak(),
            "tried_again": source.requests - pages - 4,
        }


def frugality(count: int, per_day: int) -> dict[str, float]:
    """Requests made for a whole harvest, against the least number."""
    with (
        Ncbi(papers(count, per_day=per_day)) as ncbi,
        tempfile.TemporaryDirectory() as folder,
        client(ncbi, folder, per_second=2_000) as source,
    ):
        found = source.search_all(
            "kratom", by=DateType.ENTERED, since=date(2018, 1, 1), until=FIRST_DAY + timedelta(days=1_000)
        )
        received = sum(page.body.count(b"<PubmedArticle>") for page in source.pages(found.ids))
        assert received == count
        least = -(-count // RECORDS_PER_REQUEST) + -(-count // ncbi.wall)
        return {
            "records": count,
            "per_day": per_day,
            "requests": source.requests,
            "least": least,
            "ratio_to_least": round(source.requests / least, 3),
        }


def lightness(requests: int, port_url: str, folder: str) -> dict[str, float]:
    """Processor time of the client for each request of one record."""
    with connect(
        email="bench@example.org", base_url=port_url, pace_folder=Path(folder), per_second=2_000
    ) as source:
        source.about()
        began, cpu = time.perf_counter(), time.process_time()
        pages = sum(1 for _ in source.pages((str(1_000 + n) for n in range(requests)), per_request=1))
        spent = time.process_time() - cpu
        return {
            "requests": pages,
            "client_cpu_ms_per_request": round(1_000 * spent / pages, 2),
            "requests_a_second_without_pace": round(pages / (time.perf_counter() - began)),
        }


def light() -> dict[str, float]:
    """`lightness` with the server in a process of its own, so that only the client is measured."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "tests.ncbi", "--records", "2000"], stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdout is not None
        try:
            return lightness(1_000, server.stdout.readline().strip(), folder)
        finally:
            server.terminate()


def lines(quick: bool = False) -> Iterator[str]:
    """The rows of the table."""
    fast = throughput(30 if quick else 60, 1.5)
    ratio = fast["ratio_to_one_at_a_time"]
    yield row("requests a second at answers of 1.5 s, against one at a time", ratio, "≥ 8 ×", ratio >= 8)
    peak = fast["peak_in_a_sliding_second"]
    yield row("most requests in any sliding second, with a key", peak, "≤ 10", peak <= 10, "")
    for count, per_day in ((2_000, 10), (12_000, 11_000)) if quick else ((2_000, 10), (20_500, 80)):
        needed = frugality(count, per_day)["ratio_to_least"]
        yield row(f"requests for {count:,} records, against the least", needed, "≤ 1.1 ×", needed <= 1.1)
    spent = light()["client_cpu_ms_per_request"]
    yield row("processor time of the client for a request", spent, "≤ 5 ms", spent <= 5, "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests")
    quick = parser.parse_args().quick
    shapes = [(2_000, 10), (12_000, 11_000), (20_500, 80), (60_000, 200)][: 2 if quick else None]
    print(
        json.dumps(
            {
                "throughput": throughput(30 if quick else 100, 1.5),
                "requests": [frugality(*shape) for shape in shapes],
                "client": light(),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
