"""The loopback NCBI as a process: prints its base URL and serves until it is ended."""

from __future__ import annotations

import argparse
import signal
import threading
from datetime import timedelta
from pathlib import Path

from tests.ncbi import FIRST_DAY, Ncbi, article, read_records


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.ncbi", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--records", type=int, default=0, help="made-up records, ten a day")
    parser.add_argument("--file", type=Path, help="real records from a PubMed XML file")
    parser.add_argument("--limit", type=int, help="how many of the file's records")
    parser.add_argument("--wall", type=int, default=9_999)
    parser.add_argument("--per-ip", type=int)
    parser.add_argument("--per-key", type=int)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--seed", type=int, help="faults from the start, with this seed")
    parser.add_argument("--share", type=float, default=0.1, help="share of requests that go wrong")
    wish = parser.parse_args()
    records = [article(1_000 + n, day=FIRST_DAY + timedelta(days=n // 10)) for n in range(wish.records)]
    records += read_records(wish.file, wish.limit) if wish.file else []
    ncbi = Ncbi(records, wall=wish.wall, per_ip=wish.per_ip, per_key=wish.per_key, latency=wish.latency)
    if wish.seed is not None:
        ncbi.faults.roll(wish.seed, share=wish.share)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, lambda *_: over.set())
    with ncbi.start(wish.port):
        print(ncbi.url, flush=True)
        over.wait()


if __name__ == "__main__":
    main()
