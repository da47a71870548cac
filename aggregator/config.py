"""The configuration as plain values: read from TOML text and the environment, every mistake named at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import ConfigError
from .model import Question
from .vocabulary import Vocabularies, bundled, extended, read_intervention, read_outcome

ENVIRONMENT_PREFIX = "AGGREGATOR_"

_NAME = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
_EVERY = re.compile(r"^(\d{1,4})([hdw])$")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LibrarySettings(_Table):
    """Where the library is."""

    url: str = "sqlite:///library.db"


class NcbiSettings(_Table):
    """How PubMed is asked. The API key itself never stands in the file."""

    email: str = ""
    tool: str = "aggregator"
    api_key_file: str = ""
    base_url: str = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
    lookback_days: int = Field(14, ge=0, le=3650)
    records_per_request: int = Field(200, ge=1, le=9999)
    deletion_check_days: int = Field(30, ge=0, le=3650)
    patience_seconds: float = Field(300, gt=0, le=86_400)
    requests_per_second: float | None = Field(None, gt=0, le=10_000)
    """``None`` is what NCBI allows: 3, or 10 with a key. More only for a mirror of one's own."""

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value if value.endswith("/") else value + "/"

    @model_validator(mode="after")
    def _courteous(self) -> NcbiSettings:
        if ".nih.gov" in self.base_url and (self.requests_per_second or 0) > 3:
            raise ValueError(
                "requests_per_second: above 3 is for a mirror of your own; with a key, NCBI's 10 a second are kept by themselves"
            )
        return self


class Topic(_Table):
    """A question: which records belong to it, and how they are graded."""

    name: _NAME
    title: str = ""
    question: str = ""
    kind: Question = Question.ANY
    intervention: str
    outcomes: tuple[str, ...] = ()
    query: str = ""
    every: str = "1d"

    @field_validator("every")
    @classmethod
    def _interval(cls, value: str) -> str:
        if not _EVERY.match(value):
            raise ValueError('must be a number with h, d or w, such as "1d"')
        return value


class SavedSearch(_Table):
    """A search with a name."""

    name: _NAME
    query: str


class SavedReport(_Table):
    """A report that is written by every run."""

    name: _NAME
    topics: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("html",)
    to: str = "reports"


class Settings(_Table):
    """The whole configuration."""

    library: LibrarySettings = LibrarySettings()
    ncbi: NcbiSettings = NcbiSettings()
    topic: tuple[Topic, ...] = ()
    search: tuple[SavedSearch, ...] = ()
    report: tuple[SavedReport, ...] = ()
    intervention: tuple[dict[str, Any], ...] = ()
    outcome: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _one_name_each(self) -> Settings:
        for kind, things in (("topic", self.topic), ("search", self.search), ("report", self.report)):
            names = [thing.name for thing in things]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{kind} names must differ: {', '.join(twice)} stands twice")
        return self

    def vocabularies(self) -> Vocabularies:
        """The bundled vocabularies with this configuration's additions. Raises: ConfigError."""
        return extended(
            bundled(),
            interventions=[read_intervention(table) for table in self.intervention],
            outcomes=[read_outcome(table) for table in self.outcome],
        )

    def topic_named(self, name: str) -> Topic:
        """The topic of that name. Raises: ConfigError with the names there are."""
        for topic in self.topic:
            if topic.name == name:
                return topic
        known = ", ".join(topic.name for topic in self.topic) or "none"
        raise ConfigError(f"no topic is named “{name}”", hint=f"topics in the configuration: {known}")


def parse(text: str, *, source: str, environment: Mapping[str, str]) -> Settings:
    """Settings from TOML text, overridden by ``AGGREGATOR_<SECTION>__<KEY>`` in the environment.

    Raises: ConfigError that lists every mistake, each with its key; ``source`` names the file in it.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not valid TOML: {error}", hint="correct that line") from error
    _refuse_key(tables, source)
    _override(tables, environment)
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        mistakes = [
            f"{_key(mistake['loc'])}{_origin(mistake['loc'], environment)}: {_words(mistake)}"
            for mistake in error.errors()
        ]
        raise ConfigError(_listed(source, mistakes), hint="docs/configuration.md lists every key") from None
    if mistakes := _dangling(settings):
        raise ConfigError(_listed(source, mistakes), hint="add the vocabulary or correct the name")
    return settings


def interval_hours(every: str) -> int:
    """How many hours a topic's ``every`` means ("1d" → 24)."""
    match = _EVERY.match(every)
    assert match is not None
    return int(match[1]) * {"h": 1, "d": 24, "w": 168}[match[2]]


def _refuse_key(tables: Mapping[str, Any], source: str) -> None:
    ncbi = tables.get("ncbi")
    if isinstance(ncbi, Mapping) and "api_key" in ncbi:
        raise ConfigError(
            f"{source} holds an API key (ncbi.api_key)",
            hint="remove it: set NCBI_API_KEY, or put it in a file and name that in ncbi.api_key_file",
        )


def _override(tables: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, value in sorted(environment.items()):
        section, dots, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if name.startswith(ENVIRONMENT_PREFIX) and dots and section in ("library", "ncbi"):
            table = tables.setdefault(section, {})
            if isinstance(table, dict):
                table[key] = value


def _dangling(settings: Settings) -> list[str]:
    try:
        vocabularies = settings.vocabularies()
    except ConfigError as error:
        return [error.message]
    mistakes = []
    for index, topic in enumerate(settings.topic):
        where = f"topic[{index}] ({topic.name})"
        if topic.intervention not in vocabularies.interventions:
            mistakes.append(f"{where}.intervention: no vocabulary is named “{topic.intervention}”")
        mistakes += [
            f"{where}.outcomes: no vocabulary is named “{name}”"
            for name in topic.outcomes
            if name not in vocabularies.outcomes
        ]
        if topic.kind is not Question.ANY and not topic.outcomes:
            mistakes.append(f"{where}.outcomes: a topic of kind “{topic.kind}” needs at least one outcome")
    names = {topic.name for topic in settings.topic}
    for index, report in enumerate(settings.report):
        mistakes += [
            f"report[{index}] ({report.name}).topics: no topic is named “{name}”"
            for name in report.topics
            if name not in names
        ]
    return mistakes


def _key(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "configuration"


def _origin(location: tuple[int | str, ...], environment: Mapping[str, str]) -> str:
    name = ENVIRONMENT_PREFIX + "__".join(str(part) for part in location).upper()
    return f" (from {name} in the environment)" if name in environment else ""


def _words(mistake: Any) -> str:
    if mistake["type"] == "extra_forbidden":
        return "no such key"
    if mistake["type"] == "missing":
        return "is missing"
    if mistake["type"] == "string_pattern_mismatch":
        return "may hold letters, digits and . _ - only, 64 at most"
    return str(mistake["msg"]).removeprefix("Value error, ")


def _listed(source: str, mistakes: list[str]) -> str:
    if len(mistakes) == 1:
        return f"{source}: {mistakes[0]}"
    return f"{source} has {len(mistakes)} mistakes:\n" + "\n".join(f"  {mistake}" for mistake in mistakes)
