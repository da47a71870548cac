"""Asking PubMed, now and every morning: fetch, run, runs, schedule."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import AggregatorError, ConfigError, InputError
from .choices import one_of
from .desk import EXIT_INCOMPLETE, Desk, exit_code, now, report_error, worst

if TYPE_CHECKING:
    from ..config import Topic
    from ..sources.eutils import Eutils
    from ..store.harvesting import Missing, Run
    from ..tasks.harvest import Wish
    from ..tasks.run import Outcome


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(fetch)
    app.command()(run)
    app.command()(runs)
    app.command()(schedule)


# ---------------------------------------------------------------------------------------------- fetch and run


def fetch(
    context: typer.Context,
    topics: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]...", help="Default: every topic.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="What entered or changed from this day on.", show_default=False
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Everything again, whenever it entered.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be fetched; write nothing.")
    ] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Asks PubMed for what is new or changed, and appraises what belongs to a topic.

    The first time everything is fetched; later what entered or changed since. A run that was cut short is continued.
    """
    from ..tasks.harvest import Wish

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    wish = Wish(full=full, since=_day(since))
    if full and since:
        raise InputError("--full and --since exclude each other", hint="give one of them")
    chosen = _chosen(desk, topics)
    with _connected(desk) as eutils:
        if dry_run:
            _foresee(desk, eutils, chosen, wish, form)
        else:
            _finish(desk, _run_topics(desk, eutils, chosen, "fetch", wish, form), form)


def run(
    context: typer.Context,
    due: Annotated[bool, typer.Option("--due", help="Only topics whose time has come (`every`).")] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """The scheduled job: fetches, appraises, and writes the configured reports.

    A second run on the same library ends at once (exit 5). One topic's failure does not stop the others.
    """
    from ..tasks.harvest import Wish
    from ..tasks.run import check_reports

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    check_reports(desk.settings)
    chosen = _chosen(desk, None)
    with _connected(desk) as eutils:
        outcomes = _run_topics(desk, eutils, chosen, "run", Wish(), form, only_due=due)
    if outcomes:
        _write_reports(desk)
    _finish(desk, outcomes, form)


def _chosen(desk: Desk, names: list[str] | None) -> list[Topic]:
    if names:
        chosen = [desk.settings.topic_named(name) for name in dict.fromkeys(names)]
        if silent := [topic.name for topic in chosen if not topic.query.strip()]:
            raise ConfigError(
                f"topic “{silent[0]}” has no query to ask PubMed", hint="give it one in the configuration"
            )
        return chosen
    chosen = [topic for topic in desk.settings.topic if topic.query.strip()]
    if not chosen:
        raise ConfigError("no topic has a query to ask PubMed", hint="add a [[topic]] with a query")
    return chosen


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise InputError(f"--since is no date: {text!r}", hint="for example 2026-01-31") from None


@contextmanager
def _connected(desk: Desk) -> Iterator[Eutils]:
    from .. import __version__
    from ..sources.eutils import Patience, connect

    ncbi = desk.settings.ncbi
    if not ncbi.email:
        raise ConfigError(
            "ncbi.email is not set: NCBI asks who is calling",
            hint="write yours in config.toml, or set AGGREGATOR_NCBI__EMAIL",
        )
    patience = Patience(
        whole=ncbi.patience_seconds, first=ncbi.patience_seconds / 300, longest=ncbi.patience_seconds / 5
    )
    with (
        _relayed(desk),
        connect(
            email=ncbi.email,
            api_key=_api_key(desk),
            tool=ncbi.tool,
            base_url=ncbi.base_url,
            version=__version__,
            patience=patience,
            per_second=ncbi.requests_per_second,
        ) as eutils,
    ):
        yield eutils


def _api_key(desk: Desk) -> str:
    """The key from NCBI_API_KEY or from the file that the configuration names; "" for none."""
    if key := os.environ.get("NCBI_API_KEY", "").strip():
        return key
    if not (named := desk.settings.ncbi.api_key_file):
        return ""
    file = _base(desk) / Path(named).expanduser()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise ConfigError(
            f"ncbi.api_key_file cannot be read: {file} ({reason})", hint="correct the name or remove it"
        ) from None


def _base(desk: Desk) -> Path:
    """The folder that paths in the configuration start from."""
    return desk.config_file.resolve().parent if desk.config_file else Path.cwd()


@contextmanager
def _relayed(desk: Desk) -> Iterator[None]:
    """What the program's modules log is said at the desk while this lasts."""
    logger, relay = logging.getLogger("aggregator"), _Relay(desk)
    logger.addHandler(relay)
    before, logger.propagate = logger.propagate, False
    logger.setLevel(logging.INFO if desk.verbosity > 0 else logging.WARNING)
    try:
        yield
    finally:
        logger.removeHandler(relay)
        logger.propagate = before


class _Relay(logging.Handler):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def emit(self, record: logging.LogRecord) -> None:
        self._desk.say(record.getMessage(), event="log", level=record.levelname.lower())


def _run_topics(
    desk: Desk,
    eutils: Eutils,
    topics: list[Topic],
    name: str,
    wish: Wish,
    form: str,
    *,
    only_due: bool = False,
) -> list[Outcome]:
    from .. import __version__
    from ..store.harvesting import Harvests
    from ..tasks.harvest import Watch
    from ..tasks.run import Job, due_topics, run_topics

    outcomes: list[Outcome] = []
    with desk.library.writing() as writer:
        if only_due:
            topics = due_topics(topics, Harvests(writer).log(), now())
        for topic in topics:
            with desk.progress(topic.name, None) as show:
                watch = Watch(
                    progress=_progress(desk, topic.name, show),
                    notice=lambda text, name=topic.name: desk.say(
                        f"{name}: {text}", event="notice", topic=name
                    ),  # type: ignore[misc]
                )
                job = Job(
                    name=name,
                    settings=desk.settings,
                    software=f"aggregator {__version__}",
                    now=now,
                    wish=wish,
                    watch=lambda _topic, watch=watch: watch,  # type: ignore[misc]
                )
                outcomes += run_topics(writer, eutils, [topic], job)
            _tell(desk, outcomes[-1], form)
    return outcomes


def _progress(desk: Desk, topic: str, show: Callable[..., None]) -> Callable[[int, int], None]:
    def step(done: int, expected: int) -> None:
        show(done, expected)
        if desk.log_json:
            desk.say(
                f"{topic}: {done} of {expected}", event="stored", topic=topic, done=done, expected=expected
            )

    return step


def _tell(desk: Desk, outcome: Outcome, form: str) -> None:
    if outcome.error is not None:
        desk.say(f"{outcome.topic}:", event="failed", topic=outcome.topic, run=outcome.run_id)
        report_error(outcome.error, desk)
        return
    harvested = outcome.harvested
    assert harvested is not None
    line = f"{outcome.topic}: {_counted(harvested.tally.as_dict())}"
    if form == "text":
        desk.out.print(line, soft_wrap=True)
    if desk.log_json:
        desk.say(
            line,
            event="harvested",
            topic=outcome.topic,
            run=outcome.run_id,
            counts=harvested.tally.as_dict(),
            appraised=outcome.appraised,
        )
    if harvested.resumed:
        desk.say(f"  {outcome.topic}: went on where an earlier run was cut short", event="resumed")
    if missing := harvested.tally.missing:
        desk.say(
            f"  {missing} papers were asked for and did not come; the next run asks again "
            f"(`aggregator runs {outcome.run_id}` lists them)",
            event="missing",
        )
    for unreadable in harvested.unreadable[:10]:
        desk.say(
            f"  could not read PMID {unreadable.pmid or 'unknown'}: {unreadable.reason}; its bytes are kept",
            event="unreadable",
        )


def _counted(counts: dict[str, int]) -> str:
    parts = [f"{counts['seen']:,} received", f"{counts['new']:,} new"]
    parts += [f"{counts[name]:,} {name}" for name in _RARE if counts[name]]
    return ", ".join(parts) if any(counts.values()) else "nothing new"


_RARE = ("changed", "unchanged", "missing", "unreadable", "deleted", "retracted")


def _write_reports(desk: Desk) -> None:
    from .. import __version__
    from ..tasks.run import write_saved_reports

    for path in write_saved_reports(
        desk.library, desk.settings, _base(desk), version=__version__, printed=now()[:10]
    ):
        desk.say(f"report written: {path}", event="report", path=str(path))


def _finish(desk: Desk, outcomes: list[Outcome], form: str) -> None:
    if form == "json":
        desk.print_json([_outcome_json(outcome) for outcome in outcomes])
    elif not outcomes:
        desk.say("no topic is due", event="nothing-due")
    if appraised := sum(outcome.appraised for outcome in outcomes):
        desk.say(f"{appraised} papers of your topics appraised", event="appraised", papers=appraised)
    codes = [exit_code(outcome.error) for outcome in outcomes if outcome.error]
    codes += [EXIT_INCOMPLETE for o in outcomes if o.harvested and not o.harvested.is_complete]
    if codes:
        raise typer.Exit(worst(codes))


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    harvested = outcome.harvested
    return {
        "topic": outcome.topic,
        "run": outcome.run_id,
        "counts": harvested.tally.as_dict() if harvested else None,
        "window": [day.isoformat() for day in harvested.window] if harvested else None,
        "query_translation": harvested.query_translation if harvested else None,
        "notices": list(harvested.notices) if harvested else [],
        "resumed": bool(harvested and harvested.resumed),
        "appraised": outcome.appraised,
        "error": outcome.error.message if outcome.error else None,
    }


def _foresee(desk: Desk, eutils: Eutils, topics: list[Topic], wish: Wish, form: str) -> None:
    from ..tasks.harvest import foreseen

    codes, told = list[int](), list[dict[str, Any]]()
    for topic in topics:
        try:
            found = foreseen(desk.library, eutils, topic, settings=desk.settings.ncbi, now=now, wish=wish)
        except AggregatorError as error:
            codes.append(report_error(error, desk))
            continue
        for notice in found.notices:
            desk.say(f"{topic.name}: {notice}", event="notice", topic=topic.name)
        told.append(
            {
                "topic": found.topic,
                "dry_run": True,
                "window": [day.isoformat() for day in found.window],
                "to_fetch": found.to_fetch,
                "new": found.new,
                "query_translation": found.query_translation,
                "notices": list(found.notices),
            }
        )
        if form == "text":
            desk.out.print(
                f"{topic.name}: {found.to_fetch:,} to fetch, {found.new:,} of them new; nothing was written",
                soft_wrap=True,
            )
    if form == "json":
        desk.print_json(told)
    if codes:
        raise typer.Exit(worst(codes))


# ---------------------------------------------------------------------------------------------- the run log


def runs(
    context: typer.Context,
    ident: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="One run, with everything.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to list, newest first.")] = 20,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """The log of runs: what was searched when and what came of it, as PRISMA-S asks for."""
    from ..store import harvesting

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    if ident is not None:
        one, missing = harvesting.run(desk.library, ident)
        if form == "json":
            desk.print_json({**_run_json(one), "missing": [_missing_json(lost) for lost in missing]})
        else:
            _print_run(desk, one, missing)
        return
    log = harvesting.runs(desk.library, limit=limit)
    if form == "json":
        desk.print_json([_run_json(one) for one in log])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("run", "started", "job", "topic", "window", "outcome", "what came")
    for one in log:
        window = f"{one.window[0]} – {one.window[1]}" if one.window else ""
        cells = (
            str(one.id),
            one.started,
            one.job,
            one.topic,
            window,
            one.outcome,
            _counted(dict(one.counts)),
        )
        table.add_row(*(Text(cell) for cell in cells))
    desk.out.print(table if log else "no run yet: `aggregator fetch` makes the first")


def _run_json(one: Run) -> dict[str, Any]:
    return {
        "id": one.id,
        "job": one.job,
        "topic": one.topic,
        "started": one.started,
        "ended": one.ended or None,
        "outcome": one.outcome,
        "query": one.query,
        "query_translation": one.query_translation,
        "window": list(one.window) if one.window else None,
        "counts": dict(one.counts),
        "requests": one.requests,
        "notices": list(one.notices),
        "error": one.error or None,
        "software": one.software,
        "rulebook": one.rulebook,
    }


def _missing_json(lost: Missing) -> dict[str, Any]:
    return {
        "pmid": lost.pmid,
        "reason": lost.reason,
        "first": lost.first,
        "last": lost.last,
        "tries": lost.tries,
    }


def _print_run(desk: Desk, one: Run, missing: list[Missing]) -> None:
    facts = [
        ("run", f"{one.id} ({one.job})"),
        ("topic", one.topic),
        ("started", one.started),
        ("ended", one.ended or "not yet"),
        ("outcome", one.outcome),
        ("database", "PubMed, through NCBI's E-utilities"),
        ("window", " – ".join(one.window) + " (entered or changed)" if one.window else "none"),
        ("query as sent", one.query),
        ("as PubMed read it", one.query_translation),
        ("remarks of PubMed", "; ".join(one.notices)),
        ("records", ", ".join(f"{value:,} {name}" for name, value in one.counts.items())),
        ("requests", f"{one.requests:,}"),
        ("error", one.error),
        ("software", one.software),
        ("rule book", one.rulebook),
    ]
    for name, value in facts:
        if value:
            desk.out.print(f"{name + ':':<19}{value}", soft_wrap=True)
    if missing:
        desk.out.print(f"still missing in {one.topic}, asked for again by every run:")
    for lost in missing:
        desk.out.print(
            f"  PMID {lost.pmid}: {lost.reason} ({lost.tries} times since {lost.first})", soft_wrap=True
        )


# ---------------------------------------------------------------------------------------------- schedule


def schedule(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[cron|systemd|launchd|windows|github]",
            help="Default: what this system has.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Prints what to install so that `run --due` happens by itself, for this very installation."""
    from .. import __version__
    from ..config import interval_hours
    from ..schedule import SCHEDULERS, Installation, is_hourly

    desk: Desk = context.obj
    chosen = one_of(kind or _usual(), tuple(SCHEDULERS), "schedule")
    if desk.config_file is None:
        raise ConfigError(
            "there is no configuration to run with", hint="`aggregator init` writes one; set ncbi.email in it"
        )
    folder = _base(desk)
    job = Installation(
        command=_program(),
        config=str(desk.config_file.resolve()),
        db=_db(desk),
        folder=str(folder),
        log=str(folder / "aggregator.log"),
        hourly=is_hourly([interval_hours(topic.every) for topic in desk.settings.topic]),
        version=__version__,
    )
    typer.echo(SCHEDULERS[chosen](job), nl=False)
    if not desk.settings.ncbi.email:
        desk.say("note: ncbi.email is not set in that configuration; the job will refuse to fetch")
    if os.environ.get("NCBI_API_KEY") and not desk.settings.ncbi.api_key_file and chosen != "github":
        desk.say(
            "note: schedulers do not see NCBI_API_KEY; put the key into a file that only you can read, and name it "
            "in ncbi.api_key_file"
        )


def _usual() -> str:
    return {"darwin": "launchd", "win32": "windows"}.get(sys.platform, "cron")


def _db(desk: Desk) -> str:
    if desk.db is None:
        return ""
    return f"sqlite:///{desk.library.where}" if desk.library.is_file else desk.db


def _program() -> tuple[str, ...]:
    """This program with absolute paths: its script beside the interpreter, or the interpreter with ``-m``."""
    interpreter = Path(sys.executable)
    script = interpreter.with_name("aggregator.exe" if os.name == "nt" else "aggregator")
    return (str(script),) if script.is_file() else (str(interpreter), "-m", "aggregator")
