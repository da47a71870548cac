"""Parts read from a record's bytes: the same as from its elements, whatever stands in them."""

from __future__ import annotations

import random
import time

import pytest

from aggregator.model import Article
from aggregator.sources.files import open_source
from aggregator.sources.plain_lists import taken_out
from aggregator.sources.pubmed_xml import Raw, read_article, read_articles

from .made_up import BASELINE_FILE, UPDATE_FILE, paper, real_file, record

AUTHORS = (
    '<AuthorList CompleteYN="Y">\n  <Author ValidYN="Y" EqualContrib="Y"><LastName>Alm</LastName><ForeName>Bo Åke</ForeName>'
    '<Initials>BÅ</Initials><Identifier Source="ORCID">0000-0001-2345-6789</Identifier>'
    "<AffiliationInfo><Affiliation>Ward 1, Oslo &amp; Bergen.</Affiliation></AffiliationInfo>"
    "<AffiliationInfo><Affiliation>Ward  2.</Affiliation></AffiliationInfo></Author>\n"
    '<Author ValidYN="N"><LastName>Old</LastName></Author>'
    '<Author ValidYN="Y"><CollectiveName>The made-up group</CollectiveName></Author></AuthorList>'
)
INSIDE = (
    '<Abstract><AbstractText Label="AIM:" NlmCategory="OBJECTIVE">To see if P &lt; 0.05 &amp;amp; so on.</AbstractText>'
    "<AbstractText> </AbstractText><AbstractText>It was.</AbstractText>"
    "<CopyrightInformation>© Us.</CopyrightInformation></Abstract>"
    + AUTHORS
    + "<Language>eng</Language>"
    + '<GrantList CompleteYN="Y"><Grant><GrantID>G1</GrantID><Agency>A</Agency><Country>Norway</Country></Grant></GrantList>'
    + '<PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList>'
)
BESIDE = (
    "<ChemicalList><Chemical><RegistryNumber>0</RegistryNumber><NameOfSubstance UI='D1'>Salt</NameOfSubstance></Chemical>"
    "</ChemicalList>".replace("'", '"')
    + '<MeshHeadingList><MeshHeading><DescriptorName UI="D2" MajorTopicYN="N">Pain</DescriptorName>'
    '<QualifierName UI="Q1" MajorTopicYN="Y">prevention &amp; control</QualifierName></MeshHeading></MeshHeadingList>'
    '<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">made up</Keyword></KeywordList>'
)
DATA = (
    '<History><PubMedPubDate PubStatus="pubmed"><Year>2020</Year><Month>1</Month><Day>2</Day><Hour>6</Hour>'
    '<Minute>0</Minute></PubMedPubDate><PubMedPubDate PubStatus="entrez"><Year>2020</Year><Month>1</Month><Day>1</Day>'
    '</PubMedPubDate></History><ArticleIdList><ArticleId IdType="doi">10.1000/made.up</ArticleId></ArticleIdList>'
)
WHOLE = record(INSIDE, beside=BESIDE, data=DATA)
ODD = (
    "", " ", "\n", "<", ">", "/", '"', "&", "&amp;", "&lt;", "&amp;lt;", "&#65;", "]]>", "\x01", "\x02", "\x7f",
    "\u00ad", "\u0085", "\ufffe", "e\u0301", "\U0001f9ec", "<i>x</i>", "<!-- x -->", "<?x y?>", "<![CDATA[<y>]]>",
    "<AuthorList/>", "<History/>", "<Author/>", "</AuthorList>", "<Abstract>", ' Type="x"', "0000", "x" * 50,
)  # fmt: skip


def both(xml: str) -> None:
    """Read alone, from elements, and in a batch."""
    raw = Raw("article", xml.encode())
    alone = read_article(raw)
    assert read_articles((raw, raw)) == [alone, alone]


def test_takes_out_every_plain_part() -> None:
    rest, found = taken_out(WHOLE.encode())

    assert list(found) == [
        "Journal",
        "AuthorList",
        "GrantList",
        "PublicationTypeList",
        "MedlineJournalInfo",
        "ChemicalList",
        "MeshHeadingList",
        "KeywordList",
        "History",
        "ArticleIdList",
    ]
    assert len(rest) < len(WHOLE) / 2
    assert paper(WHOLE).authors[0].affiliations == ("Ward 1, Oslo & Bergen.", "Ward 2.")
    assert paper(WHOLE).abstract == "AIM: To see if P < 0.05 & so on.\nIt was."


@pytest.mark.parametrize(
    "odd",
    [
        WHOLE.replace(AUTHORS, AUTHORS + '<AuthorList CompleteYN="N"/>'),
        WHOLE.replace(AUTHORS, f"<Other>{AUTHORS}</Other>"),
        WHOLE.replace(AUTHORS, f"<Other>{AUTHORS}</Other><AuthorList>\x7f</AuthorList>"),
        WHOLE.replace(AUTHORS, f"<!-- {AUTHORS} -->"),
        WHOLE.replace(AUTHORS, f"<VernacularTitle><![CDATA[{AUTHORS}]]></VernacularTitle>"),
        WHOLE.replace(AUTHORS, f"<?note {AUTHORS} ?>"),
        WHOLE.replace(AUTHORS, AUTHORS + AUTHORS),
        WHOLE.replace("<History>", '<History xmlns="urn:x">'),
        WHOLE.replace("<PubmedData>", '<PubmedData xmlns="urn:x">'),
        WHOLE.replace("<LastName>Alm", '<LastName a="b">Alm'),
    ],
)
def test_takes_a_part_only_for_what_it_is(odd: str) -> None:
    both(odd)


def test_reads_the_same_from_bytes_as_from_elements_however_a_record_is_spoilt() -> None:
    chance = random.Random(7)
    for _ in range(3000):
        xml = WHOLE
        for _ in range(chance.randint(1, 2)):
            start = chance.randrange(len("<PubmedArticle>"), len(xml))
            if chance.random() < 0.5:
                start = max(start, xml.find(chance.choice("<>"), start) + chance.randint(0, 1))
            start = min(start, len(xml) - len("</PubmedArticle>") - 5)
            xml = xml[:start] + chance.choice(ODD) + xml[start + chance.choice((0, 0, 0, 1, 5)) :]
        both(xml)


@pytest.mark.real
@pytest.mark.parametrize("name", [UPDATE_FILE, BASELINE_FILE])
def test_reads_the_same_from_bytes_as_from_elements_in_real_records(name: str) -> None:
    with open_source(real_file(name)) as source:
        raws = [
            item.record
            for number, item in enumerate(source.items())
            if number % 10 == 0 and item.record and item.kind == "article"
        ]

    taken = sum("AuthorList" in taken_out(raw.data)[1] for raw in raws)
    assert taken > len(raws) * 0.8
    for raw, read in zip(raws, read_articles(raws), strict=True):
        assert isinstance(read, Article)
        assert read == read_article(raw)


@pytest.mark.parametrize("filler", [" ", "<Author", '<Author ValidYN="Y">', "<LastName>", "&amp;", "a"])
def test_no_input_makes_the_patterns_slow(filler: str) -> None:
    xml = WHOLE.replace("</AuthorList>", filler * 100_000 + "</AuthorList>").encode()

    begun = time.process_time()
    taken_out(xml)
    assert time.process_time() - begun < 1
