"""Revisions as they arrive, for tests of the store."""

from __future__ import annotations

from aggregator.model import Article
from aggregator.store.writing import Arrival, arrival_of, raw_hash
from aggregator.text import folded_article


def arrival(
    article: Article, *, raw: bytes | None = None, topics: tuple[tuple[str, str], ...] = ()
) -> Arrival:
    """An article as it arrives; its bytes are made from its content unless given."""
    data = repr(article).encode() if raw is None else raw
    return arrival_of(data, raw_hash(data), article, folded_article(article), topics)
