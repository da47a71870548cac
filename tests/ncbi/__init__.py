"""The loopback NCBI: records, a query engine, the calls with their quirks, and faults on demand.

In a test: ``with Ncbi([article(1), article(2)], wall=50) as ncbi: … ncbi.url …``. As a process of its own:
``python -m tests.ncbi --port 0 --records 500``; it prints its base URL, and ``POST /control`` changes it.
"""

from tests.ncbi.faults import EVERY_FAILURE, Fault, Faults, Kind
from tests.ncbi.holding import FIRST_DAY, Holding, Record, article, read_records, real, unreadable
from tests.ncbi.server import Ncbi, Reply, Request

__all__ = [
    "EVERY_FAILURE",
    "FIRST_DAY",
    "Fault",
    "Faults",
    "Holding",
    "Kind",
    "Ncbi",
    "Record",
    "Reply",
    "Request",
    "article",
    "read_records",
    "real",
    "unreadable",
]
