"""The version of the rule book: a number for people and a hash over everything that can change an appraisal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from typing import Any

from ..grade.levels import BASE_LEVEL
from ..vocabulary import Vocabularies, bundled
from . import reading, zones
from .book import cue_files
from .designs import bench, opinions, syntheses
from .indexing import indexing_file
from .manual import RULES

EDITION = "2026.2"
"""Raised by hand when the code of a rule changes what it finds: code is not hashed, its edition is."""


def rulebook(vocabularies: Vocabularies | None = None) -> str:
    """The rule book's version with these vocabularies (the bundled ones by default)."""
    if vocabularies is None:
        return _bundled_rulebook()
    return _remembered.version(vocabularies)


@cache
def _bundled_rulebook() -> str:
    return f"{EDITION}+{_digest(bundled())}"


class _Remembered:
    """The version of the vocabularies asked for last: a run appraises thousands of papers with the same ones."""

    def __init__(self) -> None:
        self._last: tuple[Vocabularies, str] | None = None

    def version(self, vocabularies: Vocabularies) -> str:
        last = self._last
        if last is None or last[0] is not vocabularies:
            last = self._last = (vocabularies, f"{EDITION}+{_digest(vocabularies)}")
        return last[1]


_remembered = _Remembered()


def _digest(vocabularies: Vocabularies) -> str:
    text = _words(vocabularies)
    return hashlib.sha256(f"{_rules()}\n{text}".encode()).hexdigest()[:6]


@cache
def _rules() -> str:
    rules = "\n".join(f"{rule.id}|{rule.title}|{rule.manual}" for rule in RULES)
    levels = "\n".join(f"{design.value}|{values}" for design, values in BASE_LEVEL.items())
    return "\n".join((*cue_files(), indexing_file(), rules, levels, _weights()))


def _weights() -> str:
    """The numbers that stand in code."""
    return repr((
        sorted(zones.FACTOR.items()), reading.REPEATS, reading.REPEAT_SHARE, reading.BRIEF, reading.LATEST_TURN,
        bench.ENOUGH, bench.PEOPLE_WEIGHT, bench.ANIMAL_WEIGHT, bench.TITLE_ANIMAL, bench.NEAR_PEOPLE, syntheses.SHORT, syntheses.TELLING,
        opinions.WORKED,
    ))  # fmt: skip


def _words(vocabularies: Vocabularies) -> str:
    return json.dumps(asdict(vocabularies), sort_keys=True, ensure_ascii=True, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value)
