"""Dates, DOIs and titles as PubMed prints them, read the same way from either of its formats."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from aggregator.model import Article
from aggregator.text import clean

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",),
            ("jun", "june"), ("jul", "july"), ("aug", "august"), ("sep", "september", "sept"),
            ("oct", "october"), ("nov", "november"), ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_AFTER_YEAR = re.compile(r"\s+([A-Za-z]{3,9})\b")
_PLAIN_DATE = re.compile(r"(\d{4})(?:\s+([A-Za-z]{3,9}|\d{1,2})(?:\s+(\d{1,2}))?)?")
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S.*")
_RESOLVER = re.compile(r"(?:doi\s*:?\s*|https?://(?:dx\.|www\.)?doi\.org/)+", re.IGNORECASE)
_PMC = re.compile(r"(?:PMC)?(\d{1,10})(?!\d)", re.IGNORECASE)
_ORCID = re.compile(r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])(?!\w)")
_NO_TITLE = {"not available", "in process citation", "no title available", "title not available"}
_LONGEST_DOI = 512


class Printed(NamedTuple):
    """A printed date: its year, its ISO form as far as certain, its words if it is no plain date."""

    year: int | None = None
    iso: str = ""
    text: str = ""


def month_number(name: str) -> int | None:
    """1–12 for "Jun", "June", "06" and "6"; ``None`` for anything else."""
    if name.isdigit() and len(name) <= 2:
        return int(name) if 1 <= int(name) <= 12 else None
    return _MONTHS.get(name.lower())


@lru_cache(maxsize=1 << 15)
def iso_date(year: str | None, month: str | None = None, day: str | None = None) -> str:
    """ "2019-11-03", or as much of it as the parts really give; "" without a plausible year."""
    year = (year or "").strip()
    if not _YEAR.fullmatch(year):
        return ""
    number = month_number((month or "").strip())
    if number is None:
        return year
    try:
        return date(int(year), number, int(day or "")).isoformat()
    except ValueError:
        return f"{year}-{number:02d}"


@lru_cache(maxsize=4096)
def printed_date(text: str) -> Printed:
    """A date in words: a plain one is read whole, of a span ("2019 Nov-Dec", "1998-1999") where it begins.

    A day is taken from a plain date only: "1977 Apr 17-21" is April 1977.
    """
    plain = _PLAIN_DATE.fullmatch(text)
    if plain:
        iso = iso_date(plain[1], plain[2], plain[3])
        exact = iso.count("-") == sum(1 for part in plain.groups()[1:] if part)
        return Printed(int(iso[:4]) if iso else None, iso, "" if exact and iso else text)
    year = _YEAR.search(text)
    if not year:
        return Printed(text=text)
    month = _AFTER_YEAR.match(text, year.end())
    return Printed(int(year[1]), iso_date(year[1], month[1] if month else None), text)


def doi(text: str) -> str:
    """A DOI in lower case without its resolver, or "" when this is none.

    Blanks inside are folded to one and kept: ``10.3129/can j ophthalmol.06-124`` is registered with them, and
    a DOI with its blanks taken out is the name of nothing.
    """
    name = (text if text.isascii() and text.isprintable() and " " not in text else clean(text)).lower()
    if not name.startswith("10."):
        name = _RESOLVER.sub("", name, count=1)
    return name if len(name) <= _LONGEST_DOI and _DOI.fullmatch(name) else ""


def pmcid(text: str) -> str:
    """ "PMC" and the number, from any of the ways it is written; "" when there is no number."""
    found = _PMC.search(text)
    return f"PMC{found[1]}" if found else ""


def orcid(text: str) -> str:
    """The four groups of an ORCID, from a bare number or a link; "" when this is none."""
    found = _ORCID.search(text)
    return "-".join(found.groups()).upper() if found else ""


def english_title(text: str) -> tuple[str, bool]:
    """The title without the brackets that mark a translation, and whether it had them.

    Only brackets around the whole are such marks: "[3H]Raffinose, a label." is left alone. NLM's placeholder
    "[Not Available]." is no title.
    """
    body = text[:-1] if text.endswith("].") else text
    if body.strip("[]. ").lower() in _NO_TITLE:
        return "", False
    if not (body.startswith("[") and body.endswith("]") and _encloses(body)):
        return text, False
    inner = body[1:-1].strip()
    if not inner:
        return "", False
    return (inner if inner[-1] in ".?!" or body == text else inner + "."), True


def _encloses(text: str) -> bool:
    """Whether the first bracket is not closed before the end (NLM sometimes forgets an inner one)."""
    depth = 0
    for character in text[:-1]:
        depth += (character == "[") - (character == "]")
        if depth == 0:
            return False
    return True


def canonical_hash(article: Article) -> bytes:
    """16 bytes that change when the content changes, and not when only its XML was laid out anew."""
    values = [getattr(article, name) for name in Article.__slots__]
    return hashlib.blake2b(json.dumps(values, separators=(",", ":")).encode(), digest_size=16).digest()
