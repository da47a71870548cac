"""Appraising what is new or stale, with history kept."""

from __future__ import annotations

from collections.abc import Callable

from ..appraise import appraise, rulebook
from ..store.library import Writer
from ..vocabulary import Vocabularies


def appraise_pending(
    writer: Writer,
    vocabularies: Vocabularies,
    *,
    now: Callable[[], str],
    members_only: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Appraises papers that have no appraisal by the current rule book. Returns how many.

    ``members_only``: only papers that belong to a topic.
    """
    book, after, done = rulebook(vocabularies), 0, 0
    while papers := writer.pending(book, after=after, members_only=members_only):
        writer.save_appraisals(
            now(), [(paper, appraise(paper.article, vocabularies=vocabularies)) for paper in papers]
        )
        after = papers[-1].record_id
        done += len(papers)
        progress(len(papers))
    return done


def appraise_every(
    writer: Writer,
    vocabularies: Vocabularies,
    *,
    now: Callable[[], str],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Appraises every paper anew. Returns how many."""
    after, done = 0, 0
    while papers := writer.every(after=after):
        writer.save_appraisals(
            now(), [(paper, appraise(paper.article, vocabularies=vocabularies)) for paper in papers]
        )
        after = papers[-1].record_id
        done += len(papers)
        progress(len(papers))
    return done
