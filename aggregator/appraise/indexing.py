"""The second witness: what publication types and MeSH headings say of the design and of the species."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple

from ..model import Article, Design, Finding, Species
from .rules import rule

_ANIMAL_HEADINGS = frozenset(
    {"Animals", "Mice", "Rats", "Dogs", "Zebrafish", "Macaca mulatta", "Guinea Pigs"}
)


class _Sign(NamedTuple):
    names: frozenset[str]
    design: Design
    decides: bool


@dataclass(frozen=True, slots=True)
class _Tables:
    types: tuple[_Sign, ...]
    mesh: tuple[_Sign, ...]
    agree: Mapping[Design, frozenset[Design]]


@dataclass(frozen=True, slots=True)
class Witness:
    """What the indexing says: a design, the literal value it says it with, and whether it may decide alone."""

    design: Design
    field: str
    value: str
    decides: bool

    def agrees(self, design: Design) -> bool:
        return design in _tables().agree.get(self.design, frozenset({self.design}))

    def finding(self, rule_id: str, because: str) -> Finding:
        return Finding(rule_id, because, self.field, 0, len(self.value), self.value)


def indexing_file() -> str:
    """The text of the data file."""
    return (resources.files(__package__) / "indexing.toml").read_text(encoding="utf-8")


@cache
def _tables() -> _Tables:
    data = tomllib.loads(indexing_file())
    types, mesh = (
        tuple(
            _Sign(frozenset(entry["names"]), Design(entry["design"]), entry.get("decides", False))
            for entry in data[kind]
        )
        for kind in ("type", "mesh")
    )
    agree = {Design(name): frozenset(map(Design, others)) for name, others in data["agree"].items()}
    return _Tables(types, mesh, agree)


@rule("indexing.publication_type", "Publication types and MeSH as second witness")
def witness(article: Article) -> Witness | None:
    """What NLM's indexing says, heard after the words.

    Words and indexing that agree make a design certain; one of the two alone makes it probable; when they disagree
    both are shown. The words decide unless the words were weak and the type is one that indexers give with care
    (Case Reports, Randomized Controlled Trial, Practice Guideline, Letter, Editorial …). A Review or Meta-Analysis
    type that the text does not bear out never raises a level. Headings "as Topic" and Random Allocation, which is
    mostly animals, are never evidence of design, and the absence of a type proves nothing.
    """
    names = {published.name for published in article.publication_types}
    for sign in _tables().types:
        if sign.names & names:
            value = next(
                published.name for published in article.publication_types if published.name in sign.names
            )
            return Witness(sign.design, "publication_type", value, sign.decides)
    return mesh_witness(article)


def species_indexed(article: Article) -> tuple[Species, str] | None:
    """The species by check tags, with the heading that says so."""
    names = {heading.name for heading in article.mesh}
    human, animal = "Humans" in names, bool(_ANIMAL_HEADINGS & names)
    if human and animal:
        return Species.MIXED, "Humans"
    if human:
        return Species.HUMAN, "Humans"
    return (
        (Species.ANIMAL, "Animals" if "Animals" in names else min(_ANIMAL_HEADINGS & names))
        if animal
        else None
    )


@rule("indexing.mesh", "MeSH headings as second witness")
def mesh_witness(article: Article) -> Witness | None:
    """What the headings say when no publication type tells a design: "Cross-Sectional Studies", "Rats, Wistar".

    Animals without Humans stand for ANIMAL; design headings stand for their design; headings "as Topic" for none.
    They decide only where the words were silent.
    """
    if not article.mesh:
        return None
    names = {heading.name for heading in article.mesh}
    if "Humans" not in names and _ANIMAL_HEADINGS & names:
        return Witness(Design.ANIMAL, "mesh", min(_ANIMAL_HEADINGS & names), decides=False)
    for sign in _tables().mesh:
        if sign.names & names:
            value = next(heading.name for heading in article.mesh if heading.name in sign.names)
            return Witness(sign.design, "mesh", value, sign.decides)
    return None
