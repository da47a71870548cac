"""Step 7: the species gate. What was studied: people, animals, cells and molecules, computers, matter, plants?

Each kind has its cues (``cues/lanes.toml``); their points are added up, and the kind with most decides when it is
clear and no study of people is named.
"""

from __future__ import annotations

from ...model import Design
from ..reading import Mention, Reading
from ..rules import rule
from .verdict import Verdict

DESIGN_OF_LANE = {
    "animal": Design.ANIMAL,
    "cells": Design.IN_VITRO,
    "computer": Design.IN_SILICO,
    "matter": Design.ANALYTICAL,
    "plants": Design.OTHER,
}
RULE_OF_LANE = {
    "animal": "design.animal",
    "cells": "design.in_vitro",
    "computer": "design.in_silico",
    "matter": "design.analytical",
    "plants": "design.plants",
}
BECAUSE = {
    "animal": "The words describe live animals, and no human participants carry the result.",
    "cells": "The words describe cells, tissue, enzymes, microbes or molecules, and no participants.",
    "computer": "The words describe computation: simulation, software or public data, and no participants.",
    "matter": "The words describe chemistry, materials or instruments, and no participants.",
    "plants": "The words describe plants, soils, waters or wildlife communities, which no code of ours fits.",
}
BENCH = tuple(DESIGN_OF_LANE)
ENOUGH = 7.0
"""Fewer points do not carry a kind of subject."""
PEOPLE_WEIGHT = 1.6
"""Participants are named in fewer words than genes and reagents are: their points count more. Own convention."""
ANIMAL_WEIGHT = 1.3
"""Animals too; where animals and cells were used, animals carry the claim unless cells clearly do."""
NEAR_PEOPLE = 0.75
"""So many points of people's are enough for animals where no people are counted. Own convention."""
TITLE_ANIMAL = 12.0
"""An animal in the title is what was studied. Own convention."""


def lanes(reading: Reading) -> dict[str, float]:
    """Points by kind of subject."""
    points = dict(reading.lane_points)
    points["people"] *= PEOPLE_WEIGHT
    if reading.said("animal_strain") or reading.said("animal_named"):
        points["animal"] *= ANIMAL_WEIGHT
    elif reading.count("animal_procedure") < 2 and not reading.said("animal_test"):
        points["animal"] *= 0.5
    if (reading.titled("animal_strain") or reading.titled("animal_named")) and not reading.titled(
        "instruments"
    ):
        points["animal"] += TITLE_ANIMAL
    return points


def leading(points: dict[str, float]) -> str:
    """The kind with the most points."""
    return max(points, key=lambda lane: points[lane])


def human_study(reading: Reading) -> bool:
    """Whether people are studied: they have the most points, or a design among people is named with people in it."""
    points = lanes(reading)
    if _animals_with_a_placebo(reading, points):
        return False
    if leading(points) == "people" and points["people"]:
        return True
    if (
        reading.said("people_trial")
        and reading.said("trial_word")
        and points["animal"] < ENOUGH
        and points["cells"] < ENOUGH
    ):
        return True
    if (
        reading.said("healthy_volunteers")
        and reading.count("pk") >= 3
        and points["animal"] < points["people"]
    ):
        return True
    if points["animal"] < ENOUGH and any(reading.titled(cue) for cue in _REPORTED):
        return True
    return points["animal"] < points["people"] and any(reading.titled(cue) for cue in _NAMED_AMONG_PEOPLE)


def _animals_with_a_placebo(reading: Reading, points: dict[str, float]) -> bool:
    """Animals were used, nobody counts people, and the words of trials are all that speaks for people."""
    if not reading.said("animal_strain") or reading.said("people_count"):
        return False
    return points["animal"] >= NEAR_PEOPLE * points["people"]


_TOLD = ("animal", "cells")
"""Kinds of subject that reviews tell of in the same words as studies do: here a sign of own work is asked for."""
_REPORTED = ("poison_centre", "pharmacovigilance", "forensic")
_NAMED_AMONG_PEOPLE = (
    "randomised_title",
    "xsec_named",
    "cohort_named",
    "qualitative_strong",
    "case_control",
    "survey",
)


def _bench(reading: Reading, lane: str) -> Verdict | None:
    points = lanes(reading)
    if leading(points) != lane or points[lane] < ENOUGH:
        return None
    if (
        lane in _TOLD
        and not reading.is_brief
        and not reading.own_work
        and not reading.titled("animal_strain")
    ):
        return None
    return _verdict(reading, lane)


def _verdict(reading: Reading, lane: str) -> Verdict:
    best: list[Mention] = []
    for cue in sorted(reading.book.lanes[lane], key=reading.points, reverse=True)[:2]:
        mention = reading.best(cue)
        if mention:
            best.append(mention)
    rule_id = RULE_OF_LANE[lane]
    findings = tuple(reading.finding(rule_id, BECAUSE[lane], mention) for mention in best)
    return Verdict(DESIGN_OF_LANE[lane], rule_id, findings, named=False)


@rule("design.animal", "Live animals")
def animal(reading: Reading) -> Verdict | None:
    """Experiments and observations on live animals are ANIMAL, also when they are randomised.

    Looks for species and strains ("Wistar rats", "client-owned dogs"), doses by body weight, procedures of animal
    work. Animal words that name cells, products or owners ("mouse fibroblasts", "fish oil", "dog owners") do not
    count. With animals and cells in one paper the animals carry the claim unless the cells have clearly more words.
    """
    return _bench(reading, "animal")


@rule("design.in_vitro", "Cells, tissue, enzymes, microbes")
def in_vitro(reading: Reading) -> Verdict | None:
    """Work on cells, tissue, enzymes, receptors or microbes is IN_VITRO, also when the cells are human."""
    return _bench(reading, "cells")


@rule("design.in_silico", "Computation")
def in_silico(reading: Reading) -> Verdict | None:
    """Docking, molecular dynamics, physiologically based simulation, public omics data, software: IN_SILICO."""
    return _bench(reading, "computer")


@rule("design.analytical", "Chemistry, materials, instruments")
def analytical(reading: Reading) -> Verdict | None:
    """Methods of chemistry, physics or engineering, and analyses of products, are ANALYTICAL.

    Only without participants, animals or cases: an LC-MS assay inside a clinical study does not make it analytical.
    """
    return _bench(reading, "matter")


@rule("design.plants", "Plants, soils, ecology")
def plants(reading: Reading) -> Verdict | None:
    """Botany, agriculture, ecology and taxonomy fit no code and are OTHER."""
    return _bench(reading, "plants")
