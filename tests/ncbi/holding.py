"""The records that the loopback NCBI holds, and how they are found."""

from __future__ import annotations

import gzip
import html
import re
import threading
from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

_TOKEN = re.compile(r"[a-z0-9]+")
_CITED = re.compile(
    r"<ReferenceList>.*?</ReferenceList>|<CommentsCorrectionsList>.*?</CommentsCorrectionsList>", re.S
)
FIRST_DAY = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as PubMed holds it: its bytes, its four dates, and what it can be found by."""

    pmid: int
    xml: bytes = field(repr=False)
    """One ``<PubmedArticle>`` element (or a book article), as it stands in an answer."""
    edat: date = FIRST_DAY
    mdat: date = FIRST_DAY
    pdat: date = FIRST_DAY
    crdt: date = FIRST_DAY
    title: str = ""
    text: str = field(default="", repr=False)
    """Title and abstract as tokens, each between blanks."""
    mesh: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    links: tuple[int, ...] = ()


def tokens(text: str) -> str:
    """A text as tokens between blanks, so that a phrase is a substring."""
    return f" {' '.join(_TOKEN.findall(text.lower()))} "


def article(
    pmid: int,
    *,
    title: str = "",
    abstract: str = "",
    day: date = FIRST_DAY,
    changed: date | None = None,
    mesh: tuple[str, ...] = (),
    types: tuple[str, ...] = ("Journal Article",),
    relations: tuple[tuple[str, int], ...] = (),
    version: int = 1,
) -> Record:
    """A made-up record in PubMed's form, entered on ``day`` and changed on ``changed``."""
    title = title or f"Kratom paper {pmid}."
    changed = changed or day
    xml = _XML.format(
        pmid=pmid,
        version=version,
        title=html.escape(title),
        abstract=f"<Abstract><AbstractText>{html.escape(abstract)}</AbstractText></Abstract>"
        if abstract
        else "",
        revised=_parts(changed),
        year=day.year,
        entered=_parts(day),
        types="".join(
            f'<PublicationType UI="D016428">{html.escape(kind)}</PublicationType>' for kind in types
        ),
        mesh=_headings(mesh),
        relations=_relations(relations),
    )
    return Record(
        pmid=pmid,
        xml=xml.encode(),
        edat=day,
        mdat=changed,
        pdat=day,
        crdt=day,
        title=title,
        text=tokens(f"{title} {abstract}"),
        mesh=tuple(heading.lower() for heading in mesh),
        types=tuple(kind.lower() for kind in types),
        links=tuple(other for _, other in relations),
    )


def unreadable(pmid: int, *, day: date = FIRST_DAY) -> Record:
    """A record that no XML reader can read; it is found like any other."""
    whole = article(pmid, day=day)
    return replace(
        whole,
        xml=whole.xml.replace(b"<Title>", b"<Title>&nosuchentity; <unclosed ").replace(b"</Volume>", b""),
    )


def _parts(day: date) -> str:
    return f"<Year>{day.year}</Year><Month>{day.month:02}</Month><Day>{day.day:02}</Day>"


def _headings(mesh: tuple[str, ...]) -> str:
    if not mesh:
        return ""
    one = '<MeshHeading><DescriptorName UI="D000001" MajorTopicYN="N">{}</DescriptorName></MeshHeading>'
    return f"<MeshHeadingList>{''.join(one.format(html.escape(name)) for name in mesh)}</MeshHeadingList>"


def _relations(relations: tuple[tuple[str, int], ...]) -> str:
    if not relations:
        return ""
    return (
        "<CommentsCorrectionsList>"
        + "".join(_relation(kind, pmid) for kind, pmid in relations)
        + "</CommentsCorrectionsList>"
    )


def _relation(kind: str, pmid: int) -> str:
    return (
        f'<CommentsCorrections RefType="{kind}"><RefSource>J Test</RefSource>'
        f'<PMID Version="1">{pmid}</PMID></CommentsCorrections>'
    )


_XML = """<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">\
<PMID Version="{version}">{pmid}</PMID><DateRevised>{revised}</DateRevised><Article PubModel="Print">\
<Journal><ISSN IssnType="Print">0000-0000</ISSN>\
<JournalIssue CitedMedium="Print"><Volume>1</Volume><Issue>1</Issue><PubDate><Year>{year}</Year></PubDate>\
</JournalIssue><Title>Journal of Tests</Title><ISOAbbreviation>J Test</ISOAbbreviation></Journal>\
<ArticleTitle>{title}</ArticleTitle><Pagination><MedlinePgn>1-2</MedlinePgn></Pagination>{abstract}\
<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>Tester</LastName><ForeName>Ada</ForeName>\
<Initials>A</Initials></Author></AuthorList><Language>eng</Language><PublicationTypeList>{types}\
</PublicationTypeList></Article><MedlineJournalInfo><MedlineTA>J Test</MedlineTA></MedlineJournalInfo>\
{relations}{mesh}</MedlineCitation><PubmedData><History>\
<PubMedPubDate PubStatus="entrez">{entered}</PubMedPubDate><PubMedPubDate PubStatus="pubmed">{entered}\
</PubMedPubDate></History><PublicationStatus>ppublish</PublicationStatus><ArticleIdList>\
<ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>"""


def read_records(path: Path, limit: int | None = None) -> Iterator[Record]:
    """The real records of a PubMed file (``.xml`` or ``.xml.gz``), with the dates that they carry."""
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    for count, piece in enumerate(text.split(b"</PubmedArticle>")[:-1]):
        if limit is not None and count >= limit:
            return
        start = piece.index(b"<PubmedArticle>")
        yield real(piece[start:] + b"</PubmedArticle>")


def real(xml: bytes) -> Record:
    """A record from its own bytes."""
    text = xml.decode("utf-8")
    own = _CITED.sub("", text)
    title = _plain(_first(r"<ArticleTitle[^>]*>(.*?)</ArticleTitle>", own))
    abstract = _plain(" ".join(re.findall(r"<AbstractText[^>]*>(.*?)</AbstractText>", own, re.S)))
    entered = _date(_first(r'<PubMedPubDate PubStatus="(?:entrez|pubmed)">(.*?)</PubMedPubDate>', own))
    revised = _date(_first(r"<DateRevised>(.*?)</DateRevised>", own))
    return Record(
        pmid=int(_first(r"<PMID[^>]*>(\d+)</PMID>", own)),
        xml=xml,
        edat=entered or FIRST_DAY,
        mdat=revised or entered or FIRST_DAY,
        pdat=entered or FIRST_DAY,
        crdt=entered or FIRST_DAY,
        title=title,
        text=tokens(f"{title} {abstract}"),
        mesh=tuple(_plain(name).lower() for name in re.findall(r"<DescriptorName[^>]*>(.*?)<", own)),
        types=tuple(_plain(name).lower() for name in re.findall(r"<PublicationType [^>]*>(.*?)<", own)),
    )


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.S)
    return match[1] if match else ""


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", text)).strip()


def _date(text: str) -> date | None:
    numbers = [re.search(rf"<{part}>(\d+)</{part}>", text) for part in ("Year", "Month", "Day")]
    return date(*(int(match[1]) for match in numbers if match)) if all(numbers) else None


class Holding:
    """All records, safe to change while the server answers."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.lock = threading.RLock()
        self._records: dict[int, Record] = {}
        self._words: dict[str, set[int]] = {}
        self._order: list[int] = []
        for record in records:
            self.put(record)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, pmid: int) -> bool:
        return pmid in self._records

    def get(self, pmid: int) -> Record | None:
        return self._records.get(pmid)

    @property
    def pmids(self) -> set[int]:
        with self.lock:
            return set(self._records)

    @property
    def records(self) -> dict[int, Record]:
        with self.lock:
            return dict(self._records)

    def put(self, record: Record) -> None:
        """Adds a record, or puts it in the place of its earlier revision."""
        with self.lock:
            self.delete(record.pmid)
            self._records[record.pmid] = record
            insort(self._order, record.pmid)
            for word in set(record.text.split()):
                self._words.setdefault(word, set()).add(record.pmid)

    def delete(self, pmid: int) -> None:
        with self.lock:
            record = self._records.pop(pmid, None)
            if record is None:
                return
            self._order.remove(pmid)
            for word in set(record.text.split()):
                self._words[word].discard(pmid)

    def with_word(self, word: str) -> set[int]:
        return set(self._words.get(word, ()))

    def with_prefix(self, prefix: str) -> set[int]:
        found: set[int] = set()
        for word, pmids in self._words.items():
            if word.startswith(prefix):
                found |= pmids
        return found

    def with_phrase(self, phrase: str) -> set[int]:
        words = phrase.split()
        if not words:
            return set()
        common = set.intersection(*(self.with_word(word) for word in words))
        return {pmid for pmid in common if phrase in self._records[pmid].text} if len(words) > 1 else common

    def where(self, test: object) -> set[int]:
        assert callable(test)
        return {pmid for pmid, record in self._records.items() if test(record)}

    def newest_first(self, pmids: set[int]) -> list[int]:
        return sorted(pmids, reverse=True)
