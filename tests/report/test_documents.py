"""Whole documents against what they should be, and what holds for all of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from aggregator.grade.summary import Study
from aggregator.model import DIGEST_NOTICE, Design, Integrity, Origin, Question, Species
from aggregator.report import FORMATS
from aggregator.report.as_json import summary_json
from tests.make import study, summary, topic
from tests.report.small import EXPECTED, documents, rendered, small

TEXTS = ("html", "md")


def _document(name: str, *studies: Study, kind: Question = Question.HARM) -> str:
    if name == "terminal":
        return rendered(summary(*studies, topic=topic(kind)), width=300)
    form = next(form for form in FORMATS if form.name == name)
    return form.load()([summary(*studies, topic=topic(kind))], title="T", version="1", printed="")


@pytest.mark.parametrize("name", sorted(documents()))
def test_the_whole_document_is_as_expected(name: str) -> None:
    """When a change is meant: `python -m tests.report.small`, and read the difference."""
    assert documents()[name] == (EXPECTED / name).read_text(encoding="utf-8")


def test_the_same_records_give_the_same_bytes_in_another_process() -> None:
    script = "from tests.report.small import documents; import sys; sys.stdout.write(repr(documents()))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            cwd=EXPECTED.parents[2],
        ).stdout
        for seed in ("1", "2")
    ]

    assert runs[0] == runs[1] == repr(documents())


@pytest.mark.parametrize("name", [*TEXTS, "terminal"])
def test_every_digest_is_marked_as_one_wherever_it_is_shown(name: str) -> None:
    digests = [
        study(f"a{place}", design, level=4, origin=Origin.DIGEST, title=f"Digest number {place} here")
        for place, design in enumerate(
            (Design.CASE_SERIES, Design.SR, Design.GUIDELINE, Design.ANIMAL, Design.PROTOCOL, Design.UNCLEAR)
        )
    ]

    text = _document(name, *digests)

    shown = sum(text.count(digest.article.title) for digest in digests)
    marked = text.count(DIGEST_NOTICE)
    assert marked >= 6
    assert marked == (6 if name == "terminal" else 12)
    assert shown >= marked


@pytest.mark.parametrize("name", [*TEXTS, "terminal"])
def test_a_retracted_paper_is_shown_as_retracted_with_the_reason(name: str) -> None:
    text = _document(name, study("a1", Design.RCT, level=2, integrity=(Integrity.RETRACTED,)))

    assert "retracted" in text
    assert "Retracted: its results must not be used." in text


@pytest.mark.parametrize("name", [*TEXTS, "terminal"])
def test_a_topic_that_is_not_graded_shows_no_level_and_no_pyramid(name: str) -> None:
    text = _document(name, study("a1", Design.RCT, level=2), kind=Question.ANY)

    assert "nothing is ranked" in text
    assert "level 2" not in text.lower()
    assert "by level of evidence" not in text


@pytest.mark.parametrize("name", [*TEXTS, "terminal"])
def test_a_topic_without_records_is_a_whole_document(name: str) -> None:
    text = _document(name)

    assert "The library holds no record of this topic. That says nothing about the question." in text
    assert "not computed in this version" in " ".join(text.split())


@pytest.mark.parametrize("name", [*TEXTS, "terminal"])
def test_every_document_says_that_it_gives_no_medical_advice(name: str) -> None:
    assert "It gives no medical advice" in _document(name)


@pytest.mark.parametrize("name", TEXTS)
def test_a_paper_without_an_abstract_is_said_to_have_none(name: str) -> None:
    assert "No abstract in the record" in _document(name, study("a1", level=4))


def test_the_json_counts_in_the_promised_shape() -> None:
    made = summary_json(small())

    assert made["records"] == {
        "total": 8,
        "by_design": {
            "META_ANALYSIS": 1,
            "NARR_REVIEW": 1,
            "RCT": 1,
            "CASE_REPORT": 2,
            "ANIMAL": 1,
            "PROTOCOL": 1,
            "UNCLEAR": 1,
        },
        "by_level": {"2": 1, "5": 1},
        "excluded": {"protocol": 1, "retracted": 1},
    }
    assert [(shown["id"], shown["lane"], shown["level"]) for shown in made["studies"]] == [
        ("a1", "human", 2),
        ("a2", "human", 5),
        ("a3", "context", 1),
        ("a4", "context", None),
        ("a5", "mechanism", None),
        ("a6", "excluded", None),
        ("a7", "excluded", None),
        ("a8", "unclear", None),
    ]
    assert json.loads(json.dumps(made)) == made


def test_reports_load_neither_database_nor_http_nor_xml() -> None:
    script = (
        "import sys, aggregator.report\n"
        "assert 'jinja2' not in sys.modules and 'rich' not in sys.modules\n"
        "for form in aggregator.report.FORMATS: form.load()\n"
        "import aggregator.report.terminal\n"
        "assert not {'sqlalchemy', 'httpx', 'lxml', 'Bio'} & set(sys.modules)\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True, cwd=EXPECTED.parents[2])


def test_long_lists_fold_in_the_page_and_are_counted_in_the_terminal() -> None:
    studies = [study(f"a{number}", level=4, n=number, title=f"Paper {number}") for number in range(1, 41)]
    others = [study(f"m{n}", Design.ANIMAL, species=Species.ANIMAL, title=f"Rats {n}") for n in range(40)]

    page, shown = _document("html", *studies, *others), _document("terminal", *studies, *others)

    assert "<summary>15 more studies</summary>" in page
    assert "<summary>15 more records</summary>" in page
    assert all(f"Paper {number}<" in page for number in range(1, 41))
    assert "… and 28 more" in shown
    assert "… and 34 more" in shown
