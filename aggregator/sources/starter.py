"""The bundled starter set: real papers on kratom, each with a digest in our own words.

Every article is of origin `Origin.DIGEST`: the real record, once loaded or fetched, replaces it. How the set
was made, and what was left out of the digests on purpose, stands in docs/starter.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import NamedTuple

from aggregator.model import DIGEST_NOTICE, Article, Author, Origin, Section
from aggregator.text import clean

STARTER_SET = "starter set"
"""Its name where a file's name would stand."""

COVERAGE = (
    "A selected set, not a search: 50 papers on kratom, published from 1996 to 2025 and chosen for liver "
    "injury, pain relief, dependence, drug interactions and deaths. What is absent here may well exist, and "
    "counts say nothing about the literature. Each text is a short digest in our own words "
    f"({DIGEST_NOTICE}), made from a few facts about the paper; most papers have no PMID here, and none has "
    "indexing. Made in November 2026. A real record takes the place of its digest when it is loaded."
)
"""What the set covers and what it does not: shown with every verdict that rests on it."""

_NAME_WITH_INITIALS = re.compile(r"(?P<last>.+) (?P<initials>[A-Z]{1,3})")


def starter_set() -> Iterator[tuple[bytes, Article]]:
    """The papers of the set, oldest first, each with the bytes of the line it was read from."""
    for line in files("aggregator").joinpath("data", "starter.jsonl").read_bytes().splitlines():
        yield line, _article(json.loads(line))


class StarterItem(NamedTuple):
    """A paper of the set with the bytes it is known by."""

    kind: str
    raw: bytes
    article: Article


def starter_items() -> Iterator[StarterItem]:
    """The papers of the set, made ready for loading."""
    for raw, article in starter_set():
        yield StarterItem("article", raw, article)


def read_starter_items(items: Sequence[StarterItem]) -> list[Article]:
    """What they say."""
    return [item.article for item in items]


def _article(paper: dict[str, str | int]) -> Article:
    field = {name: clean(str(value)) for name, value in paper.items()}
    digest = field["digest"]
    return Article(
        title=field["title"],
        abstract=digest,
        sections=(Section(label="", category="", start=0, end=len(digest)),) if digest else (),
        origin=Origin.DIGEST,
        pmid=field["pmid"],
        pmcid=field["pmcid"],
        doi=field["doi"].lower(),
        journal=field["journal"],
        year=int(field["year"]),
        published=field["year"],
        authors=_first_author(field["first_author"]),
        authors_complete=False,
    )


def _first_author(name: str) -> tuple[Author, ...]:
    if not name:
        return ()
    if match := _NAME_WITH_INITIALS.fullmatch(name):
        return (Author(last=match["last"], initials=match["initials"]),)
    return (Author(last=name),)
