"""Which part of a text speaks of the study itself: title, methods and results weigh more than background.

Labels are used where the abstract prints them; other abstracts are cut by their turns of phrase ("Here we …",
"In conclusion …"). Weights follow rule T15 of the methods.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..model import Article


class Zone(NamedTuple):
    """A stretch of the text read (title, line end, abstract) and what its words weigh."""

    start: int
    end: int
    name: str
    factor: float


FACTOR = {"title": 2.0, "own": 2.0, "background": 0.25, "conclusion": 1.0, "closing": 0.5, "aside": 0.0}

_KINDS = (
    (re.compile(r"protocol|ethics|regist|funding|availab|supplement|keyword|abbrev|level of evidence|copyright"), "aside"),
    (re.compile(r"method|result|finding|design|setting|particip|patient|subject|measure|intervention|outcome|data|"
                r"material|procedure|case|sample|experiment|experience|observation|exposure|diagnos|aim|objective|"
                r"purpose|hypothes|question|approach|evidence|discussion|presentation|analys|technique|type|search"), "own"),
    (re.compile(r"conclu|interpret|implication|significance|relevance|impact|lesson|summary|recommend|limitation"), "conclusion"),
    (re.compile(r"background|introduct|context|rationale|importance|motivation|state of the art|backgroud"), "background"),
)  # fmt: skip
_CATEGORIES = {
    "BACKGROUND": "background", "OBJECTIVE": "own", "METHODS": "own", "RESULTS": "own", "CONCLUSIONS": "conclusion",
}  # fmt: skip
_MIXED = re.compile(r"aim|objective|purpose|hypothes|question")


def labelled(label: str, category: str) -> str:
    """The zone that a section's printed label stands for; "" where it says nothing."""
    folded = label.lower()
    if folded.startswith(("background", "introduc", "context", "importance")) and not _MIXED.search(folded):
        return "background"
    if folded.startswith(("conclu", "discussion and conclu", "summary and conclu")):
        return "conclusion"
    for pattern, zone in _KINDS:
        if pattern.search(folded):
            return zone
    return _CATEGORIES.get(category, "")


def has_results_section(article: Article) -> bool:
    """Whether the abstract prints a section of results."""
    return any(
        "RESULT" in section.label.upper() or "FINDING" in section.label.upper()
        for section in article.sections
    )
