"""A small topic with something in every lane, and what each format makes of it.

`python -m tests.report.small` writes the expected documents anew: read the difference before it is committed.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

from rich.console import Console

from aggregator.grade.summary import Summary
from aggregator.model import Confidence, Design, Integrity, Origin, Species
from aggregator.report import FORMATS
from aggregator.report.terminal import terminal
from tests.make import author, finding, study, summary

EXPECTED = Path(__file__).parent / "expected"

ABSTRACT = (
    "BACKGROUND: Kratom is sold as a supplement.\n"
    "METHODS: In this crossover trial 26 men were randomly assigned to kratom or placebo.\n"
    "RESULTS: ALT was measured < 2 times."
)


def small() -> Summary:
    """Nine records: two studies in people, and one or more in every other lane."""
    return summary(
        study(
            "a1",
            Design.RCT,
            level=2,
            n=26,
            n_unit="participants",
            title="Kratom and placebo in men",
            abstract=ABSTRACT,
            pmid="123",
            doi="10.1000/abc",
            journal="Hepatology",
            year=2022,
            volume="7",
            issue="2",
            pages="1-9",
            authors=tuple(
                author(name, "A") for name in ("Smith", "Lee", "Kaya", "Roy", "Ito", "Diaz", "Berg")
            ),
            decided_by="design.randomised",
            tags=("crossover",),
            findings=(
                finding(
                    "randomly assigned", text=ABSTRACT, rule="design.randomised", because="people by chance"
                ),
                finding("Randomized Controlled Trial", rule="type.trial"),
            ),
        ),
        study(
            "a2",
            level=5,
            n=1,
            n_unit="participants",
            title="Jaundice after kratom",
            year=2024,
            integrity=(Integrity.PREPRINT,),
            design_confidence=Confidence.CONFLICT,
            authors=(author("Moor", "B"),),
        ),
        study("a3", Design.META_ANALYSIS, level=1, title="Trials of kratom, pooled", year=2023),
        study("a4", Design.NARR_REVIEW, level=5, title="Kratom: a view", year=2020, origin=Origin.DIGEST),
        study("a5", Design.ANIMAL, level=5, species=Species.ANIMAL, organism="rat", title="Kratom in rats"),
        study("a6", title="A withdrawn case", year=2018, integrity=(Integrity.RETRACTED,), pmid="99"),
        study("a7", Design.PROTOCOL, title="A trial to come", year=2025),
        study("a8", Design.UNCLEAR, title="Kratom"),
    )


def rendered(made: Summary, *, width: int) -> str:
    """What a pipe of this width gets."""
    out = StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(terminal(made))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def documents() -> dict[str, str]:
    """Every format of the small topic, by the name of its file."""
    made = small()
    texts = {
        f"small{form.suffix}": form.load()([made], title="Evidence", version="1.0", printed="2024-06-01")
        for form in FORMATS
    }
    return {**texts, **{f"terminal-{width}.txt": rendered(made, width=width) for width in (80, 200)}}


if __name__ == "__main__":
    for name, text in documents().items():
        (EXPECTED / name).write_text(text, encoding="utf-8", newline="\n")
