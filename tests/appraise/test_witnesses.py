"""Words first, indexing second; marks, tags, levels, the rule book."""

from __future__ import annotations

from dataclasses import replace

from aggregator.appraise import RULEBOOK, RULES, appraise, rulebook
from aggregator.model import (
    Confidence,
    Design,
    Integrity,
    MeshHeading,
    Origin,
    PublicationType,
    Relation,
    Species,
)
from aggregator.vocabulary import Outcome, bundled, extended

from ..make import article

TRIAL = article(
    title="Honey for cough: a randomised controlled trial",
    abstract="We randomly assigned 80 children to honey or placebo in a double-blind trial (ISRCTN12345678).",
)


def indexed(*names: str) -> tuple[PublicationType, ...]:
    return tuple(map(PublicationType, names))


def test_words_and_indexing_that_agree_are_certain() -> None:
    assert appraise(TRIAL).design_confidence is Confidence.PROBABLE
    both = replace(TRIAL, publication_types=indexed("Journal Article", "Randomized Controlled Trial"))
    assert appraise(both).design_confidence is Confidence.CERTAIN


def test_indexing_alone_is_probable_and_quoted_literally() -> None:
    found = appraise(article(title="An odd rash", publication_types=indexed("Case Reports")))

    assert (found.design, found.design_confidence) == (Design.CASE_REPORT, Confidence.PROBABLE)
    first = found.findings[0]
    assert (first.field, first.start, first.end, first.quote) == ("publication_type", 0, 12, "Case Reports")


def test_without_indexing_only_the_words_speak() -> None:
    odd = article(
        title="An odd rash",
        publication_types=indexed("Case Reports"),
        mesh=(MeshHeading("Humans", "D006801"), MeshHeading("Animals", "D000818")),
    )

    found = appraise(odd, without_indexing=True)

    assert (found.design, found.species) == (Design.UNCLEAR, Species.NONE)
    assert {finding.field for finding in found.findings} <= {"title", "abstract"}


def test_a_letter_without_abstract_is_opinion_with_its_type_quoted() -> None:
    letter = article(title="Kava in a patient with cirrhosis", publication_types=indexed("Letter"))

    found = appraise(letter)

    assert (found.design, found.decided_by) == (Design.OPINION, "indexing.publication_type")
    assert found.findings[0].quote == "Letter"


def test_headings_as_topic_are_no_design() -> None:
    topic = article(
        title="On evidence",
        mesh=(MeshHeading("Randomized Controlled Trials as Topic"), MeshHeading("Random Allocation")),
    )

    assert appraise(topic).design is Design.UNCLEAR


def test_marks_corrections_concerns_and_preprints() -> None:
    marked = replace(
        TRIAL,
        relations=(Relation("ErratumIn"), Relation("ExpressionOfConcernIn"), Relation("CommentIn")),
        publication_types=indexed("Preprint"),
    )

    assert appraise(marked).integrity == (Integrity.CORRECTED, Integrity.CONCERN, Integrity.PREPRINT)
    assert appraise(marked).design is Design.RCT


def test_tags_blinding_and_registration() -> None:
    assert appraise(TRIAL).tags == ("double_blind", "registry:ISRCTN12345678")


def test_a_digest_is_read_like_an_abstract_and_marked() -> None:
    digest = article(
        title="Blood tests of regular users of a leaf",
        abstract="58 regular users did not differ from 19 controls in blood counts.",
        origin=Origin.DIGEST,
    )

    found = appraise(digest)

    assert found.digest
    assert (found.design, found.n) == (Design.XSEC_COMPARATIVE, 77)


def test_levels_follow_the_design_with_a_reason() -> None:
    found = appraise(TRIAL)

    assert found.levels == {"benefit": 2, "harm": 2, "exposure": 2}
    assert any(
        finding.rule == "level.ocebm_base" and "benefit 2, harm 2, exposure 2" in finding.because
        for finding in found.findings
    )


def test_a_case_with_rechallenge_counts_more_for_harm() -> None:
    case = article(
        title="Hepatitis from kava: a case report",
        abstract="A 40-year-old man became jaundiced. Rechallenge was positive and RUCAM was 9.",
    )

    assert appraise(case).levels == {"benefit": 5, "harm": 4, "exposure": 5}


def test_the_rule_book_changes_with_the_vocabularies_and_not_with_the_call() -> None:
    more = extended(bundled(), outcomes=[Outcome(name="sleep", terms=("insomnia",))])

    assert rulebook() == rulebook(bundled()) == RULEBOOK
    assert rulebook(more) != RULEBOOK
    assert appraise(TRIAL, vocabularies=more).rulebook == rulebook(more)


def test_every_rule_has_an_id_of_its_own_a_title_and_a_manual_page() -> None:
    ids = [rule.id for rule in RULES]

    assert len(ids) == len(set(ids))
    assert all(rule.title and len(rule.manual) > 60 for rule in RULES)


def test_the_deciding_rule_is_in_the_manual() -> None:
    assert appraise(TRIAL).decided_by in {rule.id for rule in RULES}
