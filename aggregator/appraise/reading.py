"""One article as the rules read it: its words once over, with the places of every cue and what they weigh."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from ..model import Article, Finding
from .book import CueBook
from .scope import REACH, silenced
from .zones import FACTOR, Zone, has_results_section, labelled

REPEATS = 4
"""So many further places of a cue still count towards a lane."""
REPEAT_SHARE = 0.25
BRIEF = 600
"""Abstracts shorter than this are read as a whole."""
LATEST_TURN = 0.6
"""No background is longer than this share of an unlabelled abstract."""


class Mention(NamedTuple):
    """A cue at one place; offsets count in the text read: title, line end, abstract."""

    cue: str
    start: int
    end: int
    zone: str
    factor: float


class _Found(NamedTuple):
    """All that rules ask about one cue, worked out once."""

    mentions: tuple[Mention, ...] = ()
    best: Mention | None = None
    said: Mention | None = None
    titled: Mention | None = None
    times: int = 0
    points: float = 0.0


_ABSENT = _Found()


class Reading:
    """Title and abstract with the cues found in them. Pure: two readings of one article are the same."""

    def __init__(self, article: Article, book: CueBook) -> None:
        self.article = article
        self.book = book
        self.text = f"{article.title}\n{article.abstract}"
        self.base = len(article.title) + 1
        self._bytes = self.text.encode()
        self._title_end = len(article.title.encode())
        self._ascii = len(self._bytes) == len(self.text)
        self._occurrences = book.read(self._bytes, self._title_end)
        self._found: dict[str, _Found] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}

    # ------------------------------------------------------------------------------- places

    def mentions(self, name: str) -> tuple[Mention, ...]:
        """Where a cue is meant: not taken back, not part of another phrase, not in an aside."""
        return self._cue(name).mentions

    def said(self, name: str) -> Mention | None:
        """The cue's best place outside the background, or ``None``."""
        return self._cue(name).said

    def titled(self, name: str) -> Mention | None:
        """The cue's first place in the title."""
        return self._cue(name).titled

    def best(self, name: str) -> Mention | None:
        """The cue's weightiest place, the first of equals."""
        return self._cue(name).best

    def count(self, name: str) -> int:
        """At how many places outside the background the cue stands."""
        return self._cue(name).times

    def points(self, name: str) -> float:
        """The cue's weight at its best place, and a little more for each further one."""
        return self._cue(name).points

    @cached_property
    def lane_points(self) -> dict[str, float]:
        """What the words speak for each kind of subject: people, animal, cells, computer, matter, plants."""
        return {lane: sum(map(self.points, cues)) for lane, cues in self.book.lanes.items()}

    # ------------------------------------------------------------------------------- shape

    @property
    def has_abstract(self) -> bool:
        return bool(self.article.abstract)

    @cached_property
    def has_results(self) -> bool:
        """Whether results of its own are printed: a section of them, or numbers with their statistics."""
        return has_results_section(self.article) or self.count("statistics") >= 2

    @cached_property
    def own_work(self) -> int:
        """How many signs there are that the authors did something themselves: verbs of study, statistics, amounts."""
        people = 2 if self.said("people_count") else 0
        return (
            self.count("own_study")
            + self.count("statistics")
            + (self.count("percentages") + self.text.count("%") + self.text.count("±")) // 2
            + people
        )

    @cached_property
    def zones(self) -> tuple[Zone, ...]:
        zones = [Zone(0, self.base, "title", FACTOR["title"])]
        for section in self.article.sections or ():
            start, end = self.base + section.start, self.base + section.end
            kind = labelled(section.label, section.category) if section.label else ""
            zones += self._closing(start, end, kind) if kind else self._rhetoric(start, end)
        if self.article.abstract and not self.article.sections:
            zones += self._rhetoric(self.base, len(self.text))
        return tuple(zones)

    @cached_property
    def _starts(self) -> list[int]:
        return [zone.start for zone in self.zones]

    def zone_at(self, place: int) -> Zone:
        return self.zones[max(0, bisect_right(self._starts, place) - 1)]

    # ------------------------------------------------------------------------------- findings

    def finding(self, rule: str, because: str, mention: Mention) -> Finding:
        """A finding that quotes a mention verbatim from title or abstract."""
        return self.quoting(rule, because, mention.start, mention.end)

    def quoting(self, rule: str, because: str, start: int, end: int) -> Finding:
        """A finding that quotes a stretch of the text read."""
        if end <= len(self.article.title):
            return Finding(rule, because, "title", start, end, self.article.title[start:end])
        start, end = max(0, start - self.base), end - self.base
        return Finding(rule, because, "abstract", start, end, self.article.abstract[start:end])

    def places(self, name: str) -> list[tuple[int, int]]:
        """All places of a cue, meant or not."""
        known = self._places.get(name)
        if known is None:
            stop = self._title_end if self.book.cues[name].title_only else len(self._bytes)
            places = self._occurrences.places(name, stop)
            known = self._places[name] = [
                (self._at(start), self._at(end)) for start, end in places if end > start
            ]
        return known

    # ------------------------------------------------------------------------------- inside

    def _at(self, byte: int) -> int:
        return byte if self._ascii else len(self._bytes[:byte].decode())

    def _cue(self, name: str) -> _Found:
        found = self._found.get(name)
        if found is None:
            found = self._summed(name, self._mentions(name)) if self._occurrences.may_have(name) else _ABSENT
            self._found[name] = found
        return found

    def _summed(self, name: str, mentions: tuple[Mention, ...]) -> _Found:
        if not mentions:
            return _ABSENT
        factors = [mention.factor for mention in mentions]
        most = max(factors)
        best = mentions[factors.index(most)]
        more = min(sum(factors) - most, REPEATS * FACTOR["own"])
        return _Found(
            mentions=mentions,
            best=best,
            said=best if most >= 1 else None,
            titled=mentions[0] if mentions[0].zone == "title" else None,
            times=sum(factor >= 1 for factor in factors),
            points=self.book.cues[name].weight * (most + REPEAT_SHARE * more),
        )

    def _mentions(self, name: str) -> tuple[Mention, ...]:
        cue = self.book.cues[name]
        others = [place for other in cue.unless for place in self.places(other)]
        found = []
        for start, end in self.places(name):
            if others and any(start < stop and begin < end for begin, stop in others):
                continue
            zone = self.zone_at(start)
            if zone.factor and not (cue.scoped and self._is_silenced(start, end)):
                found.append(Mention(name, start, end, zone.name, zone.factor))
        return tuple(found)

    def _is_silenced(self, start: int, end: int) -> bool:
        """Whether negation or future speech stands close by and takes the phrase back."""
        at = bisect_right(self._scope_words, start - REACH)
        near = self._scope_words[at : at + 1]
        return bool(near) and near[0] < end + REACH and silenced(self.text, start, end)

    @cached_property
    def _scope_words(self) -> list[int]:
        return [start for start, _ in self.places("scope_words")]

    def _rhetoric(self, start: int, end: int) -> list[Zone]:
        turn = (
            None if self.is_brief else self._turn("zone_aim", start, start + int((end - start) * LATEST_TURN))
        )
        close = self._turn("zone_conclusion", max(turn or start, start + (end - start) // 2), end)
        zones = []
        if turn is not None and turn > start:
            zones.append(Zone(start, turn, "background", FACTOR["background"]))
        own_end = end if close is None else close
        zones.append(Zone(turn if turn is not None else start, own_end, "own", FACTOR["own"]))
        if close is not None:
            zones += self._closing(close, end, "conclusion")
        return zones

    @property
    def is_brief(self) -> bool:
        """Short texts and digests have no background worth telling apart."""
        return self.article.is_digest or len(self.article.abstract) < BRIEF

    def _turn(self, cue: str, start: int, end: int) -> int | None:
        """Where the sentence begins that holds the first such turn of phrase."""
        for place, _ in self.places(cue):
            if start <= place < end:
                return max(start, self.text.rfind(". ", start, place) + 2)
        return None

    def _background(self, start: int, end: int) -> list[Zone]:
        """A labelled background up to the sentence that turns to the study itself."""
        turn = self._turn("zone_turn", start, end)
        zones = [Zone(start, end if turn is None else turn, "background", FACTOR["background"])]
        if turn is not None:
            zones.append(Zone(turn, end, "own", FACTOR["own"]))
        return zones

    def _closing(self, start: int, end: int, kind: str) -> list[Zone]:
        if kind == "background":
            return self._background(start, end)
        if kind != "conclusion":
            return [Zone(start, end, kind, FACTOR[kind])]
        last = self.text.rfind(". ", start, max(start, end - 2))
        if last < 0:
            return [Zone(start, end, "conclusion", FACTOR["conclusion"])]
        return [
            Zone(start, last + 2, "conclusion", FACTOR["conclusion"]),
            Zone(last + 2, end, "closing", FACTOR["closing"]),
        ]
