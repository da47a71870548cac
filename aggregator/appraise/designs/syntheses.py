"""Step 6: evidence synthesis and guidance."""

from __future__ import annotations

from ...model import Design
from ..reading import Mention, Reading
from ..rules import rule
from ..zones import FACTOR
from .bench import lanes, leading
from .verdict import Verdict

SHORT, TELLING = 300, 600
"""Lengths from which a text that names no method of its own is taken for an overview. Own convention."""


def _verdict(
    reading: Reading, design: Design, rule_id: str, because: str, *mentions: Mention | None
) -> Verdict:
    findings = tuple(reading.finding(rule_id, because, mention) for mention in mentions if mention)
    return Verdict(design, rule_id, findings)


def searched(reading: Reading) -> Mention | None:
    """Where a systematic method is described: search, selection, PRISMA."""
    places = [reading.said(name) for name in ("searched", "prisma", "studies_included")]
    return next((place for place in places if place), None)


def _method_signs(reading: Reading) -> int:
    return sum(reading.said(name) is not None for name in ("searched", "prisma", "studies_included"))


@rule("design.meta_analysis", "Quantitative pooling of studies")
def meta_analysis(reading: Reading) -> Verdict | None:
    """Pooling the results of several studies, found by a search, is a META_ANALYSIS.

    Looks for "meta-analysis" as the paper's own name or deed ("we performed a meta-analysis"), or a systematic
    review that pools ("pooled odds ratio", "random-effects model", I²). An umbrella review of meta-analyses is none. "A meta-analysis is needed" and meta-analyses
    of others are not meant.
    """
    if reading.titled("overview_of_reviews"):
        return None
    title = reading.titled("meta_analysis")
    done = reading.said("meta_performed")
    pooled, method = reading.said("pooling"), searched(reading)
    systematic = reading.titled("systematic_review") or reading.said("systematic_performed")
    if title and (
        method
        or done
        or pooled
        or systematic
        or not (reading.titled("cohort_named") or reading.said("people_did"))
    ):
        mention: Mention = title
    elif done and (method or pooled) and _method_signs(reading) + bool(pooled) >= 2:
        mention = done
    elif systematic and (reading.count("pooling") >= 2 or reading.titled("pooling")):
        mention = systematic
    else:
        return None
    because = "The paper pools the results of several studies."
    return _verdict(reading, Design.META_ANALYSIS, "design.meta_analysis", because, mention, method or pooled)


@rule("design.scoping_review", "Scoping reviews and evidence maps")
def scoping_review(reading: Reading) -> Verdict | None:
    """A review that maps what has been studied, by a stated search, without grading it, is SCOPING.

    Looks for "scoping review", "evidence map", and for a "comprehensive review" that counts what it found.
    """
    mention = reading.titled("scoping") or reading.said("scoping")
    comprehensive = reading.titled("comprehensive_review")
    if (
        mention is None
        and comprehensive
        and _method_signs(reading) >= 1
        and not reading.titled("systematic_review")
    ):
        mention = comprehensive
    if mention is None or (mention.zone != "title" and reading.titled("systematic_review")):
        return None
    because = "The paper maps the literature by a search, without grading it."
    return _verdict(reading, Design.SCOPING, "design.scoping_review", because, mention)


@rule("design.systematic_review", "Systematic reviews without pooling")
def systematic_review(reading: Reading) -> Verdict | None:
    """A review with a stated search and selection that does not pool is an SR; so are umbrella and rapid reviews.

    Looks for "systematic review" as the paper's own name, "we systematically searched", PRISMA, databases named as
    searched together with a count of included studies. What its included studies are decides its level, not its
    name. A review that only calls its reading "literature search" stays narrative.
    """
    title, done = reading.titled("systematic_review"), reading.said("systematic_performed")
    said, signs = reading.said("systematic_review"), _method_signs(reading)
    if title or (done and signs >= 1) or (said and signs >= 2):
        mention = title or done or said
    elif signs == 3 or (signs == 2 and reading.said("searched") and not reading.said("people_did")):
        mention = reading.said("searched") or reading.said("prisma")
    else:
        return None
    because = "The paper reviews studies found by a stated, systematic search."
    return _verdict(reading, Design.SR, "design.systematic_review", because, mention, searched(reading))


@rule("design.guideline", "Guidelines and consensus")
def guideline(reading: Reading) -> Verdict | None:
    """Recommendations of a body or of experts are a GUIDELINE: guidelines, consensus and position statements, Delphi.

    A study of whether guidelines are followed is not.
    """
    title, named, made = reading.titled("guideline_title"), reading.said("guideline"), reading.said("delphi")
    measured = reading.said("people_count") is not None and reading.count("statistics") >= 3
    delphi = next(
        (place for place in reading.mentions("delphi") if "elphi" in reading.text[place.start : place.end]),
        None,
    )
    if title and (named or made or not reading.has_abstract) and not measured:
        mention: Mention | None = title
    elif delphi and (delphi.zone == "title" or delphi.factor >= 2) and not reading.said("cohort_named"):
        mention = delphi
    elif named and made and not measured:
        mention = made
    else:
        return None
    because = "The paper gives recommendations agreed by a body or by experts."
    return _verdict(reading, Design.GUIDELINE, "design.guideline", because, mention)


@rule("design.narrative_review", "Narrative reviews")
def narrative_review(reading: Reading) -> Verdict | None:
    """A review without a stated method is a NARR_REVIEW: narrative, critical, mini review, chapter, overview.

    Looks for "this review", "we review", "narrative review", "recent advances are discussed". A "retrospective
    review", "chart review" or "review of 40 patients" is data, not literature.
    """
    title = reading.titled("narrative_named") or reading.titled("review_title")
    said = _told(reading)
    if _own_data(reading) and not (title and said):
        return None
    strong = title or reading.said("narrative_named")
    if title and (said or not _own_data(reading)):
        mention: Mention | None = title
    elif said and (
        strong
        or reading.count("narrative_says") >= 2
        or reading.titled("narrative_title")
        or _reviews(reading, said)
    ):
        mention = said
    elif reading.said("narrative_named") and not reading.said("people_did"):
        mention = reading.said("narrative_named")
    else:
        return None
    because = "The paper reviews the literature without stating a systematic method."
    return _verdict(reading, Design.NARR_REVIEW, "design.narrative_review", because, mention, said)


@rule("design.essay", "Overviews by their tone")
def essay(reading: Reading) -> Verdict | None:
    """A text without data, methods or results that surveys a field is read as a NARR_REVIEW.

    Looks for titles such as "Recent advances in …", "Management of …", "Role of …", or verbs of telling, where no
    study of its own is described. Own convention; the weakest of the review rules.
    """
    mention = reading.titled("narrative_title") or _told(reading)
    told = _told(reading) is not None
    lane = leading(lanes(reading))
    if not told and (
        lane in ("matter", "computer", "plants")
        or reading.titled("animal_strain")
        or _too_short(reading, mention)
    ):
        return None
    most = 3 if told or (mention and lane == "people") else 1
    if not reading.has_abstract or reading.own_work >= most or reading.has_results:
        return None
    because = "The text surveys a field; no study of its own is described."
    if mention:
        finding = reading.finding("design.essay", because, mention)
    else:
        finding = reading.quoting("design.essay", because, 0, len(reading.article.title))
    return Verdict(Design.NARR_REVIEW, "design.essay", (finding,), named=False)


def _too_short(reading: Reading, mention: Mention | None) -> bool:
    """Silence about methods tells nothing in a short text."""
    length = len(reading.article.abstract)
    return reading.article.is_digest or length < (SHORT if mention else TELLING)


def _told(reading: Reading) -> Mention | None:
    """Where the text says that it reviews; the last sentence is a usual place for that."""
    found = [mention for mention in reading.mentions("narrative_says") if mention.factor >= FACTOR["closing"]]
    return max(found, key=lambda mention: (_reviews(reading, mention), mention.factor), default=None)


def _reviews(reading: Reading, mention: Mention) -> bool:
    words = reading.text[mention.start : mention.end].lower()
    return "review" in words or "overview" in words or "chapter" in words


def _own_data(reading: Reading) -> bool:
    people = reading.said("people_count") is not None and reading.count("statistics") >= 2
    return people or reading.count("statistics") >= 4
