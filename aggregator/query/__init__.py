"""Searches as values: this version knows words and quoted phrases, all of which must be there.

PubMed's operators and field tags are refused with their place rather than read as plain words, which would answer
another question than the one asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import QueryError
from ..text import folded, tokens


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must stand next to each other, in this order, in one field."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """All phrases must match."""

    phrases: tuple[Phrase, ...]


_PIECE = re.compile(
    r'"(?P<phrase>[^"]*)"|(?P<operator>\b(?:AND|OR|NOT)\b)|(?P<sign>[][()])|(?P<word>[^\s"()\[\]]+)'
)


def parse(text: str) -> Query:
    """Reads a search. Raises: QueryError with the place of the mistake."""
    if text.count('"') % 2:
        place = text.rindex('"')
        raise QueryError("a quotation mark is not closed", query=text, place=place, hint='close it with "')
    phrases = []
    for piece in _PIECE.finditer(text):
        if piece["operator"] or piece["sign"]:
            raise QueryError(
                f"“{piece.group()}” is not understood yet: this version searches words and quoted phrases",
                query=text,
                place=piece.start(),
                hint='write words that must all be there: "liver injury" kratom',
            )
        found = tuple(folded(piece["phrase"] if piece["phrase"] is not None else piece["word"]).split())
        if found:
            phrases.append(Phrase(found))
    if not phrases:
        raise QueryError("the search has no words", query=text, hint='for example: "liver injury" kratom')
    return Query(tuple(phrases))


def hits(query: Query, text: str) -> list[tuple[int, int]]:
    """Where the query's phrases stand in a text: offsets in order, for marking."""
    cut = list(tokens(text))
    words = [token.text for token in cut]
    found = []
    for phrase in query.phrases:
        size = len(phrase.tokens)
        first = phrase.tokens[0]
        for at, word in enumerate(words):
            if word == first and tuple(words[at : at + size]) == phrase.tokens:
                found.append((cut[at].start, cut[at + size - 1].end))
    return sorted(set(found))
