"""Filling and reading the library: load, appraise, search, show, explain."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import AggregatorError, InputError, SourceGarbled
from .choices import one_of
from .desk import EXIT_INCOMPLETE, Desk, now, report_error, worst

if TYPE_CHECKING:
    from ..store.library import Writer
    from ..tasks.load import Loading
    from ..tasks.topics import TopicWords


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(load)
    app.command()(appraise)
    app.command()(search)
    app.command()(show)
    app.command()(explain)


# ---------------------------------------------------------------------------------------------- load


def load(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...", help="PubMed XML (plain or .gz), MEDLINE or .nbib files.", show_default=False
        ),
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="Assign every record to this topic.", show_default=False)
    ] = None,
    starter: Annotated[
        bool, typer.Option("--starter", help="Load the bundled starter set: digests, not abstracts.")
    ] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Reads PubMed files into the library, and appraises what belongs to a topic.

    Unchanged records are recognised and skipped; every revision is kept. Without --topic each topic's words decide.
    """
    from ..tasks.load import load_starter_set
    from ..tasks.topics import topic_words

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    if topic is not None:
        desk.settings.topic_named(topic)
    if not files and not starter:
        raise InputError("there is nothing to load", hint="name files: aggregator load FILE…")
    usable, codes = _usable(desk, files or [])
    topics = topic_words(desk.settings)
    deeds = [partial(_load_file, desk, path=path, topics=topics, into=topic) for path in usable]
    if starter:
        deeds.append(partial(load_starter_set, topics=topics, now=now))
    done = _carry_out(desk, deeds, topics, form, codes) if deeds else []
    if form == "json":
        desk.print_json(done)
    if codes:
        raise typer.Exit(worst(codes))


def _usable(desk: Desk, files: list[Path]) -> tuple[list[Path], list[int]]:
    """Files that can be opened and are of a known kind; a library is made for those only."""
    from ..sources.files import open_source

    usable, codes = list[Path](), list[int]()
    for path in files:
        try:
            open_source(path).close()
            usable.append(path)
        except InputError as error:
            codes.append(report_error(error, desk))
    return usable, codes


def _carry_out(
    desk: Desk,
    deeds: Sequence[Callable[[Writer], Loading]],
    topics: tuple[TopicWords, ...],
    form: str,
    codes: list[int],
) -> list[dict[str, Any]]:
    from ..grade.words import plural
    from ..tasks.appraise import appraise_pending
    from ..tasks.topics import refill

    done = []
    with desk.library.writing() as writer:
        refill(writer, topics, now=now())
        for deed in deeds:
            try:
                loading = deed(writer)
            except (InputError, SourceGarbled) as error:
                report_error(error, desk)
                codes.append(2)
                continue
            if loading.broken or loading.unreadable:
                codes.append(EXIT_INCOMPLETE)
            done.append(_loading_json(loading))
            if form == "text":
                _print_loading(desk, loading)
        appraised = appraise_pending(writer, desk.settings.vocabularies(), now=now, members_only=True)
    if appraised:
        desk.say(
            f"{plural(appraised, 'paper')} of your topics appraised", event="appraised", papers=appraised
        )
    return done


def _load_file(
    desk: Desk, writer: Writer, *, path: Path, topics: tuple[TopicWords, ...], into: str | None
) -> Loading:
    from ..sources.files import open_source, read_all
    from ..tasks.load import load as load_items

    with open_source(path) as source, desk.progress(path.name, source.size) as show:
        return load_items(
            writer,
            path.name,
            source.items(),
            read=read_all,
            topics=topics,
            into=into,
            now=now,
            progress=lambda _counts: show(source.position),
        )


def _loading_json(loading: Loading) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "file": loading.name,
        "counts": asdict(loading.counts),
        "topics": loading.topics,
        "unreadable": [
            {"place": u.place, "pmid": u.pmid or None, "reason": u.reason} for u in loading.unreadable
        ],
        "broken": loading.broken.message if loading.broken else None,
    }


def _print_loading(desk: Desk, loading: Loading) -> None:
    from ..grade.words import plural

    counts = loading.counts
    parts = [plural(counts.seen, "record"), f"{counts.new:,} new"] if counts.seen else []
    parts += [
        f"{value:,} {word}"
        for value, word in (
            (counts.changed, "changed"),
            (counts.unchanged, "unchanged"),
            (counts.older, "older revisions kept"),
            (counts.deleted, "PMIDs withdrawn by PubMed noted"),
            (counts.unreadable, "unreadable"),
        )
        if value
    ]
    desk.out.print(f"{loading.name}: {', '.join(parts)}", soft_wrap=True)
    found = ", ".join(f"{name} {count:,}" for name, count in loading.topics.items() if count)
    if found:
        desk.out.print(f"  topics: {found}", soft_wrap=True)
    for unreadable in loading.unreadable[:10]:
        desk.say(
            f"  could not read {unreadable.place}{' (PMID ' + unreadable.pmid + ')' if unreadable.pmid else ''}: {unreadable.reason}; its bytes are kept"
        )
    if len(loading.unreadable) > 10:
        desk.say(f"  … and {len(loading.unreadable) - 10} more; `aggregator db status` lists them")
    if loading.broken:
        desk.say(f"  {loading.broken.message}; what came before is stored\n  hint: {loading.broken.hint}")


# ---------------------------------------------------------------------------------------------- appraise


def appraise(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Appraise these files without storing anything.", show_default=False),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Appraise every paper anew.")] = False,
    form: Annotated[str, typer.Option("--format", help="For files: jsonl.")] = "jsonl",
    without_indexing: Annotated[
        bool,
        typer.Option(
            "--without-indexing",
            help="For files: hide publication types and MeSH, so that only the words speak.",
        ),
    ] = False,
) -> None:
    """Appraises what is new or stale in the library; or files, printing one JSON object a record."""
    desk: Desk = context.obj
    one_of(form, ("jsonl",))
    if files:
        _appraise_files(desk, files, without_indexing)
        return
    if without_indexing:
        raise InputError(
            "--without-indexing is for files", hint="name files: aggregator appraise FILE… --without-indexing"
        )
    from ..tasks.appraise import appraise_every, appraise_pending
    from ..tasks.topics import refill, topic_words

    vocabularies = desk.settings.vocabularies()
    with desk.library.reading():
        total = desk.library.sizes()["records"]
    with desk.library.writing() as writer, desk.progress("appraising", total) as show:
        refill(writer, topic_words(desk.settings), now=now())
        reached = 0

        def step(papers: int) -> None:
            nonlocal reached
            reached += papers
            show(reached)

        deed = appraise_every if every else appraise_pending
        done = deed(writer, vocabularies, now=now, progress=step)
    desk.out.print(f"{done:,} papers appraised" if done else "nothing new to appraise")


def _appraise_files(desk: Desk, files: list[Path], without_indexing: bool) -> None:
    from ..appraise import appraise as appraise_article
    from ..model import Deletion, Unreadable
    from ..sources.files import open_source
    from .shapes import appraised_json

    vocabularies = desk.settings.vocabularies()
    codes: list[int] = []
    for path in files:
        try:
            with open_source(path) as source:
                for item in source.items():
                    match item.read():
                        case Deletion():
                            continue
                        case Unreadable() as failed:
                            desk.say(f"could not read {path.name}, {failed.place}: {failed.reason}")
                            codes.append(EXIT_INCOMPLETE)
                        case article:
                            found = appraise_article(
                                article, vocabularies=vocabularies, without_indexing=without_indexing
                            )
                            sys.stdout.write(
                                json.dumps(appraised_json(article, found), ensure_ascii=False) + "\n"
                            )
        except AggregatorError as error:
            codes.append(report_error(error, desk))
    if codes:
        raise typer.Exit(worst(codes))


# ---------------------------------------------------------------------------------------------- search, show, explain


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Words and "quoted phrases" that must all be there.')],
    topic: Annotated[
        str | None, typer.Option("--topic", help="Only papers of this topic.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="How many to skip.")] = 0,
    form: Annotated[str, typer.Option("--format", help="table, json or jsonl.")] = "table",
) -> None:
    """Searches title, abstract, MeSH headings and keywords of the library."""
    from ..grade.words import plural
    from ..query import parse
    from .shapes import hit_json, hits_table

    desk: Desk = context.obj
    one_of(form, ("table", "json", "jsonl"))
    if topic is not None:
        desk.settings.topic_named(topic)
    wanted = parse(query)
    total, hits = desk.library.search(wanted, topic=topic, limit=limit, offset=offset)
    if form == "json":
        desk.print_json({"query": query, "total": total, "results": [hit_json(hit, wanted) for hit in hits]})
    elif form == "jsonl":
        for hit in hits:
            sys.stdout.write(json.dumps(hit_json(hit, wanted), ensure_ascii=False) + "\n")
    else:
        if hits:
            desk.out.print(hits_table(hits, wanted))
        shown = f", {offset + 1:,}–{offset + len(hits):,} shown" if hits and len(hits) < total else ""
        if total and not hits:
            shown = f", none of them after the first {offset:,}"
        desk.out.print(f"{plural(total, 'paper')} found{shown}")


def show(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="PMID, DOI or own id.")],
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    history: Annotated[bool, typer.Option("--history", help="Every revision and appraisal as well.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The standing bytes as received.")] = False,
) -> None:
    """Shows papers: citation, sections, indexing, appraisal."""
    from .shapes import history_view, paper_view, stored_json

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    papers = [desk.library.find(text) for text in ids]
    if raw:
        for paper in papers:
            sys.stdout.buffer.write(desk.library.raw(paper.id) + b"\n")
        return
    if form == "json":
        shown = [stored_json(paper) for paper in papers]
        desk.print_json(shown[0] if len(shown) == 1 else shown)
        return
    for paper in papers:
        desk.out.print(paper_view(paper))
        if history:
            revisions, appraisals = (
                desk.library.raw_revisions(paper.id),
                desk.library.past_appraisals(paper.id),
            )
            desk.out.print(history_view(revisions, appraisals))


def explain(
    context: typer.Context,
    ident: Annotated[str, typer.Argument(metavar="ID", help="PMID, DOI or own id.")],
    topic: Annotated[
        str | None, typer.Option("--topic", help="The level for this topic's question.", show_default=False)
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """The proof of a paper's design and level: rule by rule, with the quoted words."""
    from .shapes import explanation, stored_json

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    chosen = desk.settings.topic_named(topic) if topic is not None else None
    paper = desk.library.find(ident)
    if chosen and chosen.name not in dict(paper.topics):
        desk.say(f"note: {ident} does not belong to the topic {chosen.name}")
    if paper.appraisal is None:
        raise InputError(f"{ident} is not appraised yet", hint="run `aggregator appraise`")
    if form == "json":
        desk.print_json(stored_json(paper))
    else:
        desk.out.print(explanation(paper, chosen))
