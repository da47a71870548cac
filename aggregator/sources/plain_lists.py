"""Parts of a record that are plain are read from its bytes and never parsed: most of its elements.

Authors, dates, headings and identifiers are two thirds of a record, look alike in every one, and cost far more
as a tree of elements than as text. A part is plain when one pattern matches all of it: the very tags and
attributes of PubMed, no tag inside a text, no character that XML forbids, no entity but ``&amp;``. That match is
also the proof that the part is well-formed. `taken_out` puts a mark in its place; the parser sees the rest, and
whoever comes upon the mark, at the very element the part belongs to, takes what was read (`Plain`). A part with
anything unusual stays where it is, and its elements are read by `aggregator.sources.pubmed_xml`, which says what
is right: both ways give the same.

The patterns never go back over what they have matched (possessive repeats), so no input makes them slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from aggregator.model import (
    Author,
    Chemical,
    Grant,
    Keyword,
    MeshHeading,
    MeshQualifier,
    PublicationType,
)
from aggregator.sources import citation
from aggregator.sources.citation import Printed
from aggregator.sources.markup import line, plain, tidy, word

__all__ = ["MARK", "Journal", "JournalInfo", "Plain", "taken_out"]

MARK: Final = "\x7f"
"""Stands in the place of a part taken out. A record that has this character of its own is left whole."""
_MARK = MARK.encode()
_LONGEST = 4 << 20
"""Longer records are left whole, so that the parser's own limits hold for all their texts."""
_SHORT = 1000
"""Bytes of a part that is remembered, since it comes again and again."""

Plain = dict[str, object]
"""What was read of the parts taken out, by the names of their elements."""
Rows = list[tuple[str, ...]]


class Journal(NamedTuple):
    """What stands in a paper's ``Journal``."""

    issn: str = ""
    volume: str = ""
    issue: str = ""
    printed: Printed = Printed()
    title: str = ""
    abbreviation: str = ""


class JournalInfo(NamedTuple):
    """What stands in a paper's ``MedlineJournalInfo``."""

    country: str = ""
    abbreviation: str = ""
    nlm_id: str = ""
    issn: str = ""


_tuple = tuple.__new__
"""Makes a named tuple without the call of its own ``__new__``: half the time, for what comes by the hundred."""


def taken_out(data: bytes) -> tuple[bytes, Plain]:
    """A paper's record with a mark for each plain part, and what was read of these.

    The parts are looked for in the order they have in PubMed; one that stands elsewhere is left to the parser.
    Only in a CDATA section could something look like a part and be text: such a record is left whole.
    """
    read: Plain = {}
    if not data.startswith(b"<PubmedArticle>") or len(data) > _LONGEST:
        return data, read
    if _MARK in data or (b"!" in data and b"<!" in data):
        return data, read
    kept: list[bytes] = []
    copied = at = 0
    for name, opening, closing, reader, distance in _PARTS:
        if (begin := data.find(opening, at, at + distance)) < 0:
            continue
        begin = data.find(b">", begin) + 1
        end = data.find(closing, begin)
        if end < 0 or data.startswith(b"/", begin - 2):
            continue
        found = reader(data[begin:end])
        if found is not None:
            read[name] = found
            kept += data[copied:begin], _MARK
            copied = end
        at = end
    kept.append(data[copied:])
    return b"".join(kept), read


# ------------------------------------------------------------------------------------------ patterns

_TEXT = r"[^<>\x00-\x1f\x7f-\x9f\ufffe\uffff]*+"
_SOME = r"[^<>\x00-\x1f\x7f-\x9f\ufffe\uffff]++"


def _entries(pattern: str) -> re.Pattern[str]:
    """The pattern of one entry after the other; what is left over when one is unlike it comes as the last group.

    It is written without the white space that may stand between tags (``~``), and with ``TEXT`` for a text that
    may be empty, ``SOME`` for one that may not.
    """
    spaced = pattern.replace("~", r"[ \n\t]*+").replace("TEXT", _TEXT).replace("SOME", _SOME)
    return re.compile(rf"{spaced}|([\s\S]++)", re.ASCII)


def _rows(entries: re.Pattern[str], part: bytes) -> Rows | None:
    """The groups of each entry, or ``None`` when there is none or anything else stands between them."""
    try:
        text = part.decode()
    except UnicodeDecodeError:
        return None
    if "&" in text:
        if text.count("&") != text.count("&amp;"):
            return None
        text = text.replace("&amp;", "&")
    rows: Rows = entries.findall(text)
    return None if not rows or rows[-1][-1] else rows


# ------------------------------------------------------------------------------------------ parts

_DAY = _entries(r"~<Year>(\d++)</Year>~<Month>(\w++)</Month>~<Day>(\d++)</Day>~")
_STAMPS = _entries(
    r'~<PubMedPubDate PubStatus="([\w-]++)">~<Year>(\d++)</Year>~<Month>(\w++)</Month>~<Day>(\d++)</Day>~'
    r"(?:<Hour>\d++</Hour>~<Minute>\d++</Minute>~)?+</PubMedPubDate>~"
)
_AUTHORS = _entries(
    r'~<Author ValidYN="(Y|N)"(?: EqualContrib="(Y|N)")?+>~'
    r"(?:<LastName>(TEXT)</LastName>~)?+(?:<ForeName>(TEXT)</ForeName>~)?+"
    r"(?:<Initials>(TEXT)</Initials>~)?+(?:<Suffix>(TEXT)</Suffix>~)?+"
    r"(?:<CollectiveName>(TEXT)</CollectiveName>~)?+"
    r'(?:<Identifier Source="ORCID">(TEXT)</Identifier>~)?+'
    r"(?:<AffiliationInfo>~<Affiliation>(SOME)</Affiliation>~</AffiliationInfo>~)?+"
    r"((?:<AffiliationInfo>~<Affiliation>SOME</Affiliation>~</AffiliationInfo>~)*+)</Author>~"
)
_AFFILIATION = re.compile(r"<Affiliation>([^<]*+)")
_HEADINGS = _entries(
    r'~<MeshHeading>~<DescriptorName UI="(\w*+)" MajorTopicYN="(Y|N)"(?: Type="Geographic")?+>(TEXT)</DescriptorName>~'
    r'((?:<QualifierName UI="\w*+" MajorTopicYN="(?:Y|N)">TEXT</QualifierName>~)*+)</MeshHeading>~'
)
_QUALIFIER = re.compile(r'<QualifierName UI="(\w*+)" MajorTopicYN="(Y|N)">([^<]*+)')
_KEYWORDS = _entries(r'~<Keyword MajorTopicYN="(Y|N)">(TEXT)</Keyword>~')
_TYPES = _entries(r'~<PublicationType UI="(\w*+)">(TEXT)</PublicationType>~')
_IDS = _entries(r'~<ArticleId IdType="(\w++)">(TEXT)</ArticleId>~')
_CHEMICALS = _entries(
    r"~<Chemical>~<RegistryNumber>(TEXT)</RegistryNumber>~"
    r'<NameOfSubstance UI="(\w*+)">(TEXT)</NameOfSubstance>~</Chemical>~'
)
_GRANTS = _entries(
    r"~<Grant>~(?:<GrantID>(TEXT)</GrantID>~)?+(?:<Acronym>TEXT</Acronym>~)?+"
    r"(?:<Agency>(TEXT)</Agency>~)?+(?:<Country>(TEXT)</Country>~)?+</Grant>~"
)
_JOURNAL = _entries(
    r'~(?:<ISSN IssnType="\w++">(TEXT)</ISSN>~)?+<JournalIssue CitedMedium="\w++">~'
    r"(?:<Volume>(TEXT)</Volume>~)?+(?:<Issue>(TEXT)</Issue>~)?+"
    r"<PubDate>~(?:<MedlineDate>(TEXT)</MedlineDate>~)?+(?:<Year>(TEXT)</Year>~)?+(?:<Season>(TEXT)</Season>~)?+"
    r"(?:<Month>(TEXT)</Month>~)?+(?:<Day>(TEXT)</Day>~)?+</PubDate>~</JournalIssue>~"
    r"(?:<Title>(TEXT)</Title>~)?+(?:<ISOAbbreviation>(TEXT)</ISOAbbreviation>~)?+"
)
_INFO = _entries(
    r"~(?:<Country>(TEXT)</Country>~)?+<MedlineTA>(TEXT)</MedlineTA>~"
    r"(?:<NlmUniqueID>(TEXT)</NlmUniqueID>~)?+(?:<ISSNLinking>(TEXT)</ISSNLinking>~)?+"
)


@lru_cache(maxsize=4096)
def _day(part: bytes) -> str | None:
    rows = _rows(_DAY, part) if len(part) < _SHORT else None
    return citation.iso_date(*rows[0][:3]) if rows and len(rows) == 1 else None


def _history(part: bytes) -> dict[str, str] | None:
    rows = _rows(_STAMPS, part)
    if rows is None:
        return None
    return {
        status: citation.iso_date(year, month, day)
        for status, year, month, day, _ in rows
        if status in ("pubmed", "entrez", "medline")
    }


def _authors(part: bytes) -> tuple[Author, ...] | None:
    rows = _rows(_AUTHORS, part)
    if rows is None:
        return None
    authors = []
    for valid, equal, last, fore, initials, suffix, group, orcid, first, further, _ in rows:
        if valid == "N":
            continue
        places: tuple[str, ...] = (first,) if first else ()
        if not tidy(f" {last} {fore} {initials} {first or '-'} ") or "&" in first:
            last, fore, initials = plain(last), plain(fore), plain(initials)
            places = (line(first),) if first else ()
        if suffix or group or orcid:
            suffix, group, orcid = line(suffix), line(group), citation.orcid(orcid)
        if further:
            places += tuple(map(line, _AFFILIATION.findall(further)))
        if last or group or fore:
            authors.append(_tuple(Author, (last, fore, initials, suffix, group, orcid, places, equal == "Y")))
    return tuple(authors)


def _mesh(part: bytes) -> tuple[MeshHeading, ...] | None:
    rows = _rows(_HEADINGS, part)
    if rows is None:
        return None
    return tuple([_heading(ui, chief, name, below) for ui, chief, name, below, _ in rows if word(name)])


@lru_cache(maxsize=1 << 14)
def _heading(ui: str, chief: str, name: str, below: str) -> MeshHeading:
    qualifiers = tuple(
        [MeshQualifier(word(name), ui, major == "Y") for ui, major, name in _QUALIFIER.findall(below)]
    )
    major = chief == "Y" or any(qualifier.major for qualifier in qualifiers)
    return MeshHeading(word(name), ui, major, qualifiers)


def _keywords(part: bytes) -> list[Keyword] | None:
    rows = _rows(_KEYWORDS, part)
    if rows is None:
        return None
    return [
        _tuple(Keyword, (text, major == "Y", "NOTNLM"))
        for major, printed, _ in rows
        if (text := line(printed))
    ]


@lru_cache(maxsize=4096)
def _types(part: bytes) -> tuple[PublicationType, ...] | None:
    rows = _rows(_TYPES, part) if len(part) < _SHORT else None
    return None if rows is None else tuple([PublicationType(word(n), ui) for ui, n, _ in rows if word(n)])


def _ids(part: bytes) -> list[tuple[str, str]] | None:
    rows = _rows(_IDS, part)
    return None if rows is None else [(kind, line(value)) for kind, value, _ in rows]


def _chemicals(part: bytes) -> tuple[Chemical, ...] | None:
    rows = _rows(_CHEMICALS, part)
    if rows is None:
        return None
    return tuple([Chemical(line(name), ui, "" if word(n) == "0" else word(n)) for n, ui, name, _ in rows])


def _grants(part: bytes) -> tuple[Grant, ...] | None:
    rows = _rows(_GRANTS, part)
    if rows is None:
        return None
    return tuple([Grant(word(number), word(agency), word(country)) for number, agency, country, _ in rows])


def _journal(part: bytes) -> Journal | None:
    rows = _rows(_JOURNAL, part)
    if rows is None or len(rows) > 1:
        return None
    issn, volume, issue, words, year, season, month, day, title, abbreviation, _ = map(word, rows[0])
    words = words or " ".join(part for part in (year, season, month, day) if part)
    printed = citation.printed_date(words) if words else Printed()
    return Journal(issn, volume, issue, printed, title, abbreviation)


@lru_cache(maxsize=4096)
def _info(part: bytes) -> JournalInfo | None:
    rows = _rows(_INFO, part) if len(part) < _SHORT else None
    return JournalInfo(*map(word, rows[0][:-1])) if rows and len(rows) == 1 else None


_NEAR, _FAR = 1500, _LONGEST
_PARTS: tuple[tuple[str, bytes, bytes, Callable[[bytes], object], int], ...] = (
    ("DateCompleted", b"<DateCompleted>", b"</DateCompleted>", _day, _NEAR),
    ("DateRevised", b"<DateRevised>", b"</DateRevised>", _day, _NEAR),
    ("Journal", b"<Journal>", b"</Journal>", _journal, _NEAR),
    ("AuthorList", b"<AuthorList ", b"</AuthorList>", _authors, _FAR),
    ("GrantList", b"<GrantList ", b"</GrantList>", _grants, _NEAR),
    ("PublicationTypeList", b"<PublicationTypeList>", b"</PublicationTypeList>", _types, _NEAR),
    ("MedlineJournalInfo", b"<MedlineJournalInfo>", b"</MedlineJournalInfo>", _info, _NEAR),
    ("ChemicalList", b"<ChemicalList>", b"</ChemicalList>", _chemicals, _NEAR),
    ("MeshHeadingList", b"<MeshHeadingList>", b"</MeshHeadingList>", _mesh, _NEAR),
    ("KeywordList", b'<KeywordList Owner="NOTNLM">', b"</KeywordList>", _keywords, _NEAR),
    ("History", b"<History>", b"</History>", _history, _FAR),
    ("ArticleIdList", b"<ArticleIdList>", b"</ArticleIdList>", _ids, _NEAR),
)
"""The parts in PubMed's order: name, how each begins and ends, what reads the bytes between (``None`` when they
are not plain), and how many bytes after the part before it it is looked for, since looking in vain takes time."""
