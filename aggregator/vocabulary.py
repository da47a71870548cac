"""Vocabularies: the words that name a substance or an outcome. Data, not code.

The bundled ones lie in ``interventions/*.toml`` and ``outcomes/*.toml``; ``config.toml`` adds to them or brings
new ones (``[[intervention]]``, ``[[outcome]]``). Functions that need vocabularies take them as an argument.

A term is one or more words as they stand in a text, in any case; ``*`` at the end of a word stands for any
ending ("hepatotox*", "liver enzyme*"). Hyphen and blank are the same ("drug-induced" = "drug induced").
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

from .errors import ConfigError
from .model import Article
from .text import folded


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """A substance: all its names, and which names belong to which form of it."""

    name: str
    title: str = ""
    """For people: "Kratom (Mitragyna speciosa)"."""
    terms: tuple[str, ...] = ()
    """Any of these in a text means that the substance is named."""
    mesh: tuple[str, ...] = ()
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Terms by form: leaf, extract, isolated_alkaloid, metabolite, mixture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is measured or suffered: its names, and (``measures``) which way up or down means what."""

    name: str
    title: str = ""
    terms: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    patient_oriented: tuple[str, ...] = ()
    """Terms that patients feel (jaundice, clinical pain scores), as against laboratory surrogates."""
    up_is_benefit: tuple[str, ...] = ()
    up_is_harm: tuple[str, ...] = ()
    harm_words: tuple[str, ...] = ()
    """Terms whose mere occurrence in a person is harm ("jaundice")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabularies:
    """The interventions and outcomes by name."""

    interventions: Mapping[str, Intervention] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)


def term_pattern(term: str) -> str:
    """A regular expression (RE2's syntax, to be matched case-insensitively) for one term, on word borders."""
    words = [
        re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "")
        for word in re.split(r"[\s-]+", term)
    ]
    return r"\b" + r"[\s-]+".join(words) + r"\b"


def named_in(hay: str, article: Article, thing: Intervention | Outcome) -> bool:
    """Whether the article names the thing: one of its terms in ``hay`` (see `Folded.hay`), or one of its headings."""
    if thing.terms and _finder(thing.terms).search(hay):
        return True
    if not article.mesh or not thing.mesh:
        return False
    headings = {folded(name) for name in thing.mesh}
    return any(folded(heading.name) in headings for heading in article.mesh)


@cache
def _finder(terms: tuple[str, ...]) -> Any:
    """One linear-time expression (RE2) over folded tokens for all terms."""
    import re2

    spelled = []
    for term in terms:
        words = [folded(word.rstrip("*")) + ("[^ ]*" if word.endswith("*") else "") for word in term.split()]
        spelled.append(" ".join(words))
    return re2.compile(" (?:" + "|".join(sorted(set(spelled))) + ") ")


def read_intervention(table: Mapping[str, Any]) -> Intervention:
    """An intervention from a TOML table. Raises: ConfigError."""
    _check(table, Intervention)
    forms = {form: tuple(terms) for form, terms in table.get("forms", {}).items()}
    return Intervention(**{**_tuples(table), "forms": forms})


def read_outcome(table: Mapping[str, Any]) -> Outcome:
    """An outcome from a TOML table. Raises: ConfigError."""
    _check(table, Outcome)
    return Outcome(**_tuples(table))


def extended(
    base: Vocabularies, *, interventions: Iterable[Intervention] = (), outcomes: Iterable[Outcome] = ()
) -> Vocabularies:
    """``base`` with more: a known name gains terms, a new name is added."""
    more_interventions, more_outcomes = dict(base.interventions), dict(base.outcomes)
    for intervention in interventions:
        known = more_interventions.get(intervention.name)
        more_interventions[intervention.name] = _joined(known, intervention) if known else intervention
    for outcome in outcomes:
        known_outcome = more_outcomes.get(outcome.name)
        more_outcomes[outcome.name] = _joined(known_outcome, outcome) if known_outcome else outcome
    return Vocabularies(interventions=more_interventions, outcomes=more_outcomes)


@cache
def bundled() -> Vocabularies:
    """The vocabularies that come with the program."""
    root = resources.files(__package__)
    interventions = [read_intervention(table) for table in _tables(root / "interventions")]
    outcomes = [read_outcome(table) for table in _tables(root / "outcomes")]
    return Vocabularies(
        interventions={thing.name: thing for thing in interventions},
        outcomes={thing.name: thing for thing in outcomes},
    )


def _tables(folder: Any) -> list[dict[str, Any]]:
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return [tomllib.loads(file.read_text(encoding="utf-8")) for file in files]


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def _check(table: Mapping[str, Any], kind: type) -> None:
    known = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]  # only dataclasses come here
    if unknown := sorted(set(table) - known):
        raise ConfigError(
            f"unknown key in a vocabulary: {', '.join(unknown)}",
            hint=f"known keys: {', '.join(sorted(known))}",
        )
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigError("a vocabulary has no name", hint='add name = "…"')
    for key, value in table.items():
        if key == "forms":
            wrong = not isinstance(value, Mapping) or not all(_is_terms(terms) for terms in value.values())
        else:
            wrong = not (isinstance(value, str) if key in ("name", "title") else _is_terms(value))
        if wrong:
            raise ConfigError(
                f"vocabulary “{name}”: {key} is of the wrong kind", hint=f'for example: {key} = ["…", "…"]'
            )


def _is_terms(value: object) -> bool:
    """A list of texts that name something: a term of blanks or signs would match everything."""
    return isinstance(value, list | tuple) and all(isinstance(term, str) and folded(term) for term in value)


def _joined(known: Any, more: Any) -> Any:
    merged: dict[str, Any] = {}
    for key in known.__dataclass_fields__:
        old, new = getattr(known, key), getattr(more, key)
        if isinstance(old, tuple):
            merged[key] = (*old, *(item for item in new if item not in old))
        elif isinstance(old, Mapping):
            merged[key] = {**old, **{form: (*old.get(form, ()), *terms) for form, terms in new.items()}}
        else:
            merged[key] = new or old
    return replace(known, **merged)
