"""Marks on a paper that travel with it: retracted, corrected, of concern, not peer reviewed."""

from __future__ import annotations

from ..model import Article, Finding, Integrity
from .rules import rule

_BY_RELATION = {
    "RetractionIn": Integrity.RETRACTED,
    "PartialRetractionIn": Integrity.CONCERN,
    "ErratumIn": Integrity.CORRECTED,
    "CorrectedandRepublishedIn": Integrity.CORRECTED,
    "CorrectedAndRepublishedIn": Integrity.CORRECTED,
    "RetractedandRepublishedIn": Integrity.RETRACTED,
    "RetractedAndRepublishedIn": Integrity.RETRACTED,
    "ExpressionOfConcernIn": Integrity.CONCERN,
}
_BY_TYPE = {"Retracted Publication": Integrity.RETRACTED, "Preprint": Integrity.PREPRINT}
_BECAUSE = {
    Integrity.RETRACTED: "The paper was retracted: it stays visible and counts for nothing.",
    Integrity.CORRECTED: "A correction to the paper was published.",
    Integrity.CONCERN: "The journal published an expression of concern about the paper.",
    Integrity.PREPRINT: "The paper is a preprint: nobody has reviewed it yet.",
}


@rule("integrity.marks", "Retractions, corrections, concerns, preprints")
def marks(article: Article) -> tuple[tuple[Integrity, ...], tuple[Finding, ...]]:
    """Integrity is kept apart from design: a retracted trial stays a trial, excluded and shown as retracted.

    Read from NLM's relations ("RetractionIn", "ErratumIn", "ExpressionOfConcernIn" …) and from the types Retracted
    Publication and Preprint, or a title that begins with "RETRACTED:". The notice itself ("RetractionOf",
    "ErratumFor") is not the retracted paper and gets no mark.
    """
    found: dict[Integrity, Finding] = {}
    for relation in article.relations:
        if mark := _BY_RELATION.get(relation.kind):
            found.setdefault(mark, _finding(mark, "relation", relation.kind))
    for published in article.publication_types:
        if mark := _BY_TYPE.get(published.name):
            found.setdefault(mark, _finding(mark, "publication_type", published.name))
    if article.title.upper().startswith(("RETRACTED:", "RETRACTED ARTICLE:", "WITHDRAWN:")):
        word = article.title[: article.title.index(":")]
        found.setdefault(Integrity.RETRACTED, _finding(Integrity.RETRACTED, "title", word))
    order = [mark for mark in Integrity if mark in found]
    return tuple(order), tuple(found[mark] for mark in order)


def _finding(mark: Integrity, field: str, value: str) -> Finding:
    return Finding("integrity.marks", _BECAUSE[mark], field, 0, len(value), value)
