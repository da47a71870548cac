"""Step 4: own cases."""

from __future__ import annotations

import re

from ...model import Design
from ..reading import Mention, Reading
from ..rules import rule
from .verdict import Verdict

_STRONG_TITLE = re.compile(
    r"case reports?|cases? series|\breports? of (?:a|an|one)\b|: (?:a|an) (?:[\w-]+,? ){0,3}case\b|^(?:a|an|the) (?:[\w-]+,? ){0,3}case of\b"
    r"|year[- ]old|month[- ]old|day[- ]old|case presentation|first (?:reported )?case|single case|\bcase$|a (?:rare|unusual|unique|curious|challenging|complex|difficult|fatal|severe) case\b|case and",
    re.IGNORECASE,
)


@rule("design.case_report", "One own case")
def case_report(reading: Reading) -> Verdict | None:
    """A paper on one patient of its own (or one family) is a CASE_REPORT; a literature review beside it is secondary.

    Looks for "case report" or "a case of" in the title, "we report the case of a woman", an age with a person ("a
    52-year-old man"), "the patient was …", and sections such as CASE PRESENTATION. "Case report and systematic
    review" stays a case report with n = 1. Systematic reviews of case reports, case-control studies and
    cases counted by the dozen are not meant.
    """
    found = _signs(reading)
    if found is None or _several(reading) or reading.titled("case_series"):
        return None
    because = "The words present one patient of the authors' own."
    findings = tuple(reading.finding("design.case_report", because, mention) for mention in found[:2])
    return Verdict(Design.CASE_REPORT, "design.case_report", findings, _with_review(reading))


@rule("design.several_cases", "A few own cases, one by one")
def several_cases(reading: Reading) -> Verdict | None:
    """Two to a dozen own patients, presented one by one, are a CASE_SERIES, also with a review of the literature.

    Looks for "two case reports", "we present three patients", "case series" in the title, "patient 1 … patient 2".
    """
    several, named = _several(reading), reading.titled("case_series")
    if (
        named
        and not (reading.titled("systematic_review") and not reading.said("people_count"))
        and not _analysed(reading)
    ):
        mention = named
    elif (
        several
        and not _analysed(reading)
        and (several.zone == "title" or _signs(reading) or reading.said("case_said"))
    ):
        mention = several
    else:
        return None
    because = "The words present several patients of the authors' own."
    finding = reading.finding("design.several_cases", because, mention)
    return Verdict(Design.CASE_SERIES, "design.several_cases", (finding,), _with_review(reading))


@rule("design.case_series", "Several own cases")
def case_series(reading: Reading) -> Verdict | None:
    """Two or more own patients described one by one or as a series, without a comparison, are a CASE_SERIES.

    Looks for "two case reports", "we present three patients with", "case series", "cases attributed to", "our
    experience with", and for series inside papers indexed as reviews ("eleven registry cases were
    adjudicated").
    """
    several = _several(reading)
    found = _signs(reading)
    named = reading.titled("case_series")
    if named and reading.titled("systematic_review") and not reading.said("people_count"):
        return None
    if reading.titled("case_control") or reading.said("case_control"):
        return None
    series = named or (reading.said("case_series") if _descriptive(reading) else None)
    if several and (found or not _analysed(reading)):
        mention = several
    elif (
        series
        and (named or not _synthesis_title(reading))
        and not (_analysed(reading) and reading.said("cohort_named"))
    ):
        mention = series
    elif (
        (described := reading.said("cases_described"))
        and _descriptive(reading)
        and "cases" in reading.text[described.start : described.end]
    ):
        mention = described
    else:
        return None
    because = "The words describe several patients of the authors' own without a comparison group."
    finding = reading.finding("design.case_series", because, mention)
    return Verdict(Design.CASE_SERIES, "design.case_series", (finding,), _with_review(reading))


def _signs(reading: Reading) -> list[Mention] | None:
    """The places that make it a case, weightiest first; ``None`` when they do not suffice."""
    title, said = reading.titled("case_title"), reading.said("case_said")
    aged, one = reading.said("aged_person"), reading.said("one_patient")
    strong = title is not None and _STRONG_TITLE.search(reading.article.title) is not None
    if _synthesis_title(reading) and not ((strong and aged) or (title and said and aged)):
        return None
    if (
        not strong
        and (reading.titled("review_title") or reading.titled("narrative_named"))
        and not (aged and said)
    ):
        return None
    if not strong and (reading.said("case_control") or reading.said("animal_strain")):
        return None
    score = (
        3 * strong
        + (title is not None)
        + 3 * (said is not None)
        + (2 + _alone(reading)) * (aged is not None)
        + (one is not None)
    )
    score += min(2, reading.count("one_patient") // 2)
    if not strong and (reading.count("statistics") >= 4 or _big(reading)):
        score -= 3
    needed = 3 if reading.has_abstract else 1
    places = [place for place in (title, said, aged, one) if place]
    return places if score >= needed and places else None


def _alone(reading: Reading) -> bool:
    """No group of people beside the one."""
    return not reading.said("people_count") and reading.count("statistics") < 3


def _several(reading: Reading) -> Mention | None:
    numbered = reading.said("case_numbered")
    return (
        reading.titled("several_cases")
        or reading.said("several_cases")
        or reading.titled("few_in")
        or (reading.said("few_in") if reading.said("case_said") and reading.count("statistics") < 2 else None)
        or (
            numbered
            if numbered and reading.count("case_numbered") > 1 and reading.said("case_said")
            else None
        )
    )


def _big(reading: Reading) -> bool:
    return reading.count("people_count") >= 2 or reading.said("cohort_named") is not None


def _synthesis_title(reading: Reading) -> bool:
    return reading.titled("systematic_review") is not None or reading.titled("meta_analysis") is not None


def _analysed(reading: Reading) -> bool:
    return reading.count("compared_treatments") >= 3


def _descriptive(reading: Reading) -> bool:
    return reading.count("compared_treatments") < 3 and not _synthesis_title(reading)


def _with_review(reading: Reading) -> tuple[Design, ...]:
    if reading.titled("systematic_review"):
        return (Design.SR,)
    return (Design.NARR_REVIEW,) if reading.mentions("with_literature_review") else ()
