"""Small XML answers read by `Bio.Entrez`'s parser, against the DTDs that Biopython brings and no others.

Left to itself that parser downloads a DTD it does not know, and makes folders in the user's home as soon as
it is imported. Here both are impossible: an unknown DTD or schema is an error, and nothing is written.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from xml.parsers.expat import ExpatError

from aggregator.errors import SourceGarbled

_PROLOG = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>)?\s*(?:<!--.*?-->\s*)*", re.DOTALL)

DTD_OF = {
    "eSearchResult": "esearch.dtd",
    "ePostResult": "epost.dtd",
    "eSummaryResult": "esummary-v1.dtd",
    "eLinkResult": "elink.dtd",
    "eInfoResult": "einfo.dtd",
    "eSpellResult": "eSpell.dtd",
}
"""What an answer that names no DTD at all is read against."""


def read(body: bytes) -> Any:
    """The answer as Biopython's lists, dictionaries and strings; ``ERROR`` elements among them.

    Raises:
        SourceGarbled: no XML, an unknown DTD or schema, or not what its DTD says.
    """
    handler = _handler()(validate=True, escape=False, ignore_errors=True)
    try:
        return handler.read(BytesIO(_with_doctype(body)))
    except SourceGarbled:
        raise
    except (
        ValueError,
        RuntimeError,
        AssertionError,
        LookupError,
        TypeError,
        AttributeError,
        OSError,
        ExpatError,
    ):
        # The parser's own message may quote a whole answer; its kinds of failure have no common base.
        raise SourceGarbled("the answer is not XML of a known kind (DTD)") from None


def _with_doctype(body: bytes) -> bytes:
    prolog = _PROLOG.match(body)
    assert prolog is not None
    rest = body[prolog.end() :]
    root = re.match(rb"<([A-Za-z]+)", rest)
    dtd = DTD_OF.get(root[1].decode()) if root else None
    if root is None or dtd is None:
        return body
    head = prolog[1] or b'<?xml version="1.0" encoding="UTF-8"?>'
    doctype = f'<!DOCTYPE {root[1].decode()} SYSTEM "https://eutils.ncbi.nlm.nih.gov/eutils/dtd/{dtd}">'
    return head + doctype.encode() + rest


class _NoFolder:
    """Stands where Biopython wants a cache folder: its own answer to "permission denied" is to do without."""

    def __fspath__(self) -> str:
        raise PermissionError("no cache folder")


@cache
def _handler() -> Any:
    entrez: Any = import_module("Bio.Entrez")
    usual = entrez.local_cache
    entrez.local_cache = _NoFolder()
    try:
        parser: Any = import_module("Bio.Entrez.Parser")

        class BundledOnly(parser.DataHandler):  # type: ignore[misc]  # its types differ by version
            """Biopython's reader without its ways to the network and the disk."""

            local_dtd_dir = local_xsd_dir = None

            def open_dtd_file(self, filename: str) -> BinaryIO:
                return _bundled(self.global_dtd_dir, filename, "DTD")

            def open_xsd_file(self, filename: str) -> BinaryIO:
                return _bundled(self.global_xsd_dir, filename, "schema")

            def save_dtd_file(self, filename: str, text: bytes) -> None:
                raise SourceGarbled(f"unknown DTD: {filename}")

            save_xsd_file = save_dtd_file

        return BundledOnly
    finally:
        entrez.local_cache = usual


def _bundled(folder: str, filename: str, kind: str) -> BinaryIO:
    path = Path(folder) / Path(filename).name
    if not path.name or not path.is_file():
        raise SourceGarbled(
            f"the answer names a {kind} that is not bundled: {path.name[:80]!r}",
            hint="nothing is downloaded while reading; a newer Biopython may bring it",
        )
    return path.open("rb")
