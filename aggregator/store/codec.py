"""Articles and appraisals as JSON text and back. Default values are left out; named tuples become lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..model import (
    Appraisal,
    Article,
    Author,
    Chemical,
    Confidence,
    DataBank,
    Design,
    Finding,
    Grant,
    Integrity,
    Keyword,
    MeshHeading,
    MeshQualifier,
    Origin,
    OtherAbstract,
    PublicationType,
    Relation,
    Section,
    Species,
)

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_COLUMNS = ("title", "abstract")  # columns of their own in the table
_LISTS: dict[str, Callable[..., Any]] = {
    "sections": Section,
    "authors": lambda last, fore, initials, suffix, collective, orcid, affiliations, equal: Author(
        last, fore, initials, suffix, collective, orcid, tuple(affiliations), equal
    ),
    "publication_types": PublicationType,
    "mesh": lambda name, ui, major, qualifiers: MeshHeading(
        name, ui, major, tuple(MeshQualifier(*qualifier) for qualifier in qualifiers)
    ),
    "keywords": Keyword,
    "chemicals": Chemical,
    "grants": Grant,
    "data_banks": lambda name, accessions: DataBank(name, tuple(accessions)),
    "relations": Relation,
    "other_abstracts": OtherAbstract,
    "other_ids": lambda kind, value: (kind, value),
}
_EMPTY = Article(title="")
_FIELDS = tuple(name for name in Article.__dataclass_fields__ if name not in _COLUMNS)
_DEFAULTS = tuple((name, getattr(_EMPTY, name)) for name in _FIELDS)


def article_document(article: Article) -> str:
    """Everything of an article but title and abstract, as JSON."""
    return _ENCODE(
        {name: value for name, default in _DEFAULTS if (value := getattr(article, name)) != default}
    )


def article_from(title: str, abstract: str, document: str) -> Article:
    """The article that `article_document` was made from."""
    values = json.loads(document)
    for name, make in _LISTS.items():
        if name in values:
            values[name] = tuple([make(*parts) for parts in values[name]])
    if "languages" in values:
        values["languages"] = tuple(values["languages"])
    values["origin"] = Origin(values.get("origin", Origin.PUBMED_XML))
    return Article(title=title, abstract=abstract, **values)


def appraisal_document(appraisal: Appraisal) -> str:
    """An appraisal as JSON."""
    values = {name: getattr(appraisal, name) for name in Appraisal.__dataclass_fields__}
    values["findings"] = [
        [getattr(finding, name) for name in Finding.__slots__] for finding in appraisal.findings
    ]
    return _ENCODE(values)


def appraisal_from(document: str) -> Appraisal:
    """The appraisal that `appraisal_document` was made from; fields of newer programs are not known here."""
    values = json.loads(document)
    values["design"] = Design(values["design"])
    values["design_confidence"] = Confidence(values["design_confidence"])
    values["species"] = Species(values["species"])
    values["secondary_designs"] = tuple(Design(code) for code in values["secondary_designs"])
    values["integrity"] = tuple(Integrity(mark) for mark in values["integrity"])
    values["tags"] = tuple(values["tags"])
    values["findings"] = tuple(Finding(*parts) for parts in values["findings"])
    return Appraisal(**values)
