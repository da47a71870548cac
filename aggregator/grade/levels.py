"""The level of evidence that a design starts from, by the kind of question (OCEBM 2011).

Source: OCEBM Levels of Evidence Working Group, "The Oxford 2011 Levels of Evidence"; the column "treatment
benefits" for benefit and "common harms" for harm. Where that table is silent (single case reports, cross-sectional
comparisons, drug exposure) the number is our own convention, marked so below. A level says how far a design can
carry an answer, not how good the single study is.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Design, Question

_SYNTHESES = frozenset({Design.META_ANALYSIS, Design.SR})

# design: (benefit, harm, exposure); None = carries no level. Level 1 of a synthesis holds only when it pools
# randomised trials: see `base_level`.
BASE_LEVEL: Mapping[Design, tuple[int | None, int | None, int | None]] = {
    Design.META_ANALYSIS: (1, 1, 1),
    Design.SR: (1, 1, 1),
    Design.SCOPING: (None, None, None),  # an index of primary studies, never graded itself
    Design.NARR_REVIEW: (5, 5, 5),
    Design.GUIDELINE: (5, 5, 5),
    Design.RCT: (2, 2, 2),
    Design.NRCT: (3, 3, 3),
    Design.SINGLE_ARM: (4, 4, 4),
    Design.PK_HUMAN: (5, 4, 3),  # exposure: own convention
    Design.PK_DDI_HUMAN: (5, 4, 3),  # exposure: own convention; 2 when a randomised crossover
    Design.COHORT_PROSP: (3, 3, 3),
    Design.COHORT_RETRO: (3, 3, 3),
    Design.CASE_CONTROL: (4, 4, 4),
    Design.XSEC_COMPARATIVE: (4, 4, 4),  # own convention
    Design.XSEC_SURVEY: (4, 4, 4),
    Design.EMA: (4, 4, 4),
    Design.XSEC_UNCONTROLLED: (4, 4, 4),
    Design.LONGITUDINAL_UNCONTROLLED: (4, 4, 4),
    Design.PHARMACOVIGILANCE: (None, 4, 4),
    Design.POISON_CENTER: (None, 4, 4),
    Design.FORENSIC_SERIES: (None, 4, 4),
    Design.CASE_SERIES: (4, 4, 4),
    Design.CASE_REPORT: (5, 5, 5),  # own convention; harm 4 with a causality feature
    Design.QUALITATIVE: (None, None, None),
    Design.ANIMAL: (5, 5, 5),
    Design.IN_VITRO: (5, 5, 5),
    Design.IN_SILICO: (5, 5, 5),
    Design.ANALYTICAL: (None, None, None),
    Design.ECON_MODEL: (5, 5, 5),
    Design.PROTOCOL: (None, None, None),
    Design.OPINION: (None, None, None),
    Design.OTHER: (None, None, None),
    Design.UNCLEAR: (None, None, None),
}

LEVELLED_QUESTIONS = (Question.BENEFIT, Question.HARM, Question.EXPOSURE)

MECHANISM = frozenset({Design.ANIMAL, Design.IN_VITRO, Design.IN_SILICO})
"""Designs that explain and never grade: they stand in a lane of their own."""


def base_level(
    design: Design,
    question: Question,
    *,
    included: Design | None = None,
    causality_feature: bool = False,
    randomised: bool = False,
) -> int | None:
    """The level (1 strongest … 5 weakest) a design starts from, or ``None`` where it carries none.

    ``included``: for a synthesis, the strongest design that its text says it pools; ``None`` is "not stated", and
    then the synthesis starts from level 4 (own convention: it may hold nothing better than cases). ``causality_feature``:
    a case report that states rechallenge, dechallenge with other causes excluded, or a causality score.
    ``randomised``: an exposure study with random order.
    """
    if question not in LEVELLED_QUESTIONS:
        return None
    column = LEVELLED_QUESTIONS.index(question)
    base = BASE_LEVEL[design][column]
    if design in _SYNTHESES:
        if included is None:
            return 4
        return 1 if included is Design.RCT else max(2, base_level(included, question) or 4)
    if design is Design.CASE_REPORT and question is Question.HARM and causality_feature:
        return 4
    if design is Design.PK_DDI_HUMAN and question is Question.EXPOSURE and randomised:
        return 2
    return base
