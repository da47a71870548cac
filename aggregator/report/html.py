"""A report as one HTML page: nothing is fetched, no script runs, it reads offline, printed, and on a phone.

Templates escape every value, and `plain` looks at each once more. The links that `shown.links` builds are the
only addresses in the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..grade.summary import Study, Summary
from ..grade.words import LEVEL_WORDS, QUESTION_WORDS, plural
from . import charts, shown

LONG_TABLE = 25
"""Rows shown before the rest folds."""
LONG_REASONS = 4
"""Records named under a statement before the rest folds."""


def html(summaries: Sequence[Summary], *, title: str, version: str, printed: str) -> str:
    """The page for these topics. ``printed`` is the day to print on it, "" for none."""
    topics = [_Topic(summary, f"t{place}") for place, summary in enumerate(summaries, 1)]
    page = _environment().get_template("page.html.jinja")
    return page.render(topics=topics, title=title, version=version, printed=printed)


class _Row(NamedTuple):
    """A record in a table: its place, and the anchor of its level where it is the first of it."""

    place: int
    study: Study
    anchor: str


@dataclass(frozen=True)
class _Topic:
    """A summary with the anchors of its page. ``key`` is unique in the page."""

    summary: Summary
    key: str

    def anchor(self, study: Study) -> str:
        """The place of a record's card. Ids are free text: what is no letter or digit is spelled out."""
        name = re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match.group()):x}_", study.id)
        return f"{self.key}-r-{name}"

    def level_anchor(self, level: int | None) -> str:
        """The place of the first study of a level."""
        return f"{self.key}-level-{level or 'none'}"

    @property
    def rows(self) -> list[_Row]:
        """The studies in people, in their order."""
        rows, seen = [], set()
        for place, study in enumerate(self.summary.human, 1):
            level = self.summary.level(study)
            rows.append(_Row(place, study, "" if level in seen else self.level_anchor(level)))
            seen.add(level)
        return rows

    @cached_property
    def studies(self) -> dict[str, Study]:
        """Every record by its id."""
        return {study.id: study for _, study in self.summary.records()}

    @property
    def pyramid(self) -> charts.Pyramid:
        """The figure's values."""
        return charts.pyramid(self.summary)


def _printable(value: Any) -> Any:
    return shown.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        shown=shown,
        plural=plural,
        level_words=LEVEL_WORDS,
        question_words=QUESTION_WORDS,
        long_table=LONG_TABLE,
        long_reasons=LONG_REASONS,
    )
    return environment
