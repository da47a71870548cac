"""What a paper is: study design, species, size, integrity and base level, every judgement with its words.

``appraise(article)`` is pure and deterministic. Words speak first, NLM's indexing is the second witness. Rules are
functions whose docstrings are the manual (``RULES``); what they look for is data (``cues/*.toml``,
``indexing.toml``); ``RULEBOOK`` names the version of both.
"""

from __future__ import annotations

from ..model import Appraisal, Article
from ..vocabulary import Vocabularies
from .appraisal import appraised
from .book import cue_book
from .manual import RULES
from .rulebook import rulebook
from .rules import Rule

RULEBOOK: str
"""The version of the rule book with the bundled vocabularies; worked out when asked for, not at import."""

__all__ = ["RULEBOOK", "RULES", "Rule", "appraise", "rulebook"]


def appraise(
    article: Article, *, vocabularies: Vocabularies | None = None, without_indexing: bool = False
) -> Appraisal:
    """The appraisal of one article; ``without_indexing`` hides publication types and MeSH headings."""
    return appraised(article, cue_book(), rulebook(vocabularies), without_indexing=without_indexing)


def __getattr__(name: str) -> str:
    if name == "RULEBOOK":
        return rulebook()
    raise AttributeError(name)
