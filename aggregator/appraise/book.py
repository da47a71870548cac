"""The cues: words to look for, read from the data files in ``cues/``.

All cues are looked for at once with one RE2 set, in time linear in the text; the places of a cue are found only
when a rule asks for them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import re2

_SET_MEMORY = 256 << 20
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


class _Hint(NamedTuple):
    """A phrase may occur where these stretches do; its cue is then looked for."""

    cue: str
    others: frozenset[int]


@dataclass(frozen=True, slots=True)
class CueBook:
    """All cues, compiled."""

    cues: Mapping[str, Cue]
    lanes: Mapping[str, tuple[str, ...]]
    expressions: Mapping[str, Any] = field(repr=False)
    stretches: Any = field(repr=False)
    hints: tuple[tuple[_Hint, ...], ...] = field(repr=False)
    """By the number of the stretch that tells most of a phrase."""

    def present(self, text: bytes) -> frozenset[str]:
        """The names of the cues that may occur in the text: all that do, and few others."""
        found = frozenset(self.stretches.Match(text) or ())
        return frozenset(hint.cue for number in found for hint in self.hints[number] if hint.others <= found)


@cache
def cue_book() -> CueBook:
    """The cues that come with the program."""
    cues = read_cues()
    numbers, hints = _hints(cues)
    stretches = re2.Set.SearchSet(_options())
    for stretch in numbers:
        stretches.Add(stretch)
    stretches.Compile()
    lanes: dict[str, tuple[str, ...]] = {}
    for cue in cues:
        if cue.lane:
            lanes[cue.lane] = (*lanes.get(cue.lane, ()), cue.name)
    return CueBook(
        cues={cue.name: cue for cue in cues},
        lanes=lanes,
        expressions={
            cue.name: re2.compile("|".join(map(_bordered, cue.phrases)), _options()) for cue in cues
        },
        stretches=stretches,
        hints=hints,
    )


def _options() -> Any:
    options = re2.Options()
    options.max_mem = _SET_MEMORY
    options.case_sensitive = False
    options.never_capture = True
    return options


def _hints(cues: tuple[Cue, ...]) -> tuple[dict[str, int], tuple[tuple[_Hint, ...], ...]]:
    """The stretches of all phrases, numbered, and by the most telling one what else a phrase needs."""
    numbers: dict[str, int] = {}
    wanted: dict[int, list[_Hint]] = {}
    for cue in cues:
        for phrase in cue.phrases:
            first, *others = [numbers.setdefault(stretch, len(numbers)) for stretch in _keys(phrase)]
            wanted.setdefault(first, []).append(_Hint(cue.name, frozenset(others)))
    return numbers, tuple(tuple(wanted.get(number, ())) for number in range(len(numbers)))


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


_ENDINGS = re.compile(r"\\[wS][*+](?=[|)])")
_LOOSE = re.compile(r"[*+{]|\\[wdSDsW]")
_TELLING = 3
"""Shorter stretches are not sought where a phrase has a longer one."""


def _keys(phrase: str) -> list[str]:
    """The stretches of a phrase that have no gaps, the most telling first: the set finds them fast.

    Gaps ("up to five words between") make the states of a set multiply; stretches without them do not.
    """
    stretches = sorted(set(_stretches(_ENDINGS.sub("", phrase))), key=_shortest, reverse=True)
    return [
        _key(phrase, stretch)
        for stretch in stretches[:1] + [s for s in stretches[1:] if _shortest(s) >= _TELLING]
    ]


def _key(phrase: str, stretch: str) -> str:
    if _shortest(stretch) >= _MARKED:
        return f"(?:{stretch})"
    start = r"\b" if phrase.startswith(stretch) else ""
    end = r"\b" if phrase.endswith(stretch) and _ends_in_word(phrase) else ""
    return f"{start}(?:{stretch}){end}"


_MARKED = 7
"""Shorter keys are sought on word borders only."""


def _stretches(phrase: str) -> list[str]:
    """The phrase without its loose parts, cut where they stood."""
    stretches = [""]
    for piece in _pieces(phrase):
        if _LOOSE.search(piece) or piece.endswith("?"):
            stretches.append("")
        else:
            stretches[-1] += piece
    return stretches


def _pieces(phrase: str) -> list[str]:
    """A phrase cut into characters, classes and groups, each with its quantifier."""
    pieces, at = [], 0
    while at < len(phrase):
        end = _piece_end(phrase, at)
        quantifier = re.match(r"[?*+]|\{[^}]*\}", phrase[end:])
        end += quantifier.end() if quantifier else 0
        pieces.append(phrase[at:end])
        at = end
    return pieces


def _piece_end(phrase: str, at: int) -> int:
    if phrase[at] == "\\":
        return at + 2
    if phrase[at] == "[":
        return phrase.index("]", at + 1) + 1
    if phrase[at] != "(":
        return at + 1
    depth = 0
    while True:
        depth += {"(": 1, ")": -1}.get(phrase[at], 0)
        at += 2 if phrase[at] == "\\" else 1
        if depth == 0:
            return at


def _shortest(part: str) -> int:
    """About the length of the shortest text that a part matches."""
    return min(_widths(iter(part.replace("(?-i:", "(?:"))))


def _widths(characters: Iterator[str]) -> list[int]:
    """The shortest width of each alternative up to the closing parenthesis."""
    widths, last = [0], 0
    for character in characters:
        if character == ")":
            break
        if character == "|":
            widths.append(0)
            last = 0
        elif character in "?*":
            widths[-1] -= last
            last = 0
        elif character != "+":
            last = _width(character, characters)
            widths[-1] += last
    return widths


def _width(character: str, characters: Iterator[str]) -> int:
    if character == "(":
        return min(_widths(characters))
    if character == "[":
        for inner in characters:
            if inner == "]":
                break
    if character == "\\":
        return 0 if next(characters) == "b" else 1
    return 0 if character in ":" else 1
