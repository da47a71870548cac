"""Getting started: demo, init, doctor, topics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .desk import Desk, default_config, exit_code, now


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(demo)
    app.command()(init)
    app.command()(doctor)
    app.command()(topics)


def demo(context: typer.Context) -> None:
    """The whole job on the bundled starter set, offline, in a temporary library."""
    from ..config import parse
    from ..report.terminal import terminal
    from ..tasks.demo import run_demo

    desk: Desk = context.obj
    settings = parse(default_config(), source="built-in configuration", environment={})
    done = run_demo(settings, now=now)
    for summary in done.summaries:
        desk.out.print(terminal(summary, limits=summary is done.summaries[-1]))
    desk.out.print(f"Report: {done.report}", soft_wrap=True)
    desk.say(
        f"This was the starter set: {done.papers} selected kratom papers as digests, not the published abstracts, "
        "in a temporary library. `aggregator init` starts your own."
    )


def init(
    context: typer.Context,
    email: Annotated[str, typer.Option(help="Your e-mail address for NCBI.", show_default=False)] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over a configuration that is there.")] = False,
) -> None:
    """Writes a commented config.toml and makes the library."""
    from ..config import parse
    from ..errors import InputError
    from ..tasks.report import write_atomically

    desk: Desk = context.obj
    path = desk.config or Path("config.toml")
    if path.exists() and not force:
        raise InputError(f"there is a configuration already: {path}", hint="--force writes over it")
    if not email and sys.stdin.isatty() and sys.stderr.isatty():
        email = typer.prompt(
            "E-mail for NCBI (asked of everyone who fetches)", default="", show_default=False, err=True
        )
    text = _with_email(default_config(), email.strip())
    if desk.db:
        text = _with_library(text, desk.db)
    parse(text, source=str(path), environment={})
    write_atomically(path, text.encode())
    desk.config = path
    before, after = desk.library.upgrade()
    desk.out.print(f"Configuration: {path.resolve()}", soft_wrap=True)
    desk.out.print(
        f"Library: {desk.library.where} ({'made' if before is None else 'was there already' if before == after else f'upgraded to {after}'})",
        soft_wrap=True,
    )
    desk.say("Next: `aggregator load FILE` reads PubMed files; `aggregator topics` shows what is asked.")


def _with_email(text: str, email: str) -> str:
    from ..errors import InputError

    if email and ("@" not in email or any(c in email for c in '"\\\n\r ')):
        raise InputError(f"not an e-mail address: {email!r}", hint="for example: name@example.org")
    return text.replace('email = ""', f'email = "{email}"', 1)


def _with_library(text: str, url: str) -> str:
    import json

    return text.replace('url = "sqlite:///library.db"', f"url = {json.dumps(url, ensure_ascii=False)}", 1)


def topics(
    context: typer.Context,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """The configured topics, and how many papers each holds."""
    from rich.table import Table
    from rich.text import Text

    from .choices import one_of

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    counts = desk.library.topic_counts() if desk.library.exists() else {}
    if form == "json":
        desk.print_json(
            [
                {
                    **topic.model_dump(mode="json", exclude={"query"}),
                    "query": " ".join(topic.query.split()),
                    "papers": counts.get(topic.name, 0),
                }
                for topic in desk.settings.topic
            ]
        )
        return
    table = Table("topic", "kind", "question", "intervention", "outcomes", "papers")
    for topic in desk.settings.topic:
        cells = (
            topic.name,
            topic.kind,
            topic.question,
            topic.intervention,
            ", ".join(topic.outcomes) or "any",
        )
        table.add_row(*(Text(str(cell)) for cell in cells), str(counts.get(topic.name, 0)))
    desk.out.print(table)


def doctor(
    context: typer.Context,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    offline: Annotated[bool, typer.Option("--offline", help="Do not try to reach NCBI.")] = False,
) -> None:
    """Looks at configuration, key, reach of NCBI, library, migrations, disk: each with what to do."""
    from ..tasks.doctor import examine
    from .choices import one_of

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    checks = examine(
        lambda: desk.settings, lambda: desk.library, lambda: desk.config_text()[1], online=not offline
    )
    if form == "json":
        desk.print_json([{"check": c.name, "state": c.state, "says": c.says, "do": c.do} for c in checks])
    else:
        for check in checks:
            desk.out.print(f"{_SIGNS[check.state]} {check.name}: {check.says}", soft_wrap=True)
            if check.do:
                desk.out.print(f"    do: {check.do}", soft_wrap=True)
    failed = [check.error for check in checks if check.error is not None]
    if failed:
        raise typer.Exit(min(exit_code(error) for error in failed))


_SIGNS = {"ok": "ok     ", "note": "note   ", "failed": "FAILED "}
