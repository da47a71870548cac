"""What leaves the house: summaries and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .choices import one_of
from .desk import Desk

if TYPE_CHECKING:
    from ..config import Topic
    from ..grade.summary import Summary


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(summary)
    app.command()(report)


_TOPICS = typer.Argument(
    metavar="[TOPIC]...", help="Default: every topic that is graded.", show_default=False
)


def summary(
    context: typer.Context,
    topics: Annotated[list[str] | None, _TOPICS] = None,
    form: Annotated[str, typer.Option("--format", help="text, json or md.")] = "text",
) -> None:
    """What a topic's papers hold, graded by level of evidence."""
    desk: Desk = context.obj
    one_of(form, ("text", "json", "md"))
    made = _summaries(desk, topics)
    if form == "json":
        from ..report.as_json import summary_json

        shown = [summary_json(one) for one in made]
        desk.print_json(shown[0] if len(shown) == 1 else shown)
    elif form == "md":
        from .. import __version__
        from ..report.markdown import markdown

        typer.echo(markdown(made, title=_title(made), version=__version__, printed=""), nl=False)
    else:
        from ..report.terminal import terminal

        for one in made:
            desk.out.print(terminal(one, limits=one is made[-1]))


def report(
    context: typer.Context,
    topics: Annotated[list[str] | None, _TOPICS] = None,
    form: Annotated[
        str, typer.Option("--format", help="One or several, with commas: see `aggregator formats`.")
    ] = "html",
    to: Annotated[Path, typer.Option("--out", help="A folder, or a file when there is one format.")] = Path(
        "reports"
    ),
) -> None:
    """Writes reports that can be read without this program. All or nothing."""
    from .. import __version__
    from ..report import FORMATS
    from ..tasks.report import write_reports
    from .desk import now

    desk: Desk = context.obj
    known = {format_.name: format_ for format_ in FORMATS}
    names = [one_of(name.strip(), tuple(known)) for name in form.split(",")]
    made = _summaries(desk, topics)
    formats = [known[name] for name in dict.fromkeys(names)]
    suffixes = {format_.suffix for format_ in FORMATS} | {".pdf", ".docx", ".xlsx", ".csv"}
    if to.suffix in suffixes and (len(formats) > 1 or to.suffix != formats[0].suffix):
        raise InputError(
            f"{to} does not fit --format {form}", hint="name a folder, or a file with the format's own ending"
        )
    for path in write_reports(made, formats, to, title=_title(made), version=__version__, printed=now()[:10]):
        desk.out.print(str(path), soft_wrap=True)


def _summaries(desk: Desk, names: list[str] | None) -> list[Summary]:
    from ..appraise import rulebook
    from ..grade.words import plural
    from ..tasks.summarise import summary_of

    topics = _chosen(desk, names)
    book = rulebook(desk.settings.vocabularies())
    for topic in topics:
        if waiting := desk.library.waiting(book, topic=topic.name):
            desk.say(
                f"note: {plural(waiting, 'paper')} of {topic.name} not appraised by the current rule book; "
                "`aggregator appraise` does that"
            )
    return [summary_of(desk.library, topic, book) for topic in topics]


def _chosen(desk: Desk, names: list[str] | None) -> list[Topic]:
    from ..model import Question

    if names:
        return [desk.settings.topic_named(name) for name in dict.fromkeys(names)]
    graded = [topic for topic in desk.settings.topic if topic.kind is not Question.ANY]
    if not graded:
        raise InputError("no topic is graded", hint="name one: `aggregator topics` lists them")
    return graded


def _title(summaries: list[Summary]) -> str:
    return "; ".join(one.topic.title for one in summaries)
