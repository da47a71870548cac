"""What the library remembers of its harvests: plans and cursors, missing ids, and the log of runs.

A plan is one harvest of a topic. It stays open until everything in it is stored, so that a killed run is
continued by the next one; the cursor moves in the transaction that closes the plan, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from ..errors import InputError
from ..model import Integrity, Unreadable
from .codec import article_from
from .library import Library, Receipt, Writer, named_by
from .schema import (
    DeletionRow,
    HarvestRow,
    MembershipRow,
    MissingRow,
    PlanIdRow,
    PlanRow,
    RecordRow,
    RevisionRow,
    RunRow,
)
from .writing import MARKS, Arrival, insert_new, put_unit

_RECORDS: sa.Table = RecordRow.__table__  # type: ignore[assignment]  # declared as a FromClause
_REVISIONS: sa.Table = RevisionRow.__table__  # type: ignore[assignment]
_MEMBERSHIPS: sa.Table = MembershipRow.__table__  # type: ignore[assignment]
_DELETIONS: sa.Table = DeletionRow.__table__  # type: ignore[assignment]
_RUNS: sa.Table = RunRow.__table__  # type: ignore[assignment]
_HARVESTS: sa.Table = HarvestRow.__table__  # type: ignore[assignment]
_PLANS: sa.Table = PlanRow.__table__  # type: ignore[assignment]
_PLAN_IDS: sa.Table = PlanIdRow.__table__  # type: ignore[assignment]
_MISSING: sa.Table = MissingRow.__table__  # type: ignore[assignment]

_MANY = 5_000
"""Values in one statement; both databases take more."""

RUNNING, DONE, INCOMPLETE, FAILED, INTERRUPTED = "running", "done", "incomplete", "failed", "interrupted"


# ---------------------------------------------------------------------------------------------- values


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of what was asked for."""

    seen: int = 0
    """Records received."""
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    missing: int = 0
    """Ids asked for and not received; they are asked for again."""
    unreadable: int = 0
    deleted: int = 0
    """Papers of the library that PubMed does not have any more."""
    retracted: int = 0
    """Papers that were found to be retracted, by their own record or by a notice that names them."""

    def add(self, other: Tally) -> None:
        """Adds another page's counts to these."""
        for name in Tally.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One harvest of a topic, open until all of it is stored."""

    topic: str
    query_hash: str
    whole: bool
    """Whether everything is searched, whenever it entered."""
    since: date
    """The first day of the window."""
    started: str
    """When it was opened (UTC, ISO): the cursor moves to this day when it is closed."""
    moves_cursor: bool
    """Not so where a window was asked for that leaves a gap after the cursor."""
    checks: bool
    """Whether papers that PubMed has deleted are looked for."""

    @property
    def day(self) -> date:
        """The day it was opened."""
        return date.fromisoformat(self.started[:10])


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A PMID that was asked for and not received."""

    pmid: str
    reason: str
    first: str
    last: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a topic's harvest has come, and what the library holds of it."""

    query_hash: str = ""
    cursor: date | None = None
    """Everything that entered or changed before this day is stored; ``None`` before the first whole harvest."""
    checked: str = ""
    """When deleted papers were last looked for; "" for never."""
    plan: Plan | None = None
    """A harvest that was cut short."""
    done: frozenset[str] = frozenset()
    """PMIDs stored under that plan."""
    missing: Mapping[str, Missing] = field(default_factory=dict)
    live: frozenset[str] = frozenset()
    """PMIDs of the topic's papers, without those noted as deleted."""
    by_query: frozenset[str] = frozenset()
    """The part of ``live`` that the topic's query returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One page of records as they are to be stored, whole or not at all."""

    arrivals: Sequence[Arrival]
    known: Sequence[int]
    """Records whose bytes are stored already."""
    unreadable: Sequence[Unreadable]
    received: Sequence[str]
    """PMIDs that were asked for and came: done, as far as the plan goes."""
    unread: Sequence[str]
    """PMIDs that came and could not be read: not missing, and asked for again when the plan is resumed, so that the
    run which ends it says so."""
    missing: Mapping[str, str]
    """PMIDs that did not come, with the reason."""
    count: int
    """Records in the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One line of the run log, which is the record of searches that PRISMA-S asks for."""

    id: int
    job: str
    topic: str
    started: str
    ended: str
    """"" while it is under way."""
    outcome: str
    """running, done, incomplete, failed, interrupted"""
    query: str
    query_translation: str
    window: tuple[str, str] | None
    """First and last day; ``None`` when it did not come to searching."""
    counts: Mapping[str, int]
    requests: int
    notices: tuple[str, ...]
    error: str
    software: str
    rulebook: str


# ---------------------------------------------------------------------------------------------- reading


def standing(library: Library, topic: str) -> Standing:
    """How far a topic's harvest has come. A library that is not there yet has not begun."""
    if not library.exists():
        return Standing()
    with library.reading() as connection:
        return _standing(connection, topic)


def _standing(connection: sa.Connection, topic: str) -> Standing:
    row = connection.execute(sa.select(_HARVESTS).where(_HARVESTS.c.topic == topic)).first()
    plan = connection.execute(sa.select(_PLANS).where(_PLANS.c.topic == topic)).first()
    done = connection.execute(sa.select(_PLAN_IDS.c.pmid).where(_PLAN_IDS.c.topic == topic)).scalars()
    members = connection.execute(
        sa.select(_RECORDS.c.pmid, _MEMBERSHIPS.c.via)
        .join(_RECORDS, _RECORDS.c.id == _MEMBERSHIPS.c.record_id)
        .outerjoin(_DELETIONS, _DELETIONS.c.pmid == _RECORDS.c.pmid)
        .where(_MEMBERSHIPS.c.topic == topic, _RECORDS.c.pmid.is_not(None), _DELETIONS.c.pmid.is_(None))
    ).all()
    return Standing(
        query_hash=row.query_hash if row else "",
        cursor=date.fromisoformat(row.cursor) if row and row.cursor else None,
        checked=(row.checked or "") if row else "",
        plan=_plan(plan) if plan else None,
        done=frozenset(done),
        missing={one.pmid: one for one in _missing(connection, topic)},
        live=frozenset(row.pmid for row in members),
        by_query=frozenset(row.pmid for row in members if row.via == "query"),
    )


def _plan(row: Any) -> Plan:
    return Plan(
        topic=row.topic,
        query_hash=row.query_hash,
        whole=bool(row.whole),
        since=date.fromisoformat(row.since),
        started=row.started,
        moves_cursor=bool(row.moves_cursor),
        checks=bool(row.checks),
    )


def _missing(connection: sa.Connection, topic: str) -> Iterator[Missing]:
    rows = connection.execute(
        sa.select(_MISSING).where(_MISSING.c.topic == topic).order_by(_MISSING.c.first, _MISSING.c.pmid)
    )
    for row in rows:
        yield Missing(pmid=row.pmid, reason=row.reason, first=row.first, last=row.last, tries=row.tries)


def held(library: Library, pmids: Collection[str]) -> set[str]:
    """Which of these PMIDs the library holds."""
    if not library.exists():
        return set()
    with library.reading() as connection:
        return _held(connection, pmids)


def _held(connection: sa.Connection, pmids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in _parts(list(pmids)):
        found.update(
            connection.execute(sa.select(_RECORDS.c.pmid).where(_RECORDS.c.pmid.in_(some))).scalars()
        )
    return found


def _deleted(connection: sa.Connection, pmids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in _parts(list(pmids)):
        found.update(
            connection.execute(sa.select(_DELETIONS.c.pmid).where(_DELETIONS.c.pmid.in_(some))).scalars()
        )
    return found


def runs(library: Library, *, limit: int | None = None) -> list[Run]:
    """The run log, newest first."""
    with library.reading() as connection:
        return [_run(row) for row in connection.execute(_LOG.limit(limit))]


def run(library: Library, run_id: int) -> tuple[Run, list[Missing]]:
    """One run, and what its topic is still missing. Raises: InputError when there is none."""
    with library.reading() as connection:
        row = connection.execute(sa.select(_RUNS).where(_RUNS.c.id == run_id)).first()
        if row is None:
            raise InputError(f"there is no run {run_id}", hint="`aggregator runs` lists them")
        return _run(row), list(_missing(connection, row.topic))


_LOG = sa.select(_RUNS).order_by(_RUNS.c.id.desc())


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        job=row.job,
        topic=row.topic,
        started=row.started,
        ended=row.ended or "",
        outcome=row.outcome,
        query=row.query,
        query_translation=row.query_translation,
        window=(row.window_from, row.window_to) if row.window_from else None,
        counts=json.loads(row.counts),
        requests=row.requests,
        notices=tuple(json.loads(row.notices)),
        error=row.error,
        software=row.software,
        rulebook=row.rulebook,
    )


def _parts(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _MANY):
        yield values[start : start + _MANY]


# ---------------------------------------------------------------------------------------------- writing


class Harvests:
    """The harvest's part of a library that is held for writing. Every method is one transaction."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def _transaction(self) -> Any:
        return self._writer._transaction()

    # ------------------------------------------------------------------ plans

    def standing(self, topic: str) -> Standing:
        """How far a topic's harvest has come."""
        with self._transaction() as connection:
            return _standing(connection, topic)

    def open_plan(self, plan: Plan) -> None:
        """Begins a harvest; an older one that was cut short gives way to it."""
        with self._transaction() as connection:
            _forget_plan(connection, plan.topic)
            row = {
                **asdict(plan),
                "since": plan.since.isoformat(),
                "whole": int(plan.whole),
                "moves_cursor": int(plan.moves_cursor),
                "checks": int(plan.checks),
            }
            connection.execute(_PLANS.insert(), row)

    def close_plan(self, plan: Plan, run_id: int, *, found: Collection[str] | None, checked: str) -> None:
        """Ends a harvest of which everything is stored: here, and only here, the cursor moves.

        ``found``: everything the query returns, when all of it was searched; papers that it does not
        return any more then no longer belong to the topic by its query.
        """
        with self._transaction() as connection:
            row = connection.execute(sa.select(_HARVESTS).where(_HARVESTS.c.topic == plan.topic)).first()
            cursor = row.cursor if row and row.query_hash == plan.query_hash else None
            if plan.moves_cursor:
                cursor = max(cursor or "", plan.day.isoformat())
            before = row.checked if row else None
            connection.execute(_HARVESTS.delete().where(_HARVESTS.c.topic == plan.topic))
            values = {"topic": plan.topic, "query_hash": plan.query_hash, "cursor": cursor}
            connection.execute(_HARVESTS.insert(), {**values, "checked": checked or before})
            if found is not None:
                _leave_query(connection, plan.topic, found)
            _forget_plan(connection, plan.topic)

    # ------------------------------------------------------------------ records

    def known(self, hashes: Sequence[bytes]) -> dict[bytes, tuple[int, str]]:
        """Which of these bytes are stored, and their record's number and PMID."""
        with self._transaction() as connection:
            rows = connection.execute(
                sa.select(_REVISIONS.c.raw_hash, _RECORDS.c.id, _RECORDS.c.pmid)
                .join(_RECORDS, _RECORDS.c.id == _REVISIONS.c.record_id)
                .where(_REVISIONS.c.raw_hash.in_(hashes))
            )
            return {bytes(row.raw_hash): (row.id, row.pmid or "") for row in rows}

    def store_page(self, run_id: int, plan: Plan, receipt: Receipt, page: Fetched) -> Tally:
        """Stores one page: records, memberships, the plan's progress, missing ids and the run's counts."""
        with self._transaction() as connection:
            named = {arrival.article.pmid for arrival in page.arrivals} | {
                relation.pmid
                for arrival in page.arrivals
                for relation in arrival.article.relations
                if relation.kind in MARKS
            }
            before = _retracted(connection, named)
            counts = put_unit(
                connection,
                self._writer._index,
                receipt.id,
                receipt.received,
                page.arrivals,
                unreadable=page.unreadable,
                members=[(plan.topic, record, "query") for record in page.known],
            )
            _lift_deletions(connection, page.received)
            _note_done(connection, plan.topic, page.received)
            _no_longer_missing(connection, plan.topic, page.unread)
            _note_missing(connection, plan.topic, page.missing, receipt.received)
            tally = Tally(
                seen=page.count,
                new=counts.new,
                changed=counts.changed,
                unchanged=page.count - counts.new - counts.changed - counts.unreadable,
                missing=len(page.missing),
                unreadable=counts.unreadable,
                retracted=len(_retracted(connection, named) - before),
            )
            _count(connection, run_id, tally)
            return tally

    def note_deleted(self, run_id: int, receipt: Receipt, topic: str, pmids: Collection[str]) -> int:
        """Marks papers as deleted by PubMed; ids that were never held are only let go. Returns how many."""
        with self._transaction() as connection:
            ours = _held(connection, pmids) - _deleted(connection, pmids)
            rows = [
                {"pmid": pmid, "receipt_id": receipt.id, "received": receipt.received}
                for pmid in sorted(ours)
            ]
            if rows:
                connection.execute(insert_new(connection, _DELETIONS), rows)
            for some in _parts(list(pmids)):
                connection.execute(
                    _MISSING.delete().where(_MISSING.c.topic == topic, _MISSING.c.pmid.in_(some))
                )
            _count(connection, run_id, Tally(deleted=len(ours), missing=-len(pmids)))
            return len(ours)

    def held(self, pmids: Collection[str]) -> set[str]:
        """Which of these PMIDs the library holds."""
        with self._transaction() as connection:
            return _held(connection, pmids)

    # ------------------------------------------------------------------ the run log

    def begin_run(
        self, *, job: str, topic: str, started: str, query: str, software: str, rulebook: str
    ) -> int:
        """Opens the record of a run. Returns its number."""
        with self._transaction() as connection:
            newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(_RUNS.c.id), 0))).scalar_one()
            connection.execute(
                _RUNS.insert(),
                {
                    "id": int(newest) + 1,
                    "job": job,
                    "topic": topic,
                    "started": started,
                    "outcome": RUNNING,
                    "query": query,
                    "query_translation": "",
                    "counts": json.dumps(asdict(Tally())),
                    "requests": 0,
                    "notices": "[]",
                    "error": "",
                    "software": software,
                    "rulebook": rulebook,
                },
            )
            return int(newest) + 1

    def describe_run(
        self, run_id: int, *, translation: str, window: tuple[str, str], notices: Sequence[str]
    ) -> None:
        """Notes what was searched, as soon as it is known."""
        with self._transaction() as connection:
            connection.execute(
                _RUNS.update()
                .where(_RUNS.c.id == run_id)
                .values(
                    query_translation=translation,
                    window_from=window[0],
                    window_to=window[1],
                    notices=json.dumps(list(notices), ensure_ascii=False),
                )
            )

    def end_run(self, run_id: int, *, ended: str, outcome: str, requests: int, error: str = "") -> None:
        """Closes the record of a run."""
        with self._transaction() as connection:
            connection.execute(
                _RUNS.update()
                .where(_RUNS.c.id == run_id)
                .values(ended=ended, outcome=outcome, requests=requests, error=error)
            )

    def close_interrupted(self, now: str) -> int:
        """Closes the records of runs that ended without a word; whoever holds the lock knows. Returns how many."""
        with self._transaction() as connection:
            done = connection.execute(
                _RUNS.update()
                .where(_RUNS.c.ended.is_(None))
                .values(
                    ended=now, outcome=INTERRUPTED, error="the process ended without a word before this time"
                )
            )
            return int(done.rowcount)

    def log(self) -> list[Run]:
        """The run log, newest first."""
        with self._transaction() as connection:
            return [_run(row) for row in connection.execute(_LOG)]


def _forget_plan(connection: sa.Connection, topic: str) -> None:
    connection.execute(_PLANS.delete().where(_PLANS.c.topic == topic))
    connection.execute(_PLAN_IDS.delete().where(_PLAN_IDS.c.topic == topic))


def _leave_query(connection: sa.Connection, topic: str, found: Collection[str]) -> None:
    rows = connection.execute(
        sa.select(_MEMBERSHIPS.c.record_id, _RECORDS.c.pmid)
        .join(_RECORDS, _RECORDS.c.id == _MEMBERSHIPS.c.record_id)
        .where(_MEMBERSHIPS.c.topic == topic, _MEMBERSHIPS.c.via == "query")
    ).all()
    gone = [row.record_id for row in rows if row.pmid not in found]
    for start in range(0, len(gone), _MANY):
        connection.execute(
            _MEMBERSHIPS.delete().where(
                _MEMBERSHIPS.c.topic == topic,
                _MEMBERSHIPS.c.via == "query",
                _MEMBERSHIPS.c.record_id.in_(gone[start : start + _MANY]),
            )
        )


def _lift_deletions(connection: sa.Connection, received: Sequence[str]) -> None:
    """PubMed gives the record, so it is not deleted, whatever was noted before."""
    for some in _parts(list(received)):
        connection.execute(_DELETIONS.delete().where(_DELETIONS.c.pmid.in_(some)))


def _note_done(connection: sa.Connection, topic: str, received: Iterable[str]) -> None:
    rows = [{"topic": topic, "pmid": pmid} for pmid in received]
    if rows:
        connection.execute(insert_new(connection, _PLAN_IDS), rows)
        _no_longer_missing(connection, topic, [row["pmid"] for row in rows])


def _no_longer_missing(connection: sa.Connection, topic: str, pmids: Sequence[str]) -> None:
    for some in _parts(list(pmids)):
        connection.execute(_MISSING.delete().where(_MISSING.c.topic == topic, _MISSING.c.pmid.in_(some)))


def _note_missing(connection: sa.Connection, topic: str, missing: Mapping[str, str], now: str) -> None:
    for pmid, reason in missing.items():
        again = connection.execute(
            _MISSING.update()
            .where(_MISSING.c.topic == topic, _MISSING.c.pmid == pmid)
            .values(reason=reason, last=now, tries=_MISSING.c.tries + 1)
        )
        if not again.rowcount:
            row = {"topic": topic, "pmid": pmid, "reason": reason, "first": now, "last": now, "tries": 1}
            connection.execute(_MISSING.insert(), row)


def _count(connection: sa.Connection, run_id: int, more: Tally) -> None:
    row = connection.execute(sa.select(_RUNS.c.counts).where(_RUNS.c.id == run_id)).one()
    tally = Tally(**json.loads(row.counts))
    tally.add(more)
    connection.execute(_RUNS.update().where(_RUNS.c.id == run_id).values(counts=json.dumps(asdict(tally))))


def _retracted(connection: sa.Connection, pmids: Collection[str]) -> set[str]:
    """Which of these papers stand as retracted, by their own record or by a notice that names them."""
    from ..appraise.integrity import marks

    named = [pmid for pmid in pmids if pmid]
    if not named:
        return set()
    document, title = sa.func.lower(_RECORDS.c.document), sa.func.lower(_RECORDS.c.title)
    suspects = connection.execute(
        sa.select(_RECORDS.c.pmid, _RECORDS.c.title, _RECORDS.c.document).where(
            _RECORDS.c.pmid.in_(named),
            sa.or_(document.like('%"retract%'), title.like("retracted%"), title.like("withdrawn:%")),
        )
    ).all()
    own = {
        row.pmid
        for row in suspects
        if Integrity.RETRACTED in marks(article_from(row.title, "", row.document))[0]
    }
    held_here = _held(connection, named)
    by_notice = {
        pmid
        for pmid, notices in named_by(connection, named).items()
        if pmid in held_here and any(notice.mark is Integrity.RETRACTED for notice in notices)
    }
    return own | by_notice
