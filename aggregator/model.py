"""The words of the trade as values: papers, what was found in them, and what follows from it.

Small parts that come by the hundred in one paper (authors, headings) are named tuples, which are three times
cheaper to make than frozen dataclasses; everything else is a frozen dataclass. Nothing here touches disk,
network or clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

# ---------------------------------------------------------------------------------------------- papers


class Origin(StrEnum):
    """Where a revision of a paper was read, richest first: a poorer source never replaces a richer one."""

    PUBMED_XML = "pubmed-xml"
    MEDLINE = "medline"
    DIGEST = "digest"


class Section(NamedTuple):
    """One section of an abstract: ``abstract[start:end]`` is its text without the printed label."""

    label: str
    """As printed ("MATERIALS AND METHODS"), or "" where the section has none."""
    category: str
    """NLM's category ("METHODS"), or ""."""
    start: int
    end: int


class Author(NamedTuple):
    """A person, or a group when ``collective`` is set and the names are empty."""

    last: str = ""
    fore: str = ""
    initials: str = ""
    suffix: str = ""
    collective: str = ""
    orcid: str = ""
    affiliations: tuple[str, ...] = ()
    equal_contribution: bool = False

    @property
    def name(self) -> str:
        """As PubMed prints it: "Smith KE", or the group's name."""
        if self.collective:
            return self.collective
        return " ".join(part for part in (self.last, self.initials or self.fore, self.suffix) if part)


class MeshQualifier(NamedTuple):
    """A subheading, such as "adverse effects"."""

    name: str
    ui: str = ""
    major: bool = False


class MeshHeading(NamedTuple):
    """A MeSH descriptor with its subheadings; ``major`` when it, or one of them, is a major topic."""

    name: str
    ui: str = ""
    major: bool = False
    qualifiers: tuple[MeshQualifier, ...] = ()


class PublicationType(NamedTuple):
    """A publication type by name; ``ui`` is "" where the source gives none."""

    name: str
    ui: str = ""


class Keyword(NamedTuple):
    """An author's or indexer's keyword; ``owner`` is NLM's code ("NOTNLM" for authors')."""

    text: str
    major: bool = False
    owner: str = ""


class Chemical(NamedTuple):
    """A substance named by the indexers."""

    name: str
    ui: str = ""
    registry_number: str = ""


class Grant(NamedTuple):
    """A grant as printed."""

    number: str = ""
    agency: str = ""
    country: str = ""


class DataBank(NamedTuple):
    """Accession numbers in one data bank, such as trial numbers in ClinicalTrials.gov."""

    name: str
    accessions: tuple[str, ...] = ()


class Relation(NamedTuple):
    """A tie to another paper, in NLM's words: "RetractionIn", "ErratumFor", "CommentOn", "UpdateIn" …"""

    kind: str
    source: str = ""
    pmid: str = ""
    note: str = ""


class OtherAbstract(NamedTuple):
    """A further abstract: another language, a plain-language summary, a publisher's text."""

    kind: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One revision of one paper, cleaned at the door: no markup, single spaces, NFC, no soft hyphens.

    Unknown is "" (or ``None`` for numbers): never a guess. Dates are ISO, as precise as the source:
    "2019", "2019-11", "2019-11-03".
    """

    title: str
    """Without the brackets that mark a translation (see ``title_translated``); "" where there is none."""
    abstract: str = ""
    """All sections, one a line, each after its label ("METHODS: …"); "" where there is none."""
    sections: tuple[Section, ...] = ()
    """In order, covering the abstract; empty exactly when the abstract is."""
    origin: Origin = Origin.PUBMED_XML
    pmid: str = ""
    version: int = 1
    doi: str = ""
    """Lower case, without resolver, blanks inside folded to one; "" where there is none that is valid."""
    pmcid: str = ""
    other_ids: tuple[tuple[str, str], ...] = ()
    """Further identifiers of this very paper: (type, value)."""
    title_translated: bool = False
    vernacular_title: str = ""
    other_abstracts: tuple[OtherAbstract, ...] = ()
    copyright: str = ""
    journal: str = ""
    """Title abbreviation, as in a citation."""
    journal_title: str = ""
    issn: str = ""
    nlm_id: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    year: int | None = None
    published: str = ""
    """The journal's date."""
    published_text: str = ""
    """The date as printed where it is no plain date: "2019 Nov-Dec"."""
    published_online: str = ""
    entered: str = ""
    """The day PubMed got the record (EDAT)."""
    created: str = ""
    mesh_date: str = ""
    completed: str = ""
    revised: str = ""
    status: str = ""
    """NLM's processing status ("MEDLINE", "Publisher" …)."""
    indexing_method: str = ""
    """"Automated" or "Curated" where NLM says so."""
    publication_model: str = ""
    languages: tuple[str, ...] = ()
    country: str = ""
    authors: tuple[Author, ...] = ()
    authors_complete: bool = True
    publication_types: tuple[PublicationType, ...] = ()
    mesh: tuple[MeshHeading, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    chemicals: tuple[Chemical, ...] = ()
    grants: tuple[Grant, ...] = ()
    data_banks: tuple[DataBank, ...] = ()
    relations: tuple[Relation, ...] = ()
    conflict_of_interest: str = ""
    book_title: str = ""
    """Set for book chapters, whose journal is empty."""

    @property
    def is_digest(self) -> bool:
        """Whether the abstract is a digest in our own words, not the published one."""
        return self.origin is Origin.DIGEST


DIGEST_NOTICE = "digest, not the published abstract"
"""Shown wherever the text of a digest is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that could not be read: its bytes are kept, the reason is shown."""

    reason: str
    raw: bytes
    pmid: str = ""
    place: str = ""
    """Where it stood: "record 17"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """PMIDs that PubMed has withdrawn (``DeleteCitation``)."""

    pmids: tuple[str, ...]


# ---------------------------------------------------------------------------------------------- appraisal


class Design(StrEnum):
    """Study designs: the codes of the rule manual (docs/codes.md says what each means)."""

    META_ANALYSIS = "META_ANALYSIS"
    SR = "SR"
    SCOPING = "SCOPING"
    NARR_REVIEW = "NARR_REVIEW"
    GUIDELINE = "GUIDELINE"
    RCT = "RCT"
    NRCT = "NRCT"
    SINGLE_ARM = "SINGLE_ARM"
    PK_HUMAN = "PK_HUMAN"
    PK_DDI_HUMAN = "PK_DDI_HUMAN"
    COHORT_PROSP = "COHORT_PROSP"
    COHORT_RETRO = "COHORT_RETRO"
    CASE_CONTROL = "CASE_CONTROL"
    XSEC_COMPARATIVE = "XSEC_COMPARATIVE"
    XSEC_SURVEY = "XSEC_SURVEY"
    EMA = "EMA"
    XSEC_UNCONTROLLED = "XSEC_UNCONTROLLED"
    LONGITUDINAL_UNCONTROLLED = "LONGITUDINAL_UNCONTROLLED"
    PHARMACOVIGILANCE = "PHARMACOVIGILANCE"
    POISON_CENTER = "POISON_CENTER"
    FORENSIC_SERIES = "FORENSIC_SERIES"
    CASE_SERIES = "CASE_SERIES"
    CASE_REPORT = "CASE_REPORT"
    QUALITATIVE = "QUALITATIVE"
    ANIMAL = "ANIMAL"
    IN_VITRO = "IN_VITRO"
    IN_SILICO = "IN_SILICO"
    ANALYTICAL = "ANALYTICAL"
    ECON_MODEL = "ECON_MODEL"
    PROTOCOL = "PROTOCOL"
    OPINION = "OPINION"
    OTHER = "OTHER"
    UNCLEAR = "UNCLEAR"


class Confidence(StrEnum):
    """How sure a design is: words and indexing agree, one of them speaks, they disagree, neither speaks."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    CONFLICT = "conflict"
    UNCLEAR = "unclear"


class Species(StrEnum):
    """In whom. Cells, enzymes and molecules are ``NONE``; ``organism`` and ``system`` then say what."""

    HUMAN = "human"
    ANIMAL = "animal"
    MIXED = "mixed"
    NONE = "none"


class Integrity(StrEnum):
    """Marks that travel with a paper wherever it is shown."""

    RETRACTED = "retracted"
    CORRECTED = "corrected"
    CONCERN = "concern"
    PREPRINT = "preprint"
    DELETED = "deleted"


class Question(StrEnum):
    """The kind of question a topic asks: it decides how a design is ranked."""

    BENEFIT = "benefit"
    HARM = "harm"
    EXPOSURE = "exposure"
    ANY = "any"
    """Kept and searchable, never graded."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement: the rule that made it, why, and the words behind it.

    For ``field`` "title" and "abstract", ``quote`` is exactly that text from ``start`` to ``end`` (Unicode code
    points). For stored metadata ("publication_type", "mesh", "relation" …) ``quote`` is the value itself.
    """

    rule: str
    because: str
    field: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """What one paper is, as far as its title, abstract and indexing show."""

    design: Design = Design.UNCLEAR
    design_confidence: Confidence = Confidence.UNCLEAR
    decided_by: str = ""
    """The rule (step of the ladder) that decided the design."""
    secondary_designs: tuple[Design, ...] = ()
    tags: tuple[str, ...] = ()
    species: Species = Species.NONE
    organism: str = ""
    """Free text: "human", "rat", "dog", "" where not stated."""
    system: str = ""
    """What was studied when it was no whole organism: "HepG2 cells", "liver microsomes"; else ""."""
    n: int | None = None
    """Own sample size; ``None`` when it is not stated."""
    n_unit: str = ""
    """What ``n`` counts: "participants", "deaths", "reports" …; "" with no ``n``."""
    integrity: tuple[Integrity, ...] = ()
    digest: bool = False
    levels: dict[str, int | None] = field(default_factory=dict)
    """OCEBM 2011 base level by question ("benefit", "harm", "exposure"); ``None`` where the design has none."""
    findings: tuple[Finding, ...] = ()
    rulebook: str = ""
