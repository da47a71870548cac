"""The names that people read, for designs, levels, questions and confidence: one table each."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Confidence, Design, Question

_NAMES: Mapping[Design, tuple[str, str]] = {
    Design.META_ANALYSIS: ("meta-analysis", "meta-analyses"),
    Design.SR: ("systematic review", "systematic reviews"),
    Design.SCOPING: ("scoping review", "scoping reviews"),
    Design.NARR_REVIEW: ("narrative review", "narrative reviews"),
    Design.GUIDELINE: ("guideline or consensus statement", "guidelines or consensus statements"),
    Design.RCT: ("randomised controlled trial", "randomised controlled trials"),
    Design.NRCT: ("controlled trial without randomisation", "controlled trials without randomisation"),
    Design.SINGLE_ARM: ("trial without a control group", "trials without a control group"),
    Design.PK_HUMAN: ("pharmacokinetic study in people", "pharmacokinetic studies in people"),
    Design.PK_DDI_HUMAN: ("drug-interaction study in people", "drug-interaction studies in people"),
    Design.COHORT_PROSP: ("prospective cohort", "prospective cohorts"),
    Design.COHORT_RETRO: ("retrospective cohort", "retrospective cohorts"),
    Design.CASE_CONTROL: ("case-control study", "case-control studies"),
    Design.XSEC_COMPARATIVE: ("cross-sectional comparison", "cross-sectional comparisons"),
    Design.XSEC_SURVEY: ("survey", "surveys"),
    Design.EMA: ("diary study", "diary studies"),
    Design.XSEC_UNCONTROLLED: (
        "cross-sectional study without comparison",
        "cross-sectional studies without comparison",
    ),
    Design.LONGITUDINAL_UNCONTROLLED: (
        "follow-up study without comparison",
        "follow-up studies without comparison",
    ),
    Design.PHARMACOVIGILANCE: ("analysis of adverse-event reports", "analyses of adverse-event reports"),
    Design.POISON_CENTER: ("poison-centre series", "poison-centre series"),
    Design.FORENSIC_SERIES: ("forensic death series", "forensic death series"),
    Design.CASE_SERIES: ("case series", "case series"),
    Design.CASE_REPORT: ("case report", "case reports"),
    Design.QUALITATIVE: ("qualitative study", "qualitative studies"),
    Design.ANIMAL: ("animal study", "animal studies"),
    Design.IN_VITRO: ("study of cells, tissue or enzymes", "studies of cells, tissue or enzymes"),
    Design.IN_SILICO: ("computer simulation", "computer simulations"),
    Design.ANALYTICAL: ("chemical or product analysis", "chemical or product analyses"),
    Design.ECON_MODEL: ("economic or population model", "economic or population models"),
    Design.PROTOCOL: ("study protocol", "study protocols"),
    Design.OPINION: ("opinion or letter without data", "opinions or letters without data"),
    Design.OTHER: ("other text", "other texts"),
    Design.UNCLEAR: ("unrecognised design", "unrecognised designs"),
}

DESIGN_WORDS: Mapping[Design, str] = {design: names[0] for design, names in _NAMES.items()}
"""A design in plain words: "poison-centre series"."""

LEVEL_WORDS: Mapping[Question, Mapping[int, str]] = {
    Question.BENEFIT: {
        1: "systematic review of randomised trials",
        2: "randomised controlled trial",
        3: "controlled study without randomisation: non-randomised trial, comparative cohort",
        4: "case series, case-control study, survey, trial or follow-up without a control group",
        5: "single case report, pharmacokinetics, expert opinion or reasoning from mechanism",
    },
    Question.HARM: {
        1: "systematic review of randomised trials",
        2: "randomised controlled trial",
        3: "controlled study without randomisation: non-randomised trial, comparative cohort",
        4: "case series, case-control study, survey, reporting-system or poison-centre series, "
        "single case with a stated sign of causality",
        5: "single case report, expert opinion or reasoning from mechanism",
    },
    Question.EXPOSURE: {
        1: "systematic review of randomised studies",
        2: "randomised study, such as a randomised crossover interaction study",
        3: "controlled or fixed-sequence pharmacokinetic study in people, comparative cohort",
        4: "case series, case-control study, survey, reporting-system series",
        5: "single case report, expert opinion or reasoning from mechanism",
    },
    Question.ANY: {},
}
"""What each level (1 strongest … 5 weakest) means for each kind of question. Case reports, cross-sectional
comparisons and the whole exposure column are placed by our own convention: OCEBM 2011 is silent on them."""

QUESTION_WORDS: Mapping[Question, str] = {
    Question.BENEFIT: "benefit",
    Question.HARM: "harm",
    Question.EXPOSURE: "drug exposure",
    Question.ANY: "not graded",
}

CONFIDENCE_WORDS: Mapping[Confidence, str] = {
    Confidence.CERTAIN: "words and indexing agree",
    Confidence.PROBABLE: "only one of words and indexing speaks",
    Confidence.CONFLICT: "words and indexing disagree",
    Confidence.UNCLEAR: "neither words nor indexing speak",
}


def counted(count: int, design: Design) -> str:
    """A design with its number: "1 case report", "3 case reports"."""
    return f"{count:,} {_NAMES[design][count != 1]}"


def plural(count: int, one: str, many: str = "") -> str:
    """A number with its noun; ``many`` defaults to an added "s"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: list[str]) -> str:
    """Words as a sentence lists them: "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
