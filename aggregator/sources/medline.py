"""MEDLINE text (``.nbib``, "PubMed format") read into papers by Biopython's parser.

Lines are unfolded and bounded before the parser sees them: it keeps a folded keyword as two, and would hold a
line without end. Abstracts come flat in this format; their sections are recognised by their printed labels.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from aggregator.errors import InputError
from aggregator.model import (
    Article,
    Author,
    Chemical,
    DataBank,
    Grant,
    Keyword,
    MeshHeading,
    MeshQualifier,
    Origin,
    OtherAbstract,
    PublicationType,
    Relation,
    Section,
    Unreadable,
)
from aggregator.sources import citation
from aggregator.sources.envelope import CHUNK, LONGEST_RECORD, Readable
from aggregator.text import clean

LONGEST_LINE: Final = 4 << 20

_NO_MEDLINE = "this is no MEDLINE text, or it is damaged"
_TAG = re.compile(rb"[A-Z][A-Z0-9]{1,3} *- ?")
_FIRST = re.compile(rb"PMID *- ?")
_PMID = re.compile(rb"^PMID *- ?(\d{1,10})\s*$", re.MULTILINE)
_TYPED = re.compile(r"(\S.*?) \[(\w+)\](?:\s|$)")
_ISSN = re.compile(r"(\d{4}-\d{3}[\dXx])")
_DAY = re.compile(r"(\d{4})[/-]?(\d\d)[/-]?(\d\d)")
_RELATED = re.compile(r"\bPMID: *(\d{1,10})")
_LABEL = re.compile(r"(?:^|(?<=[.?!)\]%] ))([A-Z][A-Z0-9 &/,'()-]{1,78}[A-Z)]): (?=\S)")
_KNOWN_LABELS = frozenset(
    (
        "BACKGROUND", "OBJECTIVE", "OBJECTIVES", "AIM", "AIMS", "PURPOSE", "INTRODUCTION", "CONTEXT",
        "IMPORTANCE", "METHODS", "METHOD", "DESIGN", "RESULTS", "FINDINGS",
        "CONCLUSION", "CONCLUSIONS", "DISCUSSION", "INTERPRETATION", "SUMMARY", "MOTIVATION", "RATIONALE",
    )
)  # fmt: skip
_OWNERS = {"NOTNLM": "NOTNLM", "NLM": "NLM", "KIE": "KIE", "PIP": "PIP", "NASA": "NASA", "HHS": "HHS"}
_RELATIONS = {
    "CIN": "CommentIn", "CON": "CommentOn", "EIN": "ErratumIn", "EFR": "ErratumFor",
    "CRI": "CorrectedandRepublishedIn", "CRF": "CorrectedandRepublishedFrom",
    "PRIN": "PartialRetractionIn", "PROF": "PartialRetractionOf",
    "RPI": "RepublishedIn", "RPF": "RepublishedFrom",
    "RIN": "RetractionIn", "ROF": "RetractionOf", "RRI": "RetractedandRepublishedIn",
    "RRF": "RetractedandRepublishedFrom", "UIN": "UpdateIn", "UOF": "UpdateOf",
    "SPIN": "SummaryForPatientsIn", "ORI": "OriginalReportIn", "ECI": "ExpressionOfConcernIn",
    "ECF": "ExpressionOfConcernFor", "DDIN": "AssociatedDataset", "DRIN": "AssociatedPublication",
}  # fmt: skip

_OTHER_KINDS = ("Publisher", "plain-language-summary", "AIDS", "KIE", "PIP", "NASA", "AAMC")

_Fields = dict[str, list[str]]


def raw_texts(stream: Readable) -> Iterator[bytes]:
    """The text of each record, cut at empty lines and where the next PMID begins.

    Raises: `InputError` for a line or a record without end.
    """
    lines: list[bytes] = []
    size, named = 0, False
    for line in _lines(stream):
        empty, first = not line.strip(), bool(_FIRST.match(line))
        if lines and ((empty and not line.startswith(b"      ")) or (first and named)):
            yield b"".join(lines)
            lines, size, named = [], 0, False
        if empty and not lines:
            continue
        lines.append(line)
        size, named = size + len(line), named or first
        if size > LONGEST_RECORD:
            raise InputError(f"one record is longer than {LONGEST_RECORD >> 20} MB", hint=_NO_MEDLINE)
    if lines:
        yield b"".join(lines)


def read_text(data: bytes, place: str = "") -> Article | Unreadable:
    """The paper in the text of one record."""
    try:
        return _article(_fields(data))
    except UnicodeDecodeError:
        reason = "not UTF-8: save the file as UTF-8"
    except (ValueError, KeyError, IndexError) as wrong:
        reason = f"no MEDLINE record: {wrong}"
    found = _PMID.search(data)
    return Unreadable(reason=reason, raw=data, pmid=found[1].decode() if found else "", place=place)


def read_texts(stream: Readable) -> Iterator[tuple[bytes, Article | Unreadable]]:
    """Each record's text with the paper in it."""
    for number, data in enumerate(raw_texts(stream), 1):
        yield data, read_text(data, f"record {number}")


# ------------------------------------------------------------------------------------------ lines and fields


def _lines(stream: Readable) -> Iterator[bytes]:
    rest = b""
    start = True
    while part := stream.read(CHUNK):
        rest += part
        if start and len(rest) >= len(codecs.BOM_UTF8):
            rest, start = rest.removeprefix(codecs.BOM_UTF8), False
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > LONGEST_LINE:
            raise InputError(f"a line is longer than {LONGEST_LINE >> 20} MB", hint=_NO_MEDLINE)
    if rest:
        yield rest


def _fields(data: bytes) -> _Fields:
    """The fields by tag, each a list of values, as Biopython reads them; "order" has the tags in turn."""
    from Bio import Medline

    lines = list(_unfolded(data.decode("utf-8").splitlines()))
    record = next(iter(Medline.parse(lines)), None)  # type: ignore[no-untyped-call]  # Bio has no types
    if record is None or not record.get("PMID"):
        raise ValueError("it has no PMID")
    fields = {tag: [value] if isinstance(value, str) else list(value) for tag, value in record.items()}
    fields["order"] = [line[:4].rstrip() for line in lines]
    return fields


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    whole: list[str] = []
    for line in lines:
        if line.startswith("      ") and whole:
            whole.append(line.strip())
        elif line.strip():
            if whole:
                yield " ".join(whole)
            if not _TAG.match(line.encode()):
                raise ValueError("a line without a tag")
            whole = [line.rstrip()]
    if whole:
        yield " ".join(whole)


def _article(fields: _Fields) -> Article:
    title, translated = citation.english_title(_one(fields, "TI") or _one(fields, "BTI"))
    abstract, sections = _abstract(_one(fields, "AB"))
    printed = citation.printed_date(_one(fields, "DP"))
    ids = [found for tag in ("LID", "AID") for found in _TYPED.findall(_one(fields, tag))]
    pmid = _one(fields, "PMID")
    if not re.fullmatch(r"[0-9]{1,10}", pmid):
        raise ValueError("its PMID is no number")
    return Article(
        origin=Origin.MEDLINE,
        pmid=pmid.lstrip("0") or "0",
        title=title,
        title_translated=translated,
        vernacular_title=_one(fields, "TT"),
        abstract=abstract,
        sections=sections,
        other_abstracts=_other_abstracts(fields),
        copyright=_one(fields, "CI"),
        doi=next((doi for value, kind in ids if kind == "doi" and (doi := citation.doi(value))), ""),
        pmcid=citation.pmcid(_one(fields, "PMC")),
        other_ids=_other_ids(fields, ids),
        journal=_one(fields, "TA"),
        journal_title=_one(fields, "JT"),
        issn=_issn(_one(fields, "IS")),
        nlm_id=_one(fields, "JID"),
        volume=_one(fields, "VI"),
        issue=_one(fields, "IP"),
        pages=_one(fields, "PG"),
        year=printed.year,
        published=printed.iso,
        published_text=printed.text,
        published_online=_day(fields, "DEP"),
        entered=_day(fields, "EDAT"),
        created=_day(fields, "CRDT"),
        mesh_date=_day(fields, "MHDA"),
        completed=_day(fields, "DCOM"),
        revised=_day(fields, "LR"),
        status=_one(fields, "STAT"),
        publication_model=_one(fields, "PUBM"),
        languages=_all(fields, "LA"),
        country=_one(fields, "PL"),
        authors=_authors(fields),
        publication_types=tuple(PublicationType(name) for name in _all(fields, "PT")),
        mesh=tuple(_heading(text) for text in _all(fields, "MH")),
        keywords=_keywords(fields),
        chemicals=tuple(_chemical(text) for text in _all(fields, "RN")),
        grants=tuple(_grant(text) for text in _all(fields, "GR")),
        data_banks=_data_banks(fields),
        relations=_relations(fields),
        conflict_of_interest=_one(fields, "COIS"),
        book_title=_one(fields, "BTI") if "TI" in fields else "",
    )


def _one(fields: _Fields, tag: str) -> str:
    return clean(" ".join(fields.get(tag, ())))


def _all(fields: _Fields, tag: str) -> tuple[str, ...]:
    return tuple(text for value in fields.get(tag, ()) if (text := clean(value)))


def _day(fields: _Fields, tag: str) -> str:
    found = _DAY.match(_one(fields, tag))
    return citation.iso_date(*found.groups()) if found else ""


def _issn(text: str) -> str:
    found = _ISSN.search(text)
    return found[1] if found else ""


def _other_ids(fields: _Fields, ids: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    found = [(kind, value) for value, kind in ids if kind != "doi"]
    found += [("mid", value) for value in _all(fields, "MID")]
    found += [("isbn", value) for value in _all(fields, "ISBN")]
    return tuple(dict.fromkeys(found))


# ------------------------------------------------------------------------------------------ abstracts


def _abstract(text: str) -> tuple[str, tuple[Section, ...]]:
    """The abstract with its sections one a line, where the printed labels show them."""
    labels = _labels(text)
    if not labels:
        return text, (Section("", "", 0, len(text)),) if text else ()
    starts = [label.start(1) for label in labels]
    lines = [text[start:end].rstrip() for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    sections: list[Section] = []
    at = 0
    for label, line in zip(labels, lines, strict=True):
        sections.append(Section(label[1], "", at + len(label[1]) + 2, at + len(line)))
        at += len(line) + 1
    return "\n".join(lines), tuple(sections)


def _labels(text: str) -> list[re.Match[str]]:
    """Printed labels: capitals and a colon after a full stop.

    They are believed when the first stands at the very start, there are two or more, and one of them is a
    word that abstracts are known to be divided by.
    """
    found = [label for label in _LABEL.finditer(text) if label[1].count(" ") < 9]
    known = any(_KNOWN_LABELS.intersection(re.findall("[A-Z]+", label[1])) for label in found)
    return found if len(found) > 1 and found[0].start() == 0 and known else []


def _other_abstracts(fields: _Fields) -> tuple[OtherAbstract, ...]:
    languages = [*_all(fields, "OABL"), *("" for _ in fields.get("OAB", ()))]
    found = []
    for text, language in zip(_all(fields, "OAB"), languages, strict=False):
        kind, colon, rest = text.partition(": ")
        typed = colon and kind in _OTHER_KINDS
        found.append(OtherAbstract(kind if typed else "", language, rest if typed else text))
    return tuple(found)


# ---------------------------------------------------------------------------------------- people, indexing


def _authors(fields: _Fields) -> tuple[Author, ...]:
    """In the order of the lines: what follows an author's name, up to the next, is the author's."""
    values = {tag: iter(fields.get(tag, ())) for tag in ("FAU", "AU", "AUID", "AD", "CN")}
    early = _address_of_all(fields)
    authors: list[Author] = []
    named = False
    for tag in fields["order"]:
        value = clean(next(values[tag], "")) if tag in values else ""
        if tag == "CN":
            authors.append(Author(collective=value))
        elif tag == "FAU" or (tag == "AU" and not named):
            authors.append(_named(value))
        elif tag == "AU":
            authors[-1] = _with_initials(authors[-1], value)
        elif tag == "AUID" and authors:
            authors[-1] = authors[-1]._replace(orcid=citation.orcid(value) or authors[-1].orcid)
        elif tag == "AD" and authors and not early:
            authors[-1] = authors[-1]._replace(affiliations=(*authors[-1].affiliations, value))
        named = tag == "FAU" or (named and tag in ("AUID", "AD"))
    if early and authors:
        authors[0] = authors[0]._replace(affiliations=(early,))
    return tuple(authors)


def _address_of_all(fields: _Fields) -> str:
    """The one address of records made before 2014, which stands before the authors and is the first one's."""
    order = fields["order"]
    people = [order.index(tag) for tag in ("FAU", "AU", "CN") if tag in order]
    early = "AD" in order and people and order.index("AD") < min(people)
    return clean(fields["AD"][0]) if early else ""


def _named(text: str) -> Author:
    last, comma, fore = text.partition(",")
    if comma:
        fore, _, suffix = fore.strip().partition(", ")
        return Author(last=last.strip(), fore=fore, suffix=suffix)
    last, _, initials = text.rpartition(" ")
    return Author(last=last, initials=initials) if last and initials.isupper() else Author(last=text)


def _with_initials(author: Author, short: str) -> Author:
    """What follows the last name in "Mangalam H 3rd": the initials, and maybe a suffix."""
    initials, _, suffix = short.removeprefix(author.last).strip().partition(" ")
    return author._replace(initials=initials, suffix=author.suffix or suffix)


def _heading(text: str) -> MeshHeading:
    name, *subheadings = text.split("/")
    qualifiers = tuple(MeshQualifier(each.lstrip("*"), major=each.startswith("*")) for each in subheadings)
    major = name.startswith("*") or any(each.major for each in qualifiers)
    return MeshHeading(name.lstrip("*"), major=major, qualifiers=qualifiers)


def _keywords(fields: _Fields) -> tuple[Keyword, ...]:
    owner = _OWNERS.get(_one(fields, "OTO").split(" ")[0], "")
    return tuple(Keyword(text.lstrip("*"), text.startswith("*"), owner) for text in _all(fields, "OT"))


def _chemical(text: str) -> Chemical:
    number, bracket, name = text.partition(" (")
    if not bracket:
        return Chemical(name=text)
    return Chemical(name=name.removesuffix(")"), registry_number="" if number == "0" else number)


def _grant(text: str) -> Grant:
    """ "R01 CA1/CA/NCI NIH HHS/United States": number, acronym, agency, country, the first two not always."""
    *first, agency, country = ["", *text.rsplit("/", 3)] if "/" in text else ["", text, ""]
    return Grant(next(filter(None, first), ""), agency, country)


def _data_banks(fields: _Fields) -> tuple[DataBank, ...]:
    banks: dict[str, list[str]] = {}
    for text in _all(fields, "SI"):
        name, _, accession = text.partition("/")
        banks.setdefault(name, []).extend([accession] if accession else [])
    return tuple(DataBank(name, tuple(accessions)) for name, accessions in banks.items())


def _relations(fields: _Fields) -> tuple[Relation, ...]:
    ties = []
    for tag in dict.fromkeys(fields["order"]):
        for text in _all(fields, tag) if tag in _RELATIONS else ():
            pmid = _RELATED.search(text)
            source = text[: pmid.start()].rstrip(" .") if pmid else text
            ties.append(Relation(_RELATIONS[tag], source, pmid[1] if pmid else ""))
    return tuple(ties)
