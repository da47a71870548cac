"""Cleaning, tokens and sentences."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import clean, folded, folded_article, sentences, shorten, tokens

from .make import article

ANY_TEXT = st.text(max_size=300)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\u00a0b\u2009c\n d", "a b c d"),
        ("hepa\u00adto\u200btoxic", "hepatotoxic"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("cafe\u0301", "café"),
        ("\u202egnihtemos", "gnihtemos"),
        ("🌿 leaf", "🌿 leaf"),
    ],
)
def test_text_is_cleaned_at_the_door(text: str, wanted: str) -> None:
    assert clean(text) == wanted


@given(ANY_TEXT)
def test_clean_text_stays_as_it_is_and_carries_no_controls(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert not any(unicodedata.category(char) == "Cc" for char in once)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("TNF-α", "tnf alpha"),
        ("TNFα", "tnfalpha"),
        ("Müller’s 5-HT₂", "muller s 5 ht2"),
        ("AST/ALT_ratio", "ast alt ratio"),
        ("straße", "strasse"),
        ("7-OH 10.5%", "7 oh 10 5"),
        ("肝炎", "肝炎"),
    ],
)
def test_tokens_are_compared_without_case_and_diacritics(text: str, wanted: str) -> None:
    assert folded(text) == wanted


@given(ANY_TEXT)
def test_folding_twice_changes_nothing_and_agrees_with_the_tokens(text: str) -> None:
    once = folded(text)

    assert folded(once) == once
    assert [token.text for token in tokens(text)] == once.split()


@given(ANY_TEXT)
def test_tokens_stand_where_they_say_in_order(text: str) -> None:
    places = [(token.start, token.end) for token in tokens(text)]

    assert places == sorted(places)
    for token in tokens(text):
        assert token.text in folded(text[token.start : token.end]).split()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One vs. two groups. Three more.", ["One vs. two groups.", "Three more."]),
        ("ALT was 5.3 U/L. AST, too.", ["ALT was 5.3 U/L.", "AST, too."]),
        ("Seen by J. Smith et al. in 2019.", ["Seen by J. Smith et al. in 2019."]),
        ("METHODS: We looked\nIt was so", ["METHODS: We looked", "It was so"]),
        ("Was it? (Yes.) It was!", ["Was it?", "(Yes.)", "It was!"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, wanted: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == wanted


@given(ANY_TEXT)
def test_sentences_cover_all_words_once(text: str) -> None:
    cut = list(sentences(text))

    assert all(start < end for start, end in cut)
    assert all(before[1] <= after[0] for before, after in pairwise(cut))
    assert (
        " ".join(folded(text[start:end]) for start, end in cut).split()
        == folded(text.replace("\n", " ")).split()
    )


def test_headings_never_run_into_each_other() -> None:
    from aggregator.model import Keyword

    fields = folded_article(article(title="Kratom", keywords=(Keyword("opioid"), Keyword("withdrawal"))))

    assert fields.headings == "opioid ¦ withdrawal"
    assert " opioid withdrawal " not in fields.hay


@given(st.text(min_size=1, max_size=80), st.integers(2, 40))
def test_a_shortened_text_fits(text: str, width: int) -> None:
    assert len(shorten(text, width)) <= max(width, 1)
