"""What every command needs: the configuration, the library, the two streams, the clock."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import (
    AggregatorError,
    ConfigError,
    InputError,
    LibraryBusy,
    QueryError,
    SourceError,
    StoreError,
)

if TYPE_CHECKING:
    from rich.console import Console

    from ..config import Settings
    from ..store import Library

_EXIT_CODES: tuple[tuple[type[AggregatorError], int], ...] = (
    (ConfigError, 2),
    (QueryError, 2),
    (InputError, 2),
    (SourceError, 3),
    (StoreError, 4),
    (LibraryBusy, 5),
    (AggregatorError, 1),
)
EXIT_INCOMPLETE = 6
_WORST_FIRST = (4, 3, 5, 2, 6, 1)


def exit_code(error: AggregatorError) -> int:
    """The exit code for an error."""
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))


def worst(codes: list[int]) -> int:
    """The exit code of a command with several parts: the worst of 4, 3, 2, 6, in this order."""
    return next((code for code in _WORST_FIRST if code in codes), 0)


@dataclass
class Desk:
    """Opened lazily: ``--help`` touches none of it."""

    config: Path | None = None
    db: str | None = None
    verbosity: int = 0
    """-1 quiet, 0 normal, 1 and more verbose."""
    log_json: bool = False
    _libraries: list[Library] = field(default_factory=list)

    # ------------------------------------------------------------------ configuration and library

    @cached_property
    def config_file(self) -> Path | None:
        """The configuration file in use; ``None`` means the built-in one."""
        if self.config is not None:
            if not self.config.is_file():
                raise ConfigError(
                    f"there is no such file: {self.config}", hint="`aggregator init` writes one"
                )
            return self.config
        places = (Path("config.toml"), user_folder() / "config.toml")
        return next((place for place in places if place.is_file()), None)

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises: ConfigError."""
        from ..config import parse

        text, source = self.config_text()
        environment = {name: value for name, value in os.environ.items() if name.startswith("AGGREGATOR_")}
        return parse(text, source=source, environment=environment)

    def config_text(self) -> tuple[str, str]:
        """The configuration's text and its name."""
        if self.config_file is None:
            return default_config(), "built-in configuration"
        try:
            return self.config_file.read_text(encoding="utf-8"), str(self.config_file)
        except UnicodeDecodeError as error:
            raise ConfigError(f"{self.config_file} is not UTF-8 text", hint="save it as UTF-8") from error
        except OSError as error:
            raise ConfigError(f"{self.config_file} cannot be read: {error.strerror}") from error

    @cached_property
    def library(self) -> Library:
        """The library, not opened yet."""
        from ..store import Library

        if self.db is not None or "AGGREGATOR_LIBRARY__URL" in os.environ or self.config_file is None:
            base = Path.cwd()
        else:
            base = self.config_file.resolve().parent
        library = Library(self.db or self.settings.library.url, base)
        self._libraries.append(library)
        return library

    def close(self) -> None:
        """Gives connections back."""
        for library in self._libraries:
            library.close()

    # ------------------------------------------------------------------ streams and clock

    @cached_property
    def out(self) -> Console:
        """Results for people."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=False, emoji=False, markup=False)

    @cached_property
    def err(self) -> Console:
        """Progress, notes, warnings."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)

    def say(self, text: str, **event: Any) -> None:
        """A note to the person watching, on stderr; with ``--log-json`` the same as one line of JSON."""
        if self.verbosity < 0:
            return
        if self.log_json:
            print(json.dumps({"at": now(), "message": text, **event}, ensure_ascii=False), file=sys.stderr)  # noqa: T201  # the command line speaks
        else:
            self.err.print(text)

    def print_json(self, value: Any) -> None:
        """One JSON document on stdout."""
        json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")

    @contextmanager
    def progress(self, what: str, total: float | None) -> Iterator[Callable[..., None]]:
        """A bar on a terminal, nothing elsewhere.

        What it gives takes the position reached, not steps, and a new total where that has become known.
        """
        if self.verbosity < 0 or self.log_json or not sys.stderr.isatty():
            yield lambda _position, _total=None: None
            return
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda position, total=None: bar.update(task, completed=position, total=total)


def now() -> str:
    """The time, UTC, ISO 8601, to the second."""
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user_folder() -> Path:
    """The user's configuration folder for this program."""
    import typer

    return Path(typer.get_app_dir("aggregator"))


def default_config() -> str:
    """The configuration that comes with the program."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "data" / "config.toml"
    return (inside if inside.is_file() else package.parent / "config.toml").read_text(encoding="utf-8")


def report_error(error: Exception, desk: Desk) -> int:
    """Prints one clear message with its way out on stderr. Returns the exit code."""
    if desk.verbosity > 0:
        import traceback

        traceback.print_exception(error)
    if not isinstance(error, AggregatorError):
        kind = type(error).__name__
        error = AggregatorError(
            f"unexpected failure ({kind}): {error}", hint="run it again with -v and report what it prints"
        )
    if desk.log_json:
        line = {"at": now(), "error": error.message, "hint": error.hint}
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr)  # noqa: T201  # the command line speaks
        return exit_code(error)
    lines = [f"error: {error.message}"]
    if isinstance(error, QueryError) and error.query:
        lines += [f"  {error.query}", "  " + " " * error.place + "^"]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    print("\n".join(lines), file=sys.stderr)  # noqa: T201
    return exit_code(error)
