"""The door that opens any file of papers: it looks at the content, never at the name.

::

    with open_source(path) as source:
        for item in source.items():
            if known(item.raw):
                continue
            paper = item.read()
"""

from __future__ import annotations

import codecs
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Literal, Protocol, Self

from aggregator.errors import InputError, SourceGarbled
from aggregator.model import Article, Deletion, Unreadable
from aggregator.sources import medline, pubmed_xml
from aggregator.sources.envelope import Raw, Readable

_HEAD: Final = 8192
_STEP: Final = 1 << 18
_GZIP = b"\x1f\x8b"
_EXPORT = "on PubMed: Save, format PubMed (.nbib); or load XML from EFetch or the yearly files"
_UNPACK = "unpack it, and load what is inside"
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
    b"BZh": ("packed with bzip2", _UNPACK),
    b"\xfd7zXZ\x00": ("packed with xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("packed with zstd", _UNPACK),
    b"%PDF-": ("a PDF", _EXPORT),
    b"TY  - ": ("RIS, which is not read", _EXPORT),
}
"""What is refused by its first bytes, and the way out."""
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""Encodings that are known by how a file begins."""
_MEDLINE_LINE = re.compile(rb"[A-Z][A-Z0-9]{1,3} *- ")
_HTML = re.compile(r"(?:<!--[^>]*-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)


class Format(StrEnum):
    """What a file holds."""

    PUBMED_XML = "PubMed XML"
    MEDLINE = "MEDLINE text"


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a file, not yet parsed: ``raw`` is what a known record is recognised by."""

    kind: Literal["article", "delete"]
    raw: bytes
    """Exactly the bytes of the record (as UTF-8 where the file was in another encoding)."""
    place: str
    """Where it stands: "record 17"."""
    record: Raw | None = None
    """The record of PubMed XML; ``None`` for MEDLINE text."""

    def read(self) -> Article | Deletion | Unreadable:
        """What the record says."""
        return read_all((self,))[0]


def read_all(items: Sequence[Item]) -> list[Article | Deletion | Unreadable]:
    """What many records say, in order; papers in PubMed XML are parsed together, which is faster."""
    xml = [item.record for item in items if item.record and item.kind == "article"]
    papers = iter(pubmed_xml.read_articles(xml))
    return [next(papers) if item.record and item.kind == "article" else _read(item) for item in items]


def _read(item: Item) -> Article | Deletion | Unreadable:
    if item.record is None:
        return medline.read_text(item.raw, item.place)
    return pubmed_xml.read_deletions(item.record)


class SourceFile:
    """An open file of papers; it reads as it goes, and is closed by its ``with`` block."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.name = path.name
        """The file's name without its folder."""
        self.size = os.fstat(file.fileno()).st_size
        """Bytes on disk, still packed; 0 for a pipe."""
        self._path = path
        self._content = _Content(path, file)
        self.kind = _format(self._content.head, path)
        """What it holds."""

    @property
    def position(self) -> int:
        """How many of ``size`` bytes have been read: the progress."""
        return self._content.position

    def items(self) -> Iterator[Item]:
        """The records in order, once.

        Raises: `InputError` where the file breaks off or is damaged, after everything whole before that
        place; `SourceGarbled` where an error message of NCBI was saved in place of records.
        """
        cut = _xml_items if self.kind is Format.PUBMED_XML else _medline_items
        try:
            yield from cut(self._content)
        except (InputError, SourceGarbled) as wrong:
            self._content.complain(wrong)
            raise type(wrong)(f"{self._path}: {wrong.message}", hint=wrong.hint) from wrong
        self._content.complain()

    def close(self) -> None:
        """Let go of the file."""
        self._content.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(path: Path) -> SourceFile:
    """The file, open, with its format known.

    Raises: `InputError`, in one line and with a way out, for everything that is no file of papers.
    """
    file = _open(path)
    try:
        return SourceFile(path, file)
    except BaseException:
        file.close()
        raise


def _open(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder", hint="name a file in it")
        return path.open("rb")
    except FileNotFoundError as wrong:
        raise InputError(f"no such file: {path}", hint="check the name") from wrong
    except PermissionError as wrong:
        raise InputError(f"no permission to read {path}", hint=f"chmod u+r {path}") from wrong
    except (OSError, ValueError) as wrong:
        raise InputError(f"cannot open {path}: {wrong}", hint="check the name") from wrong


def _xml_items(content: _Content) -> Iterator[Item]:
    for record in pubmed_xml.raw_records(content):
        yield Item("delete" if record.kind == "delete" else "article", record.data, record.place, record)


def _medline_items(content: _Content) -> Iterator[Item]:
    """One behind the reading, so that a record cut in two by damage is not taken for a whole one."""
    last: Item | None = None
    for number, data in enumerate(medline.raw_texts(content), 1):
        if last:
            yield last
        last = Item("article", data, f"record {number}")
    if last and not content.damage:
        yield last


# ------------------------------------------------------------------------------------------ content


class _Content:
    """The unpacked content of a file. Damage ends it quietly and is told after what came before it."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.damage = ""
        self._path = path
        self._packed = _Counted(file)
        self._stream: Readable = self._packed
        self.head = self._first()
        if self.head.startswith(_GZIP):
            self._packed.give_again(self.head)
            self._stream = _Unpacked(self._packed)
            self.head = self._first()
            if self.head.startswith(_GZIP):
                raise InputError(f"{path} is packed with gzip twice", hint=f"gunzip {path}")
        if not self.head:
            self.complain()
        self._begun = False

    @property
    def position(self) -> int:
        return self._packed.count

    def read(self, size: int = -1, /) -> bytes:
        if not self._begun:
            self._begun = True
            return self.head
        return self._next(size)

    def complain(self, cause: Exception | None = None) -> None:
        """Raise for damage met on the way, which explains whatever else was found wrong."""
        if self.damage:
            hint = "download it again; the records before the break are whole"
            raise InputError(f"{self._path}: {self.damage}", hint=hint) from cause

    def close(self) -> None:
        self._packed.close()

    def _first(self) -> bytes:
        head = b""
        while len(head) < _HEAD and (part := self._next(_HEAD - len(head))):
            head += part
        return head

    def _next(self, size: int) -> bytes:
        if self.damage:
            return b""
        try:
            return self._stream.read(size)
        except EOFError:
            self.damage = "the gzip file breaks off before its end"
        except _gunzip_errors() as wrong:
            self.damage = f"the gzip file is damaged ({wrong})"
        except OSError as wrong:
            self.damage = f"reading stopped: {wrong.strerror or wrong}"
        return b""


class _Counted:
    """A file that counts what was read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._again = b""
        self.count = 0

    def give_again(self, head: bytes) -> None:
        self._again = head

    def read(self, size: int = -1, /) -> bytes:
        if self._again:
            part, self._again = (self._again, b"") if size < 0 else (self._again[:size], self._again[size:])
            return part
        part = self._file.read(size)
        self.count += len(part)
        return part

    def close(self) -> None:
        self._file.close()


class _Unpacked:
    """The content of a gzip file of one or more members.

    gzip's own reader loses what it has unpacked when a file breaks off; this one gives it first.
    """

    def __init__(self, packed: Readable) -> None:
        self._packed = packed
        self._member: _Member | None = None
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        limit = _STEP if size < 0 else min(size, _STEP)
        while (member := self._current()) is not None:
            packed = self._rest or member.unconsumed_tail or self._packed.read(_STEP)
            self._rest = b""
            part = member.decompress(packed, limit)
            if part:
                return part
            if not packed and not member.eof:
                raise EOFError
        return b""

    def _current(self) -> _Member | None:
        """The member being read, or the next one; zeros after the last are padding."""
        if self._member and not self._member.eof:
            return self._member
        rest = (self._member.unused_data if self._member else b"") or self._packed.read(_STEP)
        while self._member and rest and not (rest := rest.lstrip(b"\0")):
            rest = self._packed.read(_STEP)
        self._rest = rest
        self._member = _member() if rest else None
        return self._member


class _Member(Protocol):
    """isal's decompressor, as much of it as is used."""

    eof: bool
    unconsumed_tail: bytes
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _member() -> _Member:
    from isal import isal_zlib

    member: _Member = isal_zlib.decompressobj(wbits=16 + 15)
    return member


def _gunzip_errors() -> tuple[type[Exception], ...]:
    from isal import igzip_lib

    isal_error: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]  # isal's stub names an instance
    return zlib.error, isal_error


# ------------------------------------------------------------------------------------------ formats


def _format(head: bytes, path: Path) -> Format:
    bare = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not bare:
        raise InputError(f"{path} is empty", hint="download it again")
    for magic, (name, hint) in _FOREIGN.items():
        if bare.startswith(magic):
            raise InputError(f"{path} is {name}", hint=hint)
    wide = next((name for mark, name in _WIDE.items() if head.startswith(mark)), "")
    text = bare.decode(wide or "latin-1", "ignore").lstrip("\ufeff \t\r\n")
    if _HTML.match(text):
        raise InputError(f"{path} is a web page", hint=_EXPORT)
    if text.startswith("<"):
        return Format.PUBMED_XML
    if not wide and _MEDLINE_LINE.match(bare) and b"\0" not in bare:
        return _medline(bare, path)
    raise _refusal(bare, wide, path)


def _medline(head: bytes, path: Path) -> Format:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as wrong:
        raise InputError(f"{path} is not UTF-8 text", hint=f"iconv -f latin1 -t utf-8 {path}") from wrong
    return Format.MEDLINE


def _refusal(head: bytes, wide: str, path: Path) -> InputError:
    if wide:
        return InputError(f"{path} is {wide.upper()} text", hint="save it as UTF-8")
    if b"\0" in head:
        return InputError(f"{path} is a binary file", hint=_EXPORT)
    return InputError(f"{path} is neither PubMed XML nor MEDLINE text", hint=_EXPORT)
