"""PubMed XML read into papers: `raw_records` cuts a stream, `read_article` reads one record.

The reader looks at direct children only, so nothing of a reference list can pass for the paper's own. What it
leaves out on purpose: reference lists, investigators, personal name subjects, editors, authors whose name NLM
has replaced (``ValidYN="N"``), and relations of the kind "Cites".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from lxml import etree

from aggregator.model import (
    Article,
    Author,
    Chemical,
    DataBank,
    Deletion,
    Grant,
    Keyword,
    MeshHeading,
    MeshQualifier,
    OtherAbstract,
    PublicationType,
    Relation,
    Section,
    Unreadable,
)
from aggregator.sources import citation
from aggregator.sources.citation import Printed, canonical_hash
from aggregator.sources.envelope import Kind, Raw, Readable, raw_records
from aggregator.sources.markup import inline, plain, tidy, word
from aggregator.sources.plain_lists import MARK, Journal, JournalInfo, Plain, taken_out

__all__ = [
    "Kind",
    "Raw",
    "Readable",
    "canonical_hash",
    "raw_records",
    "read_article",
    "read_articles",
    "read_deletions",
]

_BATCH: Final = 1 << 17
"""Bytes parsed in one go: few calls, and trees small enough for the processor's cache."""
_PMID = re.compile(rb"<PMID\b[^>]*>\s*(\d{1,10})\s*</PMID")
_NUMBER = re.compile(r"[0-9]{1,10}")
_REFERENCES = b"<ReferenceList"
_REFERENCES_END = b"</ReferenceList>"
_AFTER_REFERENCES = re.compile(rb"\s*<(?:/?ReferenceList|/PubmedData|/BookDocument)\b")
_UNLABELLED = frozenset(("UNLABELLED", "UNLABELED"))
_OWN_IDS = frozenset(("doi", "pmc", "pmcid", "pubmed"))

_Children = dict[str, etree._Element]
_T = TypeVar("_T")


_tuple = tuple.__new__
"""Makes a named tuple without the call of its own ``__new__``: half the time, for what comes by the hundred."""


class _IncompleteError(ValueError):
    """A record that lacks what every record has."""


def read_article(raw: Raw) -> Article | Unreadable:
    """The paper in one record."""
    return read_articles((raw,))[0]


def read_articles(raws: Sequence[Raw]) -> list[Article | Unreadable]:
    """The papers in many records, in order: parsed together unless one of them is broken."""
    return [read for batch in _batches(raws) for read in _read_batch(batch)]


def read_deletions(raw: Raw) -> Deletion | Unreadable:
    """The PMIDs in a ``DeleteCitation`` block."""
    try:
        block = etree.fromstring(raw.data, _parser())
        return Deletion(pmids=tuple(_pmid(element) for element in block.iterchildren("PMID")))
    except (etree.XMLSyntaxError, _IncompleteError) as wrong:
        return _unreadable(raw, str(wrong))


# ------------------------------------------------------------------------------------------ parsing


def _parser() -> etree.XMLParser:
    """A parser that expands and fetches nothing. One for each batch: threads do not share parsers."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _batches(raws: Iterable[Raw]) -> Iterator[list[Raw]]:
    batch: list[Raw] = []
    size = 0
    for raw in raws:
        if batch and size + len(raw.data) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(raw)
        size += len(raw.data)
    if batch:
        yield batch


def _read_batch(raws: list[Raw]) -> Iterator[Article | Unreadable]:
    if len(raws) > 1:
        cut = [taken_out(raw.data) for raw in raws]
        parts = [b"<records>", *(_without_references(rest) for rest, _ in cut), b"</records>"]
        try:
            records = list(etree.fromstring(b"".join(parts), _parser()))
        except etree.XMLSyntaxError:
            records = []
        if len(records) == len(raws):
            yield from map(_read_element, raws, records, (plain_parts for _, plain_parts in cut))
            return
    for raw in raws:
        yield _read_alone(raw)


def _read_alone(raw: Raw) -> Article | Unreadable:
    """A single record, or one of a batch with a broken one in it: read from its elements alone."""
    try:
        return _read_element(raw, etree.fromstring(_without_references(raw.data), _parser()), {})
    except etree.XMLSyntaxError as wrong:
        return _unreadable(raw, f"no well-formed XML: {wrong.msg}")


def _read_element(raw: Raw, element: etree._Element, ready: Plain) -> Article | Unreadable:
    try:
        return _book(element) if element.tag == "PubmedBookArticle" else _article(element, ready)
    except _IncompleteError as wrong:
        return _unreadable(raw, str(wrong))


def _unreadable(raw: Raw, reason: str) -> Unreadable:
    found = _PMID.search(raw.data)
    return Unreadable(reason=reason, raw=raw.data, pmid=found[1].decode() if found else "", place=raw.place)


def _without_references(data: bytes) -> bytes:
    """The record without its reference lists, a third of a modern file's bytes, which nothing is read from.

    They stand last in their parent, so the cut from the first one's start to the last one's end is safe when
    nothing else follows any of them. A record with comments or CDATA sections is left whole.
    """
    start = end = data.find(_REFERENCES)
    if start < 0 or (b"!" in data and b"<!" in data):
        return data
    while (closing := data.find(_REFERENCES_END, end)) >= 0:
        end = closing + len(_REFERENCES_END)
        if not _AFTER_REFERENCES.match(data, end):
            return data
    return data[:start] + data[end:]


# ------------------------------------------------------------------------------------------ records


def _article(record: etree._Element, ready: Plain) -> Article:
    top = _children(record)
    whole = _needed(top, "MedlineCitation")
    outer = _children(whole)
    article = _needed(outer, "Article")
    inner = _children(article)
    data = _children(top.get("PubmedData"))
    journal = _part(ready, "Journal", inner, _journal, _NO_JOURNAL)
    info = _part(ready, "MedlineJournalInfo", outer, _journal_info, _NO_INFO)
    title, translated = citation.english_title(inline(inner.get("ArticleTitle")))
    abstract, sections, owner = _abstract(inner.get("Abstract"))
    doi, pmcid, other_ids = _identifiers(
        _all(article, inner, "ELocationID"),
        _part(ready, "ArticleIdList", data, _listed, ()),
        _all(whole, outer, "OtherID"),
    )
    history = _part(ready, "History", data, _history, _NO_HISTORY)
    authors = inner.get("AuthorList")
    pmid = _needed(outer, "PMID")
    return Article(
        pmid=_pmid(pmid),
        version=_version(pmid),
        title=title,
        title_translated=translated,
        vernacular_title=inline(inner.get("VernacularTitle")),
        abstract=abstract,
        sections=sections,
        other_abstracts=_other_abstracts(_all(whole, outer, "OtherAbstract")),
        copyright=owner,
        doi=doi,
        pmcid=pmcid,
        other_ids=other_ids,
        journal=info.abbreviation or journal.abbreviation,
        journal_title=journal.title,
        issn=journal.issn or info.issn,
        nlm_id=info.nlm_id,
        volume=journal.volume,
        issue=journal.issue,
        pages=_pages(inner.get("Pagination")),
        year=journal.printed.year,
        published=journal.printed.iso,
        published_text=journal.printed.text,
        published_online=_online(inner.get("ArticleDate")),
        entered=history.get("pubmed", ""),
        created=history.get("entrez", ""),
        mesh_date=history.get("medline", ""),
        completed=_part(ready, "DateCompleted", outer, _date, ""),
        revised=_part(ready, "DateRevised", outer, _date, ""),
        status=whole.get("Status", ""),
        indexing_method=whole.get("IndexingMethod", ""),
        publication_model=article.get("PubModel", ""),
        languages=_leaves(_all(article, inner, "Language")),
        country=info.country,
        authors=_part(ready, "AuthorList", inner, _authors, ()),
        authors_complete=authors is None or authors.get("CompleteYN") != "N",
        publication_types=_part(ready, "PublicationTypeList", inner, _publication_types, ()),
        mesh=_part(ready, "MeshHeadingList", outer, _mesh, ()),
        keywords=_keywords(_all(whole, outer, "KeywordList"), ready),
        chemicals=_part(ready, "ChemicalList", outer, _chemicals, ()),
        grants=_part(ready, "GrantList", inner, _grants, ()),
        data_banks=_data_banks(inner.get("DataBankList", ())),
        relations=_relations(outer.get("CommentsCorrectionsList", ())),
        conflict_of_interest=inline(outer.get("CoiStatement")),
    )


def _book(record: etree._Element) -> Article:
    """A book, or a chapter of one, whose ``book_title`` then says in which."""
    top = _children(record)
    document = _needed(top, "BookDocument")
    inner = _children(document)
    volume = inner.get("Book")
    book = _children(volume)
    data = _children(top.get("PubmedBookData"))
    own_title, book_title = inline(inner.get("ArticleTitle")), inline(book.get("BookTitle"))
    title, translated = citation.english_title(own_title or book_title)
    abstract, sections, owner = _abstract(inner.get("Abstract"))
    doi, pmcid, other_ids = _identifiers(
        _all(volume, book, "ELocationID"),
        _listed(inner.get("ArticleIdList", ())),
        _all(document, inner, "OtherID"),
    )
    printed = _printed(book.get("PubDate"))
    if not printed.iso:
        printed = _printed(inner.get("ContributionDate"))
    history = _history(data.get("History", ()))
    authors = _book_authors(_all(document, inner, "AuthorList"))
    authors = authors or _book_authors(_all(volume, book, "AuthorList"))
    pmid = _needed(inner, "PMID")
    return Article(
        pmid=_pmid(pmid),
        version=_version(pmid),
        title=title,
        title_translated=translated,
        vernacular_title=inline(inner.get("VernacularTitle")),
        abstract=abstract,
        sections=sections,
        copyright=owner,
        doi=doi,
        pmcid=pmcid,
        other_ids=(*other_ids, *(("isbn", isbn) for isbn in _leaves(_all(volume, book, "Isbn")))),
        book_title=book_title if own_title else "",
        volume=_leaf(book, "Volume"),
        pages=_pages(inner.get("Pagination")),
        year=printed.year,
        published=printed.iso,
        published_text=printed.text,
        entered=history.get("pubmed", ""),
        created=history.get("entrez", ""),
        mesh_date=history.get("medline", ""),
        revised=_date(inner.get("DateRevised")),
        languages=_leaves(_all(document, inner, "Language")),
        authors=authors,
        publication_types=_publication_types(_all(document, inner, "PublicationType")),
        keywords=_keywords(_all(document, inner, "KeywordList"), {}),
        grants=_grants(inner.get("GrantList", ())),
    )


def _children(element: etree._Element | None) -> _Children:
    """The children by name; of several of one name the last."""
    return {} if element is None else {child.tag: child for child in element}


def _part(
    ready: Plain, name: str, children: _Children, read: Callable[[etree._Element], _T], missing: _T
) -> _T:
    """A part that was read before parsing where its mark stands, else read from its elements."""
    element = children.get(name)
    if element is None:
        return missing
    if name in ready and element.text == MARK:
        found: _T = ready[name]  # type: ignore[assignment]
        return found
    return read(element)


def _all(parent: etree._Element | None, children: _Children, name: str) -> Iterable[etree._Element]:
    """All children of one name. Mostly there is none or one, which ``children`` tells without a search."""
    only = children.get(name)
    if only is None or parent is None:
        return ()
    return (only,) if len(children) == len(parent) else parent.iterchildren(name)


def _needed(children: _Children, name: str) -> etree._Element:
    found = children.get(name)
    if found is None:
        raise _IncompleteError(f"it has no {name}")
    return found


def _leaf(children: _Children, name: str) -> str:
    element = children.get(name)
    return "" if element is None else word(element.text)


def _leaves(elements: Iterable[etree._Element]) -> tuple[str, ...]:
    return tuple([text for element in elements if (text := inline(element))])


# ------------------------------------------------------------------------------------------ the journal

_NO_JOURNAL = Journal()
_NO_INFO = JournalInfo()
_NO_HISTORY: dict[str, str] = {}


def _journal(element: etree._Element) -> Journal:
    parts = _children(element)
    issue = _children(parts.get("JournalIssue"))
    return Journal(
        issn=_leaf(parts, "ISSN"),
        volume=_leaf(issue, "Volume"),
        issue=_leaf(issue, "Issue"),
        printed=_printed(issue.get("PubDate")),
        title=_leaf(parts, "Title"),
        abbreviation=_leaf(parts, "ISOAbbreviation"),
    )


def _journal_info(element: etree._Element) -> JournalInfo:
    return JournalInfo(
        *[_leaf(_children(element), name) for name in ("Country", "MedlineTA", "NlmUniqueID", "ISSNLinking")]
    )


# ------------------------------------------------------------------------------------------ identifiers


def _pmid(element: etree._Element) -> str:
    text = plain(element.text)
    if not _NUMBER.fullmatch(text):
        raise _IncompleteError("its PMID is no number")
    return text.lstrip("0") or "0"


def _version(element: etree._Element) -> int:
    text = element.get("Version", "1")
    return int(text) if _NUMBER.fullmatch(text) else 1


def _identifiers(
    located: Iterable[etree._Element], listed: Iterable[tuple[str, str]], others: Iterable[etree._Element]
) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """The DOI, the PMCID and all other identifiers of this very paper.

    A DOI that NLM marks as invalid (``ValidYN="N"``) is not taken from the identifier list either.
    """
    ids: list[tuple[str, str]] = []
    wrong: set[str] = set()
    for place in located:
        if place.get("ValidYN") == "N":
            wrong.add(citation.doi(place.text or ""))
        else:
            ids.append((place.get("EIdType", ""), inline(place)))
    ids += listed
    ids += [(each.get("Source", ""), inline(each)) for each in others]
    further = [pair for pair in ids if pair[0] not in _OWN_IDS and pair[1]]
    return _doi(ids, wrong), _pmcid(ids), tuple(dict.fromkeys(further)) if further else ()


def _listed(elements: Iterable[etree._Element]) -> Sequence[tuple[str, str]]:
    return [(each.get("IdType", "pubmed"), inline(each)) for each in elements]


def _doi(ids: list[tuple[str, str]], wrong: set[str]) -> str:
    for kind, value in ids:
        if kind == "doi" and (doi := citation.doi(value)) and doi not in wrong:
            return doi
    return ""


def _pmcid(ids: list[tuple[str, str]]) -> str:
    """From the list if it stands there; else from an embargoed manuscript's note or NLM's own id."""
    for wanted in ("pmc", "pmcid", "NLM"):
        for kind, value in ids:
            if kind == wanted and (wanted == "pmc" or "PMC" in value):
                found = citation.pmcid(value[value.find("PMC") :] if "PMC" in value else value)
                if found:
                    return found
    return ""


# ------------------------------------------------------------------------------------------ dates


def _parts(element: etree._Element) -> dict[str, str]:
    return {child.tag: plain(child.text) for child in element}


def _date(element: etree._Element | None) -> str:
    """Year, month and day are the first three children, which is quicker to count on than to look up."""
    if element is None:
        return ""
    parts = len(element)
    if parts >= 3:
        return citation.iso_date(element[0].text, element[1].text, element[2].text)
    return citation.iso_date(*[child.text for child in element]) if parts else ""


def _printed(element: etree._Element | None) -> Printed:
    """The journal's date. Seasons and spans keep their words ("2020 Spring")."""
    if element is None:
        return Printed()
    parts = _parts(element)
    words = parts.get("MedlineDate") or " ".join(
        parts[name] for name in ("Year", "Season", "Month", "Day") if parts.get(name)
    )
    return citation.printed_date(words) if words else Printed()


def _online(element: etree._Element | None) -> str:
    return "" if element is None or element.get("DateType", "Electronic") != "Electronic" else _date(element)


def _history(stamps: Iterable[etree._Element]) -> dict[str, str]:
    """Dates by their status: "pubmed" is what PubMed searches as [edat], "entrez" [crdt], "medline" [mhda].

    The names mislead: the *Entrez* date EDAT stands under "pubmed" since 2008, and "entrez" holds the day the
    record was created (https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101/att-PubStatus-c.html).
    """
    return {
        status: _date(stamp)
        for stamp in stamps
        if (status := stamp.get("PubStatus", "")) in ("pubmed", "entrez", "medline")
    }


def _pages(element: etree._Element | None) -> str:
    if element is None:
        return ""
    parts = _parts(element)
    ends = (parts.get("StartPage", ""), parts.get("EndPage", ""))
    return parts.get("MedlinePgn") or "-".join(page for page in ends if page)


# ------------------------------------------------------------------------------------------ abstracts


def _abstract(element: etree._Element | None) -> tuple[str, tuple[Section, ...], str]:
    """The sections one a line, each after its label; what they are; and whose they are.

    Sections without text are left out.
    """
    if element is None:
        return "", (), ""
    lines: list[str] = []
    sections: list[Section] = []
    owners: list[str] = []
    start = 0
    for part in element:
        text = inline(part)
        if not text:
            continue
        if part.tag == "AbstractText":
            label = _label(part.get("Label"))
            if label:
                lines.append(f"{label}: {text}")
                begin = start + len(label) + 2
            else:
                lines.append(text)
                begin = start
            end = begin + len(text)
            sections.append(_tuple(Section, (label, _category(part), begin, end)))
            start = end + 1
        elif part.tag == "CopyrightInformation":
            owners.append(text)
    return "\n".join(lines), tuple(sections), " ".join(owners)


@lru_cache(maxsize=4096)
def _label(printed: str | None) -> str:
    label = plain(printed).rstrip(": ")
    return "" if label.upper() in _UNLABELLED else label


def _category(part: etree._Element) -> str:
    category: str = part.get("NlmCategory", "")
    return "" if category == "UNASSIGNED" else category


def _other_abstracts(elements: Iterable[etree._Element]) -> tuple[OtherAbstract, ...]:
    others = [
        OtherAbstract(other.get("Type", ""), other.get("Language", "eng"), _abstract(other)[0])
        for other in elements
    ]
    return tuple([other for other in others if other.text])


# ------------------------------------------------------------------------------------------ people


def _authors(elements: Iterable[etree._Element]) -> tuple[Author, ...]:
    """In order, without the spellings NLM has replaced (``ValidYN="N"``)."""
    authors = [_author(element) for element in elements if element.get("ValidYN") != "N"]
    return tuple([author for author in authors if author[0] or author[4] or author[1]])


def _author(element: etree._Element) -> Author:
    last = fore = initials = suffix = group = orcid = ""
    affiliations: tuple[str, ...] = ()
    for child in element:
        tag = child.tag
        if tag == "LastName":
            last = child.text or ""
        elif tag == "ForeName":
            fore = child.text or ""
        elif tag == "Initials":
            initials = child.text or ""
        elif tag == "AffiliationInfo":
            for part in child:
                if part.tag == "Affiliation":
                    affiliations += (inline(part),)
        elif tag == "Identifier":
            orcid = citation.orcid(child.text or "") if child.get("Source") == "ORCID" else orcid
        elif tag == "CollectiveName":
            group = inline(child)
        elif tag == "Suffix":
            suffix = inline(child)
        elif tag == "Affiliation":
            affiliations += (inline(child),)
    if not tidy(f" {last} {fore} {initials} "):
        last, fore, initials = plain(last), plain(fore), plain(initials)
    equal = element.get("EqualContrib") == "Y"
    return _tuple(Author, (last, fore, initials, suffix, group, orcid, affiliations, equal))


def _book_authors(lists: Iterable[etree._Element]) -> tuple[Author, ...]:
    """Authors, not editors."""
    return tuple([author for each in lists if each.get("Type") != "editors" for author in _authors(each)])


# ------------------------------------------------------------------------------------------ indexing


def _publication_types(elements: Iterable[etree._Element]) -> tuple[PublicationType, ...]:
    return tuple(
        [PublicationType(name, kind.get("UI", "")) for kind in elements if (name := word(kind.text))]
    )


def _mesh(elements: Iterable[etree._Element]) -> tuple[MeshHeading, ...]:
    return tuple([heading for element in elements if (heading := _heading(element)).name])


def _heading(element: etree._Element) -> MeshHeading:
    name, ui, major = "", "", False
    qualifiers: tuple[MeshQualifier, ...] = ()
    for child in element:
        chief = child.get("MajorTopicYN") == "Y"
        major = major or chief
        if child.tag == "QualifierName":
            qualifiers += (MeshQualifier(word(child.text), child.get("UI", ""), chief),)
        else:
            name, ui = word(child.text), child.get("UI", "")
    return MeshHeading(name, ui, major, qualifiers)


def _keywords(lists: Iterable[etree._Element], ready: Plain) -> tuple[Keyword, ...]:
    none: list[Keyword] = []
    return tuple(
        [
            keyword
            for words in lists
            for keyword in _part(ready, "KeywordList", {"KeywordList": words}, _keywords_of, none)
        ]
    )


def _keywords_of(words: etree._Element) -> list[Keyword]:
    owner = words.get("Owner", "NLM")
    return [Keyword(text, each.get("MajorTopicYN") == "Y", owner) for each in words if (text := inline(each))]


def _chemicals(elements: Iterable[etree._Element]) -> tuple[Chemical, ...]:
    parts = [_children(element) for element in elements]
    return tuple([_chemical(part["NameOfSubstance"], part) for part in parts if "NameOfSubstance" in part])


def _chemical(name: etree._Element, parts: _Children) -> Chemical:
    number = _leaf(parts, "RegistryNumber")
    return Chemical(inline(name), name.get("UI", ""), "" if number == "0" else number)


def _grants(elements: Iterable[etree._Element]) -> tuple[Grant, ...]:
    parts = [_children(element) for element in elements]
    return tuple(
        [Grant(_leaf(part, "GrantID"), _leaf(part, "Agency"), _leaf(part, "Country")) for part in parts]
    )


def _data_banks(elements: Iterable[etree._Element]) -> tuple[DataBank, ...]:
    banks = [_children(element) for element in elements]
    return tuple(
        [
            DataBank(_leaf(bank, "DataBankName"), _leaves(bank.get("AccessionNumberList", ())))
            for bank in banks
        ]
    )


def _relations(elements: Iterable[etree._Element]) -> tuple[Relation, ...]:
    """Ties to other papers. "Cites" was the reference list of old files and is left out like any other."""
    kinds = [(tie.get("RefType", ""), tie) for tie in elements]
    return tuple([_relation(kind, _children(tie)) for kind, tie in kinds if kind != "Cites"])


def _relation(kind: str, parts: _Children) -> Relation:
    return Relation(kind, _leaf(parts, "RefSource"), _leaf(parts, "PMID"), _leaf(parts, "Note"))
