"""The cues: words to look for, read from the data files in ``cues/``.

The words of a text tell at once which cues may occur; the places of a cue are found only when a rule asks for them,
by plain search where a phrase can be spelt out, with RE2 where it has gaps: both in time linear in the text.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import re2

from .literals import Index, Key, Literal, Stretch, spelt_out, stretches

_MEMORY = 64 << 20
_RARE = 2
"""A second stretch is asked for only when it is as rare as this."""
_TELLING = 2
"""So many stretches of a phrase are asked for before its expression is tried."""
_GROUP = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Cue:
    """Phrases that mean the same to a rule."""

    name: str
    phrases: tuple[str, ...]
    """RE2 expressions, matched without case and on word borders."""
    weight: float = 1.0
    lane: str = ""
    title_only: bool = False
    scoped: bool = False
    """Whether "no …", "future … are needed" silence it."""
    unless: tuple[str, ...] = ()
    """Cues whose places silence this one where they overlap."""


Place = tuple[int, int]
"""Where a phrase stands: from, to, in bytes."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """What of a book occurs in a text: phrases spelt out at once, those with gaps when a cue is asked for."""

    book: CueBook
    text: bytes
    literals: Mapping[str, list[Place]]
    """By cue."""
    loose: frozenset[str]
    """The cues whose expressions may match."""

    def may_have(self, cue: str) -> bool:
        return cue in self.literals or cue in self.loose

    def places(self, cue: str, stop: int) -> list[Place]:
        """Where a cue stands before ``stop``, leftmost first, the longer of two that overlap."""
        found = [place for place in self.literals.get(cue, ()) if place[1] <= stop]
        if cue in self.loose:
            expression = self.book.expressions[cue]
            found += [match.span() for match in expression.finditer(self.text, 0, stop)]
        return _apart(found) if len(found) > 1 else found


def _apart(places: list[Place]) -> list[Place]:
    """The places in order, without those that overlap an earlier or longer one."""
    places.sort(key=_leftmost_longest)
    kept, end = [], -1
    for place in places:
        if place[0] >= end:
            kept.append(place)
            end = place[1]
    return kept


def _leftmost_longest(place: Place) -> tuple[int, int]:
    return place[0], -place[1]


_What = tuple[str, Literal] | int
"""A cue with one of its literal texts, or the number of a stretch."""


class _Loose(NamedTuple):
    """A phrase with gaps may occur where all its stretches do."""

    cue: str
    stretches: frozenset[int]


@dataclass(frozen=True, slots=True)
class CueBook:
    """All cues, and by which words of a text they are told."""

    cues: Mapping[str, Cue]
    lanes: Mapping[str, tuple[str, ...]]
    expressions: Mapping[str, Any] = field(repr=False)
    """By cue the RE2 expression of its phrases with gaps."""
    anywhere: Index[_What] = field(repr=False)
    """Whose literal text, or which stretch, is told by the words of a text."""
    in_title: Index[_What] = field(repr=False)
    """The same for the cues that are sought in titles only."""
    loose: tuple[_Loose, ...] = field(repr=False)

    def read(self, text: bytes, title_end: int) -> Occurrences:
        """What occurs in a text that begins with a title."""
        lower = text.lower()
        literals: dict[str, list[Place]] = defaultdict(list)
        stretches = set()
        told = self.anywhere.told(text, lower) + self.in_title.told(text[:title_end], lower[:title_end])
        for whats, start in told:
            for what in whats:
                if isinstance(what, int):
                    stretches.add(what)
                    continue
                cue, literal = what
                if end := literal.end(text if literal.cased else lower, start):
                    literals[cue].append((start, end))
        loose = frozenset(phrase.cue for phrase in self.loose if phrase.stretches <= stretches)
        return Occurrences(self, text, literals, loose)


@cache
def cue_book() -> CueBook:
    """The cues that come with the program."""
    cues = read_cues()
    told = _Told()
    gaps = {cue.name: [phrase for phrase in cue.phrases if not told.by(cue, phrase)] for cue in cues}
    lanes: dict[str, tuple[str, ...]] = {}
    for cue in cues:
        if cue.lane:
            lanes[cue.lane] = (*lanes.get(cue.lane, ()), cue.name)
    return CueBook(
        cues={cue.name: cue for cue in cues},
        lanes=lanes,
        expressions={
            name: re2.compile("|".join(map(_bordered, phrases)), _options())
            for name, phrases in gaps.items()
            if phrases
        },
        anywhere=Index(told.anywhere),
        in_title=Index(told.in_title),
        loose=tuple(told.loose),
    )


class _Told:
    """Collects by which key each literal text and each stretch of the phrases is told."""

    def __init__(self) -> None:
        self.anywhere: list[tuple[Key, bytes, _What]] = []
        self.in_title: list[tuple[Key, bytes, _What]] = []
        self.loose: list[_Loose] = []
        self._numbers: dict[tuple[Stretch, bool], int | None] = {}

    def by(self, cue: Cue, phrase: str) -> bool:
        """Takes a phrase in; whether it could be spelt out."""
        literals = spelt_out(phrase) or ()
        keys = [literal.key(left=True, right=True) for literal in literals]
        if not keys or not all(key.word for key in keys):
            telling = sorted(stretches(phrase), key=Stretch.tells, reverse=True)[:_TELLING]
            telling = telling[:1] + [stretch for stretch in telling[1:] if stretch.tells()[0] >= _RARE]
            numbers = [self._number(cue, stretch) for stretch in telling]
            self.loose.append(_Loose(cue.name, frozenset(number for number in numbers if number is not None)))
            return False
        entries = self.in_title if cue.title_only else self.anywhere
        entries += [
            (key, literal.data, (cue.name, literal)) for key, literal in zip(keys, literals, strict=True)
        ]
        return True

    def _number(self, cue: Cue, stretch: Stretch) -> int | None:
        """The number of a stretch; ``None`` when nothing in it tells it."""
        known = stretch, cue.title_only
        if known not in self._numbers:
            literals = spelt_out(stretch.text) or ()
            keys = [literal.key(left=stretch.left, right=stretch.right) for literal in literals]
            number = len(self._numbers) if keys and all(key.word for key in keys) else None
            self._numbers[known] = number
            if number is not None:
                entries = self.in_title if cue.title_only else self.anywhere
                entries += [(key, literal.data, number) for key, literal in zip(keys, literals, strict=True)]
        return self._numbers[known]


def _options() -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.case_sensitive = False
    options.never_capture = True
    return options


@cache
def read_cues() -> tuple[Cue, ...]:
    """The cues of all data files, files and cues in their order."""
    tables = [tomllib.loads(text) for text in cue_files()]
    groups = {name: words for table in tables for name, words in table.get("words", {}).items()}
    return tuple(_cue(entry, groups) for table in tables for entry in table.get("cue", ()))


@cache
def cue_files() -> tuple[str, ...]:
    """The texts of the data files, in the order of their names."""
    folder = resources.files(__package__) / "cues"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return tuple(file.read_text(encoding="utf-8") for file in files)


def _cue(entry: Mapping[str, Any], groups: Mapping[str, str]) -> Cue:
    phrases = [
        _GROUP.sub(lambda match: f"(?:{groups[match.group(1)]})", phrase) for phrase in entry["patterns"]
    ]
    return Cue(
        name=entry["name"],
        phrases=tuple(phrases),
        weight=entry.get("weight", 1),
        lane=entry.get("lane", ""),
        title_only=entry.get("title_only", False),
        scoped=entry.get("scoped", False),
        unless=tuple(entry.get("unless", ())),
    )


def _bordered(phrase: str) -> str:
    end = r"\b" if _ends_in_word(phrase) else ""
    start = "" if phrase.startswith((":", r"\(")) else r"\b"
    return f"{start}(?:{phrase}){end}"


def _ends_in_word(phrase: str) -> bool:
    return phrase[-1] not in ":%,?" or phrase.endswith((")?", "s?", "e?", "y?", "d?"))
