"""A topic's summary from the library."""

from __future__ import annotations

from ..config import Topic
from ..grade.summary import Study, Summary, TopicInfo, summarise
from ..model import Appraisal
from ..store import Library
from .topics import coverage


def summary_of(library: Library, topic: Topic, rulebook: str) -> Summary:
    """The summary of one topic. Papers not appraised yet stand under "unclear", never silently left out.

    The rule book named is the one that made the appraisals; ``rulebook`` where there are none.
    """
    studies = [
        Study(
            id=paper.id,
            article=paper.article,
            appraisal=paper.appraisal or Appraisal(digest=paper.article.is_digest, integrity=paper.integrity),
            via=next((via for name, via in paper.topics if name == topic.name), ()),
        )
        for paper in library.topic(topic.name)
    ]
    info = TopicInfo(
        name=topic.name,
        title=topic.title or topic.name,
        question=topic.question,
        kind=topic.kind,
        intervention=topic.intervention,
        outcomes=topic.outcomes,
        query=" ".join(topic.query.split()),
    )
    return summarise(
        info,
        studies,
        as_of=library.last_change()[:10],
        rulebook=", ".join(sorted({study.appraisal.rulebook for study in studies} - {""})) or rulebook,
        coverage=coverage(library, topic.name),
    )
