"""Phrases spelt out: "randomi[sz]ed (?:trial|study)" stands for four literal texts, which are found much faster.

A phrase with gaps ("up to five words between") cannot be spelt out and stays an expression.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

MOST = 400
"""A phrase that stands for more texts than this stays an expression."""
_OPEN = {r"\w*": "\0", r"\S*": "\1", r"\w+": "\2"}
"""How an open end is marked while a phrase is spelt out."""
_CLASS = re.compile(r"\[([^\]^\\]+)\]")


WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
"""The characters of words, as RE2 counts them."""
_TOKEN = re.compile(rb"[a-z0-9]+")
_COMMON = frozenset(
    b"a all among an analysis and are as at be been between by clinical control for from group has have in included is it "
    b"methods of on or our p patient patients phase present reported results review studies study that the their these this "
    b"to treatment two was we were which with".split()
)
"""Words in every other paper: they tell little."""
_HEAD = 3
"""Words that may go on are looked up by so many letters."""


def _rarity(word: bytes) -> int:
    if word in _COMMON:
        return 2 if len(word) > 4 else 1
    return 2 + len(word)


class Key(NamedTuple):
    """The word by which a text is told."""

    word: bytes
    """Empty when nothing tells it."""
    whole: bool
    """Whether the word ends there, or may go on."""
    offset: int
    """Where the word stands in the text."""


class Literal(NamedTuple):
    """A literal text, and how it may go on to the right."""

    data: bytes
    open_end: str
    """A key of ``ENDINGS``; "" for a word border."""
    cased: bool
    """Whether capitals matter."""

    def end(self, text: bytes, at: int) -> int:
        """Where it ends when it begins at a place; 0 when a word border is missing, or capitals differ."""
        data, end = self.data, at + len(self.data)
        if (self.cased and not text.startswith(data, at)) or (
            at and text[at - 1] in WORD and data[0] in WORD
        ):
            return 0
        if self.open_end:
            match = ENDINGS[self.open_end].match(text, end)
            return match.end() if match else 0
        return 0 if end < len(text) and text[end] in WORD and data[-1] in WORD else end

    def key(self, *, left: bool, right: bool) -> Key:
        """The longest word in it that is whole; else one that may go on. ``left`` and ``right``: a border is there."""
        text = self.data.lower()
        words = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
        if words and not left and words[0][1] == 0:
            words = words[1:]
        cut = words[-1:] if words and words[-1][2] == len(text) and (self.open_end or not right) else []
        whole = words[:-1] if cut else words
        if whole:
            word, offset, _ = max(whole, key=lambda found: _rarity(found[0]))
            return Key(word, True, offset)
        if cut and len(cut[0][0]) >= _HEAD:
            return Key(cut[0][0], False, cut[0][1])
        return Key(b"", False, 0)


ENDINGS = {"\0": re.compile(rb"[\w]*"), "\1": re.compile(rb"\S*"), "\2": re.compile(rb"\w+")}


class _LooseError(ValueError):
    """The phrase cannot be spelt out."""


def spelt_out(phrase: str) -> tuple[Literal, ...] | None:
    """The literal texts that a phrase stands for, or ``None`` when it has gaps."""
    try:
        variants, at = _alternatives(phrase, 0)
    except _LooseError:
        return None
    if at != len(phrase) or any(_badly_open(variant) for variant in variants):
        return None
    return tuple(dict.fromkeys(_literal(variant) for variant in variants))


def _literal(variant: str) -> Literal:
    open_end = variant[-1] if variant[-1] in ENDINGS else ""
    text = variant.removesuffix(open_end) if open_end else variant
    cased = "\3" in text
    text = text.replace("\3", "")
    return Literal((text if cased else text.lower()).encode(), open_end, cased)


def _badly_open(variant: str) -> bool:
    return any(mark in variant[:-1] for mark in ENDINGS) or not variant.strip("\0\1\2\3")


def _alternatives(phrase: str, at: int) -> tuple[list[str], int]:
    """All texts of the alternatives from a place up to the closing parenthesis or the end."""
    done: list[str] = []
    current = [""]
    while at < len(phrase) and phrase[at] != ")":
        if phrase[at] == "|":
            done += current
            current, at = [""], at + 1
            continue
        piece, at = _piece(phrase, at)
        current = [head + tail for head in current for tail in piece]
        if len(current) + len(done) > MOST:
            raise _LooseError
    return done + current, at


def _piece(phrase: str, at: int) -> tuple[list[str], int]:
    """The texts of one character, class or group with its quantifier."""
    if phrase[at : at + 3] in _OPEN:
        return [_OPEN[phrase[at : at + 3]]], at + 3
    texts, at = _unit(phrase, at)
    if phrase[at : at + 1] == "?":
        at += 1
        texts = ["", *texts]
    if phrase[at : at + 1] and phrase[at] in "*+{?":
        raise _LooseError
    return texts, at


def _unit(phrase: str, at: int) -> tuple[list[str], int]:
    character = phrase[at]
    if character == "(":
        return _group(phrase, at)
    if character == "[":
        found = _CLASS.match(phrase, at)
        if not found or ("-" in found.group(1)[1:-1]):
            raise _LooseError
        return list(found.group(1)), found.end()
    if character == "\\":
        if phrase[at + 1].isalnum():
            raise _LooseError
        return [phrase[at + 1]], at + 2
    if character in ".^$":
        raise _LooseError
    return [character], at + 1


def _group(phrase: str, at: int) -> tuple[list[str], int]:
    for opening, mark in (("(?-i:", "\3"), ("(?:", "")):
        if phrase.startswith(opening, at):
            texts, end = _alternatives(phrase, at + len(opening))
            if end >= len(phrase):
                raise _LooseError
            return [mark + text for text in texts], end + 1
    raise _LooseError


T = TypeVar("T")
_LETTERS = bytes(
    code + 32 if 65 <= code <= 90 else code if chr(code).isalnum() and code < 128 else 32
    for code in range(256)
)
"""Capitals as small letters, everything but letters and digits as blanks."""
_MANY_WORDS = 200_000


class _Entry(NamedTuple, Generic[T]):
    whats: tuple[T, ...]
    data: bytes
    """In small letters."""
    offset: int
    """Where in it the telling word stands."""


class Index(Generic[T]):
    """Which texts are told by which words.

    What a word tells is remembered: the words of one paper are mostly those of the last.
    """

    def __init__(self, entries: Sequence[tuple[Key, bytes, T]]) -> None:
        self._whole: dict[bytes, list[_Entry[T]]] = defaultdict(list)
        self._heads: dict[bytes, list[tuple[bytes, _Entry[T]]]] = defaultdict(list)
        self._known: dict[bytes, tuple[_Entry[T], ...]] = {}
        by_text: dict[tuple[Key, bytes], list[T]] = defaultdict(list)
        for key, data, what in entries:
            by_text[key, data.lower()].append(what)
        for (key, data), whats in by_text.items():
            entry = _Entry(tuple(whats), data, key.offset)
            if key.whole:
                self._whole[key.word].append(entry)
            else:
                self._heads[key.word[:_HEAD]].append((key.word, entry))

    def told(self, text: bytes, lower: bytes) -> list[tuple[tuple[T, ...], int]]:
        """What a text holds, and where it begins; word borders are left to the caller."""
        found: list[tuple[tuple[T, ...], int]] = []
        known, holds, at = self._known, lower.startswith, 0
        for word in text.translate(_LETTERS).split(b" "):
            entries = known.get(word)
            if entries is None:
                entries = self._entries(word)
            for whats, data, offset in entries:
                if at >= offset and holds(data, at - offset):
                    found.append((whats, at - offset))
            at += len(word) + 1
        return found

    def _entries(self, word: bytes) -> tuple[_Entry[T], ...]:
        """All that a word tells."""
        if len(self._known) > _MANY_WORDS:
            self._known.clear()
        going_on = [entry for head, entry in self._heads.get(word[:_HEAD], ()) if word.startswith(head)]
        found = self._known[word] = (*self._whole.get(word, ()), *going_on)
        return found


class Stretch(NamedTuple):
    """A part of a phrase between two gaps."""

    text: str
    left: bool
    """Whether a word border stands at its beginning."""
    right: bool

    def tells(self) -> tuple[int, int]:
        """How well it tells a phrase: by rare words, and by few texts."""
        literals = spelt_out(self.text) or ()
        keys = [literal.key(left=self.left, right=self.right) for literal in literals]
        return min((_rarity(key.word) if key.word else 0 for key in keys), default=0), -len(literals)


_LOOSE = re.compile(r"[*+{]|\\[wdSDsW]")
_ENDINGS = re.compile(r"\\[wS][*+](?=[|)])")


def stretches(phrase: str) -> list[Stretch]:
    """The parts of a phrase that can be spelt out, cut where it is loose."""
    bare = _ENDINGS.sub("", phrase)
    found: list[Stretch] = []
    left, run = True, ""
    for piece in [*_pieces(bare), ""]:
        if piece and not _LOOSE.search(piece):
            run += piece
            continue
        found += _spellable(Stretch(run, left, right=not piece and bare == phrase)) if run else []
        left, run = bool(_SPACED.search(piece)), ""
    return found


_SPACED = re.compile(r" \)(?:[?*+]|\{[^}]*\}\??)$")
"""A gap that ends in a blank: a word begins after it."""


def _spellable(stretch: Stretch) -> list[Stretch]:
    """The stretch, or those of its pieces that stand for few enough texts."""
    if spelt_out(stretch.text) is not None:
        return [stretch]
    pieces = list(_pieces(stretch.text))
    found = []
    for number, piece in enumerate(pieces):
        begins = stretch.left if number == 0 else pieces[number - 1].endswith(" ")
        ends = stretch.right if number == len(pieces) - 1 else pieces[number + 1].startswith(" ")
        if len(piece) > 1 and not piece.endswith("?") and spelt_out(piece) is not None:
            found.append(Stretch(piece, begins, ends))
    return found


def _pieces(phrase: str) -> Iterator[str]:
    """A phrase cut into characters, classes and groups, each with its quantifier."""
    at = 0
    while at < len(phrase):
        end = _piece_end(phrase, at)
        quantifier = re.match(r"[?*+]|\{[^}]*\}\??", phrase[end:])
        end += quantifier.end() if quantifier else 0
        yield phrase[at:end]
        at = end


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
