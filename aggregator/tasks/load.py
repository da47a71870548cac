"""Reading a file into the library: a stream in units, each stored whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ..errors import InputError
from ..model import Article, Deletion, Unreadable
from ..sources.files import Item
from ..store import Receipt
from ..store.library import Writer
from ..store.writing import Arrival, Counts, raw_hash
from ..text import folded_article
from .topics import TopicWords, topics_by_words

UNIT = 2_000
"""Records a transaction: bounds memory and what a crash can cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What became of one file."""

    name: str
    counts: Counts
    topics: dict[str, int]
    """How many of the new and changed papers each topic got."""
    unreadable: tuple[Unreadable, ...]
    broken: InputError | None = None
    """Set when the file ended badly: what came before is stored."""


@dataclass(slots=True)
class _Unit:
    arrivals: list[Arrival] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    members: list[tuple[str, int, str]] = field(default_factory=list)
    seen: int = 0
    unchanged: int = 0


def load(
    writer: Writer,
    name: str,
    items: Iterable[Item],
    *,
    topics: Sequence[TopicWords],
    into: str | None,
    now: Callable[[], str],
    progress: Callable[[Counts], None] = lambda _: None,
) -> Loading:
    """Stores what a file holds. ``into``: a topic that every record is assigned to, beside what its words say.

    Raises: InputError when nothing of the file could be used; a file that breaks later is reported in the result,
    and the units before the break stay.
    """
    receipt = writer.open_receipt("file", name, now())
    total, by_topic, unreadable = Counts(), dict.fromkeys((topic.name for topic in topics), 0), list[Unreadable]()
    broken: InputError | None = None
    try:
        for unit in _units(writer, items, topics, into):
            total.add(_store(writer, receipt, unit))
            unreadable += unit.unreadable
            for arrival in unit.arrivals:
                for topic, _ in arrival.topics:
                    by_topic[topic] += 1
            progress(total)
    except InputError as error:
        broken = error
    writer.close_receipt(receipt, now(), total)
    if broken and not total.seen and not total.deleted:
        raise broken
    return Loading(name=name, counts=total, topics=by_topic, unreadable=tuple(unreadable), broken=broken)


def _store(writer: Writer, receipt: Receipt, unit: _Unit) -> Counts:
    counts = writer.store(
        receipt, unit.arrivals, deletions=unit.deletions, unreadable=unit.unreadable, members=unit.members
    )
    counts.seen += unit.seen
    counts.unchanged += unit.unchanged
    return counts


def _units(
    writer: Writer, items: Iterable[Item], topics: Sequence[TopicWords], into: str | None
) -> Iterator[_Unit]:
    stream = iter(items)
    while batch := list(islice(stream, UNIT)):
        yield _read_unit(writer, batch, topics, into)


def _read_unit(writer: Writer, batch: Sequence[Item], topics: Sequence[TopicWords], into: str | None) -> _Unit:
    unit = _Unit()
    hashes = [raw_hash(item.raw) for item in batch]
    known = writer.known(hashes)
    taken: set[bytes] = set()
    for item, fingerprint in zip(batch, hashes, strict=True):
        if item.kind == "delete":
            unit.deletions.append(item.deletions())
            continue
        unit.seen += 1
        if fingerprint in known or fingerprint in taken:
            unit.unchanged += 1
            if into and fingerprint in known:
                unit.members.append((into, known[fingerprint], "person"))
            continue
        taken.add(fingerprint)
        match item.read():
            case Unreadable() as failed:
                unit.unreadable.append(failed)
            case article:
                unit.arrivals.append(_arrival(item, fingerprint, article, topics, into))
    return unit


def _arrival(
    item: Item, fingerprint: bytes, article: Article, topics: Sequence[TopicWords], into: str | None
) -> Arrival:
    fields = folded_article(article)
    found = topics_by_words(article, fields, topics)
    if into:
        found = (*found, (into, "person"))
    return Arrival(item.raw, fingerprint, item.content_hash(article), article, fields, found)
