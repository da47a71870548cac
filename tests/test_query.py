"""Searches as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import QueryError
from aggregator.query import Phrase, Query, hits, parse


def test_words_and_phrases_are_read_as_tokens() -> None:
    assert parse('"Liver Injury" TNF-α kratom') == Query(
        (Phrase(("liver", "injury")), Phrase(("tnf", "alpha")), Phrase(("kratom",)))
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [('a "b', 2), ("a AND b", 2), ("NOT a", 0), ("a[ti]", 1), ("(a)", 0), ("", 0), ('""', 0), ("--", 0)],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, place: int) -> None:
    with pytest.raises(QueryError) as wrong:
        parse(text)

    assert (wrong.value.place, wrong.value.query) == (place, text)


def test_lower_case_operators_are_plain_words() -> None:
    assert len(parse("this and that or not").phrases) == 5


def test_hits_stand_where_the_words_stand() -> None:
    text = "Injury of the liver: liver-injury, LIVER INJURY."

    assert [text[a:b] for a, b in hits(parse('"liver injury"'), text)] == ["liver-injury", "LIVER INJURY"]


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert all(phrase.tokens for phrase in query.phrases)
