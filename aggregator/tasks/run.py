"""The scheduled job: for each topic fetch, then appraise; then the reports that are configured. Each with its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ..appraise import rulebook
from ..config import Settings, Topic, interval_hours
from ..errors import AggregatorError, ConfigError, SourceGarbled, StoreError
from ..model import Unreadable
from ..report import FORMATS
from ..schedule import due
from ..sources.eutils import Eutils
from ..store import Library
from ..store.harvesting import DONE, FAILED, INCOMPLETE, INTERRUPTED, Harvests, Run
from ..store.library import Writer
from .appraise import appraise_pending
from .harvest import Harvested, Watch, Wish, harvest, query_of
from .report import write_reports
from .summarise import summary_of
from .topics import refill, topic_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one topic in one run."""

    topic: str
    run_id: int
    harvested: Harvested | None
    """``None`` when it failed."""
    error: AggregatorError | None
    appraised: int


@dataclass(slots=True, kw_only=True)
class Job:
    """What a run is made of, besides the library and the source."""

    name: str
    """As the run log calls it: "fetch" or "run"."""
    settings: Settings
    software: str
    now: Callable[[], str]
    wish: Wish = field(default_factory=Wish)
    watch: Callable[[str], Watch] = lambda _topic: Watch()


def run_topics(writer: Writer, eutils: Eutils, topics: Sequence[Topic], job: Job) -> Iterator[Outcome]:
    """Each topic in turn: fetched, appraised, with its record in the run log.

    A topic's failure is its own. Raises: StoreError when the library itself fails.
    """
    Harvests(writer).close_interrupted(job.now())
    refill(writer, topic_words(job.settings), now=job.now())
    for topic in topics:
        yield _run_topic(writer, eutils, topic, job)


def _run_topic(writer: Writer, eutils: Eutils, topic: Topic, job: Job) -> Outcome:
    store, vocabularies = Harvests(writer), job.settings.vocabularies()
    run_id = store.begin_run(
        job=job.name,
        topic=topic.name,
        started=job.now(),
        query=query_of(topic),
        software=job.software,
        rulebook=rulebook(vocabularies),
    )
    requests = eutils.requests
    harvested, error = None, None

    def end(outcome: str, message: str = "") -> None:
        store.end_run(
            run_id, ended=job.now(), outcome=outcome, requests=eutils.requests - requests, error=message
        )

    try:
        try:
            harvested = _harvest(writer, eutils, topic, run_id, job)
        except StoreError:
            raise
        except AggregatorError as problem:
            error = problem
            _keep_answer(writer, topic, problem, job)
        appraised = appraise_pending(writer, vocabularies, now=job.now, members_only=True)
    except Exception as problem:  # the edge of a scheduled run: whatever it is, it is recorded
        with suppress(StoreError):
            end(FAILED, _words(problem))
        if isinstance(problem, StoreError):
            raise
        return Outcome(topic=topic.name, run_id=run_id, harvested=None, error=_foreseen(problem), appraised=0)
    except BaseException:  # Ctrl-C, SIGTERM
        with suppress(StoreError):
            end(INTERRUPTED)
        raise
    if harvested:
        end(DONE if harvested.is_complete else INCOMPLETE)
    elif error:
        end(FAILED, _words(error))
    return Outcome(topic=topic.name, run_id=run_id, harvested=harvested, error=error, appraised=appraised)


def _harvest(writer: Writer, eutils: Eutils, topic: Topic, run_id: int, job: Job) -> Harvested:
    return harvest(
        writer,
        eutils,
        topic,
        run_id=run_id,
        topics=topic_words(job.settings),
        settings=job.settings.ncbi,
        now=job.now,
        wish=job.wish,
        watch=job.watch(topic.name),
    )


def _keep_answer(writer: Writer, topic: Topic, problem: AggregatorError, job: Job) -> None:
    """An answer of unknown shape is kept beside the records that could not be read."""
    if isinstance(problem, SourceGarbled) and problem.body:
        receipt = writer.open_receipt("answer", topic.name, job.now())
        kept = Unreadable(reason=problem.message, raw=problem.body, place="an answer of PubMed")
        writer.close_receipt(receipt, job.now(), writer.store(receipt, [], unreadable=[kept]))


def _words(problem: Exception) -> str:
    if isinstance(problem, AggregatorError):
        return f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return f"unexpected failure ({type(problem).__name__})"


def _foreseen(problem: Exception) -> AggregatorError:
    if isinstance(problem, AggregatorError):
        return problem
    error = AggregatorError(_words(problem), hint="run it again with -v and report what it prints")
    error.__cause__ = problem
    return error


# ---------------------------------------------------------------------------------------------- what is due


def due_topics(topics: Sequence[Topic], log: Sequence[Run], now: str) -> list[Topic]:
    """The topics whose time has come, by the run log."""
    every = {topic.name: timedelta(hours=interval_hours(topic.every)) for topic in topics}
    names = due(every, _last_started(log), datetime.fromisoformat(now))
    return [topic for topic in topics if topic.name in names]


def _last_started(log: Sequence[Run]) -> Mapping[str, datetime]:
    last: dict[str, datetime] = {}
    for one in log:
        if one.outcome in (DONE, INCOMPLETE):
            moment = datetime.fromisoformat(one.started)
            last[one.topic] = max(moment, last.get(one.topic, moment))
    return last


# ---------------------------------------------------------------------------------------------- reports


def check_reports(settings: Settings) -> None:
    """Raises: ConfigError for a report in a format that does not exist, before anything is done."""
    known = {form.name for form in FORMATS}
    for report in settings.report:
        if strange := [name for name in report.formats if name not in known]:
            raise ConfigError(
                f"report “{report.name}”: no format is named {', '.join(strange)}",
                hint=f"one of: {', '.join(sorted(known))}",
            )


def write_saved_reports(
    library: Library, settings: Settings, base: Path, *, version: str, printed: str
) -> list[Path]:
    """Writes every configured report. ``base``: the folder that relative paths start from."""
    forms = {form.name: form for form in FORMATS}
    book = rulebook(settings.vocabularies())
    written: list[Path] = []
    for report in settings.report:
        topics = [settings.topic_named(name) for name in report.topics] or list(settings.topic)
        written += write_reports(
            [summary_of(library, topic, book) for topic in topics],
            [forms[name] for name in dict.fromkeys(report.formats)],
            base / report.to,
            title=report.name,
            version=version,
            printed=printed,
        )
    return written
