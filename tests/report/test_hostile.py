"""Records that try to be markup, to steer a terminal, or to be too long."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise
from typing import Any

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from aggregator.grade.summary import Study, Summary, summarise
from aggregator.model import Design, Section
from aggregator.report import shown
from aggregator.report.as_json import json_document
from aggregator.report.html import html
from aggregator.report.markdown import markdown, text
from aggregator.report.terminal import terminal
from tests.make import author, finding, study, summary, topic
from tests.report.small import rendered, small

ABOUT: dict[str, Any] = {"title": "T", "version": "1", "printed": "2024-06-01"}

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)> [bold red]rich[/] "
    "{{7*7}} "
    "{% raw %} [x](javascript:alert(1)) `code` | cell *star* _under_ <!-- --> &amp; $x$ ~~no~~ ![i](http://e.vil)"
)
STEER = (
    "a\x1b[31mred\x1b[0m \x9b2J \x07bell \u202eevil\u202c \u2066x\u2069 \u200bzero \ud800lone "
    "\r\nline \u2028sep"
)

_EXTERNAL = re.compile(
    r"https://(pubmed\.ncbi\.nlm\.nih\.gov/[0-9]+/|pmc\.ncbi\.nlm\.nih\.gov/articles/PMC[0-9]+/|"
    r"doi\.org/[A-Za-z0-9%/._~-]+)"
)
_TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "a",
        "header",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "nav",
        "ul",
        "li",
        "span",
        "main",
        "section",
        "details",
        "summary",
        "dl",
        "div",
        "dt",
        "dd",
        "code",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "svg",
        "desc",
        "polygon",
        "text",
        "footer",
        "article",
        "mark",
        "b",
        "strong",
        "q",
        "wbr",
    ]
)
_VOID = frozenset({"meta", "wbr"})


def _hostile(words: str) -> Study:
    abstract = f"METHODS: {words.partition(chr(10))[0]} people were randomly assigned"
    return study(
        f"a1{words}",
        Design.RCT,
        level=2,
        n=3,
        n_unit=words,
        title=words,
        abstract=abstract,
        sections=(Section(words, words, 9, len(abstract)),),
        doi=f"10.1/{words}",
        pmid=words,
        journal=words,
        year=2020,
        authors=(author(words, words),),
        decided_by=words,
        organism=words,
        tags=(words,),
        findings=(
            finding("randomly assigned", text=abstract, rule=words, because=words),
            finding(words, field=words),
        ),
        via=(words,),
    )


def _of(*studies: Study, words: str = "kratom") -> Summary:
    about = topic(name=words, title=words, question=words, intervention=words, outcomes=(words,), query=words)
    return summarise(about, studies, as_of=words, rulebook=words, coverage=words)


# ------------------------------------------------------------------------------------------- HTML


class _Strict(HTMLParser):
    """Every element is closed in its turn, and is of a kind that a report needs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _TAGS, tag
        if tag not in _VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _TAGS, tag

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def _check_page(page: str) -> lxml.html.HtmlElement:
    strict = _Strict()
    strict.feed(page)
    strict.close()
    assert strict.opened == []
    tree = lxml.html.fromstring(page)
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in tree.iter(lxml.etree.Element):
        names = [name.lower() for name in element.keys()]  # noqa: SIM118  # elements are no mappings
        assert not any(
            name.startswith("on") or name in ("src", "style", "srcdoc", "action") for name in names
        )
        address = element.get("href")
        if address and not _EXTERNAL.fullmatch(address):
            assert address[0] == "#" and address[1:] in ids, address
        labels = (element.get("aria-labelledby") or "").split()
        assert set(labels) <= set(ids)
    return tree


@pytest.mark.parametrize("words", [EVIL, STEER, "javascript:alert(1)", "\"onclick='x'", "../../x", ""])
def test_no_record_becomes_markup_script_or_address_in_the_page(words: str) -> None:
    page = html([_of(_hostile(words), words=words)], **{**ABOUT, "title": words, "version": words})

    _check_page(page)
    assert "Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';" in page
    page.encode()


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40))
def test_any_text_at_all_leaves_a_sound_page(words: str) -> None:
    _check_page(html([_of(_hostile(words or "x"), words=words)], **ABOUT))


def test_no_id_of_a_record_collides_with_a_place_of_the_page() -> None:
    ids = ("human", "level-2", "r-a", "a", "a-title", "a_2d_title", "svg-title", "")

    _check_page(html([_of(*(study(id, level=2) for id in ids))], **ABOUT))


def test_the_small_page_is_sound_and_its_headings_do_not_skip() -> None:
    tree = _check_page(html([small(), small()], **ABOUT))

    depths = [int(element.tag[1]) for element in tree.iter("h1", "h2", "h3", "h4")]
    assert depths[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(depths))
    assert all(cell.get("scope") in ("col", "row") for cell in tree.iter("th"))
    assert all(table.find("caption") is not None for table in tree.iter("table"))
    assert tree.xpath("//style[contains(., 'url(') or contains(., '@import')]") == []


def test_words_that_decided_are_marked_where_they_stand() -> None:
    tree = _check_page(html([small()], **ABOUT))

    assert [mark.text_content() for mark in tree.iter("mark")] == ["randomly assigned"]
    assert [cell.text_content() for cell in tree.iter("q")] == [
        "randomly assigned",
        "Randomized Controlled Trial",
    ]


def test_no_word_of_a_long_abstract_and_no_count_of_authors_is_lost() -> None:
    words = [f"word{number}" for number in range(3000)]
    long = study(
        "a1",
        level=4,
        abstract=" ".join(words),
        authors=tuple(author(f"Name{number}") for number in range(900)),
    )

    page = html([_of(long)], **ABOUT)

    assert " ".join(words) in page
    assert "Name0, Name1, Name2, Name3, Name4, Name5 and 894 more." in page
    assert "Name6" not in page


# ------------------------------------------------------------------------------------------- links and pieces


def test_identifiers_are_percent_encoded_and_false_ones_are_no_links() -> None:
    odd = study("a1", doi="10.1002/(sici)1097<1::aid>3.0.co;2-#", pmid="12x", pmcid="PMC1\n").article
    good = study("a1", doi="10.1/x", pmid="12", pmcid="PMC7").article

    assert [link.url for link in shown.links(odd)] == [
        "https://doi.org/10.1002/%28sici%291097%3C1%3A%3Aaid%3E3.0.co%3B2-%23"
    ]
    assert [link.url for link in shown.links(good)] == [
        "https://pubmed.ncbi.nlm.nih.gov/12/",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC7/",
        "https://doi.org/10.1/x",
    ]


def test_pieces_put_together_are_the_text_and_overlapping_quotes_are_marked_once() -> None:
    abstract = "METHODS: twelve men were randomly assigned\nRESULTS: none"
    findings = tuple(
        finding(quote, text=abstract)
        for quote in ("randomly assigned", "were randomly", "men", "assigned\nRESULTS: none")
    )

    passages = shown.passages(study("a1", abstract=abstract, findings=findings))

    assert [(p.label, [(piece.text, piece.decisive) for piece in p.pieces]) for p in passages] == [
        ("METHODS", [("twelve ", False), ("men", True), (" ", False), ("were randomly assigned", True)]),
        ("RESULTS", [("none", True)]),
    ]


def test_a_quote_that_no_longer_stands_in_the_text_is_not_marked() -> None:
    abstract = "Twelve men were assigned"
    stale = finding("men", text="Ten men were assigned")

    (passage,) = shown.passages(study("a1", abstract=abstract, findings=(stale,)))

    assert [piece.decisive for piece in passage.pieces] == [False]


@pytest.mark.parametrize(
    ("n", "unit", "words"),
    [
        (None, "", "not stated"),
        (1, "participants", "1 participant"),
        (1, "studies", "1 study"),
        (1, "series", "1 series"),
        (1807, "exposures", "1,807 exposures"),
        (0, "deaths", "0 deaths"),
        (5, "", "5"),
    ],
)
def test_sizes_are_written_with_their_unit(n: int | None, unit: str, words: str) -> None:
    assert shown.size(study("a1", n=n, n_unit=unit).appraisal) == words


# ------------------------------------------------------------------------------------------- Markdown


def _plain_text(line: str) -> str:
    """What GitHub would show of a list item, if it shows nothing but text."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(f"- {line}")
    kinds = [token.type for token in tokens]
    assert kinds == [
        "bullet_list_open", "list_item_open", "paragraph_open", "inline",
        "paragraph_close", "list_item_close", "bullet_list_close",
    ], kinds  # fmt: skip
    children = tokens[3].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    return "".join(child.content for child in children)


@pytest.mark.parametrize(
    "words",
    [EVIL, STEER, "# head", "1. one", "12) two", "- item", "+ plus", "> quote", "    code", "***", "---"],
)
def test_text_is_shown_by_markdown_as_it_is(words: str) -> None:
    assert _plain_text(text(words)) == " ".join(shown.plain(words).split())


@settings(max_examples=300)
@given(st.text(alphabet="ab1 #*_`[]()<>|\\~$&!.+-=:/@\n{}", min_size=1, max_size=30))
def test_any_text_is_shown_by_markdown_as_it_is(words: str) -> None:
    if expected := " ".join(shown.plain(words).split()):
        assert _plain_text(text(words)) == expected


def test_bare_addresses_in_a_title_do_not_become_links() -> None:
    assert text("see https://e.vil and www.e.vil") == "see https\\://e.vil and www\\.e.vil"


def test_no_record_breaks_the_tables_of_the_document_or_brings_html() -> None:
    document = markdown([_of(_hostile(EVIL), words=EVIL)], **ABOUT)

    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(document)
    assert not any(token.type.startswith("html") for token in tokens)
    children = [child for token in tokens for child in token.children or []]
    assert not any(child.type in ("html_inline", "image") for child in children)
    links = [child.attrs["href"] for child in children if child.type == "link_open"]
    assert links and all(_EXTERNAL.fullmatch(str(link)) for link in links)
    cells = sum(token.type == "td_open" for token in tokens)
    assert cells == 5 * 3 + 1 * 3 + 1 * 5


# ----------------------------------------------------------------------------------------- terminal and JSON


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("words", [EVIL, STEER])
def test_no_record_steers_the_terminal_or_is_read_as_markup_of_rich(words: str, width: int) -> None:
    out = rendered(_of(_hostile(words), words=words), width=width)

    assert not [char for char in out if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"]
    assert all(len(line) <= width for line in out.splitlines())
    if words is EVIL and width == 200:
        assert "[bold red]rich[/]" in out


def test_a_coloured_terminal_gets_no_escape_that_a_record_brought() -> None:
    out = StringIO()
    Console(file=out, width=100, force_terminal=True, color_system="standard").print(
        terminal(_of(_hostile(STEER)))
    )

    assert set(re.findall(r"\x1b\[[0-9;]*[A-Za-z]", out.getvalue())) <= {
        f"\x1b[{code}m" for code in ("0", "1", "2", "3", "33", "36", "1;31", "1;33")
    }
    assert "\x9b" not in out.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_no_word_of_a_title_is_cut_in_the_terminal(width: int) -> None:
    title = "Drug-induced liver injury caused by kratom use as an alternative pain treatment amid an epidemic"

    out = rendered(summary(study("a1", Design.XSEC_COMPARATIVE, level=4, n=12345, title=title)), width=width)

    assert set(title.split()) <= set(out.split())
    assert "cross-sectional" in out.split()


def test_json_keeps_the_text_and_escapes_what_does_not_print() -> None:
    document = json_document([_of(_hostile(STEER), words=STEER)], **ABOUT)

    assert not [char for char in document if unicodedata.category(char)[0] == "C" and char != "\n"]
    assert json.loads(document)["summaries"][0]["studies"][0]["title"] == STEER
