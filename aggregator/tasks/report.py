"""Writing reports: all or nothing, never a half-written file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import StoreError
from ..grade.summary import Summary
from ..report import Format


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file beside its place and moves it there. Raises: StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(part, 0o666 & ~mask)  # noqa: PTH101  # mkstemp makes it private; a report is for others
            os.replace(part, path)  # noqa: PTH105  # atomic on one file system
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)  # noqa: PTH108
            raise
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="check the folder, its permissions and free space",
        ) from error


def write_reports(
    summaries: Sequence[Summary],
    formats: Sequence[Format],
    to: Path,
    *,
    title: str,
    version: str,
    printed: str,
) -> list[Path]:
    """Writes one document for each format. ``to``: a folder, or a file when there is one format.

    Every document is made before the first is written.
    """
    stem = "-".join(summary.topic.name for summary in summaries)
    single = len(formats) == 1 and to.suffix == formats[0].suffix and not to.is_dir()
    made = [
        (
            to if single else to / f"{stem}{form.suffix}",
            form.load()(summaries, title=title, version=version, printed=printed),
        )
        for form in formats
    ]
    for path, text in made:
        write_atomically(path, text.encode())
    return [path for path, _ in made]
