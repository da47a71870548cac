"""Step 8: reports, calls and deaths that reached an authority."""

from __future__ import annotations

from ...model import Design
from ..reading import Reading
from ..rules import rule
from .verdict import Verdict


@rule("design.poison_centre", "Poison centre calls")
def poison_centre(reading: Reading) -> Verdict | None:
    """Exposures called in to poison centres are POISON_CENTER: they count calls, not people at risk."""
    mention = reading.said("poison_centre")
    if mention is None or (
        mention.zone != "title" and reading.count("poison_centre") < 2 and reading.said("aged_person")
    ):
        return None
    because = "The data are exposures reported to poison centres."
    return Verdict(
        Design.POISON_CENTER,
        "design.poison_centre",
        (reading.finding("design.poison_centre", because, mention),),
    )


@rule("design.pharmacovigilance", "Spontaneous reports")
def pharmacovigilance(reading: Reading) -> Verdict | None:
    """Spontaneous reports of adverse reactions and their disproportionality are PHARMACOVIGILANCE: signals, not rates."""
    mention = reading.titled("pharmacovigilance") or reading.said("pharmacovigilance")
    if mention is None or (mention.zone != "title" and reading.count("pharmacovigilance") < 2):
        return None
    because = "The data are spontaneously reported reactions."
    finding = reading.finding("design.pharmacovigilance", because, mention)
    return Verdict(Design.PHARMACOVIGILANCE, "design.pharmacovigilance", (finding,))


@rule("design.forensic_series", "Series of deaths")
def forensic_series(reading: Reading) -> Verdict | None:
    """Deaths examined by coroners, medical examiners or autopsy, counted as a series, are a FORENSIC_SERIES.

    One autopsy is a case report; mortality in a clinical cohort is not meant.
    """
    title, said, counted = (
        reading.titled("forensic"),
        reading.said("forensic"),
        reading.said("deaths_counted"),
    )
    if not said or not (title or reading.count("forensic") >= 3) or reading.said("aged_person"):
        return None
    if not (counted or reading.titled("deaths_counted") or reading.count("forensic") >= 3):
        return None
    because = "The data are deaths examined after the fact."
    mention = title or said
    return Verdict(
        Design.FORENSIC_SERIES,
        "design.forensic_series",
        (reading.finding("design.forensic_series", because, mention),),
    )
