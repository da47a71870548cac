"""Which papers belong to which topic by their words, now and after the configuration has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ..config import Settings
from ..grade.words import plural
from ..model import Article
from ..sources.starter import COVERAGE, STARTER_SET
from ..store import Library
from ..store.library import Writer
from ..text import Folded, folded_article
from ..vocabulary import Intervention, Outcome, named_in

_NOTE = "topics"


@dataclass(frozen=True, slots=True)
class TopicWords:
    """What must be named for a paper to belong to a topic."""

    name: str
    intervention: Intervention
    outcomes: tuple[Outcome, ...]


def topic_words(settings: Settings) -> tuple[TopicWords, ...]:
    """The configured topics with their vocabularies."""
    vocabularies = settings.vocabularies()
    return tuple(
        TopicWords(
            topic.name,
            vocabularies.interventions[topic.intervention],
            tuple(vocabularies.outcomes[name] for name in topic.outcomes),
        )
        for topic in settings.topic
    )


def topics_by_words(
    article: Article, fields: Folded, topics: Sequence[TopicWords]
) -> tuple[tuple[str, str], ...]:
    """The topics whose words the article names, as (topic, "words")."""
    hay = fields.hay
    interventions = {topic.intervention.name: topic.intervention for topic in topics}
    named = {name: named_in(hay, article, thing) for name, thing in interventions.items()}
    return tuple(
        (topic.name, "words")
        for topic in topics
        if named[topic.intervention.name]
        and (not topic.outcomes or any(named_in(hay, article, outcome) for outcome in topic.outcomes))
    )


def refill(
    writer: Writer,
    topics: Sequence[TopicWords],
    *,
    now: str,
    progress: Callable[[int], None] = lambda _: None,
) -> bool:
    """Assigns every stored paper anew when the topics or their words have changed since the last time.

    Returns whether that was needed.
    """
    wanted = blake2b(repr(topics).encode(), digest_size=12).hexdigest()
    if writer.note(_NOTE) == wanted:
        return False
    writer.drop_word_topics_except([topic.name for topic in topics])
    after = 0
    while papers := writer.every(after=after):
        members = [
            (topic, paper.record_id, via)
            for paper in papers
            for topic, via in topics_by_words(paper.article, folded_article(paper.article), topics)
        ]
        writer.replace_word_topics([paper.record_id for paper in papers], members, now)
        after = papers[-1].record_id
        progress(len(papers))
    writer.set_note(_NOTE, wanted)
    return True


def coverage(library: Library, topic: str) -> str:
    """Where a topic's records come from, in a sentence."""
    origins = library.origins(topic)
    digests, total = origins.get("digest", 0), sum(origins.values())
    if not total:
        return "No record of this topic is in the library."
    if digests == total:
        return COVERAGE
    text = f"{plural(total - digests, 'record')} {_origin(library, topic)}"
    if digests:
        text += f" Beside them {plural(digests, 'digest')} of the starter set: a selected set, not a search."
    return text


def _origin(library: Library, topic: str) -> str:
    from ..store.harvesting import standing

    state = standing(library, topic)
    if state.cursor:
        lost = f"; {len(state.missing)} that PubMed listed did not come yet" if state.missing else ""
        return (
            f"from a search of PubMed, complete for what had entered by {state.cursor}{lost}: "
            "a search of this one database, not of all literature."
        )
    files = [name for kind, name, _ in library.sources_of(topic) if kind == "file" and name != STARTER_SET]
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    loaded = f"{plural(len(files), 'loaded file')} ({named})" if files else ""
    if state.by_query:
        return f"from {loaded + ' and ' if loaded else ''}a search of PubMed that is not complete yet."
    return f"from {loaded or 'people who put them in'}: what the files hold, not a search of PubMed."
