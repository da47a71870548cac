"""The whole job on the starter set, in a temporary library: load, appraise, summarise, report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..appraise import rulebook
from ..config import Settings
from ..grade.summary import Summary
from ..model import Question
from ..report import FORMATS
from ..store import Library
from .appraise import appraise_pending
from .load import load_starter_set
from .report import write_reports
from .summarise import summary_of
from .topics import topic_words


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demonstration made."""

    summaries: tuple[Summary, ...]
    report: Path
    papers: int


def run_demo(settings: Settings, *, now: Callable[[], str]) -> Demo:
    """Runs the job once. The report stays in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="aggregator-demo-"))
    library = Library("sqlite:///library.db", folder)
    vocabularies = settings.vocabularies()
    try:
        with library.writing() as writer:
            loading = load_starter_set(writer, topic_words(settings), now=now)
            appraise_pending(writer, vocabularies, now=now)
        graded = [topic for topic in settings.topic if topic.kind is not Question.ANY]
        summaries = tuple(summary_of(library, topic, rulebook(vocabularies)) for topic in graded)
        html = [form for form in FORMATS if form.name == "html"]
        (report,) = write_reports(
            summaries,
            html,
            folder / "report.html",
            title="Kratom: liver and pain",
            version=__version__,
            printed=now()[:10],
        )
        return Demo(summaries, report, loading.counts.new)
    finally:
        library.close()
