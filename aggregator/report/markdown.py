"""A report as Markdown, as GitHub shows it: the same content as the page, without its cards' folding.

Every value goes through `text`, which escapes whatever Markdown would read as markup; the lines written here
are all the markup there is. A bare e-mail address is the one thing that GitHub still turns into a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..grade.summary import Lane, Statement, Study, Summary
from ..grade.words import LEVEL_WORDS, QUESTION_WORDS, plural
from ..model import Finding
from . import charts, shown


def markdown(summaries: Sequence[Summary], *, title: str, version: str, printed: str) -> str:
    """The document for these topics. ``printed`` is the day to print on it, "" for none."""
    lines = [f"# {text(title)}", "", _imprint(version, printed), "", f"> {shown.ADVICE}", ""]
    for summary in summaries:
        lines += _topic(summary)
    if not summaries:
        lines += ["This report holds no topic.", ""]
    return "\n".join(lines).rstrip() + "\n"


_MARKUP = re.compile(r"[\\`*_\[\]<>|~$&!]")
_BLOCK_START = re.compile(r"^([0-9]*)(?:(?<![0-9])([#+\-=:])|(?<=[0-9])([.)])(?=\s|$))")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp)(:)(?=//)|\b(www)(\.)")


def text(value: str) -> str:
    """One line that Markdown shows as it is: no emphasis, code, link, table, HTML, list or heading."""
    escaped = _MARKUP.sub(r"\\\g<0>", " ".join(shown.plain(value).split()))
    escaped = _AUTOLINK.sub(lambda match: (match[1] or match[3]) + "\\" + (match[2] or match[4]), escaped)
    return _no_block(escaped)


def _no_block(escaped: str) -> str:
    """The text with what would begin a heading or a list at the start of a line escaped."""
    return _BLOCK_START.sub(r"\1\\\2\3", escaped)


def _imprint(version: str, printed: str) -> str:
    return (
        f"Printed {text(printed)} · aggregator {text(version)}" if printed else f"aggregator {text(version)}"
    )


def _topic(summary: Summary) -> Iterator[str]:
    yield from (f"## {text(summary.topic.title)}", "")
    if summary.topic.question:
        yield from (f"*{text(summary.topic.question)}*", "")
    yield from ("### What the records show", "")
    names = {study.id: study for _, study in summary.records()}
    yield from (_statement(said, names) for said in summary.statements)
    yield from ("", *_origin(summary), "")
    yield from _levels(summary)
    yield from _designs(summary)
    yield from _human(summary)
    yield from _apart(summary)
    yield from _excluded(summary)
    yield from ("### What cannot be judged here", "")
    yield from (f"- {text(limit)}" for limit in summary.not_assessable)
    yield ""
    yield from _cards(summary)


_LONG_REASONS = 6


def _statement(said: Statement, names: dict[str, Study]) -> str:
    named = [text(shown.reference(names[id].article)) for id in said.ids[:_LONG_REASONS]]
    more = len(said.ids) - len(named)
    rests = ", ".join(named) + (f" and {more:,} more" if more else "")
    return f"- {text(said.text)}" + (f" (rests on {rests})" if rests else "")


def _origin(summary: Summary) -> Iterator[str]:
    yield f"- Question: {QUESTION_WORDS[summary.topic.kind]}"
    yield f"- Records: {summary.total:,}, as of {text(summary.as_of) or 'no record yet'}"
    yield f"- Rule book: {text(summary.rulebook)}"
    yield f"- Coverage: {text(summary.coverage)}"
    if summary.topic.query:
        yield f"- {shown.query_label(summary)}: {text(summary.topic.query)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: frozenset[int]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if place in numbers else '---' for place in range(len(head)))}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _levels(summary: Summary) -> Iterator[str]:
    if not summary.graded:
        return
    yield from ("### Studies in people by level of evidence", "")
    pyramid = charts.pyramid(summary)
    rows = [
        (str(layer.level), layer.label, LEVEL_WORDS[summary.topic.kind][layer.level])
        for layer in pyramid.layers
    ]
    if pyramid.without_level:
        rows.append(
            ("–", plural(pyramid.without_level, "study", "studies"), "designs that carry no level here")
        )
    yield from _table(("Level", "Studies in people", "What the level holds"), rows, numbers=frozenset({0}))
    yield from (text(shown.BASE_LEVEL_NOTICE), "")


def _designs(summary: Summary) -> Iterator[str]:
    if summary.total:
        yield from ("### All records by design", "")
        rows = ((words, f"`{code}`", f"{count:,}") for words, code, count in shown.designs(summary))
        yield from _table(("Design", "Code", "Records"), rows, numbers=frozenset({2}))


def _human(summary: Summary) -> Iterator[str]:
    yield from (f"### Studies in people, {'strongest' if summary.graded else 'largest'} first", "")
    if not summary.human:
        yield from ("No study in people is among these records.", "")
        return
    rows = (
        (
            _paper(study),
            shown.year(study.article),
            f"{shown.design(study.appraisal)} `{study.appraisal.design.value}`",
            text(shown.size(study.appraisal)),
            shown.level(summary, study),
        )
        for study in summary.human
    )
    yield from _table(("Study", "Year", "Design", "Size", "Level"), rows, numbers=frozenset({1, 4}))


def _apart(summary: Summary) -> Iterator[str]:
    yield from _lane(
        "Syntheses of other studies",
        "Shown apart and never added to the counts: what they report on may stand above. A synthesis whose "
        "abstract does not say what it pools starts from level 4.",
        ((study, shown.level(summary, study)) for study in summary.syntheses),
        fourth="Level",
    )
    yield from _lane(
        "For context",
        "Reviews without a stated method, guidelines, interviews, modelling and product chemistry: read "
        "beside the studies, never counted as one.",
        ((study, text(shown.subjects(study.appraisal))) for study in summary.background),
    )
    yield from _lane(
        "Animals, cells and computer models",
        "This work explains how something could come about. It never sets a level for people.",
        ((study, text(shown.subjects(study.appraisal))) for study in summary.mechanism),
    )
    yield from _lane(
        "Design not recognised",
        "For a person to look at. Studies in people may be among them.",
        ((study, text(shown.subjects(study.appraisal))) for study in summary.unclear),
    )


def _lane(
    heading: str, note: str, studies: Iterable[tuple[Study, str]], *, fourth: str = "In"
) -> Iterator[str]:
    rows = [
        (
            _paper(study),
            shown.year(study.article),
            f"{shown.design(study.appraisal)} `{study.appraisal.design.value}`",
            last,
        )
        for study, last in studies
    ]
    if rows:
        yield from (f"### {heading}", "", note, "")
        yield from _table(("Record", "Year", "Design", fourth), rows, numbers=frozenset({1}))


def _excluded(summary: Summary) -> Iterator[str]:
    if summary.excluded:
        yield from ("### Left out, with the reason", "")
        rows = (
            (_paper(left.study), shown.year(left.study.article), text(left.because))
            for left in summary.excluded
        )
        yield from _table(("Record", "Year", "Reason"), rows, numbers=frozenset({1}))


def _paper(study: Study) -> str:
    """Title, source, links and marks in one table cell."""
    article = study.article
    return " ".join(
        (
            f"**{text(shown.title(article))}**",
            text(f"{shown.byline(article, limit=3)}."),
            *_links(study),
            *_marks(study),
        )
    )


def _links(study: Study) -> Iterator[str]:
    for link in shown.links(study.article):
        url = link.url.replace("(", "%28").replace(")", "%29")
        yield f"[{text(link.label)}](<{url}>)".replace("|", "%7C")


def _marks(study: Study) -> Iterator[str]:
    yield from (f"**\\[{mark.words}\\]**" for mark in shown.marks(study))


# ------------------------------------------------------------------------------------------- cards


def _cards(summary: Summary) -> Iterator[str]:
    if summary.total:
        yield from ("### Record by record, with the words that decided", "")
    for lane, study in summary.records():
        yield from _card(summary, lane, study)


def _card(summary: Summary, lane: Lane, study: Study) -> Iterator[str]:
    appraisal = study.appraisal
    yield from (f"#### {_bold(shown.title_pieces(study))}", "")
    yield from (
        " ".join((text(f"{shown.byline(study.article, limit=6)}."), *_links(study), *_marks(study))),
        "",
    )
    decided = f"; decided by {text(appraisal.decided_by)}" if appraisal.decided_by else ""
    design = f"{shown.design(appraisal)} `{appraisal.design.value}`"
    yield f"- Design: {design} – {shown.confidence(appraisal)}{decided}"
    if lane is Lane.HUMAN and summary.graded:
        yield f"- Level: {shown.level(summary, study)}"
    yield f"- In: {text(shown.subjects(appraisal))}; size: {text(shown.size(appraisal))}"
    yield from (f"- {_finding(finding)}" for finding in appraisal.findings)
    yield from ("", *_abstract(study))


def _finding(finding: Finding) -> str:
    where = text(finding.field.replace("_", " "))
    return f"{text(finding.rule)}: {text(finding.because)}: “{text(finding.quote)}” ({where})"


def _abstract(study: Study) -> Iterator[str]:
    passages = shown.passages(study)
    if not passages:
        yield from ("No abstract in the record: judged from title and indexing.", "")
    for passage in passages:
        label = f"*{text(passage.label)}* " if passage.label else ""
        yield from (f"> {label}{_bold(passage.pieces)}", "")


def _bold(pieces: Iterable[shown.Piece]) -> str:
    """Pieces with the decisive ones bold; blanks stay outside, as Markdown wants them."""
    return _no_block("".join(_emphasised(piece) for piece in pieces).strip())


def _emphasised(piece: shown.Piece) -> str:
    inner = text(piece.text)
    if not inner:
        return piece.text and " "
    before = " " if piece.text[0].isspace() else ""
    after = " " if piece.text[-1].isspace() else ""
    return f"{before}**{inner}**{after}" if piece.decisive else f"{before}{inner}{after}"
