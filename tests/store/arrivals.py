"""Revisions as they arrive, for tests of the store."""

from __future__ import annotations

from hashlib import blake2b

from aggregator.model import Article
from aggregator.store.writing import Arrival, raw_hash
from aggregator.text import folded_article


def arrival(article: Article, *, raw: bytes | None = None, topics: tuple[tuple[str, str], ...] = ()) -> Arrival:
    """An article as it arrives; its bytes are made from its content unless given."""
    content = repr(article).encode()
    data = content if raw is None else raw
    return Arrival(
        data, raw_hash(data), blake2b(content, digest_size=16).digest(), article, folded_article(article), topics
    )
