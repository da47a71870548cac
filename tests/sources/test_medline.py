"""MEDLINE text, with made-up records and the recorded ones where they lie beside the repository."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import AggregatorError, InputError
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
    Unreadable,
)
from aggregator.sources.medline import raw_texts, read_text, read_texts

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "eutils" / "recorded" / "biopython"

WHOLE = """PMID- 123
OWN - NLM
STAT- MEDLINE
DCOM- 20210701
LR  - 20210801
IS  - 1234-5679 (Electronic)
IS  - 1234-5670 (Linking)
VI  - 7
IP  - 2
DP  - 2019 Nov-Dec
TI  - [A made-up paper on a
      long line].
PG  - 11-9
LID - 10.1000/ABC [doi]
LID - e11 [pii]
AB  - BACKGROUND: Why it was
      done. METHODS AND DRUGS: How: with care. RESULTS: What.
CI  - (c) Nobody.
OAB - Publisher: Kurz gesagt.
OABL- ger
FAU - Smith, Jane E
AU  - Smith JE
AUID- ORCID: 0000-0001-2345-6789
AD  - One place.
AD  - Another place, on
      two lines.
FAU - Mononym
AU  - Mononym
CN  - The Group
FAU - Doe, John, Jr
AU  - Doe J Jr
LA  - eng
LA  - ger
GR  - R01 DA1/DA/NIDA NIH HHS/United States
GR  - Some fund/Norway
PT  - Journal Article
PT  - Review
TT  - Ein erfundener Titel.
DEP - 20191003
PL  - Norway
TA  - J Made Up
JT  - Journal of made-up things
JID - 0000001
SI  - ClinicalTrials.gov/NCT00000001
SI  - ClinicalTrials.gov/NCT00000002
RN  - 0 (Alkaloids)
RN  - EP479K822J (mitragynine)
MH  - Liver/*drug effects/metabolism
MH  - *Mitragyna
MH  - Humans
OTO - NOTNLM
OT  - *kratom
OT  - a keyword on two
      lines
COIS- None declared
      by anyone.
EIN - J Made Up. 2020;8(1):1. doi: 10.1000/err. PMID: 456
PMC - PMC99
MID - NIHMS1
EDAT- 2019/10/05 06:00
MHDA- 2021/07/02 06:00
CRDT- 2019/10/04 06:00
PST - ppublish
AID - 10.1000/ABC [doi]
SO  - J Made Up. 2019 Nov-Dec;7(2):11-9.
"""


def paper(text: str) -> Article:
    read = read_text(text.encode())
    assert isinstance(read, Article), read
    return read


def abstract(text: str) -> list[tuple[str, str]]:
    found = paper(f"PMID- 1\nAB  - {text}\n")
    return [(section.label, found.abstract[section.start : section.end]) for section in found.sections]


def test_reads_a_record_field_by_field() -> None:
    assert paper(WHOLE) == Article(
        origin=Origin.MEDLINE,
        pmid="123",
        title="A made-up paper on a long line.",
        title_translated=True,
        vernacular_title="Ein erfundener Titel.",
        abstract="BACKGROUND: Why it was done.\nMETHODS AND DRUGS: How: with care.\nRESULTS: What.",
        sections=paper(WHOLE).sections,
        other_abstracts=(OtherAbstract("Publisher", "ger", "Kurz gesagt."),),
        copyright="(c) Nobody.",
        doi="10.1000/abc",
        pmcid="PMC99",
        other_ids=(("pii", "e11"), ("mid", "NIHMS1")),
        journal="J Made Up",
        journal_title="Journal of made-up things",
        issn="1234-5679",
        nlm_id="0000001",
        volume="7",
        issue="2",
        pages="11-9",
        year=2019,
        published="2019-11",
        published_text="2019 Nov-Dec",
        published_online="2019-10-03",
        entered="2019-10-05",
        created="2019-10-04",
        mesh_date="2021-07-02",
        completed="2021-07-01",
        revised="2021-08-01",
        status="MEDLINE",
        languages=("eng", "ger"),
        country="Norway",
        authors=(
            Author(
                "Smith",
                "Jane E",
                "JE",
                "",
                "",
                "0000-0001-2345-6789",
                ("One place.", "Another place, on two lines."),
            ),
            Author("Mononym"),
            Author(collective="The Group"),
            Author("Doe", "John", "J", "Jr"),
        ),
        publication_types=(PublicationType("Journal Article"), PublicationType("Review")),
        mesh=(
            MeshHeading(
                "Liver",
                major=True,
                qualifiers=(MeshQualifier("drug effects", major=True), MeshQualifier("metabolism")),
            ),
            MeshHeading("Mitragyna", major=True),
            MeshHeading("Humans"),
        ),
        keywords=(Keyword("kratom", True, "NOTNLM"), Keyword("a keyword on two lines", False, "NOTNLM")),
        chemicals=(Chemical("Alkaloids"), Chemical("mitragynine", "", "EP479K822J")),
        grants=(Grant("R01 DA1", "NIDA NIH HHS", "United States"), Grant("", "Some fund", "Norway")),
        data_banks=(DataBank("ClinicalTrials.gov", ("NCT00000001", "NCT00000002")),),
        relations=(Relation("ErratumIn", "J Made Up. 2020;8(1):1. doi: 10.1000/err", "456"),),
        conflict_of_interest="None declared by anyone.",
    )


def test_sections_point_to_the_text_after_their_labels() -> None:
    found = paper(WHOLE)

    assert [(s.label, found.abstract[s.start : s.end]) for s in found.sections] == [
        ("BACKGROUND", "Why it was done."),
        ("METHODS AND DRUGS", "How: with care."),
        ("RESULTS", "What."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Plain text. RESULTS: none.",
        "DNA: a molecule. RNA: another.",
        "METHODS: only one.",
        "We did BACKGROUND: and RESULTS: x",
    ],
)
def test_does_not_see_sections_where_there_are_none(text: str) -> None:
    assert abstract(text) == [("", text)]


def test_gives_the_one_address_of_an_old_record_to_its_first_author() -> None:
    found = paper("PMID- 1\nAD  - The place.\nFAU - A, B\nAU  - A B\nFAU - C, D\nAU  - C D\n")

    assert found.authors == (Author("A", "B", "B", affiliations=("The place.",)), Author("C", "D", "D"))


def test_reads_authors_who_have_no_full_names() -> None:
    assert paper("PMID- 1\nAU  - Smith JE\nAU  - van Berg K\nAU  - Plato\n").authors == (
        Author("Smith", initials="JE"),
        Author("van Berg", initials="K"),
        Author("Plato"),
    )


def test_keeps_a_record_that_has_nothing_but_its_pmid() -> None:
    assert paper("PMID- 1\n") == Article(origin=Origin.MEDLINE, pmid="1", title="")


def test_gives_the_text_of_each_record_with_the_paper() -> None:
    data = b"\n\nPMID- 1\nTI  - One\n\n\nPMID- 2\r\nTI  - Two\r\n\r\nPMID- 3\nPMID- 4\n"

    found = list(read_texts(io.BytesIO(data)))

    assert [raw for raw, _ in found] == [
        b"PMID- 1\nTI  - One\n",
        b"PMID- 2\r\nTI  - Two\r\n",
        b"PMID- 3\n",
        b"PMID- 4\n",
    ]
    assert [(each.pmid, getattr(each, "title", None)) for _, each in found] == [
        ("1", "One"),
        ("2", "Two"),
        ("3", ""),
        ("4", ""),
    ]


def test_a_byte_order_mark_is_no_content() -> None:
    assert [each.pmid for _, each in read_texts(io.BytesIO(b"\xef\xbb\xbfPMID- 1\n"))] == ["1"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PMID- 7\nTI  - caf\xe9\n", "not UTF-8: save the file as UTF-8"),
        (b"TI  - No number\n", "no MEDLINE record: it has no PMID"),
        (b"PMID- many\n", "no MEDLINE record: its PMID is no number"),
        (b"PMID- 7\nthis is no field\n", "no MEDLINE record: a line without a tag"),
        (b"      folded from nowhere\n", "no MEDLINE record: a line without a tag"),
    ],
)
def test_sets_a_garbled_record_aside_with_its_reason(data: bytes, reason: str) -> None:
    found = read_text(data, "record 3")

    assert found == Unreadable(reason=reason, raw=data, pmid="7" if b"- 7" in data else "", place="record 3")


@pytest.mark.parametrize("line", [b"TI  - " + b"x" * (6 << 20), b"AD  - y\n" * (5 << 20)])
def test_refuses_a_line_or_a_record_without_end(line: bytes) -> None:
    with pytest.raises(InputError, match="longer than"):
        list(raw_texts(io.BytesIO(b"PMID- 1\n" + line)))


def test_importing_it_does_not_load_biopython() -> None:
    import subprocess

    code = "import sys, aggregator.sources.medline, aggregator.sources.files; sys.exit('Bio' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)


LINES = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from([b"PMID- 1", b"AU  - A B", b"AD  - x", b"FAU - A, B", b"", b"      y"]),
    ),
    max_size=12,
)


@given(LINES)
def test_arbitrary_lines_raise_nothing_unforeseen(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    try:
        assert all(isinstance(found, Article | Unreadable) for _, found in read_texts(io.BytesIO(data)))
    except AggregatorError as error:
        assert error.message


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers do not lie beside the repository")
@pytest.mark.parametrize(
    ("name", "pmids", "labels"),
    [
        ("pubmed_result1.txt", ["12230038"], [0]),
        ("pubmed_result2.txt", ["16403221", "16377612", "14871861", "14630660"], [3, 3, 2, 0]),
        ("pubmed_result3.txt", ["23039619"], [4]),
    ],
)
def test_reads_recorded_files(name: str, pmids: list[str], labels: list[int]) -> None:
    found = [each for _, each in read_texts(io.BytesIO((RECORDED / name).read_bytes()))]

    assert [each.pmid for each in found] == pmids
    assert [sum(1 for s in each.sections if s.label) for each in found if isinstance(each, Article)] == labels
    assert all(each.authors and each.year and each.title for each in found if isinstance(each, Article))
