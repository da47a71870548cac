"""The bundled starter set: whole, well formed, and nothing in it that the collected facts do not give."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from aggregator.model import Article, Author, Design, Origin, Section
from aggregator.sources.starter import COVERAGE, starter_set
from aggregator.text import normalised_title, sentences

FACTS = Path(__file__).parents[3] / "shared" / "data" / "kratom" / "facts.jsonl"

VALUES = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13",
    "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70",
    "eighty": "80", "ninety": "90", "hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12",
    "half": "0.5", "once": "1", "twice": "2", "thrice": "3", "single": "1", "double": "2", "triple": "3",
}  # fmt: skip

# Words of a study's design, conduct or subjects: a digest may use them only where the facts of that paper do.
# Their absence keeps labels, and knowledge of the paper from elsewhere, from slipping in.
WORDS_OF_DESIGN = (
    "randomi[sz]ed", "randomly", "double-blind", "single-blind", "placebo", "crossover", "open-label",
    "single-arm", "cohort", "prospective", "retrospective", "case-control", "cross-sectional", "survey",
    "questionnaire", "interviews?", "systematic", "meta-analys[ei]s", "scoping", "narrative", "review",
    "guideline", "case series", "in vitro", "in vivo", "microsomes?", "hepatocytes?", "cells?", "docking",
    "mice", "mouse", "rats?", "rodents?", "healthy", "fixed-sequence", "within-subject", "registry",
    "postmortem", "autops(?:y|ies)", "male", "men", "women", "female",
)  # fmt: skip


def articles() -> list[Article]:
    return [article for _, article in starter_set()]


def lines() -> list[dict[str, Any]]:
    return [json.loads(raw) for raw, _ in starter_set()]


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, Any]]:
    if not FACTS.exists():
        pytest.skip(f"the collected facts are not here: {FACTS}")
    with FACTS.open(encoding="utf-8") as file:
        return {fact["title"]: fact for fact in map(json.loads, file)}


def given_text(fact: dict[str, Any]) -> str:
    return " ".join(str(fact[name]) for name in ("title", "finding", "detail", "n") if fact[name] is not None)


def numbers(text: str) -> set[str]:
    """Numbers by value: "2,798" and "2798", "Six" and "6" are the same; "1.50" and "1.5" are not."""
    digits = {number.replace(",", "") for number in re.findall(r"\d+(?:,\d{3})+|\d+(?:\.\d+)?", text)}
    words = {VALUES[word] for word in re.findall(r"[a-z]+", text.lower()) if word in VALUES}
    return digits | words


def test_the_set_has_fifty_papers_each_with_its_own_title() -> None:
    titles = [normalised_title(article.title) for article in articles()]

    assert len(titles) == 50
    assert len(set(titles)) == 50


def test_no_identifier_belongs_to_two_papers() -> None:
    for name in ("pmid", "pmcid", "doi"):
        given = [value for article in articles() if (value := getattr(article, name))]

        assert len(set(given)) == len(given), name


def test_identifiers_have_the_shape_of_their_kind() -> None:
    for article in articles():
        assert re.fullmatch(r"(?:[1-9]\d{0,7})?", article.pmid), article.title
        assert re.fullmatch(r"(?:PMC\d+)?", article.pmcid), article.title
        assert re.fullmatch(r"(?:10\.\d{4,9}/[^\sA-Z]+)?", article.doi), article.title


def test_eight_papers_have_no_identifier_as_the_manual_says() -> None:
    assert sum(not (article.pmid or article.doi or article.pmcid) for article in articles()) == 8


def test_reading_twice_gives_the_same_papers_oldest_first() -> None:
    first, second = list(starter_set()), list(starter_set())

    assert first == second
    assert [article for _, article in first] == sorted(articles(), key=lambda a: (a.year, a.title.casefold()))


def test_the_set_is_read_from_any_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert len(articles()) == 50


def test_the_raw_bytes_are_the_line_the_article_came_from() -> None:
    for raw, article in starter_set():
        assert b"\n" not in raw
        assert json.loads(raw)["title"] == article.title
        assert json.loads(raw)["digest"] == article.abstract


def test_every_article_is_marked_as_a_digest() -> None:
    assert {article.origin for article in articles()} == {Origin.DIGEST}
    assert all(article.is_digest for article in articles())


def test_a_digest_is_one_section_without_a_label() -> None:
    for article in articles():
        whole = (Section("", "", 0, len(article.abstract)),) if article.abstract else ()

        assert article.sections == whole, article.title


def test_an_article_carries_what_its_line_says_and_nothing_more() -> None:
    [ema] = [article for article in articles() if article.pmid == "38277146"]

    assert ema == Article(
        title="Ecological Momentary Assessment of Self-Reported Kratom Use, Effects, and Motivations "
        "Among US Adults",
        abstract="The study recorded 13,401 kratom use events. It calls itself prospective cross-sectional.",
        sections=(Section("", "", 0, 89),),
        origin=Origin.DIGEST,
        pmid="38277146",
        doi="10.1001/jamanetworkopen.2023.53401",
        journal="JAMA Netw Open",
        year=2024,
        published="2024",
        authors=(Author(last="Smith", initials="KE"),),
        authors_complete=False,
    )


def test_family_names_of_several_words_stay_whole_and_unknown_authors_stay_unknown() -> None:
    authors = {article.doi: article.authors for article in articles() if article.doi}

    assert authors["10.1371/journal.pone.0234639"] == (Author(last="Leong Bin Abdullah"),)
    assert authors["10.1016/j.jep.2017.12.017"] == ()


def test_a_digest_is_one_to_four_sentences_of_at_most_ninety_words() -> None:
    for article in articles():
        assert 1 <= len(list(sentences(article.abstract))) <= 4, article.title
        assert len(article.abstract.split()) <= 90, article.title
        assert article.abstract.endswith("."), article.title


def test_texts_are_clean_and_composed() -> None:
    for article in articles():
        for text in (article.title, article.abstract, article.journal):
            assert text == unicodedata.normalize("NFC", " ".join(text.split())), article.title


def test_no_digest_carries_a_code_of_a_label() -> None:
    designs = {design.value for design in Design} - {"RCT", "SR"}
    codes = re.compile(
        rf"\b(?:{'|'.join([*designs, 'RCT', 'SR'])})\b|\b(?:benefit|harm|risk|inhib)[+0]|\bn/?a\b"
    )

    for article in articles():
        assert not codes.search(article.abstract), article.title


def test_no_line_has_a_label_among_its_fields() -> None:
    fields = ["title", "first_author", "year", "journal", "pmid", "pmcid", "doi", "digest"]

    assert [list(line) for line in lines()] == [fields] * 50


def test_the_coverage_statement_says_what_the_set_is_not() -> None:
    years = [article.year for article in articles() if article.year]

    assert "selected set, not a search" in COVERAGE
    assert "digest, not the published abstract" in COVERAGE
    assert f"50 papers on kratom, published from {min(years)} to {max(years)}" in COVERAGE


def test_titles_journals_years_and_identifiers_are_those_of_the_collected_facts(
    facts: dict[str, dict[str, Any]],
) -> None:
    fields = ("first_author", "year", "journal", "pmid", "pmcid", "doi")

    assert {line["title"]: {name: line[name] for name in fields} for line in lines()} == {
        title: {name: fact[name] or "" for name in fields} for title, fact in facts.items()
    }


def test_every_number_in_a_digest_stands_in_the_facts_of_that_paper(facts: dict[str, dict[str, Any]]) -> None:
    strange = {
        article.title: extra
        for article in articles()
        if (extra := numbers(article.abstract) - numbers(given_text(facts[article.title])))
    }

    assert strange == {}


def test_words_of_design_stand_in_a_digest_only_where_the_facts_of_that_paper_use_them(
    facts: dict[str, dict[str, Any]],
) -> None:
    strange = [
        (article.title, word)
        for article in articles()
        for word in WORDS_OF_DESIGN
        if _uses(word, article.abstract)
        and not _uses(word, given_text(facts[article.title]))
        # "fixed sequence" and "fixed-sequence" are the same words
        and not _uses(word.replace("-", " "), given_text(facts[article.title]))
    ]

    assert strange == []


def _uses(word: str, text: str) -> bool:
    return re.search(rf"\b(?:{word})\b", text, re.IGNORECASE) is not None
