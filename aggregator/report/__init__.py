"""Summaries as documents: one format to a file, all listed in `FORMATS`.

A document is made from summaries alone, byte for byte the same for the same input: the day of printing is an
argument. Text of records is never trusted: each format escapes it in its own way, and `shown` takes out what
does not print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..grade.summary import Summary


class Exporter(Protocol):
    """Makes the whole document: a title, the program's version, and the day of printing ("" for none)."""

    def __call__(self, summaries: Sequence[Summary], *, title: str, version: str, printed: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its name, with the suffix of its files and what it is for."""

    name: str
    suffix: str
    words: str
    load: Callable[[], Exporter]
    """Gives the exporter; its libraries are imported only then."""


def _html() -> Exporter:
    from .html import html

    return html


def _markdown() -> Exporter:
    from .markdown import markdown

    return markdown


def _json() -> Exporter:
    from .as_json import json_document

    return json_document


FORMATS: tuple[Format, ...] = (
    Format("html", ".html", "one self-contained page, for the screen and for printing", _html),
    Format("md", ".md", "Markdown as GitHub shows it", _markdown),
    Format("json", ".json", "for programs; stable across versions", _json),
)
