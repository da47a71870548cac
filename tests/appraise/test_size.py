"""How many were studied."""

from __future__ import annotations

import pytest

from aggregator.appraise import appraise

from ..make import article


@pytest.mark.parametrize(
    ("title", "words", "n"),
    [
        ("A trial of rest: a randomised trial", "Of 300 patients screened, 120 were eligible and 96 patients were randomised to rest or work.", 96),
        ("A trial of rest: a randomised trial", "A total of 1,204 adults were randomly assigned to rest or work.", 1204),
        ("A trial of rest: a randomised trial", "Forty-eight women were randomised to rest or work.", 48),
        ("A trial of rest: a randomised trial", "Patients were randomised into two groups (n = 25 each) to rest or work.", 50),
        ("Blood counts of tea users", "We compared 58 regular users and 19 controls in one visit.", 77),
        ("A survey of nurses", "We surveyed nurses by questionnaire (study n = 581).", 581),
        ("Living with gout: a qualitative study", "Three focus groups with ten patients were held; themes emerged.", 10),
        ("Rest after surgery: a retrospective cohort study", "We identified 196 patients; 113 of 160 (70.6%) patients were available for follow-up.", 113),
        ("Rest after surgery: a retrospective cohort study", "Patients were followed for 12 months in 3 centers.", None),
    ],
)  # fmt: skip
def test_reads_the_own_analysed_number(title: str, words: str, n: int | None) -> None:
    assert appraise(article(title=title, abstract=words)).n == n


def test_counts_the_deaths_with_the_substance_not_all_deaths() -> None:
    found = appraise(
        article(
            title="Overdose deaths with a herbal opioid detected",
            abstract="It was detected post-mortem in 152 of 27,338 overdose deaths.",
        )
    )

    assert (found.n, found.n_unit) == (152, "deaths")


def test_quotes_the_words_that_state_the_number() -> None:
    text = "We randomly assigned 64 volunteers with insomnia to tea or water."
    found = appraise(article(title="Tea for sleep: a randomised trial", abstract=text))

    assert [finding.quote for finding in found.findings if finding.rule == "size.own"] == ["64 volunteers"]


def test_gives_a_narrative_review_no_size_of_its_own() -> None:
    found = appraise(
        article(
            title="Tea and sleep: a narrative review",
            abstract="This review discusses trials in 4,000 patients.",
        )
    )

    assert found.n is None


def test_a_stated_total_is_not_added_to_its_own_groups() -> None:
    found = appraise(
        article(
            title="Blood of regular users",
            abstract="In a cross-sectional study of 77 people with full blood tests, 58 regular users did not differ "
            "from 19 controls.",
        )
    )

    assert (found.n, found.n_unit) == (77, "participants")
