"""A summary for a terminal: `rich` values that fit any width and lose nothing but colour when piped.

Text of records goes in as `Text`, never as rich's markup, after `shown.plain` took out what could steer a
terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..grade.summary import Excluded, Study, Summary
from ..grade.words import QUESTION_WORDS, plural
from . import charts, shown

TOP_STUDIES = 12
"""Studies listed; the rest is counted."""
TOP_OTHERS = 6
"""Records listed of every other lane."""
_BAR = 24


def terminal(summary: Summary, *, limits: bool = True) -> RenderableType:
    """The graded summary: sentences, pyramid, top studies, what stands apart and what was left out.

    ``limits``: whether to end with what abstracts cannot show; once is enough for several topics.
    """
    parts: list[RenderableType] = [_head(summary), _statements(summary)]
    if summary.graded:
        parts.append(_pyramid(summary))
    if summary.human:
        parts.append(_studies(summary))
    parts += [
        *_lane("Syntheses of other studies (not counted)", summary.syntheses),
        *_lane("For context", summary.background),
        *_lane("Animals, cells, computer models: explain, never grade", summary.mechanism),
        *_lane("Design not recognised: for a person to look at", summary.unclear),
        *_excluded(summary.excluded),
        *([_limits(summary)] if limits else []),
    ]
    return Group(*parts)


def _text(value: str, style: str = "") -> Text:
    return Text(" ".join(shown.plain(value).split()), style=style, overflow="fold")


def _head(summary: Summary) -> RenderableType:
    kind = QUESTION_WORDS[summary.topic.kind]
    about = [
        _text(summary.topic.question or "no question stated", "italic"),
        _text(
            f"{plural(summary.total, 'record')} · as of {summary.as_of or 'no record yet'} · "
            f"{'question of ' + kind if summary.graded else kind} · rule book {summary.rulebook}",
            "dim",
        ),
        _text(summary.coverage, "dim"),
    ]
    return Panel(
        Group(*about),
        title=_text(summary.topic.title, "bold"),
        title_align="left",
        box=box.ROUNDED,
        padding=(0, 1),
    )


def _bullets(lines: Iterable[Text]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(ratio=1, overflow="fold")
    for line in lines:
        grid.add_row("•", line)
    return Padding(grid, (0, 1))


def _statements(summary: Summary) -> RenderableType:
    return Padding(_bullets(_text(said.text) for said in summary.statements), (1, 0))


def _heading(words: str) -> Text:
    return Text(words, style="bold")


def _pyramid(summary: Summary) -> RenderableType:
    pyramid = charts.pyramid(summary)
    most = max((layer.studies for layer in pyramid.layers), default=0)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    for layer in pyramid.layers:
        shape = Text("█" * charts.bar(layer.studies, most, width=_BAR) or "·", style="cyan")
        grid.add_row(_text(f"level {layer.level}"), shape, _text(layer.label, "" if layer.studies else "dim"))
    if pyramid.without_level:
        grid.add_row(_text("no level"), Text("·"), _text(plural(pyramid.without_level, "study", "studies")))
    heading = _heading("Studies in people by level (OCEBM 2011, 1 strongest, before any step down)")
    return Group(heading, Padding(grid, (0, 0, 1, 2)))


def _studies(summary: Summary) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("Study", ratio=5, min_width=20, overflow="fold")
    table.add_column("Design", ratio=2, min_width=15, overflow="fold")
    table.add_column("Size", ratio=2, min_width=12, overflow="fold")
    table.add_column("Level", justify="right", no_wrap=True)
    for study in summary.human[:TOP_STUDIES]:
        table.add_row(
            _paper(study),
            _text(shown.design(study.appraisal)),
            _text(shown.size(study.appraisal)),
            _text(shown.level(summary, study), "bold"),
        )
    order = "strongest" if summary.graded else "largest"
    return Group(
        _heading(f"Studies in people, {order} first"), table, *_more(len(summary.human) - TOP_STUDIES)
    )


def _more(count: int) -> Iterator[RenderableType]:
    if count > 0:
        yield Padding(Text(f"… and {count:,} more"), (0, 0, 1, 2))


def _paper(study: Study) -> Text:
    """Title, then source and identifier, then a line for every mark."""
    article = study.article
    found = _text(shown.title(article))
    where = [
        shown.who(article),
        article.journal or article.book_title,
        *(link.label for link in shown.links(article)[:1]),
    ]
    found.append("\n").append_text(_text(" · ".join(part for part in where if part), "dim"))
    for mark in shown.marks(study):
        found.append(f"\n[{mark.words}]", _style(mark))
    return found


def _lane(heading: str, studies: tuple[Study, ...]) -> Iterator[RenderableType]:
    if studies:
        yield _heading(f"{heading}: {plural(len(studies), 'record')}")
        yield _bullets(_line(study) for study in studies[:TOP_OTHERS])
        yield from _more(len(studies) - TOP_OTHERS)
        if len(studies) <= TOP_OTHERS:
            yield Text()


def _line(study: Study, *, because: str = "") -> Text:
    """One record in a line: name, title, design or reason, marks."""
    article = study.article
    named = f"{shown.reference(article)}: " if article.authors else ""
    found = Text().append_text(_text(f"{named}{shown.title(article)}"))
    found.append(f" ({because or shown.design(study.appraisal)})", "dim")
    for mark in shown.marks(study):
        found.append(f" [{mark.words}]", _style(mark))
    return found


def _style(mark: shown.Mark) -> str:
    return "bold red" if mark.kind in ("retracted", "deleted", "concern") else "yellow"


def _excluded(excluded: tuple[Excluded, ...]) -> Iterator[RenderableType]:
    if excluded:
        yield _heading(f"Left out: {plural(len(excluded), 'record')}")
        yield _bullets(_line(left.study, because=left.because) for left in excluded[:TOP_OTHERS])
        yield from _more(len(excluded) - TOP_OTHERS)
        if len(excluded) <= TOP_OTHERS:
            yield Text()


def _limits(summary: Summary) -> RenderableType:
    return Group(
        _heading("What cannot be judged from abstracts here"),
        _bullets(_text(limit, "dim") for limit in summary.not_assessable),
        Text(),
        _text(shown.ADVICE, "italic"),
    )
