"""Cutting records out of a stream: exact bytes, bounded memory, and nothing trusted."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import AggregatorError, InputError, SourceGarbled
from aggregator.sources import envelope
from aggregator.sources.envelope import Raw, raw_records

from .made_up import PROLOG, document, paper, record

ONE, TWO = record(pmid="1"), record(pmid="2")
DELETIONS = '<DeleteCitation>\n<PMID Version="1">3</PMID>\n</DeleteCitation>'


class Drip:
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._stream = io.BytesIO(data)
        self._sizes = sizes

    def read(self, size: int = -1, /) -> bytes:
        self._sizes.append(self._sizes.pop(0))
        return self._stream.read(min(size, self._sizes[0]))


def cut(data: bytes) -> list[Raw]:
    return list(raw_records(io.BytesIO(data)))


def cut_before_failure(data: bytes) -> tuple[list[str], str]:
    found = []
    with pytest.raises(InputError) as failure:
        for raw in raw_records(io.BytesIO(data)):
            found.append(raw.data.decode())
    assert failure.value.hint
    return found, failure.value.message


def test_gives_the_exact_bytes_of_each_record() -> None:
    found = cut(document(ONE, TWO, DELETIONS))

    assert found == [
        Raw("article", ONE.encode(), 1),
        Raw("article", TWO.encode(), 2),
        Raw("delete", DELETIONS.encode(), 3),
    ]


def test_tells_books_from_articles_and_allows_attributes() -> None:
    book = "<PubmedBookArticle\n lang='x'><BookDocument/></PubmedBookArticle >"

    assert cut(
        document(book, root="PubmedBookArticleSet a='b'").replace(
            b"</PubmedBookArticleSet a='b'>", b"</PubmedBookArticleSet>"
        )
    ) == [Raw("book", book.encode(), 1)]


@pytest.mark.parametrize(
    "data", [document(), PROLOG.encode() + b"<PubmedArticleSet/>", b"<PubmedArticleSet></PubmedArticleSet>"]
)
def test_an_empty_set_holds_nothing(data: bytes) -> None:
    assert cut(data) == []


def test_reads_a_bare_record() -> None:
    assert cut(PROLOG.encode() + ONE.encode()) == [Raw("article", ONE.encode(), 1)]


def test_reads_answers_that_were_saved_one_after_the_other() -> None:
    found = cut(document(ONE) + b"\n\n" + document() + document(TWO))

    assert [raw.data.decode() for raw in found] == [ONE, TWO]


def test_skips_comments_instructions_and_empty_deletions_between_records() -> None:
    found = cut(document("<!-- <PubmedArticle> -->", ONE, "<?note x?>", "<DeleteCitation/>", "<!-- end -->"))

    assert [raw.data.decode() for raw in found] == [ONE]


@pytest.mark.parametrize(
    "hidden",
    ["<!-- </PubmedArticle> -->", "<![CDATA[</PubmedArticle><PubmedArticle>]]>", "<!-- <PubmedArticle> -->"],
)
def test_an_end_tag_inside_a_comment_ends_nothing(hidden: str) -> None:
    whole = record(title=f"<ArticleTitle>T{hidden}</ArticleTitle>")

    assert [raw.data.decode() for raw in cut(document(whole, TWO))] == [whole, TWO]


def test_a_record_without_its_end_tag_does_not_swallow_the_next() -> None:
    headless = ONE.removesuffix("</PubmedArticle>")

    assert [raw.data.decode() for raw in cut(document(headless, TWO))] == [headless + "\n", TWO]


@pytest.mark.parametrize("keep", [len(PROLOG) + 10, len(PROLOG) + 300, -1, -10, -19])
def test_gives_what_was_whole_before_a_file_breaks_off(keep: int) -> None:
    data = document(ONE, TWO).strip()[:keep]
    whole = [xml for xml in (ONE, TWO) if xml.encode() in data]

    found, message = cut_before_failure(data)

    assert found == whole
    assert "breaks off" in message or "not PubMed XML" in message


def test_refuses_garbage_between_records_after_giving_what_came_before() -> None:
    found, message = cut_before_failure(document(ONE, "and now\x1b[31m something else", TWO))

    assert found == [ONE]
    assert message == "found 'and now[31m something else…' after record 1 where a record should begin"


def test_refuses_garbage_after_the_end() -> None:
    assert cut_before_failure(document(ONE) + b"\0\0\0")[0] == [ONE]


@pytest.mark.parametrize(
    "subset",
    [
        '[<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]',
        '[<!ENTITY a SYSTEM "file:///etc/hostname">]',
        'SYSTEM "http://127.0.0.1:1/x.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]',
    ],
)
def test_refuses_declarations_of_entities(subset: str) -> None:
    data = f"<!DOCTYPE PubmedArticleSet {subset}>\n<PubmedArticleSet>{ONE}</PubmedArticleSet>".encode()

    found, message = cut_before_failure(data)

    assert found == []
    assert "entities" in message


def test_shows_the_error_message_of_ncbi() -> None:
    with pytest.raises(SourceGarbled, match="NCBI answered with an error: Cannot retrieve it"):
        cut(b'<?xml version="1.0"?><eFetchResult>\n<ERROR>Cannot\n retrieve it</ERROR></eFetchResult>')


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<rss><item/></rss>", "the XML holds <rss>, not <PubmedArticleSet>"),
        (b"<html><body>no</body></html>", "a web page, not PubMed XML"),
        (b"plain words", "not PubMed XML: it begins with 'plain words'"),
        (b"", "there is nothing in it"),
        (
            b'<?xml version="1.0" encoding="utf-7"?><PubmedArticleSet/>',
            "the XML is in an encoding that is not read: utf-7",
        ),
        (
            b'<?xml version="1.0" encoding="rot13"?><PubmedArticleSet/>',
            "the XML is in an encoding that is not read: rot13",
        ),
        (b"<!DOCTYPE broken", "the XML's DOCTYPE cannot be read"),
    ],
)
def test_says_what_else_it_found(data: bytes, message: str) -> None:
    assert cut_before_failure(data) == ([], message)


@pytest.mark.parametrize(
    "name", ["utf-8", "UTF8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_reads_the_encoding_that_the_xml_declares(name: str) -> None:
    xml = record(
        title="<ArticleTitle>caf\u00e9</ArticleTitle>"
        if name != "us-ascii"
        else "<ArticleTitle>cafe</ArticleTitle>"
    )
    data = document(xml).decode().replace("utf-8", name).encode(name)

    assert [raw.data.decode() for raw in cut(data)] == [xml]


def test_a_byte_order_mark_is_no_content() -> None:
    assert len(cut(b"\xef\xbb\xbf" + document(ONE))) == 1


def test_refuses_a_file_that_is_not_what_it_declares() -> None:
    data = document(ONE).decode().replace("utf-8", "utf-16").encode("utf-16") + b"\x00\xd8\x00"

    assert cut_before_failure(data)[1] == "the XML says it is utf-16 and is not"


def test_wrong_bytes_in_one_record_leave_the_others_alone() -> None:
    broken = record(pmid="5", title="<ArticleTitle>caf\u00e9</ArticleTitle>").encode("latin-1")

    found = cut(document(ONE, "HERE", TWO).replace(b"HERE", broken))

    assert [raw.data for raw in found] == [ONE.encode(), broken, TWO.encode()]


def test_refuses_a_record_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "LONGEST_RECORD", 1 << 20)
    endless = ONE.encode().removesuffix(b"</PubmedArticle>") + b"x" * (3 << 20)

    found, message = cut_before_failure(document(TWO).removesuffix(b"</PubmedArticleSet>\n") + endless)

    assert found == [TWO]
    assert "longer than" in message


ENDLESS = """
import resource, sys
from aggregator.errors import InputError
from aggregator.sources.medline import raw_texts
from aggregator.sources.envelope import raw_records
class Endless:
    def __init__(self, head): self.head, self.left = head, 300 << 20
    def read(self, size=-1, /):
        if self.head: given, self.head = self.head, b""; return given
        size = min(size, self.left); self.left -= size; return b"a" * size
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for cut, head in ((raw_records, b"<PubmedArticleSet><PubmedArticle>"), (raw_records, b"<PubmedArticleSet><!--"),
                  (raw_records, b""), (raw_records, b"<?xml "), (raw_texts, b"PMID- 1\\nTI  - ")):
    try: list(cut(Endless(head))); sys.exit("no error for " + repr(head))
    except InputError as error: print(error.message)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10, "MB")
"""


def test_an_endless_line_is_never_held() -> None:
    done = subprocess.run([sys.executable, "-c", ENDLESS], capture_output=True, text=True, check=True)

    *messages, memory = done.stdout.splitlines()
    assert len(messages) == 5
    assert int(memory.split()[0]) < 150, done.stdout


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=8), st.integers(1, 500))
def test_chunks_may_end_anywhere(sizes: list[int], chunk: int) -> None:
    data = document(ONE, "<!-- </PubmedArticle> -->", TWO, DELETIONS)
    before, envelope.CHUNK = envelope.CHUNK, chunk  # type: ignore[misc]
    try:
        assert list(raw_records(Drip(data, sizes))) == cut(data)
    finally:
        envelope.CHUNK = before  # type: ignore[misc]


TITLES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=40)


@given(st.lists(TITLES, max_size=5))
def test_what_goes_in_comes_out_byte_for_byte(titles: list[str]) -> None:
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for text in titles]
    records = [record(title=f"<ArticleTitle>x{text}x</ArticleTitle>") for text in escaped]

    found = cut(document(*records))

    assert [raw.data.decode() for raw in found] == records
    assert all(paper(raw.data).title.startswith("x") for raw in found)


SHARDS = st.sampled_from(
    [b"<PubmedArticleSet>", b"<PubmedArticle>", b"</PubmedArticle>", b"</PubmedArticleSet>", b"<!--", b"-->", b"<![CDATA[",
     b"]]>", b"<?xml ", b"?>", b"<!DOCTYPE a ", b"[", b">", b"<", b" ", b"\xff\xfe", b"<PMID>1</PMID>", b"<DeleteCitation"]
)  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=300), st.lists(st.one_of(SHARDS, st.binary(max_size=5)), max_size=20).map(b"".join)
    )
)
def test_arbitrary_bytes_raise_nothing_unforeseen(data: bytes) -> None:
    try:
        for raw in raw_records(io.BytesIO(data)):
            envelope_of_one = paper_or_reason(raw)
            assert envelope_of_one is not None
    except AggregatorError as error:
        assert error.message


def paper_or_reason(raw: Raw) -> object:
    from aggregator.sources.pubmed_xml import read_article, read_deletions

    return read_deletions(raw) if raw.kind == "delete" else read_article(raw)
