"""Every trap of PubMed's records, with made-up ones in our own words."""

from __future__ import annotations

import pytest

from aggregator.model import (
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
from aggregator.sources.pubmed_xml import Raw, canonical_hash, read_articles, read_deletions

from .made_up import paper, reading, record


def title(markup: str) -> str:
    return paper(record(title=f"<ArticleTitle>{markup}</ArticleTitle>")).title


def abstract(markup: str) -> str:
    return paper(record(f"<Abstract>{markup}</Abstract>")).abstract


# ------------------------------------------------------------------------------------------ the whole


def test_reads_a_plain_record_field_by_field() -> None:
    found = paper(
        record(
            "<Pagination><MedlinePgn>11-9</MedlinePgn></Pagination><Language>eng</Language><Language>nor</Language>"
            '<ArticleDate DateType="Electronic"><Year>2019</Year><Month>12</Month><Day>03</Day></ArticleDate>'
            '<PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList>',
            pmid="00123",
            version="2",
            date="<PubDate><Year>2020</Year><Month>Jun</Month><Day>5</Day></PubDate>",
        )
    )

    assert (found.pmid, found.version, found.origin) == ("123", 2, Origin.PUBMED_XML)
    assert (found.title, found.title_translated) == ("A made-up paper.", False)
    assert (found.journal, found.journal_title) == ("J Made Up", "Journal of made-up things")
    assert (found.issn, found.nlm_id, found.country) == ("1234-5679", "0000001", "Norway")
    assert (found.volume, found.issue, found.pages) == ("7", "2", "11-9")
    assert (found.year, found.published, found.published_text) == (2020, "2020-06-05", "")
    assert (found.published_online, found.languages) == ("2019-12-03", ("eng", "nor"))
    assert (found.status, found.publication_model) == ("MEDLINE", "Print")
    assert found.publication_types == (PublicationType("Journal Article", "D016428"),)


def test_keeps_a_record_without_abstract_authors_and_title() -> None:
    found = paper(record(title="<ArticleTitle/>"))

    assert (found.title, found.abstract, found.sections, found.authors) == ("", "", (), ())


def test_reads_many_records_in_order_and_sets_a_broken_one_aside() -> None:
    whole = [record(pmid=str(number)) for number in (1, 2, 3)]
    broken = record(pmid="9").replace("</Article>", "</Artikel>")
    raws = [Raw("article", xml.encode(), n) for n, xml in enumerate([whole[0], broken, *whole[1:]], 1)]

    first, bad, *rest = read_articles(raws)

    assert [getattr(each, "pmid", None) for each in (first, *rest)] == ["1", "2", "3"]
    assert isinstance(bad, Unreadable)
    assert (bad.pmid, bad.place, bad.raw) == ("9", "record 2", broken.encode())
    assert bad.reason.startswith("no well-formed XML: ")


@pytest.mark.parametrize("pmid", ["", "abc", "12 34", "١٢٣", "1" * 30])
def test_sets_a_record_aside_whose_pmid_is_no_number(pmid: str) -> None:
    assert isinstance(reading(record(pmid=pmid)), Unreadable)


def test_sets_a_record_aside_that_has_no_pmid() -> None:
    found = reading(record().replace('<PMID Version="1">1</PMID>', ""))

    assert isinstance(found, Unreadable)
    assert found.reason == "it has no PMID"


def test_sets_a_record_aside_whose_bytes_are_no_utf8() -> None:
    found = reading(record(title="<ArticleTitle>caf\u00e9</ArticleTitle>").encode("latin-1"))

    assert isinstance(found, Unreadable)


def test_never_expands_an_entity() -> None:
    assert isinstance(reading(record(title="<ArticleTitle>&secret;</ArticleTitle>")), Unreadable)


def test_reads_the_pmids_of_a_deletion() -> None:
    block = b'<DeleteCitation>\n<PMID Version="1">7</PMID>\n<PMID Version="2">8</PMID></DeleteCitation>'

    found = read_deletions(Raw("delete", block))

    assert getattr(found, "pmids", None) == ("7", "8")


def test_sets_a_garbled_deletion_aside() -> None:
    assert isinstance(
        read_deletions(Raw("delete", b"<DeleteCitation><PMID>x</PMID></DeleteCitation>")), Unreadable
    )


# ------------------------------------------------------------------------------------------ text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Effect of <i>Mitragyna speciosa</i> leaf", "Effect of Mitragyna speciosa leaf"),
        ("H<sub>2</sub>O, Ca<sup>2+</sup> and m<sup>2</sup>", "H2O, Ca2+ and m2"),
        ("<b>Bold <i>and <sub>deep</sub> tail</i> more</b> end", "Bold and deep tail more end"),
        ("<i>One</i> <b>two</b>", "One two"),
        ("  A\n      line   and\tmore ", "A line and more"),
        ("soft\u00adhyphen, no\u00a0break, thin\u2009space", "softhyphen, no break, thin space"),
        ("β-catenin 𝒳 \U0001f9ec", "β-catenin 𝒳 \U0001f9ec"),
        ("cafe\u0301", "caf\u00e9"),
        ("A &lt; B &amp; C", "A < B & C"),
        ("P &amp;lt; 0.05, &amp;#382;ena, R&amp;D; &amp;bogus;", "P < 0.05, žena, R&D; &bogus;"),
        ("before<!-- a remark --> after<?pi data?>.", "before after."),
        ("<![CDATA[a < b]]>", "a < b"),
    ],
)
def test_joins_the_text_of_marked_up_titles(markup: str, text: str) -> None:
    assert title(markup) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("5 × 10<sup>6</sup> cells", "5 × 10⁶ cells"),
        ("10<sup>-3</sup> and 10<sup>−9</sup>", "10⁻³ and 10⁻⁹"),
        ("in 2019<sup><i>3</i></sup>", "in 2019³"),
        ("n = 12<sup>a</sup>", "n = 12a"),
        ("kg<sup>-1</sup>", "kg-1"),
    ],
)
def test_never_turns_a_power_into_another_number(markup: str, text: str) -> None:
    assert title(markup) == text


MATH = 'xmlns:mml="http://www.w3.org/1998/Math/MathML"'


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("<mml:msub><mml:mi>T</mml:mi>\n <mml:mn>2</mml:mn></mml:msub>", "T2"),
        (
            "<mml:msup><mml:mn>10</mml:mn>\n<mml:mrow><mml:mo>-</mml:mo><mml:mn>3</mml:mn></mml:mrow></mml:msup>",
            "10⁻³",
        ),
        ("<mml:msubsup><mml:mi>B</mml:mi> <mml:mn>1</mml:mn> <mml:mo>+</mml:mo></mml:msubsup>", "B1+"),
        (
            "<mml:mfrac><mml:mn>1</mml:mn><mml:mrow><mml:mi>a</mml:mi><mml:mo>+</mml:mo><mml:mi>b</mml:mi></mml:mrow></mml:mfrac>",
            "1/(a+b)",
        ),
        ("<mml:msqrt><mml:mi>x</mml:mi></mml:msqrt>", "√x"),
        ("<mml:mi>log</mml:mi><mml:mi>x</mml:mi>", "log x"),
        ("<mml:mfenced><mml:mi>a</mml:mi><mml:mi>b</mml:mi></mml:mfenced>", "(a, b)"),
        (
            "<mml:semantics><mml:mi>p</mml:mi><mml:annotation encoding='TeX'>p</mml:annotation>"
            "<mml:annotation-xml><mml:ci>p</mml:ci></mml:annotation-xml></mml:semantics>",
            "p",
        ),
        ("<mml:mrow/>", ""),
    ],
)
def test_prints_a_formula_once_and_on_one_line(inside: str, text: str) -> None:
    assert title(f"Value <mml:math {MATH}>\n  {inside}\n</mml:math> here") == " ".join(
        f"Value {text} here".split()
    )


@pytest.mark.parametrize(
    ("printed", "text", "translated"),
    [
        ("[Made-up title].", "Made-up title.", True),
        ("[Made-up title]", "Made-up title", True),
        ("[Is it so?].", "Is it so?", True),
        ("[About [3H]water].", "About [3H]water.", True),
        ("[A [bracket forgotten].", "A [bracket forgotten.", True),
        ("[3H]Water, a label.", "[3H]Water, a label.", False),
        ("[One] and [two].", "[One] and [two].", False),
        ("[Title] rest", "[Title] rest", False),
        ("[Not Available].", "", False),
        ("[]", "", False),
        ("[", "[", False),
    ],
)
def test_takes_the_brackets_off_translated_titles_only(printed: str, text: str, translated: bool) -> None:
    found = paper(
        record(
            "<VernacularTitle>Oppdiktet <i>tittel</i>.</VernacularTitle>",
            title=f"<ArticleTitle>{printed}</ArticleTitle>",
        )
    )

    assert (found.title, found.title_translated, found.vernacular_title) == (
        text,
        translated,
        "Oppdiktet tittel.",
    )


# ------------------------------------------------------------------------------------------ abstracts


def test_prints_sections_one_a_line_after_their_labels() -> None:
    found = paper(
        record(
            "<Abstract>"
            '<AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Why <i>this</i>.</AbstractText>\n'
            '<AbstractText Label="Methods:" NlmCategory="METHODS">How.</AbstractText>'
            '<AbstractText Label="EMPTY" NlmCategory="RESULTS"> </AbstractText><AbstractText Label="NIL"/>'
            '<AbstractText Label="UNLABELLED" NlmCategory="UNASSIGNED">And so.</AbstractText>'
            "<CopyrightInformation>© Nobody.</CopyrightInformation></Abstract>"
        )
    )

    assert found.abstract == "BACKGROUND: Why this.\nMethods: How.\nAnd so."
    assert [(s.label, s.category, found.abstract[s.start : s.end]) for s in found.sections] == [
        ("BACKGROUND", "BACKGROUND", "Why this."),
        ("Methods", "METHODS", "How."),
        ("", "", "And so."),
    ]
    assert found.copyright == "© Nobody."


def test_counts_offsets_in_code_points() -> None:
    found = paper(
        record(
            "<Abstract><AbstractText>\U0001f9ec one</AbstractText><AbstractText Label='Β'>two</AbstractText></Abstract>"
        )
    )

    assert found.sections == (Section("", "", 0, 5), Section("Β", "", 9, 12))
    assert found.abstract[9:12] == "two"


def test_an_abstract_without_text_is_none() -> None:
    found = paper(
        record("<Abstract><AbstractText/><CopyrightInformation>©</CopyrightInformation></Abstract>")
    )

    assert (found.abstract, found.sections) == ("", ())


def test_keeps_other_abstracts_apart() -> None:
    found = paper(
        record(
            "<Abstract><AbstractText>Own.</AbstractText></Abstract>",
            beside='<OtherAbstract Type="Publisher" Language="ger"><AbstractText Label="ZIEL">Zweck.</AbstractText>'
            "<AbstractText>Mehr.</AbstractText></OtherAbstract>"
            '<OtherAbstract Type="plain-language-summary"><AbstractText>Simply.</AbstractText></OtherAbstract>'
            '<OtherAbstract Type="PIP"><AbstractText/></OtherAbstract>',
        )
    )

    assert found.abstract == "Own."
    assert found.other_abstracts == (
        OtherAbstract("Publisher", "ger", "ZIEL: Zweck.\nMehr."),
        OtherAbstract("plain-language-summary", "eng", "Simply."),
    )


# ------------------------------------------------------------------------------------------ identifiers

REFERENCES = (
    "<ReferenceList><Title>Refs</Title><Reference><Citation>Old work</Citation><ArticleIdList>"
    '<ArticleId IdType="pubmed">99</ArticleId><ArticleId IdType="doi">10.9999/leak</ArticleId>'
    '<ArticleId IdType="pmc">PMC99</ArticleId></ArticleIdList></Reference>'
    "<ReferenceList><Reference><Citation>Older</Citation></Reference></ReferenceList></ReferenceList>"
)
IDS = '<ArticleIdList><ArticleId IdType="pubmed">1</ArticleId>{}</ArticleIdList>'


@pytest.mark.parametrize("remark", ["", "<!-- kept whole -->"])
@pytest.mark.parametrize("behind", ["", '<ObjectList><Object Type="x"/></ObjectList>'])
def test_nothing_of_a_reference_list_passes_for_the_papers_own(remark: str, behind: str) -> None:
    found = paper(record(data=IDS.format("") + remark + REFERENCES + REFERENCES + behind))

    assert (found.pmid, found.doi, found.pmcid, found.other_ids) == ("1", "", "", ())


def test_reads_what_stands_between_two_reference_lists() -> None:
    between = IDS.format(
        '<ArticleId IdType="doi">10.1/no</ArticleId><ArticleId IdType="doi">10.1000/yes</ArticleId>'
    )

    found = paper(record(data=REFERENCES + between + REFERENCES))

    assert found.doi == "10.1000/yes"


def test_references_cited_the_old_way_are_no_relations() -> None:
    cites = (
        '<CommentsCorrections RefType="Cites"><RefSource>Old</RefSource><PMID>99</PMID></CommentsCorrections>'
    )

    assert paper(record(beside=f"<CommentsCorrectionsList>{cites}</CommentsCorrectionsList>")).relations == ()


@pytest.mark.parametrize(
    ("printed", "doi"),
    [
        ("10.1000/ABC.1", "10.1000/abc.1"),
        ("https://doi.org/10.1000/abc", "10.1000/abc"),
        ("http://dx.doi.org/10.1000/abc", "10.1000/abc"),
        ("doi: 10.1000/abc", "10.1000/abc"),
        ("10.3129/can j  ophthalmol.06-124", "10.3129/can j ophthalmol.06-124"),
        (
            "10.1002/(SICI)1097(1998)17:15&lt;1661::AID&gt;3.0.CO;2-2",
            "10.1002/(sici)1097(1998)17:15<1661::aid>3.0.co;2-2",
        ),
        ("S0000-0000(20)1", ""),
        ("10.1000", ""),
        ("", ""),
        ("10.1000/" + "x" * 600, ""),
    ],
)
def test_a_doi_is_whole_and_in_lower_case_or_absent(printed: str, doi: str) -> None:
    assert paper(record(data=IDS.format(f'<ArticleId IdType="doi">{printed}</ArticleId>'))).doi == doi


def test_takes_a_doi_that_stands_only_in_elocationid() -> None:
    found = paper(
        record(
            '<ELocationID EIdType="pii" ValidYN="Y">e7</ELocationID><ELocationID EIdType="doi">10.1000/E</ELocationID>'
        )
    )

    assert (found.doi, found.other_ids) == ("10.1000/e", (("pii", "e7"),))


def test_does_not_take_a_doi_that_is_marked_invalid() -> None:
    found = paper(
        record(
            '<ELocationID EIdType="doi" ValidYN="N">10.1000/wrong</ELocationID>',
            data=IDS.format('<ArticleId IdType="doi">10.1000/WRONG</ArticleId>'),
        )
    )

    assert found.doi == ""


@pytest.mark.parametrize(
    ("ids", "beside"),
    [
        ('<ArticleId IdType="pmc">PMC123</ArticleId>', ""),
        ('<ArticleId IdType="pmc">123</ArticleId>', ""),
        ('<ArticleId IdType="pmcid">pmc-id: PMC123;embargo-date: 2021/01/02;</ArticleId>', ""),
        ("", '<OtherID Source="NLM">PMC123 [Available on 01/01/21]</OtherID>'),
    ],
)
def test_reads_the_pmc_id_however_it_is_written(ids: str, beside: str) -> None:
    assert paper(record(data=IDS.format(ids), beside=beside)).pmcid == "PMC123"


def test_keeps_further_identifiers() -> None:
    found = paper(
        record(
            '<ELocationID EIdType="pii">x1</ELocationID>',
            data=IDS.format(
                '<ArticleId IdType="pii">x1</ArticleId><ArticleId IdType="mid">NIHMS1</ArticleId>'
            ),
            beside='<OtherID Source="NASA">42</OtherID>',
        )
    )

    assert found.other_ids == (("pii", "x1"), ("mid", "NIHMS1"), ("NASA", "42"))


# ------------------------------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("date", "year", "iso", "text"),
    [
        ("<Year>2019</Year>", 2019, "2019", ""),
        ("<Year>2019</Year><Month>Nov</Month>", 2019, "2019-11", ""),
        ("<Year>2019</Year><Month>11</Month><Day>3</Day>", 2019, "2019-11-03", ""),
        ("<Year>2019</Year><Month>Feb</Month><Day>30</Day>", 2019, "2019-02", "2019 Feb 30"),
        ("<Year>2020</Year><Season>Spring</Season>", 2020, "2020", "2020 Spring"),
        ("<MedlineDate>2019 Nov-Dec</MedlineDate>", 2019, "2019-11", "2019 Nov-Dec"),
        ("<MedlineDate>1998-1999</MedlineDate>", 1998, "1998", "1998-1999"),
        ("<MedlineDate>1998 Dec-1999 Jan</MedlineDate>", 1998, "1998-12", "1998 Dec-1999 Jan"),
        ("<MedlineDate>1977 Apr 17-21</MedlineDate>", 1977, "1977-04", "1977 Apr 17-21"),
        ("<MedlineDate>2021 3rd Quarter</MedlineDate>", 2021, "2021", "2021 3rd Quarter"),
        ("<MedlineDate>Winter 1999</MedlineDate>", 1999, "1999", "Winter 1999"),
        ("<MedlineDate>no date</MedlineDate>", None, "", "no date"),
        ("<Year>0000</Year>", None, "", "0000"),
        ("", None, "", ""),
    ],
)
def test_reads_the_journals_date_no_further_than_it_goes(
    date: str, year: int | None, iso: str, text: str
) -> None:
    found = paper(record(date=f"<PubDate>{date}</PubDate>"))

    assert (found.year, found.published, found.published_text) == (year, iso, text)


def test_takes_the_entry_date_from_pubmed_and_the_creation_date_from_entrez() -> None:
    def stamp(status: str, day: int) -> str:
        return (
            f'<PubMedPubDate PubStatus="{status}"><Year>2021</Year><Month>6</Month><Day>{day}</Day>'
            "<Hour>6</Hour><Minute>0</Minute></PubMedPubDate>"
        )

    stamps = "".join(
        stamp(name, day) for name, day in (("received", 1), ("entrez", 2), ("pubmed", 3), ("medline", 4))
    )
    done = "<DateCompleted><Year>2021</Year><Month>07</Month><Day>01</Day></DateCompleted>"
    revised = "<DateRevised><Year>2021</Year><Month>08</Month><Day>01</Day></DateRevised>"

    found = paper(record(data=f"<History>{stamps}</History>", beside=done + revised))

    assert (found.entered, found.created, found.mesh_date) == ("2021-06-03", "2021-06-02", "2021-06-04")
    assert (found.completed, found.revised) == ("2021-07-01", "2021-08-01")


def test_joins_start_and_end_page_where_there_is_no_other_form() -> None:
    pages = "<Pagination><StartPage>113</StartPage><EndPage>125</EndPage>{}</Pagination>"

    assert paper(record(pages.format(""))).pages == "113-125"
    assert paper(record(pages.format("<MedlinePgn>113-25</MedlinePgn>"))).pages == "113-25"


# ------------------------------------------------------------------------------------------ people


def test_reads_people_and_groups_in_order() -> None:
    found = paper(
        record(
            '<AuthorList CompleteYN="N">'
            '<Author ValidYN="Y" EqualContrib="Y"><LastName>Ås</LastName><ForeName>Kari E</ForeName><Initials>KE</Initials>'
            '<Suffix>Jr</Suffix><Identifier Source="ORCID">https://orcid.org/0000-0001-2345-678x</Identifier>'
            '<Identifier Source="GRID">grid.1</Identifier>'
            "<AffiliationInfo><Affiliation>Here <i>and</i> now.</Affiliation><Identifier Source='ISNI'>0</Identifier>"
            "</AffiliationInfo><AffiliationInfo><Affiliation>There.</Affiliation></AffiliationInfo></Author>"
            '<Author ValidYN="N"><LastName>Aas</LastName></Author>'
            '<Author><LastName>Mononym</LastName><Identifier Source="ORCID">0000000123456789</Identifier></Author>'
            "<Author><CollectiveName>The <b>Group</b></CollectiveName></Author><Author/></AuthorList>"
        )
    )

    assert found.authors == (
        Author("Ås", "Kari E", "KE", "Jr", "", "0000-0001-2345-678X", ("Here and now.", "There."), True),
        Author("Mononym", orcid="0000-0001-2345-6789"),
        Author(collective="The Group"),
    )
    assert [author.name for author in found.authors] == ["Ås KE Jr", "Mononym", "The Group"]
    assert not found.authors_complete


def test_reads_a_thousand_authors() -> None:
    people = "".join(f"<Author><LastName>N{number}</LastName></Author>" for number in range(1000))

    assert [author.last for author in paper(record(f"<AuthorList>{people}</AuthorList>")).authors] == [
        f"N{number}" for number in range(1000)
    ]


# ------------------------------------------------------------------------------------------ indexing and relations


def test_reads_headings_with_their_major_marks() -> None:
    found = paper(
        record(
            beside="<MeshHeadingList>"
            '<MeshHeading><DescriptorName UI="D1" MajorTopicYN="Y">Liver</DescriptorName></MeshHeading>'
            '<MeshHeading><DescriptorName UI="D2" MajorTopicYN="N">Mitragyna</DescriptorName>'
            '<QualifierName UI="Q1" MajorTopicYN="N">chemistry</QualifierName>'
            '<QualifierName UI="Q2" MajorTopicYN="Y">adverse effects</QualifierName></MeshHeading></MeshHeadingList>'
        )
    )

    assert found.mesh == (
        MeshHeading("Liver", "D1", True),
        MeshHeading(
            "Mitragyna",
            "D2",
            True,
            (MeshQualifier("chemistry", "Q1"), MeshQualifier("adverse effects", "Q2", True)),
        ),
    )


def test_keeps_keywords_with_their_owners() -> None:
    found = paper(
        record(
            beside='<KeywordList Owner="NOTNLM"><Keyword MajorTopicYN="N">α-<i>alkaloid</i></Keyword><Keyword/></KeywordList>'
            '<KeywordList Owner="KIE"><Keyword MajorTopicYN="Y">Ethics</Keyword></KeywordList>'
        )
    )

    assert found.keywords == (Keyword("α-alkaloid", False, "NOTNLM"), Keyword("Ethics", True, "KIE"))


def test_reads_chemicals_grants_data_banks_and_interests() -> None:
    found = paper(
        record(
            "<DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName><AccessionNumberList>"
            "<AccessionNumber>NCT00000001</AccessionNumber><AccessionNumber>NCT00000002</AccessionNumber>"
            "</AccessionNumberList></DataBank><DataBank><DataBankName>GENBANK</DataBankName></DataBank></DataBankList>"
            "<GrantList><Grant><GrantID>R01</GrantID><Acronym>DA</Acronym><Agency>A fund</Agency><Country>Norway"
            "</Country></Grant><Grant><Agency>Another</Agency><Country/></Grant></GrantList>",
            beside="<ChemicalList><Chemical><RegistryNumber>0</RegistryNumber><NameOfSubstance UI='D3'>Alkaloids"
            "</NameOfSubstance></Chemical><Chemical><RegistryNumber>EP479K822J</RegistryNumber>"
            "<NameOfSubstance UI='C1'>mitragynine</NameOfSubstance></Chemical></ChemicalList>"
            "<CoiStatement>None <i>declared</i>.</CoiStatement>",
        )
    )

    assert found.data_banks == (
        DataBank("ClinicalTrials.gov", ("NCT00000001", "NCT00000002")),
        DataBank("GENBANK"),
    )
    assert found.grants == (Grant("R01", "A fund", "Norway"), Grant("", "Another", ""))
    assert found.chemicals == (Chemical("Alkaloids", "D3"), Chemical("mitragynine", "C1", "EP479K822J"))
    assert found.conflict_of_interest == "None declared."


def relations(kind: str) -> tuple[Relation, ...]:
    tie = f'<CommentsCorrections RefType="{kind}"><RefSource>J Made Up. 2021</RefSource><PMID Version="1">2</PMID><Note>n</Note></CommentsCorrections>'
    return paper(record(beside=f"<CommentsCorrectionsList>{tie}</CommentsCorrectionsList>")).relations


@pytest.mark.parametrize(
    "kind", ["RetractionIn", "RetractionOf", "ErratumFor", "UpdateIn", "ExpressionOfConcernIn"]
)
def test_keeps_ties_to_other_papers_in_nlms_words(kind: str) -> None:
    assert relations(kind) == (Relation(kind, "J Made Up. 2021", "2", "n"),)


def test_a_correction_keeps_its_own_title_and_pmid() -> None:
    tie = '<CommentsCorrections RefType="ErratumFor"><RefSource>J</RefSource><PMID>5</PMID></CommentsCorrections>'
    found = paper(
        record(
            pmid="6",
            title="<ArticleTitle>Correction to: A made-up paper.</ArticleTitle>",
            beside=f"<CommentsCorrectionsList>{tie}</CommentsCorrectionsList>",
        )
    )

    assert (found.pmid, found.title) == ("6", "Correction to: A made-up paper.")
    assert found.relations == (Relation("ErratumFor", "J", "5"),)


# ------------------------------------------------------------------------------------------ books

BOOK = (
    '<PubmedBookArticle><BookDocument><PMID Version="1">77</PMID><ArticleIdList>'
    '<ArticleId IdType="bookaccession">NBK1</ArticleId><ArticleId IdType="doi">10.1000/CH</ArticleId></ArticleIdList>'
    "<Book><Publisher><PublisherName>P</PublisherName></Publisher><BookTitle book='b'>The <i>Book</i></BookTitle>"
    "<PubDate><Year>2020</Year><Month>01</Month></PubDate>"
    '<AuthorList Type="editors"><Author><LastName>Editor</LastName></Author></AuthorList>'
    "{book_authors}<Volume>3</Volume><Isbn>9780000000002</Isbn></Book>{title}<Language>eng</Language>"
    '{authors}<PublicationType UI="D016454">Review</PublicationType>'
    "<Abstract><AbstractText>About it.</AbstractText></Abstract>"
    '<KeywordList Owner="NLM"><Keyword>word</Keyword></KeywordList>'
    "<DateRevised><Year>2021</Year><Month>2</Month><Day>3</Day></DateRevised>"
    "</BookDocument><PubmedBookData><History><PubMedPubDate PubStatus='pubmed'><Year>2020</Year><Month>2</Month>"
    "<Day>1</Day></PubMedPubDate></History><PublicationStatus>ppublish</PublicationStatus></PubmedBookData>"
    "</PubmedBookArticle>"
)


def test_reads_a_chapter_of_a_book() -> None:
    xml = BOOK.format(
        title="<ArticleTitle>A chapter</ArticleTitle>",
        authors='<AuthorList Type="authors"><Author><LastName>Writer</LastName></Author></AuthorList>',
        book_authors="",
    )

    found = paper(xml, "book")

    assert (found.pmid, found.title, found.book_title) == ("77", "A chapter", "The Book")
    assert (found.abstract, found.journal, found.volume) == ("About it.", "", "3")
    assert (found.doi, found.other_ids) == (
        "10.1000/ch",
        (("bookaccession", "NBK1"), ("isbn", "9780000000002")),
    )
    assert (found.published, found.entered, found.revised) == ("2020-01", "2020-02-01", "2021-02-03")
    assert found.authors == (Author("Writer"),)
    assert found.publication_types == (PublicationType("Review", "D016454"),)
    assert found.keywords == (Keyword("word", False, "NLM"),)


def test_a_whole_book_has_its_own_title_and_its_authors_not_its_editors() -> None:
    authors = '<AuthorList Type="authors"><Author><LastName>Author</LastName></Author></AuthorList>'

    found = paper(BOOK.format(title="", authors="", book_authors=authors), "book")

    assert (found.title, found.book_title, found.authors) == ("The Book", "", (Author("Author"),))


# ------------------------------------------------------------------------------------------ hash


def test_the_content_hash_ignores_layout_and_attribute_order() -> None:
    flat = record(
        '<AuthorList CompleteYN="Y"><Author ValidYN="Y" EqualContrib="Y"><LastName>A</LastName></Author></AuthorList>'
    )
    laid_out = flat.replace("><", ">\n    <").replace(
        'ValidYN="Y" EqualContrib="Y"', 'EqualContrib="Y"  ValidYN="Y"'
    )

    assert canonical_hash(paper(flat)) == canonical_hash(paper(laid_out))
    assert len(canonical_hash(paper(flat))) == 16


def test_the_content_hash_changes_with_the_content() -> None:
    assert canonical_hash(paper(record())) != canonical_hash(paper(record(status="Publisher")))


def test_the_content_hash_is_the_same_in_every_process() -> None:
    assert canonical_hash(paper(record())).hex() == "281aa3d4815e402385e600a16923b76b"
