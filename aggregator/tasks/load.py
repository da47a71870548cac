"""Reading a file into the library: a stream in units, each stored whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeVar

from ..errors import InputError, SourceGarbled
from ..model import Article, Deletion, Unreadable
from ..sources.starter import STARTER_SET, read_starter_items, starter_items
from ..store import Receipt
from ..store.library import Writer
from ..store.writing import Arrival, Counts, arrival_of, raw_hash
from ..text import folded_article
from .topics import TopicWords, topics_by_words

UNIT = 1_000
"""Records a transaction: bounds memory and what a crash can cost."""


class Item(Protocol):
    """A record that can be known by its bytes before it is read."""

    @property
    def kind(self) -> str: ...

    @property
    def raw(self) -> bytes: ...


ItemT = TypeVar("ItemT", bound=Item)
Reader = Callable[[Sequence[ItemT]], Sequence[Article | Deletion | Unreadable]]
"""Says what many records say, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What became of one file."""

    name: str
    counts: Counts
    topics: dict[str, int]
    """How many of the new and changed papers each topic got."""
    unreadable: tuple[Unreadable, ...]
    broken: InputError | SourceGarbled | None = None
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
    items: Iterable[ItemT],
    *,
    read: Reader[ItemT],
    topics: Sequence[TopicWords],
    into: str | None,
    now: Callable[[], str],
    progress: Callable[[Counts], None] = lambda _: None,
) -> Loading:
    """Stores what a file holds. ``into``: a topic that every record is assigned to, beside what its words say.

    Raises: InputError or SourceGarbled when nothing of the file could be used; a file that breaks later is reported in the result,
    and the units before the break stay.
    """
    receipt = writer.open_receipt("file", name, now())
    total, by_topic, unreadable = (
        Counts(),
        dict.fromkeys((topic.name for topic in topics), 0),
        list[Unreadable](),
    )
    broken: InputError | SourceGarbled | None = None

    def note(unit: _Unit, stored: Future[Counts]) -> None:
        counts = stored.result()
        total.add(counts)
        total.seen += unit.seen
        total.unchanged += unit.unchanged
        unreadable.extend(unit.unreadable)
        for arrival in unit.arrivals:
            for topic, _ in arrival.topics:
                by_topic[topic] += 1
        progress(total)

    # One unit is committed while the next is read: that waiting passes outside the interpreter's lock.
    with ThreadPoolExecutor(max_workers=1) as committing:
        under_way: tuple[_Unit, Future[Counts]] | None = None
        try:
            for unit in _units(writer, items, read, topics, into):
                if under_way:
                    note(*under_way)
                under_way = unit, _store(writer, committing, receipt, unit)
        except (InputError, SourceGarbled) as error:
            broken = error
        if under_way:
            note(*under_way)
    writer.close_receipt(receipt, now(), total)
    if broken and not total.seen and not total.deleted:
        raise broken
    return Loading(name=name, counts=total, topics=by_topic, unreadable=tuple(unreadable), broken=broken)


def load_starter_set(writer: Writer, topics: Sequence[TopicWords], *, now: Callable[[], str]) -> Loading:
    """Stores the bundled starter set: digests, which give way to the real records."""
    return load(
        writer, STARTER_SET, starter_items(), read=read_starter_items, topics=topics, into=None, now=now
    )


def _store(writer: Writer, committing: Executor, receipt: Receipt, unit: _Unit) -> Future[Counts]:
    return writer.store_behind(
        committing,
        receipt,
        unit.arrivals,
        deletions=unit.deletions,
        unreadable=unit.unreadable,
        members=unit.members,
    )


def _units(
    writer: Writer,
    items: Iterable[ItemT],
    read: Reader[ItemT],
    topics: Sequence[TopicWords],
    into: str | None,
) -> Iterator[_Unit]:
    stream, before = iter(items), frozenset[bytes]()
    while batch := list(islice(stream, UNIT)):
        hashes = [raw_hash(item.raw) for item in batch]
        yield _read_unit(writer, list(zip(hashes, batch, strict=True)), before, read, topics, into)
        before = frozenset(hashes)


def _read_unit(
    writer: Writer,
    batch: Sequence[tuple[bytes, ItemT]],
    before: frozenset[bytes],
    read: Reader[ItemT],
    topics: Sequence[TopicWords],
    into: str | None,
) -> _Unit:
    """``before``: the fingerprints of the unit that may still be on its way into the library."""
    unit = _Unit()
    known = writer.known([fingerprint for fingerprint, _ in batch])
    unknown: dict[bytes, ItemT] = {}
    for fingerprint, item in batch:
        unit.seen += item.kind != "delete"
        if fingerprint in known or fingerprint in before or fingerprint in unknown:
            unit.unchanged += item.kind != "delete"
        else:
            unknown[fingerprint] = item
    if into:
        unit.members = [(into, record, "person") for record in known.values()]
    for (fingerprint, item), found in zip(unknown.items(), read(list(unknown.values())), strict=True):
        match found:
            case Deletion():
                unit.deletions.append(found)
            case Unreadable():
                unit.unreadable.append(found)
            case Article():
                also = ((into, "person"),) if into else ()
                unit.arrivals.append(arrival(item.raw, fingerprint, found, topics, also=also))
    return unit


def arrival(
    raw: bytes,
    fingerprint: bytes,
    article: Article,
    topics: Sequence[TopicWords],
    *,
    also: tuple[tuple[str, str], ...] = (),
) -> Arrival:
    """A revision ready to be stored, in the topics whose words it names, and in further (topic, via)."""
    fields = folded_article(article)
    found = topics_by_words(article, fields, topics)
    return arrival_of(raw, fingerprint, article, fields, (*found, *also))
