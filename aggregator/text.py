"""Text as the library reads it: cleaned once, cut into tokens one way for every index and every search.

A token is a run of letters and digits. It is compared without case and diacritics, with Greek letters by their
names ("TNF-α" → ``tnf alpha``), and everything else separates: hyphens, slashes, apostrophes, underscores.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from .model import Article

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi",
    "ρ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi",
    "ω": "omega",
}  # fmt: skip
_GREEK_TABLE = str.maketrans(_GREEK)
_ASCII_FOLD = {c: (chr(c).lower() if chr(c).isalnum() else " ") for c in range(128)}
_ASCII_TABLE = str.maketrans(_ASCII_FOLD)
_WORD = re.compile(r"[^\W_]+")
# Cc and Cf characters that carry no text: controls (terminal escapes among them), zero-width marks, bidi
# overrides, byte order marks, soft hyphens. White space is kept for `clean` to fold.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


class Token(NamedTuple):
    """A token and where its word stands in the text it was cut from."""

    text: str
    start: int
    end: int


def clean(text: str) -> str:
    """One line of NFC text: white space folded (no-break spaces too), invisible and control characters gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(_INVISIBLE.sub("", text).split())


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(_WORD.findall(bare.casefold().translate(_GREEK_TABLE)))


def folded(text: str) -> str:
    """The tokens of a text, joined by single blanks: what the indexes hold."""
    if text.isascii():
        return " ".join(text.translate(_ASCII_TABLE).split())
    lower = text.replace("İ", "I").lower()  # the one letter that lower case would cut in two
    words = [word if word.isascii() else _fold(word) for word in _WORD.findall(lower)]
    return " ".join(filter(None, words))


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text with their places; ``folded(text)`` is these, joined."""
    for match in _WORD.finditer(text):
        for token in folded(match.group()).split():
            yield Token(token, match.start(), match.end())


BORDER = "¦"
"""Stands between headings in folded text, so that no phrase runs over their borders. Never a token."""


class Folded(NamedTuple):
    """An article's tokens by field, as the indexes hold them."""

    title: str
    headings: str
    """Keywords, MeSH headings and subheadings with `BORDER` between them."""
    abstract: str

    @property
    def hay(self) -> str:
        """All of it, with a blank at both ends: what vocabularies are looked up in."""
        return f" {self.title} {BORDER} {self.headings} {BORDER} {self.abstract} "


def folded_article(article: Article) -> Folded:
    """The tokens of an article, folded once for indexes and vocabularies."""
    headings = [keyword.text for keyword in article.keywords]
    for heading in article.mesh:
        headings.append(heading.name)
        headings += [qualifier.name for qualifier in heading.qualifiers]
    return Folded(
        folded(article.title),
        f" {BORDER} ".join(folded(heading) for heading in headings),
        folded(article.abstract),
    )


_ABBREVIATION = re.compile(
    r"(?:\b(?:vs|e\.g|i\.e|cf|et al|approx|ca|resp|Dr|Prof|St|Fig|Figs|Ref|No|Nos|Inc|Ltd|Co|spp|sp|var|subsp|"
    r"i\.p|s\.c|p\.o|i\.v|i\.c\.v|b\.w|max|min|incl)|(?<![^\s(])[A-Z])\.$"
)
_SENTENCE_END = re.compile(r"(?<=[.!?])(?P<close>[\"')\]]*)\s+(?=[\"'(\[]?[A-Z0-9α-ωΑ-Ω])")


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Offsets of the sentences in ``text[start:end]``, without the white space between them.

    Line ends always end a sentence. Abbreviations and initials do not.
    """
    stop = len(text) if end is None else end
    for line in re.finditer(r"[^\n]+", text[start:stop]):
        at, line_end = start + line.start(), start + line.end()
        for gap in _SENTENCE_END.finditer(text, at, line_end):
            if _ABBREVIATION.search(text, max(at, gap.start() - 12), gap.start()):
                continue
            if text[at : gap.start()].strip():
                yield at, gap.end("close")
            at = gap.end()
        if text[at:line_end].strip():
            yield at, line_end


def normalised_title(title: str) -> str:
    """A title for comparing: tokens only, so that case, punctuation and diacritics do not matter."""
    return folded(title)


def shorten(text: str, width: int) -> str:
    """At most ``width`` characters, cut at a word and marked with an ellipsis."""
    if len(text) <= width:
        return text
    cut = text[: width - 1].rsplit(" ", 1)[0].rstrip(" ,;:.")
    return (cut or text[: width - 1]) + "…"
