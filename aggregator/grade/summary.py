"""What a topic's records say, as far as their abstracts show: counts, studies by strength, what was left out.

`summarise` sorts every record into exactly one lane. Only studies in people are counted by level: syntheses
report on studies that may stand here already, and animal and laboratory work explains without grading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ..model import Appraisal, Article, Confidence, Design, Integrity, Question, Species
from ..text import shorten
from .levels import MECHANISM
from .words import LEVEL_WORDS, QUESTION_WORDS, counted, listed, plural

SYNTHESES = frozenset({Design.META_ANALYSIS, Design.SR, Design.SCOPING})
"""Designs that report on other studies by a stated method."""

CONTEXT = SYNTHESES | {
    Design.NARR_REVIEW,
    Design.GUIDELINE,
    Design.QUALITATIVE,
    Design.ECON_MODEL,
    Design.ANALYTICAL,
}
"""Designs that are read beside the studies and never counted as one."""

CONTROLLED = (
    Design.RCT,
    Design.NRCT,
    Design.COHORT_PROSP,
    Design.COHORT_RETRO,
    Design.CASE_CONTROL,
    Design.XSEC_COMPARATIVE,
)
"""Designs that set people side by side."""

_REPORTED_CASES = frozenset({Design.CASE_REPORT, Design.CASE_SERIES})

_EXCLUDED_STATES: Mapping[Integrity, str] = {
    Integrity.RETRACTED: "Retracted: its results must not be used.",
    Integrity.DELETED: "PubMed has deleted this record.",
}
_EXCLUDED_DESIGNS: Mapping[Design, str] = {
    Design.PROTOCOL: "A study plan: no results yet.",
    Design.OPINION: "Comment, editorial or letter without own data.",
    Design.OTHER: "A notice or another text that reports no study.",
}

NOT_ASSESSABLE = (
    "Whether allocation was concealed, and whether those who measured the outcomes were blinded.",
    "Selective reporting: what was measured and not published.",
    "Missing data, drop-outs and how they were handled.",
    "Numbers, tables, doses and product analyses that stand only in the full text.",
    "Confounding, other substances and product contamination beyond what the abstract mentions.",
    "Whether a record measured the outcome or only names it: records come in by their words or by a search, "
    "and what they found is not read in this version.",
    "Whether two records report the same people: records are counted here, not unique studies or patients.",
    "Direction and size of effects, and causality of single cases: not judged in this version.",
    "Certainty (GRADE) of the body of evidence: not computed in this version; level of evidence only, and "
    "that is the level a design starts from, before any step down for quality, size or indirectness.",
)
"""What this version cannot tell from titles, abstracts and indexing: printed with every summary."""


class Lane(StrEnum):
    """Where a record stands in a summary."""

    HUMAN = "human"
    CONTEXT = "context"
    MECHANISM = "mechanism"
    EXCLUDED = "excluded"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicInfo:
    """The topic a summary speaks of."""

    name: str
    title: str
    question: str
    kind: Question
    intervention: str
    outcomes: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A record of the topic with its standing appraisal."""

    id: str
    """The library's own id, "a17"."""
    article: Article
    appraisal: Appraisal
    via: tuple[str, ...] = ()
    """How it came into the topic: "words", "query", "person"."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A record that is shown but carries no evidence here, and why (a slug, and words for people)."""

    study: Study
    reason: str
    because: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence built from data, with the ids of the records it rests on."""

    text: str
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A topic's records in lanes. Every record of the topic stands in exactly one lane."""

    topic: TopicInfo
    as_of: str
    """The day of the newest change in the library (ISO date), not the day of printing; "" when empty."""
    rulebook: str
    coverage: str
    """Where the records come from: a selected set, loaded files, searches with dates."""
    total: int
    by_design: Mapping[Design, int]
    """All records, the excluded ones too."""
    by_level: Mapping[int | None, int]
    """Studies in people by OCEBM level for the topic's question; ``None`` counts those without a level. Empty
    for a topic that is not graded."""
    human: tuple[Study, ...] = ()
    """Studies in people, strongest first (level, then n, then newest, then id)."""
    context: tuple[Study, ...] = ()
    """Reviews, guidelines, modelling, product chemistry, qualitative work: read, never counted as studies."""
    mechanism: tuple[Study, ...] = ()
    """Animal, in-vitro and in-silico work: explains, never grades."""
    excluded: tuple[Excluded, ...] = ()
    """Retracted first, then deleted, then texts that report no results."""
    unclear: tuple[Study, ...] = ()
    """Design not recognised: for a person to look at."""
    statements: tuple[Statement, ...] = ()
    not_assessable: tuple[str, ...] = ()

    def level(self, study: Study) -> int | None:
        """The level of a study for this topic's question."""
        return study.appraisal.levels.get(self.topic.kind.value)

    @property
    def graded(self) -> bool:
        """Whether the topic's question has levels at all."""
        return self.topic.kind is not Question.ANY

    @property
    def syntheses(self) -> tuple[Study, ...]:
        """The part of the context that reports on other studies by a stated method, strongest first."""
        return tuple(study for study in self.context if study.appraisal.design in SYNTHESES)

    @property
    def background(self) -> tuple[Study, ...]:
        """The rest of the context."""
        return tuple(study for study in self.context if study.appraisal.design not in SYNTHESES)

    def records(self) -> Iterator[tuple[Lane, Study]]:
        """Every record once, with its lane, in the order in which a report shows them."""
        yield from ((Lane.HUMAN, study) for study in self.human)
        yield from ((Lane.CONTEXT, study) for study in self.context)
        yield from ((Lane.MECHANISM, study) for study in self.mechanism)
        yield from ((Lane.EXCLUDED, excluded.study) for excluded in self.excluded)
        yield from ((Lane.UNCLEAR, study) for study in self.unclear)


def summarise(
    topic: TopicInfo, studies: Iterable[Study], *, as_of: str, rulebook: str, coverage: str
) -> Summary:
    """The topic's records in lanes, counted and put into a few sentences, whatever order they come in."""
    ordered = sorted(studies, key=lambda study: _strength(topic.kind, study))
    lanes: dict[Lane, list[Study]] = {lane: [] for lane in Lane}
    for study in ordered:
        lanes[lane_of(study)].append(study)
    summary = Summary(
        topic=topic,
        as_of=as_of,
        rulebook=rulebook,
        coverage=coverage,
        total=len(ordered),
        by_design=_by_design(ordered),
        by_level=_by_level(topic.kind, lanes[Lane.HUMAN]),
        human=tuple(lanes[Lane.HUMAN]),
        context=tuple(sorted(lanes[Lane.CONTEXT], key=lambda study: study.appraisal.design not in SYNTHESES)),
        mechanism=tuple(lanes[Lane.MECHANISM]),
        excluded=_gravest_first(lanes[Lane.EXCLUDED]),
        unclear=tuple(lanes[Lane.UNCLEAR]),
        not_assessable=NOT_ASSESSABLE,
    )
    return replace(summary, statements=tuple(_statements(summary)))


def lane_of(study: Study) -> Lane:
    """The one lane a record belongs to: what is withdrawn or no study first, then by design and species."""
    design = study.appraisal.design
    if _exclusion(study) != _INCLUDED:
        return Lane.EXCLUDED
    if design is Design.UNCLEAR:
        return Lane.UNCLEAR
    if design in CONTEXT:
        return Lane.CONTEXT
    return Lane.MECHANISM if design in MECHANISM or _in_no_person(study.appraisal) else Lane.HUMAN


_INCLUDED = ("", "")


def _exclusion(study: Study) -> tuple[str, str]:
    for state, because in _EXCLUDED_STATES.items():
        if state in study.appraisal.integrity:
            return state.value, because
    design = study.appraisal.design
    if design in _EXCLUDED_DESIGNS:
        return design.value.lower(), _EXCLUDED_DESIGNS[design]
    return _INCLUDED


def _gravest_first(studies: list[Study]) -> tuple[Excluded, ...]:
    """Retracted papers lead, then deleted records: a list that is cut short must not hide them."""
    left = [Excluded(study, *_exclusion(study)) for study in studies]
    grave = [state.value for state in _EXCLUDED_STATES]
    return tuple(sorted(left, key=lambda one: grave.index(one.reason) if one.reason in grave else len(grave)))


def _in_no_person(appraisal: Appraisal) -> bool:
    """A trial in dogs or a series of cell lines is no study in people, whatever its design is called."""
    return appraisal.species is Species.ANIMAL or (
        appraisal.species is Species.NONE and bool(appraisal.system)
    )


def _strength(kind: Question, study: Study) -> tuple[int, int, int, int, str]:
    level = study.appraisal.levels.get(kind.value)
    n = study.appraisal.n
    year = study.article.year or 0
    return (9 if level is None else level, -1 if n is None else -n - 2, -year, len(study.id), study.id)


def _by_design(studies: list[Study]) -> dict[Design, int]:
    counts = Counter(study.appraisal.design for study in studies)
    return {design: counts[design] for design in Design if counts[design]}


def _by_level(kind: Question, human: list[Study]) -> dict[int | None, int]:
    if kind is Question.ANY:
        return {}
    counts = Counter(study.appraisal.levels.get(kind.value) for study in human)
    return {level: counts[level] for level in (1, 2, 3, 4, 5, None) if counts[level]}


# ------------------------------------------------------------------------------------------- statements
# No sentence says more than the records hold: no effect, no frequency, no safety, and absence of records is
# never worded as absence of harm or benefit.


def _statements(summary: Summary) -> Iterator[Statement]:
    yield _scope(summary)
    yield from _digests(summary)
    if summary.graded:
        yield from _strongest(summary)
        yield from _comparisons(summary)
        yield from _reported_cases(summary)
        yield from _synthesised(summary)
    elif summary.total:
        yield Statement("This topic asks no graded question: records are kept and listed, nothing is ranked.")
    yield from _explains(summary)
    yield from _marked(summary)
    yield from _disputed(summary)
    yield from _left_out(summary)
    yield from _unrecognised(summary)


def author_year(article: Article) -> str:
    """A paper as people name it in a sentence: "Ahmad 2021", or the short title where no author is known."""
    first = article.authors[0] if article.authors else None
    name = (first.last or first.collective) if first else ""
    return f"{shorten(name or article.title or 'untitled record', 60)} {article.year or '(no year)'}"


def _ids(studies: Iterable[Study]) -> tuple[str, ...]:
    return tuple(study.id for study in studies)


def _is_are(count: int) -> str:
    return "is" if count == 1 else "are"


def _scope(summary: Summary) -> Statement:
    if not summary.total:
        return Statement("The library holds no record of this topic. That says nothing about the question.")
    parts = [
        _part(len(summary.human), "study in people", "studies in people"),
        _part(len(summary.syntheses), "synthesis of other studies", "syntheses of other studies"),
        _part(len(summary.background), "other text for context", "other texts for context"),
        _part(len(summary.mechanism), "animal or laboratory study", "animal or laboratory studies"),
        _part(len(summary.excluded), "excluded record", "excluded records"),
        _part(len(summary.unclear), "record of unrecognised design", "records of unrecognised design"),
    ]
    held = listed([part for part in parts if part])
    return Statement(
        f"{plural(summary.total, 'record')} {_belonging(summary)}: {held}.",
        _ids(study for _, study in summary.records()),
    )


def _part(count: int, one: str, many: str) -> str:
    return plural(count, one, many) if count else ""


def _belonging(summary: Summary) -> str:
    topic, one = summary.topic, summary.total == 1
    if not all("words" in study.via for _, study in summary.records()):
        return "belongs to this topic" if one else "belong to this topic"
    named = f"name{'s' if one else ''} {topic.intervention}"
    return f"{named} and an outcome asked about ({', '.join(topic.outcomes)})" if topic.outcomes else named


def _digests(summary: Summary) -> Iterator[Statement]:
    digests = [study for _, study in summary.records() if is_digest(study)]
    if not digests:
        return
    if len(digests) == summary.total:
        text = "Texts are digests in our own words, not published abstracts: a selected set, not a search."
    else:
        text = (
            f"Of {plural(summary.total, 'record')}, {len(digests):,} {_is_are(len(digests))} held as a "
            "digest in our own words, not as the published abstract."
        )
    yield Statement(text, _ids(digests))


def is_digest(study: Study) -> bool:
    """Whether what the library holds of a record is a digest, by its article or by its appraisal."""
    return study.article.is_digest or study.appraisal.digest


def _strongest(summary: Summary) -> Iterator[Statement]:
    kind = QUESTION_WORDS[summary.topic.kind]
    levels = [level for level in summary.by_level if level is not None]
    if not summary.human:
        if summary.total:
            yield Statement(
                "No study in people is recognised among these records. That none is here says nothing about the answer."
            )
        return
    if not levels:
        yield Statement(
            f"None of the studies in people carries a level of evidence for a question of {kind}.",
            _ids(summary.human),
        )
        return
    best = min(levels)
    top = [study for study in summary.human if summary.level(study) == best]
    stands = "design in people stands" if len(top) == 1 else "designs in people stand"
    meaning = LEVEL_WORDS[summary.topic.kind][best]
    yield Statement(
        f"The strongest {stands} at level {best} of 5 for a question of {kind} ({meaning}): "
        f"{_designs_of(top)}{_named(top)}.",
        _ids(top),
    )


def _designs_of(studies: list[Study]) -> str:
    counts = Counter(study.appraisal.design for study in studies)
    return listed([counted(counts[design], design) for design in Design if counts[design]])


def _named(studies: list[Study]) -> str:
    if len(studies) > 3:
        return ""
    return f" ({'; '.join(author_year(study.article) for study in studies)})"


def _comparisons(summary: Summary) -> Iterator[Statement]:
    if not summary.human:
        return
    compared = [study for study in summary.human if study.appraisal.design in CONTROLLED]
    if compared:
        yield Statement(f"With a comparison: {_designs_of(compared)}.", _ids(compared))
        return
    text = (
        "None of the studies in people is classed as a controlled trial, cohort, case-control study or "
        "cross-sectional comparison"
    )
    if summary.topic.kind is Question.BENEFIT:
        text += ": natural course, expectation and self-selection cannot be told from an effect"
    yield Statement(f"{text}.", _ids(summary.human))


def _reported_cases(summary: Summary) -> Iterator[Statement]:
    cases = [study for study in summary.human if study.appraisal.design in _REPORTED_CASES]
    if cases and summary.topic.kind is Question.HARM:
        yield Statement(
            f"{_designs_of(cases)}: such reports bear on whether a harm can occur and cannot show how often "
            "it does. Their causality is not judged in this version.",
            _ids(cases),
        )


def _synthesised(summary: Summary) -> Iterator[Statement]:
    count = len(summary.syntheses)
    if count:
        best = min((level for study in summary.syntheses if (level := summary.level(study))), default=None)
        at = f" (level {best} at best)" if best else ""
        yield Statement(
            f"{_designs_of(list(summary.syntheses))}{at} {_is_are(count)} shown apart and not added to the "
            "count: what a synthesis reports on may stand here already.",
            _ids(summary.syntheses),
        )


def _explains(summary: Summary) -> Iterator[Statement]:
    if summary.mechanism:
        held = plural(len(summary.mechanism), "record")
        yield Statement(
            f"Animal and laboratory work ({held}) explains and does not grade.", _ids(summary.mechanism)
        )


_MARK_WORDS: Mapping[Integrity, str] = {
    Integrity.PREPRINT: "not peer reviewed (preprint)",
    Integrity.CONCERN: "under an expression of concern",
    Integrity.CORRECTED: "corrected since publication",
}


def _marked(summary: Summary) -> Iterator[Statement]:
    shown = [study for lane, study in summary.records() if lane is not Lane.EXCLUDED]
    for integrity, words in _MARK_WORDS.items():
        marked = [study for study in shown if integrity in study.appraisal.integrity]
        if marked:
            yield Statement(
                f"{plural(len(marked), 'record')} {_is_are(len(marked))} {words}: kept and marked.",
                _ids(marked),
            )


def _disputed(summary: Summary) -> Iterator[Statement]:
    disputed = [study for study in summary.human if study.appraisal.design_confidence is Confidence.CONFLICT]
    if disputed:
        yield Statement(
            f"Words and indexing disagree on the design of {plural(len(disputed), 'study', 'studies')} in "
            "people: a person should check the level.",
            _ids(disputed),
        )


def _left_out(summary: Summary) -> Iterator[Statement]:
    if not summary.excluded:
        return
    counts = Counter(excluded.reason for excluded in summary.excluded)
    reasons = ", ".join(f"{reason} {counts[reason]:,}" for reason in sorted(counts))
    count = len(summary.excluded)
    yield Statement(
        f"{plural(count, 'record')} {_is_are(count)} shown but left out of every count by level ({reasons}).",
        _ids(excluded.study for excluded in summary.excluded),
    )


def _unrecognised(summary: Summary) -> Iterator[Statement]:
    if summary.unclear:
        held = plural(len(summary.unclear), "record")
        yield Statement(
            f"The design of {held} was not recognised: a person has to look, and studies in people may be "
            "among them.",
            _ids(summary.unclear),
        )
