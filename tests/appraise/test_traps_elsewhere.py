"""Traps T12, T14, T17 and T18 are sprung later (outcomes, clusters, forms, relevance): here only what they rest on."""

from __future__ import annotations

from aggregator.appraise import appraise
from aggregator.model import Design

from ..make import article


def test_t12_an_authors_label_does_not_change_the_design() -> None:
    case = article(
        title="Cholestatic liver injury from a herb: a case report",
        abstract="A 37-year-old woman presented with ALT 578 U/L and alkaline phosphatase 672 U/L.",
    )

    assert appraise(case).design is Design.CASE_REPORT


def test_t14_registry_numbers_are_kept_so_that_records_of_one_study_can_be_joined() -> None:
    trial = article(
        title="A leaf tea for pain: a randomised trial",
        abstract="We randomised 26 men (ClinicalTrials.gov NCT01234567).",
    )

    assert "registry:NCT01234567" in appraise(trial).tags


def test_t17_a_mixture_product_keeps_the_design_of_its_study() -> None:
    rats = article(
        title="Acute toxicity of a combined extract of two plants in rats",
        abstract="Twelve rats got the combined extract of leaves by gavage.",
    )

    assert appraise(rats).design is Design.ANIMAL


def test_t18_another_substance_of_similar_name_is_appraised_like_any_paper() -> None:
    other = article(
        title="Krypton lasers in retinal surgery: a randomised controlled trial",
        abstract="Eighty patients were randomly assigned to krypton or argon laser.",
    )

    assert appraise(other).design is Design.RCT
