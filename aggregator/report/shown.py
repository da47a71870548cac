"""What every format shows of a record, as plain text: names, sizes, marks, links, and the words that decided.

Nothing here is markup. `plain` is the last look at text before it is printed. Records are cleaned at the
door, but a report is opened by people who never saw that door.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

from ..grade.summary import Study, Summary, author_year, is_digest
from ..grade.words import CONFIDENCE_WORDS, DESIGN_WORDS
from ..model import DIGEST_NOTICE, Appraisal, Article, Design, Finding, Integrity

ADVICE = "This report informs. It gives no medical advice and replaces neither the papers nor a physician."

BASE_LEVEL_NOTICE = (
    "Level of evidence: OCEBM 2011, from 1 (strongest) to 5 (weakest), as the design starts from it, before "
    "any step down for quality, size or indirectness. A level says how far a design can carry an answer, not "
    "what the answer is. Single case reports, cross-sectional comparisons and questions of drug exposure are "
    "placed by our own convention."
)

_SUSPECT = re.compile(r"[^ -~]")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Cn"})
_BREAKS = frozenset("\t\n\x0b\x0c\r\x85\u2028\u2029")


def plain(text: str) -> str:
    """The text without terminal escapes, bidirectional overrides, zero-width and unpaired characters.

    Line ends become blanks. Blanks at the ends stay: it is used on pieces of sentences.
    """
    return _SUSPECT.sub(_printable, text)


def _printable(match: re.Match[str]) -> str:
    char = match.group()
    if char in _BREAKS:
        return " "
    return "" if unicodedata.category(char) in _DROPPED else char


# ------------------------------------------------------------------------------------------- the record


class Link(NamedTuple):
    """Where the record can be read; ``label`` is its identifier."""

    label: str
    url: str


class Mark(NamedTuple):
    """A warning that travels with a record; ``kind`` is a slug for styling."""

    kind: str
    words: str


def title(article: Article) -> str:
    """The title, or words that say there is none."""
    return plain(article.title).strip() or "(no title)"


def reference(article: Article) -> str:
    """A short name for lists: "Ahmad 2021"."""
    return plain(author_year(article))


def who(article: Article) -> str:
    """First author and year, or the year alone: beside a title that is shown anyway."""
    return reference(article) if article.authors else year(article)


def authors(article: Article, *, limit: int) -> str:
    """The first authors, and how many more there are."""
    names = [name for name in (plain(author.name).strip() for author in article.authors) if name]
    more = len(names) - limit
    first = ", ".join(names[:limit])
    if more > 0:
        return f"{first} and {more:,} more"
    return first if article.authors_complete or not first else f"{first} et al."


def source(article: Article) -> str:
    """Journal or book, year, volume and pages: "Drug Alcohol Depend 2021;218:108426"."""
    place = article.journal or article.journal_title or article.book_title
    volume = article.volume + (f"({article.issue})" if article.issue else "")
    where = ":".join(part for part in (volume, article.pages) if part)
    year = str(article.year) if article.year else ""
    dated = ";".join(part for part in (year, where) if part)
    return plain(" ".join(part for part in (place, dated) if part)).strip() or "source not stated"


def byline(article: Article, *, limit: int) -> str:
    """Authors and source: "Ahmad J, Odin JA and 9 more. Drug Alcohol Depend 2021;218:108426"."""
    by = authors(article, limit=limit)
    return f"{by.removesuffix('.')}. {source(article)}" if by else source(article)


def year(article: Article) -> str:
    """The year, or a dash."""
    return str(article.year) if article.year else "–"


def links(article: Article) -> tuple[Link, ...]:
    """PubMed, PMC and doi.org, as far as there are identifiers, percent-encoded: none leads elsewhere."""
    found = []
    pmid, doi, pmcid = plain(article.pmid), plain(article.doi), plain(article.pmcid)
    if pmid.isascii() and pmid.isdigit():
        found.append(Link(f"PMID {pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"))
    if re.fullmatch(r"PMC[0-9]+", pmcid):
        found.append(Link(pmcid, f"https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/"))
    if doi:
        found.append(Link(f"doi:{doi}", f"https://doi.org/{quote(doi, safe='/')}"))
    return tuple(found)


# ------------------------------------------------------------------------------------------- the appraisal

_INTEGRITY_WORDS = {
    Integrity.RETRACTED: "retracted",
    Integrity.DELETED: "deleted by PubMed",
    Integrity.CONCERN: "expression of concern",
    Integrity.CORRECTED: "corrected since publication",
    Integrity.PREPRINT: "preprint, not peer reviewed",
}


def marks(study: Study) -> tuple[Mark, ...]:
    """What a reader must know before reading on, gravest first."""
    appraisal = study.appraisal
    found = [
        Mark(state.value, words) for state, words in _INTEGRITY_WORDS.items() if state in appraisal.integrity
    ]
    if is_digest(study):
        found.append(Mark("digest", DIGEST_NOTICE))
    if appraisal.design_confidence.value == "conflict":
        found.append(Mark("conflict", "words and indexing disagree on the design"))
    return tuple(found)


def design(appraisal: Appraisal) -> str:
    """The design in plain words."""
    return DESIGN_WORDS[appraisal.design]


def confidence(appraisal: Appraisal) -> str:
    """How sure the design is, in words."""
    return CONFIDENCE_WORDS[appraisal.design_confidence]


def size(appraisal: Appraisal) -> str:
    """The own sample size with its unit: "1,807 exposures", "1 participant", "not stated"."""
    if appraisal.n is None:
        return "not stated"
    unit = plain(appraisal.n_unit)
    if appraisal.n == 1:
        unit = re.sub(r"ies$", "y", unit) if unit.endswith("ies") and unit != "series" else unit
        unit = unit if unit.endswith(("ss", "series", "y")) else unit.removesuffix("s")
    return f"{appraisal.n:,} {unit}".strip()


def subjects(appraisal: Appraisal) -> str:
    """In whom or in what: "human", "rat", "HepG2 cells"."""
    named = [
        plain(part) for part in (appraisal.organism or appraisal.species.value, appraisal.system) if part
    ]
    return ", ".join(part for part in named if part != "none") or "not stated"


def level(summary: Summary, study: Study) -> str:
    """The level for this topic's question, or a dash where the design carries none."""
    number = summary.level(study)
    return "–" if number is None else str(number)


def query_label(summary: Summary) -> str:
    """What the topic's PubMed query is here: a search only where a record came in by it."""
    searched = any("query" in study.via for _, study in summary.records())
    return "PubMed query" if searched else "PubMed query as configured (no record here came from running it)"


def membership(study: Study) -> str:
    """How the record came into the topic."""
    words = {
        "words": "names the topic in its own words",
        "query": "returned by the topic's query",
        "person": "put in by a person",
    }
    return ", ".join(words.get(way, plain(way)) for way in study.via) or "not recorded"


def designs(summary: Summary) -> Iterator[tuple[str, str, int]]:
    """Words, code and number of each design among all records, most frequent first."""
    for code, count in sorted(summary.by_design.items(), key=lambda pair: (-pair[1], _DESIGN_ORDER[pair[0]])):
        yield DESIGN_WORDS[code], code.value, count


_DESIGN_ORDER = {code: place for place, code in enumerate(Design)}


# ------------------------------------------------------------------------------------------- decisive words


class Piece(NamedTuple):
    """A run of text; ``decisive`` when a finding quotes it."""

    text: str
    decisive: bool


class Passage(NamedTuple):
    """One section of an abstract, its label ("" for none) and its text in pieces."""

    label: str
    pieces: tuple[Piece, ...]


def title_pieces(study: Study) -> tuple[Piece, ...]:
    """The title with its decisive words."""
    text = study.article.title
    spans = _spans(study.appraisal.findings, "title", text)
    return _cut(text, 0, len(text), spans) or (Piece(title(study.article), False),)


def passages(study: Study) -> tuple[Passage, ...]:
    """The abstract by sections, with its decisive words; empty where there is no abstract."""
    text = study.article.abstract
    spans = _spans(study.appraisal.findings, "abstract", text)
    sections = study.article.sections or ((("", "", 0, len(text)),) if text else ())
    found = (
        Passage(plain(label).strip(), _cut(text, start, end, spans)) for label, _, start, end in sections
    )
    return tuple(passage for passage in found if passage.pieces)


def _spans(findings: Iterable[Finding], field: str, text: str) -> list[tuple[int, int]]:
    """Places quoted by findings, merged. A quote that no longer stands in the text is not marked."""
    places = sorted(
        (finding.start, finding.end)
        for finding in findings
        if finding.field == field
        and 0 <= finding.start < finding.end <= len(text)
        and text[finding.start : finding.end] == finding.quote
    )
    merged: list[tuple[int, int]] = []
    for start, end in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _cut(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> tuple[Piece, ...]:
    pieces, at = [], start
    for opened, closed in spans:
        left, right = max(opened, at), min(closed, end)
        if left >= right:
            continue
        pieces += [Piece(plain(text[at:left]), False), Piece(plain(text[left:right]), True)]
        at = right
    pieces.append(Piece(plain(text[at:end]), False))
    return tuple(piece for piece in pieces if piece.text)
