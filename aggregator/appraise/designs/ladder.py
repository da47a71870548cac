"""The ladder: design rules in the order in which they are asked; the first that answers decides."""

from __future__ import annotations

from collections.abc import Callable

from ...model import Design
from ..reading import Reading
from ..rules import rule, rules_of
from . import bench, cases, notices, observational, opinions, surveillance, syntheses, trials
from .verdict import Verdict

Step = Callable[[Reading], Verdict | None]

ANY_SUBJECT: tuple[Step, ...] = (
    notices.notice,
    notices.protocol,
    opinions.opinion,
    syntheses.meta_analysis,
    syntheses.scoping_review,
    cases.case_report,
    syntheses.systematic_review,
    syntheses.guideline,
    cases.several_cases,
    syntheses.narrative_review,
)
"""Asked whatever was studied."""

PEOPLE: tuple[Step, ...] = (
    surveillance.poison_centre,
    surveillance.pharmacovigilance,
    surveillance.forensic_series,
    observational.qualitative,
    trials.pharmacokinetics,
    trials.randomised,
    observational.economic,
    trials.nonrandomised,
    trials.single_arm,
    observational.momentary,
    observational.titled_cohort,
    observational.case_control,
    observational.cross_sectional,
    cases.case_series,
    observational.cohort,
    syntheses.essay,
    opinions.argument,
    observational.records,
    observational.people,
)
"""Asked when people were studied."""

BENCH: tuple[Step, ...] = (bench.animal, bench.in_vitro, bench.in_silico, bench.analytical, bench.plants)
"""Asked when no people were studied."""

LAST: tuple[Step, ...] = (
    observational.qualitative,
    observational.economic,
    syntheses.essay,
    opinions.argument,
)
"""Asked when nothing answered."""


def design_by_words(reading: Reading) -> Verdict:
    """The first answer of the ladder; UNCLEAR when no step has one."""
    steps = (*ANY_SUBJECT, *_by_subject(reading), *LAST)
    for step in steps:
        verdict = step(reading)
        if verdict is not None:
            return verdict
    return unclear()


@rule("design.unclear", "Nothing decides")
def unclear() -> Verdict:
    """UNCLEAR is said when no rule finds its words: a title alone, a text of one line.

    Such a paper carries no level, takes no part in any vote and is listed for a person to judge. Indexing may still
    answer in its place, when NLM has indexed the paper.
    """
    return Verdict(Design.UNCLEAR, "design.unclear", (), named=False)


def _by_subject(reading: Reading) -> tuple[Step, ...]:
    if bench.human_study(reading):
        return PEOPLE
    return (observational.economic, syntheses.essay, opinions.argument, *BENCH)


DESIGN_RULES = rules_of((*ANY_SUBJECT, *BENCH, *PEOPLE, unclear))
