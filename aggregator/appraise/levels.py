"""The level a paper starts from, by question, and why."""

from __future__ import annotations

from ..grade.levels import LEVELLED_QUESTIONS, base_level
from ..model import Design, Finding
from .reading import Mention, Reading
from .rules import rule

_POOLED = (
    (Design.RCT, "pooled_trials"),
    (Design.COHORT_RETRO, "pooled_cohorts"),
    (Design.CASE_CONTROL, "pooled_case_control"),
    (Design.CASE_REPORT, "pooled_cases"),
    (Design.ANIMAL, "pooled_animals"),
    (Design.IN_VITRO, "pooled_in_vitro"),
)
_SYNTHESES = (Design.META_ANALYSIS, Design.SR)


@rule("level.ocebm_base", "OCEBM base level")
def levels(
    reading: Reading, design: Design, tags: tuple[str, ...]
) -> tuple[dict[str, int | None], tuple[Finding, ...]]:
    """The OCEBM 2011 level that the design starts from, for benefit, harm and exposure questions.

    A synthesis starts from what it pools, as far as its text says (a systematic review of case reports has
    their level); a case report of harm with rechallenge or a causality score starts one level higher; an interaction
    study in random order too. Moves up and down come later, with the outcome. Where OCEBM is silent the number is
    our own convention.
    """
    pooled = included(reading) if design in _SYNTHESES else None
    cause = causality(reading, design)
    randomised = "randomised" in tags
    values = {
        question.value: base_level(
            design,
            question,
            included=pooled[0] if pooled else None,
            causality_feature=cause is not None,
            randomised=randomised,
        )
        for question in LEVELLED_QUESTIONS
    }
    found = []
    if pooled:
        because = f"The synthesis pools {pooled[0].value}; it starts from their level."
        found.append(reading.finding("level.included", because, pooled[1]))
    if cause:
        found.append(
            reading.finding(
                "level.causality", "A causality feature is stated: the case counts more for harm.", cause
            )
        )
    return values, tuple(found)


@rule("level.causality", "A case with a causality feature")
def causality(reading: Reading, design: Design) -> Mention | None:
    """A case report of harm that tells of a rechallenge, a dechallenge or a causality score counts more for harm.

    Looks for "rechallenge", "RUCAM", "Naranjo", "took it again" in case reports. Own convention: level 4 instead of 5
    for harm, nothing for benefit.
    """
    return reading.said("causality_features") if design is Design.CASE_REPORT else None


@rule("level.included", "What a synthesis pools")
def included(reading: Reading) -> tuple[Design, Mention] | None:
    """The strongest design that a synthesis says it includes; case reports named in the title stay case reports.

    Looks in title and methods for "randomised controlled trials", "cohort studies", "case reports", "animal studies".
    """
    title = reading.titled("pooled_cases")
    if title:
        return Design.CASE_REPORT, title
    for design, cue in _POOLED:
        mention = reading.best(cue)
        if mention and mention.factor >= 2:
            return design, mention
    return None


def level_sentence(values: dict[str, int | None]) -> str:
    """The levels in words."""
    if all(value is None for value in values.values()):
        return "It carries no level of evidence of its own."
    parts = [f"{question.value} {values[question.value] or 'none'}" for question in LEVELLED_QUESTIONS]
    return f"OCEBM base level: {', '.join(parts)}."
