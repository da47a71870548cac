"""What the E-utilities answered, as values: or the error that their answer really is.

They report most failures with status 200: an ``ERROR`` inside the result, a JSON body where XML was asked
for, an HTML page, an empty body, half a body. Read carelessly each of them means "nothing found", so every
answer passes `content` first.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from aggregator.errors import QueryError, SourceError, SourceGarbled, SourceRefused, SourceUnavailable
from aggregator.http import Answer, is_fleeting, redacted
from aggregator.sources import dtds

T = TypeVar("T")


class TooFast(SourceUnavailable):
    """The limit of requests was passed; the pace must be held."""


class HistoryLost(SourceUnavailable):
    """The history server has forgotten the set: asking again is useless, searching again is not."""


class BeyondWall(SourceRefused):
    """Records beyond the first 9,999 of a set were asked for: the set must be cut smaller."""


# ----------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark of the search engine that a person must see."""

    kind: str
    """NCBI's name: "FieldNotFound", "PhraseNotFound", "QuotedPhraseNotFound", "PhraseIgnored" …"""
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"

    @property
    def changes_the_search(self) -> bool:
        """Whether words of the query were not searched as written; the others are remarks."""
        return self.kind != "OutputMessage"


@dataclass(frozen=True, slots=True)
class History:
    """A set kept on NCBI's history server, for some hours."""

    webenv: str
    query_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """How many records match, and the ids that were given of them."""

    count: int
    ids: tuple[str, ...]
    start: int = 0
    query_translation: str = ""
    """The query as PubMed understood it."""
    history: History | None = None
    notices: tuple[Notice, ...] = ()
    clamped: bool = False
    """Whether the server gave fewer than were asked for because of its wall."""

    @property
    def complete(self) -> bool:
        """Whether every matching record is among the ids."""
        return self.start == 0 and len(self.ids) == self.count

    @property
    def unknown_fields(self) -> tuple[str, ...]:
        """Field tags that do not exist; ``count`` then is that of a wider search than was meant."""
        return tuple(notice.text for notice in self.notices if notice.kind == "FieldNotFound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A record in short, from ESummary."""

    pmid: str
    title: str = ""
    journal: str = ""
    published: str = ""
    doi: str = ""
    status: str = ""
    publication_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summaries:
    """Records in short, and the ids that PubMed says it does not have."""

    found: tuple[Summary, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """Records that one link (such as "pubmed_pubmed_refs") leads to from some ids."""

    ids: tuple[str, ...]
    name: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What EInfo says of one database; ``fields`` are its search tags with their names."""

    name: str
    count: int
    updated: str = ""
    fields: tuple[tuple[str, str], ...] = ()


# ----------------------------------------------------------------------------------- answers that are errors

_KEY_HINT = "check NCBI_API_KEY, or take it out: 3 requests a second need none"
_FAILURES: tuple[tuple[str, type[SourceError], str], ...] = (
    (r"rate limit|too many requests", TooFast, ""),
    (r"api[ _-]?key", SourceRefused, _KEY_HINT),
    (r"cannot be larger than|only retrieve the first|first 9,?999", BeyondWall, "cut the search by dates"),
    (r"unable to obtain query|history data|uids from history|webenv", HistoryLost, "search again"),
    (r"backend|timed? ?out|temporar|unavailable|try again|overload|exception|internal|resolve|connect|"
     r"cannot (?:get|retrieve|process)|unable to (?:get|retrieve|process)", SourceUnavailable, ""),
)  # fmt: skip
"""Words of an error, what they mean, and the way out; the first that fits counts. All others are refusals."""

_ERROR = re.compile(rb"<ERROR>(.*?)</ERROR>", re.DOTALL)
_ROOT = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE\s[^\[>]*(?:\[.*?\]\s*)?>|\s)*<([A-Za-z]\w*)",
    re.DOTALL,
)
_SETS = {"PubmedArticleSet", "PubmedBookArticleSet"}

_Show = Callable[[str], str]
"""Makes a foreign text fit to be shown: see `aggregator.http.redacted`."""


def content(answer: Answer, *, show: _Show = redacted) -> bytes:
    """The body of an answer that is what was asked for, in XML or JSON.

    Raises:
        SourceUnavailable: time may heal it (`TooFast`: slow down; `HistoryLost`: search again).
        SourceRefused: only a change heals it (`BeyondWall`: cut the set smaller).
        SourceGarbled: neither an answer nor an error of a known shape.
    """
    body = answer.body.strip()
    said = _errors(body)
    if said and not _lists_summaries(body):
        raise failure(" / ".join(said), status=answer.status, show=show)
    if answer.status != 200:
        raise failure("", status=answer.status, show=show)
    if not body:
        raise SourceUnavailable("the answer is empty")
    if not body.startswith(b"{"):
        _check_whole(body)
    return body


def failure(text: str, *, status: int = 200, show: _Show = redacted) -> SourceError:
    """The error that a text and a status stand for."""
    words = show(text) or f"HTTP {status}"
    for pattern, kind, hint in _FAILURES:
        if re.search(pattern, text, re.IGNORECASE):
            return kind(f"NCBI: {words}", hint=hint)
    if status == 429:
        return TooFast(f"NCBI: {words}")
    if is_fleeting(status):
        return SourceUnavailable(f"NCBI: {words} (HTTP {status})" if text else f"NCBI: {words}")
    return SourceRefused(f"NCBI refuses: {words}", hint=_REFUSALS.get(status, ""))


_REFUSALS = {
    403: "NCBI may have blocked this address: write to eutilities@ncbi.nlm.nih.gov",
    404: "check [ncbi] base_url",
}


def _errors(body: bytes) -> list[str]:
    if body.startswith(b"{"):
        return _json_errors(body)
    if _root(body) in _SETS:
        return []
    texts = (html.unescape(raw.decode("utf-8", "replace")).strip() for raw in _ERROR.findall(body))
    return [text for text in texts if text]


def _json_errors(body: bytes) -> list[str]:
    document = _json(body)
    inner = [value for value in document.values() if isinstance(value, dict)]
    found = [part.get(name) for part in (document, *inner) for name in ("error", "ERROR")]
    return [str(text) for text in found if text]


def _json(body: bytes) -> dict[str, Any]:
    try:
        # not strict: NCBI writes line ends into strings
        document = json.loads(body, strict=False)
    except ValueError:
        raise SourceUnavailable("the answer ends early, or is no JSON") from None
    if not isinstance(document, dict):
        raise SourceGarbled("the answer is JSON of an unknown shape")
    return document


def _lists_summaries(body: bytes) -> bool:
    # ESummary names each unknown id in an ERROR beside the records it found
    return _root(body) == "eSummaryResult" and (b"<DocSum>" in body or _UNKNOWN_UID.search(body) is not None)


_UNKNOWN_UID = re.compile(rb"<ERROR>\s*UID=(\d+): cannot get document summary\s*</ERROR>", re.IGNORECASE)


def _root(body: bytes) -> str:
    match = _ROOT.match(body)
    return match[1].decode("ascii", "replace") if match else ""


def _check_whole(body: bytes) -> None:
    root = _root(body)
    if root.lower() == "html" or re.match(rb"(?i)\s*<!doctype html", body):
        raise SourceUnavailable("NCBI sent a web page instead of an answer")
    if not body.startswith((b"<", b"\xef\xbb\xbf<")):
        raise _plain_words(body)
    # the root itself must end: half a body may well end in "/>"
    ends = rf"(?:</{root}>|<{root}(?:\s[^<>]*)?/>)\Z".encode()
    if not root or not re.search(ends, body[-500:]):
        raise SourceUnavailable("the answer ends early")


def _plain_words(body: bytes) -> SourceError:
    """What a body without any markup means: a short error now and then, else nothing that is known."""
    text = body[:_SHORT].decode("utf-8", "replace")
    if len(body) < _SHORT and re.search("error|fail|limit", text, re.IGNORECASE):
        return failure(text)
    return SourceGarbled("the answer is neither XML nor JSON")


_SHORT = 400


# ----------------------------------------------------------------------------------------- answers, read


def _of_known_shape(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """The same reader; where the answer lacks or has what the reader does not know, it is garbled."""

    @wraps(read)
    def reader(body: bytes) -> T:
        try:
            return read(body)
        except (AttributeError, LookupError, TypeError, ValueError):
            raise SourceGarbled("the answer is of an unknown shape") from None

    return reader


@_of_known_shape
def search_result(body: bytes) -> SearchResult:
    """The answer of ESearch, in XML or JSON."""
    if body.startswith(b"{"):
        return _json_search(_json(body))
    document = _document(body, "eSearchResult")
    return _search(
        document,
        notices=[*_listed(document, "ErrorList"), *_listed(document, "WarningList")],
        history=(document.get("WebEnv"), document.get("QueryKey")),
    )


def _search(
    document: Mapping[str, Any], *, notices: Sequence[Notice], history: tuple[str | None, str | None]
) -> SearchResult:
    webenv, query_key = history
    return SearchResult(
        count=_number(document.get("Count")),
        ids=_ids(document.get("IdList") or ()),
        start=_number(document.get("RetStart") or "0"),
        query_translation=str(document.get("QueryTranslation") or ""),
        history=History(str(webenv), str(query_key)) if webenv and query_key else None,
        notices=tuple(notices),
        clamped=any("restrictions achieved" in notice.text.lower() for notice in notices),
    )


def _json_search(document: Mapping[str, Any]) -> SearchResult:
    result = document.get("esearchresult")
    if not isinstance(result, dict):
        raise SourceGarbled("the answer holds no search result")
    lists = {**(result.get("errorlist") or {}), **(result.get("warninglist") or {})}
    names = {
        "Count": "count",
        "RetStart": "retstart",
        "IdList": "idlist",
        "QueryTranslation": "querytranslation",
    }
    return _search(
        {name: result.get(key) for name, key in names.items()},
        notices=[
            Notice(kind, str(text)) for key, kind in _JSON_KINDS.items() for text in lists.get(key) or ()
        ],
        history=(result.get("webenv"), result.get("querykey")),
    )


_JSON_KINDS = {
    "phrasesnotfound": "PhraseNotFound",
    "fieldsnotfound": "FieldNotFound",
    "phrasesignored": "PhraseIgnored",
    "quotedphrasesnotfound": "QuotedPhraseNotFound",
    "outputmessages": "OutputMessage",
}


def _listed(document: Mapping[str, Any], name: str) -> list[Notice]:
    lists = document.get(name)
    if not isinstance(lists, dict):
        return []
    return [Notice(kind, str(text)) for kind, texts in lists.items() for text in texts]


@_of_known_shape
def history(body: bytes) -> History:
    """The answer of EPost."""
    document = _document(body, "ePostResult")
    return History(_text(document, "WebEnv"), _text(document, "QueryKey"))


@_of_known_shape
def summaries(body: bytes) -> Summaries:
    """The answer of ESummary (version 1)."""
    entries = _document(body, "eSummaryResult", kind=list)
    documents = [entry for entry in entries if isinstance(entry, dict)]
    missing = (pmid.decode() for pmid in _UNKNOWN_UID.findall(body))
    return Summaries(tuple(_summary(document) for document in documents), tuple(missing))


def _summary(document: Mapping[str, Any]) -> Summary:
    return Summary(
        pmid=_text(document, "Id"),
        title=str(document.get("Title") or ""),
        journal=str(document.get("Source") or ""),
        published=str(document.get("PubDate") or ""),
        doi=str(document.get("DOI") or ""),
        status=str(document.get("RecordStatus") or ""),
        publication_types=tuple(str(kind) for kind in document.get("PubTypeList") or ()),
    )


@_of_known_shape
def links(body: bytes) -> tuple[Links, ...]:
    """The answer of ELink (neighbours)."""
    found = []
    for group in _document(body, "eLinkResult", kind=list):
        ids = _ids(group.get("IdList") or ())
        for links_of_kind in group.get("LinkSetDb") or ():
            to = _ids(link["Id"] for link in links_of_kind.get("Link") or ())
            found.append(Links(ids, str(links_of_kind.get("LinkName") or ""), to))
    return tuple(found)


@_of_known_shape
def databases(body: bytes) -> tuple[str, ...]:
    """The answer of EInfo without a name: all databases."""
    return tuple(str(name) for name in _document(body, "eInfoResult").get("DbList") or ())


@_of_known_shape
def database(body: bytes) -> Database:
    """The answer of EInfo on one database."""
    about = _document(body, "eInfoResult").get("DbInfo")
    about = about[0] if isinstance(about, list) and about else about
    if not isinstance(about, dict):
        raise SourceGarbled("the answer does not describe a database")
    return Database(
        name=_text(about, "DbName"),
        count=_number(about.get("Count")),
        updated=str(about.get("LastUpdate") or ""),
        fields=tuple((str(field["Name"]), str(field["FullName"])) for field in about.get("FieldList") or ()),
    )


def article_set(body: bytes) -> bytes:
    """The bytes of an article set that is whole, for the streaming reader; an empty set is one too."""
    if (root := _root(body)) not in _SETS:
        raise SourceGarbled(f"the answer is no article set but {root[:40] or 'text'!r}")
    return body


def is_empty_set(body: bytes) -> bool:
    """Whether an article set holds no record at all."""
    return re.search(rb"<(?:PubmedArticle|PubmedBookArticle)[\s>]", body) is None


def checked_fields(result: SearchResult, query: str) -> SearchResult:
    """The same result, when all its field tags exist.

    Raises:
        QueryError: names the field that does not; the ids would be those of a wider search.
    """
    if not result.unknown_fields:
        return result
    field = result.unknown_fields[0]
    place = query.lower().find(f"[{field.lower()}]")
    raise QueryError(
        f"PubMed knows no field [{redacted(field)}]; it answered a wider search instead",
        query=query,
        place=max(place, 0),
        hint="use a PubMed field such as [tiab], [mh] or [pt]",
    )


def _document(body: bytes, root: str, *, kind: type = dict) -> Any:
    if (found := _root(body)) != root:
        raise SourceGarbled(f"the answer is {found[:40] or 'text'!r}, not {root!r}")
    document = dtds.read(body)
    if not isinstance(document, kind):
        raise SourceGarbled(f"the answer is {root!r} of an unknown shape")
    return document


def _text(document: Mapping[str, Any], name: str) -> str:
    if not (text := str(document.get(name) or "")):
        raise SourceGarbled(f"the answer lacks {name}")
    return text


def _number(text: object) -> int:
    if not re.fullmatch(r"\d{1,12}", str(text)):
        raise SourceGarbled("the answer holds no number where one must stand")
    return int(str(text))


def _ids(texts: Any) -> tuple[str, ...]:
    ids = tuple(str(text) for text in texts)
    if not all(re.fullmatch(r"\d{1,12}", text) for text in ids):
        raise SourceGarbled("the answer holds something else among the ids")
    return ids
