"""Looking after the library: db status, upgrade, check, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import StoreError
from .choices import one_of
from .desk import Desk

app = typer.Typer(help="Looks after the library.", no_args_is_help=True)


@app.command()
def status(
    context: typer.Context,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """What the library holds, where it came from, and what could not be read."""
    from ..store import HEAD

    desk: Desk = context.obj
    one_of(form, ("text", "json"))
    library = desk.library
    with library.reading():
        pass
    sizes, receipts, unreadable = library.sizes(), library.receipts(), library.unreadable()
    if form == "json":
        desk.print_json(
            {
                "library": library.where,
                "schema": library.version(),
                "head": HEAD,
                "sizes": sizes,
                "topics": library.topic_counts(),
                "receipts": [
                    {
                        "kind": r.kind,
                        "name": r.name,
                        "received": r.received,
                        "finished": r.finished or None,
                        "counts": dict(r.counts),
                    }
                    for r in receipts
                ],
                "unreadable": [
                    {"place": u.place, "pmid": u.pmid or None, "reason": u.reason} for u in unreadable
                ],
                "deleted_pmids": library.deleted_pmids(),
            }
        )
        return
    desk.out.print(
        f"Library: {library.where} (schema {library.version()}, this program's: {HEAD})", soft_wrap=True
    )
    for name, count in sizes.items():
        desk.out.print(f"  {name.replace('_', ' ')}: {count:,}")
    for topic, count in sorted(library.topic_counts().items()):
        desk.out.print(f"  topic {topic}: {count:,} papers")
    for receipt in receipts:
        cut = "" if receipt.finished else " – cut short; load it again"
        seen = f": {receipt.counts.get('seen', 0):,} records" if receipt.counts else ""
        desk.out.print(f"  {receipt.received} {receipt.kind} {receipt.name}{seen}{cut}", soft_wrap=True)
    for record in unreadable:
        desk.out.print(f"  unreadable: {record.place} {record.pmid}: {record.reason}", soft_wrap=True)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Brings the library to this program's version, or makes it."""
    desk: Desk = context.obj
    before, after = desk.library.upgrade()
    if before == after:
        desk.out.print(f"{desk.library.where} is at {after} already", soft_wrap=True)
    else:
        desk.out.print(f"{desk.library.where}: {before or 'new'} → {after}", soft_wrap=True)


@app.command()
def check(context: typer.Context) -> None:
    """Looks whether everything in the library is whole: database, revisions, search index."""
    from ..store.upkeep import check as check_library

    desk: Desk = context.obj
    sizes = desk.library.sizes()
    with desk.progress("checking", sizes["revisions"] + sizes["records"]) as show:
        reached = 0

        def step(rows: int) -> None:
            nonlocal reached
            reached += rows
            show(reached)

        wrong = check_library(desk.library, step)
    for line in wrong:
        desk.out.print(line, soft_wrap=True)
    if wrong:
        raise StoreError(
            f"{len(wrong)} things are wrong in {desk.library.where}",
            hint="restore a backup: `aggregator db restore FILE`",
        )
    desk.out.print(
        f"{desk.library.where}: all is well ({sizes['records']:,} papers, {sizes['revisions']:,} revisions)",
        soft_wrap=True,
    )


@app.command()
def backup(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="Where to; default: beside the library, dated.", show_default=False
        ),
    ] = None,
) -> None:
    """Copies the library while it may be in use."""
    from ..store.upkeep import backup as copy
    from .desk import now

    desk: Desk = context.obj
    stamp = now().replace(":", "").replace("-", "")
    default = (
        Path(desk.library.where + f".{stamp}.backup")
        if desk.library.is_file
        else Path(f"library.{stamp}.dump")
    )
    desk.out.print(str(copy(desk.library, to or default)), soft_wrap=True)


@app.command()
def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A file made by `db backup`.")],
) -> None:
    """Puts a backup in the library's place, where there is none."""
    from ..store.upkeep import restore as put_back

    desk: Desk = context.obj
    put_back(desk.library, source)
    desk.out.print(f"{desk.library.where} restored from {source}", soft_wrap=True)
