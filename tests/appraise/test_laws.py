"""Laws that hold for any text."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.appraise import appraise
from aggregator.model import Article, Design

from ..make import article, sections

PHRASES = (
    "patients", "rats", "were randomly assigned to", "placebo", "(n = 25)", "a systematic review of case reports",
    "we report", "58 users and 19 controls", "METHODS:", "RESULTS:", "cells", "HepG2", "qualitative interviews",
    "cohort", "cross-sectional survey", "152 of 27,338 deaths", "p < 0.05", "In conclusion", "trials are needed.",
    "β-catenin", "naïve", "µg/ml", "中文", "e\u0301", "NCT01234567", "forty-eight women", "mg/kg", "mice", "\n",
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PHRASES), max_size=60).map(" ".join))


def made(title: str, abstract: str) -> Article:
    return article(title=title, abstract=abstract, sections=sections(abstract) if abstract.strip() else ())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, TEXTS)
def test_quotes_are_verbatim_and_appraisals_repeatable(title: str, abstract: str) -> None:
    paper = made(title, abstract)

    found = appraise(paper)

    assert found == appraise(paper)
    for finding in found.findings:
        assert finding.because
        if finding.field == "title":
            assert finding.quote == title[finding.start : finding.end] != ""
        elif finding.field == "abstract":
            assert finding.quote == abstract[finding.start : finding.end] != ""


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["rats", "mice", "dogs", "rabbits", "pigs"]), st.integers(6, 90))
def test_randomised_animals_are_never_a_human_trial(animals: str, number: int) -> None:
    paper = article(
        title=f"Effect of an extract in {animals}",
        abstract=f"{number} {animals} were randomly assigned to extract or placebo. Pain scores were lower (p < 0.05).",
    )

    assert appraise(paper).design is Design.ANIMAL


def test_no_text_makes_it_slow() -> None:
    long = "patients were (n = 5) and " * 4000 + "a" * 20000 + " 1" * 20000

    began = time.perf_counter()
    appraise(made("randomised " * 300, long))

    assert time.perf_counter() - began < 5
