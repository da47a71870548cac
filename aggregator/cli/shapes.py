"""Papers, hits and explanations as JSON values and as terminal views."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..config import Topic
from ..grade.summary import Study
from ..grade.words import DESIGN_WORDS
from ..model import DIGEST_NOTICE, Appraisal, Article, Finding
from ..query import Query, hits
from ..report import shown
from ..store.library import SearchHit, Stored

_DECISIVE = "bold black on yellow"
_HIT = "bold"
_SNIPPET_WIDTH = 160


# ---------------------------------------------------------------------------------------------- JSON


def appraised_json(article: Article, appraisal: Appraisal, own_id: str | None = None) -> dict[str, Any]:
    """One appraised record: the machine format of ``appraise FILE`` and of ``show``."""
    return {
        "id": own_id,
        "pmid": article.pmid or None,
        "title": article.title,
        "abstract": article.abstract,
        "design": appraisal.design.value,
        "design_confidence": appraisal.design_confidence.value,
        "decided_by": appraisal.decided_by,
        "secondary_designs": [design.value for design in appraisal.secondary_designs],
        "tags": list(appraisal.tags),
        "species": appraisal.species.value,
        "organism": appraisal.organism,
        "system": appraisal.system,
        "n": appraisal.n,
        "n_unit": appraisal.n_unit or None,
        "integrity": [mark.value for mark in appraisal.integrity],
        "digest": article.is_digest,
        "levels": dict(appraisal.levels),
        "rulebook": appraisal.rulebook,
        "findings": [_finding_json(finding) for finding in appraisal.findings],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "because": finding.because,
        "field": finding.field,
        "start": finding.start,
        "end": finding.end,
        "quote": finding.quote,
    }


def stored_json(paper: Stored) -> dict[str, Any]:
    """A paper of the library: what is known of it, and its appraisal (absent until it is appraised)."""
    article = paper.article
    known = {
        "id": paper.id,
        "pmid": article.pmid or None,
        "doi": article.doi or None,
        "pmcid": article.pmcid or None,
        "title": article.title,
        "abstract": article.abstract,
        "abstract_notice": DIGEST_NOTICE if article.is_digest else None,
        "sections": [section._asdict() for section in article.sections],
        "authors": [author.name for author in article.authors],
        "journal": article.journal or article.journal_title or article.book_title,
        "year": article.year,
        "published": article.published or article.published_text,
        "publication_types": [kind.name for kind in article.publication_types],
        "mesh": [heading.name for heading in article.mesh],
        "keywords": [keyword.text for keyword in article.keywords],
        "relations": [relation._asdict() for relation in article.relations],
        "topics": {name: list(via) for name, via in paper.topics},
        "origin": article.origin.value,
        "revisions": paper.revisions,
        "deleted": paper.deleted,
        "digest": article.is_digest,
        "integrity": [mark.value for mark in paper.integrity],
    }
    if paper.appraisal is None:
        return {**known, "design": None}
    return {**known, **appraised_json(article, paper.appraisal, paper.id)}


def hit_json(hit: SearchHit, query: Query) -> dict[str, Any]:
    """One result of a search."""
    paper, appraisal = hit.stored, hit.stored.appraisal
    return {
        "id": paper.id,
        "pmid": paper.article.pmid or None,
        "doi": paper.article.doi or None,
        "title": paper.article.title,
        "year": paper.article.year,
        "journal": paper.article.journal or paper.article.journal_title or paper.article.book_title,
        "design": appraisal.design.value if appraisal else None,
        "species": appraisal.species.value if appraisal else None,
        "n": appraisal.n if appraisal else None,
        "levels": dict(appraisal.levels) if appraisal else {},
        "topics": [name for name, _ in paper.topics],
        "integrity": [mark.value for mark in paper.integrity],
        "digest": paper.article.is_digest,
        "score": round(hit.score, 6),
        "snippet": snippet(paper.article, query).plain,
    }


# ---------------------------------------------------------------------------------------------- terminal


def _study(paper: Stored) -> Study:
    return Study(
        id=paper.id,
        article=paper.article,
        appraisal=paper.appraisal or Appraisal(digest=paper.article.is_digest, integrity=paper.integrity),
    )


def snippet(article: Article, query: Query) -> Text:
    """The words around the first hit in the abstract, the hits marked."""
    text = article.abstract
    places = hits(query, text)
    start = max(0, places[0][0] - _SNIPPET_WIDTH // 3) if places else 0
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = min(len(text), start + _SNIPPET_WIDTH)
    end = end if end == len(text) else max(text.rfind(" ", start, end), start + 1)
    view = Text("…" if start else "")
    at = start
    for left, right in places:
        if left < at or right > end:
            continue
        view.append(_line(text[at:left]))
        view.append(_line(text[left:right]), style=_HIT)
        at = right
    view.append(_line(text[at:end]) + ("…" if end < len(text) else ""))
    return view


def _line(text: str) -> str:
    return shown.plain(text)


def hits_table(found: list[SearchHit], query: Query) -> RenderableType:
    """Results as a table that fits the terminal."""
    table = Table(expand=True, show_lines=False)
    table.add_column("PMID / id", no_wrap=True)
    table.add_column("year", no_wrap=True)
    table.add_column("title, and the words around the hit", ratio=1, overflow="fold")
    table.add_column("design, size, level", max_width=24)
    for hit in found:
        paper = hit.stored
        title = Text(shown.title(paper.article))
        for left, right in hits(query, title.plain):
            title.stylize(_HIT, left, right)
        words = [snippet(paper.article, query)] if paper.article.abstract else []
        cell = Text("\n").join([title, *_marks_line(paper), *words])
        table.add_row(_pmid(paper), shown.year(paper.article), cell, _standing(paper))
    return table


def _standing(paper: Stored) -> Text:
    if paper.appraisal is None:
        return Text("not appraised", style="dim")
    lines = [DESIGN_WORDS[paper.appraisal.design]]
    if paper.appraisal.n is not None:
        lines.append(shown.size(paper.appraisal))
    best = min((level for level in paper.appraisal.levels.values() if level is not None), default=None)
    return Text("\n".join([*lines, *([f"level {best} at best"] if best else [])]))


def _pmid(paper: Stored) -> Text:
    links = shown.links(paper.article)
    return Text(paper.article.pmid or paper.id, style=f"link {links[0].url}" if links else "")


def _marks_line(paper: Stored) -> list[Text]:
    words = [mark.words for mark in shown.marks(_study(paper))]
    return [Text("[" + "; ".join(words) + "]", style="italic")] if words else []


def paper_view(paper: Stored) -> RenderableType:
    """A paper for reading: citation, marks, sections, indexing, appraisal."""
    article = paper.article
    parts: list[RenderableType] = [
        Text(shown.title(article), style="bold"),
        Text(shown.byline(article, limit=8)),
    ]
    identifiers = "  ".join(link.label for link in shown.links(article))
    parts.append(Text(f"{identifiers}  id {paper.id}".strip(), style="dim"))
    parts += [Text(f"! {mark.words}", style="bold red") for mark in shown.marks(_study(paper))]
    parts.append(Text())
    parts += _abstract(paper)
    parts += [Text(f"{name}: {value}") for name, value in _facts(paper) if value]
    return Panel(Group(*parts), title=f"{paper.id}", title_align="left")


def _abstract(paper: Stored) -> list[RenderableType]:
    passages = shown.passages(_study(paper))
    if not passages:
        return [Text("(no abstract)"), Text()]
    parts: list[RenderableType] = []
    for passage in passages:
        line = Text(f"{passage.label}: " if passage.label else "", style="bold")
        for piece in passage.pieces:
            line.append(piece.text, style=_DECISIVE if piece.decisive else "not bold")
        parts += [line, Text()]
    return parts


def _facts(paper: Stored) -> list[tuple[str, str]]:
    article, appraisal = paper.article, paper.appraisal
    facts = [
        ("Publication types", ", ".join(shown.plain(kind.name) for kind in article.publication_types)),
        ("MeSH", "; ".join(shown.plain(heading.name) + "*" * heading.major for heading in article.mesh)),
        ("Keywords", "; ".join(shown.plain(keyword.text) for keyword in article.keywords)),
        ("Related", "; ".join(shown.plain(f"{r.kind} {r.pmid or r.source}") for r in article.relations)),
        ("Topics", ", ".join(f"{name} ({', '.join(via)})" for name, via in paper.topics)),
        ("Revisions kept", str(paper.revisions)),
    ]
    if appraisal is None:
        return [*facts, ("Appraisal", "not yet: run `aggregator appraise`")]
    return [
        *facts,
        ("Design", f"{shown.design(appraisal)} [{appraisal.design}] – {shown.confidence(appraisal)}"),
        ("Studied in", shown.subjects(appraisal)),
        ("Own sample size", shown.size(appraisal)),
        ("Levels (OCEBM 2011 base)", _levels(appraisal)),
    ]


def _levels(appraisal: Appraisal) -> str:
    return ", ".join(
        f"{question} {'–' if level is None else level}" for question, level in appraisal.levels.items()
    )


def history_view(
    revisions: list[tuple[str, str, str, bytes]], appraisals: list[tuple[str, Appraisal]]
) -> RenderableType:
    """Every revision and every appraisal, oldest first."""
    table = Table("when", "what", "detail", title="History", title_justify="left")
    for received, origin, name, raw in revisions:
        table.add_row(received, "revision", Text(f"{origin}, {len(raw):,} bytes, from {shown.plain(name)}"))
    for made, appraisal in appraisals:
        table.add_row(made, "appraisal", Text(f"{appraisal.design} by rule book {appraisal.rulebook}"))
    return table


def explanation(paper: Stored, topic: Topic | None) -> RenderableType:
    """Why a paper has its design and level: the deciding step, every finding with its words, then the paper."""
    appraisal = paper.appraisal
    assert appraisal is not None
    head = [
        Text(shown.title(paper.article), style="bold"),
        Text(f"{shown.design(appraisal)} [{appraisal.design}]", style="bold"),
        Text(f"decided by {appraisal.decided_by or 'no rule'}; {shown.confidence(appraisal)}"),
        Text(f"levels (OCEBM 2011 base): {_levels(appraisal)}"),
        *([Text(_topic_level(appraisal, topic))] if topic else []),
        Text(f"rule book {appraisal.rulebook}", style="dim"),
    ]
    if not appraisal.findings:
        return Group(*head, Text("No rule found words to quote."), paper_view(paper))
    table = Table(expand=True, title="Findings", title_justify="left")
    table.add_column("rule, where", no_wrap=True)
    table.add_column("because", ratio=1)
    table.add_column("words", ratio=1)
    for finding in appraisal.findings:
        words = Text(
            f"“{shown.plain(finding.quote)}”", style="bold" if finding.rule == appraisal.decided_by else ""
        )
        place = Text(f"{finding.rule}\n{_where(finding)}")
        table.add_row(place, Text(shown.plain(finding.because)), words)
    return Group(Padding(Group(*head), (1, 0)), table, paper_view(paper))


def _topic_level(appraisal: Appraisal, topic: Topic) -> str:
    level = appraisal.levels.get(topic.kind.value)
    said = "no level" if level is None else f"level {level}"
    return f"for {topic.name} ({topic.kind}): {said}"


def _where(finding: Finding) -> str:
    if finding.field in ("title", "abstract"):
        return f"{finding.field} {finding.start}–{finding.end}"
    return finding.field.replace("_", " ")
