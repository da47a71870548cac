"""PubMed XML cut into its records, byte for byte, without parsing them.

Unchanged records are recognised by the hash of their bytes and never parsed, so cutting and reading are two
steps. Whatever the input, no more than one record and one chunk is held, no entity is expanded and nothing is
fetched: a document that brings its own declarations is refused before any parser sees it.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, NoReturn, Protocol

from aggregator.errors import InputError, SourceGarbled
from aggregator.text import clean, shorten

CHUNK: Final = 1 << 20
LONGEST_RECORD: Final = 32 << 20
"""The largest real records (thousands of authors) stay below 4 MB."""
_LONGEST_PROLOG = 64 << 10

Kind = Literal["article", "book", "delete"]
_KINDS: dict[bytes, Kind] = {
    b"PubmedArticle": "article",
    b"PubmedBookArticle": "book",
    b"DeleteCitation": "delete",
}
_SETS = (b"PubmedArticleSet", b"PubmedBookArticleSet")

_SPACE = re.compile(rb"[ \t\r\n]*")
_START = re.compile(rb"<(PubmedArticle|PubmedBookArticle|DeleteCitation)(?=[ \t\r\n/>])")
_EMPTY = re.compile(rb"<(?:PubmedArticle|PubmedBookArticle|DeleteCitation)[ \t\r\n]*/>")
_CLOSING = re.compile(rb"</([^\s<>]+)[ \t\r\n]*>")
_DOCUMENT = re.compile(rb"<\?xml[ \t\r\n]|<!DOCTYPE|<Pubmed")
_TAG_END = re.compile(rb"[ \t\r\n]*>")
_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^>]*?\?>")
_ENCODING = re.compile(rb"encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_DOCTYPE = re.compile(
    rb"<!DOCTYPE[ \t\r\n]+[^\s<>\[\"']+(?:[ \t\r\n]+(?:SYSTEM|PUBLIC[ \t\r\n]+(?:\"[^\"]*\"|'[^']*'))"
    rb"[ \t\r\n]+(?:\"[^\"]*\"|'[^']*'))?[ \t\r\n]*>"
)
_ROOT = re.compile(rb"<([A-Za-z_][^\s<>/]*)(?:[ \t\r\n][^<>]*?)?(/?)>")
_ERROR = re.compile(rb"<ERROR[^<>]*>([^<]*)", re.IGNORECASE)
_OTHER_ENCODINGS = re.compile(r"iso8859-\d+|cp125\d|utf-16(?:-[lb]e)?")

_BREAK_HINT = "download it again; the records before the break are whole"


class Readable(Protocol):
    """Anything that gives bytes, and ``b""`` at its end."""

    def read(self, size: int = ..., /) -> bytes: ...


class Raw(NamedTuple):
    """One record as it stood in the file: exactly the bytes of its element, in UTF-8."""

    kind: Kind
    data: bytes
    number: int = 0
    """Counted from 1 in its file; 0 where it did not come from one."""

    @property
    def place(self) -> str:
        return f"record {self.number}" if self.number else ""


def raw_records(stream: Readable) -> Iterator[Raw]:
    """The records of PubMed XML in order, cut out of the stream as it is read.

    Several documents one after the other (EFetch answers saved to one file) are read as one.

    Raises: `InputError` where the stream is no PubMed XML, breaks off or is damaged between records, after
    everything before that place was given; `SourceGarbled` for an error message of NCBI in place of records.
    """
    window = _Window(_in_utf8(stream))
    number = 0
    root = _opened(window)
    while root is not None:
        window.skip_space_and_comments()
        start = _START.match(window.data, window.at)
        if start:
            data = window.take(_record_length(window, start[1], number + 1))
            if not _EMPTY.fullmatch(data):
                number += 1
                yield Raw(_KINDS[start[1]], data, number)
        elif root or not window.ended():
            root = _closed(window, root, number)
        else:
            return


class _Window:
    """The part of a stream that is being looked at; grows by chunks and forgets what was taken."""

    __slots__ = ("_over", "_stream", "at", "data")

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._over = False
        self.data = b""
        self.at = 0

    def more(self) -> bool:
        """Whether another chunk came; what was taken is dropped, so positions are counted from ``at``."""
        parts, size = [self.data[self.at :]], 0
        while not self._over and size < CHUNK:
            part = self._stream.read(CHUNK - size)
            self._over = not part
            parts.append(part)
            size += len(part)
        self.data, self.at = b"".join(parts), 0
        return size > 0

    def ended(self) -> bool:
        return self.at >= len(self.data) and not self.more()

    def hold(self, size: int) -> None:
        """Have at least ``size`` bytes before us, or all there are."""
        while len(self.data) - self.at < size and self.more():
            pass

    def find(self, what: bytes, offset: int) -> int:
        """How far ``what`` is from ``at``, looking from ``offset`` on; -1 where the stream ends first."""
        while True:
            found = self.data.find(what, self.at + offset)
            if found >= 0:
                return found - self.at
            offset = max(offset, len(self.data) - self.at - len(what) + 1)
            if len(self.data) - self.at > LONGEST_RECORD:
                raise InputError(
                    f"one record is longer than {LONGEST_RECORD >> 20} MB",
                    hint="this is no file of PubMed records, or it is damaged",
                )
            if not self.more():
                return -1

    def mark(self, start: int, end: int) -> int:
        """Where a comment or CDATA section may begin, else below 0. A bare "!" is rare, and found faster."""
        first = self.data.find(b"!", self.at + start, self.at + end)
        return -1 if first < 0 else self.data.find(b"<!", first - 1, self.at + end) - self.at

    def take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        self.at += size
        return taken

    def skip_space(self) -> None:
        while True:
            space = _SPACE.match(self.data, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.data) or not self.more():
                return

    def skip_space_and_comments(self) -> None:
        """Go to the next tag, with enough before us to see which."""
        while True:
            self.skip_space()
            self.hold(256)
            closer = _hiding(self.data, self.at)
            if self.data.startswith(b"<?", self.at) and not _DECLARATION.match(self.data, self.at):
                closer = b"?>"
            if not closer or (length := self.find(closer, 4)) < 0:
                return
            self.at += length + len(closer)


def _hiding(data: bytes, at: int) -> bytes:
    """What ends the comment or CDATA section that starts here; empty where none does."""
    if data.startswith(b"<!--", at):
        return b"-->"
    return b"]]>" if data.startswith(b"<![CDATA[", at) else b""


def _record_length(window: _Window, name: bytes, number: int) -> int:
    """How far the record before us reaches: to its end tag outside comments, or to where the next begins."""
    empty = _EMPTY.match(window.data, window.at)
    if empty:
        return empty.end() - window.at
    closing, scan, end = b"</" + name, 1, -1
    while True:
        if end < scan:
            end = window.find(closing, scan)
        if end < 0:
            _broken_off(number - 1)
        if (hidden := window.mark(scan, end)) >= 0:
            scan = _past_hidden(window, hidden, number)
            continue
        if (over := _tag_end(window, end + len(closing))) >= 0:
            unclosed = window.data.find(b"<" + name + b">", window.at + scan, window.at + end)
            return unclosed - window.at if unclosed >= 0 else over
        scan = end + len(closing)


def _past_hidden(window: _Window, hidden: int, number: int) -> int:
    closer = _hiding(window.data, window.at + hidden)
    if not closer:
        return hidden + 2
    end = window.find(closer, hidden + 4)
    if end < 0:
        _broken_off(number - 1)
    return end + len(closer)


def _tag_end(window: _Window, offset: int) -> int:
    """Where a tag whose name stops at ``offset`` ends; -1 when that was not the whole name."""
    window.hold(offset + 64)
    end = _TAG_END.match(window.data, window.at + offset)
    return end.end() - window.at if end else -1


def _closed(window: _Window, root: bytes, number: int) -> bytes | None:
    """Step over the closing tag of the root; the root of the document that follows, ``None`` at the end."""
    closing = _CLOSING.match(window.data, window.at)
    if root and closing and closing[1] == root:
        window.at = closing.end()
    elif root:
        rest = window.data[window.at : window.at + 256]
        if window.ended() or (rest.startswith(b"<") and b">" not in rest and len(rest) < 256):
            _broken_off(number)
        _garbage(rest, number)
    return _next_document(window, number)


def _next_document(window: _Window, number: int) -> bytes | None:
    window.skip_space_and_comments()
    if window.ended():
        return None
    if not _DOCUMENT.match(window.data, window.at):
        _garbage(window.data[window.at : window.at + 256], number)
    return _opened(window, again=True)


def _broken_off(number: int) -> NoReturn:
    raise InputError(f"the XML breaks off after record {number}", hint=_BREAK_HINT)


def _garbage(found: bytes, number: int) -> NoReturn:
    shown = shorten(clean(found.decode("utf-8", "replace")), 40)
    raise InputError(f"found {shown!r} after record {number} where a record should begin", hint=_BREAK_HINT)


def _opened(window: _Window, *, again: bool = False) -> bytes | None:
    """Step into the document before us: its root's name; empty for one bare record; ``None`` if empty."""
    window.hold(_LONGEST_PROLOG)
    declaration = _DECLARATION.match(window.data, window.at)
    if declaration:
        if again and not _is_utf8(_declared(declaration[0])):
            raise InputError("documents of different encodings in one file", hint="load them one by one")
        window.at = declaration.end()
    window.skip_space_and_comments()
    if window.data.startswith(b"<!DOCTYPE", window.at):
        _skip_doctype(window)
        window.skip_space_and_comments()
    window.hold(_LONGEST_PROLOG)
    root = _ROOT.match(window.data, window.at)
    if not root or root.end() - window.at > _LONGEST_PROLOG:
        _not_xml(window)
    return _entered(window, root)


def _skip_doctype(window: _Window) -> None:
    doctype = _DOCTYPE.match(window.data, window.at)
    if doctype:
        window.at = doctype.end()
        return
    if b"[" in window.data[window.at : window.at + _LONGEST_PROLOG].partition(b">")[0]:
        raise InputError(
            "the XML declares entities of its own, which PubMed never does",
            hint="take the file from PubMed itself; such declarations are neither expanded nor fetched",
        )
    raise InputError("the XML's DOCTYPE cannot be read", hint=_BREAK_HINT)


def _entered(window: _Window, root: re.Match[bytes]) -> bytes | None:
    name = root[1]
    if name in _KINDS:
        return b""
    if name not in _SETS:
        _other_root(name, window.data[window.at : window.at + _LONGEST_PROLOG])
    window.at = root.end()
    return name if not root[2] else _next_document(window, 0)


def _other_root(name: bytes, data: bytes) -> NoReturn:
    shown = shorten(clean(name.decode("utf-8", "replace")), 40)
    if name.endswith(b"Result"):
        said = " ".join(html.unescape(found.decode("utf-8", "replace")) for found in _ERROR.findall(data))
        raise SourceGarbled(
            f"NCBI answered with an error: {shorten(clean(said), 200)}"
            if said.strip()
            else f"an answer of NCBI without records (<{shown}>)",
            hint="ask for the records again",
        )
    if name.lower() == b"html":
        raise InputError("a web page, not PubMed XML", hint="save the records in the format XML or PubMed")
    raise InputError(f"the XML holds <{shown}>, not <PubmedArticleSet>", hint="export from PubMed as XML")


def _not_xml(window: _Window) -> NoReturn:
    if window.ended():
        raise InputError("there is nothing in it", hint="download it again")
    shown = shorten(clean(window.data[window.at : window.at + 64].decode("utf-8", "replace")), 40)
    raise InputError(f"not PubMed XML: it begins with {shown!r}", hint="export from PubMed as XML")


# ------------------------------------------------------------------------------------------ encodings


class _Started:
    """A stream whose first bytes were looked at and are given once more."""

    __slots__ = ("_head", "_stream")

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        if not self._head:
            return self._stream.read(size)
        given, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        return given


class _Recoded:
    """A stream in another encoding, given as UTF-8."""

    __slots__ = ("_decoder", "_name", "_stream")

    def __init__(self, stream: Readable, name: str) -> None:
        self._stream = stream
        self._name = name
        self._decoder = codecs.getincrementaldecoder(name)("strict")

    def read(self, size: int = -1, /) -> bytes:
        while True:
            part = self._stream.read(size)
            try:
                text = self._decoder.decode(part, not part)
            except UnicodeError as wrong:
                raise InputError(
                    f"the XML says it is {self._name} and is not", hint="save it as UTF-8"
                ) from wrong
            if text or not part:
                return text.encode()


def _in_utf8(stream: Readable) -> Readable:
    """The stream without its byte order mark, and recoded where the XML declares another encoding."""
    head = b""
    while len(head) < 512 and (part := stream.read(512 - len(head))):
        head += part
    if head.startswith(codecs.BOM_UTF8):
        return _Started(head[3:], stream)
    name = _utf16(head) or _declared(head)
    whole = _Started(head, stream)
    if _is_utf8(name):
        return whole
    known = _codec(name)
    if not _OTHER_ENCODINGS.fullmatch(known):
        raise InputError(f"the XML is in an encoding that is not read: {name}", hint="save it as UTF-8")
    if known.startswith("utf-16") and not _utf16(head):
        return whole
    return _Recoded(whole, known)


def _utf16(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if head.startswith(b"<") else "utf-16-be"
    return ""


def _declared(head: bytes) -> str:
    declaration = _DECLARATION.match(head)
    named = _ENCODING.search(declaration[0]) if declaration else None
    return named[1].decode("ascii") if named else "utf-8"


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""


def _is_utf8(name: str) -> bool:
    return _codec(name) in ("utf-8", "ascii")
