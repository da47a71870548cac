"""What the program knows: the manual of its rules, its formats."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import InputError
from .choices import one_of
from .desk import Desk


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(rules)
    app.command()(formats)


def rules(
    context: typer.Context,
    ident: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One rule's page.", show_default=False)
    ] = None,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """The rule manual: what each rule looks for, and where its method comes from."""
    from rich.table import Table
    from rich.text import Text

    from ..appraise import RULES, rulebook

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    chosen = [rule for rule in RULES if ident in (None, rule.id)]
    if not chosen:
        near = [rule.id for rule in RULES if ident and ident.split(".")[-1] in rule.id]
        raise InputError(
            f"no rule has the id “{ident}”",
            hint=f"near: {', '.join(near)}" if near else "`aggregator rules` lists them",
        )
    book = rulebook(desk.settings.vocabularies())
    if form == "json":
        desk.print_json(
            {"rulebook": book, "rules": [{"id": r.id, "title": r.title, "manual": r.manual} for r in chosen]}
        )
    elif ident:
        desk.out.print(Text(f"{chosen[0].id} – {chosen[0].title}", style="bold"))
        desk.out.print(Text(f"\n{chosen[0].manual}\n\nrule book {book}"))
    else:
        table = Table("rule", "what it decides")
        for rule in chosen:
            table.add_row(Text(rule.id), Text(rule.title))
        desk.out.print(table)
        desk.out.print(f"rule book {book}; `aggregator rules ID` prints a page")


def formats(
    context: typer.Context,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """The formats a report can be written in."""
    from ..report import FORMATS

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    if form == "json":
        desk.print_json([{"name": f.name, "suffix": f.suffix, "words": f.words} for f in FORMATS])
        return
    for format_ in FORMATS:
        desk.out.print(f"{format_.name:<10} {format_.words}", soft_wrap=True)
