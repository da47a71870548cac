"""Which words name a substance or an outcome."""

from __future__ import annotations

import re

import pytest

from aggregator.errors import ConfigError
from aggregator.model import Article, Keyword, MeshHeading
from aggregator.tasks.topics import TopicWords, topics_by_words
from aggregator.text import folded_article
from aggregator.vocabulary import (
    bundled,
    extended,
    named_in,
    read_intervention,
    read_outcome,
    term_pattern,
)


def names(thing: str, article: Article) -> bool:
    found = bundled().interventions.get(thing) or bundled().outcomes[thing]
    return named_in(folded_article(article).hay, article, found)


@pytest.mark.parametrize(
    "article",
    [
        Article(title="KRATOM use"),
        Article(title="x", abstract="Leaves of Mitragyna speciosa."),
        Article(title="x", abstract="7-Hydroxymitragynine was given."),
        Article(title="x", keywords=(Keyword("ketum"),)),
        Article(title="x", mesh=(MeshHeading("Mitragyna"),)),
    ],
)
def test_kratom_is_named_by_any_of_its_names_in_any_field(article: Article) -> None:
    assert names("kratom", article)


@pytest.mark.parametrize(
    "title", ["Mitragyna africana in Mali", "Krypton lamps", "kratoms?x", "Mitra gynine"]
)
def test_another_substance_with_a_like_name_is_not_kratom(title: str) -> None:
    assert not names("kratom", Article(title=title))


def test_a_star_stands_for_any_ending_and_hyphens_for_blanks() -> None:
    liver = bundled().outcomes["liver"]

    assert names("liver", Article(title="Hepatotoxicity"))
    assert names("liver", Article(title="Clinical-chemistry parameters"))
    assert not named_in(" delivery ", Article(title="Delivery"), liver)


def test_a_topic_without_outcomes_takes_every_record_that_names_the_substance() -> None:
    kratom, liver = bundled().interventions["kratom"], bundled().outcomes["liver"]
    topics = (TopicWords("all", kratom, ()), TopicWords("liver", kratom, (liver,)))
    plant = Article(title="Growing kratom")

    assert topics_by_words(plant, folded_article(plant), topics) == (("all", "words"),)


def test_a_known_vocabulary_gains_terms_and_a_new_one_is_added() -> None:
    more = extended(
        bundled(),
        interventions=[
            read_intervention({"name": "kratom", "terms": ["thang"]}),
            read_intervention({"name": "kava", "terms": ["kava"]}),
        ],
        outcomes=[read_outcome({"name": "sleep", "terms": ["insomnia"]})],
    )

    assert more.interventions["kratom"].terms[-1] == "thang"
    assert more.interventions["kratom"].title == bundled().interventions["kratom"].title
    assert {"kava"} < set(more.interventions)
    assert "sleep" in more.outcomes


@pytest.mark.parametrize(
    "table",
    [
        {"terms": ["x"]},
        {"name": "x", "term": ["x"]},
        {"name": "x", "terms": "abc"},
        {"name": "x", "terms": [" - "]},
    ],
)
def test_a_wrong_vocabulary_is_refused_with_the_known_keys(table: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        read_outcome(table)


@pytest.mark.parametrize("kind", ["interventions", "outcomes"])
def test_every_bundled_term_finds_itself(kind: str) -> None:
    for thing in getattr(bundled(), kind).values():
        for term in thing.terms:
            shown = term.replace("*", "")
            article = Article(title=f"On {shown}.")
            assert named_in(folded_article(article).hay, article, thing), (thing.name, term)
            assert re.search(term_pattern(term), article.title, re.IGNORECASE), (thing.name, term)
