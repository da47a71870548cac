"""Step 3: papers that argue and bring no data."""

from __future__ import annotations

from ...model import Design
from ..reading import Mention, Reading
from ..rules import rule
from .verdict import Verdict

_LABELS = frozenset({
    "editorial", "commentary", "commentaries", "viewpoint", "viewpoints", "opinion", "in memoriam", "obituary",
    "correspondence", "letter", "letter to the editor", "interview with", "book review", "an essay", "tribute",
    "comment on", "comments on", "debate", "a perspective", "film review", "movie review", "exhibition review",
})  # fmt: skip

WORKED = 4
"""So many signs of work of its own, and a text that argues is a study after all."""
_ALWAYS = frozenset(
    {
        "editorial",
        "in memoriam",
        "obituary",
        "book review",
        "film review",
        "movie review",
        "exhibition review",
        "interview with",
        "tribute",
    }
)
"""These bring data of others at most."""


@rule("design.opinion", "Opinion, comment and letters without data")
def opinion(reading: Reading) -> Verdict | None:
    """A paper that says it is a comment, editorial, viewpoint or reply, or argues in its own voice, is OPINION.

    A letter or comment that brings its own patients or results is judged by them: an explicit sample
    with results, or a case, keeps its design.
    """
    label = _label(reading)
    if label and reading.text[label.start : label.end].lower() in _ALWAYS:
        return _verdict(reading, label)
    mention = label or reading.said("opinion_strong")
    if mention is None or _brings_data(reading) or reading.said("qualitative_strong"):
        return None
    if not label and (reading.own_work >= WORKED or reading.said("survey") or reading.has_results):
        return None
    if not label and reading.said("narrative_says"):
        return None
    return _verdict(reading, mention)


def _verdict(reading: Reading, mention: Mention) -> Verdict:
    because = "The words present it as opinion or comment, and no data of its own are reported."
    return Verdict(Design.OPINION, "design.opinion", (reading.finding("design.opinion", because, mention),))


@rule("design.argument", "Argument without study")
def argument(reading: Reading) -> Verdict | None:
    """A text without any data, review or study, that argues ("we should", "it is time to", "a call to action").

    A title that asks a question and has no abstract belongs here too. Own convention: marked as inferred.
    """
    if _brings_data(reading) or reading.said("own_study") or reading.has_results:
        return None
    mention = reading.titled("opinion_title") or (
        reading.said("opinion_said") if reading.count("opinion_said") > 1 else None
    )
    title = reading.article.title.rstrip()
    if mention is None and title.endswith("?") and not reading.has_abstract:
        because = "The title asks a question, and there is no abstract."
        finding = reading.quoting("design.argument", because, 0, len(title))
        return Verdict(Design.OPINION, "design.argument", (finding,), named=False)
    if mention is None:
        return None
    because = "The words argue a point; neither a study nor a review of studies is described."
    return Verdict(
        Design.OPINION,
        "design.argument",
        (reading.finding("design.argument", because, mention),),
        named=False,
    )


def _label(reading: Reading) -> Mention | None:
    for mention in reading.mentions("opinion_title"):
        words = reading.text[mention.start : mention.end].lower()
        at_edge = (
            mention.start == 0
            or mention.end >= len(reading.article.title.rstrip("."))
            or (reading.text[max(0, mention.start - 2) : mention.start] in (": ", ". ", "- "))
        )
        if at_edge and words in _LABELS:
            return mention
        if mention.start == 0 and words.startswith(
            ("reply", "response", "rejoinder", "author", "editor", "greeting", "from the editor")
        ):
            return mention
    return None


def _brings_data(reading: Reading) -> bool:
    own = reading.said("people_count") is not None and reading.count("statistics") >= 2
    return own or reading.said("aged_person") is not None or reading.count("statistics") >= 4
