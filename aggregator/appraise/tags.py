"""Tags beside the design: how it was blinded, crossed over, registered, and what kind of laboratory work it is."""

from __future__ import annotations

import re

from ..model import Design, Finding
from .reading import Mention, Reading
from .rules import rule

_REGISTRY = re.compile(
    r"(?:NCT|ISRCTN|ACTRN|TCTR|ChiCTR|UMIN|DRKS|NTR|IRCT|PACTR|CRD)[\w-]*\d{3,}", re.IGNORECASE
)
_BLINDING = ("triple_blind", "double_blind", "single_blind", "open_label")
_CONFLICT = re.compile(
    r"(?:employees? of|employed by|shareholders? (?:of|in)|(?:received|receives?|receiving|reports?) (?:\w+ ){0,4}(?:fees?|honoraria|funding|grants?|support)[^.]{0,60}"
    r"|consultants? (?:for|to)|stock(?:s|holder| options)|sponsored by|funded by [A-Z][\w&. -]{2,40}(?:Inc|Ltd|LLC|GmbH|Pharma\w*|AG|Corp\w*|Foods|Therapeutics))",
)
_NO_CONFLICT = re.compile(r"no (?:potential )?(?:conflicts?|competing)|nothing to (?:disclose|declare)|declare that they have no", re.IGNORECASE)  # fmt: skip
_ALLOTTED = frozenset({
    Design.RCT, Design.NRCT, Design.SINGLE_ARM, Design.PK_HUMAN, Design.PK_DDI_HUMAN, Design.PROTOCOL,
})  # fmt: skip


@rule("tags.beside", "Tags beside the design")
def tags(reading: Reading, design: Design) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """What else a grader wants to know: crossover, blinding, registration, laboratory models, money.

    ``randomised`` (in pharmacokinetic studies) and ``randomised_in_animals`` mark chance allotment that does not make
    a human RCT. ``registry:NCT…`` quotes trial numbers. ``human_lab_model`` is laboratory pain in
    people; ``abuse_liability`` self-administration, discrimination, place preference, liking. ``funding_conflict_text``
    marks a stated tie to a maker, from the conflict statement.
    """
    found: dict[str, Finding] = {}
    _of_design(reading, design, found)
    if design in _ALLOTTED:
        _blinding(reading, found)
    if design not in (Design.ANIMAL, Design.IN_VITRO):
        _first(reading, "human_lab_model", "Pain was induced in the laboratory.", found)
    _first(reading, "abuse_liability", "Abuse liability was tested.", found)
    _registries(reading, found)
    _conflict(reading, found)
    return tuple(found), tuple(found.values())


def _of_design(reading: Reading, design: Design, found: dict[str, Finding]) -> None:
    randomised = (
        reading.said("randomised_people")
        or reading.titled("randomised_title")
        or reading.said("randomised_trial")
    )
    if randomised and design is Design.ANIMAL:
        _put(reading, "randomised_in_animals", "Animals were allotted by chance.", randomised, found)
    if randomised and design in (Design.PK_HUMAN, Design.PK_DDI_HUMAN) and not reading.said("nonrandom"):
        _put(reading, "randomised", "The order or group was allotted by chance.", randomised, found)
    crossed = reading.said("crossover")
    if crossed and design in _ALLOTTED:
        _put(reading, "crossover", "Each person got more than one treatment in turn.", crossed, found)


def _blinding(reading: Reading, found: dict[str, Finding]) -> None:
    for tag in _BLINDING:
        _first(reading, tag, "The words state the blinding.", found)


def _first(reading: Reading, tag: str, because: str, found: dict[str, Finding]) -> None:
    mention = reading.said(f"tag_{tag}")
    if mention:
        found[tag] = reading.finding("tags.beside", because, mention)


def _registries(reading: Reading, found: dict[str, Finding]) -> None:
    for start, end in reading.places("tag_registry"):
        number = reading.text[start:end].upper().replace(" ", "")
        found.setdefault(
            f"registry:{number}", reading.quoting("tags.beside", "A registry number is printed.", start, end)
        )
    for bank in reading.article.data_banks:
        for number in bank.accessions:
            if _REGISTRY.fullmatch(number):
                finding = Finding(
                    "tags.beside", "A registry number is recorded.", "data_bank", 0, len(number), number
                )
                found.setdefault(f"registry:{number.upper()}", finding)


def _conflict(reading: Reading, found: dict[str, Finding]) -> None:
    text = reading.article.conflict_of_interest
    match = None if not text or _NO_CONFLICT.match(text) else _CONFLICT.search(text)
    if match:
        because = "The conflict statement names a tie."
        found["funding_conflict_text"] = Finding(
            "tags.beside", because, "conflict_of_interest", *match.span(), match.group()
        )


def _put(reading: Reading, tag: str, because: str, mention: Mention, found: dict[str, Finding]) -> None:
    found[tag] = reading.finding("tags.beside", because, mention)
