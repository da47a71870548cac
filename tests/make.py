"""Small made-up papers, appraisals and studies: a test names only what it is about."""

from __future__ import annotations

from typing import Any

from aggregator.grade.summary import Study, Summary, TopicInfo, summarise
from aggregator.model import (
    Appraisal,
    Article,
    Author,
    Confidence,
    Design,
    Finding,
    Question,
    Section,
    Species,
)


def article(**given: Any) -> Article:
    """A paper with a title; ``sections`` cover a given abstract line by line unless they are given."""
    abstract = given.get("abstract", "")
    if abstract and "sections" not in given:
        given["sections"] = sections(abstract)
    return Article(**{"title": "A made-up paper", **given})


def sections(abstract: str) -> tuple[Section, ...]:
    """One section a line; "LABEL: text" gives its label."""
    found, at = [], 0
    for line in abstract.split("\n"):
        label, colon, _ = line.partition(": ")
        printed = label if colon and label.isupper() else ""
        found.append(Section(printed, printed, at + (len(printed) + 2 if printed else 0), at + len(line)))
        at += len(line) + 1
    return tuple(found)


def finding(quote: str, *, text: str = "", rule: str = "design.made-up", **given: Any) -> Finding:
    """A finding on the abstract ``text`` (or on metadata, without ``text``) that quotes these words."""
    start = text.index(quote) if text else 0
    given = {"because": "a made-up reason", "field": "abstract" if text else "publication_type", **given}
    return Finding(rule=rule, start=start, end=start + len(quote) if text else 0, quote=quote, **given)


def appraisal(design: Design = Design.CASE_REPORT, *, level: int | None = None, **given: Any) -> Appraisal:
    """A certain appraisal of a study in people; ``level`` holds for every question."""
    levels = {kind.value: level for kind in (Question.BENEFIT, Question.HARM, Question.EXPOSURE)}
    defaults: dict[str, Any] = {
        "design": design,
        "design_confidence": Confidence.CERTAIN,
        "species": Species.HUMAN,
        "levels": levels,
        "rulebook": "test",
    }
    return Appraisal(**{**defaults, **given})


def study(
    id: str = "a1", design: Design = Design.CASE_REPORT, *, level: int | None = None, **given: Any
) -> Study:
    """A record of a topic; what is no part of `Study` goes to the article or to the appraisal by its name."""
    of_study = {key: given.pop(key) for key in ("article", "appraisal", "via") if key in given}
    of_article = {key: given.pop(key) for key in list(given) if key in Article.__dataclass_fields__}
    return Study(
        id=id,
        article=of_study.get("article") or article(**of_article),
        appraisal=of_study.get("appraisal") or appraisal(design, level=level, **given),
        via=of_study.get("via", ("words",)),
    )


def author(last: str, initials: str = "") -> Author:
    """A person."""
    return Author(last=last, initials=initials)


def topic(kind: Question = Question.HARM, **given: Any) -> TopicInfo:
    """Kratom and the liver, unless it says otherwise."""
    defaults: dict[str, Any] = {
        "name": "hepatotoxicity",
        "title": "Kratom and the liver",
        "question": "Can kratom injure the liver, and how often?",
        "intervention": "kratom",
        "outcomes": ("liver",),
        "query": "kratom AND liver",
    }
    return TopicInfo(kind=kind, **{**defaults, **given})


def summary(*studies: Study, **given: Any) -> Summary:
    """The summary of these studies."""
    about = given.pop("topic", None) or topic()
    defaults: dict[str, Any] = {
        "as_of": "2024-05-01",
        "rulebook": "2026.1+test",
        "coverage": "made-up records",
    }
    return summarise(about, studies, **{**defaults, **given})
