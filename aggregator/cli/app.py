"""The program's commands, listed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import database, harvest, knowledge, library, output, setup
from .desk import Desk

app = typer.Typer(
    name="aggregator",
    help="Papers from PubMed, kept locally and graded by strength of evidence. Informs; gives no medical advice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"aggregator {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Configuration file (default: ./config.toml, then your own folder).",
            show_default=False,
        ),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="URL",
            help="Library: sqlite:///file.db or postgresql+psycopg://…",
            show_default=False,
        ),
    ] = None,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="Say more; show tracebacks.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but results and errors.")] = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Notes on stderr as JSON, one line each.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    desk: Desk = context.obj
    desk.config, desk.db, desk.log_json = config, db, log_json
    desk.verbosity = -1 if quiet else verbose
    del version


for group in (setup, harvest, library, output, knowledge):
    group.add_to(app)
app.add_typer(database.app, name="db")
