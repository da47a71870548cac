"""Made-up PubMed files for the command line's tests."""

from __future__ import annotations

from ..sources import made_up


def record(pmid: str, *, title: str, abstract: str = "") -> bytes:
    """One record with a title and, where given, an abstract; both as XML text."""
    inside = f"<Abstract><AbstractText>{abstract}</AbstractText></Abstract>" if abstract else ""
    return made_up.record(inside, pmid=pmid, title=f"<ArticleTitle>{title}</ArticleTitle>").encode()


def envelope(*records: bytes) -> bytes:
    """A whole file with these records."""
    return (
        made_up.PROLOG.encode() + b"<PubmedArticleSet>\n" + b"\n".join(records) + b"\n</PubmedArticleSet>\n"
    )
