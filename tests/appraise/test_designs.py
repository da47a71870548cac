"""One made-up abstract for each design code."""

from __future__ import annotations

import pytest

from aggregator.appraise import appraise
from aggregator.model import Design

from ..make import article

EXAMPLES = {
    Design.META_ANALYSIS: (
        "Probiotics for infantile colic: a systematic review and meta-analysis",
        "PubMed and Embase were searched. Twelve randomised trials were included. Pooled mean difference was -50 min "
        "(95% CI -70 to -30; I2 = 40%).",
    ),
    Design.SR: (
        "Barriers to hepatitis screening: a systematic review",
        "Five databases were searched following PRISMA. In total, 22 studies were included and narratively synthesised.",
    ),
    Design.SCOPING: (
        "Digital tools for pain self-management: a scoping review",
        "We mapped the literature using the framework of Arksey and O'Malley. Forty studies were included.",
    ),
    Design.NARR_REVIEW: (
        "Bile acids and the gut barrier",
        "This review summarises current knowledge of bile acid signalling and discusses therapeutic implications.",
    ),
    Design.GUIDELINE: (
        "Management of hepatorenal syndrome: clinical practice guidelines",
        "These guidelines were developed by a panel. Recommendations were graded by level of evidence.",
    ),
    Design.RCT: (
        "Ginger for nausea after surgery: a randomized, double-blind, placebo-controlled trial",
        "One hundred patients were randomly assigned to ginger or placebo. Nausea was less frequent with ginger "
        "(p = 0.03).",
    ),
    Design.NRCT: (
        "A nurse-led programme for heart failure: a quasi-experimental study",
        "The intervention group (n = 40) got six sessions and the control group (n = 42) usual care. Self-care "
        "improved in the intervention group (p < 0.01).",
    ),
    Design.SINGLE_ARM: (
        "A new inhibitor in refractory lymphoma: a single-arm phase 2 trial",
        "Thirty-one patients received the drug twice daily in this open-label trial. The objective response rate was 45%.",
    ),
    Design.PK_HUMAN: (
        "Pharmacokinetics of a new tablet in healthy subjects",
        "Twenty-four healthy subjects took a single dose; Cmax and AUC were determined.",
    ),
    Design.PK_DDI_HUMAN: (
        "A drug-drug interaction study of a botanical with midazolam: pharmacokinetics in healthy adults",
        "Twelve healthy adults took the probe drug midazolam alone and then with the botanical in a fixed sequence. "
        "The midazolam AUC rose by 39%.",
    ),
    Design.COHORT_PROSP: (
        "Coffee and incident cirrhosis: a prospective cohort study",
        "We followed 5,000 adults for ten years. Hazard ratios were estimated by Cox regression (HR 0.7, 95% CI 0.5-0.9).",
    ),
    Design.COHORT_RETRO: (
        "Statins and survival after liver resection: a retrospective cohort study",
        "Records of 410 patients were analysed. Overall survival was longer with statins (HR 0.8; p = 0.02).",
    ),
    Design.CASE_CONTROL: (
        "Herbal products and acute hepatitis: a case-control study",
        "We compared 90 cases with 180 matched controls. Use was more frequent in cases (odds ratio 2.4).",
    ),
    Design.XSEC_COMPARATIVE: (
        "Blood counts of regular khat users and non-users: a cross-sectional study",
        "We examined 60 users and 60 non-users once. Counts did not differ.",
    ),
    Design.XSEC_SURVEY: (
        "Knowledge of hepatitis B among dental students: a cross-sectional survey",
        "An anonymous questionnaire was completed by 410 students. Knowledge was poor in 38%.",
    ),
    Design.EMA: (
        "Pain and mood in daily life: an ecological momentary assessment study",
        "Eighty adults reported pain and mood six times a day for a week.",
    ),
    Design.XSEC_UNCONTROLLED: (
        "Accuracy of elastography for steatosis in adults: a cross-sectional study",
        "Elastography was done once in 140 patients. Sensitivity was 88% and specificity 79%.",
    ),
    Design.PHARMACOVIGILANCE: (
        "Liver injury with a new antifungal: a disproportionality analysis of the FDA Adverse Event Reporting System",
        "We identified 512 reports in FAERS. The reporting odds ratio was 3.2.",
    ),
    Design.POISON_CENTER: (
        "Melatonin exposures in children reported to poison control centers",
        "A total of 903 exposures were reported to poison control centers.",
    ),
    Design.FORENSIC_SERIES: (
        "Deaths with tianeptine detected post-mortem",
        "Medical examiner records of 18 deaths were reviewed. Toxicology showed other opioids in 12 decedents.",
    ),
    Design.CASE_SERIES: (
        "Hypersensitivity to a contrast agent: a case series",
        "We describe seven patients with rash and fever after contrast. All recovered.",
    ),
    Design.CASE_REPORT: (
        "Acute hepatitis after a turmeric supplement: a case report",
        "A 61-year-old woman presented with jaundice. Viral serology was negative. She recovered after stopping.",
    ),
    Design.QUALITATIVE: (
        "Living with cirrhosis: a qualitative study",
        "Semi-structured interviews with 18 patients were analysed by thematic analysis. Three themes emerged.",
    ),
    Design.ANIMAL: (
        "Silymarin lowers transaminases in mice with toxic hepatitis",
        "Male C57BL/6 mice received silymarin 100 mg/kg by gavage.",
    ),
    Design.IN_VITRO: (
        "A flavonoid induces apoptosis in hepatoma cells",
        "HepG2 cells were treated and western blot showed caspase activation.",
    ),
    Design.IN_SILICO: (
        "Molecular docking and molecular dynamics of alkaloids at the mu-opioid receptor",
        "Docking and simulations of 200 ns were carried out. Binding free energy was computed.",
    ),
    Design.ANALYTICAL: (
        "A validated HPLC method for alkaloids in tablets",
        "Chromatographic separation was optimised; the limit of detection was 0.1 µg/ml and recovery 98%.",
    ),
    Design.ECON_MODEL: (
        "Cost-effectiveness of hepatitis C screening: a Markov model",
        "A Markov model estimated costs and quality-adjusted life years. The ICER was 21,000 per QALY.",
    ),
    Design.PROTOCOL: (
        "Acupuncture for chronic pain: study protocol for a randomised trial",
        "Participants will be randomised to acupuncture or sham. Outcomes will be measured at 12 weeks.",
    ),
    Design.OPINION: (
        "Herbal medicines need better labels",
        "In this commentary we argue that regulators should act. We call for clear labels.",
    ),
    Design.OTHER: ("Erratum: Bile acids and the gut barrier", ""),
    Design.UNCLEAR: ("On mountains", ""),
}


@pytest.mark.parametrize("design", EXAMPLES)
def test_knows_a_plain_example_of_each_design(design: Design) -> None:
    title, abstract = EXAMPLES[design]

    assert appraise(article(title=title, abstract=abstract)).design is design


def test_has_an_example_of_each_design_that_words_decide() -> None:
    assert set(Design) - set(EXAMPLES) == {Design.LONGITUDINAL_UNCONTROLLED}


def test_names_the_rule_that_decided() -> None:
    title, abstract = EXAMPLES[Design.RCT]

    found = appraise(article(title=title, abstract=abstract))

    assert found.decided_by == "design.randomised"
    assert "design.randomised" in [finding.rule for finding in found.findings]


@pytest.mark.parametrize(
    "words",
    [
        "We trained a random forest on records of 900 patients. Accuracy was 0.8.",
        "We used Mendelian randomisation in 4,000 participants to study coffee and gallstones (OR 0.9).",
        "Adults were drawn by random sampling, and 700 completed a questionnaire.",
        "A total of 640 patients were randomly divided into a training cohort and a validation cohort. The nomogram "
        "predicted survival.",
        "Unlike earlier randomised trials, we retrospectively compared 200 patients; mortality did not differ (p = 0.2).",
    ],
)
def test_chance_words_that_allot_nobody_make_no_trial(words: str) -> None:
    assert appraise(article(title="Gallstones in adults", abstract=words)).design is not Design.RCT


def test_people_who_are_only_named_make_no_study() -> None:
    named = article(
        title="Three herbs and the liver",
        abstract="One herb is linked with rare injury in chronic users. The data are described as controversial.",
    )

    assert appraise(named).design is Design.UNCLEAR
