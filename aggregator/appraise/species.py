"""In whom: people, animals, both or neither; which animal, which cells."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..model import Design, Finding, Species
from .designs.bench import lanes
from .indexing import species_indexed
from .reading import Mention, Reading
from .rules import rule

_HUMAN = frozenset({
    Design.RCT, Design.NRCT, Design.SINGLE_ARM, Design.PK_HUMAN, Design.PK_DDI_HUMAN, Design.COHORT_PROSP,
    Design.COHORT_RETRO, Design.CASE_CONTROL, Design.XSEC_COMPARATIVE, Design.XSEC_SURVEY, Design.EMA,
    Design.XSEC_UNCONTROLLED, Design.LONGITUDINAL_UNCONTROLLED, Design.PHARMACOVIGILANCE, Design.POISON_CENTER,
    Design.CASE_SERIES, Design.CASE_REPORT, Design.QUALITATIVE, Design.FORENSIC_SERIES,
})  # fmt: skip
_NOBODY = frozenset({Design.IN_VITRO, Design.IN_SILICO, Design.ANALYTICAL})
_SINGULAR = (
    (re.compile(r"mice|mouse|murine", re.I), "mouse"), (re.compile(r"rats?\b", re.I), "rat"),
    (re.compile(r"dogs?|canines?|beagles?|puppies", re.I), "dog"), (re.compile(r"rabbits?|new zealand", re.I), "rabbit"),
    (re.compile(r"zebrafish", re.I), "zebrafish"), (re.compile(r"piglets?|pigs?|swine|porcine|minipigs?", re.I), "pig"),
    (re.compile(r"guinea", re.I), "guinea pig"), (re.compile(r"monkeys?|macaques?|primates?|baboons?|marmosets?", re.I), "monkey"),
    (re.compile(r"cats?\b|felines?", re.I), "cat"), (re.compile(r"horses?|equine|mares?|foals?", re.I), "horse"),
    (re.compile(r"sheep|ovine|lambs?|ewes", re.I), "sheep"), (re.compile(r"cows?|cattle|bovine|calves|calf|heifers?|steers", re.I), "cattle"),
    (re.compile(r"goats?", re.I), "goat"), (re.compile(r"chickens?|broilers?|hens|chicks?|poultry", re.I), "chicken"),
    (re.compile(r"drosophila|fruit fl", re.I), "fruit fly"), (re.compile(r"elegans|nematodes?", re.I), "nematode"),
    (re.compile(r"fish|carp|trout|tilapia|salmon|bass|catfish", re.I), "fish"), (re.compile(r"hamsters?", re.I), "hamster"),
)  # fmt: skip
_HUMAN_CELLS = re.compile(r"human|hep|hela|mcf|a549|caco|thp|huvec|hek|huh|sh-sy", re.IGNORECASE)
_CELLS_OF = re.compile(r"rat|mouse|murine", re.IGNORECASE)
_HUMAN_CELLS = re.compile(r"human|hep|hela|mcf|a549|caco|thp|huvec|hek|huh|sh-sy", re.IGNORECASE)
_CELLS_OF = re.compile(r"rat|mouse|murine", re.IGNORECASE)


class Subjects(NamedTuple):
    """In whom, and in what where it was no whole organism."""

    species: Species
    organism: str
    system: str
    findings: tuple[Finding, ...]


@rule("species.gate", "Human, animal, mixed, none")
def subjects(reading: Reading, design: Design, *, indexed: bool) -> Subjects:
    """In whom the result was found; cells, enzymes and molecules are none, with organism and system saying what.

    Follows the design; MeSH's check tags fill in where the words leave it open. A "Humans" tag on work with human
    cells or enzymes does not make it a study of people.
    """
    animals, people = _animal_mention(reading), _people_mention(reading)
    if design is Design.ANIMAL:
        return _animal(reading, animals)
    if design in _NOBODY:
        return _nobody(reading, design)
    if design in _HUMAN:
        return Subjects(
            Species.HUMAN, "human", "", _found(reading, people, "The words name the people studied.")
        )
    return _open(reading, animals, people, indexed=indexed)


def _animal(reading: Reading, mention: Mention | None) -> Subjects:
    words = reading.text[mention.start : mention.end] if mention else ""
    points = lanes(reading)
    both = reading.said("people_count") is not None and points["people"] > 0.6 * points["animal"]
    species = Species.MIXED if both else Species.ANIMAL
    return Subjects(
        species, organism(words), "", _found(reading, mention, "The words name the animals studied.")
    )


def _nobody(reading: Reading, design: Design) -> Subjects:
    found = reading.best("cell_system") if design is Design.IN_VITRO else None
    if not found:
        return Subjects(Species.NONE, "", "", ())
    words = reading.text[found.start : found.end]
    who = "human" if _HUMAN_CELLS.search(words) else organism(words) if _CELLS_OF.search(words) else ""
    because = "The words name the cells or preparation studied."
    return Subjects(Species.NONE, who, words, (reading.finding("species.gate", because, found),))


def _open(reading: Reading, animals: Mention | None, people: Mention | None, *, indexed: bool) -> Subjects:
    """Reviews, opinions, models and unclear papers: by their words, else by the check tags."""
    points = lanes(reading)
    if people and points["people"] >= points["animal"]:
        return Subjects(Species.HUMAN, "human", "", _found(reading, people, "The words name people."))
    if animals and points["animal"] > 6:
        words = reading.text[animals.start : animals.end]
        return Subjects(
            Species.ANIMAL, organism(words), "", _found(reading, animals, "The words name animals.")
        )
    tag = species_indexed(reading.article) if indexed else None
    if tag is None:
        return Subjects(Species.NONE, "", "", ())
    species, heading = tag
    finding = Finding("species.gate", "NLM's check tag says in whom.", "mesh", 0, len(heading), heading)
    return Subjects(species, "human" if species is Species.HUMAN else "", "", (finding,))


def organism(words: str) -> str:
    """The common name of the animal named, in the singular; the words themselves when it is a rarer one."""
    return next((name for pattern, name in _SINGULAR if pattern.search(words)), words.lower())


def _animal_mention(reading: Reading) -> Mention | None:
    return reading.titled("animal_named") or reading.said("animal_strain") or reading.best("animal_named")


def _people_mention(reading: Reading) -> Mention | None:
    return (
        reading.said("people_count")
        or reading.said("people_did")
        or reading.best("people_named")
        or reading.best("people_title")
    )


def _found(reading: Reading, mention: Mention | None, because: str) -> tuple[Finding, ...]:
    return (reading.finding("species.gate", because, mention),) if mention else ()
