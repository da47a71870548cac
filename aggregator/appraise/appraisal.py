"""One appraisal: words first, indexing second, then everything that follows from the design."""

from __future__ import annotations

from dataclasses import replace

from ..model import Appraisal, Article, Confidence, Design, Finding, Integrity
from .book import CueBook
from .designs.ladder import design_by_words
from .designs.verdict import Verdict
from .indexing import Witness, witness
from .integrity import marks
from .levels import level_sentence, levels
from .reading import Reading
from .rules import rule
from .size import size
from .species import subjects
from .tags import tags


def appraised(article: Article, book: CueBook, version: str, *, without_indexing: bool) -> Appraisal:
    """The appraisal of an article by a book of cues."""
    reading = Reading(article, book)
    words = design_by_words(reading)
    second = None if without_indexing else witness(article)
    verdict, confidence, shown = weighed(reading, words, second)
    who = subjects(reading, verdict.design, indexed=not without_indexing)
    many = size(reading, verdict.design)
    tagged, tag_findings = tags(reading, verdict.design)
    values, level_findings = levels(reading, verdict.design, tagged)
    integrity, integrity_findings = marks(_seen(article, without_indexing=without_indexing))
    if Integrity.RETRACTED in integrity:
        values = dict.fromkeys(values)
    return Appraisal(
        design=verdict.design,
        design_confidence=confidence,
        decided_by=verdict.rule,
        secondary_designs=verdict.secondary,
        tags=tagged,
        species=who.species,
        organism=who.organism,
        system=who.system,
        n=many.n if many else None,
        n_unit=many.unit if many else "",
        integrity=integrity,
        digest=article.is_digest,
        levels=values,
        findings=(
            *shown,
            *_level_finding(values, verdict, shown),
            *level_findings,
            *who.findings,
            *((many.finding,) if many else ()),
            *tag_findings,
            *integrity_findings,
        ),
        rulebook=version,
    )


def weighed(
    reading: Reading, words: Verdict, second: Witness | None
) -> tuple[Verdict, Confidence, tuple[Finding, ...]]:
    """The verdict of both witnesses, how sure it is, and the findings of both."""
    if second is None:
        sure = Confidence.UNCLEAR if words.design is Design.UNCLEAR else Confidence.PROBABLE
        return words, sure, words.findings
    indexed = _by_indexing(second)
    if words.design is Design.UNCLEAR:
        return indexed, Confidence.PROBABLE, indexed.findings
    if second.agrees(words.design):
        return words, Confidence.CERTAIN, (*words.findings, *indexed.findings)
    if _indexing_prevails(reading, words, second):
        return (
            indexed,
            Confidence.CONFLICT if words.named else Confidence.PROBABLE,
            (*indexed.findings, *words.findings),
        )
    return words, Confidence.CONFLICT, (*words.findings, contrary(second))


def _by_indexing(second: Witness) -> Verdict:
    rule_id = "indexing.publication_type" if second.field == "publication_type" else "indexing.mesh"
    because = f"NLM indexed the paper so; this stands for {second.design.value}."
    return Verdict(second.design, rule_id, (second.finding(rule_id, because),))


def _indexing_prevails(reading: Reading, words: Verdict, second: Witness) -> bool:
    if second.design is Design.OPINION:
        return not _holds_data(reading, words)
    if second.design is Design.NARR_REVIEW:
        return not words.named and not reading.has_results
    if second.design in (Design.OTHER, Design.PROTOCOL, Design.GUIDELINE):
        return True
    if second.design in (Design.META_ANALYSIS, Design.SR, Design.SCOPING):
        return False
    return second.decides and not words.named


def _holds_data(reading: Reading, words: Verdict) -> bool:
    """A letter with a case, or with a sample and results, is judged by them."""
    if not reading.has_abstract:
        return False
    return words.named or reading.count("statistics") >= 2


@rule("indexing.conflict", "Indexing that contradicts the words")
def contrary(second: Witness) -> Finding:
    """NLM's indexing stands for another design than the words, and the words decide; both are shown.

    A "Review" type on a paper with cases of its own, an "Animals" tag on a trial in people: the finding quotes the
    type or heading, and the confidence of the design is `conflict`.
    """
    because = f"NLM's indexing stands for {second.design.value}; the words say otherwise and decide."
    return second.finding("indexing.conflict", because)


def _level_finding(
    values: dict[str, int | None], verdict: Verdict, shown: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    if not shown or verdict.design is Design.UNCLEAR:
        return ()
    because = f"{verdict.design.value}: {level_sentence(values)}"
    return (replace(shown[0], rule="level.ocebm_base", because=because),)


def _seen(article: Article, *, without_indexing: bool) -> Article:
    return article if not without_indexing else replace(article, publication_types=(), mesh=())
