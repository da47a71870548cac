"""The geometry of the figures, as values; templates draw them.

The pyramid shows how many records stand at each level. It is a picture of a count and never the grade itself.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ..grade.summary import Summary
from ..grade.words import LEVEL_WORDS, plural

LEVELS = (1, 2, 3, 4, 5)

_WIDTH, _LAYER, _GAP = 300, 46, 4


class Layer(NamedTuple):
    """One level of the pyramid: its place in the drawing, and what stands there."""

    level: int
    points: str
    """Corners, as SVG writes them."""
    middle: int
    """The height of its label."""
    studies: int
    syntheses: int
    meaning: str

    @property
    def label(self) -> str:
        """What stands here, in words: "3 studies", "no study, 1 synthesis"."""
        words = plural(self.studies, "study", "studies") if self.studies else "no study"
        return f"{words}, {plural(self.syntheses, 'synthesis', 'syntheses')}" if self.syntheses else words


class Pyramid(NamedTuple):
    """Level 1 on top. ``without_level`` counts the studies in people whose design carries no level here."""

    layers: tuple[Layer, ...]
    without_level: int
    mechanism: int

    @property
    def description(self) -> str:
        """The figure in words."""
        levels = "; ".join(f"level {layer.level}: {layer.label}" for layer in self.layers)
        return f"Studies in people by level of evidence, strongest on top. {levels}."


def pyramid(summary: Summary) -> Pyramid:
    """The pyramid of a graded topic: studies in people by level, syntheses named beside them."""
    syntheses = Counter(summary.level(study) for study in summary.syntheses)
    layers = tuple(
        Layer(
            level=level,
            points=_trapezoid(place),
            middle=place * (_LAYER + _GAP) + _LAYER // 2,
            studies=summary.by_level.get(level, 0),
            syntheses=syntheses[level],
            meaning=LEVEL_WORDS[summary.topic.kind][level],
        )
        for place, level in enumerate(LEVELS)
    )
    return Pyramid(layers, summary.by_level.get(None, 0), len(summary.mechanism))


def _trapezoid(place: int) -> str:
    """Layer ``place`` of a triangle ``_WIDTH`` wide at its foot, in whole numbers."""
    height = len(LEVELS) * (_LAYER + _GAP) - _GAP
    top = place * (_LAYER + _GAP)
    foot = top + _LAYER
    inset, spread = (_WIDTH * edge // (2 * height) for edge in (top, foot))
    middle = _WIDTH // 2
    return f"{middle - inset},{top} {middle + inset},{top} {middle + spread},{foot} {middle - spread},{foot}"


def bar(count: int, most: int, *, width: int) -> int:
    """The length of a bar, in characters: at least one for anything that is there."""
    return max(1, round(width * count / most)) if count else 0
