"""Records into lanes, lanes into counts and sentences."""

from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from aggregator.grade.levels import base_level
from aggregator.grade.summary import Excluded, Lane, Statement, Study, lane_of, summarise
from aggregator.grade.words import DESIGN_WORDS, LEVEL_WORDS, counted, listed
from aggregator.model import Confidence, Design, Integrity, Origin, Question, Species
from tests.make import appraisal, article, author, study, summary, topic

OVERCLAIMS = re.compile(
    r"(?i)\b(safe|safety|no evidence of|proven|proves|causes?d?|effective|ineffective|harmless|reduces|"
    r"increases|well tolerated|risk-free)\b"
)


def _ids(studies: tuple[Study, ...]) -> list[str]:
    return [study.id for study in studies]


def _texts(*studies: Study, kind: Question = Question.HARM) -> list[str]:
    return [said.text for said in summary(*studies, topic=topic(kind)).statements]


# ------------------------------------------------------------------------------------------- laws

_DESIGNS = st.sampled_from(list(Design))


@st.composite
def _studies(draw: st.DrawFn) -> list[Study]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        design = draw(_DESIGNS)
        levels = {kind.value: base_level(design, kind) for kind in Question if kind is not Question.ANY}
        found.append(
            Study(
                id=f"a{number}",
                article=article(
                    year=draw(st.none() | st.integers(1990, 2026)),
                    origin=draw(st.sampled_from(list(Origin))),
                ),
                appraisal=appraisal(
                    design,
                    levels=levels,
                    species=draw(st.sampled_from(list(Species))),
                    system=draw(st.sampled_from(["", "HepG2 cells"])),
                    n=draw(st.none() | st.integers(0, 99)),
                    integrity=tuple(draw(st.sets(st.sampled_from(list(Integrity)), max_size=2))),
                    design_confidence=draw(st.sampled_from(list(Confidence))),
                ),
                via=draw(st.sampled_from([(), ("words",), ("query",), ("words", "person")])),
            )
        )
    return found


@given(_studies(), st.sampled_from(list(Question)))
def test_every_record_stands_in_exactly_one_lane(studies: list[Study], kind: Question) -> None:
    made = summary(*studies, topic=topic(kind))

    assert sorted(study.id for _, study in made.records()) == sorted(study.id for study in studies)
    assert all(lane is lane_of(study) for lane, study in made.records())
    assert made.total == len(studies) == sum(made.by_design.values())
    assert sum(made.by_level.values()) == (0 if kind is Question.ANY else len(made.human))
    assert (*made.syntheses, *made.background) == made.context


@given(_studies(), st.sampled_from(list(Question)), st.randoms(use_true_random=False))
def test_the_order_of_the_records_never_matters(
    studies: list[Study], kind: Question, chance: random.Random
) -> None:
    shuffled = chance.sample(studies, len(studies))

    assert summary(*studies, topic=topic(kind)) == summary(*shuffled, topic=topic(kind))


@given(_studies(), st.sampled_from(list(Question)))
def test_no_sentence_claims_an_effect_or_safety_and_each_rests_on_records_of_the_topic(
    studies: list[Study], kind: Question
) -> None:
    made = summary(*studies, topic=topic(kind))

    known = {study.id for study in studies}
    for said in made.statements:
        assert not OVERCLAIMS.search(said.text), said.text
        assert set(said.ids) <= known
        assert said.text.endswith(".")


@given(_studies())
def test_animals_cells_and_models_never_count_among_studies_in_people(studies: list[Study]) -> None:
    made = summary(*studies)

    assert all(
        study.appraisal.design not in (Design.ANIMAL, Design.IN_VITRO, Design.IN_SILICO)
        and study.appraisal.species is not Species.ANIMAL
        for study in made.human
    )


# ------------------------------------------------------------------------------------------- lanes and order


def test_studies_in_people_stand_by_level_then_size_then_year_then_id() -> None:
    made = summary(
        study("a10", level=4, n=5, year=2020),
        study("a9", level=4, n=5, year=2020),
        study("newer", level=4, n=5, year=2024),
        study("sized-zero", level=4, n=0, year=2024),
        study("unsized", level=4, year=2025),
        study("large", level=4, n=500, year=1999),
        study("unlevelled", level=None, n=9000),
        study("trial", Design.RCT, level=2, n=12),
    )

    assert _ids(made.human) == ["trial", "large", "newer", "a9", "a10", "sized-zero", "unsized", "unlevelled"]
    assert made.by_level == {2: 1, 4: 6, None: 1}


def test_withdrawn_records_and_texts_without_results_are_left_out_with_the_reason() -> None:
    studies = [
        study("r", Design.RCT, level=2, integrity=(Integrity.RETRACTED, Integrity.DELETED)),
        study("d", Design.RCT, level=2, integrity=(Integrity.DELETED,)),
        study("p", Design.PROTOCOL),
        study("o", Design.OPINION),
        study("x", Design.OTHER),
    ]

    made = summary(*studies)

    assert made.human == ()
    assert [(left.study.id, left.reason) for left in made.excluded] == [
        ("r", "retracted"),
        ("d", "deleted"),
        ("o", "opinion"),
        ("p", "protocol"),
        ("x", "other"),
    ]
    assert made.excluded[1] == Excluded(studies[1], "deleted", "PubMed has deleted this record.")


def test_preprints_corrections_and_concerns_stay_among_the_studies() -> None:
    kept = (Integrity.PREPRINT, Integrity.CORRECTED, Integrity.CONCERN)

    made = summary(study("a1", level=4, integrity=kept))

    assert _ids(made.human) == ["a1"]


def test_a_trial_in_animals_or_on_cells_stands_with_the_mechanisms() -> None:
    made = summary(
        study("dogs", Design.RCT, level=2, species=Species.ANIMAL, organism="dog"),
        study("cells", Design.CASE_SERIES, level=4, species=Species.NONE, system="HepG2 cells"),
        study("both", Design.RCT, level=2, species=Species.MIXED),
    )

    assert _ids(made.human) == ["both"]
    assert _ids(made.mechanism) == ["dogs", "cells"]


def test_syntheses_come_first_in_the_context_and_are_never_counted_by_level() -> None:
    made = summary(
        study("review", Design.NARR_REVIEW, level=5, n=900),
        study("scoping", Design.SCOPING),
        study("pooled", Design.META_ANALYSIS, level=1),
    )

    assert _ids(made.context) == ["pooled", "scoping", "review"]
    assert (_ids(made.syntheses), _ids(made.background)) == (["pooled", "scoping"], ["review"])
    assert made.by_level == {}


def test_a_topic_that_is_not_graded_counts_no_level_and_says_so() -> None:
    made = summary(study("a1", Design.RCT, level=2), topic=topic(Question.ANY, outcomes=()))

    assert (made.graded, made.by_level) == (False, {})
    assert [said.text for said in made.statements] == [
        "1 record names kratom: 1 study in people.",
        "This topic asks no graded question: records are kept and listed, nothing is ranked.",
    ]


# ------------------------------------------------------------------------------------------- sentences


def test_the_sentences_of_a_topic_of_harm() -> None:
    made = summary(
        study("a1", Design.CASE_SERIES, level=4, n=11, year=2021, authors=(author("Ahmad", "J"),)),
        study("a2", Design.CASE_REPORT, level=5, n=1, year=2019),
        study("a3", Design.SR, level=4),
        study("a4", Design.NARR_REVIEW, level=5),
        study("a5", Design.ANIMAL, level=5, species=Species.ANIMAL),
        study("a6", Design.PROTOCOL),
        study("a7", Design.UNCLEAR),
        study("a8", Design.CASE_REPORT, level=5, integrity=(Integrity.PREPRINT,)),
    )

    assert made.statements == (
        Statement(
            "8 records name kratom and an outcome asked about (liver): 3 studies in people, 1 synthesis of "
            "other studies, 1 other text for context, 1 animal or laboratory study, 1 excluded record and 1 "
            "record of unrecognised design.",
            ("a1", "a2", "a8", "a3", "a4", "a5", "a6", "a7"),
        ),
        Statement(
            "The strongest design in people stands at level 4 of 5 for a question of harm (case series, "
            "case-control study, survey, reporting-system or poison-centre series, single case with a stated "
            "sign of causality): 1 case series (Ahmad 2021).",
            ("a1",),
        ),
        Statement(
            "None of the studies in people is classed as a controlled trial, cohort, case-control study or "
            "cross-sectional comparison.",
            ("a1", "a2", "a8"),
        ),
        Statement(
            "1 case series and 2 case reports: such reports bear on whether a harm can occur and cannot show "
            "how often it does. Their causality is not judged in this version.",
            ("a1", "a2", "a8"),
        ),
        Statement(
            "1 systematic review (level 4 at best) is shown apart and not added to the count: what a "
            "synthesis reports on may stand here already.",
            ("a3",),
        ),
        Statement("Animal and laboratory work (1 record) explains and does not grade.", ("a5",)),
        Statement("1 record is not peer reviewed (preprint): kept and marked.", ("a8",)),
        Statement("1 record is shown but left out of every count by level (protocol 1).", ("a6",)),
        Statement(
            "The design of 1 record was not recognised: a person has to look, and studies in people may be "
            "among them.",
            ("a7",),
        ),
    )


def test_no_study_in_people_is_not_worded_as_no_harm() -> None:
    assert _texts(study("a1", Design.ANIMAL, level=5, species=Species.ANIMAL)) == [
        "1 record names kratom and an outcome asked about (liver): 1 animal or laboratory study.",
        "No study in people is recognised among these records. That none is here says nothing about the answer.",
        "Animal and laboratory work (1 record) explains and does not grade.",
    ]


def test_an_empty_topic_says_that_this_says_nothing() -> None:
    assert _texts() == ["The library holds no record of this topic. That says nothing about the question."]


def test_a_topic_of_benefit_without_comparison_says_what_cannot_be_told_apart() -> None:
    texts = _texts(study("a1", Design.XSEC_SURVEY, level=4), kind=Question.BENEFIT)

    assert texts[2] == (
        "None of the studies in people is classed as a controlled trial, cohort, case-control study or "
        "cross-sectional comparison: natural course, expectation and self-selection cannot be told from an "
        "effect."
    )


def test_studies_whose_design_carries_no_level_are_said_to_carry_none() -> None:
    texts = _texts(study("a1", Design.POISON_CENTER, level=None), kind=Question.BENEFIT)

    assert texts[1] == "None of the studies in people carries a level of evidence for a question of benefit."


def test_digests_are_called_a_selected_set_only_when_all_are() -> None:
    digest = study("a1", level=4, origin=Origin.DIGEST)
    published = study("a2", level=4)

    assert (
        "Texts are digests in our own words, not published abstracts: a selected set, not a search."
        in _texts(digest)
    )
    assert "Of 2 records, 1 is held as a digest in our own words, not as the published abstract." in _texts(
        digest, published
    )


def test_a_design_on_which_words_and_indexing_disagree_is_handed_to_a_person() -> None:
    texts = _texts(study("a1", level=4, design_confidence=Confidence.CONFLICT))

    assert texts[-1] == (
        "Words and indexing disagree on the design of 1 study in people: a person should check the level."
    )


def test_records_that_a_query_returned_are_not_said_to_name_the_topic() -> None:
    assert _texts(study("a1", level=4), study("a2", level=4, via=("query",)))[0] == (
        "2 records belong to this topic: 2 studies in people."
    )


def test_a_very_long_first_author_is_shortened_at_a_word() -> None:
    group = author("The Very Long Named Collaborative Study Group on Herbal Products and the Liver in Asia")

    text = _texts(study("a1", Design.RCT, level=2, year=2020, authors=(group,)))[1]

    assert text.endswith("(The Very Long Named Collaborative Study Group on Herbal… 2020).")


def test_what_abstracts_cannot_show_is_listed_with_the_certainty_that_is_not_computed() -> None:
    limits = summary().not_assessable

    assert any("GRADE" in limit and "not computed in this version" in limit for limit in limits)
    assert any("allocation" in limit for limit in limits)
    assert any("Selective reporting" in limit for limit in limits)


def test_the_summary_keeps_what_it_was_told_of_its_origin() -> None:
    made = summarise(topic(), [], as_of="", rulebook="2026.1+abc", coverage="loaded files")

    assert (made.as_of, made.rulebook, made.coverage) == ("", "2026.1+abc", "loaded files")


# ------------------------------------------------------------------------------------------- words


def test_every_design_and_every_level_has_a_name() -> None:
    assert set(DESIGN_WORDS) == set(Design)
    assert all(
        set(LEVEL_WORDS[kind]) == ({1, 2, 3, 4, 5} if kind is not Question.ANY else set())
        for kind in Question
    )
    assert set(Lane) == {lane_of(study(design=design)) for design in Design}


def test_names_agree_with_their_number() -> None:
    assert [counted(count, Design.META_ANALYSIS) for count in (0, 1, 1200)] == [
        "0 meta-analyses",
        "1 meta-analysis",
        "1,200 meta-analyses",
    ]
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
