"""The traps of the methods (T1 to T19): each is a mistake that a careless reader of abstracts makes."""

from __future__ import annotations

from aggregator.appraise import appraise
from aggregator.model import Confidence, Design, Integrity, PublicationType, Relation, Species

from ..make import article


def test_t1_animals_allotted_at_random_are_no_human_trial() -> None:
    rats = article(
        title="Subacute toxicity of a herbal decoction in Wistar rats",
        abstract="Twelve rats were randomly assigned to decoction or vehicle by oral gavage at 500 mg/kg for 28 days. "
        "Liver enzymes were measured and the animals were sacrificed.",
    )

    found = appraise(rats)

    assert (found.design, found.species, found.organism) == (Design.ANIMAL, Species.ANIMAL, "rat")
    assert "randomised_in_animals" in found.tags


def test_t2_a_case_report_with_a_systematic_review_stays_a_case() -> None:
    case = article(
        title="Hepatitis after a slimming tea: a case report and systematic review of the literature",
        abstract="We report the case of a 44-year-old woman who presented with jaundice. She recovered after stopping "
        "the tea. We also searched PubMed and Embase and found 31 cases.",
    )

    found = appraise(case)

    assert (found.design, found.n, found.n_unit) == (Design.CASE_REPORT, 1, "cases")
    assert found.secondary_designs == (Design.SR,)


def test_t3_a_registry_series_indexed_as_a_review_is_a_series() -> None:
    series = article(
        title="Liver injury from green tea extract: experience of a national registry and review of the literature",
        abstract="METHODS: Patients were enrolled prospectively in the registry and adjudicated by experts.\n"
        "RESULTS: Fourteen cases attributed to green tea extract were identified. All were symptomatic and recovered.",
        publication_types=(PublicationType("Journal Article"), PublicationType("Review")),
    )

    found = appraise(series)

    assert found.design is Design.CASE_SERIES
    assert found.design_confidence is Confidence.CONFLICT
    assert "Review" in [finding.quote for finding in found.findings]


def test_t4_a_systematic_review_of_case_reports_starts_from_their_level() -> None:
    review = article(
        title="Withdrawal after stopping a botanical opioid: a systematic review of case reports",
        abstract="PubMed, Embase and Scopus were searched to 2020. Nineteen articles were included.",
    )

    found = appraise(review)

    assert (found.design, found.n, found.n_unit) == (Design.SR, 19, "articles")
    assert found.levels["benefit"] == 5
    assert found.levels["harm"] == 5


def test_t5_a_retrospective_review_of_charts_is_data_not_literature() -> None:
    charts = article(
        title="Outcomes of acute cholangitis in octogenarians: a retrospective review",
        abstract="METHODS: Medical records of 212 patients admitted between 2010 and 2015 were reviewed.\n"
        "RESULTS: In-hospital mortality was 9%. Multivariable logistic regression showed that creatinine was an "
        "independent predictor of mortality (OR 2.1, 95% CI 1.2-3.4).",
    )

    assert appraise(charts).design is Design.COHORT_RETRO


def test_t6_a_randomised_pharmacokinetic_study_is_no_evidence_of_efficacy() -> None:
    study = article(
        title="Pharmacokinetics and tolerability of single ascending doses of an oral compound in healthy volunteers",
        abstract="Forty healthy volunteers were randomised to active drug or placebo in a double-blind dose-escalation "
        "study. Cmax and AUC rose in proportion to the dose; half-life was 11 h.",
    )

    found = appraise(study)

    assert (found.design, found.n) == (Design.PK_HUMAN, 40)
    assert "randomised" in found.tags
    assert found.levels["benefit"] == 5


def test_t7_designs_that_are_missing_or_still_needed_are_not_the_papers_own() -> None:
    survey = article(
        title="What patients with migraine ask about herbal remedies",
        abstract="No systematic review has been published on this question. We surveyed 310 patients with an online "
        "questionnaire. Respondents named feverfew most often (41%). Randomised controlled trials are needed.",
    )

    assert appraise(survey).design is Design.XSEC_SURVEY


def test_t8_measured_facts_beat_a_contradictory_label() -> None:
    diary = article(
        title="Ecological momentary assessment of cannabis use in adults",
        abstract="In this prospective cross-sectional study, 120 adults answered smartphone prompts several times a day "
        "for two weeks about use and craving.",
    )

    assert appraise(diary).design is Design.EMA


def test_t9_a_size_always_carries_what_it_counts() -> None:
    calls = article(
        title="Exposures to caffeine products reported to poison centers",
        abstract="There were 2,417 exposures reported to poison centers between 2012 and 2016; 61% were unintentional.",
    )
    products = article(
        title="Heavy metals in turmeric supplements by ICP-MS",
        abstract="A total of 24 products were purchased online. Lead was quantified by ICP-MS after acid digestion.",
    )

    assert (appraise(calls).n, appraise(calls).n_unit) == (2417, "exposures")
    assert (appraise(products).n, appraise(products).n_unit) == (24, "products")


def test_t10_a_letter_that_holds_data_is_judged_by_them() -> None:
    letter = article(
        title="Liver enzymes in regular users of an energy drink",
        abstract="In this cross-sectional study we measured liver enzymes in 86 users and 90 non-users. Enzymes did not "
        "differ significantly (p = 0.41).",
        publication_types=(PublicationType("Letter"),),
    )

    found = appraise(letter)

    assert found.design is Design.XSEC_COMPARATIVE
    assert found.n == 176
    assert found.design_confidence is Confidence.CONFLICT


def test_t11_human_enzymes_and_cells_make_no_human_study() -> None:
    assay = article(
        title="Inhibition of drug-metabolising enzymes by a leaf alkaloid",
        abstract="Human liver microsomes and recombinant CYP2D6 were incubated with the alkaloid. The Ki was 1.2 µM and "
        "inhibition was competitive. HepG2 cells showed no cytotoxicity.",
    )

    found = appraise(assay)

    assert (found.design, found.species, found.organism) == (Design.IN_VITRO, Species.NONE, "human")
    assert found.system == "Human liver microsomes"


def test_t13_an_assay_inside_a_clinical_study_does_not_make_it_analytical() -> None:
    clinical = article(
        title="Plasma levels of an alkaloid in patients admitted with poisoning",
        abstract="We enrolled 54 patients admitted to the emergency department. Plasma was analysed by LC-MS/MS. "
        "Concentrations were higher in patients who needed intensive care (p = 0.01), and mortality was 4%.",
    )

    assert appraise(clinical).species is Species.HUMAN
    assert appraise(clinical).design is not Design.ANALYTICAL


def test_t15_a_design_in_the_background_is_another_papers() -> None:
    cells = article(
        title="Curcumin protects hepatocytes from oxidative stress",
        abstract="BACKGROUND: A randomised trial in 60 patients suggested that curcumin lowers transaminases.\n"
        "METHODS: HepG2 cells were cultured with curcumin; apoptosis was measured by flow cytometry and western blot.\n"
        "RESULTS: Curcumin reduced reactive oxygen species and apoptosis.",
    )

    assert appraise(cells).design is Design.IN_VITRO


def test_t16_results_count_also_under_another_label() -> None:
    calls = article(
        title="Exposures to a herbal stimulant reported to United States poison centers",
        abstract="BACKGROUND: Use has grown.\nDISCUSSION: We identified 312 exposures reported to poison centers; 40% of "
        "the callers were admitted.",
    )

    assert (appraise(calls).design, appraise(calls).n) == (Design.POISON_CENTER, 312)


def test_t19_a_treatment_protocol_is_no_study_protocol() -> None:
    treatment = article(
        title="A multiple-dose protocol of ipratropium in acute asthma",
        abstract="METHODS: We randomised 180 adults to the multiple-dose protocol or to a single dose.\nRESULTS: Admission "
        "was less frequent with multiple doses (p = 0.02).",
    )
    planned = article(
        title="Ipratropium in acute asthma: protocol for a randomised controlled trial",
        abstract="METHODS: 180 adults will be randomised. The primary outcome will be admission.",
    )

    assert appraise(treatment).design is Design.RCT
    assert appraise(planned).design is Design.PROTOCOL
    assert appraise(planned).n is None


def test_the_notice_is_not_the_retracted_paper() -> None:
    paper = article(
        title="Silymarin in hepatitis: a randomised controlled trial",
        abstract="We randomly assigned 90 patients to silymarin or placebo.",
        relations=(Relation("RetractionIn", "J Made Up. 2020", "2"),),
    )
    notice = article(
        title="Retraction: Silymarin in hepatitis: a randomised controlled trial",
        publication_types=(PublicationType("Retraction of Publication"),),
        relations=(Relation("RetractionOf", "J Made Up. 2019", "1"),),
    )

    assert (appraise(paper).design, appraise(paper).integrity) == (Design.RCT, (Integrity.RETRACTED,))
    assert set(appraise(paper).levels.values()) == {None}
    assert (appraise(notice).design, appraise(notice).integrity) == (Design.OTHER, ())


def test_a_correction_of_a_curve_is_a_study_and_a_correction_to_a_paper_is_none() -> None:
    study = article(
        title="Correction of scoliosis with two kinds of rods: a retrospective cohort study",
        abstract="We retrospectively compared 80 patients. Curves improved in both groups (p = 0.03) at follow-up.",
    )

    assert appraise(study).design is Design.COHORT_RETRO
    assert appraise(article(title="Correction to: A trial of two kinds of rods")).design is Design.OTHER
