"""Is everything in place? Each check says what it found and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..appraise import rulebook
from ..config import Settings
from ..errors import AggregatorError, ConfigError, StoreError
from ..http import reachable
from ..store import HEAD, Library
from ..store.migrations import outdated_error

_LOW_SPACE = 500_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of the doctor."""

    name: str
    state: Literal["ok", "note", "failed"]
    says: str
    do: str = ""
    error: AggregatorError | None = None
    """Set when the command should fail for it."""


def examine(
    settings: Callable[[], Settings],
    library: Callable[[], Library],
    source: Callable[[], str],
    *,
    online: bool,
) -> list[Check]:
    """All checks; the arguments are called here so that a broken configuration is a finding too."""
    try:
        found = settings()
        checks = [Check("configuration", "ok", source())]
    except AggregatorError as error:
        return [Check("configuration", "failed", error.message, error.hint, error)]
    checks += [_email(found), *_key(found)]
    checks += [_ncbi(found)] if online else [Check("NCBI", "note", "not tried (--offline)")]
    return [*checks, *_library(found, library)]


def _email(settings: Settings) -> Check:
    if settings.ncbi.email:
        return Check("e-mail", "ok", "set")
    return Check("e-mail", "note", "not set", "set ncbi.email before fetching: NCBI asks who is calling")


def _key(settings: Settings) -> Iterator[Check]:
    if os.environ.get("NCBI_API_KEY"):
        yield Check("API key", "ok", "from NCBI_API_KEY: 10 requests a second")
    elif file := settings.ncbi.api_key_file:
        if Path(file).is_file():
            yield Check("API key", "ok", f"from {file}: 10 requests a second")
        else:
            missing = ConfigError(
                f"ncbi.api_key_file names no file: {file}", hint="correct the name or remove it"
            )
            yield Check("API key", "failed", missing.message, missing.hint, missing)
    else:
        yield Check(
            "API key", "note", "none: 3 requests a second", "a key is free: set NCBI_API_KEY for 10 a second"
        )


def _ncbi(settings: Settings) -> Check:
    try:
        reachable(settings.ncbi.base_url)
    except AggregatorError as error:
        return Check("NCBI", "failed", error.message, error.hint, error)
    return Check("NCBI", "ok", f"answers at {settings.ncbi.base_url}")


def _library(settings: Settings, library: Callable[[], Library]) -> Iterator[Check]:
    try:
        held = library()
        version = held.version()
    except AggregatorError as error:
        yield Check("library", "failed", error.message, error.hint, error)
        return
    if version is None:
        yield Check("library", "note", f"none yet at {held.where}", "`aggregator load FILE` makes one")
    elif version != HEAD:
        outdated = outdated_error(version, held.where)
        yield Check("library", "failed", outdated.message, outdated.hint, outdated)
    else:
        sizes = held.sizes()
        yield Check(
            "library",
            "ok",
            f"{held.where}: {sizes['records']} papers, {sizes['revisions']} revisions, schema {version}",
        )
        if sizes["unreadable"]:
            yield Check(
                "unreadable records", "note", str(sizes["unreadable"]), "`aggregator db status` lists them"
            )
        waiting = held.waiting(rulebook(settings.vocabularies()))
        if waiting:
            words = f"{waiting} papers not appraised by the current rule book"
            yield Check(
                "appraisal", "note", words, "run `aggregator appraise`; papers outside all topics wait for it"
            )
    if held.is_file:
        yield _disk(Path(held.where))


def _disk(path: Path) -> Check:
    folder = next(place for place in path.parents if place.is_dir())
    free = shutil.disk_usage(folder).free
    if free < _LOW_SPACE:
        full = StoreError(f"{free // 1_000_000} MB free in {folder}", hint="free some space before loading")
        return Check("disk", "failed", full.message, full.hint, full)
    if not os.access(folder, os.W_OK):
        closed = StoreError(f"{folder} cannot be written", hint="check its permissions")
        return Check("disk", "failed", closed.message, closed.hint, closed)
    return Check("disk", "ok", f"{free // 1_000_000_000} GB free in {folder}")
