"""Steps 1 and 2: notices and plans are no studies."""

from __future__ import annotations

from ...model import Design
from ..reading import Reading
from ..rules import rule
from .verdict import Verdict

_BARE = ("correction", "corrections", "retraction", "erratum", "errata", "corrigendum", "addendum")


@rule("design.notice", "Notices about other papers")
def notice(reading: Reading) -> Verdict | None:
    """A correction, retraction, concern or other notice is OTHER: it is not the paper it speaks of.

    Looks at the first words of the title only: "Correction to: …", "Erratum", "Retraction: …", "Infographic …".
    "Correction of scoliosis by …" is a study, and a title that begins with "RETRACTED:" is the retracted paper
    itself, which keeps its design. Own convention.
    """
    mention = reading.titled("notice")
    bare = reading.article.title.strip(" .").lower() in _BARE
    if not bare and (mention is None or mention.start > 0):
        return None
    because = "The title says that this is a notice about another publication."
    end = len(reading.article.title) if bare or mention is None else mention.end
    return Verdict(Design.OTHER, "design.notice", (reading.quoting("design.notice", because, 0, end),))


@rule("design.protocol", "Plans without results")
def protocol(reading: Reading) -> Verdict | None:
    """A registered or published plan of a study or review that has no results yet is a PROTOCOL, whatever it plans.

    Looks for "study protocol", "a protocol for a systematic review", "design and rationale" in the title, or for
    several sentences in the future tense ("patients will be randomised") without any result. A treatment protocol
    ("a multiple-dose protocol of a bronchodilator") is none.
    """
    named = reading.titled("protocol_named")
    future = reading.mentions("protocol_future")
    said = reading.said("protocol_named")
    treatment = reading.titled("treatment_protocol")
    if named and not (treatment and not future):
        mention = named
    elif len(future) >= 3 and not reading.has_results:
        mention = future[0]
    elif said and len(future) >= 2 and reading.count("statistics") < 2:
        mention = said
    else:
        return None
    because = "The words announce a planned study; no results are reported."
    return Verdict(
        Design.PROTOCOL, "design.protocol", (reading.finding("design.protocol", because, mention),)
    )
