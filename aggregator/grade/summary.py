"""What a topic's records say, as far as their abstracts show: counts, studies by strength, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Appraisal, Article, Design, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicInfo:
    """The topic a summary speaks of."""

    name: str
    title: str
    question: str
    kind: Question
    intervention: str
    outcomes: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A record of the topic with its standing appraisal."""

    id: str
    """The library's own id, "a17"."""
    article: Article
    appraisal: Appraisal
    via: tuple[str, ...] = ()
    """How it came into the topic: "words", "query", "person"."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A record that is shown but carries no evidence here, and why (a slug, and words for people)."""

    study: Study
    reason: str
    because: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence built from data, with the ids of the records it rests on."""

    text: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A topic's records in lanes. Every record of the topic stands in exactly one lane."""

    topic: TopicInfo
    as_of: str
    """The day of the newest change in the library (ISO date), not the day of printing; "" when empty."""
    rulebook: str
    coverage: str
    """Where the records come from: a selected set, loaded files, searches with dates."""
    total: int
    by_design: Mapping[Design, int]
    by_level: Mapping[int | None, int]
    """Studies in people by OCEBM level for the topic's question; ``None`` counts those without a level."""
    human: tuple[Study, ...] = ()
    """Studies in people, strongest first (level, then n, then newest, then id)."""
    context: tuple[Study, ...] = ()
    """Reviews, guidelines, modelling, product chemistry, qualitative work: read, never counted as studies."""
    mechanism: tuple[Study, ...] = ()
    """Animal, in-vitro and in-silico work: explains, never grades."""
    excluded: tuple[Excluded, ...] = ()
    unclear: tuple[Study, ...] = ()
    """Design not recognised: for a person to look at."""
    statements: tuple[Statement, ...] = ()
    not_assessable: tuple[str, ...] = ()

    def level(self, study: Study) -> int | None:
        """The level of a study for this topic's question."""
        return study.appraisal.levels.get(self.topic.kind.value)
